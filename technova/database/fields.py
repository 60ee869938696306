"""Fields that many models have."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
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


class NoKey(ImproperlyConfigured):
    """There is no key to encrypt or decrypt with."""


class EncryptedTextField(models.TextField):
    """A text that is encrypted in the database (Fernet: AES-128-CBC and HMAC-SHA256) with the keys of ``NOTES_KEYS``.

    The first key encrypts, all of them decrypt; each is the SHA-256 of a long random value. Nothing can be searched in
    it. Raises ``NoKey`` without a key, and gives None for a text whose key is no longer there.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        return None if value is None else encrypted(value)

    def from_db_value(self, value: str | None, _expression, _connection) -> str | None:
        if value == "":  # a text that was deleted
            return value
        if value is None or not settings.NOTES_KEYS:
            return None
        try:
            return _cipher(tuple(settings.NOTES_KEYS)).decrypt(value).decode()
        except InvalidToken:
            return None


def encrypted(text: str) -> str:
    """A text as ``EncryptedTextField`` stores it. Raises ``NoKey`` without a key."""
    return _cipher(tuple(settings.NOTES_KEYS)).encrypt(text.encode()).decode()


def decrypted(text: str) -> str:
    """The text back. Raises ``NoKey`` without the key that encrypted it."""
    try:
        return _cipher(tuple(settings.NOTES_KEYS)).decrypt(text).decode()
    except InvalidToken as error:
        raise NoKey("No key in NOTES_KEYS decrypts this text.") from error


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise NoKey("NOTES_KEYS is not set: notes are encrypted with it.")
    return MultiFernet([Fernet(urlsafe_b64encode(sha256(key.encode()).digest())) for key in keys])


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

    def named(self, numbers: Sequence[float]) -> dict[str, float]:
        """Numbers in the order of the names, zeros left out."""
        return {name: number for name, number in zip(self.names, numbers, strict=True) if number}

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
