"""What the report says, in the active language: the screen and the PDF show this object and nothing else.

It holds no individual and no group under five, whoever reads it: a report is passed on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable, Scope
from employees.disclosure import suppressed
from predictions.explanation import labelled_by_subject
from predictions.formats import grouped, horizon, money, percent
from predictions.models import ScoringRun
from predictions.pages.model import fairness_findings
from predictions.pages.teams.segment import value_label
from predictions.pages.teams.teams_page import tone
from predictions.registry import current_model, decision_in_force
from predictions.segments import cube as cubes
from predictions.segments.cube import OTHERS, UNKNOWN, Cube, Sums, Value
from predictions.segments.forecast import expected_of, interval_of
from predictions.segments.turnover import YEAR, Moves, Turnover
from predictions.selectors.group_counts import newest_counted

ROW, COLUMN = "departement", "poste"
FEW = 20  # people in a group that a sentence names


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
    """The forecast of a group beside what happened, as texts and as shares of the axis; real is None if suppressed."""

    label: str
    forecast: str
    real: str
    expected_at: float
    low_at: float
    high_at: float
    real_at: float | None


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its paragraphs."""

    title: str
    paragraphs: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """The report: texts as they are shown, and lengths as shares of one."""

    language: str
    company: str
    title: str
    period: str
    prepared: str
    author: str
    confidentiality: str
    footer: str
    page_of: str  # "Page %(page)s of %(pages)s"
    sentences_title: str
    sentences: list[str]
    figures: list[Figure]
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
    beside: list[Beside]
    sections: list[Section] = field(default_factory=list)


def report(
    *, run: ScoringRun, cube: Cube, moves: Moves | None, scope: Scope, readable: Readable, author: str, language: str
) -> Report:
    """The report on a scope. Its forecast is that of the run."""
    whole = cube.whole
    turnover = moves.turnover(whole.people, {}) if moves and moves.months else None
    months = _months(turnover) if turnover else []
    reads_reasons = readable.reads(frozenset({"motif_sortie"}))
    until = date_format(turnover.until if turnover else run.day)
    period = _("Up to %(until)s") % {"until": until}
    if turnover:
        ends = {"since": date_format(turnover.months[-YEAR:][0].start), "until": until}
        period = _("From %(since)s to %(until)s") % ends
    company = settings.COMPANY_NAME or _("Human resources")
    if not scope.sees_everyone:
        company = f"{company} · {get_text_list([terms.label(ROW, name) for name in scope.names], _('and'))}"
    return Report(
        language=language,
        company=company,
        title=_("Turnover report"),
        period=period,
        prepared=date_format(localdate()),
        author=author,
        confidentiality=_("Confidential. Figures of groups alone: it names nobody, and hides groups under five."),
        footer=_("Confidential"),
        page_of=_("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
        sentences_title=_("In three sentences"),
        sentences=list(_sentences(run, cube, turnover, scope, readable)),
        figures=list(_figures(run, cube, turnover)),
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
        beside_title=_("Forecast beside what happened"),
        beside_note=_(
            "Resignations, and departures whose reason is not known: those of the last %(months)s months, and those "
            "expected in the next %(months)s, with the 95%% interval."
        )
        % {"months": run.horizon_months or YEAR},
        beside_legend=[_("Forecast"), _("What happened")],
        beside=_beside(run, cube, moves),
        sections=list(_sections(run, scope)),
    )


def cost_of_a_departure(run: ScoringRun) -> float | None:
    """What HR has said that a departure costs; None where the threshold is by another rule."""
    decision = decision_in_force(run.model_version)
    return decision.departure if decision else None


def _figures(run: ScoringRun, cube: Cube, turnover: Turnover | None) -> Iterator[Figure]:
    whole = cube.whole
    yield Figure(_("People present"), grouped(whole.people), _("as of %(day)s") % {"day": date_format(run.day)})
    if turnover:
        left, rate, months = _left(turnover), turnover.rate(YEAR), min(len(turnover.months), YEAR)
        yield Figure(
            _("Left in %(months)s months") % {"months": months},
            grouped(left) if left is not None else _("fewer than five"),
            _("%(rate)s of the people") % {"rate": percent(rate)} if left is not None and rate is not None else "",
        )
    expected, low, high = expected_of(run, whole)
    ends = {"low": grouped(low), "high": grouped(high)}
    yield Figure(
        _("Expected departures, %(horizon)s") % {"horizon": horizon(run.horizon_months)},
        grouped(expected),
        _("between %(low)s and %(high)s, with 95%% confidence") % ends,
    )
    if cost := cost_of_a_departure(run):
        costs = {"low": money(low * cost), "high": money(high * cost), "each": money(cost)}
        yield Figure(
            _("Their cost"),
            money(expected * cost),
            _("between %(low)s and %(high)s, at %(each)s a departure") % costs,
        )


def _left(turnover: Turnover) -> int | None:
    """Those who left in the last year; None if they are too few to be counted."""
    left = turnover.left(YEAR)
    return None if suppressed({"": left}) else left


def _sentences(
    run: ScoringRun, cube: Cube, turnover: Turnover | None, scope: Scope, readable: Readable
) -> Iterator[str]:
    whole = cube.whole
    if turnover and (left := _left(turnover)) is not None:
        values = {
            "months": min(len(turnover.months), YEAR),
            "left": grouped(left),
            "rate": percent(turnover.rate(YEAR) or 0),
        }
        yield _("In the last %(months)s months, %(left)s people left: a turnover of %(rate)s.") % values
    expected, low, high = expected_of(run, whole)
    values = {
        "horizon": capfirst(horizon(run.horizon_months)),
        "expected": grouped(expected),
        "low": grouped(low),
        "high": grouped(high),
        "share": percent(expected / whole.people if whole.people else 0),
    }
    text = _(
        "%(horizon)s, %(expected)s resignations are expected, between %(low)s and %(high)s: %(share)s of the people."
    )
    yield text % values
    yield from _where(run, cube, scope, readable)


def _where(run: ScoringRun, cube: Cube, scope: Scope, readable: Readable) -> Iterator[str]:
    """Where the share is highest, and what sets that group apart."""
    shown = [
        (value, sums)
        for (value,), sums in cube.table((COLUMN,), {}).items()
        if sums is not None and sums.people >= FEW and value not in (OTHERS, UNKNOWN)
    ]
    if len(shown) < 2:
        return
    shown.sort(key=lambda pair: -pair[1].mean)
    (most, highest), (least, lowest) = shown[0], shown[-1]
    everyone = cubes.contributions_of(run, scope, {})
    own = cubes.contributions_of(run, scope, {COLUMN: most})
    rest = cube.whole.people - highest.people
    apart = {name: own[name] / highest.people - (everyone[name] - own[name]) / rest for name in own}
    raising = [label for label, weight in labelled_by_subject(apart, readable) if weight > 0]
    values = {
        "most": value_label(COLUMN, most),
        "highest": percent(highest.mean),
        "least": value_label(COLUMN, least),
        "lowest": percent(lowest.mean),
        "why": get_text_list([label[:1].lower() + label[1:] for label in raising[:2]], _("and")),
    }
    if raising:
        yield (
            _(
                "By job, the share is highest for “%(most)s” (%(highest)s), set apart most by %(why)s, and lowest for "
                "“%(least)s” (%(lowest)s)."
            )
            % values
        )
    else:
        yield (
            _("By job, the share is highest for “%(most)s” (%(highest)s) and lowest for “%(least)s” (%(lowest)s).")
            % values
        )


def _months(turnover: Turnover) -> list[MonthBar]:
    months = turnover.months[-YEAR:]
    hidden = suppressed({month.start: month.left_in_all for month in months})
    highest = max((month.left_in_all for month in months if month.start not in hidden), default=0) or 1
    return [
        MonthBar(date_format(month.start, "N y"), "–")
        if month.start in hidden
        else MonthBar(
            date_format(month.start, "N y"),
            grouped(month.left_in_all),
            month.left_by_choice / highest,
            (month.left_in_all - month.left_by_choice) / highest,
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


def _beside(run: ScoringRun, cube: Cube, moves: Moves | None) -> list[Beside]:
    months = run.horizon_months
    if months is None or moves is None or len(moves.months) < months:
        return []
    shown = [
        (value, sums)
        for (value,), sums in cube.table((ROW,), {}).items()
        if sums is not None and value not in (OTHERS, UNKNOWN)
    ]
    shown.sort(key=lambda pair: -pair[1].expected)
    left = {value: moves.turnover(sums.people, {ROW: value}).left_by_choice(months) for value, sums in shown}
    hidden = suppressed(left)
    ends = {value: interval_of(run, sums) for value, sums in shown}
    highest = max(
        [*(high for _low, high in ends.values()), *(left[value] for value in left.keys() - hidden)], default=1
    )
    return [
        Beside(
            value_label(ROW, value),
            _("%(number)s (%(low)s to %(high)s)")
            % {"number": grouped(sums.expected), "low": grouped(ends[value][0]), "high": grouped(ends[value][1])},
            "–" if value in hidden else grouped(left[value]),
            sums.expected / highest,
            ends[value][0] / highest,
            ends[value][1] / highest,
            None if value in hidden else left[value] / highest,
        )
        for value, sums in shown
    ]


def _sections(run: ScoringRun, scope: Scope) -> Iterator[Section]:
    model = current_model()
    card, off = model.card, terms.columns_off()
    counted = newest_counted(model.version) if scope.sees_everyone else None
    groups = (
        fairness_findings.today(counted, off).groups
        if counted
        else fairness_findings.of_card(card, model.threshold, off)
    )
    found = fairness_findings.findings(groups, sees_rates=scope.sees_everyone)
    yield Section(
        _("Is it fair?"),
        [
            _(
                "The forecast uses neither sex, age nor family status. It is checked all the same how it treats each "
                "group."
            ),
            *(
                _("%(label)s: %(value)s") % {"label": each.attribute, "value": " ".join(each.paragraphs[:1])}
                for each in found
            ),
        ],
    )
    method = [
        _(
            "The probability that someone present leaves %(horizon)s is learned from a history: who was present, what "
            "was known of them then, and who resigned. Departures for other reasons are not forecast."
        )
        % {"horizon": horizon(run.horizon_months)}
        if run.horizon_months
        else _("The model in use has no horizon: its scores do not tell when anyone will leave."),
    ]
    if card["out_of_time"]:
        method.append(
            _(
                "Tested on months that it had not seen: %(expected)s departures were expected, between %(low)s and "
                "%(high)s, and %(left)s happened."
            )
            % {
                "expected": grouped(card["out_of_time"]["expected"]),
                "low": grouped(card["out_of_time"]["low"]),
                "high": grouped(card["out_of_time"]["high"]),
                "left": grouped(card["out_of_time"]["departures"]),
            }
            if scope.sees_everyone
            else _("It was tested on months that it had not seen.")
        )
    method += [
        _("The interval holds what chance and a short history leave open, not a year unlike those before."),
        _("A score is advice: people decide. It does not measure a person's worth."),
    ]
    yield Section(_("How it is made"), method)
