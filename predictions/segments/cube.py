"""The people of the newest run by department, job, site and level: what a page shows of any segment of them."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, FloatField, Func, Q, Sum
from django.db.models import Value as Constant
from django.db.models.sql.compiler import SQLCompiler

from employees import terms
from employees.access import Readable, Scope
from employees.disclosure import Crossing, nearest_five, shown_count, suppressed
from features import schema
from predictions.models import Prediction, RunCell, ScoringRun

TEAM = "responsable"  # by itself: crossed with something else, nearly every team would be suppressed
# The attributes that make a segment, up to three of them, and how many values of each are told apart, the largest
# ones; the others are one group, without which a table of a thousand jobs could not be protected in time.
ATTRIBUTES = {"departement": 12, "poste": 12, "site": 10, "niveau_hierarchique_poste": 6}
MOST_CONDITIONS = 3
OTHERS, UNKNOWN = "…", ""  # values of an attribute that no segment is made of
Z_95 = 1.96

Value: TypeAlias = str | int
Conditions: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Sums:
    """Additive figures of some people."""

    people: int = 0
    above: int = 0
    expected: float = 0.0
    variance: float = 0.0  # of the departures, given the probabilities
    is_rounded: bool = False

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.people + other.people,
            self.above + other.above,
            self.expected + other.expected,
            self.variance + other.variance,
        )

    def rounded(self) -> "Sums":
        """As a reader of figures alone reads them: all that is made of these is rounded too."""
        people, above = nearest_five(self.people), nearest_five(self.above)
        return Sums(people, above, float(round(self.expected)), float(round(self.variance)), is_rounded=True)

    @property
    def mean(self) -> float:
        """The mean probability of leaving."""
        return self.expected / self.people if self.people else 0.0

    @property
    def share_above(self) -> float:
        return self.above / self.people if self.people else 0.0

    def interval(self, departures: int) -> tuple[float, float]:
        """The 95% interval of the departures, for a model that has learned from so many: chance, and the error of the
        rate; as ``assessment.outcomes.interval``, by the normal distribution."""
        margin = Z_95 * math.sqrt(self.variance + (self.expected**2 / departures if departures else 0.0))
        return max(self.expected - margin, 0.0), min(self.expected + margin, float(self.people))


@dataclass(frozen=True)
class Cube:
    """The sums by values of all attributes that the reader may read, in their order, and which groups are shown.

    Suppression protects each pair of tables. A reader of figures alone could add and subtract more of them: for that
    one the sums that are shown are rounded.
    """

    attributes: tuple[str, ...]
    cells: Mapping[tuple[Value, ...], Sums]
    crossing: Crossing[Value]
    is_rounded: bool = False

    @property
    def whole(self) -> Sums:
        return self.shown(sum(self.cells.values(), start=Sums()))

    def shown(self, sums: Sums) -> Sums:
        return sums.rounded() if self.is_rounded else sums

    def counted(self, people: float) -> float:
        """Another count of these people, such as those who left, as the reader reads it."""
        return shown_count(people, is_rounded=self.is_rounded)

    def rate(self, left: float, mean_people: float) -> float | None:
        """Those who left, of the people whom there were on average."""
        people = self.counted(mean_people)
        return self.counted(left) / people if people > 0 else None

    def values(self, name: str) -> list[Value]:
        """The values of an attribute that a segment can be made of, the largest first."""
        place = self.attributes.index(name)
        people: Counter[Value] = Counter()
        for values, sums in self.cells.items():
            people[values[place]] += sums.people
        return [value for value, _count in people.most_common() if value not in (OTHERS, UNKNOWN)]

    def of(self, conditions: Conditions) -> Sums | None:
        """The sums of a segment; None if they must not be shown."""
        if self.crossing.is_hidden(conditions):
            return None
        return self.shown(self.exact(conditions))

    def exact(self, conditions: Conditions) -> Sums:
        """The sums of a segment, not to be shown: what an average is of."""
        return self.by((), conditions).get((), Sums())

    def by(self, names: Iterable[str], conditions: Conditions) -> dict[tuple[Value, ...], Sums]:
        """The exact sums of a segment by some attributes, small groups included: for ``table``."""
        wanted = [self.attributes.index(name) for name in names]
        fixed = [(self.attributes.index(name), value) for name, value in conditions.items()]
        found: dict[tuple[Value, ...], Sums] = {}
        for values, sums in self.cells.items():
            if all(values[place] == value for place, value in fixed):
                key = tuple(values[place] for place in wanted)
                found[key] = found.get(key, _NOTHING) + sums
        return found

    def table(self, names: tuple[str, ...], conditions: Conditions) -> dict[tuple[Value, ...], Sums | None]:
        """The sums of a segment by one or two other attributes; None where they must not be shown."""
        return {
            key: None
            if self.crossing.is_hidden({**conditions, **dict(zip(names, key, strict=True))})
            else self.shown(sums)
            for key, sums in self.by(names, conditions).items()
        }


_NOTHING = Sums()


def attributes_of(readable: Readable) -> tuple[str, ...]:
    """The attributes that an account may read."""
    return tuple(name for name in ATTRIBUTES if readable.reads(frozenset({name})))


def cube_of(run: ScoringRun, scope: Scope, readable: Readable, *, is_rounded: bool = False) -> Cube | None:
    """The cube of a run within a scope; None without its cells. One query the first time in a process."""
    found = _cube(run.pk, run.created_at, scope, attributes_of(readable), terms.current().revision)
    return replace(found, is_rounded=is_rounded) if found.cells else None


@lru_cache(maxsize=8)
def _cube(run: int, _created_at, scope: Scope, attributes: tuple[str, ...], _revision) -> Cube:
    """A run's cells never change; the time tells it from another under the same key."""
    sums = (Sum("employee_count"), Sum("above_threshold_count"), Sum("expected_departures"), Sum("variance"))
    rows = RunCell.objects.within(scope).filter(run=run).order_by().values_list(*attributes).annotate(*sums)
    exact: dict[tuple[Value, ...], Sums] = {}
    for row in rows:
        key = tuple(resolved(name, value) for name, value in zip(attributes, row, strict=False))
        exact[key] = exact.get(key, _NOTHING) + Sums(*row[len(attributes) :])
    cells = _coarse(exact, attributes)
    return Cube(attributes, cells, Crossing({key: each.people for key, each in cells.items()}, attributes))


def forget() -> None:
    """Read the cells anew: somebody was taken out of them."""
    _cube.cache_clear()


def resolved(name: str, value: Value | None) -> Value:
    """A value as it is now: that of a merged word, and ``UNKNOWN`` for none."""
    if value is None:
        return UNKNOWN
    return terms.resolve(name, value) if name in ("departement", "poste") and isinstance(value, str) else value


def _coarse(exact: Mapping[tuple[Value, ...], Sums], attributes: tuple[str, ...]) -> dict[tuple[Value, ...], Sums]:
    """The cells with the smaller values of each attribute as one."""
    kept = []
    for place, name in enumerate(attributes):
        people: Counter[Value] = Counter()
        for key, sums in exact.items():
            people[key[place]] += sums.people
        kept.append({value for value, _people in people.most_common(ATTRIBUTES[name])})
    cells: dict[tuple[Value, ...], Sums] = {}
    for key, sums in exact.items():
        coarse = tuple(value if value in kept[place] else OTHERS for place, value in enumerate(key))
        cells[coarse] = cells.get(coarse, _NOTHING) + sums
    return cells


def teams_of(run: ScoringRun, scope: Scope) -> Mapping[int, Sums]:
    """The sums by manager, of the teams that may be shown; whose manager is not known is in none. One query the first
    time in a process."""
    return _teams(run.pk, run.created_at, scope, terms.current().revision)


@lru_cache(maxsize=8)
def _teams(run: int, _created_at, scope: Scope, _revision) -> Mapping[int, Sums]:
    sums = (Sum("employee_count"), Sum("above_threshold_count"), Sum("expected_departures"), Sum("variance"))
    rows = RunCell.objects.within(scope).filter(run=run).order_by().values_list(TEAM).annotate(*sums)
    teams = {manager: Sums(*figures) for manager, *figures in rows}
    hidden = suppressed({manager: each.people for manager, each in teams.items()})
    return {manager: each for manager, each in teams.items() if manager is not None and manager not in hidden}


class _Item(Func):
    """An element of an array of ``NamedFloats``, 0 where it is empty."""

    output_field = FloatField()

    def __init__(self, name: str, place: int):
        super().__init__(name)
        self.place = place

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_options: Any):
        sql, parameters = compiler.compile(self.source_expressions[0])
        return f"COALESCE(({sql})[{self.place + 1}], 0)", parameters

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_options: Any):
        sql, parameters = compiler.compile(self.source_expressions[0])
        return f"COALESCE(json_extract({sql}, '$[{self.place}]'), 0)", parameters


def contributions_of(run: ScoringRun, scope: Scope, conditions: Conditions) -> Mapping[str, float]:
    """The contributions by feature, summed over a segment. One query the first time in a process."""
    return contributions_of_each(run, scope, [conditions])[0]


def contributions_of_each(
    run: ScoringRun, scope: Scope, segments: Sequence[Conditions]
) -> Sequence[Mapping[str, float]]:
    """The same of several segments. One query for all of them the first time in a process."""
    asked = tuple(tuple(sorted(conditions.items())) for conditions in segments)
    return _contributions(run.pk, run.created_at, scope, asked, terms.current().revision)


@lru_cache(maxsize=64)
def _contributions(run: int, _created_at, scope: Scope, segments: tuple, _revision) -> Sequence[Mapping[str, float]]:
    sums: dict[str, Aggregate] = {
        f"sum_{place}": Sum(_Item("contributions", place)) for place, _name in enumerate(schema.FEATURE_NAMES)
    }
    cells = RunCell.objects.within(scope).filter(run=run).order_by()
    parts = [
        cells.filter(matching(dict(conditions))).values_list(Constant(place)).annotate(**sums)
        for place, conditions in enumerate(segments)
    ]
    found = {place: values for place, *values in parts[0].union(*parts[1:], all=True)}
    nothing = [0.0] * len(schema.FEATURE_NAMES)
    return [
        {name: value or 0.0 for name, value in zip(schema.FEATURE_NAMES, found.get(place, nothing), strict=True)}
        for place in range(len(segments))
    ]


def matching(conditions: Conditions) -> Q:
    """The cells of a segment; older ones stand under merged words too."""
    return Q(
        *(
            Q(**{f"{name}__in": sorted(terms.recorded(name, {str(value)}))})
            if name in ("departement", "poste")
            else Q(**{name: value})
            for name, value in conditions.items()
        )
    )


def base_value_of(run: ScoringRun) -> float:
    """The average employee on the additive scale. One query."""
    return Prediction.objects.filter(run=run).values_list("base_value", flat=True).order_by("-probability", "id")[0]
