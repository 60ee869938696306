"""The rows of a build refer to their employees by the set."""

from features.models import EmployeeFeatures
from technova.database.set_references import SetReference, check_by_set


def check_references(*, using: str, **_signal) -> None:
    """After every ``migrate``."""
    check_by_set(EmployeeFeatures, SetReference("employee"), using=using)
