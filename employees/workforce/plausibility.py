"""Alarms: implausible content of a load, compared with the known values. Pure functions; an alarm is one sentence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from employees.columns import SATISFACTIONS
from employees.messages import Message
from employees.messages import gettext_noop as _
from employees.workforce.pairs import Pairs

MOST_REFUSED = 0.05  # of the rows of a file
MOST_MISSING = 0.2  # of those present before
MOST_UNKNOWN = 0.2
MOST_RETURNED = 0.2  # of those who had left
MOST_FALLING = 0.05  # of the people compared
MOST_JUMPING = 0.01
MEDIAN_SHIFT = 0.5  # of the median before
REVERSED = -0.2  # correlation of a person's answers with their last ones
FEWEST_ANSWERS = 30  # fewer may correlate so by chance
FEW = 3  # fewer people raise no alarm

NEVER_FALLING = ("age", "annee_experience_totale", "annees_dans_l_entreprise")
MEDIANS = (
    "age",
    "revenu_mensuel",
    "annees_dans_l_entreprise",
    "distance_domicile_travail",
    "augmentation_salaire_precedente",
)
PAY = "revenu_mensuel"
COMPARED = frozenset((*NEVER_FALLING, *MEDIANS, *SATISFACTIONS, PAY))  # whose old and new values are looked at
MEDIAN_MOVES = _("The median of %(column)s goes from %(old)s to %(new)s: is it in another unit?")


class AlarmKind(StrEnum):
    REFUSED = "refused"
    MISSING = "missing"
    UNKNOWN = "unknown"
    RETURNED = "returned"
    MEDIAN = "median"
    FALLING = "falling"
    JUMPING = "jumping"
    REVERSED = "reversed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is implausible, and the sentence about it."""

    kind: AlarmKind
    message: Message

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The data behind the alarms. ``pairs`` are the known and the new values of the same people, by column."""

    rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # by file: rows read, rows with a refused cell
    present: int = 0  # before the load
    missing: int = 0  # of them, missing from the new SIRH without a known departure
    unknown: int = 0  # without any known value before
    had_left: int = 0
    returned: int = 0
    erased: int = 0  # of those without any known value before, the numbers that were erased
    pairs: Mapping[str, Pairs] = field(default_factory=dict)


def alarms_of(evidence: Evidence) -> list[Alarm]:
    """All alarms that the evidence raises; none for a first load, which has nothing to be compared with."""
    return [*_about_people(evidence), *_about_files(evidence), *_about_values(evidence)]


def _about_people(evidence: Evidence) -> Iterator[Alarm]:
    if _is_over(evidence.missing, evidence.present, MOST_MISSING):
        yield _alarm(
            AlarmKind.MISSING,
            _("%(count)s of the %(total)s people present are missing from the SIRH file."),
            count=evidence.missing,
            total=evidence.present,
        )
    if _is_over(evidence.unknown, evidence.present, MOST_UNKNOWN):
        yield _alarm(
            AlarmKind.UNKNOWN,
            _("%(count)s people in the files are unknown, and %(total)s are present: is this another company's file?"),
            count=evidence.unknown,
            total=evidence.present,
        )
    if _is_over(evidence.returned, evidence.had_left, MOST_RETURNED):
        yield _alarm(
            AlarmKind.RETURNED,
            _("%(count)s of the %(total)s people who have left would be back: is this an older file?"),
            count=evidence.returned,
            total=evidence.had_left,
        )

    if evidence.erased:
        yield _alarm(
            AlarmKind.ERASED,
            _(
                "Numbers in the files were erased before (%(count)s): they would come back as new people without a "
                "past. Is this an older file, or does its source still hold them?"
            ),
            count=evidence.erased,
        )


def _about_files(evidence: Evidence) -> Iterator[Alarm]:
    for file, (read, refused) in evidence.rows.items():
        if evidence.present and _is_over(refused, read, MOST_REFUSED):
            yield _alarm(
                AlarmKind.REFUSED,
                _("%(count)s of the %(total)s rows of %(file)s hold a value that is refused."),
                count=refused,
                total=read,
                file=file,
            )


def _about_values(evidence: Evidence) -> Iterator[Alarm]:
    for name, pairs in evidence.pairs.items():
        if name in NEVER_FALLING and _is_over(pairs.falling, pairs.count, MOST_FALLING):
            yield _alarm(
                AlarmKind.FALLING,
                _("%(column)s falls for %(count)s of %(total)s people: is this an older file?"),
                column=name,
                count=pairs.falling,
                total=pairs.count,
            )
        if name in MEDIANS and pairs.count >= FEW and _has_shifted(pairs.old.median, pairs.new.median):
            yield _alarm(
                AlarmKind.MEDIAN,
                MEDIAN_MOVES,
                column=name,
                old=f"{pairs.old.median:g}",
                new=f"{pairs.new.median:g}",
            )
        if name == PAY and _is_over(pairs.jumping, pairs.count, MOST_JUMPING):
            yield _alarm(
                AlarmKind.JUMPING,
                _("%(column)s more than doubles, or falls below a half, for %(count)s of %(total)s people."),
                column=name,
                count=pairs.jumping,
                total=pairs.count,
            )
        if name in SATISFACTIONS and pairs.count >= FEWEST_ANSWERS and pairs.correlation < REVERSED:
            yield _alarm(
                AlarmKind.REVERSED,
                _("High answers to %(column)s have become low, and low ones high: is the scale reversed?"),
                column=name,
            )


def _has_shifted(old: float, new: float) -> bool:
    return bool(old > 0 and abs(new - old) > MEDIAN_SHIFT * old)


def _is_over(count: int, total: int, share: float) -> bool:
    return count >= FEW and count > share * total > 0


def _alarm(kind: AlarmKind, text: str, **params: object) -> Alarm:
    return Alarm(kind, Message(text, params))
