"""Read-only administration of the raw data; editing of the accounts' access to departments."""

from employees.admin import account_admin, import_admin, journal_admin, mapping_admin, term_admin, workforce_admin
from employees.admin.base import (
    ForWhoReadsEverything,
    ForWhoSeesEveryone,
    HistoryInline,
    Journaled,
    OfEmployeesAdmin,
    OfEveryoneAdmin,
)

__all__ = [
    "ForWhoReadsEverything",
    "ForWhoSeesEveryone",
    "HistoryInline",
    "Journaled",
    "OfEmployeesAdmin",
    "OfEveryoneAdmin",
    "account_admin",
    "import_admin",
    "journal_admin",
    "mapping_admin",
    "term_admin",
    "workforce_admin",
]
