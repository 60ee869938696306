"""The daily deletion of what is kept for a while only, by the table of ``predictions.retention``."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override

from employees import uploads
from employees.access import sign_ins
from employees.models import Employee, EmployeeState, Presence
from predictions import import_process
from predictions.accounts import sessions
from predictions.events import services as events
from predictions.exports import services as exports
from predictions.followup import services as followup
from predictions.log.protection import may_purge
from predictions.log.purge import purge_journal, purge_predictions
from predictions.mails import services as mails
from predictions.ml.periods import months_before
from predictions.retention.models import Clearance
from predictions.retention.rules import BY_NAME
from predictions.rights.erasure import erase
from predictions.rights.models import LegalHold
from predictions.rights.refusals import NotErasable, refusal
from technova import jobs
from technova.commands import Progress
from technova.database.locks import Busy
from technova.jobs import detached

MOST_ERASED = 500  # people a day: each takes some fifty statements


def clear(*, dry_run: bool = False, user: User | None = None) -> dict[str, int]:
    """Delete what is older than the table of retention says, and record it; return how many, by the names of the rules.

    ``dry_run`` deletes nothing: it does the work and takes it back, or counts where that cannot be taken back.
    """
    import_process.settle()
    counts: dict[str, int] = {}
    for name, delete in deletions().items():
        if dry_run and name in _COUNTS:
            counts[name] = _COUNTS[name]()
            continue
        with transaction.atomic():
            counts[name] = delete()
            if counts[name] and not dry_run:
                record(name, counts[name], user)
            transaction.set_rollback(dry_run)
    return counts


def record(name: str, count: int, user: User | None = None) -> None:
    """Keep that data of a class were deleted, and under which rule."""
    with override("en"):
        Clearance.objects.create(rule=name, kept=BY_NAME[name].kept[:60], count=count, by=user)


def deletions() -> Mapping[str, Callable[[], int]]:
    """What deletes, by rule. A purge of the logs is for the role that may, see ``predictions.log.roles``."""
    logs = {"predictions": clear_predictions, "journal": clear_journal} if may_purge() else {}
    return {
        "files": uploads.purge,
        "sessions": lambda: sessions.purge() + sign_ins.purge_sessions(),
        "sign_ins": sign_ins.purge,
        "outputs": detached.clear,
        "webhooks": events.purge,
        "exports": exports.purge,
        "mails": mails.purge,
        "notes": followup.purge_notes,
        "left": erase_who_left,
        **logs,
    }


def clear_journal() -> int:
    """Delete what the access journal has held for ``JOURNAL_MONTHS``, and return how many entries."""
    return purge_journal(older_than=_age("journal"))


def clear_predictions() -> int:
    """Delete what the prediction log has held for ``PREDICTION_MONTHS``, and return how many."""
    return purge_predictions(older_than=_age("predictions"))


def erase_who_left() -> int:
    """Erase those who left ``LEFT_MONTHS`` ago, unless an open matter keeps them; return how many."""
    erased = 0
    for person in _who_left_long_ago()[:MOST_ERASED]:
        try:
            erase(employee=person, reason=f"left {BY_NAME['left'].months} months ago or earlier")
        except NotErasable:
            continue
        except Busy:
            break
        erased += 1
    return erased


def _erasable() -> int:
    people = _who_left_long_ago()[:MOST_ERASED]
    return sum(refusal(person, today=timezone.localdate()) is None for person in people)


def _who_left_long_ago():
    left = EmployeeState.objects.newest().filter(presence=Presence.LEFT, left_by__lte=_oldest("left"))
    held = LegalHold.objects.people()
    return Employee.objects.filter(~Q(pk__in=held), pk__in=left.values("employee"), presence=Presence.LEFT)


def held() -> int:
    """How many people are held for a dispute, whose data no rule deletes."""
    return LegalHold.objects.in_force().count()


_COUNTS: Mapping[str, Callable[[], int]] = {"left": _erasable, "outputs": detached.count_ended}


def _oldest(name: str) -> date:
    return months_before(timezone.localdate(), BY_NAME[name].months)


def _age(name: str) -> timedelta:
    return timezone.localdate() - _oldest(name)


@jobs.task
def clear_daily(*, progress: Progress | None = None) -> None:
    """The deletion, and word of what is overdue."""
    clear()
    followup.tell_overdue(timezone.localdate())
