"""The import: upload, preview, confirmation, progress, result. For those who see everyone."""

from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from employees import journal, terms, uploads
from employees.access import Readable, may_add_employees, may_decide, readable_to, scope_of
from employees.extracts import ENDINGS
from employees.extracts.template import template_workbook
from employees.messages import Message
from employees.models import Import, SavedMapping, WorkforceDay
from employees.terms.changes import Unacceptable
from employees.workforce import clarifying
from employees.workforce.as_of import EARLIEST, common_date, differing_dates
from employees.workforce.refused import refused_by
from predictions import import_process
from predictions.pages.days import DayField
from predictions.pages.imports import import_lists
from predictions.pages.imports.import_questions import QuestionsForm
from predictions.pages.listings import Listing, csv_of
from predictions.pages.runs_compared import threshold_in_words
from predictions.selectors import people
from technova import jobs
from technova.database.locks import Busy
from technova.files.spreadsheets import XLSX
from technova.web.requests import Request
from technova.web.upload_limit import oversized

IMPORTS_SHOWN = 20
LINES_A_PAGE = 50
STEPS = {
    "Deriving the workforce": gettext_lazy("Comparing with what is known"),
    "Building features": gettext_lazy("Building the features"),
    "Scoring": gettext_lazy("Scoring everyone"),
    "Storing the run": gettext_lazy("Storing the scores and checking the forecast"),
}
TONES = {Import.State.DONE: "good", Import.State.REFUSED: "very-high", Import.State.FAILED: "very-high"}
WHOLE_COMPANY = gettext_lazy(
    "The extracts hold the whole company, and your account sees some departments only. "
    "Ask someone in HR who sees everyone to import them."
)


def may_import(user) -> bool:
    """Whether an account may add employees and sees everyone: the pages of an import show everyone."""
    return may_add_employees(user) and scope_of(user).sees_everyone


def admitted(user) -> bool:
    if not may_add_employees(user):
        raise PermissionDenied
    if not scope_of(user).sees_everyone:
        raise PermissionDenied(WHOLE_COMPANY)
    return True


for_importers = user_passes_test(admitted)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, at least one."""

    widget = ManyFiles(attrs={"accept": ",".join(ENDINGS), "class": "drop-zone"})

    def clean(self, data, initial=None):
        files = [super(FilesField, self).clean(file, initial) for file in data or [None]]
        for file in files:
            if not file.name.lower().endswith(ENDINGS):
                raise ValidationError(_("%(file)s is no CSV, XLSX or ODS file."), params={"file": file.name})
        return files


class ImportForm(forms.Form):
    """The files of one day, in any number and order."""

    extracts = FilesField(
        label=gettext_lazy("The files"),
        help_text=gettext_lazy(
            "Choose them together or drop them here: CSV, XLSX or ODS, recognised by their columns."
        ),
        error_messages={"required": gettext_lazy("Choose at least one file.")},
        allow_empty_file=True,  # the check reports it, with the file's name
    )
    as_of = DayField(
        label=gettext_lazy("The day that the files describe"),
        help_text=gettext_lazy("Empty: the day in the names of the files, where they agree on one."),
    )
    mapping = forms.ModelChoiceField(
        label=gettext_lazy("Read by the mapping"),
        queryset=SavedMapping.objects.all(),
        required=False,
        empty_label=gettext_lazy("the one that changed last"),
    )

    def __init__(self, *args, dropped: AbstractSet[str] = frozenset(), **kwargs):
        super().__init__(*args, **kwargs)
        self.dropped = dropped
        if SavedMapping.objects.count() < 2:
            del self.fields["mapping"]

    def clean(self):
        if self.dropped:
            self.errors.pop("extracts", None)
        for file in sorted(self.dropped):
            limit = filesizeformat(settings.LARGEST_UPLOAD)
            self.add_error("extracts", _("%(file)s is larger than %(limit)s.") % {"file": file, "limit": limit})
        if not self.errors and self.day is None:
            self.add_error("as_of", self._why_no_day())
        if not self.errors and self.day and self.day > timezone.localdate():
            self.add_error("as_of", _("This day is still to come."))
        if not self.errors and self.day and self.day < EARLIEST:
            self.add_error("as_of", _("This day is too long ago."))
        if self.errors and "extracts" not in self.errors:
            self.add_error("extracts", _("Choose the files again: the browser has not kept them."))

    def _why_no_day(self) -> str:
        days = differing_dates(file.name for file in self.cleaned_data["extracts"])
        if not days:
            return _("The names of the files hold no day: enter the one that they describe.")
        text = _("The names of the files hold different days, %(days)s: choose those of one day, or enter it.")
        return text % {"days": ", ".join(date_format(day, "SHORT_DATE_FORMAT") for day in days)}

    @property
    def day(self) -> date | None:
        """The day entered, or the one in the names of all files."""
        return self.cleaned_data["as_of"] or common_date(file.name for file in self.cleaned_data["extracts"])


@require_http_methods(["GET", "HEAD", "POST"])
@for_importers
def index(request: HttpRequest) -> HttpResponse:
    uploads.purge()
    form = ImportForm(request.POST or None, request.FILES or None, dropped=oversized(request))
    if request.method == "POST" and form.is_valid() and form.day:
        given = form.cleaned_data
        upload = import_process.receive(
            user=request.user, as_of=form.day, files=given["extracts"], mapping=given.get("mapping")
        )
        return redirect("import_detail", upload.pk)
    recent = Import.objects.select_related("user", "load", "deleted_by")[:IMPORTS_SHOWN]
    if any(upload.is_at_work for upload in recent):
        import_process.settle()
        recent = recent.all()
    context = {
        "form": form,
        "uploads": _with_badges(recent),
        "limit": filesizeformat(settings.LARGEST_UPLOAD),
        "may_schedule": may_decide(request.user),
    }
    return render(request, "imports/imports.html", context, status=422 if form.errors else 200)


@require_safe
@for_importers
def template(request: HttpRequest) -> HttpResponse:
    """A workbook to fill in, without the columns that are switched off."""
    headers = {"Content-Disposition": 'attachment; filename="technova-extracts.xlsx"'}
    return HttpResponse(template_workbook(terms.wanted), content_type=XLSX, headers=headers)


def _tone(upload: Import) -> str:
    return TONES.get(Import.State(upload.state), "")


def _with_badges(recent: QuerySet) -> list[dict]:
    return [{"upload": upload, "tone": _tone(upload)} for upload in recent]


@require_safe
@for_importers
def detail(request: Request, pk) -> HttpResponse:
    uploaded = Import.objects.select_related("user", "confirmed_by", "load__withdrawn_by", "deleted_by")
    upload = get_object_or_404(uploaded, pk=pk)
    if upload.is_at_work:
        import_process.settle()
        upload.refresh_from_db()
    return _detail(request, upload, QuestionsForm(uploads.questions_of(upload)))


def _detail(request: Request, upload: Import, form: QuestionsForm) -> HttpResponse:
    summary = _summary(upload)
    is_at_rest = bool(summary) and not upload.is_at_work
    pair = import_lists.runs_around(upload) if upload.state == Import.State.DONE else None
    newer_day = _newer_day(upload) if summary else None
    context: dict[str, Any] = {
        "upload": upload,
        "tone": _tone(upload),
        "files": upload.files.defer("content"),
        "progress": _progress(upload) if upload.is_at_work else None,
        "error": _error(upload),
        "summary": summary,
        "newer_day": newer_day,
        "to_clarify": [] if newer_day else _to_clarify(request, upload),
        "has_something_to_load": bool(summary and summary["is_new"]),
        "alarms": import_lists.alarms_in_words(summary.get("alarms", ())),
        "changes": import_lists.first_changes(upload, readable_to(request.user)) if is_at_rest else [],
        "columns": import_lists.columns_changed(upload) if summary else [],
        "causes": import_lists.causes(upload),
        "risk": import_lists.risk_cards(upload, pair) if pair else [],
        "threshold_moved": threshold_in_words(pair.before, pair.after) if pair else "",
        "questions": form,
    }
    # Nobody is listed while the page asks each second how far the work is: on SQLite an entry would wait for that work.
    if listed := sum(len(each["rows"]) for each in context["changes"]):
        journal.record(journal.What.LIST, user=request.user, people=listed)
    return render(request, "imports/import.html", context, status=422 if form.errors else 200)


def _summary(upload: Import) -> dict:
    """The changes of a load; empty before the check, and for imports older than dated loads."""
    summary = upload.summary or {}
    return summary if "moves" in summary else {}


def _newer_day(upload: Import) -> date | None:
    """The newest day that is known, where the files describe an earlier one. One query."""
    newest = WorkforceDay.objects.last()
    return newest.as_of if newest and upload.as_of and newest.as_of > upload.as_of else None


def _to_clarify(request: Request, upload: Import) -> list[dict]:
    """What is left to clarify after a load of the newest day, and where: whoever may import may answer it, too.

    One query, which counts for the menu too. Nothing of a load that was taken back.
    """
    load = upload.load
    if upload.state != Import.State.DONE or load is None or load.withdrawn_at:
        return []
    scope = scope_of(request.user)
    unscored = people.unscored(scope).filter(employee__objected_on=None)
    waiting = clarifying.waiting(scope, refused=refused_by(load.pk, scope), unscored=unscored)
    request.count_absent = waiting.absent  # type: ignore[attr-defined]  # for the menu
    refused = waiting.others["refused"]
    found = [
        (waiting.absent, _("absent from the newest extract"), "clarify"),
        (
            refused,
            ngettext("value of its files is refused", "values of its files are refused", refused),
            "clarify_refused",
        ),
        (waiting.others["unscored"], _("present and not scored"), "clarify_unscored"),
    ]
    return [{"number": number, "label": label, "href": reverse(name)} for number, label, name in found if number]


def _progress(upload: Import) -> dict[str, object]:
    work = import_process.run_import
    step, done, total = work.progress(str(upload.pk)) or ("", 0, 0)
    is_waiting = not step and work.state(str(upload.pk)) is jobs.State.WAITING
    said = _("Waiting for a worker") if is_waiting else STEPS.get(step, _("Reading the files"))
    return {"step": said, "done": done, "total": total}


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
    except uploads.NotAnswered:
        messages.error(request, _("Answer the questions or tick the box below them. Nothing was loaded."))
    except uploads.NotAccepted:
        messages.error(request, _("Tick the box to load what seems implausible. Nothing was loaded."))
    except Busy as error:
        messages.error(request, _(str(error)))
    except uploads.Outdated:
        messages.warning(request, _("This is no longer what you saw when you confirmed. Nothing was loaded."))
    return redirect("import_detail", upload.pk)


@require_POST
@for_importers
def answer(request: Request, pk) -> HttpResponse:
    """Take the answers to what the files leave open; a word without one stays unknown."""
    upload = get_object_or_404(Import, pk=pk)
    checked_at = request.POST.get("checked_at", "")
    form = QuestionsForm(uploads.questions_of(upload), request.POST)
    try:
        uploads.ensure_seen(upload, checked_at, *uploads.ASKS)
        if not form.is_valid():
            return _detail(request, upload, form)
        import_process.answer(upload=upload, user=request.user, checked_at=checked_at, answers=form.answers)
    except Unacceptable as error:
        messages.error(request, error.message.said(_))
    except Busy as error:
        messages.error(request, _(str(error)))
    except uploads.Outdated:
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
def discard(request: Request, pk) -> HttpResponse:
    if not uploads.discard(upload=get_object_or_404(Import, pk=pk), user=request.user):
        return redirect("import_detail", pk)
    messages.success(request, _("The files were deleted and nothing was loaded."))
    return redirect("import")


@require_safe
@for_importers
def listed(request: Request, pk, name: str) -> HttpResponse:
    """One list of an import, in pages."""
    upload, found = _listing(pk, name, readable_to(request.user))
    page = Paginator(found.rows, LINES_A_PAGE).get_page(request.GET.get("page"))
    journal.record(journal.What.LIST, user=request.user, people=len(page))
    context = {
        "listing": found,
        "page": page,
        "rows": found.shown(list(page)),
        "day": upload.as_of,
        "back": reverse("import_detail", args=[upload.pk]),
        "origin": date_format(timezone.localtime(upload.created_at), "SHORT_DATETIME_FORMAT"),
        "csv_href": reverse("import_list_csv", args=[upload.pk, name]),
    }
    return render(request, "imports/list.html", context)


def _listing(pk, name: str, readable: Readable) -> tuple[Import, Listing]:
    upload = get_object_or_404(Import, pk=pk)
    found = import_lists.listing(upload, name, readable)
    if found is None:
        raise Http404
    return upload, found


@require_safe
@for_importers
def listed_csv(request: Request, pk, name: str) -> StreamingHttpResponse:
    """The whole list as a file."""
    upload, found = _listing(pk, name, Readable.NOTHING)
    journal.record(journal.What.FILE, user=request.user, people=found.count())
    return csv_of(found, f"technova-{name}-{timezone.localtime(upload.created_at):%Y%m%d-%H%M}.csv")
