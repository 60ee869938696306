"""The dossier of a person as a file: PDF for them, JSON for a computer."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import may_answer, only_for, readable_to, scope_of
from employees.models import Employee
from predictions.pages.pdf import DOCUMENT, data_of, typeset
from predictions.pages.rights.dossier_document import document
from predictions.rights.dossier import dossier
from predictions.rights.services import dossier_made
from predictions.selectors import people
from technova.web.requests import Request


def may_make(user) -> bool:
    """Whether an account makes dossiers: they hold what a person was in every department, and with which manager."""
    return may_answer(user) and scope_of(user).sees_everyone


for_makers = only_for(may_make)


@require_safe
@for_makers
def pdf(request: Request, employee_id: int) -> HttpResponse:
    person = _person(request, employee_id)
    dossier_made(employee=person, user=request.user)
    data = data_of(document(dossier(person, has_notes=_has_notes(request))))
    file = typeset(request, DOCUMENT, data, failed=_("The PDF could not be made. The JSON has the same data."))
    if file is None:
        return redirect("employee_rights", employee_id)
    return _attached(request, person, file, "pdf", "application/pdf")


@require_safe
@for_makers
def as_json(request: Request, employee_id: int) -> HttpResponse:
    person = _person(request, employee_id)
    dossier_made(employee=person, user=request.user)
    found = dossier(person, has_notes=_has_notes(request))
    text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    return _attached(request, person, text, "json", "application/json")


def _person(request: Request, employee_id: int) -> Employee:
    person = people.person(employee_id, scope_of(request.user), readable_to(request.user))
    if person is None:
        raise Http404
    return person


def _has_notes(request: Request) -> bool:
    return request.GET.get("notes") != "no"


def _attached(request: Request, person: Employee, body: bytes | str, kind: str, content_type: str) -> HttpResponse:
    journal.record(journal.What.FILE, user=request.user, employee=person)
    word = _("dossier")
    name = f"technova-{word}-{person.employee_id}-{localdate():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=content_type, headers=headers)
