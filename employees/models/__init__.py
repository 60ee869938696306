"""The tables of the app: loads and their rows, the workforce, imports, and the data of an account."""

from employees.models.accounts import DepartmentAccess, SignIn, TeamAccess
from employees.models.column_switches import ColumnSwitch
from employees.models.corrections import Correction
from employees.models.erasures import Erasure
from employees.models.imports import Import, ImportChange, ImportFile, ImportReject
from employees.models.journal import JournalEntry, Purpose
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
    OfEmployeesQuerySet,
    Presence,
    PresenceAnswer,
    ReportingLine,
    WorkforceDay,
)

__all__ = [
    "ROWS",
    "AnnuaireRow",
    "ColumnSwitch",
    "Correction",
    "DepartmentAccess",
    "Employee",
    "EmployeeState",
    "Erasure",
    "EvalRow",
    "ExtractRow",
    "Import",
    "ImportChange",
    "ImportFile",
    "ImportReject",
    "JournalEntry",
    "Load",
    "LoadedExtract",
    "NumberMerge",
    "OfEmployeesQuerySet",
    "Presence",
    "PresenceAnswer",
    "Purpose",
    "RefusedValue",
    "ReportingLine",
    "SavedMapping",
    "SignIn",
    "SirhRow",
    "SondageRow",
    "TeamAccess",
    "Term",
    "TermRevision",
    "TermSynonym",
    "WorkforceDay",
]
