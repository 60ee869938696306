import numpy as np
import pytest

from predictions.ml.assessment import out_of_time
from predictions.ml.assessment.evaluation import Rows
from predictions.ml.periods import PersonPeriods, cohort, starts
from predictions.ml.training import TrainingError, train_forecast
from predictions.tests.workforce import TINY, history, present

pytestmark = pytest.mark.slow


def judged(periods, horizon=12):
    return out_of_time.judge(periods, features="default", C=0.1, horizon=horizon, seed=7)


def test_a_year_is_learned_from_in_one_half_and_tested_on_in_the_other():
    assert out_of_time.split(history(), 12) == (np.datetime64("2025-07-31"), 6)


def test_the_test_is_no_longer_than_the_horizon():
    assert out_of_time.split(history(), 3) == (np.datetime64("2025-10-31"), 3)
    assert out_of_time.split(history(quarters=12), 12)[1] == 12


def test_one_quarter_is_too_short_to_split():
    assert judged(history(quarters=1)) is None


def test_nothing_after_the_day_is_learned(monkeypatch):
    taught, fit = [], Rows.fit

    def note(rows, model):
        taught.append(len(rows))
        return fit(rows, model)

    monkeypatch.setattr(Rows, "fit", note)
    periods = history()
    judged(periods)
    assert taught == [int((periods.start < np.datetime64("2025-07-31")).sum())]


def test_what_happens_after_the_day_changes_no_forecast():
    periods = history()
    other = periods.event.copy()
    is_after = periods.start >= np.datetime64("2025-07-31")
    other[is_after] = np.random.default_rng(3).permutation(other[is_after])
    changed = PersonPeriods(periods.frame, periods.person, periods.start, periods.exposure, other)
    assert judged(changed)["expected"] == pytest.approx(judged(periods)["expected"])


def test_first_people_are_those_most_at_risk():
    found = judged(history())
    shares = [row["departures"] / row["people"] for row in found["first"]]
    assert shares[0] > found["departures"] / found["people"]
    assert found["metrics"]["roc_auc"]["low"] < found["metrics"]["roc_auc"]["mean"]


def test_a_cohort_is_who_was_there_and_what_became_of_each():
    periods = history()
    day = starts(periods)[0][1]
    found = cohort(periods, day)
    assert len(found) == (periods.start == day).sum()
    assert set(found.exposure) == {9.0}
    gone = periods.person[(periods.event > 0) & (periods.start >= day)]
    assert set(found.person[found.event > 0]) == set(gone)


def test_who_left_in_a_way_that_is_not_forecast_is_in_no_cohort():
    periods = history()
    exposure = periods.exposure.copy()
    place = np.flatnonzero((periods.start == periods.start.min()) & (periods.event == 0))[0]
    exposure[place] = 1.5
    changed = PersonPeriods(periods.frame, periods.person, periods.start, exposure, periods.event)
    assert periods.person[place] not in cohort(changed, periods.start.min()).person


@pytest.mark.parametrize(("quarters", "horizon"), [(1, 3), (2, 6), (3, 6), (4, 12), (6, 12)])
def test_horizon_is_the_longest_that_the_history_allows(quarters, horizon):
    periods = history(quarters=quarters)
    assert train_forecast(periods, present(periods), plan=TINY).card["horizon_months"] == horizon


def test_a_horizon_longer_than_the_history_is_refused():
    periods = history(quarters=2)
    with pytest.raises(TrainingError, match="6 months: a forecast within 12 months needs as many"):
        train_forecast(periods, present(periods), horizon=12, plan=TINY)


def test_a_horizon_other_than_three_six_or_twelve_months_is_refused():
    periods = history()
    with pytest.raises(TrainingError, match="a horizon is 3, 6 or 12 months, not 5"):
        train_forecast(periods, present(periods), horizon=5, plan=TINY)
