"""The curves of a model card as charts, in the active language. Pure functions of the card."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.translation import gettext as _

from features import schema
from predictions.explanation import display
from predictions.formats import money, percent
from predictions.ml.artifacts.card_format import Card, OutOfTime, Shape
from predictions.ml.assessment.cutoffs import Outlook
from predictions.ml.assessment.thresholds import OperatingPoints
from predictions.ml.scorer import Scorer
from predictions.pages import charts
from predictions.pages.charts import Bar, Chart, Line, Point, Segment
from predictions.pages.model.card_tables import side_names, sides

HEAVIEST = 10  # features in the chart of weights
MOST_VALUES = 12  # whole numbers of a feature that are all shown in the chart of its effect
# Of the hundred points of a curve, those that are drawn: close together where it is steep.
_DENSE = (0, 1, 2, 3, 5, 7, *range(9, 20, 2), *range(24, 100, 5), 99)


def _whole(share: float) -> str:
    return percent(share, 0)


def _shares(**options) -> dict:
    """The two axes of a chart of shares against shares."""
    return {"x_axis": _whole, "y_axis": _whole, "x_range": (0, 1), "y_range": (0, 1)} | options


def _line(xs: Sequence[float], ys: Sequence[float], places: Iterable[int]) -> list[Point]:
    return [Point(xs[place], ys[place], percent(xs[place]), percent(ys[place])) for place in places]


def _straight(start: tuple[float, float], end: tuple[float, float]) -> list[Point]:
    return [Point(*start, "", ""), Point(*end, "", "")]


def _sides(card: Card, curve: str, x: str, y: str, *, is_from_zero: bool = False) -> list[Line]:
    """The same curve of both models, the one in use first."""
    found = []
    for name, text in zip(sides(card), side_names(card), strict=True):
        side: Mapping[str, Any] = card["models"][name]
        columns = side[curve]
        places = [place for place in _DENSE if place < len(columns[x])]
        points = [Point(0, 0, _whole(0), _whole(0))] if is_from_zero else []
        points += _line(columns[x], columns[y], places)
        found.append(Line(text, points, has_marks=name == card["feature_set"]))
    return found


def roc(card: Card) -> Chart:
    chance = Line(_("By chance"), _straight((0, 0), (1, 1)), is_dashed=True)
    return charts.curves(
        title=_("Found against wrongly flagged"),
        caption=_("The share of leavers found, for each share of stayers flagged (ROC curve)."),
        columns=[_("Model"), _("Wrongly flagged"), _("Found")],
        curves=[chance, *_sides(card, "roc", "false_positive_rate", "true_positive_rate")],
        x_title=_("Stayers flagged"),
        **_shares(),
    )


def precision_recall(card: Card) -> Chart:
    base = card["training"]["base_rate"]
    chance = Line(_("By chance"), _straight((0, base), (1, base)), is_dashed=True)
    return charts.curves(
        title=_("Right against found"),
        caption=_("The share of leavers among those flagged, for each share of leavers found (precision and recall)."),
        columns=[_("Model"), _("Found"), _("Right")],
        curves=[
            chance,
            *_sides(card, "precision_recall", "recall", "precision"),
        ],
        x_title=_("Leavers found"),
        **_shares(),
    )


def capacity(card: Card) -> Chart:
    chance = Line(_("By chance"), _straight((0, 0), (1, 1)), is_dashed=True)
    return charts.curves(
        title=_("Leavers reached, by the number of talks"),
        caption=_("The share of leavers reached when the riskiest people are met first."),
        columns=[_("Model"), _("People met"), _("Leavers reached")],
        curves=[
            chance,
            *_sides(card, "capacity", "share", "recall", is_from_zero=True),
        ],
        x_title=_("People met"),
        **_shares(),
    )


def calibration(card: Card) -> Chart:
    return _calibration(
        card["models"][card["feature_set"]]["calibration"]["bins"],
        title=_("Predicted and actual departures"),
        caption=_("Ten groups of equal size, from the least to the most at risk, each with its interval (95%)."),
    )


def calibration_later(test: OutOfTime) -> Chart:
    """Of the people of the day that the model learned up to, and the months after it."""
    return _calibration(
        test["calibration"]["bins"],
        title=_("Predicted and actual departures of the %(months)s later months") % {"months": test["months"]},
        caption=_("Ten groups of equal size, from the least to the most at risk, each with its interval (95%)."),
    )


def _calibration(bins: Sequence[Mapping], *, title: str, caption: str) -> Chart:
    """The groups as forecast, and apart those whose probability lies outside the interval of what happened."""
    top = max(each["high"] for each in bins)
    groups: dict[bool, list[Point]] = {True: [], False: []}
    for each in bins:
        groups[each["low"] <= each["predicted"] <= each["high"]].append(
            Point(
                each["predicted"],
                each["observed"],
                percent(each["predicted"]),
                _("%(share)s left (%(low)s to %(high)s)")
                % {"share": percent(each["observed"]), "low": percent(each["low"]), "high": percent(each["high"])},
                each["low"],
                each["high"],
            )
        )
    names = {True: _("Within the interval"), False: _("Outside the interval")}
    return charts.curves(
        title=title,
        caption=caption,
        columns=[_("Groups"), _("Predicted"), _("Actual")],
        curves=[
            Line(_("Exactly as predicted"), _straight((0, 0), (top, top)), is_dashed=True),
            *(Line(names[is_within], points, has_line=False) for is_within, points in groups.items() if points),
        ],
        x_axis=_whole,
        y_axis=_whole,
        x_range=(0, max(top, bins[-1]["predicted"])),
        y_range=(0, top),
        x_title=_("Predicted"),
    )


def threshold(value: float, points: OperatingPoints, people: str) -> Chart:
    """The effect of each threshold on the people that it was chosen on; the one in use is the dashed line.

    ``people``: a sentence that says who they are, since the other figures of the page are of those present.
    """
    names = {
        "recall": _("Share of leavers over it"),
        "precision": _("Share of leavers among those over it"),
        "flagged": _("Share of everyone over it"),
        "f2": _("Balance"),
    }
    in_use = Line(_("Threshold in use"), _straight((value, 0), (value, 1)), is_dashed=True)
    places = [place for place in _every_twentieth(points) if points.flagged[place] > 0]  # of nobody, no share leaves
    at = points.threshold.tolist()
    lines = [Line(text, _line(at, getattr(points, name).tolist(), places)) for name, text in names.items()]
    return charts.curves(
        title=_("What each threshold does"),
        caption=" ".join([_("A low threshold finds more of those who leave and flags more who stay."), people]),
        columns=[_("Threshold")],
        curves=[in_use, *lines],
        x_title=_("Threshold"),
        **_shares(),
    )


def cost(curve: Sequence[Outlook], *, in_use: float, least: Outlook) -> Chart:
    """The expected cost of each threshold; the one in use is the dashed line, the least cost a point."""

    def point(outlook: Outlook) -> Point:
        return Point(outlook.threshold, outlook.cost, percent(outlook.threshold), money(outlook.cost))

    points = [point(outlook) for outlook in curve]
    ends = min(point.y for point in points), max(point.y for point in points)
    return charts.curves(
        title=_("What every threshold is expected to cost"),
        caption=_("The talks with everyone over it, and the departures that they do not prevent."),
        columns=[_("Choice"), _("Threshold"), _("Expected cost")],
        curves=[
            Line(_("Threshold in use"), _straight((in_use, ends[0]), (in_use, ends[1])), is_dashed=True),
            Line(_("Expected cost"), points, has_marks=False),
            Line(_("Least cost"), [point(least)], has_line=False),
        ],
        x_axis=_whole,
        y_axis=money,
        x_range=(0, 1),
        y_range=ends,
        x_title=_("Threshold"),
    )


def weights(shapes: Sequence[Shape], shown: Collection[str]) -> Chart:
    """The features that move scores most, of those ``shown``, each leading to the shape of its effect."""
    total = sum(shape["weight"] for shape in shapes)
    page = reverse("model_effects")
    bars = [
        Bar(
            _(schema.BY_NAME[shape["feature"]].label),
            [Segment(shape["weight"] / total, percent(shape["weight"] / total), "total", f"{page}#{shape['feature']}")],
        )
        for shape in [shape for shape in shapes if shape["feature"] in shown][:HEAVIEST]
    ]
    return charts.rows(
        title=_("What moves scores most"),
        caption=_("The share of each feature in all that moves scores up or down, the ten heaviest."),
        columns=[_("Feature"), _("Share")],
        bars=bars,
    )


def effect(shape: Shape, *, scorer: Scorer, top: float) -> Chart:
    """The risk that an otherwise average person has, by the value of one feature; ``top`` ends every such chart."""
    feature, risk_at = schema.BY_NAME[shape["feature"]], scorer.link.probability
    rows = [
        (at, *(risk_at(scorer.base_value + float(each)) for each in (middle, low, high)))
        for at, middle, low, high in _values(shape)
    ]
    words = [
        _("%(risk)s (%(low)s to %(high)s)") % {"risk": percent(risk), "low": percent(low), "high": percent(high)}
        for _at, risk, low, high in rows
    ]
    title = _(feature.label)
    columns = [title, _("Risk of an otherwise average person")]
    if shape["is_levels"]:
        bars = [
            Bar(display(feature, at), [Segment(risk, text, "raising")])
            for (at, risk, _low, _high), text in zip(rows, words, strict=True)
        ]
        highest_first = sorted(bars, key=lambda bar: -bar.segments[0].value)
        return charts.rows(title=title, columns=columns, bars=highest_first, maximum=top)
    points = [
        Point(float(at), risk, display(feature, at), text, low, high)
        for (at, risk, low, high), text in zip(rows, words, strict=True)
    ]
    average = risk_at(scorer.base_value)
    ends = points[0].x, points[-1].x
    return charts.curves(
        title=title,
        columns=columns,
        curves=[
            Line(_("Average risk"), _straight((ends[0], average), (ends[1], average)), is_dashed=True),
            Line(_("Risk"), points),
        ],
        x_axis=lambda value: display(replace(feature, unit=""), value),
        y_axis=_whole,
        x_title=_(feature.unit) if feature.unit else "",
        y_range=(0, top),
        ticks=[(point.x, point.label) for point in points] if len(points) == 2 else None,
    )


def _values(shape: Shape) -> Sequence[tuple]:
    """A value of a feature with its effect and the interval's ends, at each knot; of a whole number, at whole numbers.

    Between two knots the effect is a straight line, and a line between the ends of their intervals lies outside of the
    interval.
    """
    rows = list(zip(shape["at"], shape["effect"], shape["low"], shape["high"], strict=True))
    if shape["is_levels"] or not schema.BY_NAME[shape["feature"]].is_integer:
        return rows
    at = np.array(shape["at"], dtype=float)
    first, last = math.ceil(at[0]), math.floor(at[-1])
    every = np.arange(first, last + 1)
    whole = every if len(every) <= MOST_VALUES else np.unique(np.clip(np.rint(at), first, last))
    lines = [np.interp(whole, at, shape[name]) for name in ("effect", "low", "high")]
    return list(zip(whole.tolist(), *lines, strict=True))


def highest(shapes: Collection[Shape], scorer: Scorer) -> float:
    """The end of the scale of every effect, so that their heights can be compared."""
    return scorer.link.probability(scorer.base_value + max(high for shape in shapes for high in shape["high"]))


def _every_twentieth(points: OperatingPoints) -> list[int]:
    """The places of the thresholds 0.05, 0.10, … and of the two ends."""
    last = len(points.threshold) - 1
    return sorted({0, last, *(place for place in range(last) if round(points.threshold[place] * 1000) % 50 == 0)})
