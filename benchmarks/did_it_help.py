"""Made-up companies whose talks help or not: how often the comparisons claim that they did.

    python benchmarks/did_it_help.py [--worlds 400]

The forecasts are those of people over the threshold of the demonstration (a log-normal hazard, cut at 15 %, mean 30 %)
and are true. *By lot* draws half of the people; *matched* lets HR choose by forecast and job, the more at risk the
likelier; *by what HR knows* adds what no forecast holds, for which no matching helps. World number i has the seed i.
"""

import argparse
from collections.abc import Callable

import numpy as np

from predictions.followup import effect
from predictions.followup.effect import Effect, People

THRESHOLD, JOBS = 0.15, 9
HELPS = 0.10  # points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=400)
    worlds = parser.parse_args().worlds
    print(f"{worlds} worlds each: claims that it helped, with no effect and with one of {HELPS:.0%}")
    print("| comparison | people | leave within the months | no effect | helps |")
    print("| --- | --- | --- | --- | --- |")
    for months, scale in ((6, 0.62), (12, 1.0)):
        for people in (100, 300, 600):
            row("by lot", by_lot, people, scale, months, worlds)
    for people in (100, 300, 600):
        row("matched", chosen, people, 1.0, 12, worlds)
    row("naive, same worlds", naive, 600, 1.0, 12, worlds)
    row("matched, by what HR knows", hidden, 600, 1.0, 12, worlds)


def row(name: str, compare: Callable, people: int, scale: float, months: int, worlds: int) -> None:
    shares, left = [], 0.0
    for helps in (0.0, HELPS):
        found = [compare(np.random.default_rng(seed), people, scale, helps) for seed in range(1, worlds + 1)]
        told = [each for each in found if each is not None]
        shares.append(f"{np.mean([each is not None and each.helped for each in found]):.1%}")
        if not helps:
            left = float(np.mean([each.left_alone for each in told]))
    print(f"| {name} | {people} | {left:.0%} in {months} | {shares[0]} | {shares[1]} |")


def forecasts(random: np.random.Generator, people: int) -> np.ndarray:
    found = np.empty(0)
    while len(found) < people:
        drawn = 1 - np.exp(-np.exp(random.normal(-2.2, 0.95, 4 * people)))
        found = np.concatenate([found, drawn[drawn >= THRESHOLD]])
    return found[:people]


def leaves(random: np.random.Generator, probability: np.ndarray, helps: float) -> np.ndarray:
    """Whether each leaves; help takes the same points off on average, in proportion to the risk."""
    spared = helps * probability / probability.mean() if helps else 0.0
    return random.random(len(probability)) < np.clip(probability - spared, 0, 1)


def by_lot(random: np.random.Generator, people: int, scale: float, helps: float) -> Effect | None:
    """Half of the people are drawn, in three draws."""
    probability = forecasts(random, people) * scale
    draw = np.arange(people) % 3
    is_drawn = random.permutation(np.arange(people) % 2 == 0)
    left = np.where(is_drawn, leaves(random, probability, helps), leaves(random, probability, 0.0))
    return effect.drawn(is_drawn=is_drawn, left=left, forecast=probability, draw=draw)


def chosen(random, people: int, scale: float, helps: float, known: float = 0.0, *, is_naive=False) -> Effect | None:
    """HR talks with half of ``people``; as many again, and as many more, are over the threshold beside them."""
    forecast = forecasts(random, 2 * people)
    hidden = random.normal(0, 1, 2 * people)
    odds = np.log(forecast / (1 - forecast))
    truth = 1 / (1 + np.exp(-odds - known * hidden))
    job = random.integers(0, JOBS, 2 * people)
    wish = odds + 0.3 * (job % 3) - known * hidden + random.logistic(0, 1, 2 * people)
    is_done = np.zeros(2 * people, dtype=bool)
    is_done[np.argsort(-wish)[: people // 2]] = True
    left = np.where(is_done, leaves(random, truth * scale, helps), leaves(random, truth * scale, 0.0))
    if is_naive:
        return effect.naive(left[is_done], left[~is_done])
    nothing = np.zeros((2 * people, 0))
    sides = [
        People(job[side], forecast[side], np.zeros(side.sum(), dtype=int), nothing[side])
        for side in (is_done, ~is_done)
    ]
    pairs = effect.match(*sides)
    places = [place for place, _chosen in pairs]
    return effect.matched(
        pairs,
        done=left[is_done][places],
        alone=[left[~is_done][beside] for _place, beside in pairs],
        forecast=sides[0].forecast,
        others=sides[1].forecast,
    )


def naive(random, people: int, scale: float, helps: float) -> Effect | None:
    return chosen(random, people, scale, helps, is_naive=True)


def hidden(random, people: int, scale: float, helps: float) -> Effect | None:
    return chosen(random, people, scale, helps, known=0.5)


if __name__ == "__main__":
    main()
