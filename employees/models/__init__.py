"""The tables of the app: loads and their rows, the workforce, imports, and the data of an account."""

from employees.models.accounts import DepartmentAccess, SignIn
from employees.models.column_switches import ColumnSwitch
from employees.models.imports import Import, ImportChange, ImportFile, ImportReject
from employees.models.loads import (
    ROWS,
    AnnuaireRow,
    EvalRow,
    ExtractRow,
    Load,
    LoadedExtract,
    RefusedValue,
    SirhRow,
    SondageRow,
)
from employees.models.mappings import SavedMapping
from employees.models.terms import Term, TermRevision, TermSynonym
from employees.models.workforce import (
    Employee,
    EmployeeState,
    NumberMerge,
    OfDepartmentsQuerySet,
    Presence,
    PresenceAnswer,
    WorkforceDay,
)

__all__ = [
    "ROWS",
    "AnnuaireRow",
    "ColumnSwitch",
    "DepartmentAccess",
    "Employee",
    "EmployeeState",
    "EvalRow",
    "ExtractRow",
    "Import",
    "ImportChange",
    "ImportFile",
    "ImportReject",
    "Load",
    "LoadedExtract",
    "NumberMerge",
    "OfDepartmentsQuerySet",
    "Presence",
    "PresenceAnswer",
    "RefusedValue",
    "SavedMapping",
    "SignIn",
    "SirhRow",
    "SondageRow",
    "Term",
    "TermRevision",
    "TermSynonym",
    "WorkforceDay",
]
