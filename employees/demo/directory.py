"""The fictional directory: names, managers, sites, entry and exit dates, reasons of departure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from employees.demo import published
from employees.demo.calendar import NEVER, Calendar
from employees.demo.careers import Careers
from employees.demo.draws import generator
from employees.demo.names import FIRST_NAMES, LAST_NAMES, SITES
from employees.demo.reporting import NOBODY, STAFF, Reporting

RETIREMENT_AGE = 55  # the oldest of the sample who left is 58: those who retire do so early
REASONS = {"Démission": 0.86, "Licenciement": 0.07, "Mutation": 0.05, "Autre": 0.02}
END_OF_CONTRACT = 0.3  # of those who left within two years of joining
RETIRES = 0.8  # of those old enough


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory of everyone, in the order of the extracts."""

    cards: pd.DataFrame  # what no month changes: id_employee, nom, prenom, site, date_entree
    exits: np.ndarray  # (n,) ISO dates, empty for who is present
    reasons: np.ndarray
    careers: Careers
    reporting: Reporting

    def at(self, month: int) -> pd.DataFrame:
        """The directory of a month, with the departures that it has seen."""
        has_left = month >= self.careers.left
        managers = self.reporting.at(np.minimum(month, self.careers.last))
        numbers = self.cards["id_employee"].astype(str).to_numpy()
        return self.cards.assign(
            responsable=np.where(managers == NOBODY, "", numbers[managers]),
            date_sortie=np.where(has_left, self.exits, ""),
            motif_sortie=np.where(has_left, self.reasons, ""),
        )[["id_employee", "nom", "prenom", "responsable", "site", "date_entree", "date_sortie", "motif_sortie"]]


def directory(people: pd.DataFrame, careers: Careers, reporting: Reporting, calendar: Calendar) -> Directory:
    """Draw the directory of the published people."""
    first_names, last_names = _names(people["genre"])
    cards = pd.DataFrame(
        {
            "id_employee": published.numbers(people),
            "nom": last_names,
            "prenom": first_names,
            "site": _sites(reporting),
            "date_entree": _days("entry", careers.joined, calendar),
        }
    )
    exits = np.where(careers.left == NEVER, "", _days("exit", careers.last, calendar))
    return Directory(cards, exits, _reasons(people), careers, reporting)


def _names(genders: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """First and family names (n,): no two people have both in common."""
    first_names, last_names = (np.empty(len(genders), dtype=object) for _ in range(2))
    for gender, names in FIRST_NAMES.items():
        rows = np.flatnonzero(genders == gender)
        pairs = generator(f"names {gender}").choice(len(names) * len(LAST_NAMES), size=len(rows), replace=False)
        first_names[rows] = np.array(names, dtype=object)[pairs // len(LAST_NAMES)]
        last_names[rows] = np.array(LAST_NAMES, dtype=object)[pairs % len(LAST_NAMES)]
    return first_names, last_names


def _sites(reporting: Reporting) -> np.ndarray:
    """Everyone's site (n,): staff work where their manager does."""
    drawn = generator("sites").choice(list(SITES), size=len(reporting.now), p=list(SITES.values()))
    return np.where(reporting.ranks == STAFF, drawn[reporting.now], drawn)


def _days(topic: str, months: np.ndarray, calendar: Calendar) -> np.ndarray:
    """A day of each month that every year has, as ISO dates (n,)."""
    days = generator(f"day of {topic}").integers(1, 29, size=len(months))
    return np.array([calendar.day(*drawn).isoformat() for drawn in zip(months, days, strict=True)])


def _reasons(people: pd.DataFrame) -> np.ndarray:
    """Why each would leave, (n,): mostly of their own accord."""
    rng = generator("reasons")
    drawn = rng.choice(list(REASONS), size=len(people), p=list(REASONS.values()))
    is_new = (people["annees_dans_l_entreprise"] < 2) & (rng.random(len(people)) < END_OF_CONTRACT)
    is_old = (people["age"] >= RETIREMENT_AGE) & (rng.random(len(people)) < RETIRES)
    return np.select([is_old, is_new], ["Retraite", "Fin de contrat"], drawn)
