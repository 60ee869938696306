"""The data dictionary: why each column of the extracts is kept, for how long, who reads it, and what it is for.

The page *Data* and ``docs/data-dictionary.md`` both show it. Texts are gettext message ids until ``said``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees.access import readers_of
from employees.columns import KEY, Column, Extract, columns_of
from employees.models import ROWS
from features.schema import BY_NAME, FEATURE_NAMES, INPUT_NAMES, made_from

_AUDITED = (
    gettext_noop("For the contract of the API and the audit of fairness. No score uses it."),
    gettext_noop("No score changes. The model page no longer compares these groups."),
)
_PRESENCE = gettext_noop("Shows who is present and who has left: the outcome that the model learns.")
_UNUSED = (
    gettext_noop("Comes with the extracts. No score and no page uses it."),
    gettext_noop("Nothing changes."),
)
_NAMED = (
    gettext_noop(
        "Names people on the pages, in their sheet and in what is handed out to them, for accounts that may see them. "
        "No score uses it, and no list that is exported and no answer of the API contains it."
    ),
    gettext_noop("People are identified by their number only."),
)
# Why a column is kept, and what leaving it out costs, where it is no input that every score needs.
_PURPOSES: dict[str, tuple[str, str]] = {
    KEY: (
        gettext_noop("Links the rows of one person across the extracts."),
        gettext_noop("Nothing can be read: a row without a number is lost."),
    ),
    "age": _AUDITED,
    "genre": _AUDITED,
    "statut_marital": _AUDITED,
    "nombre_heures_travaillees": _UNUSED,
    "nombre_employee_sous_responsabilite": _UNUSED,
    "ayant_enfants": _UNUSED,
    "a_quitte_l_entreprise": (
        _PRESENCE,
        gettext_noop("Departures are known only from dates of exit and HR's answers."),
    ),
    "date_entree": (_PRESENCE, gettext_noop("The entry is known only from the first extract with the person.")),
    "date_sortie": (_PRESENCE, gettext_noop("Departures are known only as intervals between two extracts.")),
    "motif_sortie": (
        gettext_noop("The reason of a departure."),
        gettext_noop("Reasons are known only from HR's answers."),
    ),
    "nom": _NAMED,
    "prenom": _NAMED,
    "responsable": (
        gettext_noop(
            "Says who reports to whom: accounts see the team of a person by it. Lists and figures of teams are "
            "narrowed by it. No score uses it."
        ),
        gettext_noop("No account sees a team, and nothing is narrowed by manager."),
    ),
    "site": (
        gettext_noop("Lists and figures of teams are narrowed by it. No score uses it."),
        gettext_noop("Nothing is narrowed by site."),
    ),
}
_SCORED = gettext_noop("An input of every score.")
_GROUPED = gettext_noop("An input of every score. Figures and accesses are by department.")
_LACKING = gettext_noop("No score. The model lacks: %(features)s.")
_WITH_LOADS = gettext_noop("As long as the loads")
_WITH_FEATURES = gettext_noop("As long as the loads and the features")


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of an extract as the data dictionary describes it, in the active language."""

    column: Column
    label: str
    why: str
    kept: str
    readers: str
    cost: str  # of leaving it out


def entries(extract: Extract) -> Iterator[Entry]:
    """The columns of an extract, its key first."""
    for column in columns_of(extract):
        why, cost = _purpose(column.name)
        kept = _WITH_FEATURES if made_from(column.name) else _WITH_LOADS
        yield Entry(column, label(column.name, extract), why, _(kept), _readers(column.name), cost)


def label(name: str, extract: Extract) -> str:
    """The label of a column of an extract."""
    field: Any = ROWS[extract]._meta.get_field("number" if name == KEY else name)  # of the table, no relation to it
    return capfirst(str(field.verbose_name))


def _purpose(name: str) -> tuple[str, str]:
    if name not in INPUT_NAMES or name in _PURPOSES:
        why, cost = _PURPOSES[name]
        return _(why), _(cost)
    features = [_(BY_NAME[feature].label) for feature in _scored(name)]
    why = _GROUPED if name == "departement" else _SCORED
    return _(why), _(_LACKING) % {"features": get_text_list(features, _("and"))}


def _scored(name: str) -> list[str]:
    """The inputs of the model that are made of a column, in order."""
    return [feature for feature in FEATURE_NAMES if feature in made_from(name) and BY_NAME[feature].is_scored]


def _readers(name: str) -> str:
    """The roles that read a column here, by the settings of this server."""
    return ", ".join(role.group for role, matter in readers_of(name) if not matter or matter.is_granted)
