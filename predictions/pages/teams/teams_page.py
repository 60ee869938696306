"""The teams: who is expected to leave where, who left, and what sets a segment apart from the rest."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format, get_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from employees.access import Readable, Scope, figures_of, scope_of
from employees.disclosure import suppressed
from predictions.explanation import labelled_by_subject, points_per_unit
from predictions.formats import csv_delimiter, grouped, horizon, percent, signed
from predictions.ml import links
from predictions.models import ScoringRun
from predictions.pages import charts
from predictions.pages.teams import segment as segments
from predictions.pages.teams.segment import Asked, TeamsForm, names_of, restored, title_of, value_label
from predictions.registry import current_model
from predictions.segments import cube as cubes
from predictions.segments.cube import OTHERS, TEAM, UNKNOWN, Conditions, Cube, Sums, Value
from predictions.segments.forecast import interval_of
from predictions.segments.models import SavedSegment
from predictions.segments.turnover import YEAR, Month, Moves, Turnover, moves
from predictions.selectors import runs
from technova.files.spreadsheets import streamed_csv
from technova.web.requests import Request

TEAMS = 30  # shown at most, those with the highest share first; the file has all
DRIVERS = 5
TONES = 5  # of the heat map, from the lowest share to the highest
REASON = frozenset({"motif_sortie"})
MOST_SAVED = 20


@dataclass(frozen=True, slots=True)
class World:
    """What every part of the page is made from."""

    run: ScoringRun
    scope: Scope
    readable: Readable
    has_list: bool  # the account may read the list of people; an auditor may not
    cube: Cube
    asked: Asked
    teams: Mapping[int, Sums]
    names: Mapping[Value, str]  # of managers
    moves: Moves | None

    def sums(self, conditions: Conditions) -> Sums | None:
        """The sums of a segment; None if they are not shown, or if its manager is out of the scope."""
        if TEAM in conditions:
            return self.teams.get(int(conditions[TEAM])) if conditions[TEAM] in self.names else None
        return self.cube.of(conditions)

    def turnover(self, conditions: Conditions) -> Turnover | None:
        sums = self.sums(conditions)
        if self.moves is None or sums is None or not self.moves.months:
            return None
        return self.moves.turnover(sums.people, conditions)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat map, or one of its heads; ``tone`` is empty where nothing is shown."""

    text: str
    note: str = ""
    title: str = ""
    tone: str = ""
    href: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Driver:
    """What sets a segment apart: the difference to the rest in points of probability."""

    label: str
    points: str
    is_raising: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A column of the comparison."""

    title: str
    href: str
    figures: Sequence[str]
    drivers: Sequence[Driver]
    saved: SavedSegment | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved segment with the addresses that show it, compare it or stop that, and delete it."""

    segment: SavedSegment
    href: str
    compare_href: str  # empty where no more can be compared
    delete_address: str
    is_compared: bool


@require_safe
def teams(request: Request) -> HttpResponse:
    """Open to auditors, to whom it shows neither teams nor who is over the threshold."""
    found = _read(request)
    return render(request, "teams/teams.html", found if isinstance(found, dict) else _context(*found))


def _read(request: Request) -> dict[str, Any] | tuple[TeamsForm, World, list[SavedSegment]]:
    """What the address asks for; the context of a page that shows nothing where that is impossible."""
    has_list = not scope_of(request.user).is_empty
    scope, readable = figures_of(request.user)
    run, _before = runs.latest_two()
    cube = cubes.cube_of(run, scope, readable) if run else None
    if run is None or cube is None:
        return {"run": run}
    saved = list(SavedSegment.objects.filter(user=request.user))
    has_teams = has_list and readable.reads(frozenset({TEAM}))
    form = TeamsForm(request.GET, cube, saved, has_teams=has_teams, has_list=has_list)
    if not form.is_valid():
        return {"run": run, "form": form, "cube": cube}
    asked = form.asked()
    attributes = [*cube.attributes, *([TEAM] if has_teams else [])]
    of_saved = [conditions for one in asked.compared if (conditions := restored(one, attributes)) is not None]
    wanted = {name for conditions in (asked.conditions, *of_saved) for name in conditions}
    by_team = cubes.teams_of(run, scope) if has_teams and (asked.row == TEAM or TEAM in wanted) else {}
    names = (
        names_of(_listed_teams(by_team) | _teams_in(asked.conditions, *of_saved), scope, readable) if by_team else {}
    )
    wanted |= {asked.row} - {TEAM}
    return form, World(run, scope, readable, has_list, cube, asked, by_team, names, moves(scope, sorted(wanted))), saved


def _listed_teams(teams: Mapping[int, Sums]) -> set[Value]:
    return set(sorted(teams, key=lambda manager: -teams[manager].mean)[:TEAMS])


def _teams_in(*segments: Conditions) -> set[Value]:
    return {conditions[TEAM] for conditions in segments if TEAM in conditions}


def _context(form: TeamsForm, world: World, saved: list[SavedSegment]) -> dict[str, Any]:
    asked = world.asked
    sums = world.sums(asked.conditions)
    turnover = world.turnover(asked.conditions)
    compared = _compared(world) if sums else []
    return {
        "run": world.run,
        "form": form,
        "cube": world.cube,
        "asked": asked,
        "is_outdated": world.run.is_outdated,
        "chips": _chips(world),
        "heat": _teams_table(world) if asked.row == TEAM else _heat(world),
        "title": title_of(asked.conditions, world.names),
        "sums": sums,
        "compared": compared,
        "cards": _cards(_figure_labels(world), compared[0].figures) if compared else [],
        "has_drivers": any(each.drivers for each in compared),
        "figure_labels": _figure_labels(world),
        "months": _months_chart(world, turnover) if turnover else None,
        "beside": _beside(world),
        "saved": [_saved(world, one) for one in saved],
        "may_save": bool(asked.conditions and sums) and len(saved) < MOST_SAVED,
        "save_address": asked.address(name="teams_save"),
        "export": asked.address(name="teams_csv", table="map"),
        "export_months": asked.address(name="teams_csv", table="months"),
    }


def _saved(world: World, saved: SavedSegment) -> Saved:
    asked, conditions = world.asked, restored(saved, segments.LABELS) or {}
    kept = [str(one.pk) for one in asked.compared if one.pk != saved.pk]
    is_compared = len(kept) < len(asked.compared)
    others = kept if is_compared else [*kept, str(saved.pk)]
    return Saved(
        saved,
        asked.address(conditions),
        asked.address(compare=others) if len(others) <= segments.COMPARED else "",
        f"{reverse('teams_delete', args=[saved.pk])}?{asked.address().partition('?')[2]}",
        is_compared,
    )


def _chips(world: World) -> list[tuple[str, str]]:
    """The conditions, and the address without each."""
    conditions = world.asked.conditions
    return [
        (
            _("%(label)s: %(value)s")
            % {"label": segments.LABELS[name], "value": value_label(name, value, world.names)},
            world.asked.address({other: kept for other, kept in conditions.items() if other != name}),
        )
        for name, value in conditions.items()
    ]


# The heat map


def _heat(world: World) -> dict[str, Any]:
    """Rows and columns with their sums; a head selects its row or column, a cell both."""
    asked, cube = world.asked, world.cube
    others, whole = asked.others, cube.of(asked.others)
    names = (asked.row, asked.column) if asked.column else (asked.row,)
    rows = _ordered(cube, asked.row, others)
    columns = _ordered(cube, asked.column, others) if asked.column else []
    cells = cube.table(names, others) if asked.column else {}
    heads = [_head(world, asked.row, value, cube.table((asked.row,), others).get((value,)), whole) for value in rows]
    return {
        "row_label": segments.LABELS[asked.row],
        "column_label": segments.LABELS.get(asked.column, ""),
        "whole": _cell(world, whole, whole, others),
        "columns": [
            _head(world, asked.column, value, cube.table((asked.column,), others).get((value,)), whole)
            for value in columns
        ],
        "rows": [
            (
                head,
                [
                    _cell(world, cells[row, column], whole, {**others, asked.row: row, asked.column: column})
                    if (row, column) in cells
                    else Cell("")
                    for column in columns
                ],
            )
            for head, row in zip(heads, rows, strict=True)
        ],
        "legend": _legend(world),
        "is_partial": OTHERS in {*rows, *columns},
    }


def _ordered(cube: Cube, name: str, others: Conditions) -> list[Value]:
    """The values that occur, in the order of their labels; the others and the unknown at the end."""
    found = [value for (value,) in cube.by((name,), others)]
    return sorted(found, key=lambda value: (value == UNKNOWN, value == OTHERS, value_label(name, value)))


def _head(world: World, name: str, value: Value, sums: Sums | None, whole: Sums | None) -> tuple[str, Cell]:
    return value_label(name, value), _cell(world, sums, whole, {**world.asked.others, name: value})


def _cell(world: World, sums: Sums | None, whole: Sums | None, conditions: Conditions) -> Cell:
    if sums is None or whole is None:
        return Cell("–", title=_("Fewer than five people, or not shown to protect such a group"))
    asked = world.asked
    is_segment = not {OTHERS, UNKNOWN} & set(conditions.values()) and conditions.get(TEAM, "") in {"", *world.names}
    is_current = conditions == dict(asked.conditions)
    text = {
        "share": percent(sums.mean),
        "expected": grouped(sums.expected, 1),
        "above": percent(sums.share_above),
        "people": grouped(sums.people),
    }[asked.measure]
    note = _people(sums.people) if asked.measure != "people" else percent(sums.mean)
    back = {name: value for name, value in conditions.items() if name not in (asked.row, asked.column)}
    href = asked.address(back if is_current else conditions) if is_segment and conditions else ""
    return Cell(text, note, _told(world, sums), tone(asked.measure, sums, whole), href, is_current)


def _people(count: int) -> str:
    return _("%(count)s p.") % {"count": grouped(count)}


def _told(world: World, sums: Sums) -> str:
    """All figures of a cell in words."""
    parts = [
        _("people: %(number)s") % {"number": grouped(sums.people)},
        _("expected departures: %(number)s (%(share)s)")
        % {"number": grouped(sums.expected, 1), "share": percent(sums.mean)},
    ]
    if world.has_list:
        shares = {"number": grouped(sums.above), "share": percent(sums.share_above)}
        parts.append(_("over the threshold: %(number)s (%(share)s)") % shares)
    return ", ".join(parts)


def tone(measure: str, sums: Sums, whole: Sums) -> str:
    """How dark a cell is: its share beside that of everyone on the map, on a scale of ratios; people by their share."""
    if measure == "people":
        return f"is-tone-{min(TONES - 1, int(TONES * sums.people / (whole.people or 1)))}"
    value, mean = (sums.share_above, whole.share_above) if measure == "above" else (sums.mean, whole.mean)
    if not value or not mean:
        return "is-tone-0"
    return f"is-tone-{min(max(round(2 + 2 * math.log2(value / mean)), 0), TONES - 1)}"


def _legend(world: World) -> list[tuple[str, str]]:
    if world.asked.measure == "people":
        return []
    labels = [_("half or less of the average"), "", _("average"), "", _("twice the average or more")]
    return [(f"is-tone-{tone}", label) for tone, label in enumerate(labels)]


def _teams_table(world: World) -> dict[str, Any]:
    """The teams with the highest share, one a row."""
    whole = world.cube.whole
    listed = sorted(_listed_teams(world.teams), key=lambda manager: -world.teams[int(manager)].mean)
    rows: list[tuple[tuple[str, Cell], list[Cell]]] = [
        ((value_label(TEAM, manager, world.names), _cell(world, world.teams[int(manager)], whole, {TEAM: manager})), [])
        for manager in listed
    ]
    return {
        "row_label": segments.LABELS[TEAM],
        "column_label": "",
        "whole": _cell(world, whole, whole, {}),
        "columns": [],
        "rows": rows,
        "legend": _legend(world),
        "more": len(world.teams) - len(listed),
    }


# The segment beside the rest


def _figure_labels(world: World) -> list[str]:
    labels = [
        _("People"),
        _("Expected departures, %(horizon)s") % {"horizon": horizon(world.run.horizon_months)},
        _("Expected to leave, share"),
    ]
    if world.has_list:
        labels.append(_("Over the threshold, share"))
    return [*labels, _("Left in the last twelve months"), _("Turnover in the last twelve months")]


def _compared(world: World) -> list[Compared]:
    """The segment that is chosen, and the saved ones beside it; those that are suppressed now say so."""
    asked = world.asked
    columns: list[tuple[Conditions, SavedSegment | None]] = [(asked.conditions, None)]
    for saved in asked.compared:
        conditions = restored(saved, [*world.cube.attributes, *([TEAM] if world.has_list else [])])
        if conditions is not None:
            columns.append((conditions, saved))
    shown = [(conditions, saved, world.sums(conditions)) for conditions, saved in columns]
    # of everyone alone there is nothing to tell
    is_narrowed = any(conditions for conditions, _saved in columns)
    base = _base_value(world.run) if is_narrowed else 0.0
    everyone = cubes.contributions_of(world.run, world.scope, {}) if is_narrowed else {}
    return [
        Compared(
            saved.name if saved else title_of(conditions, world.names),
            asked.address(conditions),
            _figures(world, conditions, each) if each else [],
            _drivers(world, conditions, each, everyone, base) if each and conditions else [],
            saved,
        )
        for conditions, saved, each in shown
    ]


def _base_value(run: ScoringRun) -> float:
    model = current_model()
    return model.scorer.base_value if model.version == run.model_version else cubes.base_value_of(run)


def _cards(labels: Sequence[str], figures: Sequence[str]) -> list[tuple[str, str, str]]:
    """Label, value and interval of each figure."""
    parts = [figure.partition(" (") for figure in figures]
    return [(label, value, interval.rstrip(")")) for label, (value, _dash, interval) in zip(labels, parts, strict=True)]


def _figures(world: World, conditions: Conditions, sums: Sums) -> list[str]:
    low, high = interval_of(world.run, sums)
    expected = {"number": grouped(sums.expected, 1), "low": grouped(low), "high": grouped(high)}
    texts = [
        grouped(sums.people),
        _("%(number)s (%(low)s to %(high)s)") % expected,
        percent(sums.mean),
    ]
    if world.has_list:
        texts.append(percent(sums.share_above))
    turnover = world.turnover(conditions)
    if turnover is None or len(turnover.months) < YEAR or (not world.has_list and suppressed({"": turnover.left()})):
        return [*texts, "–", "–"]
    rate = turnover.rate()
    return [*texts, grouped(turnover.left()), percent(rate) if rate is not None else "–"]


def _drivers(
    world: World, conditions: Conditions, sums: Sums, everyone: Mapping[str, float], base: float
) -> list[Driver]:
    """What sets a segment apart from the rest, in points of the probability of an average person of each."""
    rest = world.cube.whole.people - sums.people
    if rest <= 0:
        return []
    own = cubes.contributions_of(world.run, world.scope, conditions)
    of_rest = {name: (everyone[name] - own[name]) / rest for name in own}
    apart = {name: own[name] / sums.people - of_rest[name] for name in own}
    start = base + math.fsum(of_rest.values())
    slope = points_per_unit(start, math.fsum(apart.values()), links.of_horizon(world.run.horizon_months))
    found = [(label, weight * slope * 100) for label, weight in labelled_by_subject(apart, world.readable)]
    return [Driver(label, signed(points, 1), points > 0) for label, points in found[:DRIVERS] if abs(points) >= 0.05]


# Turnover


def _months_chart(world: World, turnover: Turnover) -> charts.Chart | None:
    """Who left by month, by choice or otherwise, with the arrivals and the rate in its table."""
    months = turnover.months
    reads_reasons = world.has_list and world.readable.reads(REASON)
    hidden = frozenset() if world.has_list else suppressed({month.start: month.left_in_all for month in months})

    def segments_of(month: Month) -> list[charts.Segment]:
        if month.start in hidden:
            return [charts.Segment(0, _("not shown"), "is-total")]
        if not reads_reasons:
            return [charts.Segment(month.left_in_all, grouped(month.left_in_all), "total")]
        other = month.left_in_all - month.left_by_choice
        return [
            charts.Segment(month.left_by_choice, grouped(month.left_by_choice), "total"),
            charts.Segment(other, grouped(other), "low"),
        ]

    bars = [
        charts.Bar(date_format(month.start, "F Y"), segments_of(month), _month_cells(world, month, hidden))
        for month in months
    ]
    names = [_("Resigned, or reason not known"), _("Left otherwise")] if reads_reasons else [_("Left")]
    further = [_("Arrived"), _("People"), _("Rate")] if world.has_list else [_("Rate")]
    step = max(1, math.ceil(len(months) / 6))
    return charts.columns(
        title=_("Who left, month by month"),
        caption=_turnover_sentence(world, turnover),
        columns=[_("Month"), *names, *further],
        names=names,
        bars=bars,
        axis=grouped,
        ticks=[(place + 0.5, date_format(months[place].start, "N y")) for place in range(0, len(months), step)],
    )


def _month_cells(world: World, month: Month, hidden: frozenset) -> list[str]:
    rate = "–" if month.rate is None or month.start in hidden else percent(month.rate)
    if not world.has_list:
        return [rate]
    return [grouped(month.arrived), grouped(month.mean_people), rate]


def _turnover_sentence(world: World, turnover: Turnover) -> str:
    """The year in a sentence; of what is known of it."""
    months = min(len(turnover.months), YEAR)
    if not world.has_list and suppressed({"": turnover.left(months)}):
        return ""
    values = {
        "months": months,
        "day": date_format(turnover.until),
        "left": grouped(turnover.left(months)),
        "arrived": grouped(turnover.arrived(months)),
        "rate": percent(turnover.rate(months) or 0),
    }
    if not world.has_list:
        return _("In %(months)s months up to %(day)s, %(left)s left: %(rate)s of the people.") % values
    return (
        _("In %(months)s months up to %(day)s, %(left)s left, %(rate)s of the people, and %(arrived)s arrived.")
        % values
    )


def _beside(world: World) -> charts.Chart | None:
    """What is forecast beside what happened, by the rows of the map: departures by choice, as the forecast counts."""
    months, asked = world.run.horizon_months, world.asked
    if asked.row == TEAM or months is None or world.moves is None or len(world.moves.months) < months:
        return None
    shown = [
        (value, sums)
        for (value,), sums in world.cube.table((asked.row,), asked.others).items()
        if sums is not None and value not in (OTHERS, UNKNOWN)
    ]
    if not shown:
        return None
    shown.sort(key=lambda pair: -pair[1].expected)
    left = {
        value: world.moves.turnover(sums.people, {**asked.others, asked.row: value}).left_by_choice(months)
        for value, sums in shown
    }
    hidden = frozenset() if world.has_list else suppressed(left)
    forecast, real = [], []
    for place, (value, sums) in enumerate(shown):
        label = value_label(asked.row, value)
        low, high = interval_of(world.run, sums)
        ends = {"number": grouped(sums.expected, 1), "low": grouped(low), "high": grouped(high)}
        text = _("%(number)s (%(low)s to %(high)s)") % ends
        forecast.append(charts.Point(place, sums.expected, label, text, low, high))
        if value not in hidden:
            real.append(charts.Point(place, left[value], label, grouped(left[value])))
    return charts.dots(
        title=_("Forecast beside what happened"),
        caption=_(
            "Resignations, and departures whose reason is not known: those of the last %(months)s months, and those "
            "expected in the next %(months)s, with the 95%% interval."
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


# Saved segments


@require_POST
def save(request: Request) -> HttpResponse:
    """Save the segment of the address under a name; the same name again replaces it."""
    found = _read(request)
    name = request.POST.get("name", "").strip()[: SavedSegment._meta.get_field("name").max_length]
    if isinstance(found, dict) or not name or not found[1].asked.conditions:
        messages.error(request, _("Nothing was saved: choose a segment, and give it a name."))
    elif not any(one.name == name for one in found[2]) and len(found[2]) >= MOST_SAVED:
        text = _("Nothing was saved: an account keeps %(most)s segments; delete one.")
        messages.error(request, text % {"most": MOST_SAVED})
    else:
        conditions = segments.stored(found[1].asked.conditions)
        SavedSegment.objects.update_or_create(user=request.user, name=name, defaults={"conditions": conditions})
        messages.success(request, _("Saved: “%(name)s”. It can be compared with others.") % {"name": name})
    return redirect(f"{reverse('teams')}?{request.GET.urlencode()}")


@require_POST
def delete(request: Request, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedSegment, user=request.user, pk=pk)
    saved.delete()
    messages.success(request, _("Deleted: “%(name)s”.") % {"name": saved.name})
    query = request.GET.copy()
    query.setlist("compare", [key for key in query.getlist("compare") if key != str(pk)])
    return redirect(f"{reverse('teams')}?{query.urlencode()}")


# The file


@require_safe
def teams_csv(request: Request) -> HttpResponse | StreamingHttpResponse:
    """The map or the months as a file; an address with an error leads to the page, which shows it."""
    found = _read(request)
    if isinstance(found, dict):
        return redirect(f"{reverse('teams')}?{request.GET.urlencode()}")
    world = found[1]
    rows = _month_lines(world) if request.GET.get("table") == "months" else _map_lines(world)
    name = _("teams")
    return StreamingHttpResponse(
        streamed_csv(list(rows), delimiter=csv_delimiter()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="technova-{name}-{localdate():%Y-%m-%d}.csv"'},
    )


def _number(value: float | None, decimals: int = 4) -> str:
    return "" if value is None else f"{value:.{decimals}f}".replace(".", get_format("DECIMAL_SEPARATOR"))


def _map_lines(world: World) -> Iterator[Sequence]:
    """A line a cell: its values and figures, empty where they are suppressed."""
    asked = world.asked
    heads = [str(segments.LABELS[name]) for name in (asked.row, asked.column) if name]
    figures = [_("People"), _("Expected departures"), _("Expected to leave, share")]
    over = [_("Over the threshold"), _("Over the threshold, share")] if world.has_list else []
    yield [*heads, *figures, *over]
    if asked.row == TEAM:
        # a manager out of the scope is nobody's to list by number
        names_of_all = names_of(world.teams, world.scope, world.readable)
        lines: list[tuple[tuple[str, ...], Sums | None]] = [
            ((value_label(TEAM, manager, names_of_all),), sums) for manager, sums in world.teams.items()
        ]
    else:
        names = (asked.row, asked.column) if asked.column else (asked.row,)
        lines = [
            (tuple(value_label(name, value) for name, value in zip(names, key, strict=True)), sums)
            for key, sums in world.cube.table(names, asked.others).items()
        ]
    for labels, sums in sorted(lines, key=lambda line: line[0]):
        if sums is None:
            yield [*labels, *([_("not shown")] * (len(figures) + len(over)))]
            continue
        values = [sums.people, _number(sums.expected, 2), _number(sums.mean)]
        yield [*labels, *values, *([sums.above, _number(sums.share_above)] if over else [])]


def _month_lines(world: World) -> Iterator[Sequence]:
    turnover = world.turnover(world.asked.conditions)
    chart = _months_chart(world, turnover) if turnover else None
    if chart:
        yield chart.columns
        yield from chart.rows
