"""When people joined, took their job, were promoted, got their manager, and left: since when each count of years runs.

An extract gives whole years. The month in which a year is completed is drawn; the years of an earlier month follow.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from employees.demo.calendar import LAST, NEVER, Calendar
from employees.demo.draws import generator

YOUNGEST = 18  # nobody worked before
USUAL_SPELL = 24  # months before the oldest, the mean beginning of what ended within the year
# How much more people leave in some months, January to December: after the bonus, before and after the summer.
SEASON = (1.3, 0.9, 1.2, 1.0, 0.9, 1.3, 1.1, 0.5, 1.6, 1.0, 0.7, 0.6)


@dataclass(frozen=True, slots=True)
class Spell:
    """A count of whole years: the months (n,) in which the present count began, and the one before it."""

    column: str
    since: np.ndarray
    before: np.ndarray

    @property
    def months(self) -> tuple[np.ndarray, np.ndarray]:
        """Both months."""
        return self.since, self.before

    def years(self, month: np.ndarray) -> np.ndarray:
        """The whole years at each person's month, (n,); below 0 for someone who had not begun."""
        return (month - np.where(month >= self.since, self.since, self.before)) // 12


@dataclass(frozen=True, slots=True)
class Careers:
    """The months (n,) of what happened to each person, by number; that of leaving is ``NEVER`` for those present."""

    left: np.ndarray
    last: np.ndarray  # the month that the published values describe: that of leaving, or the last
    joined: np.ndarray
    age: Spell
    experience: Spell
    seniority: Spell
    job: Spell
    promotion: Spell
    manager: Spell

    @property
    def spells(self) -> tuple[Spell, ...]:
        """Every count of years."""
        return self.age, self.experience, self.seniority, self.job, self.promotion, self.manager

    def is_recent(self, spell: Spell) -> np.ndarray:
        """Whether each (n,) began it within the twelve months, other than by joining."""
        return (spell.since > 0) & (spell.since > self.joined)


def careers(people: pd.DataFrame, calendar: Calendar) -> Careers:
    """Draw the months of everyone's career from their published years."""
    left = _departures(people, calendar)
    last = np.minimum(left, LAST)
    joined = _since(people, "annees_dans_l_entreprise", last)
    # A count that equals the seniority has run since the person joined.
    experience = _since(people, "annee_experience_totale", last, joined)
    born = _since(people, "age", last)
    is_youngest = (people["age"] - people["annee_experience_totale"] == YOUNGEST).to_numpy()
    born = np.where(is_youngest, np.minimum(born, experience - 12 * YOUNGEST), born)
    job = _spell(people, "annees_dans_le_poste_actuel", last, joined)
    # The manager of as many years as the job came with it.
    came_with_job = (people["annees_sous_responsable_actuel"] == people["annees_dans_le_poste_actuel"]).to_numpy()
    manager = _spell(people, "annees_sous_responsable_actuel", last, joined)
    manager = Spell(manager.column, *np.where(came_with_job, job.months, manager.months))
    return Careers(
        left=left,
        last=last,
        joined=joined,
        age=Spell("age", born, born),
        experience=Spell("annee_experience_totale", experience, experience),
        seniority=Spell("annees_dans_l_entreprise", joined, joined),
        job=job,
        promotion=_spell(people, "annees_depuis_la_derniere_promotion", last, joined),
        manager=manager,
    )


def _departures(people: pd.DataFrame, calendar: Calendar) -> np.ndarray:
    """The month (n,) in which each person left, 1 to 12, or ``NEVER``."""
    weights = calendar.by_month(SEASON)
    months = generator("departures").choice(np.arange(1, NEVER), size=len(people), p=weights / weights.sum())
    return np.where(people["a_quitte_l_entreprise"] == "Oui", months, NEVER)


def _since(people: pd.DataFrame, column: str, last: np.ndarray, joined: np.ndarray | None = None) -> np.ndarray:
    """The month (n,) in which a count began: one that gives the published years at the last month.

    Leavers complete no year in the month of leaving, so that its first day gives the same years as its last.
    """
    has_left = (people["a_quitte_l_entreprise"] == "Oui").to_numpy()
    months = generator(column).integers(has_left.astype(int), 12)
    since = last - 12 * people[column].to_numpy() - months
    if joined is None:
        return since
    return np.where(people[column] == people["annees_dans_l_entreprise"], joined, since)


def _spell(people: pd.DataFrame, column: str, last: np.ndarray, joined: np.ndarray) -> Spell:
    since = _since(people, column, last, joined)
    # The one before covers every earlier month, or all since the person joined.
    before = -generator(f"{column} before").geometric(1 / USUAL_SPELL, size=len(people))
    return Spell(column, since, np.maximum(joined, before))
