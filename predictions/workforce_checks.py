"""Checks of drift and accuracy, each stored with its run."""

import msgspec
from django.db import transaction

from employees.models import WorkforceDay
from predictions.events import services as events
from predictions.events.models import Event
from predictions.models import WorkforceCheck
from predictions.registry import current_model
from predictions.selectors import drift_check


def check_workforce() -> WorkforceCheck | None:
    """The check of the newest run of the current model; None before its first one.

    Made once for a run and a state of the workforce, and read afterwards; of two concurrent checks one is stored. Only
    an alarm that the check before did not raise is sent to the webhooks.
    Raises ``ArtifactError`` without a usable model.
    """
    model = current_model()
    run = drift_check.checked_run(model)
    if run is None:
        return None
    revision = WorkforceDay.objects.values_list("revision", flat=True).last()
    stored = WorkforceCheck.objects.filter(run=run, revision=revision).first()
    if stored:
        return stored
    found = drift_check.find(run, model)
    values = {"found": msgspec.to_builtins(found), "is_alarm": found.is_alarm}
    before = drift_check.newest(model) if found.is_alarm else None
    with transaction.atomic():
        check, is_new = WorkforceCheck.objects.get_or_create(run=run, revision=revision, defaults=values)
        if is_new and check.is_alarm and not (before and found.alarms <= drift_check.read(before).alarms):
            _tell(check, found)
    return check


def _tell(check: WorkforceCheck, found: drift_check.Found) -> None:
    events.emit(
        Event.DRIFT_FOUND,
        about=f"check {check.pk}",
        data={
            "check_id": check.pk,
            "run_id": check.run_id,
            "as_of": check.run.day.isoformat(),
            "drifted_count": len(found.drifted),
            "unexpected_forecast_count": sum(outcome.is_alarm for outcome in found.newest),
        },
        page="model_workforce",
    )
