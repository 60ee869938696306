"""The list of those present, riskiest first, with reasons; the address contains every filter."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from employees import journal
from employees.access import Readable, Scope, may_answer, may_follow, readable_to, scope_of
from employees.models import Presence
from employees.workforce.directory import Places, places
from features import schema
from predictions import bands
from predictions.decisions.threshold_decisions import InForce
from predictions.explanation import phrase, shown_tenths
from predictions.models import Prediction, SavedView, ScoringRun
from predictions.pages.followup import person_cases
from predictions.pages.followup.person_cases import CaseMark
from predictions.pages.left_out import left_out
from predictions.pages.people import exports, shown_score
from predictions.pages.people.list_form import FIRST_FILTERS, OTHER_FILTERS, RiskListForm, address, label, query_of
from predictions.pages.runs_compared import other_model, threshold_in_words
from predictions.selectors import figures, people, ranking, runs
from predictions.selectors.compared_runs import compared, is_told
from technova.web.requests import Request

SITE, MANAGER = frozenset({"site"}), frozenset({"responsable"})
MOST_ELSEWHERE = 10  # people searched who are not in the list
MOST_MANAGERS = 300  # in a menu; more are searched by name or number
HEADINGS = (
    ("number", _("Employee"), ""),
    ("job", _("Job"), ""),
    ("department", _("Department"), ""),
    ("risk", _("Risk"), "-"),  # a first click shows the riskiest
    ("change", _("Change (points)"), "-"),
)


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
    case: CaseMark | None  # the last that the reader sees


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A request for the list: the run, the scope, the filters, and the readable columns."""

    user: Any
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
        return ranking.narrowed(self.run, self.scope, self.form.narrowing(), self.before, self.user)

    def keys(self) -> np.ndarray | None:
        """The keys of the whole list, in its order, where it is about the change; else None.

        One query where it is narrowed by something else, too.
        """
        narrowing = self.form.narrowing()
        if self.run is None or self.before is None or not is_told(self.form.order, narrowing.change):
            return None
        others = replace(narrowing, change="")
        of = None
        if any(getattr(others, field.name) for field in fields(others)):
            rows = ranking.narrowed(self.run, self.scope, others, user=self.user)
            of = rows.order_by().values_list("pk", flat=True)
        return compared(self.run, self.before, self.scope).keys(self.form.order, narrowing.change, of=of)

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
        keys = self.keys()
        if keys is not None:
            return ranking.place_among(prediction.pk, keys)
        return ranking.place_of(prediction, self.rows, self.form.order, self.before, scope=self.scope)

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
        is_named = bool(given["manager"]) and not managers and readable.reads(MANAGER)
        is_of_change = bool(given["change"]) or state.get("sort", "").endswith("change")
        before = runs.latest_two()[1] if run and is_of_change else None
        form = RiskListForm(
            state,
            kinds,
            Places(of_site, managers, has_too_many_managers=is_named),
            readable,
            is_compared=bool(run and is_comparable(run, before)),
            follows=may_follow(request.user),
        )
        return cls(request.user, run, before, scope_of(request.user), readable, None, form)

    @classmethod
    def of(cls, user, state: QueryDict) -> "ListQuery":
        scope = scope_of(user)
        run, before = runs.latest_two()
        if run and (run.is_outdated or scope.team):
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
            follows=may_follow(user),
        )
        return cls(user, run, before, scope, readable, groups, form)


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
        context["other_model"] = other_model(query.run, request.user) if query.run else None
        context["left_out"] = left_out(query.run, query.scope, sees_people=True)
    if query.run and form.is_valid():
        context |= _results(request, query)
        listed = [row.prediction.employee_id for row in context["rows"]]
        listed += [each["person"].pk for each in context["elsewhere"]]
        journal.record_rows(journal.What.LIST, listed, user=request.user)
    response = render(request, "employees/results.html" if is_partial else "employees/list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    if is_partial:
        push_url(response, address(request.GET, page=request.GET.get("page", "")))
    return response


def rows_of(
    predictions: Sequence[Prediction], run: ScoringRun | None, before: ScoringRun | None, readable: Readable
) -> list[RiskRow]:
    """Predictions of a run with their employee, features and ``previous`` probability as lines in the active
    language."""
    then = run.threshold_against(before) if run and before else None
    return [_row(prediction, before, then, readable) for prediction in predictions]


def _row(
    prediction: Prediction, before: ScoringRun | None, threshold_then: float | None, readable: Readable
) -> RiskRow:
    of_run: Any = prediction  # with an employee, features and, by ``ranking.page_of``, the probability before
    previous = of_run.previous
    change, is_newly_over = 0.0, False
    is_compared = before is not None and prediction.model_version == before.model_version
    if is_compared and threshold_then is not None and previous is not None:
        change = (shown_tenths(prediction.probability) - shown_tenths(previous)) / 1000
        is_newly_over = previous < threshold_then and prediction.probability >= prediction.threshold
    return RiskRow(
        prediction=prediction,
        band=bands.band_of(prediction.probability, prediction.threshold, is_extrapolated=prediction.is_extrapolated),
        department=label("departement", of_run.employee.departement),
        job=label("poste", of_run.features.poste),
        reasons=_reasons(prediction, readable),
        change=change,
        is_new=before is not None and previous is None,
        is_newly_over=is_newly_over,
        case=person_cases.mark(prediction),
    )


def _reasons(prediction: Prediction, readable: Readable) -> list[str]:
    """The two strongest, as the person's page groups them for this reader; the log holds them as HR reads them."""
    if not readable.reads_everything:
        return shown_score.Shown(prediction, readable).raising_most
    names = [name for name in (prediction.main_reason, prediction.second_reason) if name]
    return [phrase(schema.BY_NAME[name], getattr(prediction.features, name)) for name in names]


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
    form = query.form
    page, predictions = _page(request, query)
    return {
        "elsewhere": _elsewhere(request, query) if form.cleaned_data["number"] else [],
        "page": page,
        "rows": rows_of(predictions, query.run, query.before, query.readable),
        "expected": InForce.of(query.run) if query.run else None,
        "threshold_moved": threshold_in_words(query.before, query.run) if query.run and query.before else "",
        "headings": [
            _heading(request.GET, form.order, word, text, first)
            for word, text, first in HEADINGS
            if word != "change" or query.before
        ],
        "most_at_once": exports.MOST_AT_ONCE,
        "list_query": query_of(request.GET),
        "is_narrowed": any(getattr(form.narrowing(), field.name) for field in fields(ranking.Narrowing)),
    }


def _page(request, query: ListQuery) -> tuple[Page, list[Prediction]]:
    """The page of the address and its people; one query where the first page holds everyone who was searched."""
    size, asked = query.form.cleaned_data["size"], request.GET.get("page") or "1"
    shown = {"scope": query.scope, "readable": query.readable, "user": request.user}

    def numbered(total: int) -> Page:
        return Paginator(range(total), size).get_page(asked)

    keys, sizes = query.keys(), query.sizes
    if keys is not None:
        page = numbered(len(keys))
        start = (page.number - 1) * size
        return page, ranking.page_of_keys(keys[start : start + size].tolist(), query.before, **shown)
    if sizes is None and asked == "1":
        found = ranking.page_of(query.rows, query.before, query.form.order, stop=size + 1, **shown)
        return numbered(len(found) if len(found) <= size else query.count()), found[:size]
    total = query.count()
    page = numbered(total)
    start = (page.number - 1) * size
    everyone = query.run.employee_count if query.run else 0
    of_page = {"start": start, "stop": start + size, "total": total, "everyone": everyone, "sizes": sizes}
    return page, ranking.page_of(query.rows, query.before, query.form.order, **of_page, **shown)


def _total(query: ListQuery) -> int:
    """How many are listed, where the figures of the run do not tell; those of the changes are kept."""
    narrowing = query.form.narrowing()
    is_change_alone = narrowing.change and narrowing == ranking.Narrowing(change=narrowing.change, numbers=[], names=[])
    if is_change_alone and query.run and query.before:
        return compared(query.run, query.before, query.scope).counts[ranking.Change(narrowing.change)]
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
    if person.objected_on:
        return {"why": gettext("is not scored: objection")}
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
