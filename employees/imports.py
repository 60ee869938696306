"""Imports by upload: receive the files, check them without writing, and load exactly them once confirmed.

checking ───► ready ───► loading ───► done
  │  ▲         │ ▲         │ │
  │  │         │ └─────────┘ │     what was shown is no longer true: checked anew, shown again
  ▼  │         ▼             ▼
refused     expired       failed   also when the process was killed: it can be started again

A failed import that was not loaded expires too; one that was loaded waits to be started again, at any age.
"""

import hashlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from employees.columns import Extract
from employees.extracts import ExtractError, Reject
from employees.messages import Message, gettext_noop
from employees.models import Departure, Employee, EmployeeSnapshot, Import, ImportFile, ImportReject, Survey
from employees.services import LoadResult, load_extracts
from technova.commands import Progress
from technova.database.bulk import bulk_insert
from technova.database.locks import Busy, exclusive
from technova.files import disk
from technova.server import detached

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)  # how long files wait to be confirmed, and rejects to be downloaded
GRACE = timedelta(seconds=5)  # between a change of state and its process holding the lock

ALREADY_LOADING = gettext_noop("Another load, build or scoring is running: try again when it is done.")
INTERRUPTED = gettext_noop("The work was interrupted.")
NOT_STARTED = gettext_noop("The server could not start the work: %(reason)s.")
BROKE_DOWN = gettext_noop("A fault of ours stopped the work; it has been recorded.")

State = Import.State


class Outdated(Exception):
    """What the person confirms is not what is known any more."""


class ContentChanged(Exception):
    """A stored file is not the one that was received."""


@transaction.atomic
def receive(*, user, files: Mapping[Extract, UploadedFile]) -> Import:
    """Keep the three files, and start to check them once the transaction is through."""
    upload = Import.objects.create(user=user)
    for extract in Extract:
        content = files[extract].read()
        ImportFile.objects.create(
            upload=upload,
            extract=extract,
            name=(files[extract].name or "")[-255:],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
        )
    transaction.on_commit(lambda: _start(upload))
    return upload


def confirm(*, upload: Import, user, checked_at: str) -> None:
    """Start to load what was checked; an import that was confirmed before goes on as it is.

    ``checked_at`` is that of the preview the person saw: ``Outdated`` when another one took its place or the files are
    gone. Raises ``Busy`` while another import is being loaded.
    """
    upload.refresh_from_db()
    if upload.state in (State.LOADING, State.DONE):
        return
    if upload.state != State.READY or not upload.checked_at or checked_at != upload.checked_at.isoformat():
        raise Outdated
    _move_and_start(upload, State.READY, State.LOADING, confirmed_by=user, confirmed_at=timezone.now())


def retry(*, upload: Import) -> None:
    """Start a failed import again where it stopped; one that did not fail goes on as it is. Raises ``Busy``."""
    state = State.LOADING if upload.confirmed_at else State.CHECKING
    _move_and_start(upload, State.FAILED, state, error=None)


def discard(*, upload: Import) -> bool:
    """Delete the files of an import that waits, and say whether it did; one at work or loaded goes on as it is."""
    with transaction.atomic():
        waiting = Import.objects.filter(pk=upload.pk, loaded_at=None)
        was_waiting = waiting.move(State.READY, State.EXPIRED) or waiting.move(State.FAILED, State.EXPIRED)
        if was_waiting:
            _forget_files(upload)
            upload.rejects.all().delete()
    return was_waiting


def _move_and_start(upload: Import, before: State, after: State, **values) -> None:
    settle()
    try:
        with transaction.atomic():
            is_ours = Import.objects.filter(pk=upload.pk).move(before, after, started_at=timezone.now(), **values)
    except IntegrityError as error:  # one_import_is_loaded_at_a_time
        raise Busy(ALREADY_LOADING) from error
    if is_ours:
        _start(upload)


def _start(upload: Import) -> None:
    """Start the process of an import; one that cannot be started has failed, and can be tried again."""
    try:
        detached.start(_work(upload), "run_import", str(upload.pk))
    except OSError as error:
        logger.exception("The process of an import could not be started")
        reason = (
            Message(disk.FULL) if disk.is_full(error) else Message(NOT_STARTED, {"reason": error.strerror or error})
        )
        for state in Import.AT_WORK:
            Import.objects.filter(pk=upload.pk).move(state, State.FAILED, error=reason.document())


def _work(upload: Import) -> str:
    return f"import-{upload.pk}"


def progress_of(upload: Import) -> tuple[str, int, int] | None:
    """The step that the process is at, how many are done, out of how many; None before it has said so."""
    step, *counts = detached.last_line(_work(upload)).split("\t")
    return (step, int(counts[0]), int(counts[1])) if len(counts) == 2 else None


def settle() -> None:
    """Mark as failed the imports whose process was killed. One query when nothing is at work."""
    for upload in Import.objects.at_work().filter(started_at__lte=timezone.now() - GRACE):
        if not detached.is_at_work(_work(upload)):
            Import.objects.filter(pk=upload.pk).move(upload.state, State.FAILED, error=Message(INTERRUPTED).document())


def purge() -> int:
    """Delete files and rejects that are a day old, and return how many files; who loaded what stays. Three queries.

    The import page does it, ``init_technova`` at each start, and ``purge_imports``, which a scheduler runs.
    """
    old = Import.objects.exclude(state__in=Import.AT_WORK).filter(created_at__lt=timezone.now() - KEPT)
    ImportReject.objects.filter(upload__in=old).delete()
    deleted = ImportFile.objects.filter(upload__in=old).exclude(content=b"").update(content=b"")
    old.filter(state__in=(State.READY, State.FAILED), loaded_at=None).update(state=State.EXPIRED)
    return deleted


def check(*, upload: Import, progress: Progress | None = None) -> None:
    """Find out what loading the files would do, and keep it to be shown; nothing of the files is written.

    Refused files are remembered with the reason. Raises ``Busy``.
    """
    basis = _basis()  # taken first: a change meanwhile makes the preview outdated, never wrongly valid
    try:
        result = load_extracts(**_sources(upload), dry_run=True, progress=progress)
    except ExtractError as error:
        _keep_rejects(upload, error.rejects)
        _forget_files(upload)
        _set(upload, state=State.REFUSED, error={**error.reason.document(), "file": error.file})
        return
    _keep_rejects(upload, result.rejects)
    _set(upload, state=State.READY, checked_at=timezone.now(), basis=basis, summary=_summary(result))


def load(*, upload: Import, progress: Progress | None = None) -> bool:
    """Load the confirmed files unless that is done; False when the data have changed since they were checked.

    The comparison, the load and the note that it is done are one transaction. Raises ``Busy``.
    """
    if upload.loaded_at:
        return True
    with exclusive():
        if upload.basis != _basis():
            return False
        result = load_extracts(**_sources(upload), progress=progress)
        _set(upload, loaded_at=timezone.now(), summary=_summary(result))
        _forget_files(upload)
    return True


def check_again(*, upload: Import, progress: Progress | None = None) -> None:
    """From loading back to a new preview, which someone has to confirm."""
    _set(upload, state=State.CHECKING, confirmed_by=None, confirmed_at=None)
    check(upload=upload, progress=progress)


def finish(*, upload: Import) -> None:
    _set(upload, state=State.DONE, finished_at=timezone.now())


def fail(*, upload: Import, reason: str = BROKE_DOWN) -> None:
    """Remember that the work of its state failed, so that someone can start it again; ``reason`` in any words."""
    _set(upload, state=State.FAILED, error=Message(reason.replace("%", "%%")).document())


def rejects_of(upload: Import) -> Iterator[Reject]:
    """The stored rejects as the reader gave them, in the order of files and lines. One query."""
    for row in upload.rejects.iterator():
        yield row.as_reject()


def _set(upload: Import, **values) -> None:
    for name, value in values.items():
        setattr(upload, name, value)
    upload.save(update_fields=list(values))


def _basis() -> list[int | None]:
    """A mark that any load changes: the newest row of each raw table."""
    tables = (Employee, EmployeeSnapshot, Survey, Departure)
    return [table.objects.aggregate(Max("pk"))["pk__max"] for table in tables]


def _sources(upload: Import) -> dict[str, Any]:
    """The files by extract, under the names they had. Raises ``ContentChanged`` when one is not what was received."""
    sources = {}
    for file in upload.files.all():
        content = bytes(file.content)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise ContentChanged(f"{file.name} is not the file that was received")
        sources[file.extract] = io.BytesIO(content)
        sources[file.extract].name = file.name
    return sources


def _forget_files(upload: Import) -> None:
    upload.files.update(content=b"")


def _keep_rejects(upload: Import, rejects: Iterable[Reject]) -> None:
    rows = (
        (upload.pk, reject.file[-255:], reject.line, reject.column, reject.value, reject.rule.document())
        for reject in rejects
    )
    with transaction.atomic():
        upload.rejects.all().delete()
        bulk_insert(ImportReject, rows, ["upload_id", "file", "line", "column", "value", "rule"])


def _summary(result: LoadResult) -> dict:
    """What a person is shown of a load, as JSON."""
    counts = ("read", "new", "changed", "unchanged", "rejected", "unnumbered", "absent")
    return {
        **{name: getattr(result, name) for name in counts},
        "reject_count": len(result.rejects),
        "changes": [[change.employee_id, change.column, change.old, change.new] for change in result.changes],
        "new_employees": list(result.new_employees),
        "files": [
            {"name": report.name, "rows": report.rows, "encoding": report.encoding, "ignored": list(report.ignored)}
            for report in result.reports.values()
        ],
    }
