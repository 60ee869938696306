"""The people a caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from employees.terms import resolved


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a caller may see: everyone, the people of some departments, or nobody.

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

    def sees(self, employee) -> bool:
        return self.sees_department(employee.departement)

    def sees_department(self, name: str) -> bool:
        return self.sees_everyone or name in self.departments

    def covers(self, other: "Scope") -> bool:
        """Whether this scope includes the other."""
        return self.sees_everyone or (not other.sees_everyone and other.departments <= self.departments)

    def narrow(self, queryset, path: str = "departement"):
        """The rows whose department, at ``path``, is in the scope."""
        return queryset if self.sees_everyone else queryset.filter(**{f"{path}__in": self.names})


Scope.EVERYONE = Scope(sees_everyone=True)
Scope.NOBODY = Scope(sees_everyone=False)


def scope_of_key(key) -> Scope:
    """Whom an API key may see: the departments stored with it, or everyone where none are stored.

    A merged department is the one that it was merged into.
    """
    return Scope.EVERYONE if key.departments is None else Scope.of_departments(resolved("departement", key.departments))
