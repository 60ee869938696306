"""The log, newest first, by keyset pagination: no counts, no offsets."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone

from employees.selectors import numbers_of, own_number
from predictions.models import Prediction, ScoringRun

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the log; ``newer`` and ``older`` are the rows beside which the next pages begin, None at an end."""

    rows: list[Prediction]
    newer: int | None
    older: int | None


def filtered(
    rows: QuerySet[Prediction],
    *,
    employee: int | None = None,
    mode: str = "",
    predicted_class: bool | None = None,
    model_version: str = "",
    since: date | None = None,
    until: date | None = None,
    run: int | None = None,
) -> QuerySet[Prediction]:
    """The rows that match all given conditions; both days are included, in the site's time zone."""
    wanted = {
        "employee__employee_id__in": employee and numbers_of(own_number(employee)),
        "mode": mode or None,
        "predicted_class": predicted_class,
        "model_version": model_version or None,
        "created_at__gte": since and _midnight(since),
        "created_at__lt": until and _midnight(until + timedelta(days=1)),
        "run": run,
        # the rows of a run share its instant, in whose order an index has them
        "created_at": run and Subquery(ScoringRun.objects.filter(pk=run).values("created_at")),
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def page(rows: QuerySet[Prediction], *, before: int | None = None, after: int | None = None) -> Page:
    """The newest rows, or those just before or just after one of them. At most two queries."""
    rows = rows.select_related("employee", "user", "api_key").defer("payload", "contributions")
    anchor = before or after
    instant = Prediction.objects.filter(pk=anchor).values_list("created_at", flat=True).first() if anchor else None
    if instant is None:
        return _page(rows.order_by("-created_at", "-id"), has_newer=False)
    if before:
        older = rows.filter(created_at__lte=instant).filter(Q(created_at__lt=instant) | Q(id__lt=before))
        return _page(older.order_by("-created_at", "-id"), has_newer=True)
    newer = rows.filter(created_at__gte=instant).filter(Q(created_at__gt=instant) | Q(id__gt=after))
    found = list(newer.order_by("created_at", "id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE][::-1]
    return Page(shown, shown[0].pk if len(found) > PAGE_SIZE else None, shown[-1].pk if shown else None)


def model_versions() -> list[str]:
    """The versions that scored the workforce, the newest first. One query on a small table."""
    return list(dict.fromkeys(ScoringRun.objects.order_by("-id").values_list("model_version", flat=True)))


def _page(rows: QuerySet[Prediction], *, has_newer: bool) -> Page:
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    newer = shown[0].pk if shown and has_newer else None
    return Page(shown, newer, shown[-1].pk if len(found) > PAGE_SIZE else None)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
