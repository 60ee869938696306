"""A delivered import in words for its client: counts, columns and rules, and no value of anybody."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from employees import uploads
from employees.extracts import Asked, Question
from employees.messages import Message
from employees.models import Import
from employees.workforce.plausibility import MEDIAN_MOVES

State = Import.State
CELLS = ("value", "text")  # parameters of messages that quote the files
HIDDEN = "…"

DETAILS = {
    State.CHECKING: gettext_noop("The files are being checked."),
    State.ASKING: gettext_noop("The files leave questions open: HR answers them on the page."),
    State.READY: gettext_noop("Checked: it is loaded when the work before it is done."),
    State.REFUSED: gettext_noop("The files were refused, and nothing was loaded: correct them and send them again."),
    State.LOADING: gettext_noop("The files are being loaded and everyone is scored."),
    State.DONE: gettext_noop("The files are loaded and everyone is scored."),
    State.FAILED: gettext_noop("The work failed: send the same files again, or let HR start it again on the page."),
    State.EXPIRED: gettext_noop("The files were deleted before they were loaded: send them again."),
}
KNOWN = gettext_noop("The same content was loaded before: nothing was changed.")
STOPPED = gettext_noop("Stopped, since the files seem implausible: HR decides on the page.")

ASKS = {
    Asked.WORD: gettext_noop("A word in %(column)s is not known."),
    Asked.VALUE: gettext_noop("A word in %(column)s is not known."),
    Asked.FRACTION: gettext_noop("The percentages in %(column)s may be fractions."),
    Asked.SCALE: gettext_noop("The marks in %(column)s are on another scale."),
    Asked.UNIT: gettext_noop("The pay in %(column)s seems not to be by the month."),
    Asked.DECIMAL: gettext_noop("The separator of the decimals in %(column)s is uncertain."),
    Asked.DATE: gettext_noop("The dates in %(column)s seem to begin with the month."),
    Asked.HEADER: gettext_noop("A title is not known."),
    Asked.COLUMN: gettext_noop("The titles are those of no extract."),
    Asked.ROW: gettext_noop("Some rows seem to be no person."),
    Asked.SHEET: gettext_noop("Several sheets may be the extract."),
    Asked.LINE: gettext_noop("The line of the titles is uncertain."),
}
SMALL_MEDIAN = gettext_noop("The median of %(column)s moves by more than half: is it in another unit?")


def detail(upload: Import) -> str:
    """What the state means, and who does what next."""
    summary = upload.summary or {}
    if upload.state == State.EXPIRED and summary.get("is_new") is False:
        return _(KNOWN)
    if upload.state == State.READY and summary.get("alarms"):
        return _(STOPPED)
    return _(DETAILS[State.ASKING if upload.state == State.READY and upload.questions else State(upload.state)])


def questions(upload: Import) -> list[dict[str, Any]]:
    """The open questions."""
    return [_question(question) for question in uploads.open_questions(upload)]


def _question(question: Question) -> dict[str, Any]:
    sentence = _(ASKS[question.asked]) % {"column": question.column}
    return {
        "asked": question.asked.value,
        "file": question.file,
        "column": question.column or None,
        "rows": question.count,
        "detail": sentence,
    }


def alarms(upload: Import) -> list[str]:
    """Why it was stopped; without the medians, which may be of few people."""
    found = map(Message.of, (upload.summary or {}).get("alarms", ()))
    return [
        capfirst(Message(SMALL_MEDIAN if alarm.text == MEDIAN_MOVES else alarm.text, alarm.params).said(_))
        for alarm in found
    ]


def error(upload: Import) -> str | None:
    """Why it was refused or failed, without what it quotes of the files."""
    if not upload.error:
        return None
    said = capfirst(_without_cells(Message.of(upload.error)).said(_))
    file = upload.error.get("file")
    return f"{file}: {said}" if file else said


def rejects(upload: Import) -> Iterator[dict[str, Any]]:
    """The rejected cells and rows by cause, the most frequent first. Two queries."""
    causes = upload.rejects.values("file", "column", "costs", "rule__text")
    found = list(causes.annotate(count=Count("pk"), first=Min("pk")).order_by("-count", "first"))
    first = upload.rejects.in_bulk([cause["first"] for cause in found])
    for cause in found:
        rule = _without_cells(first[cause["first"]].as_reject().rule)
        yield {
            "file": cause["file"],
            "column": cause["column"] or None,
            "lost": cause["costs"],
            "count": cause["count"],
            "expected": rule.said(_),
        }


def _without_cells(message: Message) -> Message:
    hidden = {
        name: HIDDEN if name in CELLS else _without_cells(value) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    return Message(message.text, hidden)
