"""The journal of reads: every answer that shows people writes an entry before it is given, or there is no answer."""

import re
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from employees.models import Employee, JournalEntry
from technova.commands import system_account
from technova.database.prepared_statements import insert

What = JournalEntry.What
COMMAND = "manage.py "
KEY = re.compile(r", \w{8}$")  # the prefix of an API key, whose name may be anything
FEW = 50  # rows of a file, up to which it may be about one person


def record(
    what: What, *, user: User | None = None, client: str = "", employee: Employee | None = None, people: int = 1
) -> None:
    """Write who is shown what, and what for: one ``employee``, or how many ``people``. One statement.

    The purpose is what the account's session has given (``predictions.accounts.purpose``).

    Fails as the database does, and the caller with it: nothing is shown that is not in the journal.
    """
    _write(what, user, client, employee.pk if employee else None, people)


def record_rows(what: What, shown: Iterable[int | None], *, user: User | None = None, client: str = "") -> None:
    """``record`` a list by whose its rows are, as keys; None is somebody without one.

    Where all of them are of one person it is an entry of that person, as their page would be. One statement.
    """
    rows = list(shown)
    people = set(rows)
    if len(people) == 1 and None not in people:
        _write(what, user, client, rows[0], 1)
    else:
        _write(what, user, client, None, len(people - {None}) + rows.count(None))


def record_file(
    what: What, rows: QuerySet, count: int, *, person: str = "employee", user: User | None = None, client: str = ""
) -> None:
    """The same of ``count`` rows that are read later; ``person`` is the way to whose each is. Two statements if few."""
    if 0 < count <= FEW:
        record_rows(what, rows.order_by().values_list(person, flat=True), user=user, client=client)
    else:
        _write(what, user, client, None, count)


def _write(what: What, user: User | None, client: str, employee: int | None, people: int) -> None:
    purpose = getattr(user, "purpose", "")
    insert(JournalEntry(what=what, user=user, client=client, employee_id=employee, people=people, purpose=purpose))


def command(name: str) -> str:
    """The client of an entry by a command: its name, and the system's account that ran it."""
    return f"{COMMAND}{name} ({system_account()[:80]})"


def client_in_words(client: str) -> str:
    """The client of an entry, an API key or a command, in the active language."""
    if client.startswith(COMMAND) and not KEY.search(client):
        return _("Command %(name)s") % {"name": client.removeprefix(COMMAND)}
    return _("API key %(name)s") % {"name": client}
