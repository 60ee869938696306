"""All that is kept about one person, as the person may ask for it (GDPR, article 15)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from employees.access import Readable
from employees.models import (
    ROWS,
    Correction,
    Employee,
    EmployeeState,
    JournalEntry,
    LoadedExtract,
    PresenceAnswer,
    Purpose,
    RefusedValue,
)
from employees.selectors import numbers_of
from features.models import EmployeeFeatures
from predictions import levers
from predictions.explanation import reasons
from predictions.followup.models import Case, DrawnPerson, ExitInterview
from predictions.ml.artifacts.store import ArtifactError
from predictions.models import Prediction
from predictions.registry import current_model
from predictions.retention.rules import BY_NAME
from predictions.rights.contests import contest_of
from predictions.rights.corrected import corrected_in_words
from predictions.rights.models import DataRequest, LegalHold
from predictions.selectors import people


def dossier(employee: Employee, *, has_notes: bool = True) -> dict[str, Any]:
    """Everything about an employee, in plain values: what came from where and when, what was made of it, who looked.

    Without ``has_notes`` it has the number of the notes of talks in their place: they may tell of other people. Some
    twenty queries, and four for each case.
    """
    numbers, purposes = numbers_of(employee.employee_id), Purpose.in_words()
    theirs = Employee.objects.filter(employee_id__in=numbers)  # what hangs on another number is the person's too
    return {
        "number": employee.employee_id,
        "other_numbers": numbers[1:],
        "department": employee.departement,
        "presence": employee.presence,
        "extracts": _extracts(numbers),
        "corrections": [
            {
                "column": each.column,
                "value": each.value,
                "as_of": each.as_of,
                "the_source_agrees_since": each.agreed_on,
                "lifted_at": each.revoked_at,
                "in_words": corrected_in_words(each),
            }
            for each in Correction.objects.filter(employee__in=theirs)
        ],
        "refused_values": list(
            RefusedValue.objects.filter(number__in=numbers).values("extract__name", "extract__as_of", "column", "value")
        ),
        "presence_over_time": _told(EmployeeState.objects.filter(employee__in=theirs).order_by("as_of")),
        "answers_of_hr": _told(PresenceAnswer.objects.filter(employee__in=theirs).order_by("pk")),
        "features": [
            {"as_of": row.as_of, "superseded_at": row.superseded_at, "values": row.values()}
            for row in EmployeeFeatures.objects.filter(employee__in=theirs).order_by("as_of", "pk")
        ],
        "predictions": (predictions := _predictions(theirs)),
        "model_versions": _versions(predictions),
        "contest": contest_of(employee, Readable.EVERYTHING, is_to_them=True),
        "objects_to_scoring_since": employee.objected_on,
        "what_would_change": _what_would_change(employee),
        "cases": [_case(case, has_notes) for case in Case.objects.filter(employee__in=theirs).order_by("pk")],
        "drawn_for_talks": [
            {
                "as_of": each.draw.as_of,
                "department": each.departement,
                "risk_then": each.probability,
                "is_drawn": each.is_drawn,
            }
            for each in DrawnPerson.objects.filter(employee__in=theirs).select_related("draw").order_by("pk")
        ],
        "exit_interviews": [
            {
                "day": row.day,
                "reason": row.left_because,
                "reason_in_the_files": row.known_because,
                "motive": row.get_motive_display(),
                "destination": row.get_destination_display(),
                "would_have_stayed_if": row.would_have_stayed,
                "by": str(row.by),
                "superseded_at": row.superseded_at,
            }
            for row in ExitInterview.objects.filter(employee__in=theirs).select_related("by").order_by("day", "pk")
        ],
        "requests": [_request(each) for each in DataRequest.objects.filter(employee__in=theirs).order_by("pk")],
        "held_for_a_dispute": [
            {"since": each.set_at, "reason": each.reason, "until": each.lifted_at, "why_lifted": each.lifted_because}
            for each in LegalHold.objects.filter(employee__in=theirs).order_by("pk")
        ],
        "who_looked": _who_looked(theirs, purposes),
        "kept_for": {
            str(BY_NAME[name].what): BY_NAME[name].kept_since
            for name in ("employed", "left", "predictions", "journal", "notes", "proof")
        },
    }


def _told(rows: QuerySet) -> list[dict[str, Any]]:
    """Their values, without the keys of the rows and of the person, which read like another's number."""
    keys = {"id", "employee_id"}
    return [{name: value for name, value in row.items() if name not in keys} for row in rows.values()]


def _who_looked(theirs: QuerySet[Employee], purposes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries of the journal, and the scores that keys asked for by number, which are their own. Two queries."""
    entries = JournalEntry.objects.filter(employee__in=theirs).select_related("user")
    asked = Prediction.objects.filter(employee__in=theirs).exclude(api_key=None).select_related("api_key")
    found = [
        {
            "at": entry.at,
            "who": entry.client or str(entry.user),
            "what": entry.what_in_words,
            "what_for": purposes.get(entry.purpose, entry.purpose),
        }
        for entry in entries.order_by("pk")
    ]
    found += [
        {
            "at": row.created_at,
            "who": f"{row.api_key.name}, {row.api_key.prefix}" if row.api_key else "",
            "what": row.get_mode_display(),
            "what_for": "",
        }
        for row in asked.defer("contributions", "payload").order_by("pk")
    ]
    return sorted(found, key=lambda look: look["at"])


def _extracts(numbers: list[int]) -> list[dict[str, Any]]:
    """Each row of each file that held the person, those taken back too, oldest first."""
    in_force = set(LoadedExtract.objects.in_force().values_list("pk", flat=True))
    found = []
    for kind, table in ROWS.items():
        rows = table.objects.filter(number__in=numbers).select_related("extract__load")
        found += [
            {
                "kind": str(kind),
                "file": row.extract.name,
                "as_of": row.extract.as_of,
                "recorded_at": row.extract.load.recorded_at,
                "is_in_force": row.extract_id in in_force,
                "values": {name: getattr(row, name) for name in table.value_names()},
            }
            for row in rows
        ]
    return sorted(found, key=lambda each: (each["as_of"], each["kind"]))


def _predictions(theirs: QuerySet[Employee]) -> list[dict[str, Any]]:
    """Each score with its reasons in words, in the active language, and who asked for it."""
    rows = Prediction.objects.filter(employee__in=theirs).select_related("features", "run", "user", "api_key")
    return [
        {
            "id": row.pk,
            "given_at": row.created_at,
            "describes": row.day,
            "mode": row.get_mode_display(),
            "is_of_run": row.run_id is not None,
            "asked_by": str(row.api_key or row.user or _("scoring run")),
            "probability": row.probability,
            "interval": None if row.low is None else [row.low, row.high],
            "is_extrapolated": row.is_extrapolated,
            "horizon_months": row.horizon_months,
            "threshold": row.threshold,
            "is_over_the_threshold": row.predicted_class,
            "model_version": row.model_version,
            "reasons": [
                reason.sentence
                for reason in reasons(
                    values=row.values(),
                    base_value=row.base_value,
                    contributions=row.contributions,
                    link=row.link,
                    readable=Readable.EVERYTHING,
                )
            ],
        }
        for row in rows.order_by("pk")
    ]


def _versions(predictions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The versions of the model that scored the person, with the first and the last day of each, the oldest first."""
    found: dict[str, dict[str, Any]] = {}
    for each in predictions:
        version = found.setdefault(
            each["model_version"], {"version": each["model_version"], "first": each["given_at"], "scores": 0}
        )
        version["last"] = each["given_at"]
        version["scores"] += 1
    return list(found.values())


def _what_would_change(employee: Employee) -> dict[str, Any] | None:
    """The smallest change after which the newest data would be under the threshold; None for whoever is not scored."""
    row = EmployeeFeatures.objects.newest_of(Employee.objects.present().to_score().filter(pk=employee.pk)).first()
    if row is None:
        return None
    try:
        model = current_model()
    except ArtifactError:
        return None
    inputs = row.values() | people.satisfactions(people.known_values(employee))
    change = levers.smallest_change(inputs, model, Readable.EVERYTHING, model.threshold)
    return {
        "model_version": model.version,
        "threshold": model.threshold,
        "probability": (now := model.score_one(row.values())).probability,
        "is_extrapolated": now.is_extrapolated,
        "is_over_the_threshold": now.probability >= model.threshold,
        "smallest_change": change and {"what": change.labels, "probability": change.probability},
    }


def _case(case: Case, has_notes: bool) -> dict[str, Any]:
    notes = [
        {"day": note.day, "who": note.who, "text": note.text, "by": str(note.by)}
        for note in case.notes.select_related("by").order_by("day")
    ]
    return {
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "state": case.get_state_display(),
        "why": case.why,
        "why_set_aside": case.get_aside_display(),
        "risk_then": case.probability,
        "responsible": str(case.owner),
        "due": case.due,
        "changes": [
            {
                "at": each.at,
                "by": each.author,
                "what": each.get_what_display(),
                "state": each.get_state_display(),
                "why_set_aside": each.get_aside_display(),
                "due": each.due,
                "talk_at": each.talk_at,
                "word": each.word,
                "despite_a_warning": each.was_warned,
            }
            for each in case.changes.select_related("by", "api_key")
        ],
        "notes": notes if has_notes else [],
        "notes_left_out": 0 if has_notes else len(notes),
        "actions": [
            {
                "day": each.day,
                "action": str(each.kind),
                "lever": each.kind.lever_label,
                "cost": each.cost and float(each.cost),
                "is_taken_back": each.is_taken_back,
                "is_corrected": hasattr(each, "correction"),
            }
            for each in case.actions.select_related("kind", "correction")
        ],
    }


def _request(request: DataRequest) -> dict[str, Any]:
    return {
        "kind": request.get_kind_display(),
        "said": request.said,
        "received_on": request.received_on,
        "due": request.due,
        "state": request.get_state_display(),
        "answered_on": request.answered_on,
        "answer": request.answer,
        "changes": [
            {
                "at": each.at,
                "by": str(each.by) if each.by else None,
                "state": each.get_state_display(),
                "due": each.due,
                "word": each.word,
            }
            for each in request.changes.select_related("by")
        ],
    }
