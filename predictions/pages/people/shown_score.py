"""A score as the pages show it: band, interval, waterfall and comparison."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from employees.access import Readable
from features import readable_features
from predictions.bands import Band, band_of
from predictions.beside_score import Within, faults, horizons
from predictions.decisions.threshold_decisions import InForce
from predictions.explanation import Reason, raising_most, reasons, told_of_change, why_not_enough
from predictions.formats import percent
from predictions.models import Prediction

MOST_STEPS = 12
LEAST_POINTS = 0.005  # half a point: less is not worth a line of its own
ROUNDING = 1e-9  # of the additive scale; a frame and a single row add in different orders


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: the risk before and after this reason."""

    phrase: str
    points: float
    shown: float  # to a tenth
    start: float
    end: float
    scale: float

    @property
    def left(self) -> float:
        """The start of the bar, as a share of the drawing's width."""
        return min(self.start, self.end) / self.scale

    @property
    def width(self) -> float:
        return abs(self.points) / self.scale

    @property
    def start_place(self) -> float:
        return self.start / self.scale

    @property
    def end_place(self) -> float:
        return self.end / self.scale


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The way from the average employee's risk to this one's: first all that raises it, then all that lowers it.

    In that order no bar falls under zero, since the two ends are probabilities. The steps sum to the difference.
    """

    average: float
    probability: float
    threshold: float
    scale: float  # the probability at the right edge of the drawing
    raising: list[Step]
    lowering: list[Step]
    smaller: list[Reason]  # those that share the last bar of each side

    @property
    def average_place(self) -> float:
        return self.average / self.scale

    @property
    def probability_place(self) -> float:
        return self.probability / self.scale

    @property
    def threshold_place(self) -> float:
        return self.threshold / self.scale


@dataclass(frozen=True)
class Shown:
    """A logged prediction with what the reader may see, ready for a template."""

    prediction: Prediction
    readable: Readable

    @cached_property
    def values(self) -> dict[str, object]:
        """The readable features of the prediction. One query if they are in the table and not loaded."""
        return readable_features.values_for(self.readable, self.prediction.values())

    @property
    def is_unknown(self) -> bool:
        """Whether nothing can be said of such a profile: pages then show its probability as a mere calculation."""
        return self.prediction.is_extrapolated

    @cached_property
    def band(self) -> Band:
        score = self.prediction
        return band_of(score.probability, score.threshold, is_extrapolated=score.is_extrapolated)

    @property
    def interval(self) -> str:
        """The interval in words; empty if it is not in the log. Rounded outward, so that it contains the score."""
        if self.prediction.is_extrapolated:
            unknown = _("Not enough data to say how precise this is: the model has seen nobody like this.")
            why = why_not_enough(self.prediction.values(), faults(self.prediction), self.readable)
            return " ".join([unknown, *why])
        if self.prediction.low is None or self.prediction.high is None:
            return ""
        low, high = (round(end * 100, 6) for end in (self.prediction.low, self.prediction.high))  # 29, not 28.999…
        ends = {"low": percent(math.floor(low) / 100, 0), "high": percent(math.ceil(high) / 100, 0)}
        return _("Between %(low)s and %(high)s, with 90%% confidence.") % ends

    @property
    def other_horizons(self) -> list[Within]:
        """The months that are not the horizon; empty for a classification, and for a profile without enough data."""
        months = self.prediction.horizon_months
        return [each for each in horizons(self.prediction) if each.months != months and each.low is not None]

    @cached_property
    def reasons(self) -> list[Reason]:
        prediction = self.prediction
        return reasons(
            values=self.values,
            base_value=prediction.base_value,
            contributions=prediction.contributions,
            link=prediction.link,
            readable=self.readable,
        )

    @property
    def raising_most(self) -> list[str]:
        """The phrases of the two that raise the risk most."""
        return raising_most(values=self.values, contributions=self.prediction.contributions, readable=self.readable)

    @cached_property
    def waterfall(self) -> Waterfall:
        return waterfall(
            self.reasons,
            average=self.prediction.link.probability(self.prediction.base_value),
            probability=self.prediction.probability,
            threshold=self.prediction.threshold,
        )


@dataclass(frozen=True)
class ScorePair:
    """A simulation beside the score it starts from, both by the same model."""

    before: Shown
    after: Shown

    @property
    def difference(self) -> float:
        return self.after.prediction.probability - self.before.prediction.probability

    @property
    def shown_difference(self) -> float:
        """The difference of the two probabilities as they are shown, to a tenth of a point."""
        return round(self.after.prediction.probability, 3) - round(self.before.prediction.probability, 3)

    @property
    def is_unknown(self) -> bool:
        """Whether one of the two is, so that their difference says nothing."""
        return self.before.is_unknown or self.after.is_unknown

    @cached_property
    def changes(self) -> list[Reason]:
        """The reasons for the difference by changed input, with the new values; the points sum to it."""
        before, after = self.before.prediction, self.after.prediction
        moved = {
            name: after.contributions.get(name, 0.0) - before.contributions.get(name, 0.0)
            for name in before.contributions.keys() | after.contributions.keys()
        }
        moved = {name: weight for name, weight in moved.items() if abs(weight) > ROUNDING}
        changed = {name for name, value in self.after.values.items() if value != self.before.values[name]}
        return reasons(
            values=self.after.values,
            base_value=before.base_value + math.fsum(before.contributions.values()),
            contributions=told_of_change(moved, changed),
            link=after.link,
            readable=self.after.readable,
            is_by_subject=False,
        )


def waterfall(found: list[Reason], *, average: float, probability: float, threshold: float) -> Waterfall:
    """The steps of a score; ``found`` are its reasons, the heaviest first."""
    own = [reason for reason in found[:MOST_STEPS] if abs(reason.points) >= LEAST_POINTS]
    smaller = found[len(own) :]
    raising = [(reason.phrase, reason.points, reason.shown) for reason in own if reason.raises_risk]
    raising += _together([reason for reason in smaller if reason.raises_risk])
    lowering = [(reason.phrase, reason.points, reason.shown) for reason in own if not reason.raises_risk]
    lowering += _together([reason for reason in smaller if not reason.raises_risk])
    top = average + math.fsum(points for _phrase, points, _shown in raising)
    scale = max(top, probability, threshold) * 1.02
    return Waterfall(
        average, probability, threshold, scale, _steps(raising, average, scale), _steps(lowering, top, scale), smaller
    )


def _together(smaller: list[Reason]) -> list[tuple[str, float, float]]:
    if not smaller:
        return []
    phrase = ngettext("%(count)d smaller reason", "%(count)d smaller reasons", len(smaller)) % {"count": len(smaller)}
    points, shown = (math.fsum(each) for each in ((r.points for r in smaller), (r.shown for r in smaller)))
    return [(phrase, points, shown)]


def _steps(weights: list[tuple[str, float, float]], start: float, scale: float) -> list[Step]:
    steps = []
    for phrase, points, shown in weights:
        steps.append(Step(phrase, points, shown, start, start + points, scale))
        start += points
    return steps


@dataclass(frozen=True, slots=True)
class Advice:
    """Shown with every score: what the threshold expects of those present, in people out of a hundred, and what the
    model ignores. The numbers are None where they are not known.
    """

    threshold: float | None
    leave: int | None  # of a hundred over the threshold
    found: int | None  # of a hundred who leave
    uses_protected: bool

    @property
    def stay(self) -> int | None:
        return None if self.leave is None else 100 - self.leave

    @property
    def missed(self) -> int | None:
        return None if self.found is None else 100 - self.found


def advice(card: Mapping, expected: InForce | None) -> Advice:
    """From the card of a model, and what a threshold expects of those present."""
    leave, found = (expected.share_leaving, expected.share_found) if expected else (None, None)
    return Advice(
        threshold=expected.threshold if expected else None,
        leave=None if leave is None else round(leave * 100),
        found=None if found is None else round(found * 100),
        uses_protected=card.get("uses_protected", True),
    )
