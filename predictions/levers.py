"""What HR could change for a person, and what the risk would be: the moves that lower it most, and the smallest change
that brings it under the threshold.

Only moves that a company makes: overtime stops, travel becomes less by a step or two, one or two courses more, one more
participation in the savings plan, a pay rise of 5 or 10 %, a promotion by one level. A satisfaction is no move: it is
what follows. As in what-if, this is what goes with departures among people with these values, not the effect of a
measure.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable
from features import readable_features, schema
from features.engineering import MissingInputs, engineer_one
from predictions.decisions.costs import Range
from predictions.explanation import display
from predictions.formats import money, money_range
from predictions.ml.scorer import InvalidProfile, Model

SHOWN = 3
LEAST = 0.005  # half a point: less is no lever
ROUNDING = 1e-9  # of a probability: effects and scores add in different orders
RISE = 0.05  # of the pay, a step
STEPS = {"overtime": 1, "travel": 2, "courses": 2, "savings": 1, "rise": 2, "promotion": 1}  # at most
ALONE = STEPS | {"travel": 1}  # of a lever that is shown by itself


@dataclass(frozen=True, slots=True)
class Lever:
    """A move, what it changes, the risk after it with its interval, and what it costs where that is known."""

    name: str
    label: str
    changes: dict[str, Any]
    before: float
    probability: float
    low: float | None
    high: float | None
    yearly_cost: float | None = None
    cost: Range | None = None  # of such an action, by the company's figures

    @property
    def cost_in_words(self) -> str:
        """Empty where no cost is known."""
        if self.yearly_cost is not None:
            return _("%(cost)s a year") % {"cost": money(self.yearly_cost)}
        return _("costs %(cost)s") % {"cost": money_range(self.cost.low, self.cost.high)} if self.cost else ""

    @property
    def points(self) -> float:
        """As the two probabilities are shown, to a tenth of a point."""
        return round(self.probability, 3) - round(self.before, 3)


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """The moves that together bring a score under the threshold, and the risk after them with its interval."""

    labels: list[str]
    steps: int  # of all its levers
    changes: dict[str, Any]
    before: float
    probability: float
    low: float | None
    high: float | None


Move = tuple[str, dict[str, Any]]  # in words, and the inputs that it changes


def _no_overtime(inputs: Mapping[str, Any], _steps: int) -> Move | None:
    return (_("No more overtime"), {"heures_supplementaires": 0}) if inputs["heures_supplementaires"] else None


def _less_travel(inputs: Mapping[str, Any], steps: int) -> Move | None:
    name = "frequence_deplacement"
    if not (now := inputs[name]) or now not in (1, 2):
        return None
    then = max(now - steps, 0)
    return _("Business travel: %(value)s") % {"value": display(schema.BY_NAME[name], then)}, {name: then}


def _courses(inputs: Mapping[str, Any], steps: int) -> Move | None:
    name = "nb_formations_suivies"
    then = min(inputs[name] + steps, schema.BY_NAME[name].maximum or 0)
    more = int(then - inputs[name])
    return (_("Training: %(count)s more") % {"count": more}, {name: int(then)}) if more > 0 else None


def _savings(inputs: Mapping[str, Any], steps: int) -> Move | None:
    name = "nombre_participation_pee"
    then = inputs[name] + steps
    return (_("Savings plan: one more participation"), {name: int(then)}) if then <= 3 else None


def _rise(inputs: Mapping[str, Any], steps: int) -> Move | None:
    pay, last = "revenu_mensuel", "augmentation_salaire_precedente"
    percent = round(RISE * steps * 100)
    then = round(inputs[pay] * (100 + percent) / 100)
    words = {"percent": percent, "pay": display(schema.BY_NAME[pay], then)}
    changes = {pay: then, last: max(inputs[last], float(percent))}
    return _("Pay rise of %(percent)s%%, to %(pay)s a month") % words, changes


def _promotion(inputs: Mapping[str, Any], steps: int) -> Move | None:
    level = "niveau_hierarchique_poste"
    then = inputs[level] + steps
    if then > (schema.BY_NAME[level].maximum or 0):
        return None
    fresh = {"annees_depuis_la_derniere_promotion": 0, "annees_dans_le_poste_actuel": 0}
    return _("A promotion, to level %(level)s") % {"level": int(then)}, {level: int(then)} | fresh


MOVES: dict[str, Callable[[Mapping[str, Any], int], Move | None]] = {
    "overtime": _no_overtime,
    "travel": _less_travel,
    "courses": _courses,
    "savings": _savings,
    "rise": _rise,
    "promotion": _promotion,
}


def levers(inputs: Mapping[str, Any], model: Model, readable: Readable) -> list[Lever]:
    """The moves that lower the risk of a person most, the best first; fewer where fewer are possible.

    ``inputs`` are the 32 features or the 27 inputs, unknown satisfactions taken for their mean. A move that would
    change something hidden from the reader is left out, and so is one to a profile that the model does not know. 2 ms.
    """
    known = _whole(inputs)
    try:
        before = model.score_one(engineer_one(known)).probability
        found = [lever for name in MOVES if (lever := _lever(name, known, before, model, readable))]
    except (MissingInputs, InvalidProfile):
        return []
    helpful = [lever for lever in found if lever.points <= -LEAST]
    return sorted(helpful, key=lambda lever: lever.points)[:SHOWN]


def with_costs(found: list[Lever], costs: Mapping[str, Range]) -> list[Lever]:
    """The levers with what such an action costs, by the value that it changes; a pay rise has its own cost."""
    return [
        replace(lever, cost=next((costs[name] for name in lever.changes if name in costs), None))
        if lever.yearly_cost is None
        else lever
        for lever in found
    ]


def _whole(inputs: Mapping[str, Any]) -> dict[str, Any]:
    mean = inputs.get("satisfaction_moyenne")
    satisfactions = {feature.name: mean for feature in schema.SATISFACTIONS if inputs.get(feature.name) is None}
    known = {name: inputs.get(name) for name in schema.INPUT_NAMES} | satisfactions
    return {name: terms.resolve(name, value) if isinstance(value, str) else value for name, value in known.items()}


def _lever(name: str, inputs: Mapping[str, Any], before: float, model: Model, readable: Readable) -> Lever | None:
    move = _allowed(name, inputs, ALONE[name], model, readable)
    if move is None:
        return None
    label, changes = move
    after = model.score_one(engineer_one({**inputs, **changes}))
    if after.is_extrapolated:
        return None
    cost = inputs["revenu_mensuel"] * RISE * ALONE[name] * 12 if name == "rise" else None
    return Lever(name, label, changes, before, after.probability, after.low, after.high, cost)


def _allowed(name: str, inputs: Mapping[str, Any], steps: int, model: Model, readable: Readable) -> Move | None:
    """The move, if there is room for it, and nothing that it changes is switched off or hidden from the reader."""
    move = MOVES[name](inputs, steps)
    if move is None:
        return None
    used = model.card["used"]
    is_hidden = any(
        readable_features.is_off(each) or not readable_features.may_try(readable, each, used) for each in move[1]
    )
    return None if is_hidden else move


@dataclass(frozen=True, slots=True)
class _Option:
    """Some levers moved, by so many steps, and what that does to the score on the additive scale."""

    moves: tuple[Move, ...] = ()
    steps: int = 0
    effect: float = 0.0


def smallest_change(
    inputs: Mapping[str, Any], model: Model, readable: Readable, threshold: float
) -> SmallestChange | None:
    """The smallest of the possible changes after which the score is under the threshold; None where none of them does
    that, the score is under it already, or there are not enough data for one.

    Smallest is: the fewest levers; among those the fewest steps; among those the lowest risk. A change to a profile
    that the model does not know is none. ``inputs`` and ``readable`` are as for ``levers``.

    The score is a sum over features, so levers that share no feature add up: each is scored alone, at each of its
    steps, and levers that share one together. Their sums are then put in order, and the first one that the model itself
    puts under the threshold is the smallest. 1 ms.
    """
    known = _whole(inputs)
    try:
        score = model.score_one(engineer_one(known))
        if score.probability < threshold or score.is_extrapolated:
            return None
        total = score.base_value + math.fsum(score.contributions.values())
        groups = [_options(names, known, total, model, readable) for names in _groups(known, model, readable)]
    except (MissingInputs, InvalidProfile):
        return None
    changes = [_together(options) for options in product(*groups)]
    changes.sort(key=lambda option: (len(option.moves), option.steps, option.effect))
    for option in changes:
        if model.link.probability(total + option.effect) >= threshold + ROUNDING:
            continue
        changed = {name: value for _label, moved in option.moves for name, value in moved.items()}
        after = model.score_one(engineer_one({**known, **changed}))
        if after.probability < threshold and not after.is_extrapolated:
            labels = [label for label, _moved in option.moves]
            return SmallestChange(
                labels, option.steps, changed, score.probability, after.probability, after.low, after.high
            )
    return None


def _groups(inputs: Mapping[str, Any], model: Model, readable: Readable) -> list[list[str]]:
    """The levers that can be moved, those that move a feature of the model together in one group."""
    used = set(model.scorer.features)
    groups: list[tuple[list[str], set[str]]] = []
    for name in MOVES:
        move = _allowed(name, inputs, 1, model, readable)
        if move is None:
            continue
        moved = {each for changed in move[1] for each in {changed, *schema.made_from(changed)}} & used
        shared = [group for group in groups if group[1] & moved]
        groups = [group for group in groups if group not in shared]
        names = [each for group, _features in shared for each in group]
        groups.append(([*names, name], moved.union(*(features for _names, features in shared))))
    return [names for names, _features in groups]


def _options(
    names: list[str], inputs: Mapping[str, Any], total: float, model: Model, readable: Readable
) -> list[_Option]:
    """Every way to move the levers of a group, also none, with its effect."""
    options = []
    for chosen in product(*(_by_steps(name, inputs, model, readable) for name in names)):
        moves = tuple(move for move, _steps in chosen if move)
        changed = {name: value for _label, moved in moves for name, value in moved.items()}
        after = model.score_one(engineer_one({**inputs, **changed}))
        effect = after.base_value + math.fsum(after.contributions.values()) - total
        options.append(_Option(moves, sum(steps for _move, steps in chosen), effect))
    return options


def _by_steps(
    name: str, inputs: Mapping[str, Any], model: Model, readable: Readable
) -> Iterator[tuple[Move | None, int]]:
    """A lever at rest, and at each of its steps that there is room for."""
    yield None, 0
    before = None
    for steps in range(1, STEPS[name] + 1):
        move = _allowed(name, inputs, steps, model, readable)
        if move and move != before:
            yield move, steps
        before = move


def _together(options: tuple[_Option, ...]) -> _Option:
    return _Option(
        tuple(move for option in options for move in option.moves),
        sum(option.steps for option in options),
        math.fsum(option.effect for option in options),
    )
