"""What changed in the risk list from one scoring run to another: who is over the threshold now, and who no longer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, When

from predictions.models import Prediction, ScoringRun


class Change(StrEnum):
    OVER = "over"  # the threshold, and not before
    UNDER = "under"  # again
    JOINED = "joined"  # scored now, and not before
    GONE = "gone"  # scored before, and not now


@dataclass(frozen=True, slots=True)
class RunPair:
    """A run and the one before it. Each tells by its own threshold who is over it."""

    before: ScoringRun
    after: ScoringRun

    def counts(self) -> dict[Change, int]:
        """How many people each change is about. One query over both runs."""
        rows = Prediction.objects.filter(run__in=[self.before, self.after]).order_by().values("employee")
        people = rows.annotate(was=_risk_in(self.before), is_now=_risk_in(self.after))
        was_over, is_over = Q(was__gte=self.before.threshold), Q(is_now__gte=self.after.threshold)
        conditions = {
            Change.OVER: Q(was__lt=self.before.threshold) & is_over,
            Change.UNDER: was_over & Q(is_now__lt=self.after.threshold),
            Change.JOINED: Q(was=None),
            Change.GONE: Q(is_now=None),
        }
        counts = {change.value: Count("employee", filter=condition) for change, condition in conditions.items()}
        found = people.aggregate(**counts)
        return {change: found[change] for change in Change}

    def people(self, change: Change) -> QuerySet[Prediction]:
        """The scores of whom a change is about, the riskiest first, with the ``previous`` and the ``risk`` now.

        They are those of the run after; of who is gone, those of the run before.
        """
        before, after = (Prediction.objects.filter(run=run) for run in (self.before, self.after))
        of_before, of_after = (rows.filter(employee=OuterRef("employee")) for rows in (before, after))
        rows = {
            Change.OVER: after.filter(
                Exists(of_before.filter(probability__lt=self.before.threshold)),
                probability__gte=self.after.threshold,
            ),
            Change.UNDER: after.filter(
                Exists(of_before.filter(probability__gte=self.before.threshold)),
                probability__lt=self.after.threshold,
            ),
            Change.JOINED: after.filter(~Exists(of_before)),
            Change.GONE: before.filter(~Exists(of_after)),
        }[change]
        previous, risk = Subquery(of_before.values("probability")[:1]), Subquery(of_after.values("probability")[:1])
        ranked = rows.select_related("employee", "features").order_by("-probability", "id")
        return ranked.annotate(previous=previous, risk=risk)


def _risk_in(run: ScoringRun) -> Max:
    return Max(Case(When(run=run, then=F("probability"))))


def around(instant: datetime) -> RunPair | None:
    """The last run before an instant and the first one after it; None without the two of them in the log. One query."""
    is_in_log = Exists(Prediction.objects.filter(run=OuterRef("pk")))
    runs = ScoringRun.objects.filter(is_in_log)
    before = runs.filter(created_at__lt=instant).order_by("-pk").values("pk")[:1]
    after = runs.filter(created_at__gte=instant).order_by("pk").values("pk")[:1]
    found = list(ScoringRun.objects.filter(Q(pk=Subquery(before)) | Q(pk=Subquery(after))).order_by("pk"))
    return RunPair(*found) if len(found) == 2 else None
