"""Statistical disclosure control: which counts of people a table suppresses, so that no small group can be told.

A count of one to four people is suppressed (primary suppression). Totals and the other counts would give it away by
subtraction, so that more counts are suppressed with it (secondary, or complementary, suppression), the smallest first.
A table is safe when whoever knows every count and total that it shows can neither work out a suppressed count nor bound
it under five (Willenborg and de Waal 2001, *Elements of Statistical Disclosure Control*, chapter 4). A count of nobody
is shown unless no other protects a small one; so a suppressed group is known not to be empty, as a rule.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

SMALLEST_GROUP = 5  # people

Cell = TypeVar("Cell", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)


def is_small(people: float) -> bool:
    """Whether a count must be suppressed by itself."""
    return 0 < people < SMALLEST_GROUP


def suppressed(
    counts: Mapping[Cell, float],
    *,
    totals: Iterable[Collection[Cell]] | None = None,
    units: Iterable[Collection[Cell]] | None = None,
) -> frozenset[Cell]:
    """The cells of a table of disjoint groups of people that must not be shown.

    ``totals`` are the sets of cells whose sum is known: everyone unless said otherwise, the rows and the columns of a
    two-way table. ``units`` are the cells that are suppressed together, each by itself unless said otherwise. All cells
    of a total are suppressed where that total bounds them by itself: four people, or five in two groups. It then says
    as much as they would.
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
    """The groups that must not be shown, and those of the others whose part must not.

    ``groups`` are disjoint; each has its people and a part of them, such as those who left. How many there are of both
    in all is known.
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


@dataclass(frozen=True)
class _Table(Generic[Cell]):
    """Counts of people, the sets of them whose sum is known, and what is suppressed so far."""

    counts: Mapping[Cell, float]
    lines: Sequence[frozenset[Cell]]
    hidden: frozenset[Cell] = frozenset()

    def complements(self, free: Collection[frozenset[Cell]]) -> set[frozenset[Cell]]:
        """Of the units still shown those to suppress next: the smallest beside a cell that is exposed.

        All of that size: which one of several was taken would tell more than that one was needed. None where none could
        protect a cell.
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
        """Whether what is shown bounds a suppressed cell under five, or leaves it one value.

        People move freely between the suppressed cells of the same totals. Where those do not settle it, a linear
        program does, whose corners are whole numbers in one- and two-way tables.
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
        """How few people a suppressed cell may hold, for whoever does not know the rule to the end."""
        return min(1, *(self.counts[cell] for cell in self.hidden))

    @cached_property
    def kin(self) -> dict[tuple[int, ...], list[Cell]]:
        """The suppressed cells by the totals that they are part of."""
        found: dict[tuple[int, ...], list[Cell]] = {}
        for cell in self.hidden:
            found.setdefault(self.totals_of(cell), []).append(cell)
        return found

    def totals_of(self, cell: Cell) -> tuple[int, ...]:
        return tuple(place for place, line in enumerate(self.lines) if cell in line)

    def open_lines(self, cell: Cell) -> list[frozenset[Cell]]:
        """The totals of a cell that by themselves bound a suppressed one under five; all of its totals if none does."""
        own = [line for line in self.lines if cell in line]
        return [
            line for line in own if sum(self.counts[each] - 1 for each in line & self.hidden) < SMALLEST_GROUP - 1
        ] or own

    def bound(self, cell: Cell, *, is_upper: bool) -> float:
        """The most, or the least, people that a suppressed cell can hold by what is shown."""
        from scipy.optimize import linprog  # takes long to import, and few tables need it

        order = list(self.hidden)
        known = [line & self.hidden for line in self.lines if line & self.hidden]
        sign = -1 if is_upper else 1
        found = linprog(
            [sign * (each == cell) for each in order],
            A_eq=[[float(each in line) for each in order] for line in known],
            b_eq=[sum(self.counts[each] for each in line) for line in known],
            bounds=(self.least, None),
        )
        return round(sign * found.fun)
