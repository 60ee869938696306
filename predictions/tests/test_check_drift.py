from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from employees.tests.factories import leave
from predictions.registry import current_model
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db


def check(*arguments):
    out = StringIO()
    call_command("check_drift", *arguments, stdout=out)
    return out.getvalue()


def score(created_at=None, **moved):
    """A run, of yesterday unless it is given, over people like those of the training data, except for what moved."""
    bins = current_model().card["drift"]["bins"]
    counts = {name: each["counts"] for name, each in bins.items()} | moved
    return ScoringRunFactory(
        created_at=created_at or timezone.now() - timedelta(days=1),
        model_version=current_model().version,
        drift_counts=counts,
    )


def test_check_drift_of_an_unchanged_workforce_is_quiet():
    run = score()
    PredictionFactory(scored=True, run=run, probability=0.2)
    output = check("--fail-on-drift")
    assert "0 drifted" in output
    assert "Drift:" not in output
    day = f"{timezone.localtime(run.created_at):%Y-%m-%d %H:%M}"
    assert f"Departures since its run of {day}: 0 of 1 people, 0.2 expected (0 to 1)\n" in output


def test_check_drift_prints_local_times_as_the_pages_do():
    run = score(created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    PredictionFactory(scored=True, run=run, probability=0.2)
    output = check()
    assert f"Scored on 2026-07-02 00:30 by {run.model_version}\n" in output
    assert "Departures since its run of 2026-07-02 00:30: " in output


def test_check_drift_of_a_model_whose_predictions_were_purged_says_so():
    score()
    assert "Departures: no run of it has its predictions in the log any more, so none can be expected\n" in check()


def test_check_drift_names_what_drifted():
    score(heures_supplementaires=[700, 770])
    output = check()
    assert "Drift: heures_supplementaires, 24% of the people moved" in output
    assert "1 drifted" in output


def test_check_drift_can_fail_for_a_scheduler():
    score(heures_supplementaires=[700, 770])
    with pytest.raises(CommandError, match="drift"):
        check("--fail-on-drift")


@pytest.mark.parametrize(("left", "probability", "said"), [(3, 0.01, "more than"), (0, 0.9, "fewer so far")])
def test_check_drift_compares_departures_with_what_was_expected(left, probability, said):
    run = score()
    for number in range(4):
        row = PredictionFactory(scored=True, run=run, probability=probability, threshold=0.2)
        if number < left:
            leave(row.employee, day=timezone.localdate())
    assert said in check()
    if left:
        with pytest.raises(CommandError):
            check("--fail-on-drift")
    else:
        check("--fail-on-drift")


def test_check_drift_of_few_people_says_so():
    score(**{name: [1] * len(bins["counts"]) for name, bins in current_model().card["drift"]["bins"].items()})
    assert "too few" in check()


def test_check_drift_before_any_run_says_what_to_do():
    with pytest.raises(CommandError, match="score_employees"):
        check()
