"""The map or the months of the teams' page as CSV."""

from collections.abc import Iterator, Sequence

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import get_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from predictions.formats import csv_delimiter
from predictions.pages.teams import segment as segments
from predictions.pages.teams.segment import names_of, value_label
from predictions.pages.teams.turnover_charts import months_chart
from predictions.pages.teams.world import World, read, record
from predictions.segments.cube import TEAM, Sums
from technova.files.spreadsheets import streamed_csv
from technova.web.requests import Request


@require_safe
def teams_csv(request: Request) -> HttpResponse | StreamingHttpResponse:
    """The map or the months as a file; an address with an error leads to the page, which shows it."""
    found = read(request)
    if isinstance(found, dict):
        return redirect(f"{reverse('teams')}?{request.GET.urlencode()}")
    world = found[1]
    record(request, world)
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
        values = [sums.people, _number(sums.expected, 0 if sums.is_rounded else 2), _number(sums.mean)]
        yield [*labels, *values, *([sums.above, _number(sums.share_above)] if over else [])]


def _month_lines(world: World) -> Iterator[Sequence]:
    turnover = world.turnover(world.asked.conditions)
    chart = months_chart(world, turnover) if turnover else None
    if chart:
        yield chart.columns
        yield from chart.rows
