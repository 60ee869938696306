"""The scoring runs, for the pages' comparisons and the API's list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery

from employees.access import Scope
from employees.disclosure import is_small, nearest_five, suppressed_parts
from employees.models import Employee, WorkforceDay
from predictions.models import LotteryDecision, Prediction, ScoringRun
from predictions.selectors import figures
from technova.database.subqueries import count_of


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The people of a run within a scope; None where a figure would reveal a small group."""

    employee_count: int | None = None
    above_threshold_count: int | None = None
    expected_departures: float | None = None

    def rounded(self) -> "RunFigures":
        """As a reader of figures alone reads them: without a count under five, or what is beside one."""
        people, above = self.employee_count, self.above_threshold_count
        if people is None or above is None or is_small(people):
            return RunFigures()
        is_hidden = is_small(above) or is_small(people - above)
        return RunFigures(nearest_five(people), None if is_hidden else nearest_five(above))


LOTTERY_TALKS = Subquery(LotteryDecision.objects.order_by("-pk").values("talks")[:1])
REVISION_NOW = Subquery(WorkforceDay.objects.order_by("-as_of").values("revision")[:1])

OBJECTING = count_of(Employee.objects.present().exclude(objected_on=None))


def latest_two() -> tuple[ScoringRun | None, ScoringRun | None]:
    """The newest run and the one of the day before it, None where there is none or its predictions were purged.

    ``is_outdated`` is whether the workforce has changed since: who is there, and in which department; ``objecting`` how
    many people are present and not scored because they object to it; ``talks`` are those of the lottery in force, None
    without one. One query.
    """
    runs = (
        ScoringRun.objects.in_force()
        .select_related("decision")
        .annotate(
            is_in_log=Exists(Prediction.objects.filter(run=OuterRef("pk"))),
            revision_now=REVISION_NOW,
            objecting=OBJECTING,
            talks=LOTTERY_TALKS,
        )
    )
    newest, before = [*runs[:2], None, None][:2]
    if newest:
        newest.is_outdated = newest.revision != newest.revision_now
    return newest, before if before and before.is_in_log else None


def figures_within(scope: Scope, runs: Iterable[ScoringRun]) -> dict[int, RunFigures]:
    """The figures of some runs, by their keys, within the departments of their days. One query."""
    found = {
        row["run"]: _shown(scope, row["people"], row["above"], row["expected"])
        for row in figures.sums_within(scope, [run.pk for run in runs])
    }
    return {run.pk: found.get(run.pk, RunFigures()) for run in runs}


def _shown(scope: Scope, people: int, above: int, expected: float) -> RunFigures:
    if scope.sees_everyone:
        return RunFigures(people, above, expected)
    hidden, hidden_parts = suppressed_parts({scope: (people, above)})
    if hidden:
        return RunFigures()
    return RunFigures(people, None if hidden_parts else above, expected)
