"""The columns of the four raw extracts: their name in the source system, their kind, bounds and choices.

The single source of the raw vocabulary: the parser validates with it, the models take their choices from it, and
``features.schema`` takes the bounds of the features that are raw columns.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from employees.messages import Message
from employees.messages import gettext_noop as _


class Extract(StrEnum):
    """One of the files that HR exports."""

    SIRH = "sirh"
    EVAL = "eval"
    SONDAGE = "sondage"
    ANNUAIRE = "annuaire"  # the directory: names, managers, sites, entries and exits; optional


class ColumnKind(StrEnum):
    """How the text of a cell is read."""

    KEY = "key"  # the employee's number, possibly decorated: 1, E_1, 000001
    INTEGER = "integer"
    NUMBER = "number"  # with decimals
    PERCENT = "percent"  # "11 %", "11%" or "11": the number before the sign
    BOOLEAN = "boolean"  # Oui/Non and their usual variants
    CHOICE = "choice"  # a word of the vocabulary that has the column's name
    DATE = "date"  # 2026-10-31 or 31/10/2026
    TEXT = "text"


class Rounding(StrEnum):
    """How an integer column treats decimals."""

    REFUSED = "refused"
    NEAREST = "nearest"  # halves go up: 5993.50 is 5994
    FLOOR = "floor"  # completed years: 5.9 is 5


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an extract; ``source`` is its header in the file, misspellings kept."""

    name: str
    extract: Extract
    kind: ColumnKind
    source: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    rounding: Rounding = Rounding.REFUSED
    is_required: bool = True  # a score needs it: the file is refused without this column

    def admits(self, value: float) -> bool:
        """Whether a number lies within the bounds of the column, where it has some."""
        return self.minimum is None or self.maximum is None or self.minimum <= value <= self.maximum

    @property
    def is_dispensable(self) -> bool:
        """Whether the column is optional: no score needs it, and presence does not depend on it."""
        return not self.is_required and self.name not in PRESENCE

    @property
    def rule(self) -> Message:
        """The rule that every value must follow."""
        bounds = {"minimum": f"{self.minimum or 0:.0f}", "maximum": f"{self.maximum or 0:.0f}"}
        match self.kind:
            case ColumnKind.CHOICE:
                return Message(_("one of: %(choices)s"), {"choices": ", ".join(self.choices)})
            case ColumnKind.BOOLEAN:
                return Message(_("Oui or Non"))
            case ColumnKind.DATE:
                return Message(_("a date, as 2026-10-31 or 31/10/2026"))
            case ColumnKind.TEXT:
                return Message(_("at most %(maximum)s characters"), bounds)
            case ColumnKind.PERCENT | ColumnKind.NUMBER:
                return Message(_("a number between %(minimum)s and %(maximum)s"), bounds)
            case _:
                return Message(_("a whole number between %(minimum)s and %(maximum)s"), bounds)


def match_key(text: str) -> str:
    """The key for comparing spellings of a word: NFC, trimmed, case and inner blanks folded, nothing else.

    ``" CADRE  commercial"`` is ``"Cadre Commercial"``; ``"Celibataire"`` is not ``"Célibataire"``.
    """
    words = unicodedata.normalize("NFC", text).casefold().split()
    return unicodedata.normalize("NFC", " ".join(words))  # folding the case takes some letters apart


def fold(text: str) -> str:
    """A name as a search compares it: without accents and case, so that "elodie" finds "Élodie"."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae").replace("’", "'"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


MAX_EMPLOYEE_ID = 2**31 - 1

KEY = "employee_id"
PRESENCE = ("a_quitte_l_entreprise", "date_entree", "date_sortie", "motif_sortie")  # they determine presence
LONGEST_TEXT = 100  # characters of a name or a site

GENDERS = ("F", "M")
MARITAL_STATUSES = ("Célibataire", "Marié(e)", "Divorcé(e)")
DEPARTMENTS = ("Commercial", "Consulting", "Ressources Humaines")
JOBS = (
    "Assistant de Direction",
    "Cadre Commercial",
    "Consultant",
    "Directeur Technique",
    "Manager",
    "Représentant Commercial",
    "Ressources Humaines",
    "Senior Manager",
    "Tech Lead",
)
FIELDS_OF_STUDY = (
    "Autre",
    "Entrepreunariat",
    "Infra & Cloud",
    "Marketing",
    "Ressources Humaines",
    "Transformation Digitale",
)
TRAVEL_FREQUENCIES = ("Aucun", "Occasionnel", "Frequent")
RESIGNATION = "Démission"
DEPARTURE_REASONS = (RESIGNATION, "Retraite", "Licenciement", "Fin de contrat", "Mutation", "Autre")
SATISFACTIONS = (
    "satisfaction_employee_environnement",
    "satisfaction_employee_nature_travail",
    "satisfaction_employee_equipe",
    "satisfaction_employee_equilibre_pro_perso",
)


def _column(extract: Extract, kind: ColumnKind, name: str, *bounds: float, source: str = "", **options) -> Column:
    if bounds:
        options["minimum"], options["maximum"] = bounds
    return Column(name, extract, kind, source or name, **options)


def _sirh(kind, name, *bounds, **options):
    return _column(Extract.SIRH, kind, name, *bounds, **options)


def _eval(kind, name, *bounds, **options):
    return _column(Extract.EVAL, kind, name, *bounds, **options)


def _sondage(kind, name, *bounds, **options):
    return _column(Extract.SONDAGE, kind, name, *bounds, **options)


def _annuaire(kind, name, *bounds, **options):
    return _column(Extract.ANNUAIRE, kind, name, *bounds, is_required=False, **options)


_NEAREST = {"rounding": Rounding.NEAREST}
_FLOOR = {"rounding": Rounding.FLOOR}
_OPTIONAL = {"is_required": False}

COLUMNS: tuple[Column, ...] = (
    _sirh(ColumnKind.KEY, KEY, 1, MAX_EMPLOYEE_ID, source="id_employee"),
    _sirh(ColumnKind.INTEGER, "age", 16, 80, **_FLOOR, **_OPTIONAL),
    _sirh(ColumnKind.CHOICE, "genre", choices=GENDERS, **_OPTIONAL),
    _sirh(ColumnKind.INTEGER, "revenu_mensuel", 1, 1_000_000, **_NEAREST),
    _sirh(ColumnKind.CHOICE, "statut_marital", choices=MARITAL_STATUSES, **_OPTIONAL),
    _sirh(ColumnKind.CHOICE, "departement", choices=DEPARTMENTS),
    _sirh(ColumnKind.CHOICE, "poste", choices=JOBS),
    _sirh(ColumnKind.INTEGER, "nombre_experiences_precedentes", 0, 50),
    _sirh(
        ColumnKind.INTEGER,
        "nombre_heures_travaillees",
        0,
        400,
        source="nombre_heures_travailless",
        **_NEAREST,
        **_OPTIONAL,
    ),
    _sirh(ColumnKind.INTEGER, "annee_experience_totale", 0, 65, **_FLOOR),
    _sirh(ColumnKind.INTEGER, "annees_dans_l_entreprise", 0, 65, **_FLOOR),
    _sirh(ColumnKind.INTEGER, "annees_dans_le_poste_actuel", 0, 65, **_FLOOR),
    _eval(ColumnKind.KEY, KEY, 1, MAX_EMPLOYEE_ID, source="eval_number"),
    *(_eval(ColumnKind.NUMBER, name, 1, 4) for name in SATISFACTIONS),
    _eval(ColumnKind.INTEGER, "note_evaluation_precedente", 1, 4),
    _eval(ColumnKind.INTEGER, "note_evaluation_actuelle", 1, 4),
    _eval(ColumnKind.INTEGER, "niveau_hierarchique_poste", 1, 5),
    _eval(ColumnKind.BOOLEAN, "heures_supplementaires", source="heure_supplementaires"),
    _eval(ColumnKind.PERCENT, "augmentation_salaire_precedente", 0, 100, source="augementation_salaire_precedente"),
    _sondage(ColumnKind.KEY, KEY, 1, MAX_EMPLOYEE_ID, source="code_sondage"),
    _sondage(ColumnKind.BOOLEAN, "a_quitte_l_entreprise", **_OPTIONAL),
    _sondage(ColumnKind.INTEGER, "nombre_participation_pee", 0, 50),
    _sondage(ColumnKind.INTEGER, "nb_formations_suivies", 0, 100),
    _sondage(ColumnKind.INTEGER, "nombre_employee_sous_responsabilite", 0, 100_000, **_OPTIONAL),
    _sondage(ColumnKind.INTEGER, "distance_domicile_travail", 0, 1_000, **_NEAREST),
    _sondage(ColumnKind.INTEGER, "niveau_education", 1, 5),
    _sondage(ColumnKind.CHOICE, "domaine_etude", choices=FIELDS_OF_STUDY),
    _sondage(ColumnKind.BOOLEAN, "ayant_enfants", **_OPTIONAL),
    _sondage(ColumnKind.CHOICE, "frequence_deplacement", choices=TRAVEL_FREQUENCIES),
    _sondage(ColumnKind.INTEGER, "annees_depuis_la_derniere_promotion", 0, 65, **_FLOOR),
    _sondage(
        ColumnKind.INTEGER, "annees_sous_responsable_actuel", 0, 65, source="annes_sous_responsable_actuel", **_FLOOR
    ),
    _column(Extract.ANNUAIRE, ColumnKind.KEY, KEY, 1, MAX_EMPLOYEE_ID, source="id_employee"),
    _annuaire(ColumnKind.TEXT, "nom", maximum=LONGEST_TEXT),
    _annuaire(ColumnKind.TEXT, "prenom", maximum=LONGEST_TEXT),
    _annuaire(ColumnKind.KEY, "responsable", 1, MAX_EMPLOYEE_ID),
    _annuaire(ColumnKind.TEXT, "site", maximum=LONGEST_TEXT),
    _annuaire(ColumnKind.DATE, "date_entree"),
    _annuaire(ColumnKind.DATE, "date_sortie"),
    _annuaire(ColumnKind.CHOICE, "motif_sortie", choices=DEPARTURE_REASONS),
)


def columns_of(extract: Extract) -> tuple[Column, ...]:
    """The columns of one extract, its key first."""
    return tuple(column for column in COLUMNS if column.extract == extract)


def readable_in(extract: Extract) -> tuple[Column, ...]:
    """The columns that are read from a file of an extract: its own, and those of the directory in the SIRH file."""
    if extract != Extract.SIRH:
        return columns_of(extract)
    return columns_of(extract) + tuple(column for column in columns_of(Extract.ANNUAIRE) if column.name != KEY)


# Durations that cannot exceed one another: the first of each pair is at most the second.
ORDERED: tuple[tuple[str, str], ...] = (
    ("annees_dans_le_poste_actuel", "annees_dans_l_entreprise"),
    ("annees_dans_l_entreprise", "annee_experience_totale"),
    ("annees_depuis_la_derniere_promotion", "annees_dans_l_entreprise"),
    ("annees_sous_responsable_actuel", "annees_dans_l_entreprise"),
)

# The values by name; each extract has its own column for the employee's number.
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS if column.name != KEY}
