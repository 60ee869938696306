from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.engineering import typed
from features.schema import BY_NAME, FEATURE_NAMES
from predictions.ml.periods import (
    Departures,
    Event,
    PersonPeriods,
    compact,
    departures,
    departures_known,
    joined,
    months_before,
    months_between,
    nobody,
    outcomes,
    quarters,
)

JANUARY, APRIL, JULY, OCTOBER = date(2026, 1, 31), date(2026, 4, 30), date(2026, 7, 31), date(2026, 10, 31)
MONTH_ENDS = [day.date() for day in pd.date_range(JANUARY, OCTOBER, freq="ME")]
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
reproducibly = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_quarters_go_back_from_the_newest_day_to_the_oldest():
    assert quarters(MONTH_ENDS) == [(JANUARY, APRIL), (APRIL, JULY), (JULY, OCTOBER)]


def test_quarters_begin_with_a_shorter_one_where_the_history_does():
    assert quarters(MONTH_ENDS[1:])[0] == (date(2026, 2, 28), APRIL)


def test_quarters_of_a_workforce_that_was_seen_once_are_none():
    assert quarters([]) == quarters([JANUARY]) == quarters([JANUARY, JANUARY]) == []


def test_quarters_are_longer_where_days_are_missing():
    assert quarters([day for day in MONTH_ENDS if day != JULY])[1:] == [
        (APRIL, date(2026, 6, 30)),
        (date(2026, 6, 30), OCTOBER),
    ]
    assert quarters([JANUARY, date(2027, 1, 31)]) == [(JANUARY, date(2027, 1, 31))]


def test_quarters_of_last_working_days_stay_three_months_long():
    last = [date(2026, 5, 29), date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 11, 27)]
    assert quarters(last) == [(date(2026, 5, 29), date(2026, 8, 31)), (date(2026, 8, 31), date(2026, 11, 27))]


@reproducibly
@given(st.lists(days, unique=True, max_size=40))
def test_quarters_cover_the_history_once_and_bound_on_its_days(days):
    found = quarters(days)
    bounds = [*dict.fromkeys(bound for period in found for bound in period)]
    assert bounds == sorted(bounds)
    assert set(bounds) <= set(days)
    assert (bounds[:1], bounds[-1:]) == (([min(days)], [max(days)]) if len(days) > 1 else ([], []))
    assert [start for start, _end in found[1:]] == [end for _start, end in found[:-1]]


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2026, 2, 28), 3, date(2025, 11, 30)),
        (date(2026, 5, 30), 3, date(2026, 2, 28)),
        (date(2026, 5, 15), 12, date(2025, 5, 15)),
        (date(2026, 5, 15), 0, date(2026, 5, 15)),
    ],
)
def test_months_before_keeps_the_end_of_a_month(day, months, earlier):
    assert months_before(day, months) == earlier


def test_months_between_ends_of_months_are_whole():
    ends = np.array(MONTH_ENDS, dtype="datetime64[D]")
    assert months_between(JANUARY, ends).tolist() == list(range(10))
    assert np.isnan(months_between(JANUARY, np.datetime64("NaT", "D")))
    assert months_between(date(2026, 6, 30), date(2026, 7, 15)) == pytest.approx(15 / 31)


@reproducibly
@given(days, days, days)
def test_months_between_add_up(first, second, third):
    assert months_between(first, second) + months_between(second, third) == pytest.approx(months_between(first, third))


def test_outcomes_plan_the_whole_exposure_but_of_departures_that_are_not_forecast():
    gone = np.array(["NaT", "2026-02-28", "2026-02-28", "2026-02-28", "2026-04-30", "2026-05-01"], dtype="M8[D]")
    event = np.array([0, Event.LEFT, Event.VANISHED, Event.NONE, Event.LEFT, Event.LEFT])
    exposure, found = outcomes(JANUARY, APRIL, gone, event)
    assert exposure.tolist() == [3, 3, 3, 1, 3, 3]
    assert found.tolist() == [0, 1, 2, 0, 1, 0]
    assert found.dtype == np.int8


def periods(event: list[int], **values) -> PersonPeriods:
    count = len(event)
    frame = pd.DataFrame({name: values.get(name, [1.0] * count) for name in FEATURE_NAMES})
    start = np.full(count, np.datetime64(JANUARY, "D"))
    return PersonPeriods(frame, np.arange(count), start, np.full(count, 3.0), np.array(event, dtype=np.int8))


def test_departures_count_who_left_and_who_vanished():
    assert departures(periods([0, 1, 2, 1])) == Departures(left=2, vanished=1)
    assert departures(periods([0])).total == 0


def test_departures_known_count_those_of_whom_a_feature_is_known():
    found = departures_known(periods([0, 1, 2, 1], age=[np.nan, 40, np.nan, 50]))
    assert (found["age"], found["revenu_mensuel"]) == (2, 3)
    assert list(found) == list(FEATURE_NAMES)


def test_joined_parts_are_sorted_with_one_set_of_categories():
    words = {"B": periods([0, 1], poste=["b", None]), "A": periods([2], poste=["a"])}
    b, a = (replace(part, frame=compact(typed(part.frame))) for part in words.values())
    found = joined([nobody(), b, replace(a, person=np.array([7]), start=a.start - 90)])
    assert found.person.tolist() == [7, 0, 1]
    assert found.event.tolist() == [2, 0, 1]
    assert found.frame["poste"].astype(object).fillna("").tolist() == ["a", "b", ""]
    assert found.frame["poste"].cat.categories.tolist() == ["a", "b"]


def test_compact_keeps_the_largest_pay():
    frame = typed(periods([0], revenu_mensuel=[BY_NAME["revenu_mensuel"].maximum]).frame)
    assert compact(frame)["revenu_mensuel"].astype(int).tolist() == frame["revenu_mensuel"].tolist()


def test_where_keeps_the_rows_wanted():
    some = periods([0, 1, 2], age=[1.0, 2, 3]).where(np.array([False, True, True]))
    assert (len(some), some.event.tolist(), some.frame["age"].tolist()) == (2, [1, 2], [2, 3])
    assert some.frame.index.tolist() == [0, 1]


def test_quarters_do_not_move_by_a_day_within_a_week_of_the_calendar():
    assert quarters([JANUARY, APRIL + timedelta(days=7), JULY])[0] == (JANUARY, date(2026, 5, 7))
    assert quarters([JANUARY, APRIL + timedelta(days=8), JULY])[0] == (JANUARY, JULY)
