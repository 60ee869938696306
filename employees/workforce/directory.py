"""Sites and reporting lines, as the newest directory gives them."""

from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from django.db.models import CharField, Value
from django.db.models.functions import Cast

from employees.access import Readable, Scope
from employees.models import Employee
from employees.workforce.naming import in_directories, with_names


@dataclass(frozen=True, slots=True)
class Places:
    """The sites and the managers of some people: a manager by number, with the name of one of the scope."""

    sites: set[str] = field(default_factory=set)
    managers: dict[int, str] = field(default_factory=dict)
    has_too_many_managers: bool = False  # to be listed


def places(scope: Scope, readable: Readable, revision: UUID | None, *, most: int) -> Places:
    """The sites of the people of a scope, and their managers if they are at most so many, as far as they may be read.

    Two queries, one of them over everyone, once the workforce has changed: the newest day has another ``revision``
    then. A manager outside the scope is left out.
    """
    if not any(readable.reads(frozenset({name})) for name in ("site", "responsable")):
        return Places()
    read = _places if revision else _places.__wrapped__
    return read(scope, readable, revision, most)


@lru_cache(maxsize=64)
def _places(scope: Scope, readable: Readable, _revision: UUID | None, most: int) -> Places:
    rows = in_directories().order_by()
    if not scope.sees_everyone:
        rows = rows.filter(number__in=Employee.objects.within(scope).present().values("employee_id"))
    of_kinds = [
        rows.exclude(**{name: None}).values_list(Value(name), Cast(name, CharField())).distinct()
        for name in ("site", "responsable")
        if readable.reads(frozenset({name}))
    ]
    found = list(of_kinds[0].union(*of_kinds[1:]))
    sites = {value for kind, value in found if kind == "site"}
    managers = {int(value) for kind, value in found if kind == "responsable"}
    if not 0 < len(managers) <= most:
        return Places(sites, has_too_many_managers=len(managers) > most)
    of_scope = Employee.objects.within(scope).filter(employee_id__in=managers)
    named = with_names(of_scope, "employee_id", readable)
    names = dict(named.values_list("employee_id", "name"))
    return Places(sites, dict.fromkeys(managers, "") | names if scope.sees_everyone else names)
