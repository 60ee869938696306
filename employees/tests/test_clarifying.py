from datetime import date

import numpy as np
import pytest

from employees.access import Scope
from employees.models import Employee, Load, Presence, PresenceAnswer, WorkforceDay
from employees.tests.extracts import DAY, load, load_all
from employees.workforce import clarifying
from employees.workforce.answers import BothListed, NotMergeable, merge_numbers
from employees.workforce.clarifying import Changed, Departure, LeftTooEarly
from employees.workforce.known_values import History
from employees.workforce.listing import Lack, lacks_of_few, last_jobs, why_not_scored
from employees.workforce.loading import NoSuchLoad, withdraw_load, withdrawal_changes

pytestmark = pytest.mark.django_db

BEFORE = date(2026, 5, 31)
CONSULTING = Scope.of_departments(["Consulting"])


@pytest.fixture
def hr(django_user_model):
    return django_user_model.objects.create_user("hr")


@pytest.fixture
def absent():
    """Of twelve people, 10 of Consulting and 11 of Commercial are in no extract any more."""
    people = {number: {"departement": "Commercial" if number == 11 else "Consulting"} for number in range(1, 13)}
    load_all(BEFORE, people)
    load_all(DAY, {number: values for number, values in people.items() if number not in (10, 11)})


def presence_of(number):
    return Employee.objects.get(employee_id=number).presence


def answer(hr, *, scope=Scope.EVERYONE, numbers=(10,), departure=None, **more):
    return clarifying.answer_absent(scope=scope, numbers=numbers, departure=departure, user=hr, **more)


def test_absent_people_are_those_of_the_scope_with_their_number_in_all(absent):
    assert [(row.employee.employee_id, row.total) for row in clarifying.absent(Scope.EVERYONE)] == [(10, 2), (11, 2)]
    assert [(row.employee.employee_id, row.total) for row in clarifying.absent(CONSULTING)] == [(10, 1)]
    assert [clarifying.count_absent(scope) for scope in (Scope.EVERYONE, CONSULTING, Scope.NOBODY)] == [2, 1, 0]


def test_answer_that_somebody_left_dates_it_between_the_extracts(absent, hr):
    (given,) = answer(hr, departure=Departure())
    assert presence_of(10) == Presence.LEFT
    assert (given.left_after, given.left_by, given.recorded_by) == (BEFORE, DAY, hr)


def test_day_of_departure_before_the_last_extract_with_the_person_is_refused(absent, hr):
    with pytest.raises(LeftTooEarly) as refused:
        answer(
            hr, numbers=None, revision=WorkforceDay.objects.latest().revision, departure=Departure(date(2026, 5, 30))
        )
    assert (refused.value.number, refused.value.last_listed) == (10, BEFORE)
    assert not PresenceAnswer.objects.exists()
    answer(hr, departure=Departure(BEFORE))
    assert presence_of(10) == Presence.LEFT


def test_answers_lapse_with_the_load_that_left_the_people_out(absent, hr):
    answer(hr, numbers=(10, 11), departure=Departure())
    withdraw_load(load=Load.objects.in_force().latest("as_of").pk, reason="wrong file")
    assert (presence_of(10), presence_of(11)) == (Presence.PRESENT, Presence.PRESENT)
    assert WorkforceDay.objects.latest().as_of == BEFORE
    load_all(DAY, {number: {} for number in range(1, 13) if number != 11})
    assert (presence_of(10), presence_of(11)) == (Presence.PRESENT, Presence.LEFT)


def test_answer_with_a_day_and_a_reason_keeps_both(absent, hr):
    answer(hr, departure=Departure(date(2026, 6, 12), "Retraite"))
    (state,) = clarifying.departed(Scope.EVERYONE)
    assert (state.left_after, state.left_by, state.left_because) == (date(2026, 6, 12), date(2026, 6, 12), "Retraite")


def test_answer_that_somebody_is_there_makes_them_present(absent, hr):
    answer(hr)
    assert presence_of(10) == Presence.PRESENT


def test_answer_leaves_out_who_is_not_absent_or_out_of_the_scope(absent, hr):
    assert answer(hr, scope=CONSULTING, numbers=(1, 11, 999), departure=Departure()) == []
    assert [presence_of(number) for number in (1, 11)] == [Presence.PRESENT, Presence.ABSENT]


def test_answer_for_everyone_is_for_those_of_the_scope(absent, hr):
    answer(hr, scope=CONSULTING, numbers=None, departure=Departure(), revision=WorkforceDay.objects.latest().revision)
    assert [presence_of(number) for number in (10, 11)] == [Presence.LEFT, Presence.ABSENT]


def test_answer_for_everyone_after_a_change_is_refused(absent, hr):
    seen = WorkforceDay.objects.latest().revision
    answer(hr)
    for revision in (seen, None):
        with pytest.raises(Changed):
            answer(hr, numbers=None, departure=Departure(), revision=revision)
    assert presence_of(11) == Presence.ABSENT


def test_answer_taken_back_is_as_if_it_had_not_been_given(absent, hr):
    (given,) = answer(hr, departure=Departure())
    assert clarifying.revoke_within(scope=Scope.EVERYONE, keys=[given.pk], user=hr) == 1
    assert presence_of(10) == Presence.ABSENT
    given.refresh_from_db()
    assert given.revoked_by == hr
    assert clarifying.revoke_within(scope=Scope.EVERYONE, keys=[given.pk], user=hr) == 0


def test_answer_about_somebody_out_of_the_scope_is_not_taken_back(absent, hr):
    (given,) = answer(hr, numbers=(11,), departure=Departure())
    assert clarifying.revoke_within(scope=CONSULTING, keys=[given.pk], user=hr) == 0
    assert list(clarifying.answers_within(CONSULTING)) == []
    assert PresenceAnswer.objects.in_force().count() == 1


def test_merge_needs_both_people_in_the_scope(absent, hr):
    with pytest.raises(NotMergeable):
        clarifying.merge_within(scope=CONSULTING, number=11, into=10, user=hr)
    with pytest.raises(BothListed, match="the SIRH extract of 2026-05-31 holds both 12 and 10"):
        clarifying.merge_within(scope=Scope.EVERYONE, number=12, into=10, user=hr)
    merge = clarifying.merge_within(scope=Scope.EVERYONE, number=12, into=10, accept_both_listed=True, user=hr)
    assert presence_of(10) == Presence.PRESENT
    assert list(clarifying.merges_within(CONSULTING)) == [merge]
    assert list(clarifying.merges_within(Scope.of_departments(["Commercial"]))) == []


def test_lacks_of_few_are_those_of_why_not_scored():
    load_all(BEFORE, {1: {}, 2: {"note_evaluation_actuelle": None}, 7: {}})
    listed = {1: {}, 2: {"age": 42}, 3: {"poste": None}, 4: {}, 8: {}}
    surveyed = {4: {"niveau_education": None}}
    appraised = {2: {"note_evaluation_actuelle": None}}
    load(DAY, sirh=listed, eval=appraised, sondage=surveyed, options={"accept_implausible": True})
    merge_numbers(number=7, into=8)
    history, numbers = History.now(), [1, 2, 3, 4, 8]
    lacks = lacks_of_few(history, numbers)
    said = {number: "; ".join(map(str, each)) for number, each in lacks.items()}
    assert said == why_not_scored(history, DAY, np.array(numbers))
    assert sorted(said) == [2, 3, 4]
    assert Lack("eval") in lacks[3]


def test_last_jobs_are_the_newest_known_under_any_number():
    load(BEFORE, sirh={1: {"poste": "Manager"}, 2: {"poste": "Consultant"}, 3: {"poste": "Tech Lead"}})
    load(DAY, sirh={1: {"poste": None}, 2: {"poste": "Manager"}, 4: {"poste": None}})
    merge_numbers(number=3, into=4)
    assert last_jobs(History.now(), [1, 2, 4]) == {1: "Manager", 2: "Manager", 4: "Tech Lead"}


def test_withdrawal_tells_what_it_would_change_and_changes_nothing(absent):
    newest = load_all(date(2026, 7, 31), {number: {} for number in [*range(1, 10), 10, 12, 99]}).load
    changes = withdrawal_changes(load=newest)
    assert changes[["kind", "number", "department"]].to_numpy().tolist() == [
        ["vanished", 10, "Consulting"],
        ["forgotten", 99, "Consulting"],
    ]
    assert presence_of(10) == Presence.PRESENT
    withdraw_load(load=newest, reason="wrong file")
    assert presence_of(10) == Presence.ABSENT
    with pytest.raises(NoSuchLoad):
        withdrawal_changes(load=newest)
