"""The workforce page: drift from the training data, for those who see everyone."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees.access import figures_of
from employees.disclosure import is_small, suppressed
from features import schema
from predictions.explanation import display
from predictions.formats import decimal, grouped, percent
from predictions.ml.assessment.drift import LARGE, LEVEL, SCORES, Outcome, Shift
from predictions.pages.model.card_tables import Table, between
from predictions.registry import current_model
from predictions.selectors import drift_check
from technova.web.requests import Request


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A feature, or the scores, compared with training; ``table`` shows where it moved, when it drifted."""

    name: str
    moved: str
    chance: str
    is_drift: bool
    table: Table | None


@require_safe
def workforce(request: Request) -> HttpResponse:
    """The comparison; its panel alone when htmx asks for it. It is about everyone: managers see no part of it."""
    scope, _readable = figures_of(request.user)
    if not scope.sees_everyone:
        raise PermissionDenied
    model = current_model()
    check = drift_check.check(model)
    context: dict[str, Any] = {"check": check, "rows": _rows(check, model.card["drift"]["bins"]) if check else []}
    if check and check.outcome:
        context["left"] = _left(check.outcome)
    response = render(request, "model/drift.html" if request.htmx else "model/workforce.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _left(outcome: Outcome) -> str:
    """How many have left, in words where so few have."""
    return _("fewer than five") if is_small(outcome.observed) else grouped(outcome.observed)


def _rows(check: drift_check.Check, reference: Mapping) -> list[ShiftRow]:
    return [_row(shift, reference[shift.name], (check.run.drift_counts or {})[shift.name]) for shift in check.shifts]


def _row(shift: Shift, bins: Mapping, counts: Sequence[int]) -> ShiftRow:
    """Effect and p-value are hidden with suppressed counts, which they would reveal."""
    is_told = not (shift.is_drift and (_suppressed(counts) or _suppressed(bins["counts"])))
    chance = decimal(shift.adjusted) if is_told else _("less than %(level)s") % {"level": decimal(LEVEL, 2)}
    return ShiftRow(
        name=_name(shift.name),
        moved=percent(shift.effect) if is_told else _("%(share)s or more") % {"share": percent(LARGE, 0)},
        chance=_("less than 0.001") if shift.adjusted < 0.001 else chance,
        is_drift=shift.is_drift,
        table=_bins(shift, bins, counts) if shift.is_drift else None,
    )


def _suppressed(counts: Sequence[int]) -> frozenset[int]:
    return suppressed(dict(enumerate(counts)))


def _name(name: str) -> str:
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
    return Table(_name(shift.name), [_("Value"), _("In training"), _("Now")], rows)


def _shares(shares: Iterable[float], counts: Sequence[int]) -> list[str]:
    hidden = _suppressed(counts)
    return [_("not shown") if place in hidden else percent(share, 0) for place, share in enumerate(shares)]


def _values(name: str, bins: Mapping) -> list[str]:
    """What each bin holds, in words: from a cut, included, to the next one, left out."""
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
