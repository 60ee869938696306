"""Statistical disclosure control: which counts of people a table suppresses, so that no small group is revealed.

Primary suppression hides a count of one to four people. Since it could be derived from totals and the other counts,
secondary (complementary) suppression hides more counts, the smallest first. A table is safe when a reader who knows
every shown count and total can neither derive a suppressed count nor bound it under five (Willenborg and de Waal 2001,
*Elements of Statistical Disclosure Control*, chapter 4). Zero is shown unless only it can protect a small count; so a
suppressed group is usually known not to be empty.
"""

import math
from collections import deque
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

SMALLEST_GROUP = 5  # people

Cell = TypeVar("Cell", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)
Line = int | None  # a total by its place; None for one that is not known


def is_small(people: float) -> bool:
    """Whether a count must be suppressed by itself."""
    return 0 < people < SMALLEST_GROUP


def suppressed(
    counts: Mapping[Cell, float],
    *,
    totals: Iterable[Collection[Cell]] | None = None,
    units: Iterable[Collection[Cell]] | None = None,
) -> frozenset[Cell]:
    """The cells to suppress in a table of disjoint groups of people.

    ``totals`` are the sets of cells whose sum is known: by default all cells, else the rows and columns of a two-way
    table. ``units`` are cells that are suppressed together; by default each is its own unit. Where a total alone bounds
    its cells (four people, or five in two groups), all of them are suppressed: the total then reveals as much as they
    would.
    """
    table = _Table(counts, [frozenset(total) for total in (totals if totals is not None else [counts])])
    free = {frozenset(unit) for unit in (units if units is not None else [[cell] for cell in counts])}
    chosen = {unit for unit in free if any(is_small(counts[cell]) for cell in unit)}
    while chosen:
        free -= chosen
        table = replace(table, hidden=table.hidden.union(*chosen))
        chosen = table.complements(free)
    return table.hidden


def suppressed_parts(groups: Mapping[Group, tuple[int, int]]) -> tuple[frozenset[Group], frozenset[Group]]:
    """The groups to suppress, and the other groups whose part must be suppressed.

    ``groups`` are disjoint; each has its people and a part of them, such as the leavers. The totals of both are known.
    """
    whole = suppressed({group: people for group, (people, _part) in groups.items()})
    rows = [{group} for group in groups if group not in whole] + ([whole] if whole else [])
    cells: dict[tuple[int, bool], int] = {}
    for place, row in enumerate(rows):
        people, part = (sum(groups[group][i] for group in row) for i in (0, 1))
        cells |= {(place, True): part, (place, False): people - part}
    pairs = [[(place, True), (place, False)] for place in range(len(rows))]
    columns = [[cell for cell in cells if cell[1] is side] for side in (True, False)]
    hidden = suppressed(cells, totals=[*pairs, *columns], units=pairs)
    places = {place for place, _side in hidden}
    return whole, frozenset().union(*(row for place, row in enumerate(rows) if place in places)) - whole


def suppressed_steps(counts: Sequence[int]) -> frozenset[int]:
    """The positions to suppress in a cumulative series, such as those who left within 3, 6 and 12 months.

    The last count is shown unless it is small; an earlier one, unless the next shown one exceeds it by a small number.
    """
    hidden, shown_after = set(), None
    for place in reversed(range(len(counts))):
        if is_small(counts[place]) or (shown_after is not None and is_small(shown_after - counts[place])):
            hidden.add(place)
        else:
            shown_after = counts[place]
    return frozenset(hidden)


@dataclass(frozen=True)
class _Table(Generic[Cell]):
    """Counts of people, the sets whose sum is known, and the cells suppressed so far."""

    counts: Mapping[Cell, float]
    lines: Sequence[frozenset[Cell]]
    hidden: frozenset[Cell] = frozenset()

    def complements(self, free: Collection[frozenset[Cell]]) -> set[frozenset[Cell]]:
        """The units to suppress next: the smallest in a line with an exposed cell; none if none can protect it.

        All of that size, since the choice among them would be information.
        """
        sizes: dict[frozenset[Cell], float] = {}
        for cell in self.hidden:
            if self.is_exposed(cell):
                line = frozenset().union(*self.open_lines(cell))
                beside = {unit: sum(self.counts[each] for each in unit) for unit in free if unit & line}
                full = {unit: size for unit, size in beside.items() if all(self.counts[each] for each in unit)}
                sizes |= full or beside
        smallest = min(sizes.values(), default=0)
        return {unit for unit, size in sizes.items() if size == smallest}

    def is_exposed(self, cell: Cell) -> bool:
        """Whether the shown counts bound a suppressed cell under five, or determine it.

        Suppressed cells of the same totals can exchange people freely, which settles most cases. Flows
        through the rows and columns decide the rest.
        """
        own = self.totals_of(cell)
        kin = self.kin[own]
        most = sum(self.counts[each] for each in kin) - self.least * (len(kin) - 1)
        if not own or (len(kin) > 1 and most >= SMALLEST_GROUP):
            return False
        if all(self.lines[place] & self.hidden <= set(kin) for place in own):
            return True
        most = self.bound(cell, is_upper=True)
        return most < SMALLEST_GROUP or most == self.counts[cell] == self.bound(cell, is_upper=False)

    @cached_property
    def least(self) -> float:
        """The smallest possible suppressed count, for a reader who does not know the whole rule."""
        return min(1, *(self.counts[cell] for cell in self.hidden))

    @cached_property
    def kin(self) -> dict[tuple[int, ...], list[Cell]]:
        """The suppressed cells by the totals that include them."""
        found: dict[tuple[int, ...], list[Cell]] = {}
        for cell in self.hidden:
            found.setdefault(self.totals_of(cell), []).append(cell)
        return found

    def totals_of(self, cell: Cell) -> tuple[int, ...]:
        return tuple(place for place, line in enumerate(self.lines) if cell in line)

    def open_lines(self, cell: Cell) -> list[frozenset[Cell]]:
        """The totals of a cell that alone bound a suppressed one under five; all its totals if none does."""
        own = [line for line in self.lines if cell in line]
        return [
            line for line in own if sum(self.counts[each] - 1 for each in line & self.hidden) < SMALLEST_GROUP - 1
        ] or own

    def bound(self, cell: Cell, *, is_upper: bool) -> float:
        """The upper or lower bound of a suppressed cell, given the shown counts.

        For the cell to rise, another one of its row must fall, then one of that one's column rise, and so on until one
        of its own column falls: as many people as can flow from its row to its column (Cox 1995, *Network models for
        complementary cell suppression*). To fall, the other way round.
        """
        room: dict[tuple[Line, Line], float] = {}
        for each in self.hidden - {cell}:
            row, column = self.ends[each]
            falls = (row, column) if is_upper else (column, row)
            room[falls] = room.get(falls, 0) + self.counts[each] - self.least
            room[falls[::-1]] = math.inf
        flow = _maximum_flow(room, *self.ends[cell])
        return self.counts[cell] + flow if is_upper else max(self.counts[cell] - flow, self.least)

    @cached_property
    def ends(self) -> dict[Cell, tuple[Line, Line]]:
        """The row and the column of each suppressed cell, as places of totals; None where that one is not known."""
        is_row: dict[int, bool] = {}
        for first in range(len(self.lines)):
            connected = [] if first in is_row else [(first, True)]
            while connected:
                place, is_row[place] = connected.pop()
                others = {each for cell in self.lines[place] & self.hidden for each in self.totals_of(cell)}
                connected += [(each, not is_row[place]) for each in others - is_row.keys()]
        found: dict[Cell, tuple[Line, Line]] = {}
        for cell in self.hidden:
            sides = {is_row[place]: place for place in self.totals_of(cell)}
            if len(sides) < len(self.totals_of(cell)):
                raise ValueError("the totals are not the rows and columns of a two-way table")
            found[cell] = sides.get(True), sides.get(False)
        return found


def _maximum_flow(room: dict[tuple[Line, Line], float], source: Line, sink: Line) -> float:
    """The most that flows along edges with room for so much each (Edmonds and Karp 1972). Changes ``room``."""
    flow = 0.0
    while True:
        before, reached = {source: source}, deque([source])
        while reached and sink not in before:
            here = reached.popleft()
            for start, end in room:
                if start == here and end not in before and room[start, end] > 0:
                    before[end] = here
                    reached.append(end)
        if sink not in before or sink == source:
            return flow
        path, end = [], sink
        while end != source:
            path.append((before[end], end))
            end = before[end]
        most = min(room[edge] for edge in path)
        for start, end in path:
            room[start, end] -= most
            room[end, start] = room.get((end, start), 0) + most
        flow += most
