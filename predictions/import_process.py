"""The task of an import: its start, progress and work.

It checks the files, or loads them and updates everyone's features and scores. ``employees.uploads`` has the states.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, timedelta

from django.core.files import File
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from employees import uploads
from employees.messages import Message
from employees.models import Import, SavedMapping
from features.services import build_features
from predictions import watched_folder
from predictions.events import of_imports
from predictions.followup.exits import tell_reasons
from predictions.ml.artifacts.store import ArtifactError
from predictions.outages import outage_of
from predictions.services import NothingToScore, is_scoring_due, score_employees
from technova import jobs
from technova.commands import Progress
from technova.database.locks import Busy
from technova.files import disk

GRACE = timedelta(seconds=5)  # between a change of state and its task being seen
PATIENCE = 3600.0  # seconds that an import waits for the lock of other work, before it fails
PAUSE = 1.0  # between two tries for the lock, each of which waits for it

NOBODY_SCORED = gettext_noop(
    "Nobody present has everything that a score needs. Load the evaluations and the survey too; To clarify, Not "
    "scored, lists what each person lacks."
)
INTERRUPTED = gettext_noop("The work was interrupted.")
NOT_STARTED = gettext_noop("The server could not start the work: %(reason)s.")


@transaction.atomic
def receive(
    *,
    user,
    as_of: date,
    files: Iterable[File],
    mapping: SavedMapping | None = None,
    source: str = "",
    client: str = "",
) -> Import:
    """Store the files of a day, and have them checked. Parameters as ``employees.uploads.receive``."""
    upload = uploads.receive(user=user, as_of=as_of, files=files, mapping=mapping, source=source, client=client)
    _start(upload)
    return upload


@transaction.atomic
def answer(*, upload: Import, user, checked_at: str, answers: Mapping[int, str]) -> None:
    """Store the answers to the questions about the files, and check these again. Raises as
    ``employees.uploads.answer``."""
    settle(besides=upload)
    if uploads.answer(upload=upload, user=user, checked_at=checked_at, answers=answers):
        _start(upload)


@transaction.atomic
def confirm(
    *, upload: Import, user, checked_at: str, accept_implausible: bool = False, leave_unknown: bool = False
) -> None:
    """Start the load; an import that was already confirmed is left alone. Raises as ``employees.uploads.confirm``."""
    settle(besides=upload)
    if uploads.confirm(
        upload=upload,
        user=user,
        checked_at=checked_at,
        accept_implausible=accept_implausible,
        leave_unknown=leave_unknown,
    ):
        _start(upload)


def go_on() -> None:
    """Start the load of the delivery that has waited longest for another load, if that has ended.

    Only where nothing is open about it. One query when none waits.
    """
    with suppress(Busy):
        for upload in Import.objects.exclude(source="").filter(state=Import.State.READY).order_by("created_at"):
            with transaction.atomic():
                if _confirm_if_clear(upload):
                    _start(upload)


def _confirm_if_clear(upload: Import) -> bool:
    """Confirm a delivery about which nothing is open, as nobody else will, and discard one that brings nothing new."""
    if upload.state == Import.State.READY and upload.brings_nothing_new:
        uploads.discard(upload=upload)
        return False
    if not (upload.checked_at and uploads.is_clear(upload)):
        return False
    return uploads.confirm(upload=upload, user=None, checked_at=upload.checked_at.isoformat())


@transaction.atomic
def retry(*, upload: Import, from_check: bool = False) -> None:
    """Restart a failed import where it stopped; any other is left alone.

    Raises ``Busy`` while another is loaded, but never ``from_check``.
    """
    settle()
    if uploads.retry(upload=upload, from_check=from_check):
        _start(upload)


def settle(*, besides: Import | None = None) -> None:
    """Mark the imports whose process was killed as failed. One query when no import is at work."""
    at_work = Import.objects.at_work().filter(started_at__lte=timezone.now() - GRACE)
    for upload in at_work.exclude(pk=besides.pk) if besides else at_work:
        if not run_import.state(str(upload.pk)):
            uploads.interrupt(upload=upload, reason=Message(INTERRUPTED))


def _start(upload: Import) -> None:
    """Have the work of its state done; if that cannot start, the import fails and can be retried."""
    run_import.enqueue(
        str(upload.pk),
        if_refused=lambda error: uploads.interrupt(upload=upload, reason=_why_not_started(error)),
    )


def _why_not_started(error: OSError) -> Message:
    return Message(disk.FULL) if disk.is_full(error) else Message(NOT_STARTED, {"reason": error.strerror or error})


@jobs.task
def run_import(pk: str, *, progress: Progress | None = None) -> None:
    """Do the work of an import's state, and start that of a delivery that waited for it.

    Each step is its own transaction and can be repeated: it is while other work holds the lock. A failure is recorded
    with the import, once nothing tries again by itself; a defect is raised as well.
    """
    deadline = time.monotonic() + PATIENCE
    try:
        while not _has_worked(Import.objects.get(pk=pk), progress, may_wait=time.monotonic() < deadline):
            time.sleep(PAUSE)
    finally:
        go_on()


def _has_worked(upload: Import, progress: Progress | None, *, may_wait: bool) -> bool:
    """Do the work of its state; False if it has to be repeated, since other work holds the lock."""
    try:
        if upload.state == Import.State.CHECKING:
            uploads.check(upload=upload, progress=progress, tell=of_imports.tell_of_check)
            _load_if_clear(upload, progress)
        elif upload.state == Import.State.LOADING and not _load(upload, progress):
            _load_if_clear(upload, progress)
    except Busy as error:
        if may_wait:
            return False
        _fail(upload, str(error))
    except ArtifactError as error:
        _fail(upload, str(error))
    except Exception as error:  # whatever broke, the page must not wait forever; the server's log has the error
        if not jobs.is_tried_again(error):
            _fail(upload, _reason_of(error))
        raise
    return True


@transaction.atomic
def _fail(upload: Import, reason: str) -> None:
    uploads.fail(upload=upload, reason=reason)
    of_imports.tell_of_stop(upload)


def _reason_of(error: Exception) -> str:
    """The outage in English, which the page translates; anything else is an internal error."""
    outage = outage_of(error)
    if outage is None:
        return uploads.BROKE_DOWN
    with translation.override("en"):
        return str(outage.said)


def _load_if_clear(upload: Import, progress: Progress | None) -> None:
    """Load a delivery about which nothing is open; check it again where the data change meanwhile.

    While another import is loaded it is left as it is: that one goes on with it.
    """
    try:
        is_confirmed = bool(upload.source) and _confirm_if_clear(upload)
    except Busy:
        return
    if is_confirmed and not _load(upload, progress):
        _load_if_clear(upload, progress)


def _load(upload: Import, progress: Progress | None) -> bool:
    """Load, build and score; False when the data have changed since the check, which is then made again."""
    if not uploads.load(upload=upload, progress=progress):
        uploads.check_again(upload=upload, progress=progress, tell=of_imports.tell_of_check)
        return False
    watched_folder.remove(upload)  # at once: a collection after the load was taken back would load them again
    tell_reasons()
    build_features(progress=progress)
    try:
        if is_scoring_due():  # not where a process was killed between this and the next line
            score_employees(progress=progress)
    except NothingToScore:
        _finish(upload, Message(NOBODY_SCORED))
    else:
        _finish(upload)
    return True


@transaction.atomic
def _finish(upload: Import, remark: Message | None = None) -> None:
    uploads.finish(upload=upload, remark=remark)
    of_imports.tell_of_load(upload)
