"""Recognises the column titles of a company by their words."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import cache

from employees.columns import KEY, Column, Extract, readable_in

LIKELY = 0.6  # likeness of a title and a name from which on the column is proposed
SHORTEST_STEM = 3  # letters of an abbreviation

_IGNORED = {
    *("a", "au", "aux", "d", "dans", "de", "des", "du", "en", "et", "l", "la", "le", "les", "par"),
    *("nb", "nbre", "nombre", "actuel", "actuelle"),
}
_YEARS = {"an", "ans", "annee", "annees", "annes", "year", "years"}

# What the columns are called: every word counts, abbreviations are recognised, "annee" stands for years in any form.
NAMES: dict[str, tuple[str, ...]] = {
    KEY: ("matricule", "identifiant", "id", "numero salarie", "n salarie", "id salarie", "code salarie", "employee id"),
    "age": ("age", "annee age"),
    "genre": ("genre", "sexe", "civilite", "gender"),
    "revenu_mensuel": (
        "salaire",
        "salaire mensuel",
        "salaire brut",
        "salaire brut mensuel",
        "salaire base",
        "salaire annuel",
        "brut annuel",
        "brut mensuel",
        "revenu mensuel",
        "remuneration",
        "remuneration annuelle",
        "remuneration brute",
        "salary",
    ),
    "statut_marital": ("situation", "situation familiale", "situation famille", "statut marital", "etat civil"),
    "departement": ("departement", "service", "direction", "etablissement", "entite", "unite", "pole", "department"),
    "poste": ("poste", "fonction", "emploi", "metier", "intitule poste", "intitule emploi", "job"),
    "nombre_experiences_precedentes": (
        "employeurs",
        "employeurs avant",
        "employeurs precedents",
        "experiences precedentes",
    ),
    "nombre_heures_travaillees": ("heures", "heures mois", "heures travaillees", "heures mensuelles", "horaire"),
    "annee_experience_totale": ("experience", "annee experience", "experience totale", "annee experience totale"),
    "annees_dans_l_entreprise": (
        "anciennete",
        "annee anciennete",
        "anciennete societe",
        "anciennete entreprise",
        "annee entreprise",
    ),
    "annees_dans_le_poste_actuel": ("annee poste", "anciennete poste", "annee anciennete poste"),
    "satisfaction_employee_environnement": (
        "satisfaction environnement",
        "satisfaction cadre",
        "satisfaction cadre travail",
        "satisfaction conditions",
    ),
    "satisfaction_employee_nature_travail": (
        "satisfaction travail",
        "satisfaction nature travail",
        "satisfaction missions",
        "interet travail",
    ),
    "satisfaction_employee_equipe": ("satisfaction equipe", "satisfaction collegues", "ambiance equipe"),
    "satisfaction_employee_equilibre_pro_perso": (
        "satisfaction equilibre",
        "equilibre",
        "equilibre vie",
        "equilibre pro perso",
    ),
    "note_evaluation_precedente": (
        "note n 1",
        "note precedente",
        "evaluation precedente",
        "note evaluation precedente",
        "evaluation n 1",
    ),
    "note_evaluation_actuelle": (
        "note n",
        "note",
        "evaluation",
        "evaluation courante",
        "note courante",
        "note evaluation",
        "evaluation n",
    ),
    "niveau_hierarchique_poste": ("niveau", "niveau hierarchique", "niveau poste", "coefficient niveau", "echelon"),
    "heures_supplementaires": ("heures supplementaires", "hs", "heures sup"),
    "augmentation_salaire_precedente": (
        "augmentation",
        "derniere augmentation",
        "augmentation salaire",
        "augmentation precedente",
    ),
    "a_quitte_l_entreprise": ("parti", "sorti", "quitte", "quitte entreprise", "depart"),
    "nombre_participation_pee": ("pee", "participation pee", "epargne", "plan epargne"),
    "nb_formations_suivies": ("formations", "formations suivies"),
    "nombre_employee_sous_responsabilite": ("encadres", "subordonnes", "effectif encadre", "personnes encadrees"),
    "distance_domicile_travail": ("km", "trajet", "trajet km", "distance", "distance km", "distance domicile travail"),
    "niveau_education": ("niveau etudes", "niveau education", "diplome", "niveau diplome"),
    "domaine_etude": ("etudes", "domaine etudes", "filiere", "specialite"),
    "ayant_enfants": ("enfants", "ayant enfants"),
    "frequence_deplacement": ("deplacements", "frequence deplacements"),
    "annees_depuis_la_derniere_promotion": (
        "annee depuis promotion",
        "depuis promotion",
        "anciennete promotion",
        "annee depuis derniere promotion",
        "annee promotion",
    ),
    "annees_sous_responsable_actuel": (
        "annee avec responsable",
        "avec responsable",
        "anciennete responsable",
        "annee sous responsable",
        "annee responsable",
        "annee avec manager",
    ),
    "nom": ("nom", "nom famille", "nom usage"),
    "prenom": ("prenom",),
    "responsable": ("responsable", "manager", "matricule responsable", "matricule manager", "superieur"),
    "site": ("site", "lieu", "lieu travail", "ville"),
    "date_entree": ("date entree", "date embauche", "entree", "embauche"),
    "date_sortie": ("date sortie", "date depart", "sortie"),
    "motif_sortie": ("motif sortie", "motif depart", "motif"),
}


def likely_columns(titles: Sequence[str], extract: Extract, taken: Collection[str] = ()) -> dict[int, Column]:
    """The column of an extract that each title probably is, by place: the likeliest pairs first, each column once.

    Columns in ``taken`` are out of the question.
    """
    columns = [column for column in readable_in(extract) if column.name not in taken]
    pairs = sorted(
        (
            (-likeness, place, order)
            for place, title in enumerate(titles)
            if any(map(str.isalpha, title))
            for order, column in enumerate(columns)
            if (likeness := likeness_of(title, column.name)) >= LIKELY
        ),
    )
    found: dict[int, Column] = {}
    for _likeness, place, order in pairs:
        if place not in found and columns[order] not in found.values():
            found[place] = columns[order]
    return found


@cache
def likeness_of(title: str, name: str) -> float:
    """The similarity of a title to the names of a column, from 0 to 1."""
    words = _words(title)
    return max((_common(words, _words(called)) for called in NAMES[name]), default=0)


@cache
def _words(text: str) -> tuple[str, ...]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = ("annee" if word in _YEARS else word for word in re.findall(r"[^\W\d_]+|\d+", plain))
    return tuple(
        word.removesuffix("s") if len(word) > SHORTEST_STEM else word for word in words if word not in _IGNORED
    )


def _common(words: Sequence[str], others: Sequence[str]) -> float:
    """The share of words that two texts have in common, an abbreviation counting a little less."""
    left, total = list(others), 0.0
    for word in words:
        alike = [_same(word, other) for other in left]
        if best := max(alike, default=0):
            total += best
            del left[alike.index(best)]
    return total / max(len(words), len(others), 1)


def _same(word: str, other: str) -> float:
    if word == other:
        return 1
    short, long = (word, other) if len(word) <= len(other) else (other, word)
    return 0.95 if len(short) >= SHORTEST_STEM and long.startswith(short) else 0
