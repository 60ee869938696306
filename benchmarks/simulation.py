"""The life of a made-up company, month by month, under a hazard that is known: for the benchmarks of the forecast.

It begins with the demo's published people and lives ten years before anything is recorded, so that who stays and who is
new are in balance. Each month everyone is a month older; some change their job, manager, overtime, way to work or
answers to the survey, whose new values are those of somebody published; and people leave by the hazard. Each of them
is replaced.
"""

import sys
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import OrdinalEncoder

from employees.columns import SATISFACTIONS
from employees.demo import published
from features.engineering import encode, engineer
from features.schema import BY_NAME, INPUT_NAMES
from predictions.ml.additive import used_features
from predictions.ml.links import CLOGLOG
from predictions.ml.periods import MONTHS, Event, PersonPeriods, compact, joined, months_after, months_before, outcomes

FIRST = date(2015, 12, 31)  # the end of month 0
BURN_IN = 120  # months
PATHS = 20  # ways in which a person may change: the mean over them is off by some hundredths of itself
NEVER = 10_000  # a month after all others
STAYED = (NEVER, Event.NONE)
LEAVE = 0.17  # of the published people within a year; about 15 % of those who are there in the long run
SPREAD = 1.1  # standard deviation of the log hazard among them: the truth itself then ranks with an AUC near 0.8
VANISH = 0.2  # of those who leave: in the files no more, and no departure known
RETIRE = 62  # years of age
RECENT = 2  # years with the company, of those published whom new people resemble
DURATIONS = tuple(name for name in INPUT_NAMES if BY_NAME.get(name) and BY_NAME[name].unit == "years")
CLOCKS = ("annees_dans_le_poste_actuel", "annees_depuis_la_derniere_promotion", "annees_sous_responsable_actuel")
POSITION = ("departement", "poste", "niveau_hierarchique_poste", "revenu_mensuel")
# How many of a hundred people have a new value within a year.
CHANGES = {
    "heures_supplementaires": 20,
    "frequence_deplacement": 10,
    "distance_domicile_travail": 5,
    "augmentation_salaire_precedente": 100,
    "nb_formations_suivies": 100,
    "nombre_participation_pee": 25,
    **dict.fromkeys(SATISFACTIONS, 50),
}
PROMOTED, UPWARDS, MOVED, OTHER_MANAGER = 25, 0.08, 8, 20  # UPWARDS: the share of promotions to the next level


@cache
def people() -> pd.DataFrame:
    """The published people: ``(1470, 28)``, the business inputs, encoded, and whether each left."""
    rows = published.read()
    rise = rows["augmentation_salaire_precedente"].str.removesuffix(" %").astype(float)
    overtime = (rows["heures_supplementaires"] == "Oui").astype(int)
    left = (rows["a_quitte_l_entreprise"] == "Oui").astype(int)
    given = rows.assign(augmentation_salaire_precedente=rise, heures_supplementaires=overtime)
    return encode(given[list(INPUT_NAMES)]).assign(left=left)


class Truth:
    """A log hazard of a month, a function of the features that a model is given."""

    def __init__(self, name: str):
        self._of = TRUTHS[name]
        value = self._of(engineer(people()))
        self._mean, self._scale = value.mean(), SPREAD / value.std()
        low, high = -20.0, 0.0
        for _ in range(60):  # the intercept with which so many leave
            self._level = (low + high) / 2
            leave = CLOGLOG.probabilities(self.log_hazard(engineer(people())) + np.log(12)).mean()
            low, high = (self._level, high) if leave < LEAVE else (low, self._level)

    def log_hazard(self, features: pd.DataFrame) -> np.ndarray:
        """``(n,)`` of ``(n, 32)`` clean features."""
        return self._level + self._scale * (self._of(features) - self._mean)


def additive(x: pd.DataFrame) -> np.ndarray:
    """A sum of smooth curves, one a feature: not the model's broken lines, but a sum as it is."""
    return (
        0.9 * x["heures_supplementaires"]
        - 0.6 * x["satisfaction_moyenne"]
        - 0.7 * np.log(x["revenu_mensuel"] / 5_000)
        - 1.2 * np.sqrt(x["nonlineaire_participation_pee"])
        - 0.03 * x["augmentation_salaire_precedente"]
        - 0.1 * x["nb_formations_suivies"]
        + 0.3 * x["frequence_deplacement"]
        + 0.25 * np.log1p(x["distance_domicile_travail"])
        + 1.0 * np.exp(-x["annees_dans_l_entreprise"] / 2)
        - 0.03 * np.minimum(x["annee_experience_totale"], 20)
        + 0.1 * np.minimum(x["annees_depuis_la_derniere_promotion"], 7)
        - 0.4 * np.tanh(x["annees_sous_responsable_actuel"] / 3)
        + 0.08 * x["nombre_experiences_precedentes"]
        + x["poste"].map({"Représentant Commercial": 0.5, "Consultant": 0.2, "Ressources Humaines": 0.3}).fillna(0)
    ).to_numpy(float)


def interactions(x: pd.DataFrame) -> np.ndarray:
    """A weaker sum, and pairs and jumps that no sum of curves has."""
    overtime, is_unhappy = x["heures_supplementaires"], x["satisfaction_moyenne"] < 2.5
    return 0.7 * additive(x) + (
        0.9 * overtime * (x["revenu_mensuel"] < 3_500)
        + 0.9 * overtime * is_unhappy
        + 0.8 * is_unhappy * (x["annees_dans_l_entreprise"] < 3)
        + 0.8 * (x["annees_depuis_la_derniere_promotion"] >= 4) * (x["niveau_hierarchique_poste"] <= 2)
        + 0.8 * (x["distance_domicile_travail"] > 15) * (x["frequence_deplacement"] == 2)
    ).to_numpy(float)


def trees(x: pd.DataFrame) -> np.ndarray:
    """Boosted trees of four leaves learned from the published departures, their levers monotone as HR expects."""
    encoder, model = _trees()
    stay = model.predict_proba(_encoded(encoder, x))[:, 0]
    return np.log(-np.log(stay))


TRUTHS = {"additive": additive, "interactions": interactions, "trees": trees}


@cache
def _trees() -> tuple[OrdinalEncoder, HistGradientBoostingClassifier]:
    names = list(used_features("default"))
    frame = engineer(people())
    words = [name for name in names if BY_NAME[name].is_open]
    encoder = OrdinalEncoder().fit(frame[words])
    signs = [BY_NAME[name].direction for name in (*words, *(n for n in names if n not in words))]
    model = HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=100, max_leaf_nodes=4, monotonic_cst=signs, random_state=0
    )
    return encoder, model.fit(_encoded(encoder, frame), people()["left"])


def _encoded(encoder: OrdinalEncoder, frame: pd.DataFrame) -> np.ndarray:
    names = [name for name in used_features("default") if not BY_NAME[name].is_open]
    return np.column_stack([encoder.transform(frame[list(encoder.feature_names_in_)]), frame[names].to_numpy(float)])


class Company:
    """Who is there, an array a column, durations in months; and what became of everyone who left."""

    def __init__(self, truth: Truth, *, seed: int, size: int = 1_470):
        self.truth, self.random, self.size = truth, np.random.default_rng(seed), size
        everyone = len(people())
        rows = self.random.permutation(everyone) if size == everyone else self.random.integers(everyone, size=size)
        self.now = self._of(rows) | {"person": np.arange(size)}
        self.known = size  # people so far
        self.month = 0
        self.gone: dict[int, tuple[int, Event]] = {}  # by person: in which month, and how

    def _of(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The columns of some published people, who completed their years some months ago."""
        part = self.random.integers(12, size=len(rows))
        columns = {name: people()[name].to_numpy()[rows] for name in INPUT_NAMES}
        return columns | {name: 12 * columns[name] + part for name in DURATIONS}

    def features(self) -> pd.DataFrame:
        """``(n, 32)`` clean features of who is there, as an extract of the month's end would give them."""
        raw = pd.DataFrame({name: self.now[name] for name in INPUT_NAMES})
        return engineer(raw.assign(**{name: raw[name] // 12 for name in DURATIONS}))

    def fate(self, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In which month each of ``(n,)`` people left, and by which ``Event``."""
        month, event = zip(*(self.gone.get(each, STAYED) for each in person.tolist()), strict=True)
        return np.array(month), np.array(event)

    def live(self, months: int, *, effect: float = 1.0) -> None:
        """Let some months pass, in which everyone's hazard is so many times the true one."""
        for _ in range(months):
            hazard = effect * self.hazard()
            self.month += 1
            self._leave(-np.expm1(-hazard))
            self._change()
            self._hire()

    def hazard(self) -> np.ndarray:
        """``(n,)`` true hazards of a month."""
        return np.exp(self.truth.log_hazard(self.features()))

    def chance(self, months: int) -> np.ndarray:
        """``(n,)`` true probabilities of leaving within some months, as far as what is known today can tell.

        The mean over ``PATHS`` ways in which each person may change until then.
        """
        paths = deepcopy(self)
        paths.now = {name: np.tile(values, PATHS) for name, values in self.now.items()}
        cumulative = np.zeros(len(paths.now["person"]))
        for _ in range(months):
            cumulative += paths.hazard()
            paths._change()
        return -np.expm1(-cumulative).reshape(PATHS, -1).mean(axis=0)

    def _leave(self, probability: np.ndarray) -> None:
        leaves = self.random.random(len(probability)) < probability
        retires = ~leaves & (self.now["age"] >= 12 * RETIRE)
        vanishes = self.random.random(len(leaves)) < VANISH
        event = np.where(retires, Event.NONE, np.where(vanishes, Event.VANISHED, Event.LEFT))
        is_gone = leaves | retires
        for person, how in zip(self.now["person"][is_gone].tolist(), event[is_gone].tolist(), strict=True):
            self.gone[person] = (self.month, how)
        self.now = {name: values[~is_gone] for name, values in self.now.items()}

    def _change(self) -> None:
        for name in DURATIONS:
            self.now[name] = self.now[name] + 1
        for name, rate in CHANGES.items():
            whom = self._some(rate)
            self.now[name][whom] = self.random.choice(people()[name].to_numpy(), whom.sum())
        promoted = self._some(PROMOTED)
        self.now["annees_depuis_la_derniere_promotion"][promoted] = 0
        self._take_position(promoted & (self.random.random(len(promoted)) < UPWARDS), levels=1)
        self._take_position(self._some(MOVED), levels=0)
        self.now["annees_sous_responsable_actuel"][self._some(OTHER_MANAGER)] = 0

    def _some(self, rate: float) -> np.ndarray:
        """Whom something happens to that happens to so many of a hundred within a year."""
        return self.random.random(len(self.now["person"])) < rate / 1_200

    def _take_position(self, whom: np.ndarray, *, levels: int) -> None:
        """The job and the pay of somebody published, so many levels higher."""
        level = people()["niveau_hierarchique_poste"].to_numpy()
        for own in range(1, level.max() + 1 - levels):
            who = np.flatnonzero(whom & (self.now["niveau_hierarchique_poste"] == own))
            rows = self.random.choice(np.flatnonzero(level == own + levels), len(who))
            for name in POSITION:
                self.now[name][who] = people()[name].to_numpy()[rows]
            self.now["annees_dans_le_poste_actuel"][who] = 0

    def _hire(self) -> None:
        """Replace who has left by people like those who joined within the last years."""
        count = self.size - len(self.now["person"])
        recent = np.flatnonzero(people()["annees_dans_l_entreprise"] <= RECENT)
        joining = self._of(self.random.choice(recent, count)) | {"person": self.known + np.arange(count)}
        joining |= dict.fromkeys(("annees_dans_l_entreprise", *CLOCKS), np.zeros(count, dtype=int))
        self.now = {name: np.concatenate([values, joining[name]]) for name, values in self.now.items()}
        self.known += count


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A history in person-periods, those present at its end, and what became of them within a year."""

    periods: PersonPeriods
    end: date
    then: Company  # as it was at the end
    present: pd.DataFrame  # (n, 32) its people
    left_in: np.ndarray  # (n,) months after the end; more than a year for who stayed or left otherwise

    def last(self, months: int) -> PersonPeriods:
        """The last months of the history."""
        return self.periods.where(self.periods.start >= np.datetime64(months_before(self.end, months)))


def world(truth: Truth, *, seed: int, months: int = 24, year_effect: float = 0.0) -> World:
    """A company that is recorded for some months, and what happens in the year after.

    In each year everyone's hazard is multiplied by an effect, log-normal with that standard deviation and a mean of 1.
    """
    company = settled(truth, seed=seed)
    random = np.random.default_rng([seed, 1])
    effects = np.exp(random.normal(-(year_effect**2) / 2, year_effect, months // 12 + 2))
    seen = []
    for quarter in range(months // MONTHS):
        seen.append((company.month, company.now["person"], compact(company.features())))
        company.live(MONTHS, effect=effects[quarter * MONTHS // 12])
    then = deepcopy(company)
    company.live(12, effect=effects[-1])
    month, event = company.fate(then.now["person"])
    return World(
        periods=joined([_period(company, *each) for each in seen]),
        end=day(then.month),
        then=then,
        present=then.features(),
        left_in=np.where(event == Event.NONE, NEVER, month - then.month),
    )


def settled(truth: Truth, *, seed: int, size: int = 1_470) -> Company:
    """A company of its own, a year after one that had been in balance."""
    company = deepcopy(_settled(truth, size))
    company.random = np.random.default_rng(seed)
    company.live(12)
    return company


@cache
def _settled(truth: Truth, size: int) -> Company:
    company = Company(truth, seed=0, size=size)
    company.live(BURN_IN)
    return company


def day(month: int) -> date:
    """The last day of a month by number."""
    return months_after(FIRST, month)


def _period(company: Company, month: int, person: np.ndarray, frame: pd.DataFrame) -> PersonPeriods:
    gone, event = company.fate(person)
    days = (np.datetime64("2015-12", "M") + gone).astype("datetime64[D]") + 14  # somewhere in the month
    start, end = day(month), day(month + MONTHS)
    exposure, event = outcomes(start, end, days, event.astype(np.int8))
    return PersonPeriods(frame, person, np.full(len(person), np.datetime64(start)), exposure, event)
