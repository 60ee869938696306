"""Which columns a caller may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees.columns import SATISFACTIONS


@dataclass(frozen=True, slots=True)
class Matter:
    """Columns of the extracts that are granted together: to a role, if their setting is on."""

    label: str
    columns: frozenset[str]
    setting: str = ""

    @property
    def is_granted(self) -> bool:
        return not self.setting or getattr(settings, self.setting)


WORK = Matter(
    gettext_noop("work and career"),
    frozenset(
        {
            *("departement", "poste", "niveau_hierarchique_poste", "annees_dans_le_poste_actuel"),
            *("annee_experience_totale", "nombre_experiences_precedentes", "annees_dans_l_entreprise"),
            *("annees_depuis_la_derniere_promotion", "annees_sous_responsable_actuel", "a_quitte_l_entreprise"),
            *("heures_supplementaires", "frequence_deplacement", "distance_domicile_travail"),
            *("note_evaluation_precedente", "note_evaluation_actuelle", "nb_formations_suivies"),
            *("niveau_education", "domaine_etude", "nombre_participation_pee"),
            *("nom", "prenom", "responsable", "site"),
        }
    ),
)
PAY = Matter(
    gettext_noop("pay"), frozenset({"revenu_mensuel", "augmentation_salaire_precedente"}), setting="MANAGERS_SEE_PAY"
)
SURVEY = Matter(gettext_noop("survey answers"), frozenset(SATISFACTIONS), setting="MANAGERS_SEE_SURVEY_ANSWERS")
PROTECTED = Matter(
    gettext_noop("what the law protects (age, sex, family status)"),
    frozenset({"age", "genre", "statut_marital", "ayant_enfants"}),
)
NAMED = (PAY, SURVEY, PROTECTED)  # named on a page that hides it
ALIKE = PAY.columns | SURVEY.columns  # named together: which of the two contributes to a score would reveal something


@dataclass(frozen=True, slots=True)
class Readable:
    """The columns of the extracts that a caller may read, and the values derived from them alone.

    Only those who read everything read a column without a ``Matter``.
    """

    reads_everything: bool
    columns: frozenset[str] = frozenset()

    EVERYTHING: ClassVar["Readable"]
    NOTHING: ClassVar["Readable"]

    @classmethod
    def of_matters(cls, matters: Iterable[Matter]) -> "Readable":
        return cls(reads_everything=False, columns=frozenset[str]().union(*(matter.columns for matter in matters)))

    def reads(self, columns: frozenset[str]) -> bool:
        """Whether all these columns may be read."""
        return self.reads_everything or columns <= self.columns

    def withheld(self, columns: frozenset[str]) -> str:
        """The matters that may not be read, in the active language: "pay and survey answers"; empty if all may be."""
        if self.reads(columns):
            return ""
        hidden = columns - self.columns
        hidden |= ALIKE - self.columns if hidden & ALIKE else frozenset()
        labels = [_(matter.label) for matter in NAMED if hidden & matter.columns]
        return get_text_list(labels, _("and")) or _("other data")


Readable.EVERYTHING = Readable(reads_everything=True)
Readable.NOTHING = Readable(reads_everything=False)
