"""Penalised maximum likelihood under bounds on the coefficients, in blocks of rows so that memory stays small."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from predictions.ml.links import Link
from predictions.ml.terms import ModelTerm

BLOCK = 16_384  # rows of the design matrix held at a time: about 20 MB
MAX_STEPS = 100
TOLERANCE = 1e-10  # of the Newton decrement, half of the remaining gain in log-likelihood
SUFFICIENT = 1e-4  # a step is taken from this share of the gain predicted by the gradient (Armijo 1966)


class DidNotConverge(ArithmeticError):
    """The coefficients did not converge."""


class Design:
    """A design matrix ``(n, p + 1)``, with the intercept's column last, stored as small indices into one table a term.

    A feature has few distinct values, so rows are looked up in the tables and only one block of them exists at a time.
    """

    def __init__(self, terms: Sequence[ModelTerm], frame: pd.DataFrame):
        self.tables: list[np.ndarray] = []
        self.codes: list[np.ndarray] = []
        for term in terms:
            codes, values = pd.factorize(frame[term.feature])
            self.tables.append(term.columns(np.asarray(values)))
            self.codes.append(codes.astype(np.min_scalar_type(max(len(values), 1))))
        self.rows = len(frame)
        self.width = sum(table.shape[1] for table in self.tables) + 1
        self._whole = self._block(slice(0, self.rows)) if self.rows <= BLOCK else None

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The rows in blocks: which they are, and their design."""
        if self._whole is not None:
            yield slice(0, self.rows), self._whole
            return
        for start in range(0, self.rows, BLOCK):
            rows = slice(start, min(start + BLOCK, self.rows))
            yield rows, self._block(rows)

    def _block(self, rows: slice) -> np.ndarray:
        ones = np.ones((rows.stop - rows.start, 1))
        parts = [table[codes[rows]] for table, codes in zip(self.tables, self.codes, strict=True)]
        return np.concatenate([*parts, ones], axis=1)

    def means(self) -> np.ndarray:
        """``(p,)`` means of the columns, without the intercept's."""
        counts = (
            np.bincount(codes, minlength=len(table)) for table, codes in zip(self.tables, self.codes, strict=True)
        )
        return np.concatenate([n @ table / self.rows for n, table in zip(counts, self.tables, strict=True)])

    def times(self, coefficients: np.ndarray) -> np.ndarray:
        """``(n,)`` products of the rows with ``(p + 1,)`` coefficients."""
        product = np.empty(self.rows)
        for rows, block in self.blocks():
            product[rows] = block @ coefficients
        return product

    def errors(self, covariance: np.ndarray) -> np.ndarray:
        """``(n,)`` standard errors of such products, given the ``(p + 1, p + 1)`` covariance of the coefficients."""
        factor, found = np.linalg.cholesky(covariance), np.empty(self.rows)
        for rows, block in self.blocks():
            found[rows] = np.sqrt(((block @ factor) ** 2).sum(axis=1))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients at the maximum of the penalised likelihood, and its curvature there."""

    coefficients: np.ndarray  # (p + 1,), the intercept last
    curvature: np.ndarray  # (p + 1, p + 1), of the penalised negative log-likelihood

    @property
    def covariance(self) -> np.ndarray:
        """The Laplace approximation, with the penalty as a Gaussian prior (MacKay 1992, *The evidence framework applied
        to classification networks*). It ignores the bounds, so it is too wide where one is active."""
        return np.linalg.inv(self.curvature)


def fit(
    design: Design,
    outcome: np.ndarray,
    *,
    link: Link,
    C: float,
    directions: np.ndarray,
    offset: np.ndarray | float = 0.0,
    start: np.ndarray | None = None,
) -> Fit:
    """Maximise the likelihood of ``(n,)`` outcomes of 0 and 1, less ``sum(coefficients ** 2) / (2 C)``.

    ``directions``, ``(p,)``: 1 for a coefficient that may not be negative, -1 for one that may not be positive, 0 for a
    free one; the intercept is free and not penalised. ``start`` is where to begin, ``(p + 1,)``. Newton's method
    projected on the bounds (Bertsekas 1982, *Projected Newton methods for optimization problems with simple
    constraints*). Raises ``DidNotConverge``.
    """
    outcome, offset = np.asarray(outcome, dtype=float), np.broadcast_to(offset, design.rows)
    low = np.r_[np.where(directions > 0, 0.0, -np.inf), -np.inf]
    high = np.r_[np.where(directions < 0, 0.0, np.inf), np.inf]
    penalty = np.r_[np.full(design.width - 1, 1 / C), 0.0]

    def objective(coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        loss, gradient, curvature = 0.0, np.zeros(design.width), np.zeros((design.width, design.width))
        for rows, block in design.blocks():
            of_block, first, second = link.derivatives(block @ coefficients + offset[rows], outcome[rows])
            loss += of_block
            gradient += block.T @ first
            weighted = block * np.sqrt(second)[:, None]
            curvature += weighted.T @ weighted
        curvature[np.diag_indices(design.width)] += penalty
        return loss + penalty @ coefficients**2 / 2, gradient + penalty * coefficients, curvature

    here = _first(outcome, offset, link, design.width) if start is None else np.clip(start, low, high)
    loss, gradient, curvature = objective(here)
    for _ in range(MAX_STEPS):
        is_free = ~(((here <= low) & (gradient > 0)) | ((here >= high) & (gradient < 0)))
        step = np.zeros(design.width)
        step[is_free] = np.linalg.solve(curvature[np.ix_(is_free, is_free)], -gradient[is_free])
        if -gradient @ step < 2 * TOLERANCE:
            return Fit(here, curvature)
        length = 1.0
        while True:
            there = np.clip(here + length * step, low, high)
            found = objective(there)
            if found[0] <= loss + SUFFICIENT * gradient @ (there - here):
                break
            length /= 2
            if length < 1e-8:
                return Fit(here, curvature)  # no better point exists in floating point
        here, (loss, gradient, curvature) = there, found
    raise DidNotConverge(f"the coefficients did not settle in {MAX_STEPS} steps")


def _first(outcome: np.ndarray, offset: np.ndarray, link: Link, width: int) -> np.ndarray:
    """The start of a fit: no effects, and the rate of the outcome."""
    rate = min(max(outcome.mean(), 1e-6), 1 - 1e-6)
    return np.r_[np.zeros(width - 1), link.value(rate) - float(np.mean(offset))]
