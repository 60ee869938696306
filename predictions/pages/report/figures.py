"""What the report says, in the active language: the screen and the PDF show this object and nothing else.

It holds no individual and no group under five, whoever reads it: a report is passed on.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable, Scope
from employees.disclosure import suppressed
from predictions.decisions.costs import Range, costs_in_force
from predictions.decisions.costs import cost_of_a_departure as departure_in_euros
from predictions.formats import grouped, horizon, money_range, percent
from predictions.models import CostDecision, ScoringRun
from predictions.pages.left_out import left_out
from predictions.pages.report.words import Section, left_of, notes, sections, sentences
from predictions.pages.teams.heat_map import tone
from predictions.pages.teams.segment import value_label
from predictions.pages.teams.turnover_charts import hidden_months
from predictions.registry import decision_in_force
from predictions.segments.cube import OTHERS, UNKNOWN, Cube, Sums, Value
from predictions.segments.forecast import expected_of, interval_of
from predictions.segments.turnover import YEAR, Moves, Turnover

ROW, COLUMN = "departement", "poste"
PAY = frozenset({"revenu_mensuel"})
NAMED = 4  # departments of a reader of some


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the first page."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MonthBar:
    """A month: the parts of its bar as shares of the highest one; ``text`` alone where it is suppressed."""

    label: str
    text: str
    by_choice: float = 0.0
    otherwise: float = 0.0

    @property
    def by_choice_top(self) -> float:
        """Where the lower part of the bar begins, from above."""
        return 1 - self.by_choice

    @property
    def otherwise_top(self) -> float:
        return 1 - self.by_choice - self.otherwise


@dataclass(frozen=True, slots=True)
class MapCell:
    text: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class MapRow:
    label: str
    cells: list[MapCell]


@dataclass(frozen=True, slots=True)
class Beside:
    """The next months of a group, forecast, beside its last ones, as texts and as shares of the axis.

    real is None if suppressed.
    """

    label: str
    forecast: str
    real: str
    expected_at: float
    low_at: float
    high_at: float
    real_at: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """The report: texts as they are shown, and lengths as shares of one."""

    language: str
    company: str  # and the departments of a reader of some; empty while the company has no name
    title: str
    period: str
    prepared: str
    author: str
    confidentiality: str
    warning: str  # that another model gave the scores; empty if the one in use did
    footer: str
    page_of: str  # "Page %(page)s of %(pages)s"
    sentences_title: str
    sentences: list[str]
    figures: list[Figure]
    notes: list[str]
    months_title: str
    months_note: str
    months_legend: list[str]
    months: list[MonthBar]
    map_title: str
    map_note: str
    map_columns: list[str]
    map_rows: list[MapRow]
    beside_title: str
    beside_note: str
    beside_legend: list[str]
    beside_most: str  # where its axis, which begins at 0, ends
    beside: list[Beside]
    sections: list[Section] = field(default_factory=list)


def report(
    *,
    run: ScoringRun,
    cube: Cube,
    moves: Moves | None,
    scope: Scope,
    readable: Readable,
    author: str,
    language: str,
    warning: str = "",
) -> Report:
    """The report on a scope. Its forecast is that of the run."""
    whole = cube.whole
    turnover = moves.turnover(whole.people, {}) if moves and moves.months else None
    months = _months(cube, turnover) if turnover else []
    reads_reasons = readable.reads(frozenset({"motif_sortie"}))
    until = date_format(turnover.until if turnover else run.day)
    period = _("Up to %(until)s") % {"until": until}
    if turnover:
        ends = {"since": date_format(turnover.since), "until": until}
        period = _("From %(since)s to %(until)s") % ends
    beside, most = _beside(run, cube, moves)
    company = [settings.COMPANY_NAME]
    of_both = {"months": run.horizon_months or YEAR}
    if not scope.sees_everyone:
        company.append(_whom(scope))
    return Report(
        language=language,
        company=" · ".join(filter(None, company)),
        title=_("Turnover report"),
        period=period,
        prepared=date_format(localdate()),
        author=author,
        confidentiality=_("Confidential. Figures of groups alone: it names nobody, and hides groups under five."),
        warning=warning,
        footer=_("Confidential"),
        page_of=_("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
        sentences_title=_("In three sentences"),
        sentences=list(sentences(run, cube, turnover, scope, readable)),
        figures=list(_figures(run, cube, turnover, scope, readable)),
        notes=list(notes(run, scope, is_rounded=cube.is_rounded)),
        months_title=_("Who left, month by month"),
        months_note=_("A month in which fewer than five people left is hidden, and another one with it."),
        months_legend=[_("Resigned, or reason not known"), _("Left otherwise")] if reads_reasons else [_("Departures")],
        months=months if reads_reasons else [_without_reasons(month) for month in months],
        map_title=_("Where departures are expected"),
        map_note=_(
            "Share of the people expected to leave %(horizon)s, and how many people there are; the stronger the colour,"
            " the higher beside the average. A dash: fewer than five people, or hidden to protect such a group."
        )
        % {"horizon": horizon(run.horizon_months)},
        map_columns=[_("All"), *(value_label(COLUMN, value) for value in _values(cube, COLUMN))],
        map_rows=_map_rows(cube),
        beside_title=_("The last %(months)s months and the next %(months)s") % of_both,
        beside_note=_(
            "Departures of the last %(months)s months, and those expected in the next %(months)s, with the 95%% "
            "interval: two different periods. Their difference is no error of the forecast."
        )
        % of_both,
        beside_legend=[
            _("Expected, next %(months)s months") % of_both,
            _("Left, last %(months)s months") % of_both,
        ],
        beside_most=most,
        beside=beside,
        sections=list(sections(run, scope, is_rounded=cube.is_rounded)),
    )


def _whom(scope: Scope) -> str:
    """The departments of a scope by name, or how many there are where a line would not hold them, and its team."""
    parts = [terms.label(ROW, name) for name in scope.names]
    if len(parts) > NAMED:
        parts = [_("%(count)s departments") % {"count": grouped(len(parts))}]
    return get_text_list([*parts, *([_("own team")] if scope.team else [])], _("and"))


def cost_of_a_departure(run: ScoringRun, scope: Scope, readable: Readable) -> Range | None:
    """What HR has said that a departure costs; else what its rule of the threshold says, if that is by costs.

    Months of pay tell the mean pay of the scope: only to who may read it.
    """
    decision = costs_in_force()
    if decision:
        is_readable = decision.unit == CostDecision.Unit.AMOUNT or readable.reads(PAY)
        return departure_in_euros(decision, run, scope) if is_readable else None
    of_threshold = decision_in_force(run.horizon_months)
    departure = of_threshold.departure if of_threshold else None
    return Range(departure, departure) if departure else None


def _figures(
    run: ScoringRun, cube: Cube, turnover: Turnover | None, scope: Scope, readable: Readable
) -> Iterator[Figure]:
    whole = cube.whole
    as_of = _("as of %(day)s") % {"day": date_format(run.day)}
    others = left_out(run, scope, sees_people=False)
    yield Figure(_("People present"), grouped(whole.people), " · ".join(filter(None, [as_of, others])))
    if turnover:
        left, months = left_of(turnover), min(len(turnover.months), YEAR)
        rate = cube.rate(left or 0, turnover.mean_people())
        yield Figure(
            _("Left in %(months)s months") % {"months": months},
            grouped(cube.counted(left)) if left is not None else _("fewer than five"),
            _("%(rate)s of the people") % {"rate": percent(rate)} if left is not None and rate is not None else "",
        )
    expected, low, high = expected_of(run, whole)
    ends = {"low": grouped(low), "high": grouped(high)}
    yield Figure(
        _("Expected departures, %(horizon)s") % {"horizon": horizon(run.horizon_months)},
        grouped(expected),
        _("between %(low)s and %(high)s, with 95%% confidence") % ends,
    )
    if each := cost_of_a_departure(run, scope, readable):
        cost = each.times(low, high)
        values = {"horizon": horizon(run.horizon_months), "low": grouped(low), "high": grouped(high)}
        yield Figure(
            _("Their cost, %(horizon)s") % values,
            money_range(cost.low, cost.high),
            _("%(low)s to %(high)s departures at %(each)s each")
            % (values | {"each": money_range(each.low, each.high)}),
        )


def _months(cube: Cube, turnover: Turnover) -> list[MonthBar]:
    months = turnover.months[-YEAR:]
    hidden = hidden_months(turnover, months)
    left = {month.start: cube.counted(month.left_in_all) for month in months if month.start not in hidden}
    highest = max(left.values(), default=0) or 1
    by_choice = {month.start: min(cube.counted(month.left_by_choice), left.get(month.start, 0)) for month in months}
    return [
        MonthBar(date_format(month.start, "N y"), "–")
        if month.start in hidden
        else MonthBar(
            date_format(month.start, "N y"),
            grouped(left[month.start]),
            by_choice[month.start] / highest,
            (left[month.start] - by_choice[month.start]) / highest,
        )
        for month in months
    ]


def _without_reasons(month: MonthBar) -> MonthBar:
    return MonthBar(month.label, month.text, month.by_choice + month.otherwise)


def _values(cube: Cube, name: str) -> list[Value]:
    """The values of the map, in the order of their labels; the others and the unknown at the end."""
    found = [value for (value,) in cube.by((name,), {})]
    return sorted(found, key=lambda value: (value == UNKNOWN, value == OTHERS, value_label(name, value)))


def _map_rows(cube: Cube) -> list[MapRow]:
    whole = cube.whole
    rows, columns = _values(cube, ROW), _values(cube, COLUMN)
    by_row, by_column = cube.table((ROW,), {}), cube.table((COLUMN,), {})
    cells = cube.table((ROW, COLUMN), {})
    total = MapRow(_("All"), [_map_cell(whole, whole), *(_map_cell(by_column[(value,)], whole) for value in columns)])
    return [
        total,
        *(
            MapRow(
                value_label(ROW, row),
                [
                    _map_cell(by_row[(row,)], whole),
                    *(
                        _map_cell(cells[row, column], whole) if (row, column) in cells else MapCell("")
                        for column in columns
                    ),
                ],
            )
            for row in rows
        ),
    ]


def _map_cell(sums: Sums | None, whole: Sums) -> MapCell:
    if sums is None:
        return MapCell("–")
    return MapCell(percent(sums.mean), grouped(sums.people), tone("share", sums, whole))


def _beside(run: ScoringRun, cube: Cube, moves: Moves | None) -> tuple[list[Beside], str]:
    """The groups, and the end of their axis."""
    months = run.horizon_months
    if months is None or moves is None or len(moves.months) < months:
        return [], ""
    shown = [
        (value, sums)
        for (value,), sums in cube.table((ROW,), {}).items()
        if sums is not None and value not in (OTHERS, UNKNOWN)
    ]
    shown.sort(key=lambda pair: -pair[1].expected)
    left = {value: moves.turnover(sums.people, {ROW: value}).left_by_choice(months) for value, sums in shown}
    hidden = suppressed(left)
    ends = {value: interval_of(run, sums) for value, sums in shown}
    real = {value: cube.counted(people) for value, people in left.items() if value not in hidden}
    highest = math.ceil(max([*(high for _low, high in ends.values()), *real.values()], default=1))
    rows = [
        Beside(
            value_label(ROW, value),
            _("%(number)s (%(low)s to %(high)s)")
            % {"number": grouped(sums.expected), "low": grouped(ends[value][0]), "high": grouped(ends[value][1])},
            grouped(real[value]) if value in real else "–",
            sums.expected / highest,
            ends[value][0] / highest,
            ends[value][1] / highest,
            real[value] / highest if value in real else None,
        )
        for value, sums in shown
    ]
    return rows, grouped(highest)
