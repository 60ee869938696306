"""Who was there, as was known then, and what became of them. The truths are small and written down by hand."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from employees.models import Employee, Load
from employees.tests.extracts import load, load_all
from employees.workforce.answers import answer_left, merge_numbers
from employees.workforce.loading import withdraw_load
from features import selectors as features
from features.schema import BY_NAME, FEATURE_NAMES
from features.services import build_features
from predictions.ml.periods import Event, departures, quarters
from predictions.selectors.person_periods import days_seen, person_periods

pytestmark = pytest.mark.django_db
MONTHS = [day.date() for day in pd.date_range("2026-01-31", "2026-07-31", freq="ME")]
JANUARY, FEBRUARY, MARCH, APRIL, MAY, JUNE, JULY = MONTHS
DECEMBER = date(2025, 12, 31)
STAYER, PERSON = 1, 2
LEFT, VANISHED, NONE = Event.LEFT, Event.VANISHED, Event.NONE


def deliver(day, people, *, recorded=None, **directory):
    """The files of a day; ``recorded`` is the day on which they were loaded, today if it is not given."""
    result = load_all(day, people, accept_implausible=True)
    if directory:
        load(day, options={"accept_implausible": True}, annuaire={PERSON: directory})
    if recorded:
        Load.objects.filter(as_of=day, pk__gte=result.load).update(recorded_at=at(recorded))
    return result


def at(day):
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def live(pattern, **directory):
    """The person's months: P in the files, F in them with the flag of having left, - in none. Somebody else stays."""
    for day, is_there in zip(MONTHS, pattern, strict=False):
        person = {"-": {}, "P": {PERSON: {"a_quitte_l_entreprise": False}}}
        person["F"] = {PERSON: {"a_quitte_l_entreprise": True}}
        deliver(day, {STAYER: {}} | person[is_there], **(directory if day == JULY else {}))
    build_features()


def rows(periods, number=PERSON):
    """The rows of a person as (start, months, event)."""
    is_of = periods.person == number
    starts = periods.start[is_of].astype(object)
    return list(zip(starts, periods.exposure[is_of].round(2), periods.event[is_of], strict=True))


def of_one_period(start, end):
    return person_periods([(start, end)])


def test_somebody_who_stays_is_a_row_each_quarter_without_an_event():
    live("PPPPPPP")
    assert quarters(days_seen()) == [(JANUARY, APRIL), (APRIL, JULY)]
    assert rows(person_periods()) == [(JANUARY, 3, NONE), (APRIL, 3, NONE)]


def test_departure_is_an_event_of_its_quarter_with_the_planned_exposure():
    live("PPF----")
    assert rows(person_periods()) == [(JANUARY, 3, LEFT)]


def test_features_are_those_of_the_start():
    for day, pay in zip(MONTHS, range(3_000, 10_000, 1_000), strict=True):
        deliver(day, {PERSON: {"revenu_mensuel": pay}})
    build_features()
    assert person_periods().frame["revenu_mensuel"].tolist() == [3_000, 6_000]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, (JANUARY, 3, LEFT)),
        ("Démission", (JANUARY, 3, LEFT)),
        *((other, (JANUARY, 1.5, NONE)) for other in ("Retraite", "Licenciement", "Fin de contrat", "Mutation")),
        ("Autre", (JANUARY, 1.5, NONE)),
        ("Rupture conventionnelle", (JANUARY, 1.5, NONE)),
    ],
)
def test_reason_decides_whether_a_departure_is_an_event(reason, expected):
    live("PPP----", date_sortie=date(2026, 3, 15) if reason != "Autre" else date(2026, 3, 16), motif_sortie=reason)
    start, months, event = expected
    assert rows(person_periods()) == [(start, pytest.approx(months, abs=0.05), event)]


def test_departure_in_an_interval_ends_the_exposure_in_its_middle():
    live("PPP----")
    answer_left(numbers=[PERSON], because="Licenciement")  # after the 31st of March, by the 30th of April
    assert rows(person_periods()) == [(JANUARY, 2.5, NONE)]


def test_somebody_who_vanishes_is_an_event_of_its_own_and_no_row_later():
    live("PP-----")
    assert rows(person_periods()) == [(JANUARY, 3, VANISHED)]


def test_departure_told_later_of_somebody_who_was_missing_counts_since_they_were_missing():
    live("PPP----", date_sortie=date(2026, 6, 30), motif_sortie="Démission")
    assert rows(person_periods()) == [(JANUARY, 3, LEFT)]


def test_somebody_who_is_back_after_an_absence_was_there():
    live("PP-P--P")
    assert rows(person_periods()) == [(JANUARY, 3, NONE), (APRIL, 3, NONE)]


def test_somebody_absent_at_the_start_is_no_row():
    live("PP--PPP")
    assert rows(person_periods()) == [(JANUARY, 3, NONE)]


def test_rehired_person_is_a_row_again():
    live("PF-PPF-")
    assert rows(person_periods()) == [(JANUARY, 3, LEFT), (APRIL, 3, LEFT)]


def test_somebody_whom_the_files_still_held_after_their_departure_left_on_its_day():
    live("PPPPP--", date_sortie=date(2026, 4, 12), motif_sortie="Démission")
    assert rows(person_periods()) == [(JANUARY, 3, LEFT)]


def test_merged_numbers_are_one_person_who_never_left():
    for day in MONTHS:
        deliver(day, {STAYER: {}, (PERSON if day < MARCH else 9): {"age": 50}})
    build_features()
    assert rows(person_periods()) == [(JANUARY, 3, VANISHED)]
    merge_numbers(number=9, into=PERSON)
    build_features()
    assert rows(person_periods()) == [(JANUARY, 3, NONE), (APRIL, 3, NONE)]
    assert rows(person_periods(), 9) == []


def test_somebody_without_features_is_no_row():
    live("PPPPPPP")
    load(JANUARY, sirh={STAYER: {}, PERSON: {}, 3: {}}, options={"accept_implausible": True})
    build_features()
    assert np.unique(person_periods().person).tolist() == [STAYER, PERSON]


def test_one_period_holds_everyone_there_on_a_day_until_another():
    live("PPPP-F-")
    found = of_one_period(FEBRUARY, JULY)
    assert (rows(found), rows(found, STAYER)) == ([(FEBRUARY, 5, LEFT)], [(FEBRUARY, 5, NONE)])
    assert departures(of_one_period(FEBRUARY, APRIL)).total == 0


def test_rows_are_the_same_whatever_the_order_of_the_loads():
    life = [(day, {n: {"poste": "Manager" if n % 2 else "Consultant"} for n in (5, 3, 4)}) for day in MONTHS]
    found = []
    for order in (life, life[::-1]):
        Employee.objects.all().delete()
        Load.objects.all().delete()
        for place, (day, people) in enumerate(order):
            deliver(day, {number: people[number] for number in (list(people) if place else [5])})
        deliver(order[0][0], order[0][1])
        build_features()
        found.append(person_periods())
    pd.testing.assert_frame_equal(found[0].frame, found[1].frame)
    assert [rows.person.tolist() for rows in found] == [[3, 4, 5, 3, 4, 5]] * 2


def test_columns_are_compact_and_unknown_values_stay_unknown():
    deliver(JANUARY, {STAYER: {"age": None, "statut_marital": None}, PERSON: {}})
    deliver(APRIL, {STAYER: {}, PERSON: {}})
    build_features()
    found = person_periods()
    dtypes = {name: "category" if BY_NAME[name].is_open else "float32" for name in FEATURE_NAMES}
    assert found.frame.dtypes.astype(str).to_dict() == dtypes
    assert found.frame[["age", "statut_marital"]].isna().to_numpy().tolist() == [[True, True], [False, False]]
    kinds = (found.person.dtype, found.start.dtype, found.exposure.dtype, found.event.dtype)
    assert [str(kind) for kind in kinds] == ["int64", "datetime64[D]", "float64", "int8"]


def test_nothing_is_read_of_a_workforce_that_was_seen_once():
    deliver(JANUARY, {PERSON: {}})
    build_features()
    found = person_periods()
    assert (len(found), list(found.frame)) == (0, list(FEATURE_NAMES))


# What came later


def deliver_in_time(*days, people):
    """Files that were loaded two days after what they describe."""
    for day in days:
        deliver(day, people, recorded=day + timedelta(days=2))


def correct(recorded, **kinds):
    """A correction of January, loaded on a later day."""
    result = load(JANUARY, options={"accept_implausible": True}, **kinds)
    Load.objects.filter(pk=result.load).update(recorded_at=at(recorded))
    build_features()
    return result


def known(name, day=JANUARY):
    """What is known of the stayer and of the person at the start of a period."""
    found = of_one_period(day, APRIL)
    return dict(zip(found.person.tolist(), found.frame[name].tolist(), strict=True))


@pytest.fixture
def past():
    """The product has been in use since December; the person left in March, as the files of that month say."""
    both = {STAYER: {}, PERSON: {}}
    deliver_in_time(DECEMBER, JANUARY, FEBRUARY, people=both)
    deliver_in_time(MARCH, APRIL, people=both | {PERSON: {"a_quitte_l_entreprise": True}})
    build_features()


@pytest.fixture
def _rule_off(monkeypatch):
    monkeypatch.setattr(features, "known_before", lambda _day: None)


@pytest.fixture
def _days_off(monkeypatch):
    """The newest features, whatever the day."""
    chunks = features.feature_chunks
    monkeypatch.setattr(features, "feature_chunks", lambda size, _day: chunks(size))


def correct_after_the_departure():
    correct(date(2026, 5, 4), eval={STAYER: {}, PERSON: {"note_evaluation_actuelle": 1}})


def survey_without_who_left():
    correct(date(2026, 3, 20), sondage={STAYER: {"nb_formations_suivies": 4}})


def later_extract():
    deliver(MAY, {STAYER: {"revenu_mensuel": 9_999}}, recorded=date(2026, 6, 2))
    build_features()


def month_that_came_late():
    pay = {DECEMBER: 4_000, FEBRUARY: 5_000, JANUARY: 6_000}
    for place, (day, value) in enumerate(pay.items()):
        people = {STAYER: {}, PERSON: {"revenu_mensuel": value}}
        deliver(day, people, recorded=date(2026, 1, 2) + timedelta(days=60 * place))
    deliver(APRIL, {STAYER: {}}, recorded=date(2026, 6, 2))
    build_features()


@pytest.mark.usefixtures("past")
def test_correction_after_a_departure_is_not_known_at_the_start():
    correct_after_the_departure()
    assert known("note_evaluation_actuelle") == {STAYER: 3, PERSON: 3}


@pytest.mark.usefixtures("past", "_rule_off")
def test_correction_after_a_departure_would_be_seen_without_the_rule():
    correct_after_the_departure()
    assert known("note_evaluation_actuelle") == {STAYER: 3, PERSON: 1}


@pytest.mark.usefixtures("past")
def test_late_survey_that_leaves_out_who_left_is_not_known_at_the_start():
    survey_without_who_left()
    assert known("nb_formations_suivies") == {STAYER: 0, PERSON: 0}


@pytest.mark.usefixtures("past", "_rule_off")
def test_late_survey_that_leaves_out_who_left_would_be_seen_without_the_rule():
    survey_without_who_left()
    assert known("nb_formations_suivies") == {STAYER: 4, PERSON: 0}


@pytest.mark.usefixtures("past")
def test_features_as_known_are_those_that_were_built_before_the_correction():
    before = of_one_period(JANUARY, APRIL).frame
    correct_after_the_departure()
    pd.testing.assert_frame_equal(of_one_period(JANUARY, APRIL).frame, before)


@pytest.mark.usefixtures("past")
def test_late_survey_is_known_at_a_later_start():
    survey_without_who_left()
    deliver(MAY, {STAYER: {"nb_formations_suivies": 4}}, recorded=date(2026, 6, 2))
    build_features()
    found = of_one_period(MAY, MAY + timedelta(days=30))
    assert found.frame["nb_formations_suivies"].tolist() == [4]


@pytest.mark.usefixtures("past")
def test_later_extract_is_not_known_at_the_start():
    later_extract()
    assert known("revenu_mensuel") == {STAYER: 5993, PERSON: 5993}


@pytest.mark.usefixtures("past", "_days_off")
def test_later_extract_would_be_seen_without_the_rule():
    later_extract()
    assert known("revenu_mensuel") == {STAYER: 9_999}


@pytest.mark.usefixtures("past")
def test_outcome_is_known_by_all_that_was_recorded():
    correct_after_the_departure()
    found = of_one_period(JANUARY, APRIL)
    assert rows(found) == [(JANUARY, 3, LEFT)]


def test_month_that_came_late_was_not_known_at_its_end():
    month_that_came_late()
    assert known("revenu_mensuel")[PERSON] == 4_000


@pytest.mark.usefixtures("_rule_off")
def test_month_that_came_late_would_be_seen_without_the_rule():
    month_that_came_late()
    assert known("revenu_mensuel")[PERSON] == 6_000


@pytest.mark.usefixtures("past")
def test_file_that_was_withdrawn_was_never_known():
    wrong = correct(date(2026, 2, 2), eval={STAYER: {"note_evaluation_actuelle": 2}, PERSON: {}})
    withdraw_load(load=wrong.load, reason="the file of another company")
    correct_after_the_departure()
    assert known("note_evaluation_actuelle") == {STAYER: 3, PERSON: 3}


@pytest.mark.usefixtures("past")
def test_file_that_was_replaced_in_time_was_not_known():
    correct(date(2026, 2, 2), eval={STAYER: {"note_evaluation_actuelle": 2}, PERSON: {}})
    correct_after_the_departure()
    assert known("note_evaluation_actuelle") == {STAYER: 2, PERSON: 3}


def test_history_from_before_the_product_was_in_use_counts_as_it_is_given():
    for day in (APRIL, JANUARY):
        deliver(day, {STAYER: {}, PERSON: {}}, recorded=date(2026, 5, 2))
    correct(date(2026, 9, 4), eval={STAYER: {}, PERSON: {"note_evaluation_actuelle": 1}})
    assert known("note_evaluation_actuelle") == {STAYER: 3, PERSON: 1}


# Any history

patterns = st.lists(st.text("PF-", min_size=7, max_size=7), min_size=3, max_size=3)


def truth(pattern):
    """The rows of somebody's months by quarter, read off them."""
    found = []
    for start, end in ((0, 3), (3, 6)):
        if pattern[start] != "P":
            continue
        after = pattern[start:].lstrip("P")
        gone = len(pattern) - len(after)  # the first month in which they are not plainly there
        while after and "F" not in after.split("P")[0] and "P" in after:  # back after an absence
            after = after[after.index("P") :].lstrip("P")
            gone = len(pattern) - len(after)
        event = NONE if gone > end else LEFT if "F" in after.split("P")[0] else VANISHED if after else NONE
        found.append((MONTHS[start], 3, event))
    return found


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@example(patterns=["PPFPF-P", "P-FPP-P", "PP--PP-"])
@given(patterns=patterns)
def test_events_of_the_quarters_are_the_departures_of_those_present_at_their_starts(patterns):
    people = dict(enumerate(patterns, start=2))
    with transaction.atomic():
        for place, day in enumerate(MONTHS):
            there = {n: pattern[place] for n, pattern in people.items() if pattern[place] != "-"}
            of_day = {n: {"a_quitte_l_entreprise": is_there == "F"} for n, is_there in there.items()}
            deliver(day, {STAYER: {}} | of_day)
        build_features()
        found = person_periods()
        assert {n: rows(found, n) for n in people} == {n: truth(pattern) for n, pattern in people.items()}
        transaction.set_rollback(True)
