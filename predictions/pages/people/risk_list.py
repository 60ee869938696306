"""The list of those present, riskiest first, with reasons; the address contains every filter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from employees import terms
from employees.access import Readable, Scope, may_answer, readable_to, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.models import Presence
from employees.workforce.directory import Places, places
from employees.workforce.naming import NAMES
from features import schema
from predictions import bands
from predictions.explanation import phrase
from predictions.models import Prediction, SavedView, ScoringRun
from predictions.pages.people import exports, shown_score
from predictions.selectors import figures, people, ranking, runs
from technova.web.requests import Request
from technova.web.selects import LongSelect

SIZES = (25, 50, 100)
SITE, MANAGER = frozenset({"site"}), frozenset({"responsable"})
MOST_ELSEWHERE = 10  # people searched who are not in the list
USUAL = {"sort": ranking.RISKIEST_FIRST, "size": str(SIZES[0]), "page": "1"}
MOST_MANAGERS = 300  # in a menu; more are found by their page
HEADINGS = (
    ("number", _("Employee"), ""),
    ("job", _("Job"), ""),
    ("department", _("Department"), ""),
    ("risk", _("Risk"), "-"),  # a first click shows the riskiest
    ("change", _("Change (points)"), "-"),
)
CHANGES = {
    ranking.Change.NEWLY_OVER: _("Newly over the threshold"),
    ranking.Change.UP: _("Up by two points or more"),
    ranking.Change.DOWN: _("Down by two points or more"),
    ranking.Change.UNDER_AGAIN: _("Back under the threshold"),
    ranking.Change.JOINED: _("New in the list"),
}
FIRST_FILTERS = ("department", "job", "band", "change")  # in the bar; the others are in a menu beside them
OTHER_FILTERS = ("manager", "site", "reason")


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

    def __init__(self, data, kinds: figures.Kinds, places: Places, readable: Readable, *, is_compared: bool):
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
        }
        search = self.fields["number"]
        search.widget.attrs |= {"aria-label": search.label, "placeholder": search.label}
        for name, (everyone, options) in choices.items():
            field: Any = self.fields[name]  # of choices
            field.choices = [("", everyone), *options]
            if not options:  # the logged reasons, say, are those for HR and would reveal hidden values
                field.widget = forms.HiddenInput()
            field.widget.attrs |= {"aria-label": field.label} | ({"class": "is-set"} if self.data.get(name) else {})

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
            **{name: values[name] for name in (*FIRST_FILTERS, *OTHER_FILTERS)},
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


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A line of the list."""

    prediction: Prediction
    band: bands.Band
    department: str
    job: str
    reasons: list[str]
    change: float  # of the probability since the run before; 0 when it would show nothing or the model is another
    is_new: bool  # the run before did not hold this person
    is_newly_over: bool  # the threshold: under it in the run before


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A request for the list: the run, the scope, the filters, and the readable columns."""

    run: ScoringRun | None
    before: ScoringRun | None
    scope: Scope
    readable: Readable
    groups: Sequence[figures.AnyGroup] | None  # of the run, within the scope; None once the workforce has changed
    form: RiskListForm

    @property
    def rows(self) -> QuerySet[Prediction]:
        """The listed predictions; none without a run."""
        if self.run is None:
            return Prediction.objects.none()
        return ranking.narrowed(self.run, self.scope, self.form.narrowing(), self.before)

    def count(self) -> int:
        """The number of listed people; one query where the figures of the run do not tell it."""
        return _total(self) if self.sizes is None else sum(people for _group, people in self.sizes)

    @property
    def sizes(self) -> ranking.Sizes | None:
        """The number of listed people by group, if the figures of the run still hold."""
        return None if self.groups is None else ranking.sizes(self.groups, self.form.narrowing())

    def place_of(self, prediction: Prediction) -> ranking.Place | None:
        """The place in the list of the person with this score, whose employee is loaded. Two queries."""
        if self.run is None or not self.form.is_valid():
            return None
        return ranking.place_of(prediction, self.rows, self.form.order, self.run.employee_count, self.before)

    @classmethod
    def of_address(cls, request: Request, run: ScoringRun | None) -> "ListQuery":
        """The query without what only the list shows; the form's choices are limited to those in the address.

        One query where the address is about the change since the run before.
        """
        state = request.GET
        given = {name: {state.get(name, "")} - {""} for name in (*FIRST_FILTERS, *OTHER_FILTERS)}
        kinds = figures.Kinds(given["department"], given["job"], given["reason"] & schema.BY_NAME.keys())
        readable = readable_to(request.user)
        of_site = given["site"] if readable.reads(SITE) else set()
        managers = {int(number): "" for number in given["manager"] if number.isdecimal() and readable.reads(MANAGER)}
        is_of_change = bool(given["change"]) or state.get("sort", "").endswith("change")
        before = runs.latest_two()[1] if run and is_of_change else None
        form = RiskListForm(
            state, kinds, Places(of_site, managers), readable, is_compared=bool(run and is_comparable(run, before))
        )
        return cls(run, before, scope_of(request.user), readable, None, form)

    @classmethod
    def of(cls, user, state: QueryDict) -> "ListQuery":
        scope = scope_of(user)
        run, before = runs.latest_two()
        if run and run.is_outdated:
            groups, kinds = None, figures.current_kinds(run, scope)
        else:
            groups = figures.groups_then(run, scope) if run else []
            kinds = figures.kinds(groups)
        readable = readable_to(user)
        form = RiskListForm(
            state,
            kinds,
            places(scope, readable, run.revision_now, most=MOST_MANAGERS) if run else Places(),
            readable,
            is_compared=bool(run and is_comparable(run, before)),
        )
        return cls(run, before, scope, readable, groups, form)


def is_comparable(run: ScoringRun, before: ScoringRun | None) -> bool:
    """Whether a change since the run before is one of the person: the same model gave both scores."""
    return before is not None and run.model_version == before.model_version


@require_safe
def risk_list(request: Request) -> HttpResponse:
    """The page; only its results when htmx asks for them."""
    query = ListQuery.of(request.user, request.GET)
    form = query.form
    is_partial = bool(request.htmx) and not request.htmx.history_restore_request
    context: dict[str, Any] = {"run": query.run, "before": query.before, "form": form, "here": query_of(request.GET)}
    if not is_partial:
        context |= {"views": _views(request, form), "may_answer": may_answer(request.user)}
    if query.run and form.is_valid():
        context |= _results(request, query)
    response = render(request, "employees/results.html" if is_partial else "employees/list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    if is_partial:
        push_url(response, address(request.GET, page=request.GET.get("page", "")))
    return response


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


def rows_of(predictions: Sequence[Prediction], before: ScoringRun | None, readable: Readable) -> list[RiskRow]:
    """Predictions with their employee, features and ``previous`` probability as lines in the active language."""
    return [_row(prediction, before, readable) for prediction in predictions]


def _row(prediction: Prediction, before: ScoringRun | None, readable: Readable) -> RiskRow:
    of_run: Any = prediction  # with an employee, features and, by ``ranking.page_of``, the probability before
    previous = of_run.previous
    change, is_newly_over = 0.0, False
    if before and previous is not None and prediction.model_version == before.model_version:
        change = round(prediction.probability - previous, 3)
        is_newly_over = previous < before.threshold and prediction.probability >= prediction.threshold
    return RiskRow(
        prediction=prediction,
        band=bands.band_of(prediction.probability, prediction.threshold),
        department=label("departement", of_run.employee.departement),
        job=label("poste", of_run.features.poste),
        reasons=_reasons(prediction, readable),
        change=change,
        is_new=before is not None and previous is None,
        is_newly_over=is_newly_over,
    )


def _reasons(prediction: Prediction, readable: Readable) -> list[str]:
    """The two strongest, as the person's page groups them for this reader; the log holds them as HR reads them."""
    if not readable.reads_everything:
        return shown_score.Shown(prediction, readable).raising_most
    names = [name for name in (prediction.main_reason, prediction.second_reason) if name]
    return [phrase(schema.BY_NAME[name], getattr(prediction.features, name)) for name in names]


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


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at the list, one click away; ``saved`` is the key of one that the account keeps."""

    label: str
    href: str
    is_current: bool
    saved: int | None = None


def _views(request, form: RiskListForm) -> list[View]:
    """The usual views, then those that the account keeps. One query."""
    usual = [(gettext("Everyone"), address({})), (gettext("Over the threshold"), address({}, band=ranking.OVER))]
    if not form["change"].is_hidden:
        usual.append((gettext("Newly over"), address({}, change=ranking.Change.NEWLY_OVER)))
        usual.append((gettext("Rising"), address({}, change=ranking.Change.UP)))
    kept = [(view.name, reverse("employees") + view.query, view.pk) for view in SavedView.objects.of(request.user)]
    here = address(request.GET)
    return [View(label, href, href == here, *pk) for label, href, *pk in [*usual, *kept]]


def _results(request, query: ListQuery) -> dict:
    form, rows, sizes = query.form, query.rows, query.sizes
    total = query.count()
    paginator = Paginator(range(total), form.cleaned_data["size"])
    page = paginator.get_page(request.GET.get("page"))
    start = (page.number - 1) * paginator.per_page
    predictions = ranking.page_of(
        rows,
        query.before,
        form.order,
        start=start,
        stop=start + paginator.per_page,
        total=total,
        everyone=query.run.employee_count if query.run else 0,
        sizes=sizes,
        readable=query.readable,
    )
    return {
        "elsewhere": _elsewhere(request, query) if form.cleaned_data["number"] else [],
        "page": page,
        "rows": rows_of(predictions, query.before, query.readable),
        "headings": [
            _heading(request.GET, form.order, word, text, first)
            for word, text, first in HEADINGS
            if word != "change" or query.before
        ],
        "most_at_once": exports.MOST_AT_ONCE,
        "list_query": query_of(request.GET),
        "is_narrowed": any(getattr(form.narrowing(), field.name) for field in fields(ranking.Narrowing)),
    }


def _total(query: ListQuery) -> int:
    """How many are listed, where the figures of the run do not tell; those of the changes are kept."""
    narrowing = query.form.narrowing()
    is_change_alone = narrowing.change and narrowing == ranking.Narrowing(change=narrowing.change, numbers=[], names=[])
    if is_change_alone and query.run and query.before:
        return ranking.changes(query.run, query.before, query.scope)[ranking.Change(narrowing.change)]
    return query.rows.count()


def _elsewhere(request: Request, query: ListQuery) -> list[dict]:
    """The first people searched who are not in the list: where they are. One query."""
    narrowing, answers = query.form.narrowing(), may_answer(request.user)
    found: Any = query.run and people.not_listed(
        query.run, query.scope, query.readable, numbers=narrowing.numbers, names=narrowing.names
    )
    return [{"person": person} | _where(person, answers) for person in found[:MOST_ELSEWHERE]]


def _where(person: Any, answers: bool) -> dict:
    """Why a person is not in the list, and the page that says more, where the account may answer."""
    if person.has_other_number:
        return {"why": gettext("is listed under this number")}
    if person.presence == Presence.LEFT:
        return {"why": gettext("has left"), "href": reverse("departures"), "page": gettext("Departures")}
    name, why, page = (
        ("clarify", gettext("is absent from the newest SIRH extract"), gettext("To clarify"))
        if person.presence == Presence.ABSENT
        else ("clarify_unscored", gettext("is present and not scored"), gettext("Not scored"))
    )
    return {"why": why, "href": reverse(name) if answers else "", "page": page}


def _heading(state, sort: str, word: str, text: str | Promise, first: str) -> dict:
    """A column's title and the address that sorts by it, the other way round when it already does."""
    is_sorted = sort.removeprefix("-") == word
    next_sort = (word if sort.startswith("-") else f"-{word}") if is_sorted else f"{first}{word}"
    direction = ("descending" if sort.startswith("-") else "ascending") if is_sorted else ""
    return {"word": word, "text": text, "href": address(state, sort=next_sort), "direction": direction}
