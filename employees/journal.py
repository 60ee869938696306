"""The journal of reads: every answer that shows people writes an entry before it is given, or there is no answer."""

from django.contrib.auth.models import User

from employees.models import Employee, JournalEntry
from technova.database.prepared_statements import insert

What = JournalEntry.What


def record(
    what: What, *, user: User | None = None, client: str = "", employee: Employee | None = None, people: int = 1
) -> None:
    """Write who is shown what, and what for: one ``employee``, or how many ``people``. One statement.

    The purpose is what the account's session has given (``predictions.accounts.purpose``).

    Fails as the database does, and the caller with it: nothing is shown that is not in the journal.
    """
    purpose = getattr(user, "purpose", "")
    insert(JournalEntry(what=what, user=user, client=client, employee=employee, people=people, purpose=purpose))
