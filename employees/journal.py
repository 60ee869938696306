"""The journal of reads: every answer that shows people writes an entry before it is given, or there is no answer."""

import re

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from employees.models import Employee, JournalEntry
from technova.commands import system_account
from technova.database.prepared_statements import insert

What = JournalEntry.What
COMMAND = "manage.py "
KEY = re.compile(r", \w{8}$")  # the prefix of an API key, whose name may be anything


def record(
    what: What, *, user: User | None = None, client: str = "", employee: Employee | None = None, people: int = 1
) -> None:
    """Write who is shown what, and what for: one ``employee``, or how many ``people``. One statement.

    The purpose is what the account's session has given (``predictions.accounts.purpose``).

    Fails as the database does, and the caller with it: nothing is shown that is not in the journal.
    """
    purpose = getattr(user, "purpose", "")
    insert(JournalEntry(what=what, user=user, client=client, employee=employee, people=people, purpose=purpose))


def command(name: str) -> str:
    """The client of an entry by a command: its name, and the system's account that ran it."""
    return f"{COMMAND}{name} ({system_account()[:80]})"


def client_in_words(client: str) -> str:
    """The client of an entry, an API key or a command, in the active language."""
    if client.startswith(COMMAND) and not KEY.search(client):
        return _("Command %(name)s") % {"name": client.removeprefix(COMMAND)}
    return _("API key %(name)s") % {"name": client}
