"""Writes: correct a value of a person, and lift the correction. It holds until the source says the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from employees import terms
from employees.columns import KEY, PRESENCE, Column, Extract, columns_of
from employees.extracts.mapping import FileMapping
from employees.extracts.parsing import Unreadable
from employees.extracts.values import UnknownWord, reader_of
from employees.models import Correction, Employee, WorkforceDay
from employees.workforce.known_values import RAW_KINDS
from employees.workforce.replay import replay
from technova.database.locks import exclusive

# Departures are corrected by an answer of HR (``answers``), sites in the directory.
OF_DIRECTORY = ("nom", "prenom", "responsable")
CORRECTABLE: Mapping[str, Column] = {
    column.name: column
    for kind in (*RAW_KINDS, Extract.ANNUAIRE)
    for column in columns_of(kind)
    if column.name != KEY and column.name not in PRESENCE and (kind in RAW_KINDS or column.name in OF_DIRECTORY)
}


class NotReadable(ValueError):
    """The text is no value of the column."""


class NoDay(ValueError):
    """No extract in force describes the day or a later one; ``newest`` is the newest day."""

    def __init__(self, newest: date | None):
        self.newest = newest
        super().__init__(f"The newest extract is of {newest}")


def read(column: str, text: str) -> Any:
    """A value as the extracts' files write it. Raises ``NotReadable``."""
    try:
        value = reader_of(CORRECTABLE[column], terms.current().vocabularies, FileMapping())(text)
    except (Unreadable, UnknownWord) as error:
        raise NotReadable(text) from error
    if value is None:
        raise NotReadable(text)
    return value


def correct(*, employee: Employee, column: str, value: Any, as_of: date, user: User | None = None) -> Correction:
    """Have a value count from a day on in place of the extracts'; the workforce is replayed with it.

    Raises ``NoDay`` for a day after the newest extract, and ``Busy``.
    """
    with exclusive():
        newest = WorkforceDay.objects.values_list("as_of", flat=True).last()
        if newest is None or as_of > newest:
            raise NoDay(newest)
        correction = Correction.objects.create(
            employee=employee, column=column, value=value, as_of=as_of, recorded_by=user
        )
        replay(since=as_of)
        correction.refresh_from_db()
    return correction


def lift(*, correction: Correction, user: User | None = None) -> None:
    """Have the extracts count again. Raises ``Busy``."""
    with exclusive():
        correction.revoked_at, correction.revoked_by = timezone.now(), user
        correction.save()
        replay(since=correction.as_of)
