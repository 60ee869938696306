"""The rule for small groups, attacked: every table that what is shown leaves possible is counted out."""

import random
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations, product

import pytest

from employees.disclosure import (
    SMALLEST_GROUP,
    Crossing,
    rounded_count,
    shown_count,
    step_of,
    suppressed,
    suppressed_parts,
    suppressed_steps,
)

SEEDS = range(60)


def possible(hidden: list, totals: list[tuple[frozenset, int]], least: int = 1) -> Iterator[dict]:
    """Every way to fill the suppressed cells, with ``least`` people or more, so that each total is as shown."""
    if not hidden:
        if all(left == 0 for _cells, left in totals):
            yield {}
        return
    cell, *others = hidden
    own = [(cells, left) for cells, left in totals if cell in cells]
    most = min(left - least * len(cells & set(others)) for cells, left in own)
    for value in range(least, most + 1):
        rest = [(cells, left - value if cell in cells else left) for cells, left in totals]
        if any(left < least * len(cells & set(others)) for cells, left in rest):
            continue
        for found in possible(others, rest, least):
            yield {cell: value} | found


def told(counts: Mapping, hidden: frozenset, totals) -> dict:
    """The values that each suppressed cell may have, for whoever knows all that is shown.

    Every table that fits is counted out: cell by cell, each sum that may be left of the totals once.
    """
    order = sorted(hidden)
    lines = [line for line in (frozenset(total) & hidden for total in totals) if line]
    least = min([1, *(counts[cell] for cell in hidden)])  # an empty one is suppressed where no other would do

    def steps(place: int, left: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
        own = [order[place] in line for line in lines]
        for value in range(least, min(sum_ for sum_, is_own in zip(left, own, strict=True) if is_own) + 1):
            yield value, tuple(sum_ - value * is_own for sum_, is_own in zip(left, own, strict=True))

    @cache
    def fits(place: int, left: tuple[int, ...]) -> bool:
        if place == len(order):
            return not any(left)
        return any(fits(place + 1, rest) for _value, rest in steps(place, left))

    values: dict = {}
    reached = {tuple(sum(counts[cell] for cell in line) for line in lines)}
    for place, cell in enumerate(order):
        found = [step for left in reached for step in steps(place, left) if fits(place + 1, step[1])]
        values[cell] = {value for value, _rest in found}
        reached = {rest for _value, rest in found}
    return values


def is_told_by_a_total(cell, counts: Mapping, hidden: frozenset, totals) -> bool:
    """Whether a total of which every cell is suppressed bounds this one under five: few people, or many groups."""
    lines = [[each for each in total if counts[each]] for total in totals if cell in total]
    return any(hidden.issuperset(line) and sum(counts[each] - 1 for each in line) < 4 for line in lines)


def assert_protected(counts: Mapping, hidden: frozenset, totals) -> None:
    """No suppressed cell can be worked out or bounded under five, save by a total that says it by itself."""
    for cell, values in told(counts, hidden, totals).items():
        assert counts[cell] in values
        is_open = len(values) > 1 and max(values) >= SMALLEST_GROUP
        assert is_open or is_told_by_a_total(cell, counts, hidden, totals), (cell, values)


def small(counts: Mapping) -> set:
    return {cell for cell, people in counts.items() if 0 < people < SMALLEST_GROUP}


def row_table(seed: int) -> dict[int, int]:
    draw = random.Random(seed)
    return {place: draw.choice([0, *range(1, 8), 9]) for place in range(draw.randint(1, 4))}


def two_way_table(seed: int) -> dict[tuple[int, int], int]:
    draw = random.Random(seed)
    rows, columns = draw.choice([(2, 3), (3, 2)])
    return {cell: draw.choice([0, 1, 2, 3, 5, 6, 7]) for cell in product(range(rows), range(columns))}


def margins(counts) -> list[list]:
    """The rows and the columns of a two-way table whose totals may be shown."""
    found = []
    for axis in (0, 1):
        lines = {place: [cell for cell in counts if cell[axis] == place] for place in {cell[axis] for cell in counts}}
        hidden = suppressed({place: sum(counts[cell] for cell in line) for place, line in lines.items()})
        found += [line for place, line in lines.items() if place not in hidden]
        found.append([cell for place in hidden for cell in lines[place]])
    return [line for line in found if line]


# One way


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, ""),
        ({"a": 5, "b": 900}, ""),
        ({"a": 0, "b": 900}, ""),
        ({"a": 4, "b": 900, "c": 60}, "ac"),
        ({"a": 3, "b": 4, "c": 200, "d": 300}, "ab"),
        ({"a": 1, "b": 4, "c": 200, "d": 300}, "abc"),  # of five people in two groups, none is over four
        ({"a": 1, "b": 5, "c": 200}, "ab"),
        ({"a": 4, "b": 30, "c": 30}, "abc"),  # one of two equal ones would tell which is the small one
        ({"a": 4, "b": 900}, "ab"),
        ({"a": 4}, "a"),
    ],
)
def test_small_group_takes_the_next_smallest_with_it(counts, expected):
    assert suppressed(counts) == set(expected)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_suppressed_count_follows_from_the_total(seed):
    counts = row_table(seed)
    assert small(counts) <= suppressed(counts)
    assert_protected(counts, suppressed(counts), [counts])


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_knowing_the_rule_too_leaves_a_suppressed_count_open(seed):
    """Of the tables that fit what is shown, only those of which the rule would suppress the same are possible."""
    counts = row_table(seed)
    hidden = suppressed(counts)
    known = [(hidden, sum(counts[cell] for cell in hidden))]
    values: dict = {cell: set() for cell in hidden}
    for filled in possible(sorted(hidden), known if hidden else []):
        if suppressed(counts | filled) == hidden:
            for cell, value in filled.items():
                values[cell].add(value)
    assert all(len(each) > 1 or is_told_by_a_total(cell, counts, hidden, [counts]) for cell, each in values.items())


def test_group_of_which_no_total_is_known_needs_no_complement():
    assert suppressed({"a": 3, "b": 20}, totals=[]) == {"a"}


# Two ways


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_suppressed_count_follows_from_rows_and_columns(seed):
    counts = two_way_table(seed)
    hidden = suppressed(counts, totals=margins(counts))
    assert small(counts) <= hidden
    assert_protected(counts, hidden, margins(counts))


def test_two_way_table_keeps_what_needs_no_protection():
    corner = {("a", "w"): 2, ("b", "x"): 9, ("a", "x"): 8, ("b", "w"): 7}
    counts = dict.fromkeys(product("abcd", "wxyz"), 20) | corner
    assert suppressed(counts, totals=margins(counts)) == set(product("ab", "wx"))


def test_rectangle_too_small_to_hide_behind_is_not_enough():
    """Four suppressed cells of one person each are told by their totals of two."""
    counts = {("a", "w"): 1, ("a", "x"): 1, ("b", "w"): 1, ("b", "x"): 1} | dict.fromkeys(product("c", "wx"), 9)
    hidden = suppressed(counts, totals=margins(counts))
    assert hidden > set(product("ab", "wx"))
    assert_protected(counts, hidden, margins(counts))


# A part of each group


def test_part_of_fewer_than_five_takes_that_of_another_group_with_it():
    groups = {"a": (80, 2), "b": (300, 40), "c": (60, 12), "d": (500, 90)}
    assert suppressed_parts(groups) == (frozenset(), {"a", "c"})


def test_those_who_are_not_of_the_part_are_a_group_too():
    assert suppressed_parts({"a": (30, 27), "b": (60, 20), "c": (90, 40)}) == (frozenset(), {"a", "b"})


def test_part_of_a_group_with_nobody_in_it_is_shown():
    assert suppressed_parts({"a": (30, 0), "b": (60, 20)}) == (frozenset(), frozenset())


def test_part_of_the_groups_that_are_not_shown_is_protected_too():
    """Two groups are suppressed; of the two together, four stayed, which the totals would say."""
    assert suppressed_parts({"a": (3, 1), "b": (10, 8), "c": (40, 20), "d": (60, 25)}) == ({"a", "b"}, {"c"})


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_part_follows_from_the_groups_and_the_totals(seed):
    draw = random.Random(seed)
    groups = {}
    for name in range(draw.randint(2, 4)):
        people = draw.randint(1, 14)
        groups[name] = (people, draw.randint(0, people))
    whole, parts = suppressed_parts(groups)
    assert_protected({name: people for name, (people, _part) in groups.items()}, whole, [groups])
    # What the totals say of those that are not shown is one more row.
    rows = {name: groups[name] for name in groups if name not in whole}
    if whole:
        rows["rest"] = tuple(sum(groups[name][place] for name in whole) for place in (0, 1))
    counts = {}
    for name, (people, part) in rows.items():
        counts |= {(str(name), "in"): part, (str(name), "out"): people - part}
    few = {name for name, _side in small(counts)}
    assert few - {"rest"} <= {str(name) for name in parts}
    names = {str(name) for name in parts} | ({"rest"} & rows.keys() if few else set())
    hidden = frozenset((name, side) for name in names for side in ("in", "out"))
    assert_protected(counts, hidden, margins(counts))


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([], set()),
        ([12, 30, 43], set()),
        ([3, 30, 43], {0}),
        ([12, 41, 43], {1}),
        ([38, 41, 43], {1}),
        ([40, 41, 43], {0, 1}),
        ([0, 0, 0], set()),
        ([0, 4, 4], {1, 2}),
        ([7, 7, 7], set()),
    ],
)
def test_counts_that_grow_tell_no_small_group_by_their_differences(counts, hidden):
    assert suppressed_steps(counts) == hidden


ATTRIBUTES = ("department", "job", "site", "level")


def company(seed: int) -> Crossing:
    """Some forty to four hundred people, in a few departments, jobs, sites and levels, most in the first ones."""
    drawn = random.Random(seed)
    sizes = [drawn.randint(2, 4) for _attribute in ATTRIBUTES]
    counts: dict[tuple, int] = {}
    for _person in range(drawn.randint(40, 400)):
        values = tuple(int(drawn.betavariate(1, 1.5) * size) for size in sizes)
        counts[values] = counts.get(values, 0) + 1
    return Crossing(counts, ATTRIBUTES)


def filters(crossing: Crossing) -> list[dict]:
    """All filters of up to three conditions that select somebody and are shown."""
    found = []
    for number in range(4):
        for names in combinations(ATTRIBUTES, number):
            groups = (dict(zip(names, values, strict=True)) for values in crossing.people(names))
            found += [conditions for conditions in groups if not crossing.is_hidden(conditions)]
    return found


def selected(crossing: Crossing, conditions: dict) -> frozenset:
    places = {ATTRIBUTES.index(name): value for name, value in conditions.items()}
    return frozenset(group for group in crossing.counts if all(group[at] == value for at, value in places.items()))


def people_in(crossing: Crossing, groups: frozenset) -> int:
    return sum(crossing.counts[group] for group in groups)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_pair_of_filters_reveals_a_small_group_by_subtraction(seed):
    crossing, drawn = company(seed), random.Random(seed)
    shown = filters(crossing)
    for first, second in (drawn.choices(shown, k=2) for _pair in range(300)):
        if any(second.get(name, value) != value for name, value in first.items()):
            continue  # nobody is in both
        both = first | second
        if len(both) > 3 or crossing.is_hidden(both):
            continue
        shared = dict(first.items() & second.items())
        one, other, all_ = (selected(crossing, conditions) for conditions in (first, second, shared))
        for group in (one, other, one & other, one - other, other - one, all_ - one, all_ - other, all_ - one - other):
            assert not 0 < people_in(crossing, group) < SMALLEST_GROUP, (first, second)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_filter_reveals_a_small_group_less_the_groups_that_it_splits_into(seed):
    crossing = company(seed)
    for conditions in filters(crossing):
        if len(conditions) == 3:
            continue
        for name in set(ATTRIBUTES) - conditions.keys():
            within = selected(crossing, conditions)
            values = {group[ATTRIBUTES.index(name)] for group in within}
            shown = [value for value in values if not crossing.is_hidden(conditions | {name: value})]
            parts = [selected(crossing, conditions | {name: value}) for value in shown]
            rest = people_in(crossing, within.difference(*parts))
            assert not 0 < rest < SMALLEST_GROUP, (conditions, name)


@pytest.mark.parametrize("seed", SEEDS)
def test_suppressed_groups_of_three_conditions_are_not_bounded_under_five_in_any_table(seed):
    crossing = company(seed)
    for names in combinations(ATTRIBUTES, 3):
        hidden = crossing.hidden(names)
        for fixed, place in ((group[at], at) for at in range(3) for group in hidden):
            others = [other for other in range(3) if other != place]
            if crossing.is_hidden({names[place]: fixed}):
                continue
            cells = {group for group in crossing.people(names) if group[place] == fixed}
            for beside in others:
                for value in {group[beside] for group in cells}:
                    if crossing.is_hidden({names[place]: fixed, names[beside]: value}):
                        continue
                    line = {group for group in cells if group[beside] == value} & hidden
                    people = sum(crossing.people(names)[group] for group in line)
                    assert not line or people >= SMALLEST_GROUP, (names, fixed, value)


def test_group_of_more_than_three_conditions_is_refused():
    with pytest.raises(ValueError, match="up to three"):
        company(0).is_hidden(dict.fromkeys(ATTRIBUTES, 0))


def test_large_groups_are_all_shown():
    crossing = Crossing(dict.fromkeys(product("xy", repeat=4), 20), ATTRIBUTES)
    assert len(filters(crossing)) == 1 + 4 * 2 + 6 * 4 + 4 * 8


@pytest.mark.parametrize(("parts", "step"), [([], 1), ([0], 1), ([3, 7], 10), ([1_200, 300], 2_000), ([5_000], 5_000)])
def test_step_of_a_rounded_sum_is_at_least_the_largest_part(parts, step):
    assert step_of(parts) == step


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (4, 0), (5, 5), (9, 5), (10, 10)])
def test_rounded_count_is_a_multiple_of_five(count, shown):
    assert rounded_count(count) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (2, 0), (3, 5), (12, 10), (13, 15), (12.4, 10)])
def test_shown_count_is_the_nearest_five_for_who_reads_figures_alone_and_else_exact(count, shown):
    assert shown_count(count, is_rounded=True) == shown
    assert shown_count(count, is_rounded=False) == count
