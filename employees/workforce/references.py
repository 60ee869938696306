"""Which rows of the workforce refer to others by the set: those that a load adds for everyone."""

from employees.models import ROWS, EmployeeState
from technova.database.set_references import SetReference, check_by_set


def check_references(*, using: str, **_signal) -> None:
    """After every ``migrate``."""
    for table in ROWS.values():
        check_by_set(table, SetReference("extract"), using=using)
    check_by_set(EmployeeState, SetReference("employee"), using=using)
