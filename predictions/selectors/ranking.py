"""The risk list: a scoring run's predictions, narrowed, sorted and cut into pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, QuerySet, Subquery

from predictions import bands
from predictions.models import Prediction, ScoringRun

OVER = "over"  # beside the bands' own words: everyone over the threshold
# What the list sorts by; the riskiest come first among equals.
SORTS = {
    "risk": "probability",
    "number": "employee__employee_id",
    "department": "employee__departement",
    "job": "features__poste",
}
RISKIEST_FIRST = "-risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Filters that combine; an empty one lets everyone pass."""

    numbers: Sequence[int] = ()
    department: str = ""
    job: str = ""
    band: str = ""
    reason: str = ""


def narrowed(run: ScoringRun, departments: Sequence[str] | None, narrowing: Narrowing) -> QuerySet[Prediction]:
    """The predictions of a run, in these departments (all when None), that pass every filter."""
    rows = Prediction.objects.filter(run=run).in_departments(departments)
    if narrowing.numbers:
        rows = rows.filter(employee__employee_id__in=narrowing.numbers)
    if narrowing.department:
        rows = rows.filter(employee__departement=narrowing.department)
    if narrowing.job:
        rows = rows.filter(features__poste=narrowing.job)
    if narrowing.band:
        low, high = _limits(narrowing.band, run.threshold)
        rows = rows.filter(probability__gte=low, probability__lt=high)
    if narrowing.reason:
        rows = rows.filter(Q(main_reason=narrowing.reason) | Q(second_reason=narrowing.reason))
    return rows


def _limits(band: str, threshold: float) -> tuple[float, float]:
    if band == OVER:
        return threshold, bands.limits(bands.VERY_HIGH, threshold)[1]
    return bands.limits(bands.BY_SLUG[band], threshold)


def ordered(rows: QuerySet[Prediction], sort: str = RISKIEST_FIRST) -> QuerySet[Prediction]:
    """Sorted by a word of ``SORTS``, downwards after a minus sign."""
    sign = "-" if sort.startswith("-") else ""
    field = SORTS[sort.removeprefix("-")]
    return rows.order_by(f"{sign}{field}", *([] if field == "probability" else ["-probability"]), "id")


def page_of(
    rows: QuerySet[Prediction],
    before: ScoringRun | None,
    sort: str = RISKIEST_FIRST,
    *,
    start: int = 0,
    stop: int,
    total: int = 0,
) -> list[Prediction]:
    """Some rows of the list with their employee and features, and the ``previous`` probability, of the run before.

    One query: the keys of the page are found first, so that a late page does not join what it skips; from the end
    when that is nearer, where ``total``, how many rows there are, is given.
    """
    keys = ordered(rows, sort).values("pk")
    is_nearer_the_end = start > total - start > 0
    keys = keys.reverse()[max(total - stop, 0) : total - start] if is_nearer_the_end else keys[start:stop]
    previous = Prediction.objects.filter(run=before, employee=OuterRef("employee")).values("probability")[:1]
    page = Prediction.objects.filter(pk__in=keys).select_related("employee", "features")
    return list(ordered(page.annotate(previous=Subquery(previous)), sort))
