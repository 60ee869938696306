"""One request: what was asked, its history, and the forms to answer it or to take more time."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import may_decide, readable_to
from employees.models import WorkforceDay
from predictions import rescoring
from predictions.pages.presence.answering import for_answerers
from predictions.pages.rights.forms import AnswerForm, CorrectionForm, EndForm, ReasonForm
from predictions.rights import services
from predictions.rights.corrected import corrected_in_words
from predictions.rights.models import DataRequest
from predictions.rights.refusals import refusal
from predictions.rights.selectors import requests_of
from technova.database.locks import Busy
from technova.web.requests import Request


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def show(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(requests_of(request.user, readable_to(request.user)), pk=pk)
    act = request.POST.get("act") if request.method == "POST" else None
    kind = DataRequest.Kind(found.kind)
    sent = request.POST if act == "answer" else None
    answer_form = AnswerForm(sent, kind=kind) if kind != DataRequest.Kind.CORRECTION else _correction_form(sent)
    reason_form = ReasonForm(request.POST if act == "extend" else None)
    end_form = EndForm(request.POST if act == "end" else None)
    forms = (answer_form, reason_form, end_form)
    writes: tuple[Callable[[Request, DataRequest, Any], str], ...] = (_answer, _extend, _end)
    for form, write in zip(forms, writes, strict=True):
        if form.is_bound and form.is_valid() and _done(request, found, form, write):
            return redirect("requests_request", pk)
    journal.record(journal.What.PERSON, user=request.user, employee=found.employee)
    context: dict[str, Any] = {
        "asked": found,
        "changes": found.changes.select_related("by").order_by("-id"),
        "answer_form": answer_form,
        "reason_form": reason_form,
        "end_form": end_form if found.may_end else None,
        "corrected": corrected_in_words(found.correction) if found.correction else "",
        "late": next((error for form in forms for error in form.non_field_errors()), ""),
    }
    if kind == DataRequest.Kind.ERASURE and found.is_open:
        context["kept"] = str(refusal(found.employee, today=timezone.localdate()) or "")
        context["may_erase"] = may_decide(request.user)
    is_refused = any(form.errors for form in forms)
    return render(request, "rights/request.html", context, status=422 if is_refused else 200)


def _correction_form(sent: QueryDict | None) -> CorrectionForm:
    newest = WorkforceDay.objects.values_list("as_of", flat=True).last()
    return CorrectionForm(sent, kind=DataRequest.Kind.CORRECTION, newest=newest)


def _done(request: Request, found: DataRequest, form, write: Callable[[Request, DataRequest, Any], str]) -> bool:
    """Whether it is written; else the form says why not."""
    try:
        messages.success(request, write(request, found, form))
    except services.Unexpected:
        form.add_error(None, _("Somebody else has changed this request meanwhile: look at it again."))
        return False
    except Busy:
        form.add_error(None, _("Data are being loaded at this moment: try again when that is done."))
        return False
    if found.kind in services.CHANGES_SCORES:
        rescoring.rescore.enqueue()
    return True


def _answer(request: Request, found: DataRequest, form: AnswerForm) -> str:
    given = form.cleaned_data
    services.answer(
        request=found,
        is_granted=given["is_granted"],
        text=given["answer"].strip(),
        right=form.right if isinstance(form, CorrectionForm) else None,
        user=request.user,
    )
    return _("The answer is recorded.")


def _end(request: Request, found: DataRequest, form: EndForm) -> str:
    services.end(request=found, reason=form.cleaned_data["word"].strip(), user=request.user)
    return _("It has ended.")


def _extend(request: Request, found: DataRequest, form: ReasonForm) -> str:
    due = services.extend(request=found, reason=form.cleaned_data["reason"].strip(), user=request.user).due
    return _("There is time until %(day)s now.") % {"day": date_format(due)}
