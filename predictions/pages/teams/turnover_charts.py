"""Who left month by month, and the months to come beside those that were."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from employees.disclosure import suppressed
from predictions.formats import grouped, percent
from predictions.pages import charts
from predictions.pages.teams import segment as segments
from predictions.pages.teams.segment import title_of, value_label
from predictions.pages.teams.world import World
from predictions.segments.cube import OTHERS, TEAM, UNKNOWN
from predictions.segments.forecast import interval_of
from predictions.segments.turnover import YEAR, Month, Turnover

REASON = frozenset({"motif_sortie"})


def months_chart(world: World, turnover: Turnover) -> charts.Chart | None:
    """Who left by month, by choice or otherwise, with the arrivals and the rate in its table."""
    months = turnover.months
    counted = world.cube.counted
    reads_reasons = world.has_list and world.readable.reads(REASON)
    hidden = frozenset() if world.has_list else hidden_months(turnover, months)

    def segments_of(month: Month) -> list[charts.Segment]:
        if month.start in hidden:
            return [charts.Segment(0, _("not shown"), "total")]
        href = _departures_of(world, month)
        if not reads_reasons:
            left = counted(month.left_in_all)
            return [charts.Segment(left, grouped(left), "total", href)]
        by_choice, other = counted(month.left_by_choice), counted(month.left_in_all - month.left_by_choice)
        return [
            charts.Segment(by_choice, grouped(by_choice), "total", href),
            charts.Segment(other, grouped(other), "low", href),
        ]

    bars = [
        charts.Bar(
            date_format(month.start, "F Y"),
            segments_of(month),
            _month_cells(world, month, hidden),
            is_withheld=month.start in hidden,
        )
        for month in months
    ]
    names = [_("Resigned, or reason not known"), _("Left otherwise")] if reads_reasons else [_("Left")]
    further = [_("Arrived"), _("People"), _("Rate")] if world.has_list else [_("Rate")]
    step = max(1, math.ceil(len(months) / 6))
    return charts.columns(
        title=_of_segment(world, _("Who left, month by month")),
        caption=_turnover_sentence(world, turnover),
        columns=[_("Month"), *names, *further],
        names=names,
        bars=bars,
        axis=grouped,
        ticks=[(place + 0.5, text) for place, text in _ticks([month.start for month in months], step)],
    )


def hidden_months(turnover: Turnover, months: Sequence[Month]) -> frozenset[date]:
    """The first days of the months in which too few left, where the year up to the newest day is told beside them."""
    counts: dict[date | None, int] = {month.start: month.left_in_all for month in months}
    counts[None] = turnover.left_late()  # what the sum of the year has besides them
    return frozenset(start for start in suppressed(counts) if start is not None)


def _ticks(days: list[date], step: int) -> Iterator[tuple[int, str]]:
    """A month every ``step`` of them, with its year where that is another one than at the month named before."""
    year = None
    for place in range(0, len(days), step):
        yield place, date_format(days[place], "N" if days[place].year == year else "N y")
        year = days[place].year


def _departures_of(world: World, month: Month) -> str:
    """The list of those who left in a month, where the account may read it and it narrows as the segment does."""
    conditions = world.asked.conditions
    if not world.has_list or conditions.keys() - {"departement"}:
        return ""
    last = (month.start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    query = {"since": str(month.start), "until": str(last), "department": str(conditions.get("departement", ""))}
    return f"{reverse('departures')}?{urlencode({name: value for name, value in query.items() if value})}"


def _month_cells(world: World, month: Month, hidden: frozenset) -> list[str]:
    rate = world.cube.rate(month.left_in_all, month.mean_people)
    text = "–" if rate is None or month.start in hidden else percent(rate)
    if not world.has_list:
        return [text]
    return [grouped(world.cube.counted(count)) for count in (month.arrived, month.mean_people)] + [text]


def _turnover_sentence(world: World, turnover: Turnover) -> str:
    """The year in a sentence; of what is known of it."""
    months = min(len(turnover.months), YEAR)
    if not world.has_list and suppressed({"": turnover.left(months)}):
        return ""
    values = {
        "months": months,
        "day": date_format(turnover.until),
        "left": grouped(world.cube.counted(turnover.left(months))),
        "arrived": grouped(world.cube.counted(turnover.arrived(months))),
        "rate": percent(world.cube.rate(turnover.left(months), turnover.mean_people(months)) or 0),
    }
    if not world.has_list:
        return _("In %(months)s months up to %(day)s, %(left)s left: %(rate)s of the people.") % values
    return (
        _("In %(months)s months up to %(day)s, %(left)s left, %(rate)s of the people, and %(arrived)s arrived.")
        % values
    )


def _of_segment(world: World, title: str) -> str:
    """A chart's title; beside other segments it says that it is of the one that is chosen."""
    if not world.asked.compared:
        return title
    return _("%(title)s · %(segment)s") % {"title": title, "segment": title_of(world.asked.conditions, world.names)}


def beside(world: World) -> charts.Chart | None:
    """The next months, forecast, beside the last ones, by the rows of the map: departures as the forecast counts.

    Of the segment's people, as the rest of the page; none of a team, which is crossed with nothing.
    """
    months, asked = world.run.horizon_months, world.asked
    if TEAM in {asked.row, *asked.conditions} or months is None or world.moves is None:
        return None
    if len(world.moves.months) < months:
        return None
    others = {name: value for name, value in asked.conditions.items() if name != asked.row}
    shown = [
        (value, sums)
        for (value,), sums in world.cube.table((asked.row,), others).items()
        if sums is not None and value not in (OTHERS, UNKNOWN)
    ]
    left = {
        value: world.moves.turnover(sums.people, {**others, asked.row: value}).left_by_choice(months)
        for value, sums in shown
    }
    # by all rows: a row that is hidden beside the others stays so by itself
    hidden = frozenset() if world.has_list else suppressed(left)
    if asked.row in asked.conditions:
        shown = [(value, sums) for value, sums in shown if value == asked.conditions[asked.row]]
    if not shown:
        return None
    shown.sort(key=lambda pair: -pair[1].expected)
    forecast, real = [], []
    for place, (value, sums) in enumerate(shown):
        label = value_label(asked.row, value)
        low, high = interval_of(world.run, sums)
        ends = {"number": world.expected(sums), "low": grouped(low), "high": grouped(high)}
        text = _("%(number)s (%(low)s to %(high)s)") % ends
        forecast.append(charts.Point(place, sums.expected, label, text, low, high))
        if value not in hidden:
            people = world.cube.counted(left[value])
            real.append(charts.Point(place, people, label, grouped(people)))
    return charts.dots(
        title=_of_segment(world, _("The last %(months)s months and the next %(months)s") % {"months": months}),
        caption=_(
            "Resignations, and departures whose reason is not known: those of the last %(months)s months, and those "
            "expected in the next %(months)s, with the 95%% interval: two different periods. Their difference is no "
            "error of the forecast."
        )
        % {"months": months},
        columns=[str(segments.LABELS[asked.row]), _("Departures")],
        rows=[value_label(asked.row, value) for value, _sums in shown],
        lines=[
            charts.Line(_("Forecast, next %(months)s months") % {"months": months}, forecast),
            charts.Line(_("Left, last %(months)s months") % {"months": months}, real),
        ],
        axis=grouped,
    )
