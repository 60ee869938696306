"""Earlier values: pay, jobs, overtime, travel, savings plan, training, appraisals and satisfaction.

The published values are walked back, the latest change first. A change keeps the month from which the later value holds
and the value before it; nothing changes after someone left.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from employees.columns import SATISFACTIONS
from employees.demo.calendar import NEVER, Calendar
from employees.demo.careers import Careers
from employees.demo.draws import generator
from employees.demo.reporting import STAFF, ranks

# Months of the calendar.
PAY_REVIEW = 4
SAVINGS_CAMPAIGN = 5
APPRAISALS = 2
SURVEYS = (11, 6)

# Shares of the workforce to whom something happened within the twelve months.
RAISED_WITH_PROMOTION = 0.5
RAISED_AT_REVIEW = 0.25
RETITLED = 0.4  # of the staff who took another job
OVERTIME, TRAVEL, MOVED_HOUSE, MARRIED = 0.2, 0.08, 0.05, 0.03
JOINED_SAVINGS, TRAINED, ANSWERED_OTHERWISE = 0.25, 0.2, 0.25

# The job from which people come to one, and its department where that is another.
JOB_BEFORE = {
    ("Consulting", "Tech Lead"): ("Consulting", "Consultant"),
    ("Consulting", "Consultant"): ("Consulting", "Assistant de Direction"),
    ("Consulting", "Assistant de Direction"): ("Ressources Humaines", "Ressources Humaines"),
    ("Commercial", "Cadre Commercial"): ("Commercial", "Représentant Commercial"),
    ("Commercial", "Représentant Commercial"): ("Consulting", "Assistant de Direction"),
    ("Ressources Humaines", "Ressources Humaines"): ("Consulting", "Assistant de Direction"),
}


@dataclass(frozen=True, slots=True)
class PastChange:
    """A column's values (n,) before a month (n,); month 0 where nothing changed."""

    column: str
    month: np.ndarray
    before: np.ndarray


@dataclass(slots=True)
class Past:
    """The changes, the latest first, and the oldest values known so far."""

    values: pd.DataFrame
    careers: Careers
    changes: list[PastChange] = field(default_factory=list)

    def add(self, column: str, month: np.ndarray | int, before: np.ndarray, whom: pd.Series | np.ndarray) -> None:
        """Add a change that happened to some (n,), unless they had left by then."""
        happened = np.asarray(whom) & (month <= self.careers.last) & (month > self.careers.joined)
        self.changes.append(PastChange(column, np.where(happened, month, 0), np.asarray(before)))
        self.values[column] = np.where(happened, before, self.values[column])

    def at(self, people: pd.DataFrame, month: int) -> pd.DataFrame:
        """The published rows as they were at a month; counts of years included."""
        then = people.copy()
        for change in self.changes:
            then[change.column] = np.where(month < change.month, change.before, then[change.column])
        for spell in self.careers.spells:
            then[spell.column] = spell.years(np.minimum(month, self.careers.last))
        then["a_quitte_l_entreprise"] = np.where(month >= self.careers.left, "Oui", "Non")
        return then


def past(people: pd.DataFrame, careers: Careers, calendar: Calendar) -> Past:
    """Draw the differences of the earlier months."""
    past = Past(people.copy(), careers)
    _jobs(past)
    _pay_and_levels(past, people, calendar)
    _circumstances(past)
    _counts(past, calendar)
    _appraisals(past, calendar)
    _satisfaction(past, calendar)
    return past


def _some(topic: str, share: float, count: int) -> np.ndarray:
    return generator(f"{topic}: who").random(count) < share


def _month(topic: str, count: int) -> np.ndarray:
    return generator(f"{topic}: when").integers(1, NEVER, size=count)


def _exchanged(topic: str, values: pd.Series, among: np.ndarray) -> np.ndarray:
    """The values with those of some people exchanged between them: as many of each as before."""
    exchanged = values.to_numpy().copy()
    exchanged[among] = generator(f"{topic}: what").permutation(exchanged[among])
    return exchanged


def _jobs(past: Past) -> None:
    """Some of the staff who took their job within the year had another title; in another department, if their manager
    came with the job.
    """
    values, careers = past.values, past.careers
    now = list(zip(values["departement"], values["poste"], strict=True))
    origins = [JOB_BEFORE.get(pair, pair) for pair in now]
    department, job = (np.array(names, dtype=object) for names in zip(*origins, strict=True))
    known = set(zip(values["poste"], values["niveau_hierarchique_poste"], strict=True))
    is_known = np.array([pair in known for pair in zip(job, values["niveau_hierarchique_poste"], strict=True)])
    crosses = department != values["departement"].to_numpy()
    whom = careers.is_recent(careers.job) & (ranks(values) == STAFF) & _some("title", RETITLED, len(values)) & is_known
    whom &= ~crosses | (careers.manager.since == careers.job.since)
    past.add("poste", careers.job.since, job, whom)
    past.add("departement", careers.job.since, department, whom)


def _pay_and_levels(past: Past, people: pd.DataFrame, calendar: Calendar) -> None:
    """Some got their last rise within the year: with a promotion, some of these a level with it, or at the review."""
    values, careers, count = past.values, past.careers, len(people)
    is_promoted = careers.is_recent(careers.promotion) & _some("promoted", RAISED_WITH_PROMOTION, count)
    is_raised = is_promoted | _some("raised", RAISED_AT_REVIEW, count)
    month = np.where(is_promoted, careers.promotion.since, calendar.number_of(PAY_REVIEW))
    rise = values["augmentation_salaire_precedente"].str.removesuffix(" %").astype(int)
    pay = (values["revenu_mensuel"] / (1 + rise / 100)).round().astype(int)
    level = _level_below(people, pay)
    kept_title = (values["poste"] == people["poste"]).to_numpy()
    past.add("niveau_hierarchique_poste", month, level, is_promoted & kept_title & (level > 0))
    past.add("revenu_mensuel", month, pay, is_raised)
    rises = _exchanged("rise", values["augmentation_salaire_precedente"], is_raised)
    past.add("augmentation_salaire_precedente", month, rises, is_raised)


def _level_below(people: pd.DataFrame, pay: pd.Series) -> np.ndarray:
    """The level below each person's (n,) where people of the job and that level are paid as much; else 0."""
    paid = people.groupby(["poste", "niveau_hierarchique_poste"])["revenu_mensuel"].agg(["min", "max"])
    level = people["niveau_hierarchique_poste"] - 1
    bounds = paid.reindex(pd.MultiIndex.from_arrays([people["poste"], level]))
    return np.where((pay >= bounds["min"].to_numpy()) & (pay <= bounds["max"].to_numpy()), level, 0)


def _circumstances(past: Past) -> None:
    """Overtime, travel and the way to work changed for some, as many one way as the other; some married."""
    values, count = past.values, len(past.values)
    shares = {
        "heures_supplementaires": OVERTIME,
        "frequence_deplacement": TRAVEL,
        "distance_domicile_travail": MOVED_HOUSE,
    }
    for column, share in shares.items():
        whom = _some(column, share, count)
        past.add(column, _month(column, count), _exchanged(column, values[column], whom), whom)
    is_married = (values["statut_marital"] == "Marié(e)") & _some("married", MARRIED, count)
    past.add("statut_marital", _month("married", count), np.full(count, "Célibataire"), is_married)


def _counts(past: Past, calendar: Calendar) -> None:
    """Counts that only grow: savings plan shares, at the yearly campaign, and training, up to twice in the year."""
    values, count = past.values, len(past.values)
    savings = values["nombre_participation_pee"].to_numpy()
    whom = (savings > 0) & _some("savings", JOINED_SAVINGS, count)
    past.add("nombre_participation_pee", calendar.number_of(SAVINGS_CAMPAIGN), savings - 1, whom)
    months = np.sort([_month(f"training {turn}", count) for turn in range(2)], axis=0)[::-1]
    for turn, month in enumerate(months):
        training = values["nb_formations_suivies"].to_numpy()
        whom = (training > 0) & _some(f"training {turn}", TRAINED, count)
        past.add("nb_formations_suivies", month, training - 1, whom)


def _appraisals(past: Past, calendar: Calendar) -> None:
    """Before this year's appraisal, the mark now called previous was the current one.

    Only where it is one that the extracts know as current (3 or 4); the others were last appraised before.
    """
    values, month = past.values, calendar.number_of(APPRAISALS)
    current, previous = values["note_evaluation_actuelle"], values["note_evaluation_precedente"]
    whom = previous.isin(current.unique()).to_numpy()
    past.add("note_evaluation_actuelle", month, previous.to_numpy(), whom)
    past.add("note_evaluation_precedente", month, _exchanged("appraisal", previous, whom), whom)


def _satisfaction(past: Past, calendar: Calendar) -> None:
    """Twice a year, some answer one step higher or lower than the time before."""
    values, count = past.values, len(past.values)
    for survey in sorted(map(calendar.number_of, SURVEYS), reverse=True):
        for column in SATISFACTIONS:
            topic = f"{column} {survey}"
            step = generator(topic).choice([-1, 1], size=count)
            answers = np.clip(values[column].to_numpy() + step, 1, 4)
            past.add(column, survey, answers, _some(topic, ANSWERED_OTHERWISE, count))
