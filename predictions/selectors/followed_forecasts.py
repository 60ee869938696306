"""Forecast against outcome: how many of those scored on a day have left within 3, 6 and 12 months."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pandas as pd
from django.db.models import Aggregate, Count, F, Sum

from employees.models import EmployeeState, Presence, WorkforceDay
from predictions.ml.assessment import outcomes
from predictions.ml.assessment.outcomes import HORIZONS, Outcome
from predictions.ml.decay import Decay
from predictions.ml.periods import Event, months_before
from predictions.models import Prediction, ScoringRun
from predictions.selectors.person_periods import ends_of_spells

MONTHS = 24  # newest months whose runs are compared


@dataclass(frozen=True, slots=True)
class Forecast:
    """A run whose people are followed, with the facts of its model's card."""

    run: ScoringRun
    horizon: int | None  # months; None for a classification, or where the card is gone
    decay: Decay  # of its model
    departures: int  # that the model learned from
    is_hindsight: bool  # the model learned from days after that of the run


def followed() -> list[Outcome]:
    """The outcomes of each forecast within each horizon that has passed, the newest first.

    Departures are counted as in training. Four queries and one for each horizon and decay, some of which scan all
    predictions of those runs.
    """
    revisions = dict(WorkforceDay.objects.values_list("as_of", "revision"))
    newest = max(revisions, default=date.min)
    kept = [each for each in _forecasts(revisions) if _after(each.run.day, min(HORIZONS)) <= newest]
    if not kept:
        return []
    sums: dict[int, dict[str, Any]] = {}
    for horizon, decay in {(each.horizon, each.decay) for each in kept}:
        runs = [each.run.pk for each in kept if (each.horizon, each.decay) == (horizon, decay)]
        sums |= _sums(runs, horizon, decay)
    ends, scores = ends_of_spells(), _scores_of_gone([each.run.pk for each in kept])
    return [
        _outcome(each, months, sums[each.run.pk], ends, scores[scores["run"] == each.run.pk])
        for each in kept
        if each.run.pk in sums
        for months in HORIZONS
        if _after(each.run.day, months) <= newest
    ]


def _after(day: date, months: int) -> date:
    return months_before(day, -months)


def _forecasts(revisions: Mapping[date, UUID]) -> list[Forecast]:
    """The forecast of each of the newest months, the newest first: the last one of the days that are still described.

    One whose day is as it was scored comes before one whose day a load or a withdrawal has changed since, and one
    whose model had learned from later days after the others. Where the extracts of a month were all corrected later,
    what was forecast then is still what was forecast.
    """
    runs = ScoringRun.objects.filter(as_of__in=revisions).defer("drift_counts").order_by("as_of", "pk")
    kept: dict[tuple[int, int], tuple[tuple[bool, bool], Forecast]] = {}
    for forecast in map(forecast_of, runs):
        month = forecast.run.day.year, forecast.run.day.month
        rank = revisions[forecast.run.day] == forecast.run.revision, not forecast.is_hindsight
        if month not in kept or rank >= kept[month][0]:
            kept[month] = rank, forecast
    return [forecast for _rank, forecast in reversed(kept.values())][:MONTHS]


def forecast_of(run: ScoringRun) -> Forecast:
    # with the model's libraries, without which the admin needs 60 MiB less
    from predictions.beside_score import decay_of
    from predictions.registry import card_of

    card = card_of(run.model_version)
    if not card:
        return Forecast(run, None, Decay(), 0, is_hindsight=False)
    learned_until = date.fromisoformat(str(card["drift"]["as_of"] or card["created_on"]))
    history = card.get("history")
    departures = history["left"] + history["vanished"] if history else card["training"]["leavers"]
    decay = decay_of(run.model_version)
    return Forecast(run, card.get("horizon_months"), decay, departures, is_hindsight=learned_until > run.day)


def _sums(runs: Collection[int], horizon: int | None, decay: Decay) -> dict[int, dict[str, Any]]:
    """For some runs: people and, by months, expected departures and their variance. One query."""
    sums: dict[str, Aggregate] = {}
    if horizon is not None:
        for months in HORIZONS:
            chance = outcomes.within(F("probability"), months, horizon, decay)
            sums |= {f"expected_{months}": Sum(chance), f"variance_{months}": Sum(chance * (1 - chance))}
    rows = Prediction.objects.filter(run__in=runs).order_by().values("run").annotate(people=Count("pk"), **sums)
    return {row["run"]: dict(row) for row in rows}


def _scores_of_gone(runs: Collection[int]) -> pd.DataFrame:
    """``run``, ``person`` and ``probability`` of everyone who has ever been absent or left. One query."""
    gone = EmployeeState.objects.exclude(presence=Presence.PRESENT).values("employee")
    rows = Prediction.objects.filter(run__in=runs, employee__in=gone).order_by()
    columns = ["run", "person", "probability"]
    return pd.DataFrame(rows.values_list("run", "employee__employee_id", "probability"), columns=columns)


def _outcome(forecast: Forecast, months: int, sums: Mapping, ends: pd.DataFrame, scores: pd.DataFrame) -> Outcome:
    run, horizon = forecast.run, forecast.horizon
    start, end = pd.Timestamp(run.day), pd.Timestamp(_after(run.day, months))
    first = ends[ends["since"] > start].drop_duplicates("person")
    known = scores.merge(first, on="person")
    had_left, gone = known[known["day"] <= start], known[(known["day"] > start) & (known["day"] <= end)]
    people = sums["people"] - len(had_left)
    outcome = Outcome(
        run=run.pk,
        day=run.day,
        version=run.model_version,
        months=months,
        people=people,
        left=int((gone["event"] == Event.LEFT).sum()),
        left_otherwise=int((gone["event"] == Event.NONE).sum()),
        unknown=int((gone["event"] == Event.VANISHED).sum()),
        is_hindsight=forecast.is_hindsight,
    )
    if horizon is None:
        return outcome
    chance = outcomes.within(had_left["probability"], months, horizon, forecast.decay)
    expected = sums[f"expected_{months}"] - float(chance.sum())
    variance = sums[f"variance_{months}"] - float((chance * (1 - chance)).sum())
    return outcome.against(max(0.0, expected), max(0.0, variance), departures=forecast.departures)


def newest_of_each(found: Iterable[Outcome]) -> list[Outcome]:
    """For each number of months, the newest forecast that is as old."""
    newest: dict[int, Outcome] = {}
    for outcome in found:
        newest.setdefault(outcome.months, outcome)
    return [newest[months] for months in HORIZONS if months in newest]
