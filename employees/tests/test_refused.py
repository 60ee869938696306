"""What the newest extracts said of known people and was refused: of whom, since when, and why."""

from datetime import date

import pytest

from employees.access import Readable, Scope
from employees.columns import Extract
from employees.extracts import Cost, Reject
from employees.messages import Message
from employees.tests.extracts import extract_of
from employees.workforce.answers import answer_left, merge_numbers
from employees.workforce.known_values import History
from employees.workforce.loading import load_extracts, withdraw_load
from employees.workforce.refused import refused, with_days

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 28) for month in (1, 2, 3, 4))
EVERYONE = {number: {} for number in range(1, 11)}


def bad(number, column="age"):
    return Reject("sirh.csv", 2, column, "12", Message("a whole number"), Cost.CELL, column, number)


def load(day, *rejects, people=EVERYONE):
    sirh = extract_of(Extract.SIRH, people, rejects=rejects)
    return load_extracts(as_of=day, extracts={Extract.SIRH: sirh}, accept_implausible=True).load


def found(scope=Scope.EVERYONE):
    history = History.now()
    rows = with_days(history, list(refused(scope, history)), Readable.NOTHING)
    return [(row.employee.employee_id, row.value.column, row.since) for row in rows]


def test_value_is_refused_since_the_first_extract_of_those_that_refuse_it_until_now():
    load(JANUARY, bad(1))
    load(FEBRUARY)
    load(MARCH, bad(1))
    load(APRIL, bad(1), bad(2))
    assert found() == [(1, "age", MARCH), (2, "age", APRIL)]


def test_value_that_a_newer_extract_gives_is_refused_no_more():
    load(JANUARY, bad(1))
    load(FEBRUARY)
    assert found() == []


def test_load_taken_back_refuses_nothing():
    load(JANUARY)
    withdraw_load(load=load(FEBRUARY, bad(1)), reason="wrong")
    assert found() == []


def test_unknown_people_and_those_who_left_are_no_question():
    load(JANUARY)
    load(FEBRUARY, bad(99), bad(1), people={n: {} for n in range(2, 11)})
    answer_left(numbers=[1])
    assert found() == []


def test_value_of_another_number_is_the_persons():
    load(JANUARY, bad(2))
    merge_numbers(number=2, into=1, accept_both_listed=True)
    assert found() == [(1, "age", JANUARY)]


def test_only_people_of_the_scope_are_told():
    load(JANUARY, bad(1), bad(2), people=EVERYONE | {2: {"departement": "Commercial"}})
    assert found(Scope.of_departments(["Commercial"])) == [(2, "age", JANUARY)]
