"""The model on one screen, for HR: how often it is right, whether that holds over time, whether it is fair.

One picture each, with the sentence that it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from employees.disclosure import SMALLEST_GROUP
from employees.terms import columns_off
from predictions.formats import decimal, grouped, percent
from predictions.ml.artifacts.card_format import ATTRIBUTES, Card
from predictions.ml.assessment import disparity, thresholds
from predictions.ml.assessment.disparity import FOUR_FIFTHS
from predictions.ml.scorer import Model
from predictions.pages import charts
from predictions.pages.model import fairness_findings
from predictions.pages.model.fairness_findings import Groups, Today

DOTS = 100


@dataclass(frozen=True, slots=True)
class OutOfHundred:
    """So many of a hundred, drawn as dots; ``number`` is None where too few people are behind it."""

    sentence: str
    number: int | None

    @property
    def dots(self) -> list[tuple[int, int, bool]]:
        """Place and whether it is one of them, ten a row."""
        return [(place % 10 * 10 + 5, place // 10 * 10 + 5, place < (self.number or 0)) for place in range(DOTS)]


def section(in_use: Model, today: Today | None, *, sees_everyone: bool) -> dict:
    """The context of the part. No query."""
    groups = today.groups if today else fairness_findings.of_card(in_use.card, in_use.threshold, columns_off())
    return {
        "right": _right(in_use),
        "over_time": _over_time(in_use.card, sees_everyone=sees_everyone),
        "over_time_chart": _over_time_chart(in_use.card) if sees_everyone else None,
        "fair": _fair(groups),
        "fair_chart": _fair_chart(groups) if sees_everyone else None,
    }


def _right(in_use: Model) -> list[OutOfHundred]:
    """Of a hundred flagged, those who left; of a hundred who left, those flagged."""
    card = in_use.card
    _flagged, precision, recall = thresholds.measured(
        thresholds.from_card(card["threshold"]["curve"]), in_use.threshold
    )
    if recall * card["training"]["leavers"] < SMALLEST_GROUP:
        return [OutOfHundred(_("Too few people have left to say how often it is right."), None)]
    flagged, found = round(precision * DOTS), round(recall * DOTS)
    return [
        OutOfHundred(_("Of 100 people over the threshold, %(number)s left.") % {"number": flagged}, flagged),
        OutOfHundred(_("Of 100 people who left, %(number)s were over the threshold.") % {"number": found}, found),
    ]


def _over_time(card: Card, *, sees_everyone: bool) -> str:
    test = card["out_of_time"]
    if not test:
        return _("The history is too short to test it on later months: how well it holds over time is not known yet.")
    if not sees_everyone:
        return _("It was tested on months that it had not seen; the counts are for those who see the whole company.")
    happened = test["departures"]
    values = {
        "day": date_format(date.fromisoformat(str(test["learned_until"]))),
        "months": test["months"],
        "expected": grouped(test["expected"]),
        "low": grouped(test["low"]),
        "high": grouped(test["high"]),
        "left": grouped(happened),
    }
    text = _(
        "From what was known on %(day)s, %(expected)s departures were expected within %(months)s months, between "
        "%(low)s and %(high)s; %(left)s happened."
    )
    verdicts = {
        True: _("The forecast held."),
        False: _("More left than it expected.") if happened > test["high"] else _("Fewer left than it expected."),
    }
    return f"{text % values} {verdicts[round(test['low']) <= happened <= round(test['high'])]}"


def _over_time_chart(card: Card) -> charts.Chart | None:
    test = card["out_of_time"]
    if not test:
        return None
    label = _("Departures")
    ends = {"number": grouped(test["expected"]), "low": grouped(test["low"]), "high": grouped(test["high"])}
    text = _("%(number)s (%(low)s to %(high)s)") % ends
    return charts.dots(
        title=_("Expected and actual departures"),
        columns=[_("Figure"), label],
        rows=[_("In the months of the test")],
        lines=[
            charts.Line(_("Expected"), [charts.Point(0, test["expected"], label, text, test["low"], test["high"])]),
            charts.Line(_("Happened"), [charts.Point(0, test["departures"], label, grouped(test["departures"]))]),
        ],
        axis=grouped,
    )


def _fair(groups: Sequence[Groups]) -> str:
    """By which attributes the groups are flagged alike, by the four-fifths rule."""
    ratios = {each.attribute: found for each in groups if (found := disparity.ratio(each.selected))}
    if not ratios:
        return _("Too few people to compare how often the groups are flagged.")
    kept = [_(ATTRIBUTES[name]) for name, found in ratios.items() if found.keeps_four_fifths]
    broken = [_(ATTRIBUTES[name]) for name, found in ratios.items() if not found.keeps_four_fifths]
    words = {"kept": get_text_list(_lower(kept), _("and")), "broken": get_text_list(_lower(broken), _("and"))}
    if not broken:
        text = _("By %(kept)s, it flags the groups about equally often.")
    elif not kept:
        text = _("By %(broken)s, it flags some groups clearly more often than others.")
    else:
        text = _(
            "By %(kept)s, it flags the groups about equally often; by %(broken)s, some clearly more often than others."
        )
    return " ".join([text % words, _("It uses none of these; other features stand for them in part.")])


def _lower(labels: Sequence[str]) -> list[str]:
    return [label[:1].lower() + label[1:] for label in labels]


def _fair_chart(groups: Sequence[Groups]) -> charts.Chart | None:
    """The least flagged group against the most flagged one, by attribute."""
    ratios = [(each, found) for each in groups if (found := disparity.ratio(each.selected))]
    if not ratios:
        return None
    points = [
        charts.Point(
            place,
            found.value,
            _(ATTRIBUTES[each.attribute]),
            _("%(value)s (%(low)s to %(high)s)")
            % {end: decimal(getattr(found, end), 2) for end in ("value", "low", "high")},
            found.low,
            min(found.high, 1.0),
        )
        for place, (each, found) in enumerate(ratios)
    ]
    drawn = charts.dots(
        title=_("How often the least flagged group is flagged, against the most flagged one"),
        columns=[_("Attribute"), _("Ratio")],
        rows=[_(ATTRIBUTES[each.attribute]) for each, _found in ratios],
        lines=[charts.Line(_("Ratio"), points)],
        axis=lambda value: percent(value, 0),
        reference=(FOUR_FIFTHS, _("four fifths")),
    )
    return replace(drawn, legend=[])  # one series, which the title names
