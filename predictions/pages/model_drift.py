"""Whether the workforce still looks like the people the model was trained on: for those who see everyone."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees.access import scope_of
from features import schema
from predictions.explanation import display
from predictions.ml.drift import SCORES, Shift
from predictions.pages.formats import decimal, percent
from predictions.pages.model_tables import Table, between
from predictions.pages.overview import SMALLEST_GROUP
from predictions.registry import current_model
from predictions.selectors import drift


@dataclass(frozen=True, slots=True)
class Row:
    """A feature, or the scores, compared with training; ``table`` shows where it moved, when it drifted."""

    name: str
    moved: str
    chance: str
    is_drift: bool
    table: Table | None


@require_safe
def workforce(request: HttpRequest) -> HttpResponse:
    """The comparison; its panel alone when htmx asks for it. It is about everyone: managers see no part of it."""
    if not scope_of(request.user).sees_everyone:
        raise PermissionDenied
    model = current_model()
    check = drift.check(model)
    context = {"check": check, "rows": _rows(check, model.card["drift"]["bins"]) if check else []}
    response = render(request, "model/drift.html" if request.htmx else "model/workforce.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _rows(check: drift.Check, reference: Mapping) -> list[Row]:
    return [
        Row(
            name=_name(shift.name),
            moved=percent(shift.effect),
            chance=_("less than 0.001") if shift.adjusted < 0.001 else decimal(shift.adjusted),
            is_drift=shift.is_drift,
            table=_bins(shift, reference[shift.name], check.run.drift_counts[shift.name]) if shift.is_drift else None,
        )
        for shift in check.shifts
    ]


def _name(name: str) -> str:
    return _("The scores") if name == SCORES else _(schema.BY_NAME[name].label)


def _bins(shift: Shift, bins: Mapping, counts: Sequence[int]) -> Table:
    """People by value, in training and now; a group of fewer than five people is not shown.

    Where the first cut is the least value there was, the bin below it may hold what nobody can have: it is left out
    while nobody is in it.
    """
    columns = list(zip(_values(shift.name, bins), shift.before, bins["counts"], shift.after, counts, strict=True))
    if not bins["counts"][0] and not counts[0]:
        columns = columns[1:]
    rows = [[value, _share(before, then), _share(after, now)] for value, before, then, after, now in columns]
    return Table(_name(shift.name), [_("Value"), _("In training"), _("Now")], rows)


def _share(share: float, people: float) -> str:
    return _("fewer than 5") if 0 < people < SMALLEST_GROUP else percent(share, 0)


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
