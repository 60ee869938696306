"""Fairness: how the model treats protected groups, and which inputs are proxies for them.

Only measured, not corrected: leaving the protected columns out does not remove every gap. ``disparity`` compares the
groups of this audit.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

from predictions.ml.additive import learn_terms, used_features
from predictions.ml.artifacts.card_format import ATTRIBUTES
from predictions.ml.assessment.disparity import SMALL_PEOPLE, groups_of, is_unjudged
from predictions.ml.assessment.evaluation import OutOfFold
from predictions.ml.assessment.thresholds import GRID

TOP_SHARE = 0.2
STRONGEST = 6
BLOCK = 32  # resamples at a time
MOST = 20_000  # people sampled for the proxies: the design of all of them would not fit in memory beside the history

_RATES = ("selection_rate", "selection_ratio", "recall", "precision", "observed_to_expected")


def audit(
    frame: pd.DataFrame, target: np.ndarray, out_of_fold: OutOfFold, *, resamples: int, seed: int
) -> dict[str, list[dict]]:
    """The figures of each group, ``{"threshold": [...], "top_20": [...]}``: selected by the threshold, and by the top.

    Each entry has ``attribute``, ``group``, ``n``, ``leavers``, ``is_small`` and, each as ``{"value", "low", "high"}``
    with a 95 % bootstrap interval over employees or None where nothing can be divided:

    - ``selection_rate``, and ``selection_ratio``, its ratio to the rate of everyone else;
    - ``recall``: of the group's leavers, the share selected; ``precision``: of the selected, the share that left;
    - ``observed_to_expected``: departures that happened over the sum of probabilities, the group's calibration.
    """
    rank = np.argsort(np.argsort(-out_of_fold.probability, axis=1, kind="stable"), axis=1)
    selections = {
        "threshold": out_of_fold.is_flagged.astype(float),
        "top_20": (rank < round(TOP_SHARE * len(target))).astype(float),
    }
    groups = [group for group in groups_of(frame) if group[2].any()]
    sums = _sums([member for *_names, member in groups], target, selections, out_of_fold.probability, resamples, seed)
    return {
        name: [
            {
                "attribute": attribute,
                "group": group,
                "n": int(member.sum()),
                "leavers": int(target[member].sum()),
                "is_small": is_unjudged(int(member.sum()), int(target[member].sum())),
                **_figures(*sums[name][place]),
            }
            for place, (attribute, group, member) in enumerate(groups)
        ]
        for name in selections
    }


def curves(frame: pd.DataFrame, target: np.ndarray, probability: np.ndarray) -> list[dict]:
    """How many of each group every threshold of ``GRID`` selects, by out-of-fold ``probability``, ``(repeats, n)``.

    ``{"attribute", "group", "n", "leavers", "is_small", "flagged": [...], "caught": [...]}``: people, and those who
    left, at or over the threshold, averaged over the repeats.
    """
    found = []
    for attribute, group, member in groups_of(frame):
        if member.any():
            left = member & (target == 1)
            people, leavers = int(member.sum()), int(left.sum())
            found.append(
                {
                    "attribute": attribute,
                    "group": group,
                    "n": people,
                    "leavers": leavers,
                    "is_small": is_unjudged(people, leavers),
                    "flagged": _at_least(probability[:, member]).tolist(),
                    "caught": _at_least(probability[:, left]).tolist(),
                }
            )
    return found


def _at_least(probability: np.ndarray) -> np.ndarray:
    """How many of ``(repeats, n)`` reach each threshold of ``GRID``, as a mean of the repeats."""
    ascending = np.sort(probability, axis=None)
    return (len(ascending) - np.searchsorted(ascending, GRID, side="left")) / len(probability)


def _resamples(n: int, resamples: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each employee counts, in blocks of ``(BLOCK, n)``; the first of all rows is the sample itself."""
    first = np.ones((1, n))
    for start in range(0, resamples + 1, BLOCK):
        rows = min(BLOCK, resamples + 1 - start) - len(first)
        yield np.vstack([first, random.multinomial(n, np.full(n, 1 / n), size=rows)])
        first = np.empty((0, n))


def _sums(
    members: Sequence[np.ndarray],
    target: np.ndarray,
    selections: Mapping[str, np.ndarray],
    probability: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """The sums behind the rates of each group, by selection: ``(groups, 7, 1 + resamples)``.

    A block of the resamples is drawn, summed and forgotten: all of them at once would take gigabytes for a hundred
    thousand employees.
    """
    shares = {name: selected.mean(axis=0) for name, selected in selections.items()}  # (n,) of the repeats
    expected = probability.mean(axis=0)
    sums = {name: np.empty((len(members), 7, 1 + resamples)) for name in selections}
    stop = 0
    for weights in _resamples(len(target), resamples, np.random.default_rng(seed)):
        rows = slice(stop, stop := stop + len(weights))
        for place, member in enumerate(members):
            inside, outside = weights * member, weights * ~member
            people = inside.sum(axis=1), inside @ target, inside @ expected, outside.sum(axis=1)
            for name, selected in shares.items():
                chosen = inside @ selected, inside @ (selected * target), outside @ selected
                sums[name][place, :, rows] = people + chosen
    return sums


def _figures(
    people: np.ndarray,
    leavers: np.ndarray,
    expected: np.ndarray,
    others: np.ndarray,
    chosen: np.ndarray,
    caught: np.ndarray,
    chosen_others: np.ndarray,
) -> dict[str, dict | None]:
    """The rates of one group, averaged over the repeats, with their intervals; each sum is ``(1 + resamples,)``."""
    rate = _divide(chosen, people)
    values = (
        rate,
        _divide(rate, _divide(chosen_others, others)),
        _divide(caught, leavers),
        _divide(caught, chosen),
        _divide(leavers, expected),
    )
    return {name: _with_interval(value) for name, value in zip(_RATES, values, strict=True)}


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _with_interval(values: np.ndarray) -> dict | None:
    if np.isnan(values[0]):
        return None
    low, high = np.nanquantile(values[1:], (0.025, 0.975))
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def proxies(frame: pd.DataFrame, *, seed: int) -> list[dict]:
    """How much of each protected attribute the inputs of the default model predict.

    ``{"attribute", "together", "features": [{"feature", "share"}]}``: shares of its variance that the inputs explain,
    all of them together on people unseen (ridge regression, five folds) and the strongest one by one (adjusted for
    their number of columns). Among those whose attribute is known; one that is known of fewer than ``SMALL_PEOPLE`` is
    left out. Of many people, ``MOST`` are drawn.
    """
    if len(frame) > MOST:
        frame = frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), MOST, replace=False))]
    columns = {
        term.feature: term.columns(np.asarray(frame[term.feature]))
        for term in learn_terms(frame, used_features("default"))
    }
    design = np.concatenate(list(columns.values()), axis=1)
    rows = []
    for attribute in ATTRIBUTES:
        is_known = frame[attribute].notna().to_numpy()
        if is_known.sum() < SMALL_PEOPLE:
            continue
        known = frame.loc[is_known, attribute]
        values = pd.get_dummies(known).to_numpy(float) if attribute != "age" else known.to_numpy()[:, None]
        values = values - values.mean(axis=0)
        total = (values**2).sum()
        if not total:
            continue
        folds = KFold(5, shuffle=True, random_state=seed)
        guess = cross_val_predict(Ridge(alpha=10.0), design[is_known], values, cv=folds).reshape(values.shape)
        alone = {name: _explained(of_feature[is_known], values) for name, of_feature in columns.items()}
        strongest = sorted(alone, key=lambda name: -alone[name])[:STRONGEST]
        rows.append(
            {
                "attribute": attribute,
                "together": max(0.0, float(1 - ((values - guess) ** 2).sum() / total)),
                "features": [{"feature": name, "share": alone[name]} for name in strongest],
            }
        )
    return rows


def _explained(design: np.ndarray, values: np.ndarray) -> float:
    """Share of the variance of ``(n, m)`` centred values that ``(n, k)`` columns explain, adjusted for chance."""
    centred = design - design.mean(axis=0)
    fitted = centred @ np.linalg.lstsq(centred, values, rcond=None)[0]
    n, k = design.shape
    share = 1 - ((values - fitted) ** 2).sum() / (values**2).sum()
    return max(0.0, float(1 - (1 - share) * (n - 1) / (n - k - 1)))
