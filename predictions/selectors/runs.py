"""The scoring runs, for the pages' comparisons and the API's list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from employees.access import Scope
from employees.disclosure import suppressed_parts
from employees.models import Departure, EmployeeSnapshot, ExtractRow
from predictions.models import Prediction, RunGroup, ScoringRun


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The people within a scope whom a run scored, those apart who had left; None where it would tell a small group."""

    employee_count: int | None = None
    above_threshold_count: int | None = None
    expected_departures: float | None = None


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one before it, None where there is none or its predictions were purged. One query.

    ``has_moves`` is whether an import after the run may have moved someone to another department,
    ``has_departures`` whether one may have changed who has left.
    """
    said = {
        "is_in_log": Exists(Prediction.objects.filter(run=OuterRef("pk"))),
        "has_moves": _is_later(EmployeeSnapshot, "newest_snapshot"),
        "has_departures": _is_later(Departure, "newest_departure"),
    }
    newest, before = [*ScoringRun.objects.annotate(**said)[:2], None, None][:2]
    return newest, before if before and before.is_in_log else None


def figures_within(scope: Scope, runs: Iterable[ScoringRun]) -> dict[int, RunFigures]:
    """The figures of some runs, by their keys, within the departments of their days. One query.

    Runs from before departures were kept count those who had left, too.
    """
    found = {
        run: _shown(scope, people, above, expected)
        for run, people, above, expected in RunGroup.objects.within(scope)
        .filter(run__in=[run.pk for run in runs])
        .exclude(has_left=True)
        .order_by()
        .values_list("run")
        .annotate(Sum("employee_count"), Sum("above_threshold_count"), Sum("expected_departures"))
    }
    return {run.pk: found.get(run.pk, RunFigures()) for run in runs}


def _shown(scope: Scope, people: int, above: int, expected: float) -> RunFigures:
    if scope.sees_everyone:
        return RunFigures(people, above, expected)
    hidden, hidden_parts = suppressed_parts({scope: (people, above)})
    if hidden:
        return RunFigures()
    return RunFigures(people, None if hidden_parts else above, expected)


def _is_later(model: type[ExtractRow], known: str) -> GreaterThan:
    # the newest alone is one step in the index, where asking for any later one makes PostgreSQL read the table
    return GreaterThan(Subquery(model._default_manager.order_by("-pk").values("pk")[:1]), Coalesce(known, 0))
