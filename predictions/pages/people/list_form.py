"""The filters of the list and its addresses, which hold every one of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees import terms
from employees.access import Readable
from employees.columns import MAX_EMPLOYEE_ID
from employees.workforce.directory import Places
from employees.workforce.naming import NAMES
from features import schema
from predictions import bands
from predictions.selectors import figures, ranking
from technova.web.selects import LongSelect

SIZES = (25, 50, 100)
USUAL = {"sort": ranking.RISKIEST_FIRST, "size": str(SIZES[0]), "page": "1"}
CHANGES = {
    ranking.Change.NEWLY_OVER: _("Newly over the threshold"),
    ranking.Change.UP: _("Up by two points or more"),
    ranking.Change.DOWN: _("Down by two points or more"),
    ranking.Change.UNDER_AGAIN: _("Back under the threshold"),
    ranking.Change.JOINED: _("New in the list"),
}
CASES = {
    ranking.HasCase.WITH: _("With an open case"),
    ranking.HasCase.WITHOUT: _("Without an open case"),
}
FIRST_FILTERS = ("department", "job", "band", "change")  # in the bar; the others are in a menu beside them
OTHER_FILTERS = ("manager", "site", "reason", "case")


class SetFilter(NamedTuple):
    """A filter that is set: its name and value in words, and the list without it."""

    name: str
    value: str
    without: str


class RiskListForm(forms.Form):
    """The parameters of the list's address. The choices are the values of the run's people within the scope."""

    number = forms.CharField(
        label=_("Name or number"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "data-search": True}),
    )
    department = forms.ChoiceField(label=_("Department"), required=False, widget=LongSelect)
    job = forms.ChoiceField(label=_("Job"), required=False, widget=LongSelect)
    band = forms.ChoiceField(label=_("Risk"), required=False)
    change = forms.ChoiceField(label=_("Change of the risk"), required=False)
    manager = forms.TypedChoiceField(
        label=_("Manager"), required=False, coerce=int, empty_value=None, widget=LongSelect
    )
    site = forms.ChoiceField(label=_("Site"), required=False, widget=LongSelect)
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    case = forms.ChoiceField(label=_("Open case"), required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[
            ("-risk", _("Riskiest first")),
            ("risk", _("Least risky first")),
            ("number", _("Smallest number first")),
            ("-number", _("Largest number first")),
            ("department", _("Departments, A to Z")),
            ("-department", _("Departments, Z to A")),
            ("job", _("Jobs, A to Z")),
            ("-job", _("Jobs, Z to A")),
            ("-change", _("Largest rise first")),
            ("change", _("Largest fall first")),
        ],
    )
    size = forms.TypedChoiceField(
        label=_("People per page"),
        required=False,
        coerce=int,
        empty_value=SIZES[0],  # type: ignore[arg-type]  # the stubs expect a text
        choices=[(n, n) for n in SIZES],
    )

    def __init__(
        self, data, kinds: figures.Kinds, places: Places, readable: Readable, *, is_compared: bool, follows: bool
    ):
        super().__init__(data)
        self.reads_names = readable.reads(NAMES)
        over = (ranking.OVER, _("Over the threshold"))
        reasons = sorted(((name, _feature(name)) for name in kinds.reasons), key=lambda pair: pair[1])
        choices: dict[str, tuple[Any, list[Any]]] = {
            "department": (_("All departments"), _labels("departement", kinds.departments)),
            "job": (_("All jobs"), _labels("poste", kinds.jobs)),
            "band": (_("All levels"), [over, *((band.slug, band.label) for band in bands.BANDS[::-1])]),
            "reason": (_("Any reason"), reasons if readable.reads_everything else []),
            "change": (_("Any change"), list(CHANGES.items()) if is_compared else []),
            "manager": (_("All managers"), _managers(places)),
            "site": (_("All sites"), [(site, site) for site in sorted(places.sites)]),
            "case": (_("With or without a case"), list(CASES.items()) if follows else []),
        }
        if places.has_too_many_managers:
            del choices["manager"]
            self.fields["manager"] = forms.CharField(
                label=_("Manager"), required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
            )
        search = self.fields["number"]
        search.widget.attrs |= {"aria-label": search.label, "placeholder": search.label}
        for name, (everyone, options) in choices.items():
            field: Any = self.fields[name]  # of choices
            field.choices = [("", everyone), *options]
            if not options:  # the logged reasons, say, are those for HR and would reveal hidden values
                field.widget = forms.HiddenInput()
            field.widget.attrs |= {"aria-label": field.label} | ({"class": "is-set"} if self.data.get(name) else {})

    def clean_manager(self) -> int | list[str] | None:
        """A number, or the words of a name where the managers are too many for a menu."""
        given = self.cleaned_data["manager"]
        if not isinstance(given, str):
            return given
        if not given.isascii() or not given.isdigit():
            if given and not self.reads_names:
                raise forms.ValidationError(_("Give the number of the manager: a whole number."))
            return given.split()
        if int(given) > MAX_EMPLOYEE_ID:
            raise forms.ValidationError(_("No employee number is that large."))
        return int(given)

    def clean_number(self) -> list[int] | list[str]:
        """Numbers, or the words of a name."""
        words = self.cleaned_data["number"].replace(",", " ").replace(";", " ").split()
        if self.reads_names and not any(character.isdigit() for word in words for character in word):
            return words
        if not all(word.isascii() and word.isdigit() for word in words):
            raise forms.ValidationError(_("Employee numbers are whole numbers; separate several with a space."))
        if any(int(word) > MAX_EMPLOYEE_ID for word in words):
            raise forms.ValidationError(_("No employee number is that large."))
        return [int(word) for word in words]

    def narrowing(self) -> ranking.Narrowing:
        values = self.cleaned_data
        return ranking.Narrowing(
            numbers=[word for word in values["number"] if isinstance(word, int)],
            names=[word for word in values["number"] if isinstance(word, str)],
            manager=values["manager"] if isinstance(values["manager"], int) else None,
            manager_names=values["manager"] if isinstance(values["manager"], list) else [],
            **{name: values[name] for name in (*FIRST_FILTERS, *OTHER_FILTERS) if name != "manager"},
        )

    @property
    def order(self) -> str:
        return self.cleaned_data["sort"] or ranking.RISKIEST_FIRST

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """The visible menus of the bar."""
        return self._visible(FIRST_FILTERS)

    @property
    def other_fields(self) -> list[forms.BoundField]:
        """The visible menus that are one step away."""
        return self._visible(OTHER_FILTERS)

    @property
    def others_set(self) -> int:
        return sum(bool(field.value()) for field in self.other_fields)

    @property
    def menus_set(self) -> int:
        """How many menus are set: on a phone all of them are one step away."""
        return self.others_set + sum(bool(field.value()) for field in self.first_fields)

    def _visible(self, names: Iterable[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if not self[name].is_hidden]

    @property
    def set_filters(self) -> list[SetFilter]:
        """The filters that are set, in words, each with the address of the list without it."""
        visible = [self["number"], *self.first_fields, *self.other_fields]
        return [
            SetFilter(str(field.label), _shown(field), address(self.data, **{field.name: ""}))
            for field in visible
            if field.value()
        ]


def _shown(field: forms.BoundField) -> str:
    value = field.value()
    return str(dict(getattr(field.field, "choices", ())).get(value, value))


def address(state, **changes: str) -> str:
    """The list's address with this state: what is empty or as usual is left out, and the page unless it is given."""
    pairs = {name: state.get(name, "") for name in RiskListForm.base_fields} | changes
    query = urlencode({name: value for name, value in pairs.items() if value not in ("", USUAL.get(name))})
    return reverse("employees") + (f"?{query}" if query else "")


def query_of(state) -> str:
    """The query string of the list with its filters, order and size, such as "?band=over"; empty by default."""
    return address(state).removeprefix(reverse("employees"))


def page_address(state, place: ranking.Place, size: int) -> str:
    """The address of the page of the list that holds a place."""
    return address(state, page=str((place.position - 1) // size + 1))


def label(feature: str, value: str) -> str:
    """A department or a job in the active language."""
    return terms.label(feature, value) if value else "–"


def _feature(name: str) -> str:
    return gettext(schema.BY_NAME[name].label)


def _managers(of: Places) -> list[tuple[int, str]]:
    """The managers by name."""
    named = ((number, name or gettext("No. %(number)s") % {"number": number}) for number, name in of.managers.items())
    return sorted(named, key=lambda choice: choice[1])


def _labels(feature: str, values: set[str]) -> list[tuple[str, str]]:
    return sorted(((value, label(feature, value)) for value in values), key=lambda choice: choice[1])
