"""What a delivery of extracts tells: whoever uploads files sees on the page what becomes of them, nobody here does.

Each import tells of its questions, and of its stop, once.
"""

from employees import uploads
from employees.models import Import
from predictions.events import services as events
from predictions.events.models import Event
from predictions.mails import services as mails

State = Import.State
STOPPED = (State.REFUSED, State.FAILED)


def tell_of_check(upload: Import) -> None:
    """After a check, in its transaction."""
    if upload.state in STOPPED or (upload.summary or {}).get("alarms"):
        tell_of_stop(upload)
    count = len(uploads.open_questions(upload))
    if upload.source and count and upload.state in uploads.ASKS and not upload.brings_nothing_new:
        _emit(upload, Event.QUESTION_OPEN, {"subject": "files", "question_count": count})


def tell_of_stop(upload: Import) -> None:
    """Of alarms, a refusal or a failure."""
    if upload.source:
        alarms = len((upload.summary or {}).get("alarms", ()))
        _emit(upload, Event.LOAD_STOPPED, {"state": upload.state, "alarm_count": alarms})


def tell_of_load(upload: Import) -> None:
    """Of the people who are in the newest extract no longer, and whom HR is asked about."""
    moves = (upload.summary or {}).get("moves", {})
    if upload.source and (count := moves.get("vanished", {}).get("count")):
        data = {"subject": "absent people", "question_count": count, "link": events.address("clarify")}
        _emit(upload, Event.QUESTION_OPEN, data)


def _emit(upload: Import, event: Event, data: dict[str, object]) -> None:
    matter = str(data.get("subject", "stop"))
    about = f"import {upload.pk} {matter}"
    day = upload.as_of.isoformat() if upload.as_of else None
    known = {"import_id": str(upload.pk), "as_of": day, "link": events.address("import_detail", upload.pk)}
    events.emit(event, about=about, data=known | data)
    mails.tell_of_delivery(upload, matter=matter)
