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
    """The sites and managers of the people present in a scope, as far as they may be read. Two queries."""
    columns = [name for name in ("site", "responsable") if readable.reads(frozenset({name}))]
    if not columns:
        return Places()
    present = Employee.objects.within(scope).present()
    rows = in_directories().filter(number__in=present.values("employee_id")).order_by().values(*columns).distinct()
    found = list(rows)
    managers = {row["responsable"] for row in found if row.get("responsable")}
    named = with_names(Employee.objects.filter(employee_id__in=managers), "employee_id", readable) if managers else None
    names = dict(named.values_list("employee_id", "name")) if named is not None else {}
    return Places(
        sites={row["site"] for row in found if row.get("site")},
        managers={number: names.get(number, "") for number in managers},
    )
