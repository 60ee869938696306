"""What the app stores: the workforce, the imports of its extracts, and what belongs to an account."""

from employees.models.accounts import DepartmentAccess, SignIn
from employees.models.imports import Import, ImportFile, ImportReject
from employees.models.workforce import (
    Departure,
    Employee,
    EmployeeSnapshot,
    ExtractRow,
    OfDepartmentsQuerySet,
    Survey,
    choices_of,
)

__all__ = [
    "DepartmentAccess",
    "Departure",
    "Employee",
    "EmployeeSnapshot",
    "ExtractRow",
    "Import",
    "ImportFile",
    "ImportReject",
    "OfDepartmentsQuerySet",
    "SignIn",
    "Survey",
    "choices_of",
]
