"""The import: upload, preview, confirmation, progress, result. For those who see everyone."""

from collections.abc import Set as AbstractSet
from datetime import date

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.core.validators import FileExtensionValidator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from employees import imports
from employees.access import scope_of
from employees.columns import Extract
from employees.messages import Message
from employees.models import Import
from employees.terms import NUMBERED, labelled
from employees.terms.changes import Unacceptable
from employees.workforce.as_of import common_date
from predictions import import_process
from predictions.formats import csv_delimiter
from predictions.pages import import_lists
from predictions.pages.import_lists import LABELS, Listing
from technova.database.locks import Busy
from technova.files.spreadsheets import streamed_csv
from technova.web.upload_limit import oversized

IMPORTS_SHOWN = 20
LINES_A_PAGE = 50
STEPS = {
    "Deriving the workforce": gettext_lazy("Comparing with what is known"),
    "Building features": gettext_lazy("Building the features"),
    "Scoring": gettext_lazy("Scoring everyone"),
}
TONES = {Import.State.DONE: "good", Import.State.REFUSED: "very-high", Import.State.FAILED: "very-high"}
WHOLE_COMPANY = gettext_lazy(
    "The extracts hold the whole company, and your account sees some departments only. "
    "Ask someone in HR who sees everyone to import them."
)


def may_import(user) -> bool:
    """Whether an account may add employees and sees everyone, as the pages of an import show them. Three queries."""
    return user.has_perm("employees.add_employee") and scope_of(user).sees_everyone


def _admitted(user) -> bool:
    if not user.has_perm("employees.add_employee"):
        raise PermissionDenied
    if not scope_of(user).sees_everyone:
        raise PermissionDenied(WHOLE_COMPANY)
    return True


for_importers = user_passes_test(_admitted)


class ImportForm(forms.Form):
    """The files of one day, by kind of extract: any of them, at least one."""

    as_of = forms.DateField(
        label=gettext_lazy("The day that the files describe"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: the day in the names of the files, where they agree on one."),
    )
    sirh = forms.FileField(label=gettext_lazy("SIRH extract"), help_text=gettext_lazy("Job, pay and seniority."))
    eval = forms.FileField(
        label=gettext_lazy("Evaluation extract"),
        help_text=gettext_lazy("Appraisals, satisfactions, overtime and pay rises."),
    )
    sondage = forms.FileField(
        label=gettext_lazy("Survey extract"),
        help_text=gettext_lazy("Training, travel, promotion, and who left, when it is known."),
    )
    annuaire = forms.FileField(
        label=gettext_lazy("Directory"),
        help_text=gettext_lazy("Names, managers, sites, days of entry and of exit."),
    )

    def __init__(self, *args, dropped: AbstractSet[str] = frozenset(), **kwargs):
        super().__init__(*args, **kwargs)
        self.dropped = dropped
        wrong_type = gettext_lazy("This is not a CSV file. In Excel: Save as, CSV UTF-8.")
        for extract in Extract:
            field = self.fields[extract]
            field.required = False
            field.widget.attrs["accept"] = ".csv,.txt,text/csv"
            field.validators.append(FileExtensionValidator(["csv", "txt"], message=wrong_type))

    def clean(self):
        for name in self.dropped & self.fields.keys():
            self.errors.pop(name, None)
            limit = filesizeformat(settings.LARGEST_UPLOAD)
            self.add_error(name, _("The file is larger than %(limit)s.") % {"limit": limit})
        if not self.errors and not self.files_given:
            self.add_error("sirh", _("Choose at least one file."))
        if self.files_given and not self.errors and self.day is None:
            self.add_error("as_of", _("The names of the files hold no day: enter the one that they describe."))
        if self.files_given and self.day and self.day > timezone.localdate():
            self.add_error("as_of", _("This day is still to come."))

    @property
    def files_given(self) -> dict[Extract, UploadedFile]:
        return {extract: file for extract in Extract if (file := self.cleaned_data.get(extract))}

    @property
    def day(self) -> date | None:
        """The day entered, or that the names of the files agree on."""
        return self.cleaned_data.get("as_of") or common_date(file.name or "" for file in self.files_given.values())


@for_importers
def uploads(request: HttpRequest) -> HttpResponse:
    import_process.settle()
    imports.purge()
    form = ImportForm(request.POST or None, request.FILES or None, dropped=oversized(request))
    if request.method == "POST" and form.is_valid() and form.day:
        upload = import_process.receive(user=request.user, as_of=form.day, files=form.files_given)
        return redirect("import_detail", upload.pk)
    recent = _with_badges(Import.objects.select_related("user")[:IMPORTS_SHOWN])
    context = {"form": form, "uploads": recent, "limit": filesizeformat(settings.LARGEST_UPLOAD)}
    return render(request, "imports/imports.html", context, status=422 if form.errors else 200)


def _tone(upload: Import) -> str:
    return TONES.get(Import.State(upload.state), "")


def _with_badges(uploads: QuerySet) -> list[dict]:
    return [{"upload": upload, "tone": _tone(upload)} for upload in uploads]


@require_safe
@for_importers
def detail(request: HttpRequest, pk) -> HttpResponse:
    upload = get_object_or_404(Import.objects.select_related("user", "confirmed_by", "load__withdrawn_by"), pk=pk)
    if upload.is_at_work:
        import_process.settle()
        upload.refresh_from_db()
    summary = _summary(upload)
    pair = import_lists.runs_around(upload) if upload.state == Import.State.DONE else None
    context = {
        "upload": upload,
        "tone": _tone(upload),
        "files": upload.files.defer("content"),
        "progress": _progress(upload) if upload.is_at_work else None,
        "error": _error(upload),
        "summary": summary,
        "has_something_to_load": bool(summary and summary["is_new"]),
        "alarms": [Message.of(alarm).said(_) for alarm in summary.get("alarms", ())],
        "changes": import_lists.first_changes(upload) if summary else [],
        "columns": import_lists.columns_changed(upload) if summary else [],
        "causes": import_lists.causes(upload),
        "risk": import_lists.risk_cards(upload, pair) if pair else [],
        "questions": _questions(upload),
        "vocabularies": _vocabularies(upload),
    }
    return render(request, "imports/import.html", context)


def _summary(upload: Import) -> dict:
    """What a load changes; empty before the check, and for an import of before loads had a day."""
    summary = upload.summary or {}
    return summary if "moves" in summary else {}


def _questions(upload: Import) -> list[dict]:
    """The words that are not known, each with what it may be."""
    return [
        question | {"label": capfirst(LABELS[question["column"]]), "is_spelling": question["column"] in NUMBERED}
        for question in imports.questions_of(upload)
    ]


def _vocabularies(upload: Import) -> dict[str, list[tuple[str, str]]]:
    """The values to choose from, by column; each with its label."""
    return {name: labelled(name) for name in {question["column"] for question in imports.questions_of(upload)}}


def _progress(upload: Import) -> dict[str, object]:
    step, done, total = import_process.progress_of(upload) or ("", 0, 0)
    return {"step": STEPS.get(step, _("Reading the files")), "done": done, "total": total}


def _error(upload: Import) -> str:
    """Why it was refused or failed, in the reader's language."""
    if not upload.error:
        return ""
    reason = Message.of(upload.error).said(_)
    file = upload.error.get("file")
    return _("%(file)s: %(reason)s") % {"file": file, "reason": reason} if file else capfirst(reason)


@require_POST
@for_importers
def confirm(request: HttpRequest, pk) -> HttpResponse:
    upload = get_object_or_404(Import, pk=pk)
    try:
        import_process.confirm(
            upload=upload,
            user=request.user,
            checked_at=request.POST.get("checked_at", ""),
            accept_implausible=bool(request.POST.get("accept_implausible")),
            leave_unknown=bool(request.POST.get("leave_unknown")),
        )
    except imports.NotAnswered:
        messages.error(request, _("Answer the questions or tick the box below them. Nothing was loaded."))
    except imports.NotAccepted:
        messages.error(request, _("Tick the box to load what seems implausible. Nothing was loaded."))
    except Busy as error:
        messages.error(request, _(str(error)))
    except imports.Outdated:
        messages.warning(request, _("This is no longer what you saw when you confirmed. Nothing was loaded."))
    return redirect("import_detail", upload.pk)


@require_POST
@for_importers
def answer(request: HttpRequest, pk) -> HttpResponse:
    """Take the answers to the questions about words; an empty one leaves the word unknown."""
    upload = get_object_or_404(Import, pk=pk)
    places = range(len(imports.questions_of(upload)))
    given = {place: request.POST.get(f"answer-{place}", "").strip() for place in places}
    try:
        import_process.answer(
            upload=upload,
            user=request.user,
            checked_at=request.POST.get("checked_at", ""),
            answers={place: value for place, value in given.items() if value},
        )
    except Unacceptable as error:
        messages.error(request, error.message.said(_))
    except imports.Outdated:
        messages.warning(request, _("This is no longer what you saw when you answered. Nothing was kept."))
    return redirect("import_detail", upload.pk)


@require_POST
@for_importers
def retry(request: HttpRequest, pk) -> HttpResponse:
    upload = get_object_or_404(Import, pk=pk)
    try:
        import_process.retry(upload=upload)
    except Busy as error:
        messages.error(request, _(str(error)))
    return redirect("import_detail", upload.pk)


@require_POST
@for_importers
def discard(request: HttpRequest, pk) -> HttpResponse:
    if not imports.discard(upload=get_object_or_404(Import, pk=pk)):
        return redirect("import_detail", pk)
    messages.success(request, _("The files were deleted and nothing was loaded."))
    return redirect("import")


@require_safe
@for_importers
def listed(request: HttpRequest, pk, name: str) -> HttpResponse:
    """One list of an import, in pages."""
    upload, found = _listing(pk, name)
    page = Paginator(found.rows, LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {"upload": upload, "name": name, "listing": found, "page": page, "rows": found.shown(list(page))}
    return render(request, "imports/list.html", context)


def _listing(pk, name: str) -> tuple[Import, Listing]:
    upload = get_object_or_404(Import, pk=pk)
    found = import_lists.listing(upload, name)
    if found is None:
        raise Http404
    return upload, found


@require_safe
@for_importers
def listed_csv(request: HttpRequest, pk, name: str) -> StreamingHttpResponse:
    """The whole list as a file."""
    upload, found = _listing(pk, name)
    file = f"technova-{name}-{timezone.localtime(upload.created_at):%Y%m%d-%H%M}.csv"
    return StreamingHttpResponse(
        streamed_csv(found.lines(), delimiter=csv_delimiter()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
