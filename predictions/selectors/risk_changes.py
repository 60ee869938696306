"""Changes of the risk list between two scoring runs: people newly over the threshold, and no longer over it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from employees.access import Scope
from predictions.models import Prediction, ScoringRun


class RiskChange(StrEnum):
    OVER = "over"  # the threshold, and not before
    UNDER = "under"  # again
    JOINED = "joined"  # scored now, and not before
    GONE = "gone"  # scored before, and not now


@dataclass(frozen=True, slots=True)
class RunPair:
    """A run and the one before it. Both are compared at one threshold, unless a capacity gave each its own."""

    before: ScoringRun
    after: ScoringRun

    def counts(self) -> dict[RiskChange, int]:
        """How many people each change is about. One query over both runs, which joins their index alone."""
        in_both = Prediction.objects.filter(run=self.after, employee__predictions__run=self.before).order_by()
        then = self.after.threshold_against(self.before)
        is_over, was_over = Q(probability__gte=self.after.threshold), Q(was__gte=then)
        found = in_both.annotate(was=F("employee__predictions__probability")).aggregate(
            people=Count("pk"),
            over=Count("pk", filter=is_over & ~was_over),
            under=Count("pk", filter=was_over & ~is_over),
        )
        return {
            RiskChange.OVER: found["over"],
            RiskChange.UNDER: found["under"],
            RiskChange.JOINED: self.after.employee_count - found["people"],
            RiskChange.GONE: self.before.employee_count - found["people"],
        }

    def people(self, change: RiskChange, scope: Scope = Scope.EVERYONE) -> QuerySet[Prediction]:
        """The scores of the people affected by a change, riskiest first, with the ``previous`` and current ``risk``.

        Those that a scope may know: of people who were in it.

        They come from the later run, or from the earlier one for people missing from the later.
        """
        before, after = (Prediction.objects.filter(run=run).within_then(scope) for run in (self.before, self.after))
        of_before, of_after = (rows.filter(employee=OuterRef("employee")) for rows in (before, after))
        then = self.after.threshold_against(self.before)
        rows = {
            RiskChange.OVER: after.filter(
                Exists(of_before.filter(probability__lt=then)),
                probability__gte=self.after.threshold,
            ),
            RiskChange.UNDER: after.filter(
                Exists(of_before.filter(probability__gte=then)),
                probability__lt=self.after.threshold,
            ),
            RiskChange.JOINED: after.filter(~Exists(of_before)),
            RiskChange.GONE: before.filter(~Exists(of_after)),
        }[change]
        previous, risk = Subquery(of_before.values("probability")[:1]), Subquery(of_after.values("probability")[:1])
        ranked = rows.filter(employee__objected_on=None).select_related("employee", "features")
        ranked = ranked.order_by("-probability", "id")
        return ranked.annotate(previous=previous, risk=risk)


def around(instant: datetime) -> RunPair | None:
    """The last run before an instant and the first one after it; None without the two of them in the log. One query."""
    is_in_log = Exists(Prediction.objects.filter(run=OuterRef("pk")))
    runs = ScoringRun.objects.filter(is_in_log)
    before = runs.filter(created_at__lt=instant).order_by("-pk").values("pk")[:1]
    after = runs.filter(created_at__gte=instant).order_by("pk").values("pk")[:1]
    found = list(
        ScoringRun.objects.select_related("decision")
        .filter(Q(pk=Subquery(before)) | Q(pk=Subquery(after)))
        .order_by("pk")
    )
    return RunPair(*found) if len(found) == 2 else None
