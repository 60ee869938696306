"""For any sequence of loads, corrections and withdrawals: the state on every day equals that of loading the extracts in
force once, in the order of their dates.
"""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from employees.columns import Extract
from employees.models import Employee, EmployeeState, Load, WorkforceDay
from employees.tests.extracts import load
from employees.workforce.loading import withdraw_load
from employees.workforce.presence import KNOWN

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FIRST = date(2026, 1, 31)
DAYS = [FIRST + timedelta(days=28 * place) for place in range(5)]
NUMBERS = st.sampled_from(range(1, 6))


def people(**values):
    return st.dictionaries(NUMBERS, st.fixed_dictionaries({}, optional=values), min_size=1, max_size=5)


dates = st.none() | st.sampled_from([DAYS[0] - timedelta(days=9), DAYS[2] + timedelta(days=3), DAYS[3]])
EXTRACTS = {
    Extract.SIRH: people(
        departement=st.sampled_from(["Commercial", "Consulting", None]), age=st.sampled_from([30, 31, None])
    ),
    Extract.EVAL: people(note_evaluation_actuelle=st.sampled_from([1, 4, None])),
    Extract.SONDAGE: people(a_quitte_l_entreprise=st.sampled_from([True, False, None])),
    Extract.ANNUAIRE: people(date_entree=dates, date_sortie=dates, motif_sortie=st.sampled_from(["démission", None])),
}
loads = st.tuples(
    st.just("load"),
    st.sampled_from(DAYS),
    st.sets(st.sampled_from(list(Extract)), min_size=1).flatmap(
        lambda kinds: st.fixed_dictionaries({kind.value: EXTRACTS[kind] for kind in kinds})
    ),
)
withdrawals = st.tuples(st.just("withdraw"), st.integers(0, 7))
again = st.tuples(st.just("again"), st.integers(0, 7))  # the content of an earlier load, on its day
sequences = st.lists(loads | loads | withdrawals | again, min_size=2, max_size=8)


def perform(steps):
    """Do what the steps say, and return the content in force: by day, then by kind."""
    done, in_force = [], []
    for step in steps:
        if step[0] == "withdraw":
            if in_force:
                number, _day, _content = in_force.pop(step[1] % len(in_force))
                withdraw_load(load=number, reason="test")
            continue
        if step[0] == "again":
            if not done:
                continue
            day, content = done[step[1] % len(done)]
        else:
            _, day, content = step
        result = load(day, options={"accept_implausible": True}, **content)
        done.append((day, content))
        if result.load:
            stored = {kind: rows for kind, rows in content.items() if Extract(kind) not in result.known_already}
            in_force.append((result.load, day, stored))
    standing: dict[date, dict] = {}
    for _number, day, content in sorted(in_force, key=lambda of: of[0]):
        standing.setdefault(day, {}).update(content)
    return standing


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
