"""The clean features: single source of truth for table, serializer, form, pipeline and docs.

No Django here, so that a notebook or a worker can import it. Labels and phrases are gettext message ids
marked by ``gettext_noop``; whoever shows one translates it. A phrase states a value in words
("Monthly income: %(value)s"), and stands at the head of each reason given for a score.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from employees import columns
from employees.messages import gettext_noop as _
from employees.vocabularies import LABELS


class FeatureKind(StrEnum):
    """The kind of a value, which decides how it is stored, validated, entered and scored."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"  # 0 or 1
    ORDINAL = "ordinal"  # an integer whose values have names
    CHOICE = "choice"  # text, a word of the vocabulary that has the feature's name


@dataclass(frozen=True, slots=True)
class Choice:
    """One permitted value and its name."""

    value: str | int
    label: str
    is_offered: bool = True  # False: permitted by the contract, not offered in forms


@dataclass(frozen=True, slots=True)
class Feature:
    """One model input: its name, range and permitted use."""

    name: str
    label: str
    kind: FeatureKind
    phrase: str
    phrase_no: str = ""  # the phrase when the value is 0
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    is_engineered: bool = False
    is_rating: bool = False  # a mark up to the maximum: people read it as "3 out of 4"
    subject: str = ""  # the feature under which people read its contribution, since a formula means nothing to them
    ingredients: tuple[str, ...] = ()  # the features, or the satisfactions, from which a formula is made
    is_protected: bool = False  # no decision may use it: kept for the contract and the audit, never scored
    is_actionable: bool = False  # HR can change it: offered in what-if
    direction: int = 0  # 1: the risk may only rise with it; -1: only fall; 0: unconstrained
    is_scored: bool = True  # False: kept for the contract only; the model uses its ingredients
    help: str = ""

    @property
    def is_integer(self) -> bool:
        return self.kind in (FeatureKind.INTEGER, FeatureKind.BOOLEAN, FeatureKind.ORDINAL)

    @property
    def is_open(self) -> bool:
        """Whether its values are the company's own words: ``choices`` are those of the contract alone."""
        return self.kind == FeatureKind.CHOICE

    @property
    def values(self) -> tuple[str | int, ...]:
        """The permitted values of a choice or an ordinal, in order."""
        return tuple(choice.value for choice in self.choices)

    def label_of(self, value: str | int) -> str:
        """The name of one value of a choice, an ordinal or a boolean; the value itself where it has none."""
        return next((choice.label for choice in self.choices if choice.value == value), str(value))


YES_NO = (Choice(0, _("No")), Choice(1, _("Yes")))
# The marital statuses are the groups of an audit, which a card stores in English and a page translates.
AUDITED = (_("Single"), _("Married"), _("Divorced"))


def _raw(name: str, label: str, kind: FeatureKind, phrase: str, **options) -> Feature:
    """A feature that passes straight through from an extract: it keeps the column's bounds."""
    column = columns.BY_NAME[name]
    return Feature(name, label, kind, phrase, minimum=column.minimum, maximum=column.maximum, **options)


def _choice(name: str, label: str, phrase: str, **options) -> Feature:
    """A feature whose values are the company's words. The choices are those of the contract; ``Term`` has them all."""
    choices = tuple(Choice(value, english) for value, (_french, english) in LABELS[name].items())
    return Feature(name, label, FeatureKind.CHOICE, phrase, choices=choices, **options)


def _engineered(name: str, label: str, phrase: str, minimum: float, maximum: float, **options) -> Feature:
    kind = options.pop("kind", FeatureKind.NUMBER)
    return Feature(name, label, kind, phrase, minimum=minimum, maximum=maximum, is_engineered=True, **options)


_YEARS = _("years")

FEATURES: tuple[Feature, ...] = (
    _raw(
        "note_evaluation_precedente",
        _("Previous appraisal"),
        FeatureKind.INTEGER,
        _("Previous appraisal: %(value)s"),
        is_rating=True,
    ),
    _raw(
        "niveau_hierarchique_poste",
        _("Job level"),
        FeatureKind.INTEGER,
        _("Job level: %(value)s"),
        is_actionable=True,
        help=_("From 1, the most junior, to 5."),
        direction=-1,
    ),
    _raw(
        "note_evaluation_actuelle",
        _("Current appraisal"),
        FeatureKind.INTEGER,
        _("Current appraisal: %(value)s"),
        is_rating=True,
    ),
    Feature(
        "heures_supplementaires",
        _("Overtime"),
        FeatureKind.BOOLEAN,
        _("Works overtime"),
        _("Works no overtime"),
        minimum=0,
        maximum=1,
        choices=YES_NO,
        is_actionable=True,
        direction=1,
    ),
    _raw(
        "augmentation_salaire_precedente",
        _("Last pay rise"),
        FeatureKind.NUMBER,
        _("Last pay rise: %(value)s"),
        unit="%",
        is_actionable=True,
        direction=-1,
    ),
    _raw("age", _("Age"), FeatureKind.INTEGER, _("Age: %(value)s"), unit=_YEARS, is_protected=True),
    Feature(
        "genre",
        _("Sex"),
        FeatureKind.ORDINAL,
        _("Sex: %(value)s"),
        minimum=0,
        maximum=1,
        choices=(Choice(0, _("Woman")), Choice(1, _("Man"))),
        is_protected=True,
    ),
    _raw(
        "revenu_mensuel",
        _("Monthly income"),
        FeatureKind.INTEGER,
        _("Monthly income: %(value)s"),
        unit="€",
        is_actionable=True,
        direction=-1,
    ),
    _choice("statut_marital", _("Marital status"), _("Marital status: %(value)s"), is_protected=True),
    _choice("departement", _("Department"), _("Department: %(value)s")),
    _choice("poste", _("Job"), _("Job: %(value)s")),
    _raw(
        "nombre_experiences_precedentes",
        _("Previous employers"),
        FeatureKind.INTEGER,
        _("Previous employers: %(value)s"),
    ),
    _raw(
        "annee_experience_totale",
        _("Total experience"),
        FeatureKind.INTEGER,
        _("Total experience: %(value)s"),
        phrase_no=_("Less than a year of experience"),
        unit=_YEARS,
    ),
    _raw(
        "annees_dans_l_entreprise",
        _("Years with the company"),
        FeatureKind.INTEGER,
        _("With the company for %(value)s"),
        phrase_no=_("With the company for less than a year"),
        unit=_YEARS,
    ),
    _raw(
        "annees_dans_le_poste_actuel",
        _("Years in the current job"),
        FeatureKind.INTEGER,
        _("In the current job for %(value)s"),
        phrase_no=_("In the current job for less than a year"),
        unit=_YEARS,
        direction=1,
    ),
    _raw(
        "nombre_participation_pee",
        _("Company savings plan participations"),
        FeatureKind.INTEGER,
        _("Company savings plan participations: %(value)s"),
        is_actionable=True,
        is_scored=False,
    ),
    _raw(
        "nb_formations_suivies",
        _("Training courses attended"),
        FeatureKind.INTEGER,
        _("Training courses attended: %(value)s"),
        is_actionable=True,
        direction=-1,
    ),
    _raw(
        "distance_domicile_travail",
        _("Home to work distance"),
        FeatureKind.INTEGER,
        _("Lives %(value)s from work"),
        unit="km",
        direction=1,
    ),
    _raw(
        "niveau_education",
        _("Education level"),
        FeatureKind.INTEGER,
        _("Education level: %(value)s"),
        help=_("From 1 to 5, the highest."),
    ),
    _choice("domaine_etude", _("Field of study"), _("Field of study: %(value)s")),
    Feature(
        "frequence_deplacement",
        _("Business travel"),
        FeatureKind.ORDINAL,
        _("Business travel: %(value)s"),
        minimum=0,
        maximum=3,
        choices=(
            Choice(0, _("None")),
            Choice(1, _("Occasional")),
            Choice(2, _("Frequent")),
            Choice(3, _("Reserved"), is_offered=False),
        ),
        is_actionable=True,
        direction=1,
    ),
    _raw(
        "annees_depuis_la_derniere_promotion",
        _("Years since the last promotion"),
        FeatureKind.INTEGER,
        _("Last promotion %(value)s ago"),
        phrase_no=_("Promoted less than a year ago"),
        unit=_YEARS,
        is_actionable=True,
        direction=1,
    ),
    _raw(
        "annees_sous_responsable_actuel",
        _("Years with the current manager"),
        FeatureKind.INTEGER,
        _("With the current manager for %(value)s"),
        phrase_no=_("With the current manager for less than a year"),
        unit=_YEARS,
        direction=1,
    ),
    _engineered(
        "satisfaction_moyenne",
        _("Mean satisfaction"),
        _("Mean satisfaction: %(value)s"),
        1,
        4,
        is_rating=True,
        ingredients=columns.SATISFACTIONS,
        direction=-1,
    ),
    _engineered(
        "nonlineaire_participation_pee",
        _("Savings plan participation for the seniority"),
        _("Savings plan participation for the seniority: %(value)s"),
        0,
        1,
        subject="nombre_participation_pee",
        ingredients=("nombre_participation_pee", "annees_dans_l_entreprise"),
        direction=-1,
    ),
    _engineered(
        "ratio_heures_sup_salaire",
        _("Overtime for the pay"),
        _("Overtime for the pay: %(value)s"),
        0,
        1,
        subject="heures_supplementaires",
        ingredients=("heures_supplementaires", "revenu_mensuel"),
        is_scored=False,
    ),
    _engineered(
        "nonlinaire_charge_contrainte",
        _("Overtime combined with the commute"),
        _("Overtime combined with the commute: %(value)s"),
        0,
        0.025,
        subject="heures_supplementaires",
        ingredients=("heures_supplementaires", "distance_domicile_travail"),
        help=_("Greatest at 10 km, where the formula peaks."),
        is_scored=False,
    ),
    _engineered(
        "nonlinaire_surmenage_insatisfaction",
        _("Overtime combined with the satisfaction"),
        _("Overtime combined with the satisfaction: %(value)s"),
        -3,
        0,
        subject="heures_supplementaires",
        ingredients=("heures_supplementaires", "satisfaction_moyenne"),
        is_scored=False,
    ),
    _engineered(
        "jeune_surcharge",
        _("Under 30 with overtime"),
        _("Under 30 with overtime"),
        0,
        1,
        kind=FeatureKind.BOOLEAN,
        phrase_no=_("Not both under 30 and with overtime"),
        choices=YES_NO,
        ingredients=("age", "heures_supplementaires"),
        is_protected=True,
    ),
    _engineered(
        "anciennete_sans_promotion",
        _("Share of the seniority before the last promotion"),
        _("Share of the seniority before the last promotion: %(value)s"),
        -65,
        1,
        subject="annees_depuis_la_derniere_promotion",
        ingredients=("annees_depuis_la_derniere_promotion", "annees_dans_l_entreprise"),
        is_scored=False,
    ),
    _engineered(
        "mobilite_carriere",
        _("Employers per year of experience"),
        _("Employers per year of experience: %(value)s"),
        0,
        50,
        subject="nombre_experiences_precedentes",
        ingredients=("nombre_experiences_precedentes", "annee_experience_totale"),
        is_scored=False,
    ),
    _engineered(
        "risque_global",
        _("Combined strain"),
        _("Combined strain: %(value)s"),
        -3,
        200,
        subject="heures_supplementaires",
        ingredients=(
            *("heures_supplementaires", "revenu_mensuel", "annees_dans_l_entreprise"),
            *("annees_depuis_la_derniere_promotion", "satisfaction_moyenne"),
        ),
        is_scored=False,
    ),
)

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}
TARGET = "a_quitte_l_entreprise"

# Inputs of the engineering that the clean table does not keep: their mean is a feature.
SATISFACTIONS: tuple[Feature, ...] = tuple(
    _raw(name, label, FeatureKind.INTEGER, phrase, is_rating=True, is_actionable=True)
    for name, label, phrase in (
        (
            "satisfaction_employee_environnement",
            _("Satisfaction with the environment"),
            _("Satisfaction with the environment: %(value)s"),
        ),
        (
            "satisfaction_employee_nature_travail",
            _("Satisfaction with the work itself"),
            _("Satisfaction with the work itself: %(value)s"),
        ),
        (
            "satisfaction_employee_equipe",
            _("Satisfaction with the team"),
            _("Satisfaction with the team: %(value)s"),
        ),
        (
            "satisfaction_employee_equilibre_pro_perso",
            _("Satisfaction with the work-life balance"),
            _("Satisfaction with the work-life balance: %(value)s"),
        ),
    )
)


def business_inputs() -> Iterator[Feature]:
    """The inputs that describe an employee: the features that are not engineered, then the satisfactions."""
    yield from (feature for feature in FEATURES if not feature.is_engineered)
    yield from SATISFACTIONS


INPUT_NAMES: tuple[str, ...] = tuple(feature.name for feature in business_inputs())

# Kept for the contract and the fairness audit alone: they may be unknown, and so may what is made of them.
OPTIONAL_INPUTS: frozenset[str] = frozenset(name for name in INPUT_NAMES if not columns.BY_NAME[name].is_required)


@cache
def sources_of(name: str) -> frozenset[str]:
    """The columns of the extracts from which a feature is derived; all must be readable to read it.

    Without ingredients, its own name: a column, or an unknown name.
    """
    ingredients = BY_NAME[name].ingredients if name in BY_NAME else ()
    return frozenset[str]().union(*map(sources_of, ingredients)) if ingredients else frozenset({name})


@cache
def made_from(name: str) -> frozenset[str]:
    """The features that change with a column of the extracts: itself where it is one, and the formulas of it."""
    return frozenset(feature.name for feature in FEATURES if name in sources_of(feature.name))


OPTIONAL_FEATURES: frozenset[str] = frozenset(name for name in FEATURE_NAMES if sources_of(name) & OPTIONAL_INPUTS)
