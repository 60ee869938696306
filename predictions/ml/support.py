"""Which profiles the training data support: a model has learned nothing about values that never occur together.

A technical director at the first level, the first level at a director's pay, a tech lead in the sales department, or
ten years in the job after five with the company: each is in the range of every single feature. So what occurs together
is kept: the range of some numbers by job and level, the jobs of each department, which duration never exceeds which,
and the scale of the survey. Nobody anywhere has worked for longer than their age allows, or has a formula that its
ingredients do not give: these limits are not learned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from employees.disclosure import is_small

Pair = tuple[str, str]
Fault = tuple[str, ...]  # the features whose values cannot be together

PAIRS: tuple[Pair, ...] = (
    ("poste", "niveau_hierarchique_poste"),
    ("poste", "revenu_mensuel"),
    ("niveau_hierarchique_poste", "revenu_mensuel"),
)
TOGETHER: Pair = ("departement", "poste")
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
UNSCORED = ("age", "nombre_participation_pee")  # of these, those that a model need not use
ROOM = {"revenu_mensuel": 0.1}  # the range is rounded and widened by this share, since its ends are somebody's pay
ROUNDED = {"revenu_mensuel": 100}

Ranges = dict[Any, tuple[float, float]]  # by the value of the first feature of a pair


@dataclass(frozen=True, slots=True)
class Support:
    """What occurs together in the training data; what fewer than five people have in common is left out."""

    ranges: dict[Pair, Ranges]  # of the second feature of a pair, by the value of the first
    together: dict[str, frozenset[str]]  # by department, its jobs; empty if one of the two is not known
    parts: tuple[Pair, ...]  # of ``PARTS``, those that hold
    points: int | None = None  # of the survey's scale; None if its answers lie on none

    @classmethod
    def of(cls, frame: Mapping[str, Any], person: np.ndarray, names: Sequence[str]) -> "Support":
        """What a frame of training rows, ``(n,)`` a column, supports on the features of those names.

        ``person``: ``(n,)``, who each row is of.
        """
        columns = {name: np.asarray(frame[name]) for name in names}

        def known(pairs: Sequence[Pair]) -> list[Pair]:
            return [pair for pair in pairs if columns.keys() >= set(pair)]

        return cls(
            {pair: _ranges(pair[1], columns[pair[0]], columns[pair[1]], person) for pair in known(PAIRS)},
            _together(columns[TOGETHER[0]], columns[TOGETHER[1]], person) if known([TOGETHER]) else {},
            tuple(part for part in known(PARTS) if (columns[part[0]] <= columns[part[1]]).mean() >= MOSTLY),
            _points(columns[SATISFACTION[0]].astype(float)) if SATISFACTION[0] in columns else None,
        )

    def faults(self, values: Mapping[str, Any]) -> list[Fault]:
        """The features whose values a profile has and the training data, or nobody at all, have together.

        A job or a level that the ranges do not know sets no limit, nor does a department without known jobs, nor what
        is unknown.
        """
        found: list[Fault] = []
        for (given, name), ranges in self.ranges.items():
            limits = ranges.get(values[given])
            if limits is not None and not limits[0] <= values[name] <= limits[1]:
                found.append((given, name))
        jobs = self.together and self.together.get(values[TOGETHER[0]])
        if jobs and values[TOGETHER[1]] not in jobs:
            found.append(TOGETHER)
        found += [(part, whole) for part, whole in self.parts if values[part] > values[whole]]
        return found + [fault for fault, is_found in self._impossible(values) if is_found]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a profile has no ``faults``."""
        return not self.faults(values)

    def hold(self, frame: Mapping[str, np.ndarray]) -> np.ndarray:
        """``holds`` of ``n`` profiles: ``(n,)`` booleans."""
        is_held = np.ones(len(next(iter(frame.values()))), dtype=bool)
        for (given, name), ranges in self.ranges.items():
            for value, (low, high) in ranges.items():
                is_given = frame[given] == value
                is_held[is_given] &= (frame[name][is_given] >= low) & (frame[name][is_given] <= high)
        for department, jobs in self.together.items():
            is_there = frame[TOGETHER[0]] == department
            is_held[is_there] &= np.isin(frame[TOGETHER[1]][is_there].astype(str), sorted(jobs))
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


def _ranges(name: str, groups: np.ndarray, values: np.ndarray, person: np.ndarray) -> Ranges:
    values = values.astype(float)
    room, step = ROOM.get(name, 0.0), ROUNDED.get(name, 1)
    found: Ranges = {}
    for group in sorted(set(groups.tolist())):
        is_of_group = groups == group
        if not is_small(len(np.unique(person[is_of_group]))):  # the range would reveal their values
            of_group = values[is_of_group]
            low, high = of_group.min() * (1 - room), of_group.max() * (1 + room)
            found[group] = (float(np.floor(low / step) * step), float(np.ceil(high / step) * step))
    return found


def _together(departments: np.ndarray, jobs: np.ndarray, person: np.ndarray) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for department in sorted(set(departments.tolist())):
        is_there = departments == department
        common = (job for job in set(jobs[is_there].tolist()) if _is_common(person[is_there & (jobs == job)]))
        if of_department := frozenset(common):
            found[department] = of_department
    return found


def _is_common(person: np.ndarray) -> bool:
    return not is_small(len(np.unique(person)))
