"""Writes: switch a column off, erasing its stored values, and switch it on again."""

from django.contrib.auth.models import User
from django.utils import timezone

from employees.columns import BY_NAME, Column
from employees.models import (
    ROWS,
    AnnuaireRow,
    ColumnSwitch,
    Correction,
    Import,
    ImportChange,
    ImportReject,
    LoadedExtract,
    RefusedValue,
)
from employees.terms.changes import changing
from technova.database.locks import exclusive


class NotDispensable(ValueError):
    """A column that a score or somebody's presence depends on, or none at all."""


class AlreadySwitched(LookupError):
    """The column is off already, or on again."""


def switch_off(*, column: str, reason: str, user: User | None = None) -> ColumnSwitch:
    """Switch a column off: stop reading it, and erase its values in the loads.

    Raises ``NotDispensable``, ``AlreadySwitched`` and ``technova.database.locks.Busy``.
    """
    found = BY_NAME.get(column)
    if found is None or not found.is_dispensable:
        raise NotDispensable(column)
    with exclusive(), changing():
        if ColumnSwitch.objects.in_force().filter(column=column).exists():
            raise AlreadySwitched(column)
        _erase(found)
        return ColumnSwitch.objects.create(column=column, reason=reason, recorded_by=user)


def switch_on(*, column: str, user: User | None = None) -> None:
    """Read a column again, from the next load on. Raises ``AlreadySwitched`` and ``technova.database.locks.Busy``."""
    with exclusive(), changing():
        switches = ColumnSwitch.objects.in_force().filter(column=column)
        if not switches.update(revoked_at=timezone.now(), revoked_by=user):
            raise AlreadySwitched(column)


def _erase(column: Column) -> None:
    """Blank a column in every load, including withdrawn ones, and delete its values from previews and rejects."""
    rows = ROWS[column.extract].objects.filter(**{f"{column.name}__isnull": False})
    names = [column.name, *(folded for name, folded in AnnuaireRow.FOLDED.items() if name == column.name)]
    rows.update(**dict.fromkeys(names))
    for extract in LoadedExtract.objects.filter(kind=column.extract):
        extract.given = [name for name in extract.given if name != column.name]
        extract.save(update_fields=["given"])
    ImportReject.objects.filter(column__in={column.name, column.source}).delete()
    RefusedValue.objects.filter(column=column.name).delete()
    Correction.objects.filter(column=column.name).delete()
    ImportChange.objects.filter(kind=column.name).delete()
    for upload in Import.objects.exclude(summary=None):
        summary = upload.summary or {}
        kept = [changed for changed in summary.get("columns", ()) if changed["name"] != column.name]
        upload.summary = summary | {"columns": kept}
        upload.save(update_fields=["summary"])
