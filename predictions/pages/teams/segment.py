"""What the page's address asks for: the heat map's attributes, the segment, the saved ones beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees import terms
from employees.access import Readable, Scope
from employees.columns import MAX_EMPLOYEE_ID
from employees.models import Employee
from employees.workforce.naming import with_names
from predictions.segments.cube import ATTRIBUTES, MOST_CONDITIONS, OTHERS, TEAM, UNKNOWN, Conditions, Cube, Value
from predictions.segments.models import SavedSegment

WORDS = {  # of the address, by attribute
    "departement": "department",
    "poste": "job",
    "site": "site",
    "niveau_hierarchique_poste": "level",
    TEAM: "team",
}
COLUMNS = {word: name for name, word in WORDS.items()}
LABELS = {
    "departement": gettext_lazy("Department"),
    "poste": gettext_lazy("Job"),
    "site": gettext_lazy("Site"),
    "niveau_hierarchique_poste": gettext_lazy("Job level"),
    TEAM: gettext_lazy("Manager"),
}
EVERY = {
    "departement": gettext_lazy("All departments"),
    "poste": gettext_lazy("All jobs"),
    "site": gettext_lazy("All sites"),
    "niveau_hierarchique_poste": gettext_lazy("All job levels"),
}
ALONE = "none"  # no second attribute
DEFAULTS = {"rows": "department", "columns": "job", "show": "share"}
COMPARED = 2  # saved segments beside the one that is chosen
MEASURES = (
    ("share", gettext_lazy("Expected to leave, share")),
    ("expected", gettext_lazy("Expected departures")),
    ("above", gettext_lazy("Over the threshold, share")),
    ("people", gettext_lazy("People")),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page shows. ``names`` are of the managers."""

    row: str
    column: str  # empty for none
    measure: str
    conditions: Conditions
    compared: tuple[SavedSegment, ...] = ()

    @property
    def others(self) -> dict[str, Value]:
        """The conditions that narrow the heat map: those on attributes that it does not show. A team does not."""
        return {name: value for name, value in self.conditions.items() if name not in (self.row, self.column, TEAM)}

    def address(self, conditions: Conditions | None = None, name: str = "teams", **changes: str | list[str]) -> str:
        """The page's address with other conditions, or another state."""
        query: dict[str, Any] = {
            "rows": WORDS[self.row],
            "columns": WORDS.get(self.column, ALONE),
            "show": self.measure,
        }
        query |= {WORDS[key]: value for key, value in (self.conditions if conditions is None else conditions).items()}
        query["compare"] = [str(segment.pk) for segment in self.compared]
        return f"{reverse(name)}?{urlencode(query | changes, doseq=True)}"


class TeamsForm(forms.Form):
    """The parameters of the page's address. The choices are the values of the cube."""

    rows = forms.ChoiceField(label=gettext_lazy("Rows"), required=False)
    columns = forms.ChoiceField(label=gettext_lazy("Columns"), required=False)
    show = forms.ChoiceField(label=gettext_lazy("Show"), required=False)
    department = forms.ChoiceField(label=LABELS["departement"], required=False)
    job = forms.ChoiceField(label=LABELS["poste"], required=False)
    site = forms.ChoiceField(label=LABELS["site"], required=False)
    level = forms.TypedChoiceField(label=LABELS["niveau_hierarchique_poste"], required=False, coerce=int)
    team = forms.IntegerField(
        min_value=1, max_value=MAX_EMPLOYEE_ID, required=False, widget=forms.HiddenInput(), label=LABELS[TEAM]
    )
    compare = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Compare with"), queryset=SavedSegment.objects.none(), required=False
    )

    def __init__(self, data, cube: Cube, saved: Iterable[SavedSegment], *, has_teams: bool, has_list: bool):
        super().__init__({**DEFAULTS, **{name: data.get(name) for name in data}, "compare": data.getlist("compare")})
        self.attributes, self.saved = cube.attributes, {str(segment.pk): segment for segment in saved}
        pairs = [(WORDS[name], LABELS[name]) for name in cube.attributes if has_values(cube, name)]
        teams = [(WORDS[TEAM], LABELS[TEAM])] if has_teams else []
        measures = [measure for measure in MEASURES if has_list or measure[0] != "above"]
        choices: dict[str, list[Any]] = {
            "rows": [*pairs, *teams],
            "columns": [*pairs, (ALONE, _("None"))],
            "show": measures,
        }
        for name in ATTRIBUTES:
            if name in cube.attributes and has_values(cube, name):
                values = sorted((value_label(name, value), value) for value in cube.values(name))
                choices[WORDS[name]] = [("", EVERY[name]), *((value, label) for label, value in values)]
            else:
                del self.fields[WORDS[name]]
        if not has_teams:
            del self.fields["team"]
        for name, options in choices.items():
            field: Any = self.fields[name]
            field.choices = options
        compared: Any = self.fields["compare"]
        compared.queryset = SavedSegment.objects.filter(pk__in=[segment.pk for segment in self.saved.values()])

    def clean_compare(self):
        """From those that are loaded already, no more than fit."""
        return [self.saved[str(segment.pk)] for segment in self.cleaned_data["compare"]][:COMPARED]

    def clean(self):
        super().clean()
        if self.errors:
            return
        asked = self.asked()
        if TEAM in asked.conditions and len(asked.conditions) > 1:
            raise forms.ValidationError(_("A team is shown by itself: drop the other filters, or the team."))
        if len(asked.conditions) > MOST_CONDITIONS:
            raise forms.ValidationError(_("A segment has at most three conditions: drop one."))
        shown = {asked.row, asked.column} - {""}
        if (
            asked.row != TEAM
            and TEAM not in asked.conditions
            and len(shown | asked.conditions.keys()) > MOST_CONDITIONS
        ):
            raise forms.ValidationError(
                _("Together with its rows and columns, the map tells three attributes apart: drop a filter.")
            )

    def asked(self) -> Asked:
        values = self.cleaned_data
        row = COLUMNS[values.get("rows") or "department"]
        wanted = values.get("columns") or "job"
        column = COLUMNS.get(wanted, "")
        conditions = {
            name: values[word]
            for name, word in WORDS.items()
            if word in self.fields and values.get(word) not in ("", None)
        }
        if row == TEAM or column == row:
            column = ""
        return Asked(row, column, values.get("show") or "share", conditions, tuple(values.get("compare") or ()))

    @property
    def view_fields(self):
        return [self[name] for name in ("rows", "columns", "show")]

    @property
    def filter_fields(self):
        return [self[WORDS[name]] for name in ATTRIBUTES if WORDS[name] in self.fields]


def has_values(cube: Cube, name: str) -> bool:
    """Whether an attribute tells anybody apart."""
    return bool(cube.values(name))


def value_label(name: str, value: Value, names: Mapping[Value, str] | None = None) -> str:
    """A value of an attribute in words."""
    if value == OTHERS:
        return _("The others")
    if value == UNKNOWN:
        return _("Not known")
    if name == TEAM:
        return (names or {}).get(value) or _("Manager out of your scope")
    if name == "niveau_hierarchique_poste":
        return _("Level %(level)s") % {"level": value}
    return terms.label(name, str(value)) if name != "site" else str(value)


def title_of(conditions: Conditions, names: Mapping[Value, str] | None = None) -> str:
    """The conditions in words: "Consulting · Lyon"; everyone for none."""
    labels = [value_label(name, value, names) for name, value in conditions.items()]
    return " · ".join(labels) or _("Everyone")


def names_of(managers: Iterable[Value], scope: Scope, readable: Readable) -> dict[Value, str]:
    """The managers who are in the scope, or whose team it is, by number: their name and number. One query."""
    people = Employee.objects.within(scope)
    if scope.team:
        people |= Employee.objects.filter(pk=scope.team.person)
    rows = with_names(people.filter(employee_id__in=list(managers)), "employee_id", readable)
    return {
        number: f"{name} ({number})" if name else _("Employee %(number)s") % {"number": number}
        for number, name in rows.values_list("employee_id", "name")
    }


def stored(conditions: Conditions) -> dict[str, Value]:
    """The conditions as a saved segment holds them."""
    return {WORDS[name]: value for name, value in conditions.items()}


def restored(segment: SavedSegment, attributes: Iterable[str]) -> dict[str, Value] | None:
    """The conditions of a saved segment; None if it is made of an attribute that the account may not read any more."""
    conditions = {COLUMNS[word]: value for word, value in segment.conditions.items() if word in COLUMNS}
    return conditions if conditions.keys() <= {*attributes, TEAM} else None
