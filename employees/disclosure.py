"""Statistical disclosure control: which counts of people a table suppresses, so that no small group is revealed.

Primary suppression hides a count of one to four people. Since it could be derived from totals and the other counts,
secondary (complementary) suppression hides more counts, the smallest first. A table is safe when a reader who knows
every shown count and total can neither derive a suppressed count nor bound it under five (Willenborg and de Waal 2001,
*Elements of Statistical Disclosure Control*, chapter 4). Zero is shown unless only it can protect a small count; so a
suppressed group is usually known not to be empty.
"""

import math
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Generic, TypeVar

SMALLEST_GROUP = 5  # people

Count = TypeVar("Count", int, float)  # of people; a mean of them is no integer
Cell = TypeVar("Cell", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)
Line = int | None  # a total by its place; None for one that is not known


def is_small(people: float) -> bool:
    """Whether a count must be suppressed by itself."""
    return 0 < people < SMALLEST_GROUP


def step_of(parts: Iterable[float]) -> float:
    """The step to which a sum of amounts of people is rounded, so that no one's part is read from two such sums.

    It is 1, 2 or 5 times a power of ten, and at least the largest part: one person more moves the sum by a step or not
    at all (the dominance rule of Willenborg and de Waal, turned into a rounding base).
    """
    largest = max(parts, default=0.0)
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= largest)


def rounded_count(count: int) -> int:
    """A count of what concerns people, down to a multiple of the smallest group: one more mostly does not show."""
    return count - count % SMALLEST_GROUP


def nearest_five(count: float) -> int:
    """A count rounded to a multiple of the smallest group, so that sums of several differ from a count by chance."""
    return SMALLEST_GROUP * round(count / SMALLEST_GROUP)


def shown_count(count: Count, *, is_rounded: bool) -> Count:
    """A count of people as it is shown: rounded to fives for who reads figures alone."""
    return nearest_five(count) if is_rounded else count


def suppressed(
    counts: Mapping[Cell, float],
    *,
    totals: Iterable[Collection[Cell]] | None = None,
    units: Iterable[Collection[Cell]] | None = None,
    also: Collection[Cell] = (),
) -> frozenset[Cell]:
    """The cells to suppress in a table of disjoint groups of people.

    ``totals`` are the sets of cells whose sum is known: by default all cells, else the rows and columns of a two-way
    table. ``units`` are cells that are suppressed together; by default each is its own unit. ``also`` are cells that
    another table suppresses: they are suppressed here too. Where a total alone bounds its cells (four people, or five
    in two groups), all of them are suppressed: the total then reveals as much as they would.
    """
    table = _Table(counts, [frozenset(total) for total in (totals if totals is not None else [counts])])
    free = {frozenset(unit) for unit in (units if units is not None else [[cell] for cell in counts])}
    chosen = {unit for unit in free if any(is_small(counts[cell]) or cell in also for cell in unit)}
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


def _sides(counts: Iterable[tuple[Group, Group]], place: int) -> dict[Group, list[tuple[Group, Group]]]:
    lines: dict[Group, list[tuple[Group, Group]]] = {}
    for cell in counts:
        lines.setdefault(cell[place], []).append(cell)
    return lines


def _two_way(
    counts: Mapping[tuple[Group, Group], int],
    sides: Sequence[Mapping[Group, Collection[tuple[Group, Group]]]],
    hidden_lines: Sequence[Collection[Group]],
    also: Collection[tuple[Group, Group]],
) -> frozenset[tuple[Group, Group]]:
    """The cells to suppress in a table by row and column: in a suppressed line all, since they would add up to it."""
    totals: list[list[tuple[Group, Group]]] = []
    inside: set[tuple[Group, Group]] = set()
    for lines, hidden in zip(sides, hidden_lines, strict=True):
        totals += [list(line) for value, line in lines.items() if value not in hidden]
        merged = [cell for value, line in lines.items() if value in hidden for cell in line]
        totals += [merged] if merged else []
        inside.update(merged)
    return suppressed(counts, totals=totals, also=inside.union(also))


@dataclass(frozen=True)
class Crossing(Generic[Group]):
    """People counted by several attributes, and which of their groups may be counted: by up to three of them.

    ``counts`` are by a value of each attribute, in the order of ``attributes``. A group is what some conditions select,
    such as a department and a site. What narrows a table further is a table too: so a group of three conditions is
    suppressed if it is in any of the three tables that one of them narrows to, and the others are protected there. By
    subtraction between any tables that are shown, no group under five is revealed.
    """

    counts: Mapping[tuple[Group, ...], int]
    attributes: tuple[str, ...]
    _cache: dict[tuple[str, ...], frozenset[tuple[Group, ...]]] = field(default_factory=dict, compare=False)

    def is_hidden(self, conditions: Mapping[str, Group]) -> bool:
        """Whether the people whom these conditions select, up to three, must not be counted."""
        names = self._ordered(conditions)
        if not names:
            return is_small(sum(self.counts.values()))
        return tuple(conditions[name] for name in names) in self.hidden(names)

    def hidden(self, names: Iterable[str]) -> frozenset[tuple[Group, ...]]:
        """The groups by up to three attributes that must not be counted: their values, attributes in order."""
        names = self._ordered(names)
        if len(names) > 3:
            raise ValueError(f"groups by {len(names)} attributes: up to three can be protected")
        if names not in self._cache:
            by_number = (self._by_none, self._by_one, self._by_two, self._by_three)
            self._cache[names] = by_number[len(names)](names)
        return self._cache[names]

    def people(self, names: Iterable[str]) -> dict[tuple[Group, ...], int]:
        """People by some attributes, in order."""
        places = [self.attributes.index(name) for name in self._ordered(names)]
        found: dict[tuple[Group, ...], int] = {}
        for values, people in self.counts.items():
            key = tuple(values[place] for place in places)
            found[key] = found.get(key, 0) + people
        return found

    def _ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=self.attributes.index))

    def _by_none(self, _names: tuple[str, ...]) -> frozenset[tuple[Group, ...]]:
        return frozenset()

    def _by_one(self, names: tuple[str, ...]) -> frozenset[tuple[Group, ...]]:
        return suppressed(self.people(names))

    def _by_two(self, names: tuple[str, ...]) -> frozenset[tuple[Group, ...]]:
        counts = {(row, column): people for (row, column), people in self.people(names).items()}
        hidden = [{value for (value,) in self.hidden([name])} for name in names]
        return frozenset(_two_way(counts, [_sides(counts, place) for place in (0, 1)], hidden, ()))

    def _by_three(self, names: tuple[str, ...]) -> frozenset[tuple[Group, ...]]:
        """Each table, narrowed by a value of one attribute, until none suppresses more: a group is in three of them."""
        counts = self.people(names)
        pairs = {pair: self.hidden(pair) for pair in combinations(names, 2)}
        hidden = {
            group
            for group in counts
            if any(tuple(group[names.index(name)] for name in pair) in cells for pair, cells in pairs.items())
        }
        tables = list(self._narrowed(counts, names))
        while True:
            before = len(hidden)
            for back, table, sides, hidden_lines in tables:
                also = {cell for cell, group in back.items() if group in hidden}
                if also or any(is_small(people) for people in table.values()):
                    hidden.update(back[cell] for cell in _two_way(table, sides, hidden_lines, also))
            if len(hidden) == before:
                return frozenset(hidden)

    def _narrowed(self, counts: Mapping[tuple[Group, ...], int], names: Sequence[str]) -> Iterator[tuple]:
        """The two-way tables of each value of each attribute: their cells as groups, counts, lines, hidden lines."""
        for place, name in enumerate(names):
            others = [other for other in range(3) if other != place]
            by_value: dict[Group, dict[tuple[Group, Group], tuple[Group, ...]]] = {}
            for group in counts:
                by_value.setdefault(group[place], {})[group[others[0]], group[others[1]]] = group
            for value, back in by_value.items():
                if (value,) in self.hidden([name]):
                    continue  # its groups are all suppressed
                table = {cell: counts[group] for cell, group in back.items()}
                sides = [_sides(table, side) for side in (0, 1)]
                hidden_lines = [
                    {other for other in lines if self.is_hidden({name: value, names[beside]: other})}
                    for lines, beside in zip(sides, others, strict=True)
                ]
                yield back, table, sides, hidden_lines


@dataclass(frozen=True)
class _Table(Generic[Cell]):
    """Counts of people, the sets whose sum is known, and the cells suppressed so far."""

    counts: Mapping[Cell, float]
    lines: Sequence[frozenset[Cell]]
    hidden: frozenset[Cell] = frozenset()
    safe: set[Cell] = field(default_factory=set)  # suppressed and not exposed: further suppression only adds protection

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
        """Whether the shown counts bound a suppressed cell under five, or determine it."""
        if cell not in self.safe and not self.finds_exposed(cell):
            self.safe.add(cell)
        return cell not in self.safe

    def finds_exposed(self, cell: Cell) -> bool:
        """Suppressed cells of the same totals can exchange people freely, which settles most cases. Flows through the
        rows and columns decide the rest.
        """
        own = self.totals_of(cell)
        kin = self.kin[own]
        most = self.sums[own] - self.least * (len(kin) - 1)
        if not own or (len(kin) > 1 and most >= SMALLEST_GROUP):
            return False
        if all(len(self.lines[place] & self.hidden) == len(kin) for place in own):
            return True
        count = self.counts[cell]
        rise = self.flow(cell, is_upper=True, enough=max(SMALLEST_GROUP - count, 1))
        return count + rise < SMALLEST_GROUP or not (rise or self.flow(cell, is_upper=False, enough=count - self.least))

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

    @cached_property
    def sums(self) -> dict[tuple[int, ...], float]:
        """The people in suppressed cells by the totals that include them."""
        return {own: sum(self.counts[cell] for cell in kin) for own, kin in self.kin.items()}

    @cached_property
    def places(self) -> dict[Cell, tuple[int, ...]]:
        """The totals that include each suppressed cell, by their places."""
        found: dict[Cell, tuple[int, ...]] = dict.fromkeys(self.hidden, ())
        for place, line in enumerate(self.lines):
            for cell in line & self.hidden:
                found[cell] += (place,)
        return found

    def totals_of(self, cell: Cell) -> tuple[int, ...]:
        return self.places[cell]

    def open_lines(self, cell: Cell) -> list[frozenset[Cell]]:
        """The totals of a cell that alone bound a suppressed one under five; all its totals if none does."""
        own = [self.lines[place] for place in self.totals_of(cell)]
        return [
            line for line in own if sum(self.counts[each] - 1 for each in line & self.hidden) < SMALLEST_GROUP - 1
        ] or own

    def flow(self, cell: Cell, *, is_upper: bool, enough: float) -> float:
        """By how much a suppressed cell may rise or fall, given the shown counts; it looks for no more than ``enough``.

        For the cell to rise, another one of its row must fall, then one of that one's column rise, and so on until one
        of its own column falls: as many people as can flow from its row to its column (Cox 1995, *Network models for
        complementary cell suppression*). To fall, the other way round.
        """
        row, column = self.ends[cell]
        alone = len(self.kin[self.totals_of(cell)]) == 1  # no other cell between its row and its column
        own = {
            (row, column): self.falls[row, column] - self.counts[cell] + self.least,
            (column, row): 0 if alone else math.inf,
        }
        source, sink = (row, column) if is_upper else (column, row)
        return _maximum_flow(self.neighbours, lambda *edge: own.get(edge, self.room(*edge)), source, sink, enough)

    def room(self, start: Line, end: Line) -> float:
        """How many people can flow from a line to another: a cell falls from its row to its column, and rises back."""
        return self.falls.get((start, end), math.inf)

    @cached_property
    def falls(self) -> dict[tuple[Line, Line], float]:
        """By row and column, by how much the suppressed cells there can fall."""
        found: dict[tuple[Line, Line], float] = {}
        for cell in self.hidden:
            found[self.ends[cell]] = found.get(self.ends[cell], 0) + self.counts[cell] - self.least
        return found

    @cached_property
    def neighbours(self) -> dict[Line, set[Line]]:
        """The rows and columns that share a suppressed cell."""
        found: dict[Line, set[Line]] = {}
        for row, column in self.falls:
            found.setdefault(row, set()).add(column)
            found.setdefault(column, set()).add(row)
        return found

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


def _maximum_flow(
    neighbours: Mapping[Line, Collection[Line]],
    room: Callable[[Line, Line], float],
    source: Line,
    sink: Line,
    enough: float,
) -> float:
    """The most that flows along edges with room for so much each (Edmonds and Karp 1972); it stops at ``enough``."""
    flow = 0.0
    used: dict[tuple[Line, Line], float] = {}
    while flow < enough and sink != source:
        before, reached = {source: source}, deque([source])
        while reached and sink not in before:
            here = reached.popleft()
            for end in neighbours[here]:
                if end not in before and room(here, end) > used.get((here, end), 0):
                    before[end] = here
                    reached.append(end)
        if sink not in before:
            break
        path, end = [], sink
        while end != source:
            path.append((before[end], end))
            end = before[end]
        most = min(enough - flow, *(room(*edge) - used.get(edge, 0) for edge in path))
        for start, end in path:
            used[start, end] = used.get((start, end), 0) + most
            used[end, start] = used.get((end, start), 0) - most
        flow += most
    return flow
