"""The heat map of the teams' page: a cell's figures in words, its tone, and the segment that it selects."""

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from predictions.formats import grouped, percent
from predictions.pages.teams import segment as segments
from predictions.pages.teams.segment import value_label
from predictions.pages.teams.world import World, listed_teams
from predictions.segments.cube import OTHERS, TEAM, UNKNOWN, Conditions, Cube, Sums, Value

TONES = 5  # of the heat map, from the lowest share to the highest


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat map, or one of its heads; ``tone`` is empty where nothing is shown."""

    text: str
    note: str = ""
    title: str = ""
    tone: str = ""
    href: str = ""
    is_current: bool = False


def heat(world: World) -> dict[str, Any]:
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
        "expected": world.expected(sums),
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
        % {"number": world.expected(sums), "share": percent(sums.mean)},
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


def teams_table(world: World) -> dict[str, Any]:
    """The teams with the highest share, one a row."""
    whole = world.cube.whole
    listed = sorted(listed_teams(world.teams), key=lambda manager: -world.teams[int(manager)].mean)
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
