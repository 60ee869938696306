"""Honest evaluation: nested, repeated cross-validation by person, and the predictions that come out of it.

The penalty and the threshold are chosen inside each outer training part by an inner cross-validation, and evaluated on
the outer test part (Varma and Simon 2006). Nobody is in a training part with one period and in its test part with
another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold

from predictions.ml.additive import AdditiveModel, fit_path
from predictions.ml.assessment import thresholds
from predictions.ml.assessment.thresholds import DEFAULT_RULE, Rule
from predictions.ml.links import LINKS
from predictions.ml.periods import PersonPeriods

Progress = Callable[[str, int, int], None]  # the step, how many are done, out of how many


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to evaluate. The defaults are those of every published figure; tests use fewer."""

    folds: int = 5
    repeats: int = 10
    inner_folds: int = 5
    penalties: tuple[float, ...] = (0.06, 0.1, 0.14, 0.17, 0.2, 0.25, 0.35)
    resamples: int = 1000  # of the fairness intervals
    draws: int = 200  # simulated outcomes to learn the width of the intervals from, and as many to check it
    sample: int = 5_000  # people at most from whom a penalty is chosen, and on whom outcomes are simulated


DEFAULT_PLAN = Plan()
# A stronger penalty is better out of time. With many people, one repeat is as precise as ten.
FORECAST_PLAN = Plan(repeats=4, penalties=(0.0125, 0.025, 0.05, 0.1, 0.2))
MANY = 20_000


def plan_for(people: int) -> Plan:
    """The plan of a forecast for a workforce of that size: a penalty and an interval need no more than a sample."""
    return FORECAST_PLAN if people < MANY else replace(FORECAST_PLAN, repeats=1, resamples=200, draws=60)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows that a model is trained or evaluated on: people, or person-periods."""

    frame: pd.DataFrame  # (n, 32)
    outcome: np.ndarray  # (n,) of 0 and 1
    person: np.ndarray  # (n,)
    exposure: np.ndarray  # (n,) months; 1 where there are no dates
    start: np.ndarray | None = None  # (n,) datetime64[D] of person-periods

    @classmethod
    def of_people(cls, frame: pd.DataFrame, target: np.ndarray) -> "Rows":
        """One undated row a person."""
        return cls(frame, target, np.arange(len(target)), np.ones(len(target)))

    @classmethod
    def of_periods(cls, periods: PersonPeriods) -> "Rows":
        """Person-periods, in which who vanished counts as gone."""
        return cls(periods.frame, (periods.event > 0).astype(int), periods.person, periods.exposure, periods.start)

    def fit(self, model: AdditiveModel) -> AdditiveModel:
        """The model, fitted on them."""
        return self.fit_path([model])[0]

    def fit_path(self, models: Sequence[AdditiveModel]) -> Sequence[AdditiveModel]:
        """Models that differ in ``C`` alone, fitted on them."""
        return fit_path(models, self.frame, self.outcome, self.exposure, person=self.person, start=self.start)

    def of(self, people: np.ndarray) -> "Rows":
        """The rows of some people."""
        return self[np.isin(self.person, people)]

    def __getitem__(self, rows: np.ndarray) -> "Rows":
        start = None if self.start is None else self.start[rows]
        return Rows(self.frame[rows], self.outcome[rows], self.person[rows], self.exposure[rows], start)

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Predictions on people unseen in training, one row a repeat."""

    probability: np.ndarray  # (repeats, n)
    is_flagged: np.ndarray  # (repeats, n): over the threshold chosen inside the fold
    fold: np.ndarray  # (repeats, n): which test part of that repeat
    penalties: np.ndarray  # (repeats * folds,): the C chosen inside each fold


def silent(step: str, done: int, total: int) -> None:
    """Ignore progress."""


def choose_penalty(
    learned: Rows, judged: Rows, *, features: str, link: str, plan: Plan, seed: int
) -> tuple[float, Rows, np.ndarray]:
    """The C of the least out-of-fold loss, the rows of ``judged`` it was chosen on and their probabilities, ``(n,)``.

    The loss is that of the likelihood, on the rows learned from. Of many people, a sample.
    """
    people, outcome = _people(learned, judged)
    if len(people) > plan.sample:
        chosen = np.sort(np.random.default_rng(seed).choice(len(people), plan.sample, replace=False))
        people, outcome = people[chosen], outcome[chosen]
        learned, judged = learned.of(people), judged.of(people)
    loss, probability = np.zeros(len(plan.penalties)), np.empty((len(plan.penalties), len(judged)))
    for train, test in StratifiedKFold(plan.inner_folds, shuffle=True, random_state=seed).split(people, outcome):
        seen, held_out = learned.of(people[train]), learned.of(people[test])
        models = [AdditiveModel(features=features, link=link, C=C) for C in plan.penalties]
        seen.fit_path(models)
        is_asked = np.isin(judged.person, people[test])
        for i, model in enumerate(models):
            values = model.linear_predictor(held_out.frame) + model.offset(held_out.exposure)
            loss[i] += LINKS[link].derivatives(values, held_out.outcome)[0]
            asked = judged[is_asked]
            probability[i, is_asked] = model.predict_proba(asked.frame, asked.exposure)[:, 1]
    best = int(np.argmin(loss))
    return plan.penalties[best], judged, probability[best]


def cross_predict(
    learned: Rows,
    judged: Rows,
    *,
    features: str = "default",
    link: str = "logit",
    rule: Rule = DEFAULT_RULE,
    plan: Plan = DEFAULT_PLAN,
    seed: int = 7,
    progress: Progress = silent,
) -> OutOfFold:
    """Predict every row of ``judged``, one a person, ``plan.repeats`` times by models that had not seen the person."""
    shape = (plan.repeats, len(judged))
    probability, is_flagged, fold = np.empty(shape), np.empty(shape, dtype=bool), np.empty(shape, dtype=int)
    penalties = []
    people, outcome = _people(learned, judged)
    splitter = RepeatedStratifiedKFold(n_splits=plan.folds, n_repeats=plan.repeats, random_state=seed)
    total = plan.folds * plan.repeats
    step = f"Cross-validation ({features} features)"
    for i, (train, test) in enumerate(splitter.split(people, outcome)):
        progress(step, i, total)
        repeat = i // plan.folds
        seen, known = learned.of(people[train]), judged.of(people[train])
        penalty, chosen_on, inner = choose_penalty(seen, known, features=features, link=link, plan=plan, seed=seed)
        own_rule = _scaled(rule, len(chosen_on), len(judged))
        threshold = thresholds.choose(own_rule, chosen_on.outcome, inner[None])
        model = seen.fit(AdditiveModel(features=features, link=link, C=penalty))
        is_asked = np.isin(judged.person, people[test])
        asked = judged[is_asked]
        probability[repeat, is_asked] = model.predict_proba(asked.frame, asked.exposure)[:, 1]
        is_flagged[repeat, is_asked] = probability[repeat, is_asked] >= threshold
        fold[repeat, is_asked] = i % plan.folds
        penalties.append(penalty)
    progress(step, total, total)
    return OutOfFold(probability, is_flagged, fold, np.array(penalties))


def _people(learned: Rows, judged: Rows) -> tuple[np.ndarray, np.ndarray]:
    """The people of both, in order, and whether each left."""
    people, place = np.unique(np.concatenate([learned.person, judged.person]), return_inverse=True)
    outcome = np.zeros(len(people), dtype=int)
    np.maximum.at(outcome, place, np.concatenate([learned.outcome, judged.outcome]))
    return people, outcome


def _scaled(rule: Rule, part: int, whole: int) -> Rule:
    """The same share of a smaller workforce, for a rule that counts people."""
    if not rule.capacity:
        return rule
    return Rule(rule.name, max(1, round(rule.capacity * part / whole)), rule.costs)
