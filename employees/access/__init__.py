"""Access: roles, and the scope of an account or of an API key.

``Scope`` defines the rows that a caller sees, ``Readable`` the columns.
"""

from employees.access.described import roles_in_words
from employees.access.middleware import SeesNobody, for_auditors, for_every_account, for_figures, only_for
from employees.access.readable import NAMED, PAY, PROTECTED, SURVEY, WORK, Matter, Readable
from employees.access.rights import may_change, may_give_departments, may_give_rights, may_manage, roles_to_give
from employees.access.roles import (
    AUDITOR,
    DIRECTION,
    HR,
    MANAGER,
    ROLES,
    Role,
    figures_of,
    may_add_employees,
    may_administer,
    may_answer,
    may_audit,
    may_decide,
    may_follow,
    may_read_figures,
    may_switch_columns,
    may_weigh,
    readable_to,
    readers_of,
    roles_of,
    scope_of,
)
from employees.access.scope import THERE, Scope, Team, departments_of_key, scope_of_key

__all__ = [
    "AUDITOR",
    "DIRECTION",
    "HR",
    "MANAGER",
    "NAMED",
    "PAY",
    "PROTECTED",
    "ROLES",
    "SURVEY",
    "THERE",
    "WORK",
    "Matter",
    "Readable",
    "Role",
    "Scope",
    "SeesNobody",
    "Team",
    "departments_of_key",
    "figures_of",
    "for_auditors",
    "for_every_account",
    "for_figures",
    "may_add_employees",
    "may_administer",
    "may_answer",
    "may_audit",
    "may_change",
    "may_decide",
    "may_follow",
    "may_give_departments",
    "may_give_rights",
    "may_manage",
    "may_read_figures",
    "may_switch_columns",
    "may_weigh",
    "only_for",
    "readable_to",
    "readers_of",
    "roles_in_words",
    "roles_of",
    "roles_to_give",
    "scope_of",
    "scope_of_key",
]
