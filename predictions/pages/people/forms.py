"""Forms of the business inputs, generated from the schema: labels, bounds, units, choices and help stand there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees import columns, terms
from features import schema
from predictions.explanation import display, in_full
from predictions.formats import grouped
from predictions.ml.support import WORKED, YOUNGEST
from technova.web.selects import LongSelect

INPUTS = {feature.name: feature for feature in schema.business_inputs()}

# How the inputs are laid out; a test holds that each stands in exactly one group.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        gettext_noop("Job"),
        (
            "departement",
            "poste",
            "niveau_hierarchique_poste",
            "heures_supplementaires",
            "frequence_deplacement",
            "distance_domicile_travail",
        ),
    ),
    (
        gettext_noop("Development"),
        ("nombre_participation_pee", "nb_formations_suivies", "annees_depuis_la_derniere_promotion"),
    ),
    (gettext_noop("Pay"), ("revenu_mensuel", "augmentation_salaire_precedente")),
    (gettext_noop("Appraisals"), ("note_evaluation_precedente", "note_evaluation_actuelle")),
    (gettext_noop("Satisfaction"), tuple(feature.name for feature in schema.SATISFACTIONS)),
    (
        gettext_noop("Career"),
        (
            "annee_experience_totale",
            "nombre_experiences_precedentes",
            "annees_dans_l_entreprise",
            "annees_dans_le_poste_actuel",
            "annees_sous_responsable_actuel",
        ),
    ),
    (gettext_noop("Person"), ("niveau_education", "domaine_etude", "age", "genre", "statut_marital")),
)


LEVEL = "niveau_hierarchique_poste"
LAST_PROMOTION, IN_JOB = "annees_depuis_la_derniere_promotion", "annees_dans_le_poste_actuel"


@dataclass(frozen=True, slots=True)
class Slider:
    """The ends of a slider: inside the permitted bounds, where people usually are."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field as a page shows it; ``real`` is the value that a what-if starts from, in words."""

    field: forms.BoundField
    unit: str
    real: str
    slider: Slider | None


@dataclass(frozen=True, slots=True)
class FieldGroup:
    title: str
    rows: list[FieldRow]


class BusinessForm(forms.Form):
    """Some of the 27 business inputs; the others are ``fixed``. Valid, the two together describe an employee.

    ``ranges`` are the ends of the sliders by feature; without them there are none.
    """

    def __init__(
        self,
        *args,
        features: Iterable[schema.Feature],
        fixed: Mapping[str, object] | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.initial = {name: plain(value) for name, value in self.initial.items()}
        self.fixed: dict[str, Any] = dict(fixed or {})
        self.ranges = ranges
        for feature in features:
            self.fields[feature.name] = form_field(feature)
            if ranges is None and not feature.choices and not feature.help:
                self.fields[feature.name].help_text = bounds(feature)

    def offer(self, name: str, is_offered: Callable[[str], bool]) -> None:
        """Leave only some choices of a field to choose from."""
        field: Any = self.fields[name]  # of choices
        field.choices = [choice for choice in field.choices if is_offered(choice[0])]

    @property
    def inputs(self) -> dict[str, Any]:
        """The 27 business inputs of a valid form; a promotion later than the last one, or a higher level, is also a new
        job."""
        inputs: dict[str, Any] = {
            name: self.cleaned_data.get(name, self.fixed.get(name)) for name in schema.INPUT_NAMES
        }
        real, in_job = self.fixed, inputs[IN_JOB]
        level, promoted = (
            None if None in (inputs[name], real.get(name)) else inputs[name] for name in (LEVEL, LAST_PROMOTION)
        )
        if IN_JOB in self.fields or in_job is None:
            return inputs
        if level is not None and level > real[LEVEL]:
            inputs[IN_JOB] = 0
        elif promoted is not None and promoted < real[LAST_PROMOTION]:
            inputs[IN_JOB] = min(in_job, promoted)
        return inputs

    def clean(self):
        """No duration is longer than the one that holds it (``columns.ORDERED``), nor the experience than the age."""
        super().clean()
        inputs = self.inputs
        for inner, outer in columns.ORDERED:
            known = inner in self.fields and None not in (inputs[inner], inputs[outer])
            if known and inputs[inner] > inputs[outer]:
                limit = {"label": _(INPUTS[outer].label), "value": display(INPUTS[outer], inputs[outer])}
                self.add_error(inner, _("Cannot exceed “%(label)s”: %(value)s.") % limit)
        for name, _age in WORKED:
            worked, age = inputs[name], inputs["age"]
            if self.fields.keys() >= {name, "age"} and None not in (worked, age) and worked > age - YOUNGEST:
                text = _("Cannot exceed %(value)s at the age of %(age)s: nobody has worked before %(youngest)s.")
                longest = display(INPUTS[name], age - YOUNGEST)
                self.add_error(name, text % {"value": longest, "age": age, "youngest": YOUNGEST})

    def groups(self) -> list[FieldGroup]:
        """The fields as they are laid out; a group without any is left out."""
        laid_out = ((title, [self._row(name) for name in names if name in self.fields]) for title, names in GROUPS)
        return [FieldGroup(_(title), rows) for title, rows in laid_out if rows]

    def _row(self, name: str) -> FieldRow:
        feature = INPUTS[name]
        real = in_full(feature, self.initial[name]) if self.ranges and self.initial.get(name) is not None else ""
        unit = feature.unit and _(feature.unit)
        is_in_label = unit in _(feature.label).lower().split()
        return FieldRow(self[name], "" if is_in_label else unit, real, self._slider(feature))

    def _slider(self, feature: schema.Feature) -> Slider | None:
        """None for choices, and for everything in a form without ranges."""
        if self.ranges is None or feature.choices:
            return None
        low, high = self.ranges.get(feature.name, (feature.minimum or 0, feature.maximum or 0))
        real = self.initial.get(feature.name)
        if real is not None:
            if high - low > 100:  # one pixel would be a large step: half to double the real value is enough
                low, high = max(low, real / 2), min(high, real * 2)
            low, high = min(low, real), max(high, real)
        holders = [outer for inner, outer in columns.ORDERED if inner == feature.name and outer in self.fixed]
        high = min([high, *(self.fixed[outer] for outer in holders)])
        return Slider(round(low), round(high)) if low < high else None


def plain(value: object) -> object:
    """A number as people type it: 11, not 11.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def form_field(feature: schema.Feature) -> forms.Field:
    """The field that accepts exactly what a feature may hold."""
    options: dict[str, Any] = {"label": _(feature.label), "help_text": feature.help and _(feature.help)}
    offered: list[tuple[Any, str]] = [(each.value, _(each.label)) for each in feature.choices if each.is_offered]
    match feature.kind:
        case schema.FeatureKind.CHOICE:
            return forms.ChoiceField(choices=terms.labelled(feature.name), widget=LongSelect, **options)
        case schema.FeatureKind.BOOLEAN:
            return forms.TypedChoiceField(choices=offered, coerce=int, widget=forms.RadioSelect, **options)
        case schema.FeatureKind.ORDINAL:
            return forms.TypedChoiceField(choices=offered, coerce=int, **options)
    options |= {"min_value": feature.minimum, "max_value": feature.maximum}
    return forms.IntegerField(**options) if feature.is_integer else forms.FloatField(**options)


def bounds(feature: schema.Feature) -> str:
    """The bounds of a number in words."""
    ends = {"minimum": grouped(feature.minimum or 0), "maximum": grouped(feature.maximum or 0)}
    return _("From %(minimum)s to %(maximum)s.") % ends


def what_if_features() -> list[schema.Feature]:
    """The features that HR can act on."""
    return [feature for feature in INPUTS.values() if feature.is_actionable]
