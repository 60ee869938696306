"""How often real people, and profiles that nobody has, count as *not enough data*.

    python benchmarks/profiles.py

Ten folds by person: what occurs together is learned from nine and asked of the tenth, as they are at their newest state
and when everybody is a year older in everything that grows with time. So for the demo, learned from its quarters, and
for three made-up firms: its people drawn with replacement, at most in one fold, with departments and jobs by lot and
answers to a survey of five points. Then profiles that nobody has: the demo's people with some values changed, the
years of the job and the like cut to the seniority. The limits that are not learned (``PARTS``, the age of 14) hold for
all of them and are not counted. The last line takes every value of a profile from another person.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model_quality import demo

from predictions.ml.additive import used_features
from predictions.ml.occupancy import Occupancy
from predictions.ml.support import AGE, BEFORE, PARTS

FOLDS = 10
SEED = 7
FIRMS = {"a practice": (220, 4, 7), "a factory": (4_000, 40, 40), "stores": (20_000, 283, 10)}  # people, units, jobs
GROW = ("age", "annee_experience_totale", "annees_dans_l_entreprise", *(part for part, _whole in PARTS[:3]))
NOBODY = {
    "level 5 after a year at work": {"niveau_hierarchique_poste": 5, "annee_experience_totale": 1},
    "9 employers, no experience": {"nombre_experiences_precedentes": 9, "annee_experience_totale": 0},
    "no other employer, 30 years at work, 2 of them here": {
        "nombre_experiences_precedentes": 0,
        "annee_experience_totale": 30,
        "annees_dans_l_entreprise": 2,
    },
    "a tech lead at 1,500 € a month": {"poste": "Tech Lead", "revenu_mensuel": 1_500},
    "level 1 at 19,999 € a month": {"niveau_hierarchique_poste": 1, "revenu_mensuel": 19_999},
    "the highest education at 16": {"niveau_education": 5, "age": 16},
    "human resources studied, in consulting": {"domaine_etude": "Ressources Humaines", "departement": "Consulting"},
    "a tech lead in the sales department": {"poste": "Tech Lead", "departement": "Commercial"},
    "appraised 4, a rise of 11 %": {"note_evaluation_actuelle": 4, "augmentation_salaire_precedente": 11},
}


def main() -> None:
    rows, _left, periods = demo()
    random = np.random.default_rng(SEED)
    print(f"{'held out':<54}{'people':>8}{'refused':>9}{'a year older':>14}")
    show("the demo", periods.frame, periods.person, periods.person, random)
    for name, (people, departments, jobs) in FIRMS.items():
        show(name, *firm(rows, people, departments, jobs, random), random)
    newest = last(periods.frame, periods.person)
    learned = occupancy(periods.frame, periods.person)
    print(f"\n{'profiles that nobody has':<54}{'people':>8}{'refused':>9}")
    shuffled = {name: random.permutation(newest[name].to_numpy()) for name in newest}
    for name, change in {**NOBODY, "every value from another person": shuffled}.items():
        print(f"{name:<54}{len(newest):>8,}{refused(learned, newest.assign(**change)):>9.1%}")


def show(name: str, frame: pd.DataFrame, person: np.ndarray, of: np.ndarray, random: np.random.Generator) -> None:
    """One line: of those held out, how many are refused, now and a year later. ``of``: of whom each is a copy."""
    fold = random.integers(FOLDS, size=int(of.max()) + 1)[of]
    now, later, people = 0.0, 0.0, 0
    for number in range(FOLDS):
        is_held_out = fold == number
        learned = occupancy(frame[~is_held_out], person[~is_held_out])
        asked = last(frame[is_held_out], person[is_held_out])
        people += len(asked)
        now += refused(learned, asked) * len(asked)
        later += refused(learned, asked.assign(**{each: asked[each] + 1 for each in GROW})) * len(asked)
    print(f"{name:<54}{people:>8,}{now / people:>9.2%}{later / people:>14.2%}")


def firm(rows: pd.DataFrame, people: int, departments: int, jobs: int, random: np.random.Generator):
    """The people of a firm, their numbers, and of whom each is a copy."""
    drawn = random.integers(len(rows), size=people)
    frame = rows.iloc[drawn].reset_index(drop=True)
    return (
        frame.assign(
            departement=[f"unit {each}" for each in random.integers(departments, size=people)],
            poste=[f"job {each}" for each in random.integers(jobs, size=people)],
            satisfaction_moyenne=1 + 3 / 4 * (random.integers(1, 6, (people, 4)) - 1).mean(axis=1),
        ),
        np.arange(people),
        drawn,
    )


def occupancy(frame: pd.DataFrame, person: np.ndarray) -> Occupancy:
    names = (*used_features("default"), *AGE)
    return Occupancy.of(columns(frame), person, [*((name,) for name in names), BEFORE])


def columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: frame[name].to_numpy() for name in frame}


def last(frame: pd.DataFrame, person: np.ndarray) -> pd.DataFrame:
    """The newest row of each person, of rows by time."""
    return frame.set_axis(person)[~pd.Index(person).duplicated(keep="last")]


def refused(learned: Occupancy, people: pd.DataFrame) -> float:
    """The share of people with two values that never occur together, their parts of the seniority cut to it."""
    total = np.minimum(people["annees_dans_l_entreprise"], people["annee_experience_totale"])
    parts = {part: np.minimum(people[part], total) for part, _whole in PARTS[:3]}
    return 1 - learned.hold(columns(people.assign(annees_dans_l_entreprise=total, **parts))).mean()


if __name__ == "__main__":
    main()
