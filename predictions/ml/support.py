"""Which profiles the training data support: a model has learned nothing about values that never occur together.

A technical director at the first level, the highest level after a year at work, nine employers without experience, or
ten years in the job after five with the company: each is in the range of every single feature. So what occurs together
is learned: for every two features what nobody has (``occupancy``), which duration never exceeds which, and the scale of
the survey. Nobody anywhere has worked for longer than their age allows, or has a formula that its ingredients do not
give: these limits are not learned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictions.ml.occupancy import Occupancy

Pair = tuple[str, str]
Fault = tuple[str, ...]  # the features whose values cannot be together

# The years before the company: whoever had no other employer has none.
BEFORE: Pair = ("annee_experience_totale", "annees_dans_l_entreprise")
# The first of each is part of the second. Some companies count otherwise, as with a manager from an earlier subsidiary.
PARTS: tuple[Pair, ...] = (
    ("annees_dans_le_poste_actuel", "annees_dans_l_entreprise"),
    ("annees_sous_responsable_actuel", "annees_dans_l_entreprise"),
    ("annees_depuis_la_derniere_promotion", "annees_dans_l_entreprise"),
    ("annees_dans_l_entreprise", "annee_experience_totale"),
)
MOSTLY = 0.99  # share of the training rows in which something must hold for it to be a rule
# Years that nobody worked before the age of 14. Age decides whether a profile is possible, and moves no score.
WORKED: tuple[Pair, ...] = (("annee_experience_totale", "age"), ("annees_dans_l_entreprise", "age"))
YOUNGEST = 14
SATISFACTION: Fault = ("satisfaction_moyenne",)
ANSWERS = 4  # of which it is the mean, each from 1 to 4
SCALES = range(4, 12)  # points of a survey's scale, mapped to 1 to 4; beyond, every mean is near a possible one
SAVINGS: Fault = ("nonlineaire_participation_pee", "nombre_participation_pee", "annees_dans_l_entreprise")
NEAR = 0.005  # a computed value may be rounded to two decimals
AGE: Fault = ("age",)
UNSCORED = (*AGE, "nombre_participation_pee")  # of these, those that a model need not use


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """What occurs together in the training data."""

    occupancy: Occupancy
    parts: tuple[Pair, ...]  # of ``PARTS``, those that hold
    points: int | None = None  # of the survey's scale; None if its answers lie on none

    @classmethod
    def of(cls, frame: Mapping[str, Any], person: np.ndarray, names: Sequence[str]) -> "Support":
        """What a frame of training rows, ``(n,)`` a column, supports on the features of those names and by age.

        ``person``: ``(n,)``, who each row is of.
        """
        columns = {name: _plain(frame[name]) for name in (*names, *AGE) if name in frame}
        parts = [part for part in PARTS if columns.keys() >= set(part)]
        axes: list[Fault] = [(name,) for name in columns]
        return cls(
            Occupancy.of(columns, person, [*axes, BEFORE] if columns.keys() >= set(BEFORE) else axes),
            tuple(part for part in parts if (columns[part[0]] <= columns[part[1]]).mean() >= MOSTLY),
            _points(columns[SATISFACTION[0]]) if SATISFACTION[0] in columns else None,
        )

    def faults(self, values: Mapping[str, Any]) -> list[Fault]:
        """The features whose values a profile has and the training data, or nobody at all, have together."""
        found: list[Fault] = [(part, whole) for part, whole in self.parts if values[part] > values[whole]]
        found += [fault for fault, is_found in self._impossible(values) if is_found]
        return found + [fault for fault in self.occupancy.faults(values) if fault not in found]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a profile has no ``faults``."""
        return (
            self.occupancy.holds(values)
            and not any(values[part] > values[whole] for part, whole in self.parts)
            and not any(is_found for _fault, is_found in self._impossible(values))
        )

    def hold(self, frame: Mapping[str, np.ndarray]) -> np.ndarray:
        """``holds`` of ``n`` profiles: ``(n,)`` booleans."""
        is_held = self.occupancy.hold(frame)
        for part, whole in self.parts:
            is_held &= ~(frame[part] > frame[whole])
        for _fault, is_found in self._impossible(frame):
            is_held &= ~is_found
        return is_held

    def _impossible(self, values: Mapping[str, Any]) -> Iterator[tuple[Fault, Any]]:
        """What no person can have, of one profile or of ``(n,)`` arrays: whether they have it. A NaN is unknown."""

        def known(fault: Fault) -> bool:
            return all(values.get(name) is not None for name in fault)

        for worked, age in filter(known, WORKED):
            yield (worked, age), values[worked] > values[age] - YOUNGEST
        if known(SAVINGS):
            share, savings, seniority = (values[name] for name in SAVINGS)
            yield SAVINGS, abs(share - savings / (savings + seniority + 1)) > NEAR
        if self.points and known(SATISFACTION):
            yield SATISFACTION, _is_between(values[SATISFACTION[0]], self.points)


def _is_between(mean: Any, points: int) -> Any:
    """Whether a mean of four answers, each on a scale of so many points from 1 to 4, lies between the possible ones."""
    step = 3 / ANSWERS / (points - 1)
    return abs(((mean - 1) / step + 0.5) % 1 - 0.5) * step > NEAR


def _points(means: np.ndarray) -> int | None:
    """The points of the scale on which nearly all answers lie; None if there is no such scale."""
    return next((points for points in SCALES if (~_is_between(means, points)).mean() >= MOSTLY), None)


def _plain(column: Any) -> np.ndarray:
    """A column as floats or text."""
    values = np.asarray(column)
    return values.astype(float) if values.dtype.kind in "biuf" else values
