"""The forecast of an earlier day beside what happened after it: tables of the card, and what they say in sentences."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from employees.disclosure import is_small
from features import schema
from predictions.formats import decimal, grouped, percent
from predictions.ml.artifacts.card_format import Card, LearnedHistory, OutOfTime
from predictions.ml.decay import Decay
from predictions.pages.model.card_tables import FIGURES, SHARES, Table, between, with_interval

NEAR_THE_END = 0.05  # of the interval's width: a forecast held just by that much is called so


def fewer_later(card: Card) -> float | None:
    """By which share the risk of the months of the horizon is less than if each had that of the first quarter; None for
    a classification."""
    months = card["horizon_months"]
    if not card["history"] or not months:
        return None
    return 1 - float(Decay(**card["history"]["decay"]).months(months)) / months


def tables(card: Card) -> dict[str, Table]:
    """Forecasts of an earlier day compared with the outcomes, and the departures for which each feature is known."""
    history = card["history"]
    found = {"known": _known(card, history)} if history else {}
    if test := card["out_of_time"]:
        found["quarters"] = Table(
            _("Expected and actual departures, quarter by quarter"),
            [_("Since"), _("People"), _("Expected"), _("Happened"), _("Interval (95%)"), _("The forecast")],
            [
                [
                    date_format(row["since"]),
                    grouped(row["people"]),
                    grouped(row["expected"], 1),
                    grouped(row["observed"]),
                    between(grouped(row["low"], 1), grouped(row["high"], 1)),
                    _verdict(row),
                ]
                for row in test["quarters"]
            ],
            _outside(test["quarters"]),
        )
        found["first"] = Table(
            _("The riskiest people of that day"),
            [_("People met"), _("Expected"), _("Happened"), _("Share"), _("Interval (95%)"), _("The forecast")],
            [
                [
                    grouped(row["people"]),
                    grouped(row["expected"], 1),
                    grouped(row["departures"]),
                    percent(row["departures"] / row["people"], 0),
                    between(grouped(row["low"], 1), grouped(row["high"], 1)),
                    _verdict(row),
                ]
                for row in test["first"]
            ],
            _outside(test["first"]),
        )
        found["future"] = Table(
            _("On the months after the day, with the interval over people (95%)"),
            [_("Figure"), _("Out of time")],
            [
                [_(text), with_interval(test["metrics"][name], name in SHARES)]
                for name, text in FIGURES.items()
                if name in test["metrics"]
            ],
        )
    return found


def _known(card: Card, history: LearnedHistory) -> Table:
    rows = [[_(schema.BY_NAME[name].label), grouped(history["departures_known"][name])] for name in card["used"]]
    return Table(_("Departures with a known value of the feature"), [_("Feature"), _("Departures")], rows)


def _is_low(row: Mapping) -> bool:
    """Whether the forecast lies below the interval by chance around what happened."""
    return row["expected"] < row["low"]


def _is_high(row: Mapping) -> bool:
    return row["expected"] > row["high"]


def _verdict(row: Mapping) -> str:
    if _is_low(row):
        return _("too low")
    return _("too high") if _is_high(row) else _("within")


def _outside(rows: Sequence[Mapping]) -> frozenset[int]:
    """The places of the rows whose forecast lies outside the interval."""
    return frozenset(place for place, row in enumerate(rows) if _is_low(row) or _is_high(row))


def left_or_vanished(departures: int, vanished: int) -> str:
    """Both numbers apart: who is known to have left, and who vanished from the files; suppressed where few vanished."""
    counts = {"all": grouped(departures), "left": grouped(departures - vanished), "vanished": grouped(vanished)}
    if is_small(vanished):
        return _("%(all)s left or vanished from the files, fewer than five of whom vanished") % counts
    return _("%(all)s left or vanished from the files: %(left)s left and %(vanished)s vanished") % counts


def in_a_sentence(test: Mapping) -> str:
    """What was expected, what happened, and whether rather more or fewer are to be expected than forecast.

    It counts people of the whole company.
    """
    if test["departures"] > test["expected"]:
        text = _(
            "Tested on %(months)s later months, the model expected %(expected)s departures (%(low)s to %(high)s); "
            "%(happened)s. Rather more may leave than expected."
        )
    else:
        text = _(
            "Tested on %(months)s later months, the model expected %(expected)s departures (%(low)s to %(high)s); "
            "%(happened)s. Rather fewer may leave than expected."
        )
    numbers = {name: grouped(test[name]) for name in ("months", "expected", "low", "high")}
    return text % (numbers | {"happened": left_or_vanished(test["departures"], test["vanished"])})


def untested(card: Mapping) -> str:
    """That the test covers fewer months than the horizon, or that there is none; empty where it covers all."""
    horizon, test = card["horizon_months"], card["out_of_time"]
    if not horizon or (test and test["months"] >= horizon):
        return ""
    if not test:
        text = _("%(horizon)s months is not tested yet: the history is too short to hold back later months.")
        return text % {"horizon": horizon}
    text = _("%(horizon)s months is not tested yet: the history allows %(months)s.")
    return text % {"horizon": horizon, "months": test["months"]}


def verdicts(test: OutOfTime, *, sees_counts: bool = True) -> list[str]:
    """Whether the forecast held: on the whole, of the people at most risk, and in each quarter, one sentence each.

    Without ``sees_counts`` they name no number of people.
    """
    found = [_on_the_whole(test), _of_the_riskiest(test, sees_counts=sees_counts)]
    return [text for text in (*found, *(_of_quarters(test) if sees_counts else ())) if text]


def _on_the_whole(test: OutOfTime) -> str:
    if test["departures"] > round(test["high"]):
        return _("On the whole, more people left than it expected.")
    if test["departures"] < round(test["low"]):
        return _("On the whole, fewer people left than it expected.")
    if _is_just(test):
        return _(
            "On the whole the forecast held, just: what happened lies at the end of its interval, which holds chance "
            "and what such a history leaves uncertain, not a year unlike those before."
        )
    return _(
        "On the whole the forecast held: what happened lies within its interval, which holds chance and what such a "
        "history leaves uncertain, not a year unlike those before."
    )


def _is_just(test: Mapping) -> bool:
    margin = NEAR_THE_END * (test["high"] - test["low"])
    return not test["low"] + margin <= test["departures"] <= test["high"] - margin


def _of_the_riskiest(test: OutOfTime, *, sees_counts: bool) -> str:
    low = [row for row in test["first"] if _is_low(row)]
    high = [row for row in test["first"] if _is_high(row)]
    if low and not high:
        text = _("Those at most risk left more often than their probabilities said")
    elif high and not low:
        text = _("Those at most risk left less often than their probabilities said")
    else:  # neither, or both, which no sentence would tell better than the table
        return ""
    if not sees_counts:
        return f"{text}."
    outside = low or high
    ends = [outside[0], outside[-1]] if len(outside) > 1 else outside
    counts = [
        _("%(left)s of the first %(people)s, where %(expected)s were expected")
        % {
            "left": grouped(row["departures"]),
            "people": grouped(row["people"]),
            "expected": grouped(row["expected"], 0 if row["expected"] >= 10 else 1),
        }
        for row in ends
    ]
    return _("%(what)s: %(counts)s.") % {"what": text, "counts": get_text_list(counts, _("and"))}


def _of_quarters(test: OutOfTime) -> list[str]:
    found = []
    for row in test["quarters"]:
        if not (_is_low(row) or _is_high(row)):
            continue
        if _is_low(row):
            text = _("In the quarter that began on %(day)s, more left than expected: %(left)s, not %(expected)s.")
        else:
            text = _("In the quarter that began on %(day)s, fewer left than expected: %(left)s, not %(expected)s.")
        counts = {"left": grouped(row["observed"]), "expected": grouped(row["expected"])}
        found.append(text % {"day": date_format(date.fromisoformat(str(row["since"]))), **counts})
    return found


def for_experts(test: OutOfTime) -> list[str]:
    """The slope and the intercept of the calibration line in words: two sentences at most."""
    return [text for text in (_spread(test), _level(test)) if text]


def _spread(test: OutOfTime) -> str:
    """Whether high and low probabilities lay as far apart as the departures that followed: the slope in words."""
    slope = test["metrics"].get("calibration_slope")
    if slope is None:
        return ""
    if slope["low"] > 1:
        text = _(
            "High and low risks lay further apart than forecast (slope %(slope)s): the riskiest left more often than "
            "their probabilities, the others less often."
        )
    elif slope["high"] < 1:
        text = _(
            "High and low risks lay closer together than forecast (slope %(slope)s): the riskiest left less often than "
            "their probabilities, the others more often."
        )
    else:
        text = _("High and low risks lay as far apart as forecast, as far as chance lets one tell (slope %(slope)s).")
    return text % {"slope": decimal(slope["mean"], 2)}


def _level(test: OutOfTime) -> str:
    """Whether the probabilities were too high or too low on the whole: the sums say it, not the intercept."""
    intercept = test["metrics"].get("calibration_intercept")
    if intercept is None or not test["expected"]:
        return ""
    if test["low"] <= test["departures"] <= test["high"]:
        text = _(
            "The intercept (%(intercept)s) belongs to a probability of 50%%, which hardly anybody has: with a slope "
            "other than 1 it does not tell the level. The sums do: %(ratio)s times as many left as expected, within "
            "the interval of the forecast."
        )
    else:
        text = _(
            "The intercept (%(intercept)s) belongs to a probability of 50%%, which hardly anybody has: with a slope "
            "other than 1 it does not tell the level. The sums do: %(ratio)s times as many left as expected, outside "
            "the interval of the forecast."
        )
    ratio = decimal(test["departures"] / test["expected"], 2)
    return text % {"intercept": decimal(intercept["mean"], 2), "ratio": ratio}
