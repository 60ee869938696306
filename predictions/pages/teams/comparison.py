"""The segment that is chosen beside the rest, and saved segments beside it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from employees.disclosure import suppressed
from predictions.explanation import labelled_by_subject, points_per_unit
from predictions.formats import grouped, horizon, percent, signed
from predictions.ml import links
from predictions.models import ScoringRun
from predictions.pages.teams.segment import restored, title_of
from predictions.pages.teams.world import World
from predictions.registry import current_model
from predictions.segments import cube as cubes
from predictions.segments.cube import TEAM, Conditions, Sums
from predictions.segments.forecast import interval_of
from predictions.segments.models import SavedSegment
from predictions.segments.turnover import YEAR

DRIVERS = 5


@dataclass(frozen=True, slots=True)
class Driver:
    """What sets a segment apart: the difference to the rest in points of probability."""

    label: str
    points: str
    is_raising: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A column of the comparison."""

    title: str
    href: str
    figures: Sequence[str]
    drivers: Sequence[Driver]
    saved: SavedSegment | None = None


def figure_labels(world: World) -> list[str]:
    labels = [
        _("People"),
        _("Expected departures, %(horizon)s") % {"horizon": horizon(world.run.horizon_months)},
        _("Expected to leave, share"),
    ]
    if world.has_list:
        labels.append(_("Over the threshold, share"))
    return [*labels, _("Left in the last twelve months"), _("Turnover in the last twelve months")]


def compared_of(world: World) -> list[Compared]:
    """The segment that is chosen, and the saved ones beside it; those that are suppressed or empty now say so."""
    asked = world.asked
    columns: list[tuple[Conditions, SavedSegment | None]] = [(asked.conditions, None)]
    for saved in asked.compared:
        conditions = restored(saved, [*world.cube.attributes, *([TEAM] if world.has_list else [])])
        if conditions is not None:
            columns.append((conditions, saved))
    shown = [(conditions, saved, world.sums(conditions)) for conditions, saved in columns]
    # of everyone alone there is nothing to tell
    is_narrowed = any(conditions for conditions, _saved in columns)
    base = _base_value(world.run) if is_narrowed else 0.0
    told = [conditions for conditions, _saved, each in shown if each and each.people and conditions]
    everyone, *own = cubes.contributions_of_each(world.run, world.scope, [{}, *told]) if is_narrowed else [{}]
    of_segment = iter(own)
    return [
        Compared(
            saved.name if saved else title_of(conditions, world.names),
            asked.address(conditions),
            _figures(world, conditions, each) if each else [],
            _drivers(world, conditions, next(of_segment), everyone, base)
            if each and each.people and conditions
            else [],
            saved,
        )
        for conditions, saved, each in shown
    ]


def _base_value(run: ScoringRun) -> float:
    model = current_model()
    return model.scorer.base_value if model.version == run.model_version else cubes.base_value_of(run)


def cards(labels: Sequence[str], figures: Sequence[str]) -> list[tuple[str, str, str]]:
    """Label, value and interval of each figure."""
    parts = [figure.partition(" (") for figure in figures]
    return [(label, value, interval.rstrip(")")) for label, (value, _dash, interval) in zip(labels, parts, strict=True)]


def _figures(world: World, conditions: Conditions, sums: Sums) -> list[str]:
    if not sums.people:
        return [grouped(0), *(["–"] * (len(figure_labels(world)) - 1))]
    low, high = interval_of(world.run, sums)
    expected = {"number": world.expected(sums), "low": grouped(low), "high": grouped(high)}
    texts = [
        grouped(sums.people),
        _("%(number)s (%(low)s to %(high)s)") % expected,
        percent(sums.mean),
    ]
    if world.has_list:
        texts.append(percent(sums.share_above))
    turnover = world.turnover(conditions)
    if turnover is None or len(turnover.months) < YEAR or (not world.has_list and suppressed({"": turnover.left()})):
        return [*texts, "–", "–"]
    left, rate = world.cube.counted(turnover.left()), world.cube.rate(turnover.left(), turnover.mean_people())
    return [*texts, grouped(left), percent(rate) if rate is not None else "–"]


def _drivers(
    world: World, conditions: Conditions, own: Mapping[str, float], everyone: Mapping[str, float], base: float
) -> list[Driver]:
    """What sets a segment apart from the rest, in points of the probability of an average person of each.

    In whole points for a reader of figures alone, to whom tenths would tell what sets a few people apart.
    """
    people, decimals = world.people(conditions), 0 if world.cube.is_rounded else 1
    rest = world.cube.exact({}).people - people
    if rest <= 0:
        return []
    of_rest = {name: (everyone[name] - own[name]) / rest for name in own}
    apart = {name: own[name] / people - of_rest[name] for name in own}
    start = base + math.fsum(of_rest.values())
    slope = points_per_unit(start, math.fsum(apart.values()), links.of_horizon(world.run.horizon_months))
    found = [(label, weight * slope * 100) for label, weight in labelled_by_subject(apart, world.readable)]
    shown = [(label, round(points, decimals)) for label, points in found[:DRIVERS]]
    return [Driver(label, signed(points, decimals), points > 0) for label, points in shown if points]
