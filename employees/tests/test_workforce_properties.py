"""For any sequence of loads, corrections and withdrawals: the state on every day equals that of loading the extracts in
force once, in the order of their dates.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings

from employees import terms
from employees.models import Employee, EmployeeState, Load, RefusedValue, WorkforceDay
from employees.tests.extracts import load
from employees.tests.sequences import (
    DAYS,
    learn,
    perform,
    sequences,
    sequences_with_answers,
    sequences_with_words,
)
from employees.workforce import known_values
from employees.workforce.loading import withdraw_load
from employees.workforce.presence import KNOWN
from employees.workforce.replay import replay

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def everything():
    """The state on every day, who is there now, and what each one's columns say."""
    names = ["employee__employee_id", *KNOWN]
    states = {
        day: sorted(EmployeeState.objects.on(day).exclude(presence="").values_list(*names), key=str)
        for day in [*DAYS, DAYS[-1] + timedelta(days=400)]
    }
    employees = list(Employee.objects.of_the_workforce().values_list("employee_id", "presence", "departement"))
    return states, employees, list(WorkforceDay.objects.values_list("as_of", flat=True))


# Each example is rolled back: the next one begins with an empty database.


def start_afresh():
    Load.objects.all().delete()
    WorkforceDay.objects.all().delete()
    Employee.objects.all().delete()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=sequences)
def test_state_follows_from_the_extracts_in_force_alone(steps):
    with transaction.atomic():
        in_force = perform(steps)
        found = everything()
        start_afresh()
        for day in sorted(in_force):
            load(day, options={"accept_implausible": True}, **in_force[day])
        assert everything() == found
        transaction.set_rollback(True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=sequences_with_words)
def test_word_that_becomes_known_is_as_if_it_had_been_known_at_each_load(steps):
    with transaction.atomic():
        in_force = perform(steps)
        learn()
        assert not RefusedValue.objects.exists()
        found = everything()
        start_afresh()
        for day in sorted(in_force):
            load(day, options={"accept_implausible": True}, **in_force[day])
        assert everything() == found
        transaction.set_rollback(True)
    terms.forget()


EXIT = {"annuaire": {1: {"date_sortie": DAYS[0] - timedelta(days=9)}, 2: {}}}
SAYS_HERE = {"sondage": {1: {"a_quitte_l_entreprise": False}, 2: {}}}
LISTED, SAYS_LEFT = {"sirh": {1: {}, 2: {}}}, {"sondage": {1: {"a_quitte_l_entreprise": True}, 2: {}}}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@example(
    steps=[
        ("load", DAYS[0], LISTED | SAYS_LEFT),
        ("load", DAYS[1], {"sirh": {2: {}}}),
        ("load", DAYS[2], LISTED | SAYS_LEFT),  # listed again, and still said to have left
        ("load", DAYS[3], LISTED),
    ]
)
@example(steps=[("load", DAYS[0], LISTED), ("left", 1), ("withdraw", 0), ("load", DAYS[1], LISTED)])
@example(
    steps=[
        ("load", DAYS[0], LISTED | EXIT),
        ("load", DAYS[1], LISTED | SAYS_HERE),
        ("load", DAYS[2], EXIT),  # a date of exit that a survey superseded, told again
    ]
)
@given(steps=sequences_with_answers)
def test_whoever_is_derived_anew_from_a_day_on_is_as_if_everyone_were(steps, monkeypatch):
    monkeypatch.setattr(known_values, "MANY", 2)  # so that nobody is derived beside those touched
    with transaction.atomic():
        perform(steps)
        found = everything()
        replay(since=None)
        assert everything() == found
        transaction.set_rollback(True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=sequences)
def test_withdrawing_all_leaves_an_empty_workforce(steps):
    with transaction.atomic():
        perform(steps)
        for number in Load.objects.in_force().values_list("pk", flat=True):
            withdraw_load(load=number, reason="test")
        assert not EmployeeState.objects.exists()
        assert not Employee.objects.of_the_workforce().exists()
        transaction.set_rollback(True)
