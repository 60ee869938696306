"""The raw data as the extracts gave them, to read; who may see which department, to change."""

from employees.admin import accounts, imports, mappings, terms, workforce
from employees.admin.base import ForWhoReadsEverything, OfEmployeesAdmin, OfEveryoneAdmin

__all__ = [
    "ForWhoReadsEverything",
    "OfEmployeesAdmin",
    "OfEveryoneAdmin",
    "accounts",
    "imports",
    "mappings",
    "terms",
    "workforce",
]
