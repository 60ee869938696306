"""Access: roles, and the scope of an account or of an API key.

``Scope`` defines the rows that a caller sees, ``Readable`` the columns.
"""

from employees.access.middleware import SeesNobody, for_auditors, for_every_account, only_for
from employees.access.readable import NAMED, PAY, PROTECTED, SURVEY, WORK, Matter, Readable
from employees.access.rights import may_change, may_give_departments, may_give_rights
from employees.access.roles import (
    AUDITOR,
    HR,
    MANAGER,
    ROLES,
    Role,
    figures_of,
    may_add_employees,
    may_answer,
    may_audit,
    may_decide,
    may_follow,
    may_switch_columns,
    readable_to,
    readers_of,
    roles_of,
    scope_of,
)
from employees.access.scope import Scope, departments_of_key, scope_of_key

__all__ = [
    "AUDITOR",
    "HR",
    "MANAGER",
    "NAMED",
    "PAY",
    "PROTECTED",
    "ROLES",
    "SURVEY",
    "WORK",
    "Matter",
    "Readable",
    "Role",
    "Scope",
    "SeesNobody",
    "departments_of_key",
    "figures_of",
    "for_auditors",
    "for_every_account",
    "may_add_employees",
    "may_answer",
    "may_audit",
    "may_change",
    "may_decide",
    "may_follow",
    "may_give_departments",
    "may_give_rights",
    "may_switch_columns",
    "only_for",
    "readable_to",
    "readers_of",
    "roles_of",
    "scope_of",
    "scope_of_key",
]
