"""Small extracts made for a test, in any of the shapes that HR exports."""

from errno import ENOSPC
from io import StringIO

import pandas as pd

from employees.columns import Extract
from employees.extracts import File, Source, read_files, rejects, rows
from employees.workforce.known_values import RAW_KINDS

EMPLOYEES = 3

_ROWS = {
    Extract.SIRH: {
        "id_employee": "{}",
        "age": "41",
        "genre": "F",
        "revenu_mensuel": "5993",
        "statut_marital": "Célibataire",
        "departement": "Commercial",
        "poste": "Représentant Commercial",
        "nombre_experiences_precedentes": "8",
        "nombre_heures_travailless": "80",
        "annee_experience_totale": "9",
        "annees_dans_l_entreprise": "6",
        "annees_dans_le_poste_actuel": "4",
    },
    Extract.EVAL: {
        "satisfaction_employee_environnement": "2",
        "note_evaluation_precedente": "3",
        "niveau_hierarchique_poste": "2",
        "satisfaction_employee_nature_travail": "4",
        "satisfaction_employee_equipe": "1",
        "satisfaction_employee_equilibre_pro_perso": "1",
        "eval_number": "E_{}",
        "note_evaluation_actuelle": "3",
        "heure_supplementaires": "Oui",
        "augementation_salaire_precedente": "11 %",
    },
    Extract.SONDAGE: {
        "a_quitte_l_entreprise": "Non",
        "nombre_participation_pee": "1",
        "nb_formations_suivies": "2",
        "nombre_employee_sous_responsabilite": "1",
        "code_sondage": "{:06}",
        "distance_domicile_travail": "12",
        "niveau_education": "2",
        "domaine_etude": "Infra & Cloud",
        "ayant_enfants": "Oui",
        "frequence_deplacement": "Frequent",
        "annees_depuis_la_derniere_promotion": "3",
        "annes_sous_responsable_actuel": "5",
    },
    Extract.ANNUAIRE: {
        "id_employee": "{}",
        "nom": "N'Diaye",
        "prenom": "Maëlle",
        "responsable": "1",
        "site": "Lyon",
        "date_entree": "15/09/2020",
        "date_sortie": "",
        "motif_sortie": "",
    },
}
KEYS = {
    Extract.SIRH: "id_employee",
    Extract.EVAL: "eval_number",
    Extract.SONDAGE: "code_sondage",
    Extract.ANNUAIRE: "id_employee",
}
EXTRACT_OF = {header: extract for extract in RAW_KINDS for header in _ROWS[extract]}


def rows_of(extract: Extract, numbers=range(1, EMPLOYEES + 1)) -> list[dict[str, str]]:
    """Rows that obey every rule, for these employee numbers."""
    key = KEYS[extract]
    return [_ROWS[extract] | {key: _ROWS[extract][key].format(number)} for number in numbers]


def table(rows: list[dict[str, str]], *, delimiter=",", encoding="utf-8", newline="\n") -> bytes:
    """The bytes of a CSV file; cells that hold a delimiter or a quote are quoted."""
    cells = [list(rows[0])] + [list(row.values()) for row in rows]
    lines = [delimiter.join(_cell(text, delimiter) for text in line) for line in cells]
    return (newline.join(lines) + newline).encode(encoding)


def _cell(text: str, delimiter: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (delimiter, '"', "\n")) else text


def extracts(**changes: object) -> dict[str, bytes]:
    """The three files; ``changes`` are rows (a list) or bytes for an extract, or a text for a column of employee 2."""
    files = {extract: rows_of(extract) for extract in RAW_KINDS}
    for name, change in changes.items():
        if name in KEYS:
            files[Extract(name)] = change
        else:
            files[EXTRACT_OF[name]][1][name] = change
    return {extract.value: rows if isinstance(rows, bytes) else table(rows) for extract, rows in files.items()}


def write(directory, **changes) -> dict[str, str]:
    """The same as files in a directory, under their usual names: the path of each."""
    paths = {}
    for extract, content in extracts(**changes).items():
        path = directory / f"extrait_{extract}.csv"
        path.write_bytes(content)
        paths[extract] = str(path)
    return paths


def joined(*sources: Source) -> pd.DataFrame:
    """Everyone in these extracts, a row a person: what is read of each extract side by side, by number."""
    return pd.concat([found.frame for found in read_files([File(source) for source in sources])], axis=1)


def permit_rejects(monkeypatch, most: int) -> None:
    """Refuse a file with more rejects than that."""
    for module in (rejects, rows):
        monkeypatch.setattr(module, "MOST_REJECTS", most)


class Full(StringIO):
    """What a file on a full disk does: it takes what its buffer holds."""

    def flush(self):
        raise OSError(ENOSPC, "No space left on device")
