"""Feature engineering: the 27 business inputs of an employee to the 32 clean features.

One function serves the build command (a frame of everyone) and the pages (a frame of one), so that simulated and stored
predictions use the same formulas. The formulas are those of the data dictionary; the names, spelling included, are the
contract's.
"""

from collections.abc import Mapping

import pandas as pd

from features import schema

_SATISFACTION_NAMES = [feature.name for feature in schema.SATISFACTIONS]
_ENCODINGS = {
    "genre": {"F": 0, "M": 1},
    "frequence_deplacement": {"Aucun": 0, "Occasionnel": 1, "Frequent": 2},
}


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

    overtime = data["heures_supplementaires"].astype(float)
    pay = data["revenu_mensuel"].astype(float)
    distance = data["distance_domicile_travail"].astype(float)
    seniority = data["annees_dans_l_entreprise"].astype(float)
    savings = data["nombre_participation_pee"].astype(float)
    satisfaction = data[_SATISFACTION_NAMES].astype(float).mean(axis=1)

    data["satisfaction_moyenne"] = satisfaction
    data["nonlineaire_participation_pee"] = savings / (savings + seniority + 1)
    data["ratio_heures_sup_salaire"] = overtime / (pay + 1)
    data["nonlinaire_charge_contrainte"] = overtime * distance / (distance + 10) ** 2
    data["nonlinaire_surmenage_insatisfaction"] = overtime * (1 - satisfaction)
    data["jeune_surcharge"] = ((data["age"] < 30) & (overtime == 1)).astype("Int8").mask(data["age"].isna())
    data["anciennete_sans_promotion"] = (seniority - data["annees_depuis_la_derniere_promotion"]) / (seniority + 1)
    data["mobilite_carriere"] = data["nombre_experiences_precedentes"] / (data["annee_experience_totale"] + 1)
    data["risque_global"] = data["ratio_heures_sup_salaire"] * data["anciennete_sans_promotion"] * (1 - satisfaction)
    return typed(data[list(schema.FEATURE_NAMES)])


def _is_required(name: str) -> bool:
    return name not in schema.OPTIONAL_INPUTS


def engineer_one(inputs: Mapping[str, object]) -> dict[str, object]:
    """The clean features of one employee, as plain Python values; errors as ``engineer``."""
    absent = [name for name in schema.INPUT_NAMES if inputs.get(name) is None and _is_required(name)]
    if absent:
        raise MissingInputs(absent)
    row = engineer(pd.DataFrame([dict.fromkeys(schema.OPTIONAL_INPUTS) | dict(inputs)])).iloc[0]
    values = {name: getattr(value, "item", lambda value=value: value)() for name, value in row.items()}
    return {name: None if value is pd.NA else value for name, value in values.items()}


def _dtype(feature: schema.Feature) -> str:
    if feature.is_integer:
        return "int64"
    return "object" if feature.kind == schema.FeatureKind.CHOICE else "float64"


def typed(features: pd.DataFrame) -> pd.DataFrame:
    """Features in their types: ``DTYPES``, nullable integers where an optional one is unknown."""
    unknown = [name for name in schema.OPTIONAL_FEATURES if DTYPES[name] == "int64" and features[name].isna().any()]
    return features.astype(DTYPES | dict.fromkeys(unknown, "Int64"))


DTYPES: dict[str, str] = {feature.name: _dtype(feature) for feature in schema.FEATURES}
