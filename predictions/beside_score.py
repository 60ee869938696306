"""The probability at every horizon, and the reasons why a score has no interval."""

from dataclasses import dataclass

from predictions.ml.assessment.outcomes import HORIZONS, within
from predictions.ml.decay import Decay
from predictions.ml.support import Fault
from predictions.models import Prediction
from predictions.registry import card_of, promoted_model


@dataclass(frozen=True, slots=True)
class Within:
    """The probability of leaving within so many months, with its interval where there are enough data."""

    months: int
    probability: float
    low: float | None
    high: float | None


def decay_of(version: str) -> Decay:
    """How the hazard decays in a version of the model; not at all if its card is gone."""
    history = card_of(version).get("history")
    return Decay(**history["decay"]) if history and "decay" in history else Decay()


def horizons(prediction: Prediction) -> list[Within]:
    """Within 3, 6 and 12 months, whichever is the horizon; empty for a classification."""
    horizon = prediction.horizon_months
    if not horizon:
        return []
    decay, low, high = decay_of(prediction.model_version), prediction.low, prediction.high
    return [
        Within(
            months,
            within(prediction.probability, months, horizon, decay),
            None if low is None else within(low, months, horizon, decay),
            None if high is None else within(high, months, horizon, decay),
        )
        for months in HORIZONS
    ]


def faults(prediction: Prediction) -> list[Fault]:
    """The features whose values its model has learned from nobody, alone or together, while that model is in use."""
    model = promoted_model()
    if prediction.is_erased or not prediction.is_extrapolated or prediction.model_version != model.version:
        return []
    values = prediction.values()
    return model.scorer.unseen(values) + model.scorer.parameters.support.faults(values)
