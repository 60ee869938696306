"""The people a caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import ClassVar
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from employees.terms import recorded, resolve, resolved

THERE = ("", "present")  # the presence of who is there; empty, whom the directory alone holds


@dataclass(frozen=True, slots=True)
class Team:
    """Everyone who reports to a person, directly or through others: a range of ``ReportingLine``'s positions.

    Positions are never used twice, and ``revision``, of the newest day, changes with the workforce: what a cache holds
    of a team is of this state of it.
    """

    person: int  # the key of the employee
    position: int
    last: int
    revision: UUID | None = None

    @property
    def positions(self) -> tuple[int, int]:
        """The first and the last position of those who report to the person."""
        return self.position + 1, self.last

    @property
    def departments(self) -> frozenset[str]:
        """The departments of the team now. One query the first time in a process."""
        return _departments_of(self)


@lru_cache(maxsize=256)
def _departments_of(team: Team) -> frozenset[str]:
    people = apps.get_model("employees", "Employee").objects.filter(line__position__range=team.positions)
    return frozenset(people.order_by().values_list("departement", flat=True).distinct()) - {""}


@dataclass(frozen=True, slots=True)
class Scope:
    """The people a caller may see: everyone, those of some departments and those of a team, or nobody.

    Fails closed: ``Scope.of_departments([])`` sees nobody. Who has a team never sees themselves, in whichever
    department. ``departments`` and ``team`` are empty and unused with ``sees_everyone``.
    """

    sees_everyone: bool
    departments: frozenset[str] = frozenset()
    team: Team | None = None

    EVERYONE: ClassVar["Scope"]
    NOBODY: ClassVar["Scope"]

    @classmethod
    def of_departments(cls, departments: Iterable[str], team: Team | None = None) -> "Scope":
        return cls(sees_everyone=False, departments=frozenset(departments), team=team)

    @property
    def is_empty(self) -> bool:
        return not (self.sees_everyone or self.departments or self.team)

    @property
    def names(self) -> list[str]:
        """The departments given, in order."""
        return sorted(self.departments)

    @property
    def departments_seen(self) -> frozenset[str]:
        """The departments given, and those of the team."""
        return self.departments | self.team.departments if self.team else self.departments

    @property
    def recorded_names(self) -> list[str]:
        """The same, with the departments that were merged into them: older rows stand under those."""
        return sorted(recorded("departement", self.departments_seen))

    def sees(self, employee) -> bool:
        """Whether an employee is in the scope. One query where there is a team."""
        if self.team is None:
            return self.sees_everyone or employee.departement in self.departments
        return self.narrow(type(employee).objects.filter(pk=employee.pk), "").exists()

    def sees_department(self, name: str) -> bool:
        """Whether somebody of the department may be in the scope."""
        return self.sees_everyone or name in self.departments_seen

    def sees_recorded(self, name: str) -> bool:
        """Whether the scope includes a department as an older row has it."""
        return self.sees_department(resolve("departement", name))

    def covers(self, other: "Scope") -> bool:
        """Whether this scope includes the other."""
        if self.sees_everyone or other.sees_everyone:
            return self.sees_everyone
        return other.departments <= self.departments and other.team in (None, self.team)

    def narrow(self, queryset, employee: str = "employee"):
        """The rows whose ``employee``, at this path, is in the scope; an empty path for employees themselves."""
        if self.sees_everyone:
            return queryset
        path = f"{employee}__" if employee else ""
        if self.team is None:
            return queryset.filter(**{f"{path}departement__in": self.names})
        of_team = Q(**{f"{path}line__position__range": self.team.positions})
        if not self.departments:
            return queryset.filter(of_team)
        is_own = Q(**{employee or "pk": self.team.person})
        return queryset.filter(of_team | Q(**{f"{path}departement__in": self.names}), ~is_own)

    def narrow_recorded(self, queryset, *paths: str):
        """Of the rows of people in the scope those that were recorded in it: any of the paths has a department of it.

        Records of people from before they joined the scope would reveal their former department. A team's are the
        departments in which it has people: reporting lines of the past count for nothing.
        """
        if self.sees_everyone:
            return queryset
        return queryset.filter(reduce(or_, (Q(**{f"{path}__in": self.recorded_names}) for path in paths)))

    def narrow_groups(self, queryset):
        """The rows of whole departments that are in the scope, also under departments merged into them since.

        Without those of a team, which is no whole department: its figures are counted from its people.
        """
        if self.sees_everyone:
            return queryset
        return queryset.filter(departement__in=recorded("departement", self.departments))


Scope.EVERYONE = Scope(sees_everyone=True)
Scope.NOBODY = Scope(sees_everyone=False)


def scope_of_key(key) -> Scope:
    """The people an API key may see: those of its stored departments, or everyone if none are stored.

    A merged department is the one that it was merged into.
    """
    return Scope.EVERYONE if key.departments is None else Scope.of_departments(resolved("departement", key.departments))


def departments_of_key(scope: Scope) -> list[str] | None:
    """What a key stores of its scope; the inverse of ``scope_of_key``. A key has no team."""
    return None if scope.sees_everyone else scope.names
