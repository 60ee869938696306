"""Extracts for tests, as the reader gives them: what is not said of somebody is as usual."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from employees.columns import KEY, Extract, columns_of
from employees.extracts import FileReport, ReadExtract
from employees.workforce.loading import LoadResult, load_extracts

DAY = date(2026, 6, 30)
USUAL = {
    Extract.SIRH: {
        "age": 41,
        "genre": "F",
        "revenu_mensuel": 5993,
        "statut_marital": "Célibataire",
        "departement": "Consulting",
        "poste": "Consultant",
        "nombre_experiences_precedentes": 8,
        "nombre_heures_travaillees": 80,
        "annee_experience_totale": 8,
        "annees_dans_l_entreprise": 6,
        "annees_dans_le_poste_actuel": 4,
    },
    Extract.EVAL: {
        "satisfaction_employee_environnement": 2.0,
        "satisfaction_employee_nature_travail": 4.0,
        "satisfaction_employee_equipe": 1.0,
        "satisfaction_employee_equilibre_pro_perso": 1.0,
        "note_evaluation_precedente": 3,
        "note_evaluation_actuelle": 3,
        "niveau_hierarchique_poste": 2,
        "heures_supplementaires": True,
        "augmentation_salaire_precedente": 11.0,
    },
    Extract.SONDAGE: {
        "a_quitte_l_entreprise": None,
        "nombre_participation_pee": 0,
        "nb_formations_suivies": 0,
        "nombre_employee_sous_responsabilite": 1,
        "distance_domicile_travail": 1,
        "niveau_education": 2,
        "domaine_etude": "Infra & Cloud",
        "ayant_enfants": True,
        "frequence_deplacement": "Occasionnel",
        "annees_depuis_la_derniere_promotion": 0,
        "annees_sous_responsable_actuel": 5,
    },
    Extract.ANNUAIRE: dict.fromkeys(
        ("nom", "prenom", "responsable", "site", "date_entree", "date_sortie", "motif_sortie")
    ),
}
DTYPES = {
    "integer": "Int64",
    "number": "Float64",
    "percent": "Float64",
    "boolean": "boolean",
    "key": "Int64",
    "date": "datetime64[s]",
}

People = Mapping[int, Mapping[str, object]]  # what is not as usual, by number


def extract_of(kind: Extract, people: People, **options) -> ReadExtract:
    """An extract of these people."""
    rows = [USUAL[kind] | dict(values) for _number, values in sorted(people.items())]
    names = [column.name for column in columns_of(kind) if column.name != KEY]
    frame = pd.DataFrame(rows, columns=names, index=pd.Index(sorted(people), name=KEY, dtype="int64"))
    frame = frame.astype({column.name: DTYPES.get(column.kind, "object") for column in columns_of(kind)[1:]})
    report = FileReport(f"extrait_{kind}.csv", len(rows), "UTF-8", "comma", ())
    shown = {"rejects": (), "questions": (), "read": len(rows), "rejected": 0, "repeated": 0} | options
    return ReadExtract(extract=kind, parts=[frame], columns=tuple(names), given=tuple(names), report=report, **shown)


def load(as_of: date = DAY, *, options: Mapping = {}, **people: People) -> LoadResult:
    """Load extracts of one day, by kind: ``load(DAY, sirh={1: {}, 2: {"poste": "Manager"}})``."""
    extracts = {Extract(kind): extract_of(Extract(kind), of_kind) for kind, of_kind in people.items()}
    return load_extracts(as_of=as_of, extracts=extracts, **options)


def load_all(as_of: date = DAY, people: People = {}, **options) -> LoadResult:  # noqa: B006
    """Load the three extracts that a score needs, of the same people; each value goes where its column is."""
    parts = {
        kind: {
            number: {name: values[name] for name in USUAL[kind] if name in values} for number, values in people.items()
        }
        for kind in (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)
    }
    return load(as_of, options=options, **parts)
