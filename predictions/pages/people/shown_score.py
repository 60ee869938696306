"""A score as the pages show it: band, interval, waterfall and comparison."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from employees.access import Readable
from features import readable_features
from predictions.bands import Band, band_of
from predictions.explanation import Reason, raising_most, reasons, told_of_change
from predictions.formats import percent
from predictions.ml.assessment.outcomes import HORIZONS, within
from predictions.models import Prediction

MOST_STEPS = 12
LEAST_POINTS = 0.005  # half a point: less is not worth a line of its own
ROUNDING = 1e-9  # of the additive scale; a frame and a single row add in different orders


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: the risk before and after this reason."""

    phrase: str
    points: float
    start: float
    end: float
    scale: float

    @property
    def shown(self) -> float:
        """The points to a tenth, rounded so that they add up from the average shown to the probability shown."""
        return round(self.end, 3) - round(self.start, 3)

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


@dataclass(frozen=True, slots=True)
class Sooner:
    """The probability of leaving within fewer months than the horizon, with its interval."""

    months: int
    probability: float
    low: float
    high: float


@dataclass(frozen=True)
class Shown:
    """A logged prediction with what the reader may see, ready for a template."""

    prediction: Prediction
    readable: Readable

    @cached_property
    def values(self) -> dict[str, object]:
        """The readable features of the prediction. One query if they are in the table and not loaded."""
        return readable_features.values_for(self.readable, self.prediction.values())

    @cached_property
    def band(self) -> Band:
        return band_of(self.prediction.probability, self.prediction.threshold)

    @property
    def interval(self) -> str:
        """The interval in words; empty if it is not in the log. Rounded outward, so that it contains the score."""
        if self.prediction.is_extrapolated:
            return _("Not enough data to say how precise this is: the model has seen nobody like this.")
        if self.prediction.low is None or self.prediction.high is None:
            return ""
        low, high = (round(end * 100, 6) for end in (self.prediction.low, self.prediction.high))  # 29, not 28.999…
        ends = {"low": percent(math.floor(low) / 100, 0), "high": percent(math.ceil(high) / 100, 0)}
        return _("Between %(low)s and %(high)s, with 90%% confidence.") % ends

    @property
    def sooner(self) -> list[Sooner]:
        """The shorter horizons; empty for a classification, and for a profile without enough data."""
        of_score, months = self.prediction, self.prediction.horizon_months
        if not months or of_score.is_extrapolated or of_score.low is None or of_score.high is None:
            return []
        ends = (of_score.probability, of_score.low, of_score.high)
        return [Sooner(fewer, *(within(end, fewer, months) for end in ends)) for fewer in HORIZONS if fewer < months]

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
    raising = [(reason.phrase, reason.points) for reason in own if reason.raises_risk]
    raising += _together([reason for reason in smaller if reason.raises_risk])
    lowering = [(reason.phrase, reason.points) for reason in own if not reason.raises_risk]
    lowering += _together([reason for reason in smaller if not reason.raises_risk])
    top = average + math.fsum(points for _phrase, points in raising)
    scale = max(top, probability, threshold) * 1.02
    return Waterfall(
        average, probability, threshold, scale, _steps(raising, average, scale), _steps(lowering, top, scale), smaller
    )


def _together(smaller: list[Reason]) -> list[tuple[str, float]]:
    if not smaller:
        return []
    phrase = ngettext("%(count)d smaller reason", "%(count)d smaller reasons", len(smaller)) % {"count": len(smaller)}
    return [(phrase, math.fsum(reason.points for reason in smaller))]


def _steps(weights: list[tuple[str, float]], start: float, scale: float) -> list[Step]:
    steps = []
    for phrase, points in weights:
        steps.append(Step(phrase, points, start, start + points, scale))
        start += points
    return steps


@dataclass(frozen=True, slots=True)
class Advice:
    """Shown with every score: how often the model is right, in people out of a hundred, and what it ignores.

    Measured on people it was not trained on; None if the card of the score's model is gone.
    """

    leave: int | None  # of a hundred over the threshold
    found: int | None  # of a hundred who leave
    uses_protected: bool

    @property
    def stay(self) -> int | None:
        return None if self.leave is None else 100 - self.leave

    @property
    def missed(self) -> int | None:
        return None if self.found is None else 100 - self.found


def advice(card: Mapping, threshold: float) -> Advice:
    """From the card of a model, at its own threshold or at one set by HR."""

    def of_a_hundred(name: str) -> int | None:
        if not card:
            return None
        if threshold == card["threshold"]["value"]:
            return round(card["metrics"][name]["mean"] * 100)
        curve = card["threshold"]["curve"]
        place = min(bisect_left(curve["threshold"], threshold), len(curve["threshold"]) - 1)
        return round(curve[name][place] * 100)

    return Advice(of_a_hundred("precision"), of_a_hundred("recall"), card.get("uses_protected", True))
