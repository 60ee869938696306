"""The workforce page: drift, and forecasts compared with what happened, for those who see everyone."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees.access import figures_of, reads_rounded, scope_of
from employees.disclosure import is_small, nearest_five, shown_count, suppressed, suppressed_steps
from features import schema
from predictions.explanation import display
from predictions.formats import decimal, grouped, percent, signed_percent
from predictions.ml.assessment.drift import LEVEL, SCORES, Shift, years_between
from predictions.ml.assessment.outcomes import CALLS, Outcome
from predictions.models import WorkforceCheck
from predictions.pages.model.card_tables import Table, between
from predictions.registry import card_of, current_model
from predictions.selectors import drift_check
from technova.web.requests import Request

HISTORY = 12  # checks shown


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A feature, or the scores, compared with training; ``sentence`` and ``table`` say where it moved, when it
    drifted."""

    name: str
    moved: str
    effect: str
    chance: str
    is_drift: bool
    table: Table | None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """The outcomes of a forecast, with counts as texts: empty if nobody was counted."""

    outcome: Outcome
    people: str
    left: str
    left_otherwise: str
    unknown: str


@require_safe
def workforce(request: Request) -> HttpResponse:
    """The last check, or only its panel for htmx. It covers the whole company: managers see no part of it."""
    scope, _readable = figures_of(request.user)
    if not scope.sees_everyone:
        raise PermissionDenied
    check = drift_check.newest(current_model())
    response = render(
        request,
        "model/drift.html" if request.htmx else "model/workforce.html",
        {"check": check, "may_answer": scope_of(request.user).sees_everyone}
        | (_context(check, is_rounded=reads_rounded(request.user)) if check else {}),
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context(check: WorkforceCheck, *, is_rounded: bool) -> dict[str, Any]:
    found, reference = drift_check.read(check), current_model().card["drift"]
    shown: Callable[[int], int] = partial(shown_count, is_rounded=is_rounded)
    followed = _outcome_rows(found.outcomes, shown)
    return {
        "people": shown(check.run.employee_count),
        "people_before": shown(reference["employees"]),
        "found": found,
        "reference": reference,
        "is_outdated": drift_check.is_outdated(check),
        "is_with_itself": _is_with_itself(check, reference),
        "rows": _rows(found.shifts, reference["bins"], check.run.drift_counts or {}, is_rounded=is_rounded),
        "newest": [row for row in followed if row.outcome in found.newest],
        "followed": _followed(followed),
        "history": _history(WorkforceCheck.objects.select_related("run")[:HISTORY]),
    }


def _is_with_itself(check: WorkforceCheck, reference: Mapping) -> bool:
    """Whether the people compared are those of the day on which the model was trained: that they are alike proves
    nothing."""
    return bool(reference["as_of"]) and years_between(reference, check.run.day) == 0


# Departures


def _outcome_rows(found: Sequence[Outcome], shown: Callable[[int], int]) -> list[OutcomeRow]:
    """The counts of each forecast as texts, as they are ``shown``.

    Differences between 3, 6 and 12 months reveal no small group.
    """
    rows = []
    for _run, of_run in groupby(found, key=lambda outcome: outcome.run):
        outcomes = list(of_run)
        counts = [[getattr(each, name) for each in outcomes] for name in ("left", "left_otherwise", "unknown")]
        words = [[grouped(shown(each.people)) for each in outcomes], *(_counts(each, shown) for each in counts)]
        rows += [OutcomeRow(outcome, *of_one) for outcome, *of_one in zip(outcomes, *words, strict=True)]
    return rows


def _counts(counts: Sequence[int], shown: Callable[[int], int]) -> list[str]:
    hidden = suppressed_steps(counts)
    return [_count(count, shown, is_hidden=place in hidden) for place, count in enumerate(counts)]


def _count(count: int, shown: Callable[[int], int], *, is_hidden: bool) -> str:
    if is_small(count):
        return _("fewer than five")
    return _("a number not shown") if is_hidden else grouped(shown(count))


def _followed(rows: Iterable[OutcomeRow]) -> Table:
    """Every forecast by its day and the months that have passed since."""
    columns = [_("Forecast of"), _("Within"), _("People"), _("Have left"), _("Expected"), _("Compared")]
    return Table(_("Who has left since each forecast"), columns, [_followed_row(row) for row in rows])


def _followed_row(row: OutcomeRow) -> list[str]:
    outcome = row.outcome
    return [
        date_format(outcome.day, "DATE_FORMAT"),
        _("%(months)s months") % {"months": outcome.months},
        row.people,
        row.left,
        _expected(outcome),
        _(CALLS[outcome.call]),
    ]


def _expected(outcome: Outcome) -> str:
    if outcome.expected is None or outcome.low is None or outcome.high is None:
        return "–"
    interval = between(grouped(outcome.low), grouped(outcome.high))
    return f"{grouped(outcome.expected)} ({interval})"


def _history(checks: Iterable[WorkforceCheck]) -> Table:
    rows = []
    for check in checks:
        found = drift_check.read(check)
        calls = [
            _("%(months)s months: %(call)s") % {"months": outcome.months, "call": _(CALLS[outcome.call])}
            for outcome in found.newest
        ]
        rows.append(
            [
                date_format(localtime(check.created_at), "SHORT_DATETIME_FORMAT"),
                date_format(check.run.day, "DATE_FORMAT"),
                _("Run %(number)s") % {"number": check.run.pk},
                percent(check.run.threshold),
                check.run.model_version,
                _moved(check, found),
                " · ".join(calls) or "–",
            ]
        )
    columns = [
        _("Checked"),
        _("People present on"),
        _("Scoring"),
        _("Threshold"),
        _("Model"),
        _("Moved"),
        _("Departures"),
    ]
    return Table(_("The checks so far"), columns, rows)


def _moved(check: WorkforceCheck, found: drift_check.Found) -> str:
    reference = card_of(check.run.model_version).get("drift")
    if reference and not found.drifted and _is_with_itself(check, reference):
        return _("no test: the people it learned from")
    return ", ".join(name_of(shift.name) for shift in found.drifted) or "–"


# Drift


def _rows(
    shifts: Iterable[Shift], reference: Mapping, counts: Mapping[str, Sequence[int]], *, is_rounded: bool
) -> list[ShiftRow]:
    shown = [_rounded(shift, counts[shift.name]) if is_rounded else shift for shift in shifts]
    return [_row(shift, reference[shift.name], counts[shift.name]) for shift in shown]


def _rounded(shift: Shift, counts: Sequence[int]) -> Shift:
    """The same with shares of people counted in fives, and what is made of exact ones in whole percents."""
    fives = [nearest_five(count) for count in counts]
    total = sum(fives) or 1
    after = [count / total for count in fives]
    return replace(shift, after=after, moved=round(shift.moved, 2), effect=round(shift.effect, 2))


def _row(shift: Shift, bins: Mapping, counts: Sequence[int]) -> ShiftRow:
    """Sizes and p-value are hidden if counts are suppressed, which they would reveal."""
    is_shown = not (shift.is_drift and (_suppressed(counts) or _suppressed(bins["counts"])))
    chance = decimal(shift.adjusted) if is_shown else _("less than %(level)s") % {"level": decimal(LEVEL, 2)}
    return ShiftRow(
        name=name_of(shift.name),
        moved=percent(shift.moved) if is_shown else _("not shown"),
        effect=signed_percent(shift.effect) if is_shown else _("not shown"),
        chance=_("less than 0.001") if shift.adjusted < 0.001 else chance,
        is_drift=shift.is_drift,
        table=_bins(shift, bins, counts) if shift.is_drift else None,
        sentence=_sentence(shift, bins, counts) if shift.is_drift else "",
    )


def _sentence(shift: Shift, bins: Mapping, counts: Sequence[int]) -> str:
    """What moved most, from which share of the people to which, and what that does to the departures expected."""
    hidden = _suppressed(counts) | _suppressed(bins["counts"])
    if hidden:
        return _("%(name)s: people have moved between its values.") % {"name": name_of(shift.name)}
    changes = [after - before for before, after in zip(shift.before, shift.after, strict=True)]
    most = max(range(len(changes)), key=lambda place: changes[place])
    text = _(
        "%(name)s: %(value)s from %(before)s to %(after)s of the people; by itself that changes the expected "
        "departures by %(effect)s."
    )
    return text % {
        "name": name_of(shift.name),
        "value": _values(shift.name, bins)[most],
        "before": percent(shift.before[most], 0),
        "after": percent(shift.after[most], 0),
        "effect": signed_percent(shift.effect, 0),
    }


def _suppressed(counts: Sequence[int]) -> frozenset[int]:
    return suppressed(dict(enumerate(counts)))


def name_of(name: str) -> str:
    return _("The scores") if name == SCORES else _(schema.BY_NAME[name].label)


def _bins(shift: Shift, bins: Mapping, counts: Sequence[int]) -> Table:
    """People by value, in training and now.

    Where the first cut is the least value there was, the bin below it may hold what nobody can have: it is left out
    while nobody is in it.
    """
    shares = zip(_shares(shift.before, bins["counts"]), _shares(shift.after, counts), strict=True)
    rows = [[value, *pair] for value, pair in zip(_values(shift.name, bins), shares, strict=True)]
    if not bins["counts"][0] and not counts[0]:
        rows = rows[1:]
    return Table(name_of(shift.name), [_("Value"), _("In training"), _("Now")], rows)


def _shares(shares: Iterable[float], counts: Sequence[int]) -> list[str]:
    hidden = _suppressed(counts)
    return [_("not shown") if place in hidden else percent(share, 0) for place, share in enumerate(shares)]


def _values(name: str, bins: Mapping) -> list[str]:
    """The range of each bin in words: from a cut, included, to the next one, left out."""
    if name == SCORES:
        return _ranges([percent(cut) for cut in bins["cuts"]])
    feature = schema.BY_NAME[name]
    if "levels" in bins:
        return [*(display(feature, level) for level in bins["levels"]), _("another value")]
    if feature.choices:
        places = [bisect_right(bins["cuts"], value) for value in feature.values]
        return [
            ", ".join(display(feature, value) for value, at in zip(feature.values, places, strict=True) if at == place)
            for place in range(len(bins["cuts"]) + 1)
        ]
    if feature.is_integer:
        return _integers(feature, [math.ceil(cut) for cut in bins["cuts"]])
    return _ranges([display(feature, cut) for cut in bins["cuts"]])


def _ranges(cuts: Sequence[str]) -> list[str]:
    middle = [_("%(low)s to below %(high)s") % {"low": low, "high": high} for low, high in pairwise(cuts)]
    return [_("below %(cut)s") % {"cut": cuts[0]}, *middle, _("%(cut)s or more") % {"cut": cuts[-1]}]


def _integers(feature: schema.Feature, cuts: Sequence[int]) -> list[str]:
    """Ranges whose two ends are included: "3", "4 to 7"."""
    middle = [
        display(feature, low) if low == high - 1 else between(display(feature, low), display(feature, high - 1))
        for low, high in pairwise(cuts)
    ]
    first, last = display(feature, cuts[0] - 1), display(feature, cuts[-1])
    return [_("up to %(value)s") % {"value": first}, *middle, _("%(cut)s or more") % {"cut": last}]
