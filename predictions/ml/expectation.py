"""Expected departures: a sum of probabilities, and the 95 % prediction interval of their number."""

import math
from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """The departures to expect from some people; those of different people can be added.

    Its variance is that of the outcomes given the probabilities, plus that of the sum by the parameters, the squared
    length of ``sensitivity`` (the delta method). Neither includes a year unlike those of the training data.
    """

    total: float
    variance: float  # of the outcomes given the probabilities
    sensitivity: np.ndarray  # (k,): the derivative by the parameters, times the factor of their covariance

    @classmethod
    def of(cls, probability: np.ndarray, slope: np.ndarray, projected: np.ndarray) -> "Expectation":
        """Of ``(n,)`` probabilities, their derivatives on the additive scale, and ``(n, k)`` design rows times the
        factor of the parameters' covariance."""
        return cls(float(probability.sum()), float((probability * (1 - probability)).sum()), slope @ projected)

    def __add__(self, other: "Expectation") -> "Expectation":
        return Expectation(
            self.total + other.total, self.variance + other.variance, self.sensitivity + other.sensitivity
        )

    @property
    def interval(self) -> tuple[float, float]:
        """Its low and high end, never below 0."""
        margin = Z_95 * math.sqrt(self.variance + float(self.sensitivity @ self.sensitivity))
        return max(self.total - margin, 0.0), self.total + margin
