"""Fields that many models have."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def account(verbose_name: Any, *, null: bool = True, **options: Any) -> "models.ForeignKey[User | None, User | None]":
    """The account that did something; null for a command. It cannot be deleted while anything names it."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=null,
        related_name="+",
        verbose_name=verbose_name,
        **options,
    )


class NamedFloats(models.Field):
    """Floats by name, stored as an array in the order of ``names``; NULL for a name that is left out.

    ``double precision[]`` on PostgreSQL, the same as JSON on SQLite: neither rounds. Migrations record the names, to
    which others may only be appended: a stored array does not tell the names that it was written with. A name that is
    no longer used keeps its place.
    """

    def __init__(self, *args: Any, names: Sequence[str] = (), **options: Any):
        self.names = tuple(names)
        self._known = frozenset(names)
        super().__init__(*args, **options)

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        return name, path, args, options | {"names": list(self.names)}

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "double precision[]" if connection.vendor == "postgresql" else "text"

    def from_db_value(
        self, value: str | list[float | None] | None, _expression, _connection
    ) -> dict[str, float] | None:
        if value is None:
            return None
        numbers = orjson.loads(value) if isinstance(value, str) else value
        return {name: number for name, number in zip(self.names, numbers, strict=False) if number is not None}

    def get_db_prep_value(self, value: Mapping[str, float] | None, connection: BaseDatabaseWrapper, prepared=False):
        """The text of the array, for a parameter and for COPY alike. Raises ``ValueError`` for an unknown name."""
        if value is None:
            return None
        if not value.keys() <= self._known:
            unknown = ", ".join(sorted(value.keys() - self._known))
            raise ValueError(f"{self.name} has no place for {unknown}: see the names of the field.")
        text = orjson.dumps([value.get(name) for name in self.names]).decode()
        return f"{{{text[1:-1]}}}" if connection.vendor == "postgresql" else text

    def value_to_string(self, obj: models.Model) -> Any:
        return self.value_from_object(obj)
