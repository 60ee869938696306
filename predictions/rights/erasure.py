"""Erase a person (GDPR, article 17): what is about them goes, and the logs keep rows without them.

1. The rows of the prediction log and of the access journal lose the person and keep their commitments, and the key that
   ties them to the person is destroyed (``predictions.log.emptying``).
2. Every row about the person goes (``person_parts``), from extracts that were withdrawn or replaced too.
3. Figures of past runs lose the person where they count fewer than five people; others stay (``small_figures``).
4. The erasure is recorded under a pseudonym, here and in the file of ``ERASURES``, so that it can be done again after a
   backup was restored.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from employees import uploads
from employees.erased import key_id, pseudonym
from employees.models import ROWS, Employee, Erasure, Import, NumberMerge
from employees.selectors import numbers_of
from predictions.log.emptying import empty, rows_of
from predictions.rights import small_figures
from predictions.rights.person_parts import counted, names_of, parts_of
from predictions.rights.refusals import NotErasable, refusal
from technova.database.locks import Busy, exclusive

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Line:
    """How many rows of one kind an erasure touches; ``is_kept`` are those that stay without the person."""

    label: str | Promise
    count: int
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do to a person with these numbers, or why there can be none now."""

    numbers: list[int]
    refusal: NotErasable | None
    lines: tuple[Line, ...]

    @property
    def goes(self) -> list[Line]:
        return [line for line in self.lines if not line.is_kept]

    @property
    def stays(self) -> list[Line]:
        return [line for line in self.lines if line.is_kept]


def plan(employee: Employee, *, today: date | None = None) -> Plan:
    """What erasing a person would touch; nothing is written. Eight queries at most."""
    numbers = numbers_of(employee.employee_id)
    people = Employee.objects.filter(employee_id__in=numbers)
    touched = [
        *((part.label, part.rows, bool(part.values)) for part in parts_of(numbers)),
        (_("imports that wait to be loaded, of everyone"), _waiting(), False),
        *((log.name.label, rows, True) for log, rows in rows_of(people)),
        (_("sums of segments of the newest run"), small_figures.in_cells(people), True),
    ]
    counts = counted([rows for _label, rows, _is_kept in touched])
    lines = [Line(label, count, is_kept) for (label, _rows, is_kept), count in zip(touched, counts, strict=True)]
    lines.append(Line(_("figures of groups under five people"), len(small_figures.small_groups(people)), is_kept=True))
    reason = refusal(employee, today=today or timezone.localdate())
    return Plan(numbers, reason, tuple(line for line in lines if line.count))


def erase(*, employee: Employee, reason: str, user: User | None = None, today: date | None = None) -> list[Erasure]:
    """Erase a person and record it: a record for each of the person's numbers.

    Raises ``NotErasable`` while the law or an open matter keeps the person, ``ValueError`` for a reason that is empty,
    too long or names the person, and ``Busy``.
    """
    with exclusive():
        if refused := refusal(employee, today=today or timezone.localdate()):
            raise refused
        numbers = numbers_of(employee.employee_id)
        reason = checked(reason, numbers)
        _forget_uploads()
        return _erase(numbers, reason, user)


def checked(reason: str, numbers: Iterable[int]) -> str:
    """The reason as it is recorded. Raises ``ValueError`` for one that is empty, too long or names the person."""
    reason, numbers = " ".join(reason.split()), list(numbers)
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise ValueError(_("Say why, in %(most)s characters at most.") % {"most": LONGEST_REASON})
    named = [str(number) for number in numbers] + sorted(names_of(numbers))
    words = reason.casefold().replace(",", " ").replace(".", " ").split()
    for name in named:
        if name.casefold() in words or (" " in name and name.casefold() in reason.casefold()):
            raise ValueError(
                _("The reason is kept: say it without the person's name or number (“%(name)s”).") % {"name": name}
            )
    return reason


def _erase(numbers: list[int], reason: str, user: User | None, *, is_repeated: bool = False) -> list[Erasure]:
    people = Employee.objects.filter(employee_id__in=numbers)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # what is deleted is overwritten, and not only left unused
            cursor.execute("PRAGMA secure_delete = ON")
    parts = parts_of(numbers)  # before the rows go that tell the person's names
    small_figures.take_out(people)
    emptied = empty(people)
    for part in parts:
        part.apply()
    people._raw_delete(people.db)
    records = [
        Erasure(
            pseudonym=pseudonym(number),
            key_id=key_id(),
            by=user,
            reason=reason,
            is_repeated=is_repeated,
            log_rows=emptied if place == 0 else 0,
        )
        for place, number in enumerate(numbers)
    ]
    for record in records:
        record.save(force_insert=True)
    if not is_repeated:
        append(records)  # before the commit: what cannot be recorded is not erased
    return records


def _waiting():
    return Import.objects.filter(state__in=Import.WAITING, loaded_at=None)


def _forget_uploads() -> None:
    """Drop the files that wait to be loaded, since what is in them cannot be told; ``Busy`` while one is at work."""
    if Import.objects.at_work().exists():
        raise Busy("An import is being checked or loaded: try again when it is done.")
    for upload in _waiting():
        uploads.discard(upload=upload)


def append(records: Iterable[Erasure]) -> None:
    """Write the records to the file of ``ERASURES``, if it is set: a restored backup does not hold them."""
    if settings.ERASURES:
        with Path(settings.ERASURES).open("a", encoding="utf-8") as file:
            for record in records:
                line = {"at": record.at.isoformat(), "key": record.key_id, "pseudonym": record.pseudonym}
                file.write(json.dumps(line | {"reason": record.reason}, ensure_ascii=False) + "\n")


class UnknownKey(ValueError):
    """The pseudonyms of some records were made under another key."""


def erase_again(*, path: Path | None = None) -> list[Erasure]:
    """Erase again whoever was erased and is in the database with older data: after a restore. By the records of the
    database and of a file.

    Somebody who came back in a file that was loaded after the erasure stays. Raises ``UnknownKey`` and ``Busy``.
    """
    known = _recorded(path)
    others = {key for _at, key, _reason in known.values()} - {key_id()}
    if others:
        raise UnknownKey(
            f"Erasures were recorded under another key ({', '.join(sorted(others))}): set ERASURE_KEY, or SECRET_KEY "
            "where it has none, to the one of that time. Nobody was erased."
        )
    records: list[Erasure] = []
    with exclusive():
        for number in _numbers():
            at, _key, reason = known.get(pseudonym(number), (None, "", ""))
            if at and _is_older(number, at):
                _forget_uploads()
                records += _erase(numbers_of(number), reason, None, is_repeated=True)
    return records


def _recorded(path: Path | None) -> dict[str, tuple[datetime, str, str]]:
    """By pseudonym the newest erasure: time, key and reason."""
    rows = Erasure.objects.order_by("at").values_list("pseudonym", "at", "key_id", "reason")
    known = {mark: (at, key, reason) for mark, at, key, reason in rows}
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    for line in map(json.loads, filter(str.strip, lines)):
        found = datetime.fromisoformat(line["at"]), line["key"], line["reason"]
        known[line["pseudonym"]] = max(found, known.get(line["pseudonym"], found))
    return known


def _numbers() -> list[int]:
    """Every number in the database, of people and of rows that are no person's."""
    found = set(Employee.objects.values_list("employee_id", flat=True))
    found.update(NumberMerge.objects.values_list("number", flat=True))
    for table in ROWS.values():
        found.update(table.objects.order_by().values_list("number", flat=True).distinct())
    return sorted(found)


def _is_older(number: int, at: datetime) -> bool:
    """Whether something about a number was there before it was erased."""
    return Employee.objects.filter(employee_id=number, created_at__lt=at).exists() or any(
        table.objects.filter(number=number, extract__load__recorded_at__lt=at).exists() for table in ROWS.values()
    )
