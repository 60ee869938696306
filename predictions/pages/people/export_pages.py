"""The risk list as a file: at once, or, of many people, made by a task and linked from a page."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.http import require_POST, require_safe

from employees import journal
from predictions.exports import services as kept
from predictions.exports.models import Export
from predictions.pages.people import exports
from predictions.pages.people.list_form import address
from predictions.pages.people.risk_list import ListQuery
from predictions.selectors import ranking
from technova import jobs
from technova.commands import Progress
from technova.web.requests import Request

GRACE = timedelta(seconds=5)  # between the request for a file and its task being seen

State = Export.State


class Unusable(LookupError):
    """The list no longer has what its filters name."""


@require_safe
def risk_csv(request: Request) -> HttpResponseBase:
    return _export(request, Export.Kind.CSV)


@require_safe
def risk_xlsx(request: Request) -> HttpResponseBase:
    return _export(request, Export.Kind.XLSX)


def _export(request: Request, kind: Export.Kind) -> HttpResponseBase:
    """The file of exactly what the list shows at the same address; for an invalid filter the page, with its errors."""
    query = ListQuery.of(request.user, request.GET)
    if query.run is None or not query.form.is_valid():
        return redirect(address(request.GET))
    if query.run.employee_count > exports.MOST_AT_ONCE and query.count() > exports.MOST_AT_ONCE:
        return redirect("employees_export", _asked(request, kind).pk)
    rows = ranking.ordered(query.rows, query.form.order, query.before)
    content = exports.parts(kind, query.run, rows, query.readable)
    journal.record_file(journal.What.FILE, query.rows, query.count(), user=request.user)
    return _attachment(content, exports.file_name(query.run, kind), kind)


def _attachment(content, name: str, kind: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=exports.CONTENT_TYPES[kind], headers=headers)


@transaction.atomic
def _asked(request: Request, kind: Export.Kind) -> Export:
    """The export of an address: one that is being made already, or a new one."""
    asked = {"kind": kind, "query": request.GET.urlencode(), "language": get_language()}
    export = kept.of_account(request.user).filter(state=State.WAITING, **asked).first()
    if export is None:
        export = Export.objects.create(user=request.user, rights=kept.rights_of(request.user), **asked)
        make.enqueue(str(export.pk))
    return export


@jobs.task
def make(pk: str, *, progress: Progress | None = None) -> None:
    """Make the file of an export that waits for it, of the list as it is now and the rights that its account has now.

    An export that is gone, or was made with other rights, is left alone. A failure is recorded with it.
    """
    export = Export.objects.select_related("user").filter(pk=pk, state=State.WAITING).first()
    if export is None or not kept.of_account(export.user).filter(pk=pk).exists():
        return
    try:
        with override(export.language):
            _make(export, progress)
    except Exception as error:  # the page must not wait for ever; the server's log has the error
        if jobs.is_tried_again(error):
            raise
        Export.objects.filter(pk=pk).update(state=State.FAILED)
        if not isinstance(error, Unusable):
            raise


def _make(export: Export, progress: Progress | None) -> None:
    query = ListQuery.of(export.user, QueryDict(export.query))
    if query.run is None or not query.form.is_valid():
        raise Unusable
    rows = ranking.ordered(query.rows, query.form.order, query.before)
    people = query.count()
    tell = _teller(progress, people)
    parts = exports.parts(export.kind, query.run, rows, query.readable, tell=tell)
    content = (part.encode() if isinstance(part, str) else part for part in parts)
    kept.keep(export, name=exports.file_name(query.run, export.kind), people=people, parts=content)


def _teller(progress: Progress | None, total: int) -> Callable[[int], None] | None:
    return (lambda done: progress("Exporting", done, total)) if progress else None


@require_safe
def export_page(request: Request, pk) -> HttpResponse:
    """What became of an export, with the link to its file once that is there."""
    export = get_object_or_404(kept.of_account(request.user), pk=pk)
    state = make.state(str(pk)) if export.state == State.WAITING else None
    is_late = export.started_at < timezone.now() - GRACE
    progress = make.progress(str(pk)) if state else None
    context = {
        "export": export,
        "is_interrupted": export.state == State.WAITING and state is None and is_late,
        "is_queued": state is jobs.State.WAITING,
        "progress": progress,
        "kept_until": export.created_at + kept.KEPT,
        "list_href": address(QueryDict(export.query)),
    }
    return render(request, "employees/export.html", context)


@require_POST
def export_again(request: Request, pk) -> HttpResponse:
    """Make the file of an export that failed or was interrupted."""
    export = get_object_or_404(kept.of_account(request.user), pk=pk)
    if export.state != State.READY and make.state(str(pk)) is None:
        with transaction.atomic():
            export.state, export.started_at = State.WAITING, timezone.now()
            export.save(update_fields=["state", "started_at"])
            make.enqueue(str(pk))
    return redirect("employees_export", pk)


@require_safe
def export_file(request: Request, pk) -> StreamingHttpResponse:
    export = get_object_or_404(kept.of_account(request.user), pk=pk, state=State.READY)
    journal.record(journal.What.FILE, user=request.user, people=export.people)
    response = _attachment(kept.parts_of(export), export.name, export.kind)
    response["Content-Length"] = str(export.size)
    return response
