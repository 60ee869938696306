"""Pairs of queries by a reader of figures alone, who subtracts what one shows from what the other shows.

A query is what *Direction* can ask: a table of a segment on the page of the teams, by any of its filters, or a
breakdown of *Today*. Each shows groups with their counts; of a pair, every shown group of one is reduced by the shown
groups of the other that are a part of it by their conditions. What is left must be nobody, or five people or more.

A reader of figures alone, to whom counts are rounded, may combine more tables: ``sums_given_away``.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from employees.disclosure import SMALLEST_GROUP, Crossing, is_small, suppressed
from predictions.segments.cube import ATTRIBUTES, MOST_CONDITIONS, OTHERS, Cube, Sums, Value, _coarse

Key = tuple[Value, ...]
Box = tuple[frozenset[Value] | None, ...]  # by attribute the values that a group may have; None for any
NAMES = tuple(ATTRIBUTES)
SIZES = {"departement": 15, "poste": 14, "site": 8, "niveau_hierarchique_poste": 5}


@dataclass(frozen=True, slots=True)
class Group:
    """A group that was counted: what a reader knows of who is in it, and how many there are."""

    box: Box
    people: int

    def holds(self, other: "Group") -> bool:
        """Whether the other one is a part of it for sure, whoever there is."""
        pairs = list(zip(self.box, other.box, strict=True))
        return self.box != other.box and all(mine is None or (its is not None and its <= mine) for mine, its in pairs)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a query shows: disjoint groups, and the query in words."""

    asked: str
    groups: Sequence[Group]


class Company:
    """A random company, with a few large groups and many small ones, as the pages know it."""

    def __init__(self, seed: int):
        self.draw = random.Random(seed)
        self.people = self._people(self.draw.randint(60, 1_500))
        cells = _coarse({key: Sums(people=count) for key, count in self.people.items()}, NAMES)
        counts = {key: sums.people for key, sums in cells.items()}
        self.cube = Cube(NAMES, cells, Crossing(counts, NAMES))
        self.known = {name: frozenset(self.cube.values(name)) for name in NAMES}

    def _people(self, size: int) -> dict[Key, int]:
        found: dict[Key, int] = {}
        weights = {name: [1 / (place + 1) ** 1.3 for place in range(count)] for name, count in SIZES.items()}
        for _person in range(size):
            key = tuple(self.draw.choices(all_values(name), weights[name])[0] for name in NAMES)
            found[key] = found.get(key, 0) + 1
        return found

    def query(self) -> Shown:
        """One of all that can be asked."""
        return self._breakdown() if self.draw.random() < 0.1 else self._table()

    def _breakdown(self) -> Shown:
        name = self.draw.choice(("departement", "poste"))
        people: dict[Value, int] = {}
        for key, count in self.people.items():
            value = key[NAMES.index(name)]
            people[value] = people.get(value, 0) + count
        hidden = suppressed(people)
        groups = [Group(box_of({name: {value}}), count) for value, count in people.items() if value not in hidden]
        return Shown(f"today by {name}", groups)

    def _table(self) -> Shown:
        names = self.draw.sample(NAMES, self.draw.randint(0, MOST_CONDITIONS))
        by = tuple(names[: self.draw.randint(0, min(2, len(names)))])
        conditions = {name: self.draw.choice(self.cube.values(name)) for name in names[len(by) :]}
        asked = f"{conditions} by {by}"
        if not by:
            sums = self.cube.of(conditions)
            return Shown(asked, [] if sums is None else [self._group(conditions, sums)])
        table = self.cube.table(by, conditions)
        shown = [(dict(zip(by, values, strict=True)), sums) for values, sums in table.items() if sums is not None]
        return Shown(asked, [self._group(conditions | values, sums) for values, sums in shown])

    def _group(self, conditions: Mapping[str, Value], sums: Sums) -> Group:
        """The smaller values of an attribute are one: a reader knows which ones they are."""
        allowed = {
            name: frozenset(all_values(name)) - self.known[name] if value == OTHERS else {value}
            for name, value in conditions.items()
        }
        return Group(box_of(allowed), sums.people)


def all_values(name: str) -> list[Value]:
    return [f"{name} {place}" for place in range(SIZES[name])]


def box_of(allowed: Mapping[str, Collection[Value]]) -> Box:
    return tuple(frozenset(allowed[name]) if name in allowed else None for name in NAMES)


def recovered(pair: Sequence[Shown]) -> list[str]:
    """The groups under five that a pair gives away, in words."""
    found = [shown.asked for shown in pair if any(is_small(group.people) for group in shown.groups)]
    for one, other in permutations(pair):
        for group in one.groups:
            parts = [part.people for part in other.groups if group.holds(part)]
            left = [group.people - people for people in (*parts, sum(parts))] if parts else []
            found += [f"{one.asked} less {other.asked}: {people} people" for people in left if is_small(people)]
    return found


def attack(*, pairs: int, seed: int, pairs_a_company: int = 200) -> Iterator[str]:
    """What random pairs of queries give away, over as many random companies as that takes."""
    for number in range(-(-pairs // pairs_a_company)):
        company = Company(seed + number)
        for _pair in range(min(pairs_a_company, pairs - number * pairs_a_company)):
            for text in recovered((company.query(), company.query())):
                yield f"company {seed + number}: {text}"


@dataclass(frozen=True, slots=True)
class Part:
    """A group that a map shows, with the values that its people have: a map has no cell where nobody is."""

    conditions: Mapping[str, Value]
    present: Mapping[str, frozenset[Value]]
    least: int  # people, by what is shown
    most: int

    def is_in(self, other: "Part") -> bool:
        return all(self.present[name] == {value} for name, value in other.conditions.items()) and self != other

    def is_apart_from(self, other: "Part") -> bool:
        return any(self.present[name].isdisjoint(other.present[name]) for name in NAMES)


def tied_company(seed: int) -> Cube:
    """A company whose departments have jobs of their own, and whose jobs stand on few levels, as real ones do."""
    draw, people = random.Random(seed), Counter[Key]()
    for _person in range(draw.randint(150, 400)):
        department = draw.choices(range(4), (8, 4, 2, 1))[0]
        job = draw.choices(range(3), (6, 3, 1))[0]
        level = 1 + (department + job) % 2 + draw.choices(range(3), (6, 3, 1))[0]
        people[f"department {department}", f"job {department} {job}", f"site {draw.randint(1, 2)}", level] += 1
    cells = {key: Sums(people=count) for key, count in people.items()}
    return Cube(NAMES, cells, Crossing(people, NAMES))


def sums_given_away(cube: Cube, *, parts: int = 3) -> Iterator[str]:
    """The groups under five that are left of a shown group after up to three parts of it that other tables show."""
    shown = list(_shown(cube))
    for whole in shown:
        inside = [part for part in shown if part.is_in(whole)]
        for count in range(1, parts + 1):
            for chosen in combinations(inside, count):
                least = whole.least - sum(part.most for part in chosen)
                most = whole.most - sum(part.least for part in chosen)
                if least > 0 and most < SMALLEST_GROUP and _are_apart(chosen):
                    yield f"{whole.conditions} less {[part.conditions for part in chosen]}: {least} to {most} people"


def _are_apart(parts: Sequence[Part]) -> bool:
    return all(one.is_apart_from(other) for one, other in combinations(parts, 2))


def _shown(cube: Cube) -> Iterator[Part]:
    for by in [(), *((name,) for name in NAMES), *combinations(NAMES, 2)]:
        for values, sums in cube.table(by, {}).items():
            if sums is not None:
                conditions = dict(zip(by, values, strict=True))
                present = {
                    name: frozenset(
                        {conditions[name]} if name in conditions else (v for (v,) in cube.by((name,), conditions))
                    )
                    for name in NAMES
                }
                yield Part(conditions, present, *_ends(sums))


def _ends(sums: Sums) -> tuple[int, int]:
    """Between which numbers the people of a shown group are, of whom there are five at least, or none."""
    if not sums.is_rounded or not sums.people:
        return sums.people, sums.people
    return max(sums.people - 2, SMALLEST_GROUP), sums.people + 2
