"""People flagged by runs, by protected attribute: those present, and those who left after an earlier run."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

import pandas as pd
from django.db.models import Exists, OuterRef

from employees.models import EmployeeState, Presence
from predictions.ml.artifacts.card_format import ATTRIBUTES
from predictions.ml.assessment import disparity
from predictions.ml.assessment.disparity import Counts
from predictions.models import Prediction, ScoringRun
from predictions.selectors.followed_forecasts import forecast_of
from predictions.selectors.person_periods import VOLUNTARY


class Left(TypedDict):
    """Those who left after ``since``, the day of an earlier run by the model ``version``; selected are those whom its
    probabilities put over the threshold of the run with these counts, so that one threshold holds for all.

    ``is_hindsight`` is whether that model had learned from days after that of its run.
    """

    counts: Counts
    since: str
    version: str
    is_hindsight: bool


class GroupCounts(TypedDict):
    """People by protected attribute and group, and those over the threshold: ``ScoringRun.group_counts``.

    ``left`` is None without an earlier run.
    """

    present: Counts
    left: Left | None


SHORTEST, LONGEST = timedelta(days=90), timedelta(days=366)  # from the earlier run to this one: three months to a year


def group_counts(run: ScoringRun, present: Counts) -> GroupCounts:
    """The counts stored with a run: those present, as counted during scoring, and those who had left. Two queries."""
    earlier = _earlier(run)
    return {"present": present, "left": _left(earlier, run) if earlier else None}


def _left(earlier: ScoringRun, run: ScoringRun) -> Left:
    """People who left between the runs by resignation or for an unknown reason: no other departure is forecast."""
    left = EmployeeState.objects.on(run.as_of).filter(
        presence=Presence.LEFT,
        left_by__gt=earlier.as_of,
        left_by__lte=run.as_of,
        left_because__in=VOLUNTARY,
    )
    rows = Prediction.objects.filter(run=earlier, employee__in=left.values("employee")).order_by()
    names = [f"features__{attribute}" for attribute in ATTRIBUTES]
    records = list(rows.values_list(*names, "probability"))
    frame = pd.DataFrame.from_records(records, columns=[*ATTRIBUTES, "probability"])
    frame = frame.astype({"age": float, "genre": float, "probability": float})
    counts = disparity.count(frame, frame["probability"].to_numpy() >= run.threshold)
    return {
        "counts": counts,
        "since": f"{earlier.as_of}",
        "version": earlier.model_version,
        "is_hindsight": forecast_of(earlier).is_hindsight,
    }


def _earlier(run: ScoringRun) -> ScoringRun | None:
    """The oldest run from three months to a year before, with its predictions still in the log."""
    if run.as_of is None:
        return None
    runs = ScoringRun.objects.in_force().filter(as_of__range=(run.as_of - LONGEST, run.as_of - SHORTEST))
    return runs.filter(Exists(Prediction.objects.filter(run=OuterRef("pk")))).order_by("as_of").first()


def newest_counted(version: str) -> ScoringRun | None:
    """The newest run by a version of the model whose people were counted. One query."""
    return ScoringRun.objects.filter(model_version=version, group_counts__isnull=False).first()
