"""The compliance file: its documents on the screen, as PDF and for the CNIL's tool; what the company answers."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from employees.access import may_audit, may_decide, only_for, scope_of
from predictions.compliance import services
from predictions.compliance.models import Incident
from predictions.compliance.questions import GROUPS, Kind, Question
from predictions.pages.compliance import installation, pia
from predictions.pages.compliance.document import Document
from predictions.pages.compliance.documents import DOCUMENTS
from predictions.pages.pdf import DOCUMENT, data_of, typeset
from technova.web.requests import Request


def may_read(user) -> bool:
    """Whether an account reads the compliance file, which covers the whole company."""
    return scope_of(user).sees_everyone or may_audit(user)


class AnswersForm(forms.Form):
    """The company's answers: all may stay empty."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for questions in GROUPS.values():
            for question in questions:
                self.fields[question.name] = _field(question)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(_(title), [self[question.name] for question in questions]) for title, questions in GROUPS.items()]

    def clean(self):
        values = super().clean() or {}
        return {name: "" if value is None else str(value) for name, value in values.items()}


def _field(question: Question) -> forms.Field:
    help_text = _(question.help) if question.help else ""
    usual: dict[str, Any] = {"label": _(question.label), "help_text": help_text, "required": False}
    match question.kind:
        case Kind.DAY:
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(widget=widget, validators=[_has_come], **usual)
        case Kind.CHOICE:
            return forms.ChoiceField(
                choices=[("", "–"), *((key, _(text)) for key, text in question.choices.items())], **usual
            )
        case Kind.LINE:
            return forms.CharField(max_length=200, **usual)
    return forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), **usual)


def _has_come(day: date) -> None:
    if day > localdate():
        raise forms.ValidationError(_("This day is still to come."))


class IncidentForm(forms.ModelForm):
    class Meta:
        model = Incident
        fields = (
            "kind",
            "happened_on",
            "noticed_on",
            "people",
            "what",
            "measures",
            "authority_told_on",
            "people_told_on",
        )
        widgets = {
            name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            for name in ("happened_on", "noticed_on", "authority_told_on", "people_told_on")
        } | {name: forms.Textarea(attrs={"rows": 3}) for name in ("what", "measures")}

    def clean(self):
        values = super().clean() or {}
        happened, noticed = values.get("happened_on"), values.get("noticed_on")
        if noticed and noticed > localdate():
            self.add_error("noticed_on", _("This day is still to come."))
        elif happened and noticed and noticed < happened:
            self.add_error("noticed_on", _("It was noticed before it happened: one of the two days is wrong."))
        return values


@require_safe
@only_for(may_read)
def index(request: Request) -> HttpResponse:
    facts = installation.read(request.user)
    documents = [make(facts) for make in DOCUMENTS.values()]
    context = {
        "documents": documents,
        "consulted_on": facts.answer("council_on").text,
        "may_answer": may_decide(request.user),
    }
    return render(request, "compliance/index.html", context)


@require_safe
@only_for(may_read)
def document(request: Request, name: str) -> HttpResponse:
    found = _document(request, name)
    return render(request, "compliance/document.html", {"document": found, "may_answer": may_decide(request.user)})


@require_safe
@only_for(may_read)
def document_pdf(request: Request, name: str) -> HttpResponse:
    found = _document(request, name)
    pdf = typeset(
        request, DOCUMENT, data_of(found), failed=_("The PDF could not be made. The page shows the same text.")
    )
    if pdf is None:
        return redirect("compliance_document", name)
    headers = {"Content-Disposition": f'attachment; filename="technova-{name}-{localdate():%Y-%m-%d}.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@require_safe
@only_for(may_read)
def pia_json(request: Request) -> HttpResponse:
    """The impact assessment for the CNIL's PIA tool."""
    headers = {"Content-Disposition": f'attachment; filename="technova-pia-{localdate():%Y-%m-%d}.json"'}
    return JsonResponse(pia.export(installation.read(request.user)), headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@only_for(may_decide)
def answers(request: Request) -> HttpResponse:
    form = AnswersForm(request.POST if request.method == "POST" else None, initial=services.answers())
    if form.is_bound and form.is_valid():
        services.record_answers(given=form.cleaned_data, user=request.user)
        messages.success(request, _("The answers are recorded. The documents state them from now on."))
        return redirect("compliance")
    return render(request, "compliance/answers.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@only_for(may_decide)
def incident(request: Request) -> HttpResponse:
    form = IncidentForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        form.instance.recorded_by = request.user
        form.save()
        messages.success(request, _("The incident is recorded."))
        return redirect("compliance_document", "incidents")
    return render(request, "compliance/incident.html", {"form": form}, status=422 if form.errors else 200)


def _document(request: Request, name: str) -> Document:
    if name not in DOCUMENTS:
        raise Http404
    return DOCUMENTS[name](installation.read(request.user))
