"""Who may see whom, read what and do what: the roles, and what follows from an account or from an API key.

A ``Scope`` says whose rows a caller sees, a ``Readable`` which columns of them.
"""

from employees.access.middleware import SeesNobody, for_every_account
from employees.access.readable import NAMED, PAY, PROTECTED, SURVEY, WORK, Matter, Readable
from employees.access.rights import may_change, may_give_departments, may_give_rights
from employees.access.roles import HR, MANAGER, ROLES, Role, readable_to, roles_of, scope_of
from employees.access.scope import Scope, scope_of_key

__all__ = [
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
    "for_every_account",
    "may_change",
    "may_give_departments",
    "may_give_rights",
    "readable_to",
    "roles_of",
    "scope_of",
    "scope_of_key",
]
