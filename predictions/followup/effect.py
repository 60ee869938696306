"""Did it help? The statistics of people with whom something was done beside people with whom nothing was.

No Django here. ``left`` is whether somebody left by choice within some months of a day, and an effect is the share that
left of those left alone less the share of the others: positive if it helped. Three comparisons, which carry less or
more:

- ``naive``: everyone of both groups. Those chosen are those at risk, so it tells more of the choice than of the help.
- ``match`` and ``matched``: pairs that share what they must, with about the same forecast (Rosenbaum and Rubin 1983,
  *The central role of the propensity score in observational studies*), the one alone still there and left alone on the
  day on which something was done with the other (Li, Propert and Rosenbaum 2001, *Balanced risk set matching*): whoever
  had left by then could not have been helped. What HR knew beyond the data is not matched.
- ``drawn``: by lot, whatever was done then (intention to treat). Chance alone tells the two groups apart.

The intervals hold at least 90 %, and it is said to have helped if the lower end is above zero: a false claim in at most
one world of twenty in which nothing helps (``benchmarks/did_it_help.py``). That is a one-sided test, since only this is
claimed; whether talks drive people away is left to whoever reads the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

FEWEST = 30  # people a side
Z = 1.85  # standard errors; 1.645 would do for many departures, and claims too often where there are few
CALIPER = (
    0.2  # standard deviations of the log-odds (Austin 2011, *Optimal caliper widths for propensity-score matching*)
)
MOST_ALIKE = 3  # people left alone for each of the others
DEALS = 999  # of the lots, to see what chance makes
TAIL = (DEALS + 1) // 25  # of them, beyond each end of the interval: 4 %, of which 400 worlds seldom show more than 5 %
AT_ONCE = 111  # deals, for the memory that they take
BALANCED = 0.1  # standardised mean difference up to which two groups are alike (Austin 2009, *Balance diagnostics*)


@dataclass(frozen=True, slots=True)
class Effect:
    """By how much fewer left of those with whom something was done, with its interval; shares of one."""

    done: int  # people
    alone: int
    left_done: float  # share
    left_alone: float
    points: float
    low: float
    high: float

    @property
    def helped(self) -> bool:
        """Whether it can be said."""
        return self.low > 0


def is_enough(done: int, alone: int) -> bool:
    return min(done, alone) >= FEWEST


def naive(done: np.ndarray, alone: np.ndarray) -> Effect | None:
    """Everyone beside everyone, by whether they left (boolean arrays); None if they are too few.

    The interval is Newcombe's (1998, *Interval estimation for the difference between independent proportions*, method
    10): of the two shares by Wilson's.
    """
    if not is_enough(len(done), len(alone)):
        return None
    p, q = float(done.mean()), float(alone.mean())
    (p_low, p_high), (q_low, q_high) = share_between(p, len(done)), share_between(q, len(alone))
    points = q - p
    return Effect(
        len(done),
        len(alone),
        p,
        q,
        points,
        points - sqrt((q - q_low) ** 2 + (p_high - p) ** 2),
        points + sqrt((q_high - q) ** 2 + (p - p_low) ** 2),
    )


def share_between(share: float, people: int) -> tuple[float, float]:
    """The interval of a share (Wilson 1927, *Probable inference*)."""
    middle = share + Z**2 / (2 * people)
    margin = Z * sqrt(share * (1 - share) / people + Z**2 / (4 * people**2))
    return (middle - margin) / (1 + Z**2 / people), (middle + margin) / (1 + Z**2 / people)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Some people, as arrays ``(n,)``.

    ``group`` is what a pair must share (run, job, overtime), ``forecast`` a probability in (0, 1), ``day`` an ordinal:
    of those with whom something was done, when; of the others, the last one on which they still were there, and alone.
    ``values`` ``(n, k)`` are what pairs should share beside these, as far as they can; NaN where it is not known.
    """

    group: np.ndarray
    forecast: np.ndarray
    day: np.ndarray
    values: np.ndarray

    @property
    def log_odds(self) -> np.ndarray:
        inside = np.clip(self.forecast, 1e-6, 1 - 1e-6)
        return np.log(inside / (1 - inside))


def match(done: People, alone: People) -> list[tuple[int, list[int]]]:
    """Positions in ``done``, each with those of the up to three people in ``alone`` who are most like it.

    Within the caliper of the forecast, those with the nearest forecast and values, in standard deviations (Rosenbaum
    and Rubin 1985, *Constructing a control group using multivariate matched sampling methods*). Nobody is taken twice.
    The highest forecasts choose first, since the fewest are like them; everyone gets a first before anyone a second.
    """
    scores, others = done.log_odds, alone.log_odds
    spread = float(np.std(np.concatenate([scores, others]))) if len(scores) + len(others) else 0.0
    caliper = CALIPER * spread
    ours, theirs = _in_deviations(done.values, alone.values)
    places: dict[object, np.ndarray] = {
        group: np.flatnonzero(alone.group == group) for group in set(done.group.tolist())
    }
    is_free = np.ones(len(others), dtype=bool)
    found: dict[int, list[int]] = {}
    order = np.argsort(-scores, kind="stable").tolist()
    for turn in range(MOST_ALIKE):
        for place in order:
            if turn and len(found.get(place, ())) < turn:
                continue
            near = places[done.group[place]]
            near = near[is_free[near] & (alone.day[near] >= done.day[place])]
            gap = np.abs(others[near] - scores[place])
            near, gap = near[gap <= caliper], gap[gap <= caliper]
            if not len(near):
                continue
            distance = (gap / (spread or 1)) ** 2 + ((theirs[near] - ours[place]) ** 2).sum(axis=1)
            chosen = int(near[distance.argmin()])
            is_free[chosen] = False
            found.setdefault(place, []).append(chosen)
    return sorted(found.items())


def _in_deviations(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in standard deviations of everyone from the mean; what is not known is the mean."""
    everyone = np.concatenate([ours, theirs])
    known = ~np.isnan(everyone)
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, everyone, 0).sum(axis=0) / number
    spread = np.sqrt(np.where(known, (everyone - mean) ** 2, 0).sum(axis=0) / number)
    found = np.where(known, (everyone - mean) / np.where(spread > 0, spread, 1), 0.0)
    return found[: len(ours)], found[len(ours) :]


def matched(
    pairs: Sequence[tuple[int, Sequence[int]]],
    *,
    done: np.ndarray,
    alone: Sequence[np.ndarray],
    forecast: np.ndarray,
    others: np.ndarray,
) -> Effect | None:
    """The pairs of ``match``: ``done`` is whether each in them left, ``alone`` the same of those beside it.

    ``forecast`` is of those with whom something was done, ``others`` of those left alone, both by their positions. The
    differences within the pairs are regressed on those of the forecast, which takes out what the caliper leaves
    (Rubin 1973, *The use of matched sampling and regression adjustment*); the intercept is the effect, with standard
    errors that hold for unequal variances (HC3; MacKinnon and White 1985). None if there are too few pairs.
    """
    if not is_enough(len(pairs), len(pairs)):
        return None
    beside = np.array([float(np.mean(left)) for left in alone])
    difference = beside - done
    gap = np.array([others[list(chosen)].mean() - forecast[place] for place, chosen in pairs])
    points, error = _regressed(difference, np.column_stack([np.ones(len(gap)), gap]), 0)
    people = sum(len(chosen) for _place, chosen in pairs)
    return Effect(
        len(pairs),
        people,
        float(done.mean()),
        float(beside.mean()),
        points,
        points - Z * error,
        points + Z * error,
    )


def drawn(*, is_drawn: np.ndarray, left: np.ndarray, forecast: np.ndarray, draw: np.ndarray) -> Effect | None:
    """Those drawn beside those not drawn of the same draws, by intention to treat; arrays ``(n,)``.

    Regressed on the draw and on the forecast, which takes out what is known beforehand (analysis of covariance), with a
    standard error that holds for unequal variances. What chance alone makes of it is computed and not assumed: the lots
    are dealt anew ``DEALS`` times within each draw (Fisher 1935, *The Design of Experiments*; studentised as in Wu and
    Ding 2021, *Randomization tests for weak null hypotheses*). So the test is exact where nothing helps. Draws in which
    everybody or nobody was drawn say nothing. None if there are too few people.
    """
    shares = {each: float(is_drawn[draw == each].mean()) for each in set(draw.tolist())}
    tells = np.array([0 < shares[each] < 1 for each in draw.tolist()], dtype=bool)
    is_drawn, left, forecast, draw = is_drawn[tells], left[tells], forecast[tells], draw[tells]
    if not is_enough(int(is_drawn.sum()), int((~is_drawn).sum())):
        return None
    draws = [draw == each for each in sorted(set(draw.tolist()))]
    basis, _triangle = np.linalg.qr(np.column_stack([*draws, forecast - forecast.mean()]).astype(float))
    outcome = -(left - basis @ (basis.T @ left))  # that fewer left counts as more
    (points,), (error,) = _dealt(is_drawn[None].astype(float), basis, outcome)
    random, chance = np.random.default_rng(0), []
    for start in range(0, DEALS, AT_ONCE):
        lots = np.repeat(is_drawn[None].astype(float), min(AT_ONCE, DEALS - start), axis=0)
        for of_draw in draws:
            lots[:, of_draw] = random.permuted(lots[:, of_draw], axis=1)
        some, errors = _dealt(lots, basis, outcome)
        chance.append(some / errors)
    lowest, highest = np.sort(np.concatenate(chance))[[TAIL - 1, -TAIL]]
    return Effect(
        int(is_drawn.sum()),
        int((~is_drawn).sum()),
        float(left[is_drawn].mean()),
        float(left[~is_drawn].mean()),
        float(points),
        float(points - highest * error),
        float(points - lowest * error),
    )


def _dealt(lots: np.ndarray, basis: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The coefficient of each row of lots ``(deals, n)`` beside an orthonormal basis, and its standard error (HC0).

    By Frisch, Waugh and Lovell: the outcome and the lots without what the basis explains.
    """
    lots = lots - (lots @ basis) @ basis.T
    weight = np.maximum((lots**2).sum(axis=1), 1e-9)
    points = lots @ outcome / weight
    residual = outcome - points[:, None] * lots
    return points, np.maximum(np.sqrt(((lots * residual) ** 2).sum(axis=1)) / weight, 1e-9)


def _regressed(outcome: np.ndarray, matrix: np.ndarray, place: int) -> tuple[float, float]:
    """A coefficient of least squares and its HC3 standard error."""
    inverse = np.linalg.pinv(matrix)
    coefficients = inverse @ outcome
    leverage = np.einsum("ij,ji->i", matrix, inverse)
    residual = (outcome - matrix @ coefficients) / np.clip(1 - leverage, 1e-6, None)
    return float(coefficients[place]), float(sqrt(np.sum((inverse[place] * residual) ** 2)))


def spreads(done: Mapping[str, np.ndarray], alone: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The standard deviation of each value, pooled over both sides as they were before matching."""
    return {name: sqrt((_variance(done[name]) + _variance(alone[name])) / 2) for name in done}


def balance(
    done: Mapping[str, np.ndarray], alone: Mapping[str, np.ndarray], spread: Mapping[str, float]
) -> dict[str, float]:
    """The standardised mean difference of each value (Austin 2009): positive if higher of those with whom something was
    done. Unknown values (NaN) are left out; zero where nobody differs."""
    return {
        name: float(np.nanmean(done[name]) - np.nanmean(alone[name])) / spread[name]
        if spread[name] and not (np.isnan(done[name]).all() or np.isnan(alone[name]).all())
        else 0.0
        for name in done
    }


def _variance(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.var(ddof=1)) if len(known) > 1 else 0.0
