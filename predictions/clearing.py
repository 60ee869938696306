"""The daily deletion of what is kept for a while only, most of it personal."""

from typing import NamedTuple

from employees import uploads
from employees.access import sign_ins
from predictions import import_process
from predictions.events import services as events
from predictions.exports import services as exports
from predictions.followup import services as followup
from predictions.mails import services as mails
from technova import jobs
from technova.commands import Progress
from technova.jobs import detached


class Cleared(NamedTuple):
    """How many were deleted."""

    files: int
    sessions: int
    sign_ins: int
    outputs: int
    webhooks: int
    exports: int
    mails: int
    notes: int  # of talks


def clear() -> Cleared:
    import_process.settle()
    sent = events.purge(), exports.purge(), mails.purge()
    return Cleared(uploads.purge(), *sign_ins.purge(), detached.clear(), *sent, followup.purge_notes())


@jobs.task
def clear_daily(*, progress: Progress | None = None) -> None:
    clear()
