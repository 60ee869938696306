"""The departures: people, days, reasons, and the last score before."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import Readable, readable_to, scope_of
from employees.models import EmployeeState
from employees.workforce.naming import with_names
from predictions.formats import csv_delimiter
from predictions.pages.days import DAYS, DayField, PeriodForm
from predictions.pages.people import shown_score
from predictions.pages.people.list_form import label
from predictions.pages.presence import answering
from predictions.selectors import departures as selectors
from predictions.selectors.departures import Departed
from technova.files.spreadsheets import streamed_csv
from technova.web.requests import Request

REASON = frozenset({"motif_sortie"})


class DeparturesForm(PeriodForm):
    """The filters of the departures."""

    department = forms.ChoiceField(label=gettext_lazy("Department"), required=False)
    since = DayField(label=gettext_lazy("Left from"), validators=DAYS)
    until = DayField(label=gettext_lazy("Left until"), validators=DAYS)

    def __init__(self, data, departments: list[str]):
        super().__init__(data)
        options = sorted(((name, label("departement", name)) for name in departments), key=lambda pair: pair[1])
        field: forms.ChoiceField = self.fields["department"]  # type: ignore[assignment]
        field.choices = [("", _("All departments")), *options]


@dataclass(frozen=True, slots=True)
class DepartedRow:
    """A line of the page."""

    number: int
    name: str
    department: str
    job: str
    when: str
    because: str
    score: shown_score.Shown | None


def _row(person: Departed, readable: Readable) -> DepartedRow:
    state, score = person.state, person.score
    features = score and score.features
    return DepartedRow(
        number=state.employee.employee_id,
        name=getattr(state, "name", ""),  # the file has none
        department=label("departement", state.departement),
        job=label("poste", getattr(features, "poste", "")),
        when=answering.when(state),
        because=answering.reason(state.left_because) if readable.reads(REASON) else "",
        score=shown_score.Shown(score, readable) if score else None,
    )


def _asked(request: Request) -> tuple[DeparturesForm, QuerySet[EmployeeState] | None]:
    """The form from the address, and the people it selects; None for an invalid form."""
    scope = scope_of(request.user)
    form = DeparturesForm(request.GET, selectors.departments_left(scope))
    return form, selectors.departures(scope, **form.cleaned_data) if form.is_valid() else None


@require_safe
def departures(request: Request) -> HttpResponse:
    form, states = _asked(request)
    readable = readable_to(request.user)
    page = None
    if states is not None:
        named = with_names(states, answering.NUMBER, readable)
        page = Paginator(named, answering.PAGE_SIZE).get_page(request.GET.get("page"))
    journal.record_rows(journal.What.LIST, [state.employee_id for state in page or ()], user=request.user)
    context = {
        "form": form,
        "page": page,
        "rows": [_row(person, readable) for person in selectors.with_scores(list(page))] if page else [],
        "shows_reasons": readable.reads(REASON),
        "export": f"{reverse('departures_csv')}?{request.GET.urlencode()}",
    }
    return render(request, "presence/departures.html", context)


@require_safe
def departures_csv(request: Request) -> HttpResponse | StreamingHttpResponse:
    """The same people as a file; an invalid address redirects to the page, which shows the errors."""
    _form, states = _asked(request)
    if states is None:
        return redirect(f"{reverse('departures')}?{request.GET.urlencode()}")
    journal.record_file(journal.What.FILE, states, states.count(), user=request.user)
    name = _("departures")
    return StreamingHttpResponse(
        _lines(states, readable_to(request.user), get_language()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="technova-{name}-{timezone.localdate():%Y-%m-%d}.csv"'},
    )


def _lines(states: QuerySet[EmployeeState], readable: Readable, language: str | None) -> Iterator[str]:
    """Some lines at a time; the language is given, since they are read after the view has answered."""
    with override(language):
        delimiter = csv_delimiter()
    return streamed_csv(_cells(states, readable, language), delimiter=delimiter)


def _cells(states: QuerySet[EmployeeState], readable: Readable, language: str | None) -> Iterator[list]:
    with override(language):
        yield [
            _("Employee number"),
            _("Department"),
            _("Job"),
            _("Left after"),
            _("Left by"),
            *([_("Reason")] if readable.reads(REASON) else []),
            _("Probability before"),
            _("Risk"),
            _("Score as of"),
        ]
    for person in selectors.in_chunks(states):
        with override(language):
            cells = _cells_of(person, readable)
        yield cells


def _cells_of(person: Departed, readable: Readable) -> list:
    row, state, score = _row(person, readable), person.state, person.score
    probability = f"{score.probability:.4f}".replace(".", get_format("DECIMAL_SEPARATOR")) if score else ""
    return [
        row.number,
        row.department,
        row.job,
        state.left_after.isoformat() if state.left_after else "",
        state.left_by.isoformat() if state.left_by else "",
        *([row.because] if readable.reads(REASON) else []),
        probability,
        str(row.score.band.label) if row.score else "",
        score.run.as_of.isoformat() if score and score.run and score.run.as_of else "",
    ]
