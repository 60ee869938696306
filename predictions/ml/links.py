"""Links between the scale on which contributions add up and the probability that somebody leaves.

A classification, which has no horizon, adds log-odds. A forecast adds log cumulative hazards: with ``log Λ(h) = η + log
h``, one fit serves every horizon ``h``, and ``1 - exp(-Λ(h))`` is the probability of leaving within it (Prentice and
Gloeckler 1978, *Regression analysis of grouped survival data*).
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

HIGHEST = 30.0  # log cumulative hazard above which the probability is 1 in floating point


class Link(Protocol):
    """The inverse of a link, for one number and for arrays, and the likelihood of outcomes under it."""

    @property
    def name(self) -> str: ...

    @property
    def scale(self) -> str: ...

    def probability(self, value: float) -> float:
        """The probability at a value of the additive scale."""

    def slope(self, value: float) -> float:
        """The derivative of the probability there."""

    def value(self, probability: float) -> float:
        """The value of the additive scale, the inverse of ``probability``."""

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """``probability`` of an array."""

    def slopes(self, values: np.ndarray) -> np.ndarray:
        """``slope`` of an array."""

    def derivatives(self, values: np.ndarray, outcome: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Negative log-likelihood of ``(n,)`` outcomes of 0 and 1, its ``(n,)`` first and second derivatives."""


@dataclass(frozen=True, slots=True)
class Logit:
    """Log-odds."""

    name: str = "logit"
    scale: str = "log_odds"

    def probability(self, value: float) -> float:
        if value >= 0:
            return 1 / (1 + math.exp(-value))
        odds = math.exp(value)  # keeps the precision of a small probability
        return odds / (1 + odds)

    def slope(self, value: float) -> float:
        probability = self.probability(value)
        return probability * (1 - probability)

    def value(self, probability: float) -> float:
        return math.log(probability) - math.log1p(-probability)

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        small = np.exp(-np.abs(values))
        return np.where(values >= 0, 1, small) / (1 + small)

    def slopes(self, values: np.ndarray) -> np.ndarray:
        probability = self.probabilities(values)
        return probability * (1 - probability)

    def derivatives(self, values: np.ndarray, outcome: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        probability = self.probabilities(values)
        loss = float((np.logaddexp(0, values) - outcome * values).sum())
        return loss, probability - outcome, probability * (1 - probability)


@dataclass(frozen=True, slots=True)
class ComplementaryLogLog:
    """Log cumulative hazard."""

    name: str = "cloglog"
    scale: str = "log_cumulative_hazard"

    def probability(self, value: float) -> float:
        return -math.expm1(-math.exp(min(value, HIGHEST)))

    def slope(self, value: float) -> float:
        hazard = math.exp(min(value, HIGHEST))
        return hazard * math.exp(-hazard)

    def value(self, probability: float) -> float:
        return math.log(-math.log1p(-probability))

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        return -np.expm1(-np.exp(np.minimum(values, HIGHEST)))

    def slopes(self, values: np.ndarray) -> np.ndarray:
        hazard = np.exp(np.minimum(values, HIGHEST))
        return hazard * np.exp(-hazard)

    def derivatives(self, values: np.ndarray, outcome: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        hazard = np.exp(np.clip(values, -HIGHEST, HIGHEST))
        # of who left: log(1 - exp(-Λ)), whose derivative by log Λ is Λ / (exp(Λ) - 1)
        leaving = hazard / np.expm1(np.minimum(hazard, 700.0))
        loss = float(np.where(outcome == 1, -np.log(-np.expm1(-hazard)), hazard).sum())
        first = np.where(outcome == 1, -leaving, hazard)
        second = np.where(outcome == 1, leaving * (hazard + leaving - 1), hazard)
        return loss, first, np.maximum(second, 0.0)


LOGIT, CLOGLOG = Logit(), ComplementaryLogLog()
LINKS: dict[str, Link] = {link.name: link for link in (LOGIT, CLOGLOG)}


def of_horizon(months: int | None) -> Link:
    """The link of a forecast within so many months; that of a classification for None."""
    return LOGIT if months is None else CLOGLOG
