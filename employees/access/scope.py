"""The people a caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import ClassVar

from django.db.models import Q

from employees.terms import recorded, resolve, resolved


@dataclass(frozen=True, slots=True)
class Scope:
    """The people a caller may see: everyone, those of some departments, or nobody.

    Fails closed: ``Scope.of_departments([])`` sees nobody. ``departments`` is empty and unused with ``sees_everyone``.
    """

    sees_everyone: bool
    departments: frozenset[str] = frozenset()

    EVERYONE: ClassVar["Scope"]
    NOBODY: ClassVar["Scope"]

    @classmethod
    def of_departments(cls, departments: Iterable[str]) -> "Scope":
        return cls(sees_everyone=False, departments=frozenset(departments))

    @property
    def is_empty(self) -> bool:
        return not (self.sees_everyone or self.departments)

    @property
    def names(self) -> list[str]:
        """The departments in order."""
        return sorted(self.departments)

    @property
    def recorded_names(self) -> list[str]:
        """The same, with the departments that were merged into them: older rows stand under those."""
        return sorted(recorded("departement", self.departments))

    def sees(self, employee) -> bool:
        return self.sees_department(employee.departement)

    def sees_department(self, name: str) -> bool:
        return self.sees_everyone or name in self.departments

    def sees_recorded(self, name: str) -> bool:
        """Whether the scope includes a department as an older row has it."""
        return self.sees_department(resolve("departement", name))

    def covers(self, other: "Scope") -> bool:
        """Whether this scope includes the other."""
        return self.sees_everyone or (not other.sees_everyone and other.departments <= self.departments)

    def narrow(self, queryset, path: str = "departement"):
        """The rows whose department, at ``path``, is in the scope."""
        return queryset if self.sees_everyone else queryset.filter(**{f"{path}__in": self.names})

    def narrow_recorded(self, queryset, *paths: str):
        """The rows that were recorded of people while they were in the scope: any of the paths has a department of it.

        Records of people from before they joined the scope would reveal their former department.
        """
        if self.sees_everyone:
            return queryset
        return queryset.filter(reduce(or_, (Q(**{f"{path}__in": self.recorded_names}) for path in paths)))


Scope.EVERYONE = Scope(sees_everyone=True)
Scope.NOBODY = Scope(sees_everyone=False)


def scope_of_key(key) -> Scope:
    """The people an API key may see: those of its stored departments, or everyone if none are stored.

    A merged department is the one that it was merged into.
    """
    return Scope.EVERYONE if key.departments is None else Scope.of_departments(resolved("departement", key.departments))


def departments_of_key(scope: Scope) -> list[str] | None:
    """What a key stores of its scope; the inverse of ``scope_of_key``."""
    return None if scope.sees_everyone else scope.names
