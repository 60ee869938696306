"""Whether the model treats groups alike, in sentences and charts: in its card, and among those present.

Sex, age and family status get the same sentences. An account with some departments reads only the ratios and gaps of
the card: neither a group's rates nor a count.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees.disclosure import is_small, shown_count, suppressed_parts
from predictions.formats import decimal, grouped, percent
from predictions.ml.artifacts.card_format import ATTRIBUTES, Card, Rate
from predictions.ml.assessment import disparity
from predictions.ml.assessment.disparity import FOUR_FIFTHS, SMALL_LEAVERS, SMALL_PEOPLE, UNKNOWN, Disparity
from predictions.models import ScoringRun
from predictions.pages import charts
from predictions.pages.charts import Chart, Line, Point
from predictions.pages.model.card_tables import group_label
from predictions.selectors.group_counts import GroupCounts

# How a sentence names the people of a group.
PEOPLE = {
    "Woman": gettext_noop("women"),
    "Man": gettext_noop("men"),
    "Under 30": gettext_noop("people under 30"),
    "30 to 39": gettext_noop("people aged 30 to 39"),
    "40 to 49": gettext_noop("people aged 40 to 49"),
    "50 and over": gettext_noop("people aged 50 and over"),
    "Single": gettext_noop("single people"),
    "Married": gettext_noop("married people"),
    "Divorced": gettext_noop("divorced people"),
}


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one attribute: the rates of those that may be shown and are large enough to be judged."""

    attribute: str
    selected: Mapping[str, Rate] = field(default_factory=dict)
    recall: Mapping[str, Rate] | None = field(default_factory=dict)  # None if it is not known who left
    small: Sequence[str] = ()  # shown, but too few people, or too few of them flagged, to be judged
    few_left: Sequence[str] = ()  # the same for those who left
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The sentences about one attribute."""

    attribute: str
    paragraphs: list[str]


@dataclass(frozen=True, slots=True)
class Today:
    """Those present on the day of a run, and those who left ``since`` an earlier one (None without one).

    ``is_hindsight`` is whether the ``version`` that scored these had learned from days after that one.
    """

    day: date
    people: int
    threshold: float
    groups: list[Groups]
    since: date | None = None
    version: str = ""
    is_hindsight: bool = False


def of_card(card: Card, threshold: float, columns_off: Collection[str] = ()) -> list[Groups]:
    """The groups at a threshold among the people that the model learned from, by out-of-fold predictions."""
    rate_at = partial(disparity.rate_at, threshold, card["threshold"]["curve"]["threshold"])
    found = []
    for attribute in ATTRIBUTES:
        if attribute in columns_off:
            found.append(_switched_off(attribute))
            continue
        groups = {curve["group"]: curve for curve in card["group_curves"] if curve["attribute"] == attribute}
        hidden, partly_hidden = suppressed_parts({name: (each["n"], each["leavers"]) for name, each in groups.items()})
        shown = {name: curve for name, curve in groups.items() if name not in hidden}
        judged = {name: curve for name, curve in shown.items() if not curve["is_small"]}
        told = {name: curve for name, curve in judged.items() if curve["leavers"] and name not in partly_hidden}
        found.append(
            Groups(
                attribute,
                {name: rate_at(each["flagged"], each["n"]) for name, each in judged.items()},
                {name: rate_at(each["caught"], each["leavers"]) for name, each in told.items()},
                [name for name in shown if name not in judged],
                remark="" if groups else _("Unknown for everyone."),
            )
        )
    return found


def today(run: ScoringRun, columns_off: Collection[str], *, is_rounded: bool = False) -> Today:
    """Those present at a run, and those who had left by then. Columns that are switched off are not counted.

    ``is_rounded`` makes all of it of counts rounded to fives, and hides what the exact ones would.
    """
    counts = cast(GroupCounts, run.group_counts)
    shown: Callable[[int], int] = partial(shown_count, is_rounded=is_rounded)
    groups = [_of_counts(attribute, counts, columns_off, shown) for attribute in ATTRIBUTES]
    people = shown(run.employee_count)
    if (left := counts["left"]) is None:
        return Today(run.day, people, run.threshold, groups)
    since = date.fromisoformat(left["since"])
    return Today(run.day, people, run.threshold, groups, since, left["version"], left["is_hindsight"])


def _of_counts(attribute: str, counts: GroupCounts, columns_off: Collection[str], of: Callable[[int], int]) -> Groups:
    if attribute in columns_off:
        return _switched_off(attribute)
    present, left = counts["present"][attribute], counts["left"]
    selected, small = _rates(present, SMALL_PEOPLE, of)
    recall, few_left = _rates(left["counts"][attribute], SMALL_LEAVERS, of) if left else (None, [])
    return Groups(attribute, selected, recall, small, few_left, _unknown(present, of))


def _switched_off(attribute: str) -> Groups:
    return Groups(attribute, remark=_("Not compared, since the column is switched off."))


def _rates(
    groups: Mapping[str, Sequence[int]], smallest: int, of: Callable[[int], int]
) -> tuple[dict[str, Rate], list[str]]:
    """The rates of the groups to judge, and the names of the others that may be shown.

    People whose group is unknown are in no table: if they are few, they are not shown, and suppress no known group.
    """
    pairs = {name: (people, part) for name, (people, part) in groups.items() if name != UNKNOWN}
    hidden, partly_hidden = suppressed_parts(pairs)
    shown = {name: pair for name, pair in pairs.items() if name not in hidden}
    judged = {name: pair for name, pair in shown.items() if pair[0] >= smallest and name not in partly_hidden}
    rates = {name: disparity.rate_of(of(part), of(people)) for name, (people, part) in judged.items()}
    return rates, [name for name in shown if name not in judged]


def _unknown(groups: Mapping[str, Sequence[int]], of: Callable[[int], int]) -> str:
    """The number of people whose group is unknown, in words; empty if it is fewer than five."""
    unknown = groups[UNKNOWN][0] if UNKNOWN in groups else 0
    if unknown == sum(people for people, _part in groups.values()):
        return _("Unknown for everyone.")
    if not unknown or is_small(unknown):
        return ""
    return _("Unknown for %(people)s people.") % {"people": grouped(of(unknown))}


def findings(groups: Sequence[Groups], *, sees_rates: bool) -> list[Finding]:
    """A finding for each attribute; without ``sees_rates`` only ratios and gaps."""
    ratios = {each.attribute: found for each in groups if (found := disparity.ratio(each.selected))}
    gaps = {each.attribute: found for each in groups if (found := disparity.gap(each.recall or {}))}
    is_certain = {
        (name, attribute): is_beyond
        for name, all_found in (("ratio", ratios), ("gap", gaps))
        for attribute, is_beyond in zip(all_found, disparity.beyond_chance([*all_found.values()]), strict=True)
    }

    def paragraphs(each: Groups) -> Iterator[str]:
        ratio, gap = ratios.get(each.attribute), gaps.get(each.attribute)
        if each.remark:
            yield each.remark
        if ratio:
            chance = _chance(is_certain["ratio", each.attribute], is_alone=not ratio.low <= 1 <= ratio.high)
            yield " ".join([_selection(ratio, each, sees_rates), chance, _four_fifths(ratio), *few(each, each.small)])
        elif each.selected or each.small or not each.remark:
            yield _("Too few people to compare how often the groups are flagged.")
        if gap:
            chance = _chance(is_certain["gap", each.attribute], is_alone=not gap.low <= 0 <= gap.high)
            yield " ".join([_recall(gap, each, sees_rates), chance, *few(each, each.few_left)])
        elif ratio and each.recall is not None:
            yield _("Too few have left to compare how many of each group it had flagged.")

    def few(each: Groups, names: Sequence[str]) -> Iterator[str]:
        if names and sees_rates:
            shown = ", ".join(group_label(each.attribute, name) for name in names)
            yield _("Too few to judge: %(groups)s.") % {"groups": shown}

    return [Finding(_(ATTRIBUTES[each.attribute]), [*paragraphs(each)]) for each in groups]


def _people(attribute: str, name: str) -> str:
    if name in PEOPLE:
        return _(PEOPLE[name])
    return _("people of the group “%(group)s”") % {"group": group_label(attribute, name)}


def _selection(ratio: Disparity, groups: Groups, sees_rates: bool) -> str:
    if ratio.value == 1:
        return _("The model flags all groups equally often.")
    if len(groups.selected) == 2:
        text = _("The model flags %(most)s more often than %(least)s: %(what)s.")
    else:
        text = _("The model flags %(most)s most often and %(least)s least often: %(what)s.")
    figures = {end: decimal(getattr(ratio, end), 2) for end in ("value", "low", "high")}
    what = _("a ratio of %(value)s (%(low)s to %(high)s)") % figures
    if sees_rates:
        what = _("%(most)s against %(least)s, %(ratio)s") % {
            "most": _whole(groups.selected[ratio.highest]),
            "least": _whole(groups.selected[ratio.lowest]),
            "ratio": what,
        }
    return text % {
        "most": _people(groups.attribute, ratio.highest),
        "least": _people(groups.attribute, ratio.lowest),
        "what": what,
    }


def _four_fifths(ratio: Disparity) -> str:
    if ratio.keeps_four_fifths:
        if ratio.low >= FOUR_FIFTHS:
            return _("The four-fifths rule is met.")
        return _("The four-fifths rule is met, but not beyond doubt: the interval goes below 0.8.")
    if ratio.high < FOUR_FIFTHS:
        return _("The four-fifths rule is not met.")
    return _("The four-fifths rule is not met, but not beyond doubt: the interval goes above 0.8.")


def _recall(gap: Disparity, groups: Groups, sees_rates: bool) -> str:
    rates = groups.recall or {}
    figures = {
        "most": _people(groups.attribute, gap.highest),
        "least": _people(groups.attribute, gap.lowest),
        **{end: decimal(getattr(gap, end) * 100, 0) for end in ("value", "low", "high")},
    }
    if not sees_rates:
        return (
            _(
                "Of those who left, it had flagged a larger share among %(most)s than among %(least)s: a gap of "
                "%(value)s points (%(low)s to %(high)s)."
            )
            % figures
        )
    return _(
        "Of those who left, it had flagged %(most_rate)s among %(most)s and %(least_rate)s among %(least)s: a gap of "
        "%(value)s points (%(low)s to %(high)s)."
    ) % {**figures, "most_rate": _whole(rates[gap.highest]), "least_rate": _whole(rates[gap.lowest])}


def _chance(is_certain: bool, *, is_alone: bool) -> str:
    """``is_alone`` is whether the interval of this comparison alone, the only one shown, excludes chance."""
    if is_certain:
        return _("That is more than chance explains.")
    return _("Among several comparisons, chance may explain that.") if is_alone else _("Chance may explain that.")


def _whole(rate: Rate) -> str:
    return percent(rate["value"], 0)


# Charts

RatesByGroup = Mapping[tuple[str, str], Rate]  # by attribute and group


def drawn(learned: Sequence[Groups], threshold: float, now: Today | None) -> list[Chart]:
    """How often each group is flagged, relative to the most flagged one, and how many of its leavers had been flagged.

    Each with its threshold: that of those it learned from is given, and may be newer than the run of those present.
    """
    selected = [(_at(_("Those it learned from"), threshold), _ratios(learned))]
    recalled = [(_at(_("Those it learned from"), threshold), _recalls(learned))]
    if now:
        selected.append((_at(_("Those present"), now.threshold), _ratios(now.groups)))
        recalled.append((_at(_("Those who have left since"), now.threshold), _recalls(now.groups)))
    of_selection = _dots(
        selected,
        title=_("Flagged, against the group that is flagged most often"),
        caption=_("Left of the dashed line, the four-fifths rule is not met. With intervals (95%)."),
        column=_("Ratio"),
        words=lambda value: decimal(value, 2),
        axis=lambda value: decimal(value, 1),
        reference=(FOUR_FIFTHS, _("four fifths")),
    )
    of_recall = _dots(
        recalled,
        title=_("Flagged among those who left"),
        caption=_("Of each group's people who left, the share that had been flagged. With its own interval (95%)."),
        column=_("Share"),
        words=lambda value: percent(value, 0),
        axis=lambda value: percent(value, 0),
    )
    return [chart for chart in (of_selection, of_recall) if chart]


def _at(people: str, threshold: float) -> str:
    return _("%(people)s, at %(threshold)s") % {"people": people, "threshold": percent(threshold)}


def _ratios(groups: Sequence[Groups]) -> RatesByGroup:
    return {(each.attribute, name): rate for each in groups for name, rate in disparity.ratios(each.selected).items()}


def _recalls(groups: Sequence[Groups]) -> RatesByGroup:
    return {(each.attribute, name): rate for each in groups for name, rate in (each.recall or {}).items()}


def _dots(
    series: Sequence[tuple[str, RatesByGroup]],
    *,
    title: str,
    caption: str,
    column: str,
    words: Callable[[float], str],
    axis: Callable[[float], str],
    reference: tuple[float, str] | None = None,
) -> Chart | None:
    """The chart of the series that have rates, by attribute; None without any."""
    series = [(name, rates) for name, rates in series if rates]
    if not series:
        return None
    found = dict.fromkeys(row for _name, rates in series for row in rates)
    rows = [row for attribute in ATTRIBUTES for row in found if row[0] == attribute]
    labels = [group_label(*row) for row in rows]
    lines = [
        Line(name, [_point(place, labels[place], rates[row], words) for place, row in enumerate(rows) if row in rates])
        for name, rates in series
    ]
    return charts.dots(
        title=title,
        caption=caption,
        columns=[_("Group"), column],
        rows=labels,
        lines=lines,
        axis=axis,
        reference=reference,
    )


def _point(place: int, label: str, rate: Rate, words: Callable[[float], str]) -> Point:
    value, low, high = (words(rate[end]) for end in ("value", "low", "high"))
    if rate["low"] == rate["high"]:  # the group that the others are compared with
        return Point(place, rate["value"], label, value)
    text = _("%(mean)s (%(low)s to %(high)s)") % {"mean": value, "low": low, "high": high}
    return Point(place, rate["value"], label, text, rate["low"], rate["high"])
