"""The managers: a tree within each department, its heads under one person.

Managers are never among those who left, and joined before the people whom they manage came to them. Everyone's manager
is of a higher rank, whatever the month; those of the highest report to leaders among them who have been here longer:
there is no cycle.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from employees.demo.calendar import NEVER
from employees.demo.careers import Careers
from employees.demo.draws import generator

SPAN = 8  # people under one manager, as long as one with room is to be had
PEOPLE_A_LEADER = 6  # one manager for so many people, so that there is room
NOBODY = -1

STAFF, LEAD, DIRECTOR, HEAD = range(4)
_RANKS = {"Manager": LEAD, "Directeur Technique": DIRECTOR, "Senior Manager": HEAD}
_LEADS_FROM_LEVEL = {"Cadre Commercial": 3, "Ressources Humaines": 3}


@dataclass(frozen=True, slots=True)
class Reporting:
    """The managers by row: each person's (n,) at the last month and before, ``NOBODY`` for the one at the top."""

    now: np.ndarray
    before: np.ndarray
    since: np.ndarray  # the month from which ``now`` holds
    ranks: np.ndarray

    def at(self, month: np.ndarray) -> np.ndarray:
        """The row of everyone's manager at each person's month, (n,)."""
        return np.where(month >= self.since, self.now, self.before)


def ranks(people: pd.DataFrame) -> np.ndarray:
    """Everyone's rank, (n,): staff, lead, director or head."""
    by_job = people["poste"].map(_RANKS).fillna(STAFF).astype(int)
    least = people["poste"].map(_LEADS_FROM_LEVEL).fillna(np.inf)
    return by_job.where(people["niveau_hierarchique_poste"] < least, LEAD).to_numpy()


def reporting(people: pd.DataFrame, departments_before: np.ndarray, careers: Careers) -> Reporting:
    """Draw everyone's manager, and the one before where the present one came within the year."""
    tree = _Tree(people["departement"].to_numpy(), ranks(people), careers)
    spell = careers.manager
    # Those longest under their manager choose first: fewest managers have been here that long.
    order = np.argsort(spell.since, kind="stable")
    now = np.full(len(people), NOBODY)
    for row in order.tolist():
        now[row] = tree.manager_of(row, spell.since[row])
    before = now.copy()
    rng = generator("managers before")
    for row in np.flatnonzero(careers.is_recent(spell)).tolist():
        before[row] = tree.other_manager_of(row, departments_before[row], spell.before[row], now[row], rng)
    return Reporting(now, before, np.where(careers.is_recent(spell), spell.since, 0), tree.ranks)


class _Tree:
    """The possible managers, and how many people each manages so far."""

    def __init__(self, departments: np.ndarray, ranks: np.ndarray, careers: Careers) -> None:
        self.departments, self.ranks, self.joined = departments, ranks, careers.joined.tolist()
        self.stays = careers.left == NEVER
        self.teams: Counter[int] = Counter()
        self.leaders = {department: self._leaders(department) for department in sorted(set(departments))}
        largest = Counter(departments).most_common(1)[0][0]
        self.top = self.leaders[largest][-1][0]

    def manager_of(self, row: int, since: int) -> int:
        """The first leader with room in the nearest rank, the least busy one without, the top where there is none."""
        if row == self.top:
            return NOBODY
        candidates = self._candidates(row, self.departments[row], since)
        with_room = (leader for leader in candidates if self.teams[leader] < SPAN)
        manager = next(with_room, min(candidates, key=self.teams.__getitem__, default=self.top))
        self.teams[manager] += 1
        return manager

    def other_manager_of(self, row: int, department: str, since: int, now: int, rng: np.random.Generator) -> int:
        """A manager whom someone may have had before; the top where there is no other."""
        if row == self.top:
            return NOBODY
        candidates = [leader for leader in self._candidates(row, department, since) if leader != now]
        nearest = [leader for leader in candidates if self.ranks[leader] == self.ranks[candidates[0]]]
        return int(rng.choice(nearest)) if nearest else self.top

    def _candidates(self, row: int, department: str, since: int) -> list[int]:
        return [
            leader
            for leaders in self._above(row, department)
            for leader in leaders
            if leader != row and self.joined[leader] <= since
        ]

    def _above(self, row: int, department: str) -> list[list[int]]:
        """The leaders of higher ranks; for the highest rank its own, for these the one some places ahead."""
        leaders = self.leaders[department]
        heads = leaders[-1]
        if row in heads:
            return [[heads[max(heads.index(row) - 1, 0) // SPAN]]]
        return [rank for rank in leaders if self.ranks[rank[0]] > self.ranks[row]] or [heads]

    def _leaders(self, department: str) -> list[list[int]]:
        """The leaders of a department, rank by rank upwards, the longest here first.

        Each rank has as many as the people below it, down to the next rank that leads, need; the highest leads itself.
        """
        rows = np.flatnonzero(self.departments == department)
        used = sorted(set(self.ranks[rows].tolist()))
        led_by = dict(zip(used, [*used[1:], used[-1]], strict=True))
        needed = Counter(led_by[rank] for rank in self.ranks[rows].tolist())
        ordered = sorted((row for row in rows.tolist() if self.stays[row]), key=self.joined.__getitem__)
        by_rank = {rank: [row for row in ordered if self.ranks[row] == rank] for rank in used}
        return [by_rank[rank][: -(-needed[rank] // PEOPLE_A_LEADER)] for rank in used if needed[rank]]
