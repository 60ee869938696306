"""Reasons for a score, in words: from additive contributions to sentences and probability points.

Contributions add up on the scale of the model's link: the log cumulative hazard of a forecast, the log-odds of a
classification.

Contributions are shown by subject, the feature that people know: that of a formula (overtime for the pay, overtime
combined with the commute, …) is added to its subject (overtime). Contributions are additive, so with the base value
they still sum to the score.

The features whose values a reader may not read share one reason, without values.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable
from features import readable_features, schema
from predictions.ml import support
from predictions.ml.links import Link

SUBJECTS = {feature.name: feature.subject or feature.name for feature in schema.FEATURES}
FAULTS = 3  # named of one profile at most
WITHHELD = ""  # the sum of the features whose values may not be read
# Units that languages set on one side of the number or the other.
_BY_LANGUAGE = {"%": gettext_noop("%(number)s%%"), "€": gettext_noop("€%(number)s")}


class Reason(NamedTuple):
    """The contribution of one subject to a score; positive raises the risk.

    ``name`` and ``value`` are empty for the sum of the hidden features: the phrase names the matter.
    """

    name: str  # of the feature
    contribution: float  # on the additive scale
    points: float  # probability points, 0.12 for twelve
    shown: float  # the same to a tenth of a point: with the average shown they add up to the probability shown
    label: str  # in the active language, as the texts below
    value: str  # "12 km"
    phrase: str  # "Lives 12 km from work"
    sentence: str  # the phrase and its weight: "Lives 12 km from work: +12.0 points"

    @property
    def raises_risk(self) -> bool:
        return self.contribution > 0


def points_per_unit(base_value: float, total: float, link: Link) -> float:
    """Probability points for one unit of the additive scale on the way from the average to this score.

    Aumann–Shapley attribution of the inverse link along the straight path from ``base_value`` to ``base_value +
    total``: its secant slope, its derivative where both ends meet. Contributions times this slope
    keep their signs, do not depend on an order and sum to the difference of the two probabilities.
    """
    if abs(total) < 1e-9:
        return link.slope(base_value)
    return (link.probability(base_value + total) - link.probability(base_value)) / total


def by_subject(contributions: Mapping[str, float]) -> dict[str, float]:
    """Contributions by subject; the sum is the same."""
    totals: dict[str, float] = {}
    for name, weight in contributions.items():
        name = SUBJECTS[name]
        totals[name] = totals.get(name, 0.0) + weight
    return totals


def told_of_change(moved: Mapping[str, float], changed: Collection[str]) -> dict[str, float]:
    """The difference of two scores by the ``changed`` features; the sum is the same.

    A formula changes with any of its ingredients. If its subject did not change, it is shown under the ingredient that
    did, and under its own name if several did: no unchanged feature is named.
    """
    totals: dict[str, float] = {}
    for name, weight in moved.items():
        feature = schema.BY_NAME[name]
        movers = [ingredient for ingredient in feature.ingredients if ingredient in changed]
        if feature.subject in changed:
            name = feature.subject
        elif feature.subject and len(movers) == 1:
            (name,) = movers
        totals[name] = totals.get(name, 0.0) + weight
    return totals


def reasons(
    *,
    values: Mapping[str, object],
    base_value: float,
    contributions: Mapping[str, float],
    link: Link,
    readable: Readable,
    limit: int | None = None,
    is_by_subject: bool = True,
) -> list[Reason]:
    """The reasons for a score in the active language, without zeros, the heaviest first.

    ``values`` are its features, of which the unreadable ones may be missing; ``contributions`` are by feature. With
    ``is_by_subject`` False every formula stays separate, as in the model.
    """
    total = math.fsum(contributions.values())
    slope = points_per_unit(base_value, total, link)
    weights, hidden = _grouped(contributions, readable, is_by_subject=is_by_subject)
    heaviest = sorted((item for item in weights.items() if item[1]), key=lambda item: -abs(item[1]))
    points = [weight * slope for _name, weight in heaviest]
    shown = tenths(
        points, shown_tenths(link.probability(base_value + total)) - shown_tenths(link.probability(base_value))
    )
    language = get_language()
    found = []
    for (name, weight), exact, tenth in list(zip(heaviest, points, shown, strict=True))[:limit]:
        words = _words(name, values[name], language) if name else _withheld_words(hidden, readable)
        found.append(_reason(name, words, weight, exact, tenth, language))
    return found


def labelled_by_subject(contributions: Mapping[str, float], readable: Readable) -> list[tuple[str, float]]:
    """Contributions with the label of their subject, without zeros, the heaviest first; the hidden ones as one."""
    weights, hidden = _grouped(contributions, readable)
    heaviest = sorted((item for item in weights.items() if item[1]), key=lambda item: -abs(item[1]))
    return [
        (_(schema.BY_NAME[name].label) if name else capfirst(readable_features.withheld(readable, hidden)), weight)
        for name, weight in heaviest
    ]


def shown_tenths(probability: float) -> int:
    """A probability in tenths of a point, as it is shown."""
    return round(round(probability, 3) * 1000)


def tenths(points: Sequence[float], total: int) -> list[int]:
    """Points rounded to whole tenths that sum to ``total``, the nearest to it: by the largest remainder.

    The total may differ from the sum of the points by rounding; without points there is nothing to round.
    """
    exact = [each * 1000 for each in points]
    down = [math.floor(each) for each in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: down[place] - exact[place])
    for place in cycle(by_remainder) if total >= sum(down) else cycle(reversed(by_remainder)):
        if (missing := total - sum(down)) == 0:
            break
        down[place] += 1 if missing > 0 else -1
    return down


def why_not_enough(values: Mapping[str, object], faults: Iterable[support.Fault], readable: Readable) -> list[str]:
    """Why the data are not enough for a profile, in the active language: what nobody had together, if readable.

    ``faults`` are those of ``Support``, of which a profile may have many: a few are told, those of few features first.
    """
    told = [fault for fault in faults if all(readable_features.reads(readable, name) for name in fault)]
    return [_faulty(fault, values) for fault in sorted(told, key=len)[:FAULTS]]


def _faulty(fault: support.Fault, values: Mapping[str, Any]) -> str:
    first, *others = (schema.BY_NAME[name] for name in fault)
    if fault == support.SATISFACTION:
        text = _("No survey has a mean satisfaction of %(value)s.")
        return text % {"value": display(first, values[first.name])}
    if not others:
        return _("Nobody it has learned from has “%(phrase)s”.") % {"phrase": phrase(first, values[first.name])}
    second = others[0]
    if fault == support.SAVINGS:
        return _("“%(formula)s” (%(value)s) does not follow from “%(first)s” and “%(second)s”.") % {
            "formula": _(first.label),
            "value": display(first, values[first.name]),
            "first": _(second.label),
            "second": _(others[1].label),
        }
    if fault in support.WORKED:
        text = _("%(label)s (%(years)s) cannot be at the age of %(age)s: nobody has worked before %(youngest)s.")
        return text % {
            "label": _(first.label),
            "years": display(first, values[first.name]),
            "age": display(second, values[second.name]),
            "youngest": display(second, support.YOUNGEST),
        }
    if fault in support.PARTS:
        return _("%(part)s (%(longer)s) cannot exceed %(whole)s (%(shorter)s).") % {
            "part": _(first.label),
            "longer": display(first, values[first.name]),
            "whole": _(second.label),
            "shorter": display(second, values[second.name]),
        }
    phrases = [phrase(feature, values[feature.name]) for feature in (first, *others)]
    if len(phrases) > 2:
        return _("Nobody it has learned from combines these: %(phrases)s.") % {"phrases": "; ".join(phrases)}
    return _("Nobody it has learned from combines “%(first)s” with “%(second)s”.") % {
        "first": phrases[0],
        "second": phrases[1],
    }


def raising_most(*, values: Mapping[str, object], contributions: Mapping[str, float], readable: Readable) -> list[str]:
    """The two ``reasons`` that raise a score most, as phrases; fewer if fewer do."""
    weights, hidden = _grouped(contributions, readable)
    raising = sorted((item for item in weights.items() if item[1] > 0), key=lambda item: -item[1])
    language = get_language()
    return [
        (_words(name, values[name], language) if name else _withheld_words(hidden, readable))[-1]
        for name, _weight in raising[:2]
    ]


def _grouped(
    contributions: Mapping[str, float], readable: Readable, *, is_by_subject: bool = True
) -> tuple[dict[str, float], list[str]]:
    """Contributions for this reader, the hidden ones summed, and the names of those."""
    hidden = [] if readable.reads_everything else [n for n in contributions if not readable_features.reads(readable, n)]
    weights = {name: weight for name, weight in contributions.items() if name not in hidden}
    weights = by_subject(weights) if is_by_subject else weights
    if hidden:
        weights[WITHHELD] = math.fsum(contributions[name] for name in hidden)
    return weights, hidden


def _reason(
    name: str, words: tuple[str, str, str], weight: float, points: float, tenth: int, language: str | None
) -> Reason:
    label, value, phrase_of_value = words
    sentence = _sentence(tenth, language) % phrase_of_value
    return Reason(name, weight, points, tenth / 1000, label, value, phrase_of_value, sentence)


def _withheld_words(names: Iterable[str], readable: Readable) -> tuple[str, str, str]:
    phrase = capfirst(readable_features.withheld(readable, names))
    return phrase, "", phrase


# Frequent texts are cached: translating and formatting them takes longer than the score. They depend on the active
# language, so it is an argument even where only gettext uses it.


@lru_cache(maxsize=32_768)
def _words(name: str, value: object, language: str | None) -> tuple[str, str, str]:
    """The label of a feature, and its value alone and in a phrase."""
    feature = schema.BY_NAME[name]
    return _(feature.label), display(feature, value), phrase(feature, value)


@lru_cache(maxsize=8_192)
def _sentence(tenths: int, language: str | None) -> str:
    """The sentence of a reason with a weight in tenths of a point; ``%s`` stands for its phrase."""
    return _("%(phrase)s: %(sign)s%(points)s points") % {
        "phrase": "%s",
        "sign": ("+" if tenths > 0 else "−") if tenths else "",
        "points": number_format(abs(tenths) / 10, decimal_pos=1),
    }


def phrase(feature: schema.Feature, value: Any) -> str:
    """The value of a feature in words, in the active language: "Lives 12 km from work"."""
    if feature.phrase_no and not value:
        return _(feature.phrase_no)
    return _(feature.phrase) % {"value": in_full(feature, value)}


def in_full(feature: schema.Feature, value: Any) -> str:
    """A value with its scale: "3 out of 4"; a dash for an unknown one."""
    if not feature.is_rating or value is None:
        return display(feature, value)
    return _("%(value)s out of %(maximum)s") % {
        "value": display(feature, value),
        "maximum": number_format(feature.maximum or 0, decimal_pos=0),
    }


def display(feature: schema.Feature, value: Any) -> str:
    """A value with its unit, in the active language; a dash for an unknown one."""
    if value is None:
        return "–"
    if feature.is_open:
        return terms.label(feature.name, value) if value else "–"
    if feature.choices:
        return _(feature.label_of(value))
    rounded = round(value, 2 if abs(value) >= 0.1 else 6)
    text = number_format(int(rounded) if rounded == int(rounded) else rounded, force_grouping=True).replace("-", "−")
    if feature.unit in _BY_LANGUAGE:
        return _(_BY_LANGUAGE[feature.unit]) % {"number": text}
    unit = (
        ngettext("year", "years", math.ceil(abs(value)))
        if feature.unit == "years"
        else feature.unit and _(feature.unit)
    )
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def strongest_two(contributions: Mapping[str, float]) -> tuple[str, str]:
    """The names of the two subjects that raise a score most; "" if fewer do."""
    raising = sorted(((weight, name) for name, weight in by_subject(contributions).items() if weight > 0), reverse=True)
    main, second = [*(name for _weight, name in raising[:2]), "", ""][:2]
    return main, second


def strongest_two_of_each(contributions: np.ndarray) -> tuple[list[str], list[str]]:
    """``strongest_two`` of each row of ``(n, 32)`` contributions, columns in the contract's order, as two lists."""
    summed = np.zeros_like(contributions)
    for place, name in enumerate(schema.FEATURE_NAMES):
        summed[:, schema.FEATURE_NAMES.index(SUBJECTS[name])] += contributions[:, place]
    rows, names = np.arange(len(summed)), np.array([*schema.FEATURE_NAMES, ""])
    main = summed.argmax(axis=1)
    main_names = names[np.where(summed[rows, main] > 0, main, -1)]
    summed[rows, main] = 0
    second = summed.argmax(axis=1)
    second_names = names[np.where(summed[rows, second] > 0, second, -1)]
    return main_names.tolist(), second_names.tolist()
