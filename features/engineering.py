"""Feature engineering: the 27 business inputs of an employee to the 32 clean features.

One function serves the build command (a frame of everyone) and the pages (a frame of one), so that simulated and stored
predictions use the same formulas. The formulas are those of the data dictionary; the names, spelling included, are the
contract's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from features import schema

_SATISFACTION_NAMES = [feature.name for feature in schema.SATISFACTIONS]
_INGREDIENTS = (
    *("heures_supplementaires", "revenu_mensuel", "distance_domicile_travail", "nombre_participation_pee"),
    *("annees_dans_l_entreprise", "annees_depuis_la_derniere_promotion"),
    *("nombre_experiences_precedentes", "annee_experience_totale", *_SATISFACTION_NAMES),
)
_ENCODINGS = {
    "genre": {"F": 0, "M": 1},
    "frequence_deplacement": {"Aucun": 0, "Occasionnel": 1, "Frequent": 2},
}
YOUNG = 30  # years: below, overtime weighs more


class MissingInputs(ValueError):
    """Some business inputs are missing; ``names`` lists them."""

    def __init__(self, names: list[str]):
        self.names = names
        super().__init__("missing inputs: " + ", ".join(names))


def encode(raw: pd.DataFrame) -> pd.DataFrame:
    """Turn the words of the extracts into the numbers of the features.

    ``genre`` becomes 0 (F) or 1 (M), ``frequence_deplacement`` 0 (Aucun) to 2 (Frequent) and booleans 0 or 1.
    Columns already encoded pass through. Missing values stay missing.
    """
    encoded = raw.copy()
    for name, codes in _ENCODINGS.items():
        if not pd.api.types.is_numeric_dtype(encoded[name]):
            encoded[name] = encoded[name].map(codes)
    encoded["heures_supplementaires"] = encoded["heures_supplementaires"].astype("Int8")
    return encoded


def engineer(raw: pd.DataFrame) -> pd.DataFrame:
    """Compute the clean features of ``n`` employees.

    ``raw`` has one row an employee and at least the columns ``schema.INPUT_NAMES``, encoded or in the words of the
    extracts, without missing values but those of ``schema.OPTIONAL_INPUTS``. Returns an ``(n, 32)`` frame, columns in
    the contract's order, same index.
    Raises ``MissingInputs`` naming the absent columns and those with a missing value.
    """
    absent = [name for name in schema.INPUT_NAMES if name not in raw.columns]
    if absent:
        raise MissingInputs(absent)
    data = encode(raw[list(schema.INPUT_NAMES)])
    given = raw[list(schema.INPUT_NAMES)].notna()
    incomplete = [name for name in data.columns if (data[name].isna() & (given[name] | _is_required(name))).any()]
    if incomplete:
        raise MissingInputs(incomplete)

    numbers = {name: data[name].astype(float) for name in _INGREDIENTS}
    engineered = _formulas(numbers)
    is_young = (data["age"] < YOUNG) & (numbers["heures_supplementaires"] == 1)
    engineered["jeune_surcharge"] = is_young.astype("Int8").mask(data["age"].isna())
    return typed(data.assign(**engineered)[list(schema.FEATURE_NAMES)])


def _formulas(given: Mapping[str, Any]) -> dict[str, Any]:
    """The features that formulas compute of ``_INGREDIENTS``: floats of floats, columns of columns."""
    overtime, distance = given["heures_supplementaires"], given["distance_domicile_travail"]
    seniority, savings = given["annees_dans_l_entreprise"], given["nombre_participation_pee"]
    satisfaction = sum(given[name] for name in _SATISFACTION_NAMES) / len(_SATISFACTION_NAMES)
    ratio = overtime / (given["revenu_mensuel"] + 1)
    without_promotion = (seniority - given["annees_depuis_la_derniere_promotion"]) / (seniority + 1)
    return {
        "satisfaction_moyenne": satisfaction,
        "nonlineaire_participation_pee": savings / (savings + seniority + 1),
        "ratio_heures_sup_salaire": ratio,
        "nonlinaire_charge_contrainte": overtime * distance / (distance + 10) ** 2,
        "nonlinaire_surmenage_insatisfaction": overtime * (1 - satisfaction),
        "anciennete_sans_promotion": without_promotion,
        "mobilite_carriere": given["nombre_experiences_precedentes"] / (given["annee_experience_totale"] + 1),
        "risque_global": ratio * without_promotion * (1 - satisfaction),
    }


def _is_required(name: str) -> bool:
    return name not in schema.OPTIONAL_INPUTS


def engineer_one(inputs: Mapping[str, object]) -> dict[str, object]:
    """The clean features of one employee, as plain Python values without a frame; errors as ``engineer``."""
    absent = [name for name in schema.INPUT_NAMES if inputs.get(name) is None and _is_required(name)]
    if absent:
        raise MissingInputs(absent)
    data: dict[str, Any] = {name: _encoded(name, inputs.get(name)) for name in schema.INPUT_NAMES}
    if unknown := [name for name, value in data.items() if value is None and inputs.get(name) is not None]:
        raise MissingInputs(unknown)
    data |= _formulas({name: float(data[name]) for name in _INGREDIENTS})
    if data["age"] is not None:
        data["jeune_surcharge"] = data["age"] < YOUNG and data["heures_supplementaires"] == 1
    kinds = {"int64": int, "float64": float, "object": str}
    values = {name: data.get(name) for name in schema.FEATURE_NAMES}
    return {name: value if value is None else kinds[DTYPES[name]](value) for name, value in values.items()}


def _encoded(name: str, value: object) -> object:
    return _ENCODINGS[name].get(value) if name in _ENCODINGS and isinstance(value, str) else value


def _dtype(feature: schema.Feature) -> str:
    if feature.is_integer:
        return "int64"
    return "object" if feature.kind == schema.FeatureKind.CHOICE else "float64"


def typed(features: pd.DataFrame) -> pd.DataFrame:
    """Features in their types: ``DTYPES``, nullable integers where an optional one is unknown."""
    unknown = [name for name in schema.OPTIONAL_FEATURES if DTYPES[name] == "int64" and features[name].isna().any()]
    return features.astype(DTYPES | dict.fromkeys(unknown, "Int64"))


DTYPES: dict[str, str] = {feature.name: _dtype(feature) for feature in schema.FEATURES}
