"""Additive figures of a scoring run by group, for the overview and the trend.

They are written with the run (``models.RunGroup``), so that a page reads some twenty rows instead of aggregating
everyone's predictions: the overview takes 0.1 s for 147,000 people instead of one (``benchmarks/pages.py``).
Departments and presence are the current ones, as everywhere: once the workforce has changed, the figures are aggregated
anew from the predictions, until the next run.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    FloatField,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Floor, Least, TruncDate

from employees import terms
from employees.access import Scope
from employees.disclosure import nearest_five, suppressed
from employees.models import Presence
from predictions.bands import BANDS, HIGH, VERY_HIGH, limits
from predictions.models import Prediction, RunGroup, ScoringRun

BINS = 20  # of the histogram, from 0 to 1
_NO_BINS = [0] * BINS
DAY = Coalesce("run__as_of", TruncDate("run__created_at"))  # as ``ScoringRun.day``


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over the people of some groups; ``histogram`` is by band, then by twentieth of probability."""

    people: int = 0
    above_threshold: int = 0
    expected_departures: float = 0.0
    histogram: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def rounded(self) -> "Figures":
        """As a reader of figures alone reads them (``segments.cube.Sums.rounded``)."""
        people, above = nearest_five(self.people), nearest_five(self.above_threshold)
        return Figures(people, above, float(round(self.expected_departures)))

    @property
    def mean_probability(self) -> float:
        return self.expected_departures / self.people if self.people else 0.0

    def in_band(self, slug: str) -> int:
        return sum(self.histogram.get(slug, ()))


class PlainGroup(NamedTuple):
    """The figures of a ``RunGroup``, without what makes it a row of the database."""

    run_id: int
    departement: str
    poste: str
    employee_count: int
    above_threshold_count: int
    expected_departures: float
    histogram: dict[str, list[int]]
    reasons: dict[str, int]


AnyGroup: TypeAlias = RunGroup | PlainGroup


@dataclass(frozen=True, slots=True)
class Kinds:
    """The departments, the jobs and the strongest reasons of some people: what a list of them can be narrowed to."""

    departments: set[str]
    jobs: set[str]
    reasons: set[str]


def total(groups: Iterable[AnyGroup]) -> Figures:
    groups = list(groups)
    histograms = {band.slug: [group.histogram.get(band.slug, _NO_BINS) for group in groups] for band in BANDS}
    reasons: Counter[str] = Counter()
    for group in groups:
        reasons.update(group.reasons)
    return replace(
        counts(groups),
        histogram={slug: np.sum([_NO_BINS, *bins], axis=0).tolist() for slug, bins in histograms.items()},
        reasons=dict(reasons),
    )


def counts(groups: Iterable[AnyGroup]) -> Figures:
    """The sums without histogram and reasons, which take a hundred times as long to add up."""
    groups = list(groups)
    return Figures(
        people=sum(group.employee_count for group in groups),
        above_threshold=sum(group.above_threshold_count for group in groups),
        expected_departures=sum(group.expected_departures for group in groups),
    )


def split(groups: Iterable[AnyGroup], attribute: str) -> dict[str, list[AnyGroup]]:
    """The groups of each department or each job (``departement``, ``poste``), merged ones together."""
    parts: dict[str, list[AnyGroup]] = {}
    for group in groups:
        parts.setdefault(terms.resolve(attribute, getattr(group, attribute)), []).append(group)
    return parts


def current_groups(run: ScoringRun, scope: Scope) -> Sequence[AnyGroup]:
    """The groups of the newest run in a scope, summing to what its list holds now.

    ``run`` comes from ``runs.latest_two``. One query; two, over all its predictions, once the workforce has changed,
    and for a team.
    """
    return aggregate(run, scope) if run.is_outdated else groups_then(run, scope)


def current_counts(run: ScoringRun, scope: Scope) -> Figures:
    """``counts`` of the current groups: those that the run itself has where they are of everyone, without a query."""
    if scope.sees_everyone and not run.is_outdated:
        return Figures(run.employee_count, run.above_threshold_count, run.expected_departures)
    return counts(current_groups(run, scope))


def groups_then(run: ScoringRun, scope: Scope) -> Sequence[AnyGroup]:
    """The groups of a run with the departments of its day. One query; two, over its predictions, for a team.

    As plain tuples: thousands of model instances take three times as long.
    """
    if scope.team:
        return aggregate(run, scope, is_of_then=True)
    texts = {"histogram_text": Cast("histogram", TextField()), "reasons_text": Cast("reasons", TextField())}
    rows = run.groups.within(scope).annotate(**texts).values_list(*PlainGroup._fields[:-2], *texts)
    decode = msgspec.json.decode
    return [PlainGroup._make((*values, decode(histogram), decode(reasons))) for *values, histogram, reasons in rows]


def kinds(groups: Iterable[AnyGroup]) -> Kinds:
    groups = list(groups)
    return Kinds(
        departments=set(terms.resolved("departement", (group.departement for group in groups))),
        jobs=set(terms.resolved("poste", (group.poste for group in groups))),
        reasons={name for group in groups for name in group.reasons},
    )


def current_kinds(run: ScoringRun, scope: Scope) -> Kinds:
    """The kinds of what ``aggregate`` finds. One query over the run's predictions, a third of its time."""
    columns = ("employee__departement", "features__poste", "main_reason", "second_reason")
    rows = people_of(run, scope).values_list(*columns).order_by().distinct()
    places, jobs, *reasons = (set(column) for column in zip(*rows, strict=True)) if rows else [set()] * 4
    return Kinds(departments=places, jobs=set(terms.resolved("poste", jobs)), reasons=set().union(*reasons) - {""})


def trend(scope: Scope, limit: int) -> list[dict]:
    """The last runs of the newest one's horizon, oldest first, each a row of the names below. One query."""
    runs = ScoringRun.objects.in_force().values("pk")
    columns = {"model_version": F("run__model_version"), "threshold": F("run__threshold"), "day": DAY}
    rows = sums_within(scope, runs[:limit] if scope.team else runs).annotate(**columns).order_by("-run")[:limit]
    months = rows[0]["run__horizon_months"] if rows else None
    return [row for row in reversed(rows) if row["run__horizon_months"] == months]


def sums_within(scope: Scope, runs: Iterable[int] | QuerySet) -> QuerySet[Any, dict[str, Any]]:
    """The ``people`` of a scope in some runs, those ``above`` the threshold, the departures ``expected``, by ``run``.

    From the groups of the runs; those of a team from the scores of its people.
    """
    if scope.team:
        scores = Prediction.objects.filter(run__in=runs).within(scope).within_then(scope)
        sums = {
            "people": Count("pk"),
            "above": Count("pk", filter=Q(predicted_class=True)),
            "expected": Sum(F("probability") * F("run__seen_correction")),
        }
        return scores.order_by().values("run", "run__horizon_months").annotate(**sums)
    groups = RunGroup.objects.within(scope).filter(run__in=runs).order_by().values("run", "run__horizon_months")
    return groups.annotate(
        people=Sum("employee_count"), above=Sum("above_threshold_count"), expected=Sum("expected_departures")
    )


def mark_suppressed(groups: Iterable[RunGroup], scope: Scope) -> None:
    """Set ``is_suppressed`` on saved groups, within the scope. One query over the groups of their runs."""
    groups = list(groups)
    by_run: dict[int, list[RunGroup]] = {}
    for group in RunGroup.objects.within(scope).filter(run__in={group.run_id for group in groups}):
        by_run.setdefault(group.run_id, []).append(group)
    hidden = set().union(*(suppressed_groups(of_run) for of_run in by_run.values()))
    for group in groups:
        group.is_suppressed = group in hidden


def suppressed_groups(groups: Iterable[RunGroup]) -> set[RunGroup]:
    """Of the saved groups of one run, those that must not be counted by themselves.

    How many people there are in all, in each department and in each job is known, as far as the overview shows it.
    """
    groups = list(groups)
    counts = {place: group.employee_count for place, group in enumerate(groups)}
    totals: list[list[int]] = []
    for lines in (_places(groups, "departement"), _places(groups, "poste")):
        hidden = suppressed({value: sum(counts[place] for place in line) for value, line in lines.items()})
        totals += [line for value, line in lines.items() if value not in hidden]
        totals += [[place for value in hidden for place in lines[value]]] if hidden else []
    return {groups[place] for place in suppressed(counts, totals=totals)}


def _places(groups: Sequence[RunGroup], *attributes: str) -> dict[tuple[str, ...], list[int]]:
    """The positions of the groups of each department, of each job or of each pair of the two; merged ones together."""
    places: dict[tuple[str, ...], list[int]] = {}
    for place, group in enumerate(groups):
        key = tuple(terms.resolve(attribute, getattr(group, attribute)) for attribute in attributes)
        places.setdefault(key, []).append(place)
    return places


def people_of(run: ScoringRun, scope: Scope) -> QuerySet[Prediction]:
    """The predictions of a run in the scope: of those who are there now, where that may be others than then.

    Whoever has come into the scope since is in it from the next run on.
    """
    rows = Prediction.objects.filter(run=run).within(scope)
    if not run.is_outdated:  # an objection makes it so
        return rows
    return rows.filter(employee__presence=Presence.PRESENT, employee__objected_on=None).within_then(scope)


def aggregate(run: ScoringRun, scope: Scope, *, is_of_then: bool = False) -> list[RunGroup]:
    """The groups of a run, not saved, from its predictions, by current department or by that of the day scored.

    Two queries over all of them.
    """
    predictions = people_of(run, scope)
    department = "features__departement" if is_of_then else "employee__departement"
    keys = {"departement": F(department), "poste": F("features__poste")}
    groups: dict[tuple[object, ...], RunGroup] = {}
    cells = predictions.values(band=_band(run.threshold), bin=_bin(), **keys).annotate(
        people=Count("id"), expected=Sum("probability")
    )
    for cell in cells.order_by():
        key = _of(cell, keys)
        group = groups.setdefault(tuple(key.values()), empty_group(run, **key))
        group.employee_count += cell["people"]
        group.expected_departures += cell["expected"] * run.seen_correction
        group.histogram[cell["band"]][cell["bin"]] += cell["people"]
        if cell["band"] in (HIGH.slug, VERY_HIGH.slug):
            group.above_threshold_count += cell["people"]
    main, second = (
        predictions.exclude(**{place: ""}).values(reason=F(place), **keys).annotate(people=Count("id")).order_by()
        for place in ("main_reason", "second_reason")
    )
    for row in main.union(second, all=True):
        reasons = groups[tuple(_of(row, keys).values())].reasons
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["people"]
    return list(groups.values())


def _of(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """Some columns of a row whose columns are named at run time."""
    return {name: row[name] for name in names}


def empty_group(run: ScoringRun, **key: object) -> RunGroup:
    """A group of a run, not saved, that holds nobody yet."""
    return RunGroup(
        run=run,
        **key,
        employee_count=0,
        above_threshold_count=0,
        expected_departures=0.0,
        histogram={band.slug: [0] * BINS for band in BANDS},
        reasons={},
    )


def _band(threshold: float) -> Case:
    """The band of a probability, by the comparisons that ``bands.limits`` gives the list."""
    whens = [When(probability__lt=limits(band, threshold)[1], then=Value(band.slug)) for band in BANDS]
    return Case(*whens, output_field=CharField())


def _bin() -> Least:
    return Least(Cast(Floor(F("probability") * BINS, output_field=FloatField()), IntegerField()), Value(BINS - 1))
