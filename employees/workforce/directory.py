"""Sites and reporting lines, as the newest directory gives them."""

from dataclasses import dataclass, field

from employees.access import Readable, Scope
from employees.models import Employee
from employees.workforce.naming import in_directories, with_names


@dataclass(frozen=True, slots=True)
class Places:
    """The sites and the managers of some people: a manager by number, with the name where it is known."""

    sites: set[str] = field(default_factory=set)
    managers: dict[int, str] = field(default_factory=dict)


def places(scope: Scope, readable: Readable) -> Places:
    """The sites and managers of the people present in a scope, as far as they may be read. Two queries.

    A manager outside the scope is left out: the caller may not see them.
    """
    columns = [name for name in ("site", "responsable") if readable.reads(frozenset({name}))]
    if not columns:
        return Places()
    present = Employee.objects.within(scope).present()
    rows = in_directories().filter(number__in=present.values("employee_id")).order_by().values(*columns).distinct()
    found = list(rows)
    managers = {row["responsable"] for row in found if row.get("responsable")}
    names: dict[int, str] = dict.fromkeys(managers, "") if scope.sees_everyone else {}
    if managers:
        seen = Employee.objects.within(scope).filter(employee_id__in=managers)
        names |= dict(with_names(seen, "employee_id", readable).values_list("employee_id", "name"))
    return Places(sites={row["site"] for row in found if row.get("site")}, managers=names)
