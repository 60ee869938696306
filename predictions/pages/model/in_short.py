"""The model on one screen, for HR: how often it is right, whether that holds over time, whether it is fair.

One picture each, with the sentence that it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from employees.terms import columns_off
from predictions.decisions.threshold_decisions import InForce
from predictions.formats import decimal, grouped, percent
from predictions.ml.artifacts.card_format import ATTRIBUTES, Card, Rate
from predictions.ml.assessment import disparity
from predictions.ml.assessment.disparity import FOUR_FIFTHS
from predictions.ml.scorer import Model
from predictions.pages import charts
from predictions.pages.model import card_tables, fairness_findings, out_of_time
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


def section(
    in_use: Model,
    today: Today | None,
    capacity: int | None,
    *,
    sees_everyone: bool,
    expected: InForce | None = None,
) -> dict:
    """The context of the part; ``expected`` of those present, ``capacity`` if that is the rule in force. No query."""
    groups = today.groups if today else fairness_findings.of_card(in_use.card, in_use.threshold, columns_off())
    return {
        "right": _right(in_use, capacity, sees_everyone=sees_everyone),
        "counted_on": [*_counted_on(in_use.card, expected), *_not_learned_from(in_use.card)] if sees_everyone else [],
        "over_time": _over_time(in_use.card, sees_everyone=sees_everyone),
        "over_time_chart": _over_time_chart(in_use.card) if sees_everyone else None,
        "fair": f"{_compared_among(today)} {_fair(groups)}",
        "fair_chart": _fair_chart(groups) if sees_everyone else None,
    }


def _right(in_use: Model, capacity: int | None, *, sees_everyone: bool) -> list[OutOfHundred]:
    """Of a hundred flagged, those who left; of a hundred who left, those flagged."""
    found = card_tables.hits(in_use.card, in_use.threshold, capacity, sees_everyone=sees_everyone)
    if found is None:
        return [OutOfHundred(_("Too few people have left to say how often it is right."), None)]
    if capacity is not None:
        texts = [
            _("Of 100 people on a list of the %(length)s most at risk, %(number)s left."),
            _("Of 100 people who left, %(number)s were on such a list."),
        ]
    else:
        texts = [
            _("Of 100 people over the threshold, %(number)s left."),
            _("Of 100 people who left, %(number)s were over the threshold."),
        ]
    return [_of_hundred(*each, capacity) for each in zip(texts, (found.precision, found.recall), strict=True)]


def _of_hundred(text: str, rate: Rate, capacity: int | None) -> OutOfHundred:
    """The text with the number and its interval, if that says more."""
    number, low, high = (round(rate[end] * DOTS) for end in ("value", "low", "high"))
    told = _("%(mean)s (%(low)s to %(high)s)") % {"mean": number, "low": low, "high": high} if low < high else number
    length = grouped(capacity) if capacity is not None else ""
    return OutOfHundred(text % {"number": told, "length": length}, number)


def _counted_on(card: Card, expected: InForce | None) -> list[str]:
    """Which people the shares above are of, and why those expected of the people present are others."""
    if not (day := card_tables.judged_on(card)):
        return []
    text = _(
        "Counted on the %(people)s people present on %(date)s who stayed, resigned or left for an unknown reason in "
        "the %(months)s months after it, by models that had not seen the person. In brackets, what chance leaves open "
        "(95%%)."
    )
    counts = {"people": grouped(card["training"]["employees"]), "months": card["horizon_months"]}
    found = [text % {"date": date_format(day), **counts}]
    if expected and expected.share_leaving is not None and expected.share_found is not None:
        text = _(
            "Beside each score and on Today stands what is expected of those present now: %(leaving)s of those over "
            "the threshold leave, who are %(found)s of all departures expected. They are other people: many of the "
            "riskiest have left meanwhile."
        )
        shares = {"leaving": percent(expected.share_leaving, 0), "found": percent(expected.share_found, 0)}
        found.append(text % shares)
    return found


def _not_learned_from(card: Card) -> list[str]:
    """The people whose data it left out at their own request."""
    if "objecting" not in card["training"]:
        return []
    if not (people := card["training"]["objecting"]):
        return [_("It did not learn from the data of fewer than five people, who object to being scored.")]
    text = _("It did not learn from the data of %(people)s people, who object to being scored.")
    return [text % {"people": grouped(people)}]


def _over_time(card: Card, *, sees_everyone: bool) -> str:
    test = card["out_of_time"]
    if not test:
        text = _("The history is too short to test it on later months: how well it holds over time is not known yet.")
        return f"{text} {out_of_time.untested(card)}".strip()
    verdicts = " ".join([*out_of_time.verdicts(test, sees_counts=sees_everyone), out_of_time.untested(card)]).strip()
    if not sees_everyone:
        text = _("It was tested on %(months)s months that it had not seen.") % {"months": test["months"]}
        hint = _("The counts are for those who see the whole company.")
        return f"{text} {verdicts} {hint}"
    text = _(
        "From what was known on %(day)s, %(expected)s departures were expected within %(months)s months, between "
        "%(low)s and %(high)s; %(happened)s."
    )
    values = {
        "day": date_format(date.fromisoformat(str(test["learned_until"]))),
        "months": test["months"],
        "expected": grouped(test["expected"]),
        "low": grouped(test["low"]),
        "high": grouped(test["high"]),
        "happened": out_of_time.left_or_vanished(test["departures"], test["vanished"]),
    }
    return f"{text % values} {verdicts}"


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
        rows=[_("In the %(months)s months of the test") % {"months": test["months"]}],
        lines=[
            charts.Line(_("Expected"), [charts.Point(0, test["expected"], label, text, test["low"], test["high"])]),
            charts.Line(_("Happened"), [charts.Point(0, test["departures"], label, grouped(test["departures"]))]),
        ],
        axis=grouped,
    )


def _compared_among(today: Today | None) -> str:
    if today is None:
        return _("Compared among the people that the model learned from.")
    return _("Compared among the people present in the whole company on %(date)s.") % {"date": date_format(today.day)}


def _fair(groups: Sequence[Groups]) -> str:
    """By which attributes the groups are flagged alike, by the four-fifths rule, and what chance may explain."""
    ratios = {each.attribute: found for each in groups if (found := disparity.ratio(each.selected))}
    if not ratios:
        return _("Too few people to compare how often the groups are flagged.")
    is_certain = dict(zip(ratios, disparity.beyond_chance([*ratios.values()]), strict=True))
    broken = [name for name, found in ratios.items() if not found.keeps_four_fifths]
    said = (
        (
            _("By %(attributes)s, it flags some groups clearly more often than others."),
            [name for name in broken if is_certain[name]],
        ),
        (
            _("By %(attributes)s, it flags some groups more often, but chance may explain that."),
            [name for name in broken if not is_certain[name]],
        ),
        (
            _("By %(attributes)s, it flags the groups about equally often."),
            [name for name in ratios if name not in broken],
        ),
        (
            _("By %(attributes)s, too few people are flagged to compare the groups."),
            [each.attribute for each in groups if each.attribute not in ratios and not each.remark],
        ),
    )
    sentences = [
        text % {"attributes": get_text_list(_lower([_(ATTRIBUTES[name]) for name in names]), _("and"))}
        for text, names in said
        if names
    ]
    return " ".join([*sentences, _("It uses none of these; other features stand for them in part.")])


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
