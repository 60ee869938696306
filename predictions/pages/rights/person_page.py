"""The rights of one person: their dossier, what they asked, and the form of another request."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import may_decide, readable_to, scope_of
from employees.models import Employee
from predictions import rescoring
from predictions.pages.presence.answering import for_answerers
from predictions.pages.rights.dossier_page import may_make
from predictions.pages.rights.forms import HoldForm, ReceivedForm
from predictions.rights import holds, services
from predictions.rights.holds import hold_of
from predictions.rights.models import DataRequest
from predictions.rights.selectors import requests_about
from predictions.selectors import people
from technova.database.locks import Busy
from technova.web.requests import Request


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def rights(request: Request, employee_id: int) -> HttpResponse:
    person = people.person(employee_id, scope_of(request.user), readable_to(request.user))
    if person is None:
        raise Http404
    made: DataRequest | None = None
    act, may_erase = request.POST.get("act"), may_decide(request.user)
    is_hold = act in ("hold", "lift")
    hold_form = HoldForm(request.POST if is_hold and may_erase else None, prefix="hold")
    if is_hold and not may_erase:
        raise PermissionDenied
    if hold_form.is_bound and hold_form.is_valid() and _held(request, person, hold_form):
        return redirect("employee_rights", person.employee_id)
    form = ReceivedForm(request.POST if request.method == "POST" and not is_hold else None)
    if form.is_bound and form.is_valid():
        made = _received(request, person, form)
    if form.is_bound and form.is_valid() and made:
        messages.success(
            request, _("The request is recorded, to be answered by %(day)s.") % {"day": date_format(made.due)}
        )
        return redirect("requests_request", made.pk)
    journal.record(journal.What.PERSON, user=request.user, employee=person)
    context = {"may_make": may_make(request.user), "person": person, "form": form, "requests": requests_about(person)}
    context |= {"may_erase": may_erase, "hold": hold_of(person), "hold_form": hold_form}
    return render(request, "rights/person.html", context, status=422 if form.errors or hold_form.errors else 200)


def _held(request: Request, person: Employee, form: HoldForm) -> bool:
    """Whether the data are held, or no longer; else the form says why not."""
    reason, in_force = form.cleaned_data["reason"].strip(), hold_of(person)
    try:
        if request.POST["act"] == "hold":
            holds.hold(employee=person, reason=reason, user=request.user)
            messages.success(request, _("What is about this person is kept until the hold is lifted."))
        elif in_force is None:
            raise services.Unexpected
        else:
            holds.lift(held=in_force, reason=reason, user=request.user)
            messages.success(request, _("The hold is lifted: the times of retention apply again."))
    except services.Unexpected:
        form.add_error(None, _("Somebody else has changed this meanwhile: look at it again."))
        return False
    return True


def _received(request: Request, person: Employee, form: ReceivedForm) -> DataRequest | None:
    """The request that was recorded; None where the form says why not."""
    given = form.cleaned_data
    try:
        made = services.receive(
            employee=person,
            kind=DataRequest.Kind(given["kind"]),
            received_on=given["received_on"],
            said=given["said"].strip(),
            user=request.user,
        )
    except services.HasObjected:
        form.add_error("kind", _("This person has objected already: open that request."))
    except Busy:
        form.add_error(None, _("Data are being loaded at this moment: try again when that is done."))
    else:
        if made.kind == DataRequest.Kind.OBJECTION:
            rescoring.rescore.enqueue()
        return made
    return None
