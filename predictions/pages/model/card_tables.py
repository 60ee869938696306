"""The model card as texts and tables, in the active language. Pure functions of the card."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees.disclosure import SMALLEST_GROUP, suppressed_parts
from features import schema
from predictions.formats import decimal, grouped, percent
from predictions.ml.artifacts.card_format import ATTRIBUTES, Card, Rate
from predictions.ml.assessment import disparity, thresholds
from predictions.ml.periods import months_before
from predictions.pages.people.list_form import label

FIGURES = {
    "roc_auc": gettext_noop("Separates who leaves from who stays (ROC-AUC, 0.5 by chance, 1 at best)"),
    "average_precision": gettext_noop("Puts those who leave first (average precision)"),
    "best_f2": gettext_noop("Finds many without flagging all (weighing those who leave twice)"),
    "brier": gettext_noop("Error of the probabilities (Brier score, the lower the better)"),
    "log_loss": gettext_noop("Surprise at what happened (log loss, the lower the better)"),
    "precision_top_10": gettext_noop("Share of leavers among the riskiest tenth (precision in the top tenth)"),
    "recall_top_20": gettext_noop("Share of leavers in the riskiest fifth (recall in the top fifth)"),
    "flagged": gettext_noop("Share of everyone over the threshold"),
    "precision": gettext_noop("Share of leavers among those over the threshold (precision)"),
    "recall": gettext_noop("Share of leavers over the threshold (recall)"),
    "specificity": gettext_noop("Share of stayers under the threshold (specificity)"),
    "f2": gettext_noop("Balance at the threshold"),
    "calibration_slope": gettext_noop("Low and high probabilities as far apart as they should be (slope, 1 at best)"),
    "calibration_intercept": gettext_noop("Probabilities neither too high nor too low (intercept, 0 at best)"),
}
AT_A_THRESHOLD = ("flagged", "precision", "recall", "specificity", "f2")
SHARES = {"precision_top_10", "recall_top_20", "flagged", "precision", "recall", "specificity"}
CAPACITIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # shares of the people that can be met
RATES = (
    ("selection_rate", gettext_noop("Flagged"), True),
    ("selection_ratio", gettext_noop("Times as often as everyone else"), False),
    ("recall", gettext_noop("Share of leavers found"), True),
    ("precision", gettext_noop("Share of leavers among those flagged"), True),
    ("observed_to_expected", gettext_noop("Actual over expected departures"), False),
)
OF_LEAVERS = {"recall", "precision", "observed_to_expected"}  # the rates that would reveal how many left
DRAWS = 2000  # of outcomes, for what chance alone does
LEAST_PROXY = 0.01  # share of a protected attribute's variance; a feature that explains less is not listed
SELECTIONS = {
    "threshold": gettext_noop("At the threshold of each test"),
    "top_20": gettext_noop("In the riskiest fifth"),
}


def _figure(value: float, is_share: bool, decimals: int = 3) -> str:
    return percent(value) if is_share else decimal(value, decimals)


def between(low: str, high: str) -> str:
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


@dataclass(frozen=True, slots=True)
class PlainFigure:
    """A figure in people out of a hundred, with its 95 % interval in words; see ``partials/card.html``."""

    label: str
    value: str
    hint: str


def measured(card: Card, threshold: float, capacity: int | None) -> tuple[float, float, float]:
    """The shares flagged, precision and recall in the tests: of a list of exactly ``capacity`` people, else of all from
    ``threshold`` on."""
    if capacity is not None:
        return thresholds.measured_first(card["models"][card["feature_set"]]["capacity"], capacity)
    return thresholds.measured(thresholds.from_card(card["threshold"]["curve"]), threshold)


@dataclass(frozen=True, slots=True)
class Hits:
    """Of those flagged, who left, and of those who left, who was flagged."""

    precision: Rate
    recall: Rate


def hits(card: Card, threshold: float, capacity: int | None, *, sees_everyone: bool) -> Hits | None:
    """The two shares by ``measured``; None where they would say more of single people than of the model.

    Intervals would reveal how many people the model was evaluated on: who may not see everyone gets none of any width.
    """
    people, leavers = card["training"]["employees"], card["training"]["leavers"]
    flagged, precision, recall = measured(card, threshold, capacity)
    if recall * leavers < SMALLEST_GROUP:
        return None
    rates = [disparity.rate_of(share * of, of) for share, of in ((precision, flagged * people), (recall, leavers))]
    return Hits(*(rate if sees_everyone else _alone(rate) for rate in rates))


def _alone(rate: Rate) -> Rate:
    return {"value": rate["value"], "low": rate["value"], "high": rate["value"]}


def plain(card: Card, threshold: float, capacity: int | None, *, sees_everyone: bool) -> list[PlainFigure]:
    """The main figures in plain words; those that depend on a threshold are counted at the one given, or on a list of
    exactly ``capacity`` people."""
    found = hits(card, threshold, capacity, sees_everyone=sees_everyone)

    def at_threshold(rate: Rate | None, text: str, hint: str) -> PlainFigure:
        if rate is None:
            return PlainFigure(text, "–", _("too few people to say"))
        return (
            _of_a_hundred(rate, text, hint) if sees_everyone else PlainFigure(text, f"{rate['value'] * 100:.0f}", hint)
        )

    def of_tests(name: str, text: str, hint: str) -> PlainFigure:
        figure = card["metrics"][name]
        return _of_a_hundred({"value": figure["mean"], "low": figure["low"], "high": figure["high"]}, text, hint)

    on_list, was_on_it = _("Of 100 people over the threshold"), _("were over the threshold")
    if capacity is not None:
        on_list = _("Of 100 people on a list of the %(number)s most at risk") % {"number": grouped(capacity)}
        was_on_it = _("were on such a list")
    return [
        at_threshold(found.precision if found else None, on_list, _("left the company")),
        at_threshold(found.recall if found else None, _("Of 100 people who left"), was_on_it),
        of_tests("precision_top_10", _("Of the 100 riskiest of 1,000"), _("left the company")),
        of_tests("roc_auc", _("Of 100 pairs, someone who left and someone who stayed"), _("are ranked right")),
    ]


def _of_a_hundred(rate: Rate, text: str, hint: str) -> PlainFigure:
    mean, low, high = (round(each * 100) for each in (rate["value"], rate["low"], rate["high"]))
    interval = _("between %(low)d and %(high)d, with 95%% confidence") % {"low": max(low, 0), "high": min(high, 100)}
    return PlainFigure(text, str(mean), f"{hint}, {interval}")


def judged_on(card: Card) -> date | None:
    """The day whose people the model is evaluated on; None for a classification of one table."""
    if not card["history"] or not card["horizon_months"]:
        return None
    return months_before(date.fromisoformat(str(card["history"]["until"])), card["horizon_months"])


def judged_people(card: Card) -> str:
    """Which people the figures of the card are of, as a sentence."""
    people = {"people": grouped(card["training"]["employees"]), "leavers": grouped(card["training"]["leavers"])}
    if not (day := judged_on(card)):
        return _("Counted on the %(people)s people that it learned from, %(leavers)s of whom left.") % people
    text = _(
        "Counted on the %(people)s people present on %(date)s who stayed, resigned or left for an unknown reason, "
        "%(leavers)s of whom left within %(months)s months; the other figures here are of those present now."
    )
    return text % {**people, "date": date_format(day), "months": card["horizon_months"]}


@dataclass(frozen=True, slots=True)
class Table:
    """See ``partials/table.html``."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    marked: frozenset[int] = frozenset()  # the places of rows that deserve a look


def quality(card: Card) -> Table:
    """Every figure of the two models that depends on no threshold, with its interval."""
    rows = _of_sides(card, [name for name in FIGURES if name not in AT_A_THRESHOLD])
    errors = [card["models"][side]["calibration"]["expected_calibration_error"] for side in sides(card)]
    rows.append([_("Mean gap between predicted and actual departures (calibration error)"), *map(percent, errors)])
    columns = [_("Figure"), *side_names(card)]
    return Table(_("Mean of the test parts, with the interval of that mean (95%)"), columns, rows)


def nested(card: Card) -> Table:
    """The figures of the two models at a threshold that each chose without the people it was tested on."""
    caption = _("By a threshold that each model chose in each test without the people tested, not by the one in force")
    return Table(caption, [_("Figure"), *side_names(card)], _of_sides(card, AT_A_THRESHOLD))


def _of_sides(card: Card, figures: Iterable[str]) -> list[list[str]]:
    return [
        [
            _(FIGURES[name]),
            *(with_interval(card["models"][side]["metrics"][name], name in SHARES) for side in sides(card)),
        ]
        for name in figures
    ]


def sides(card: Card) -> tuple[str, str]:
    """The feature set of the model in use, then the other one."""
    own = card["feature_set"]
    return own, next(name for name in card["models"] if name != own)


def side_names(card: Card) -> list[str]:
    """The names of the two: the model in use, and the one with the other features."""
    others = {"default": _("Without protected features"), "all": _("With all features")}
    return [_("This model"), others[sides(card)[1]]]


def with_interval(figure: Mapping, is_share: bool) -> str:
    """A figure of the card with its 95 % interval, in words."""
    return _spread(*(_figure(figure[key], is_share) for key in ("mean", "low", "high")))


def _spread(mean: str, low: str, high: str) -> str:
    return _("%(mean)s (%(low)s to %(high)s)") % {"mean": mean, "low": low, "high": high}


def _share(rate: Rate) -> str:
    return _spread(*(percent(rate[end], 0) for end in ("value", "low", "high")))


def gap(card: Card) -> tuple[str, str]:
    """The mean gap between predicted and actual shares in points, and the one that chance alone stays under in 95 of
    100 cases, if every probability is right."""
    found = card["models"][card["feature_set"]]["calibration"]
    sizes, predicted = (np.array([each[name] for each in found["bins"]]) for name in ("n", "predicted"))
    people = np.maximum(sizes.round().astype(int), 1)
    happened = np.random.default_rng(0).binomial(people, predicted, (DRAWS, len(people))) / people
    by_chance = np.quantile(np.abs(happened - predicted) @ sizes / sizes.sum(), 0.95)
    return decimal(found["expected_calibration_error"] * 100, 1), decimal(by_chance * 100, 1)


def capacity(card: Card) -> Table:
    """The leavers found by meeting a number of people, the riskiest first, with intervals (95 %)."""
    columns = card["models"][card["feature_set"]]["capacity"]
    leavers = card["training"]["leavers"]
    rows = []
    for share in CAPACITIES:
        place = min(range(len(columns["share"])), key=lambda each: abs(columns["share"][each] - share))
        people, found = columns["people"][place], columns["recall"][place] * leavers
        rows.append(
            [
                f"{grouped(people)} ({percent(columns['share'][place], 0)})",
                _share(disparity.rate_of(found, people)),
                _share(disparity.rate_of(found, leavers)),
                decimal(columns["lift"][place], 1),
            ]
        )
    return Table(
        _("Meeting the riskiest people first, with intervals (95%)"),
        [_("People met"), _("Share who leave"), _("Share of leavers met"), _("Times better than chance")],
        list({row[0]: row for row in rows}.values()),
    )


@dataclass(frozen=True, slots=True)
class ShownDepartures:
    """Expected and actual departures of one department or job."""

    group: str
    people: str
    expected: str
    observed: str
    interval: str
    is_within: bool


def departures(card: Card, attribute: str) -> list[ShownDepartures]:
    """The groups that may be shown, with their departures unless those are suppressed."""
    rows = card["models"][card["feature_set"]]["departures"][attribute]
    hidden, partly_hidden = suppressed_parts({row["group"]: (row["n"], row["observed"]) for row in rows})
    return [_departures(attribute, row, row["group"] in partly_hidden) for row in rows if row["group"] not in hidden]


def _departures(attribute: str, row: Mapping, is_part_hidden: bool) -> ShownDepartures:
    interval = between(grouped(row["low"], 1), grouped(row["high"], 1))
    return ShownDepartures(
        label(attribute, row["group"]),
        grouped(row["n"]),
        grouped(row["expected"], 1),
        _("not shown") if is_part_hidden else grouped(row["observed"]),
        "" if is_part_hidden else interval,
        is_part_hidden or row["is_within"],
    )


@dataclass(frozen=True, slots=True)
class GroupRow:
    """How one group fares: the five rates of the model in use and of the other one, each in words or a dash.

    ``leavers``, and the rates that would reveal that count, are empty if the count is suppressed.
    """

    group: str
    people: str
    leavers: str
    is_unjudged: bool
    own: list[tuple[str, str]]  # the value and its interval
    other: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The groups of each attribute among those over the threshold, or in the riskiest fifth."""

    title: str
    attributes: list[tuple[str, list[GroupRow]]]


def fairness(card: Card, without: Collection[str] = ()) -> list[Selection]:
    """Both selections, the threshold's first, for the groups that may be shown; ``without`` are attributes switched
    off."""
    own, other = sides(card)
    found = []
    for name, title in SELECTIONS.items():
        entries = card["models"][own]["fairness"][name]
        others = {(entry["attribute"], entry["group"]): entry for entry in card["models"][other]["fairness"][name]}
        attributes: list[tuple[str, list[GroupRow]]] = []
        for attribute, text in ATTRIBUTES.items():
            groups = [entry for entry in entries if entry["attribute"] == attribute and attribute not in without]
            hidden, partly_hidden = suppressed_parts(
                {entry["group"]: (entry["n"], entry["leavers"]) for entry in groups}
            )
            shown = [entry for entry in groups if entry["group"] not in hidden]
            if shown:
                pairs = ((entry, others[attribute, entry["group"]]) for entry in shown)
                attributes.append((_(text), [_rates(*pair, pair[0]["group"] in partly_hidden) for pair in pairs]))
        found.append(Selection(_(title), attributes))
    return found


def _rates(entry: Mapping, other: Mapping, is_part_hidden: bool) -> GroupRow:
    return GroupRow(
        group=group_label(entry["attribute"], entry["group"]),
        people=grouped(entry["n"]),
        leavers="" if is_part_hidden else grouped(entry["leavers"]),
        is_unjudged=entry["is_small"],
        own=_cells(entry, is_part_hidden),
        other=_cells(other, is_part_hidden),
    )


def group_label(attribute: str, name: str) -> str:
    """A group's name in the active language: an audit names those of the contract in English, others by their word."""
    return label(attribute, _(name))


def _cells(entry: Mapping, is_part_hidden: bool) -> list[tuple[str, str]]:
    cells = []
    for name, _text, is_share in RATES:
        rate = entry[name]
        if is_part_hidden and name in OF_LEAVERS:
            cells.append((_("not shown"), ""))
        elif rate is None:
            cells.append(("–", ""))
        else:
            value, low, high = (_figure(rate[key], is_share, 2) for key in ("value", "low", "high"))
            cells.append((value, between(low, high)))
    return cells


@dataclass(frozen=True, slots=True)
class ProxyRow:
    """The share of a protected attribute that the features in use explain: together, and the three strongest alone."""

    attribute: str
    together: str
    strongest: str


def proxies(card: Card, without: Collection[str] = ()) -> list[ProxyRow]:
    return [
        ProxyRow(
            _(ATTRIBUTES[entry["attribute"]]),
            percent(entry["together"], 0),
            ", ".join(
                f"{_(schema.BY_NAME[each['feature']].label)} ({percent(each['share'], 0)})"
                for each in entry["features"][:3]
                if each["share"] >= LEAST_PROXY
            ),
        )
        for entry in card["proxies"]
        if entry["attribute"] not in without
    ]


def coverage(card: Card) -> Table:
    """The measured coverage of the probabilities' intervals."""
    rows = [
        [between(percent(each["low"]), percent(each["high"])), percent(each["coverage"])]
        for each in card["uncertainty"]["coverage"]["by_risk"]
    ]
    risk = _("True risk within a quarter") if card["horizon_months"] else _("True risk")  # a forecast learns quarters
    return Table(_("How often an interval (90%) holds the truth, by simulation"), [risk, _("Holds the truth")], rows)


def names(features: Iterable[str]) -> list[str]:
    """Labels of features, in the active language's order."""
    return sorted((_(schema.BY_NAME[name].label) for name in features), key=str.casefold)
