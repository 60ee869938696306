"""The scoring runs, for the pages' comparisons and the API's list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery, Sum

from employees.access import Scope
from employees.disclosure import suppressed_parts
from employees.models import WorkforceDay
from predictions.models import Prediction, RunGroup, ScoringRun


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The people of a run within a scope; None where a figure would reveal a small group."""

    employee_count: int | None = None
    above_threshold_count: int | None = None
    expected_departures: float | None = None


REVISION_NOW = Subquery(WorkforceDay.objects.order_by("-as_of").values("revision")[:1])


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one of the day before it, None where there is none or its predictions were purged.

    ``is_outdated`` is whether the workforce has changed since: who is there, and in which department. One query.
    """
    runs = ScoringRun.objects.in_force().annotate(
        is_in_log=Exists(Prediction.objects.filter(run=OuterRef("pk"))), revision_now=REVISION_NOW
    )
    newest, before = [*runs[:2], None, None][:2]
    if newest:
        newest.is_outdated = newest.revision != newest.revision_now
    return newest, before if before and before.is_in_log else None


def figures_within(scope: Scope, runs: Iterable[ScoringRun]) -> dict[int, RunFigures]:
    """The figures of some runs, by their keys, within the departments of their days. One query."""
    found = {
        run: _shown(scope, people, above, expected)
        for run, people, above, expected in RunGroup.objects.within(scope)
        .filter(run__in=[run.pk for run in runs])
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
