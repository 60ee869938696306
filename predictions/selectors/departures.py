"""Who has left, with the last score from before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.db.models import OuterRef, QuerySet, Subquery

from employees.access import Scope
from employees.models import EmployeeState
from employees.workforce.clarifying import departed
from predictions.models import Prediction

CHUNK_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class Departed:
    """Somebody who has left; ``score`` is the last one by a run as of a day before the departure, None without one."""

    state: EmployeeState
    score: Prediction | None


def departures(
    scope: Scope, *, department: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[EmployeeState]:
    """The people of a scope who have left, the last first; by department, and by the day until which they had left."""
    wanted = {"departement": department or None, "left_by__gte": since, "left_by__lte": until}
    rows = departed(scope).filter(**{name: value for name, value in wanted.items() if value is not None})
    scores = Prediction.objects.filter(
        employee=OuterRef("employee"), mode=Prediction.Mode.SCORING, run__as_of__lt=OuterRef("left_by")
    )
    return rows.annotate(score_key=Subquery(scores.order_by("-run__as_of", "-pk").values("pk")[:1]))


def departments_left(scope: Scope) -> list[str]:
    """The departments of those who have left. One query."""
    return list(departed(scope).order_by("departement").values_list("departement", flat=True).distinct())


def with_scores(states: list[EmployeeState]) -> list[Departed]:
    """The states of ``departures`` with their scores and what these were made of. One query."""
    keys = [state.score_key for state in states if state.score_key]  # type: ignore[attr-defined]
    scores = Prediction.objects.select_related("features", "run").in_bulk(keys)
    return [Departed(state, scores.get(state.score_key)) for state in states]  # type: ignore[attr-defined]


def in_chunks(states: QuerySet[EmployeeState]) -> Iterator[Departed]:
    """All of them; memory does not grow with their number. A query a chunk besides that of the states."""
    rows = states.iterator(chunk_size=CHUNK_SIZE)
    while chunk := list(islice(rows, CHUNK_SIZE)):
        yield from with_scores(chunk)
