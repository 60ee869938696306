"""What HR could change for a person, and what the risk would be: the moves that lower it most.

Only moves that a company makes: overtime stops, travel becomes less by one step, two courses more, one more
participation in the savings plan, a pay rise of 10 %, a promotion by one level. A satisfaction is no move: it is what
follows. As in what-if, this is what goes with departures among people with these values, not the effect of a measure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable
from features import readable_features, schema
from features.engineering import MissingInputs, engineer_one
from predictions.explanation import display
from predictions.ml.scorer import InvalidProfile, Model

SHOWN = 3
LEAST = 0.005  # half a point: less is no lever
RISE = 0.10  # of the pay
COURSES = 2


@dataclass(frozen=True, slots=True)
class Lever:
    """A move, what it changes, the risk after it with its interval, and what it costs a year where that is known."""

    name: str
    label: str
    changes: dict[str, Any]
    before: float
    probability: float
    low: float | None
    high: float | None
    yearly_cost: float | None = None

    @property
    def points(self) -> float:
        """As the two probabilities are shown, to a tenth of a point."""
        return round(self.probability, 3) - round(self.before, 3)


Move = tuple[str, dict[str, Any]]  # in words, and the inputs that it changes


def _no_overtime(inputs: Mapping[str, Any]) -> Move | None:
    return (_("No more overtime"), {"heures_supplementaires": 0}) if inputs["heures_supplementaires"] else None


def _less_travel(inputs: Mapping[str, Any]) -> Move | None:
    name = "frequence_deplacement"
    if not (now := inputs[name]) or now not in (1, 2):
        return None
    return _("Business travel: %(value)s") % {"value": display(schema.BY_NAME[name], now - 1)}, {name: now - 1}


def _courses(inputs: Mapping[str, Any]) -> Move | None:
    name = "nb_formations_suivies"
    then = min(inputs[name] + COURSES, schema.BY_NAME[name].maximum or 0)
    more = int(then - inputs[name])
    return (_("Training: %(count)s more") % {"count": more}, {name: int(then)}) if more > 0 else None


def _savings(inputs: Mapping[str, Any]) -> Move | None:
    name = "nombre_participation_pee"
    then = inputs[name] + 1
    return (_("Savings plan: one more participation"), {name: int(then)}) if then <= 3 else None


def _rise(inputs: Mapping[str, Any]) -> Move | None:
    pay, last = "revenu_mensuel", "augmentation_salaire_precedente"
    then = round(inputs[pay] * (1 + RISE))
    words = {"percent": round(RISE * 100), "pay": display(schema.BY_NAME[pay], then)}
    changes = {pay: then, last: max(inputs[last], RISE * 100)}
    return _("Pay rise of %(percent)s%%, to %(pay)s a month") % words, changes


def _promotion(inputs: Mapping[str, Any]) -> Move | None:
    level = "niveau_hierarchique_poste"
    then = inputs[level] + 1
    if then > (schema.BY_NAME[level].maximum or 0):
        return None
    fresh = {"annees_depuis_la_derniere_promotion": 0, "annees_dans_le_poste_actuel": 0}
    return _("A promotion, to level %(level)s") % {"level": int(then)}, {level: int(then)} | fresh


MOVES: dict[str, Callable[[Mapping[str, Any]], Move | None]] = {
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


def _whole(inputs: Mapping[str, Any]) -> dict[str, Any]:
    mean = inputs.get("satisfaction_moyenne")
    satisfactions = {feature.name: mean for feature in schema.SATISFACTIONS if inputs.get(feature.name) is None}
    known = {name: inputs.get(name) for name in schema.INPUT_NAMES} | satisfactions
    return {name: terms.resolve(name, value) if isinstance(value, str) else value for name, value in known.items()}


def _lever(name: str, inputs: Mapping[str, Any], before: float, model: Model, readable: Readable) -> Lever | None:
    move = MOVES[name](inputs)
    if move is None:
        return None
    label, changes = move
    used = model.card["used"]
    if any(readable_features.is_off(each) for each in changes):
        return None
    if not all(readable_features.may_try(readable, each, used) for each in changes):
        return None
    after = model.score_one(engineer_one({**inputs, **changes}))
    if after.is_extrapolated:
        return None
    cost = inputs["revenu_mensuel"] * RISE * 12 if name == "rise" else None
    return Lever(name, label, changes, before, after.probability, after.low, after.high, cost)
