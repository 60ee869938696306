from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from predictions.ml.assessment.outcomes import Outcome
from predictions.models import WorkforceCheck
from predictions.registry import current_model
from predictions.selectors import followed_forecasts
from predictions.tests.factories import ScoringRunFactory

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


@pytest.fixture
def follow(monkeypatch):
    """Let a forecast of 100 people have come to an end."""

    def follow(**values):
        values = {"left": 10, "left_otherwise": 1, "unknown": 2, "expected": 10.0, "low": 4, "high": 18} | values
        found = Outcome(run=1, day=date(2026, 1, 31), version="v", months=12, people=1_204, **values)
        monkeypatch.setattr(followed_forecasts, "followed", lambda: [found])

    return follow


def test_check_drift_of_an_unchanged_workforce_is_quiet():
    run = score()
    output = check("--fail-on-drift")
    assert f"Scored on {timezone.localtime(run.created_at):%Y-%m-%d %H:%M} by {run.model_version}" in output
    assert "0 drifted" in output
    assert "Drift:" not in output
    assert "Departures: no forecast in the log is three months old, so none can be compared" in output


def test_check_drift_prints_local_times_as_the_pages_do():
    run = score(created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    assert f"Scored on 2026-07-02 00:30 by {run.model_version}, as of 2026-07-02\n" in check()


def test_check_drift_names_what_drifted():
    score(heures_supplementaires=[700, 533])
    output = check()
    assert "Drift: heures_supplementaires, 2" in output
    assert "departures expected by it alone" in output
    assert "1 drifted" in output


def test_check_drift_can_fail_for_a_scheduler():
    score(heures_supplementaires=[700, 533])
    with pytest.raises(CommandError, match="drift"):
        check("--fail-on-drift")


def test_check_drift_tells_what_became_of_a_forecast(follow):
    score()
    follow()
    assert (
        "Departures within 12 months of 2026-01-31: 10 of 1,204 people left, 2 absent, 1 left otherwise; "
        "10.0 expected (4 to 18): as expected\n"
    ) in check("--fail-on-drift")


def test_check_drift_of_a_classification_says_that_it_expects_none_by_then(follow):
    score()
    follow(expected=None, low=None, high=None)
    assert "1 left otherwise: no number expected by then\n" in check("--fail-on-drift")


@pytest.mark.parametrize(("left", "said"), [(19, "more than expected"), (1, "fewer than expected")])
def test_check_drift_fails_in_both_directions(follow, left, said):
    score()
    follow(left=left)
    assert said in check()
    with pytest.raises(CommandError):
        check("--fail-on-drift")


def test_check_drift_stores_what_it_found():
    run = score()
    check()
    check()
    assert WorkforceCheck.objects.get().run == run


def test_check_drift_of_few_people_says_so():
    score(**{name: [1] * len(bins["counts"]) for name, bins in current_model().card["drift"]["bins"].items()})
    assert "too few" in check()


def test_check_drift_before_any_run_says_what_to_do():
    with pytest.raises(CommandError, match="score_employees"):
        check()
