"""Features are built with a correction as of its date, and without it once it is lifted."""

from datetime import timedelta

import pytest

from employees.models import Employee
from employees.tests.extracts import DAY, load_all
from employees.workforce.corrections import correct, lift
from features.models import EmployeeFeatures
from features.services import build_features

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=31)


def pays(number):
    rows = EmployeeFeatures.objects.in_force().filter(employee__employee_id=number).order_by("as_of")
    return list(rows.values_list("as_of", "revenu_mensuel"))


def test_features_follow_a_correction_and_its_end():
    for day in (DAY, DAY + MONTH):
        load_all(day, {1: {"revenu_mensuel": 1_111}, 2: {}})
    build_features()
    person = Employee.objects.get(employee_id=1)
    correction = correct(employee=person, column="revenu_mensuel", value=4_444, as_of=DAY + MONTH)
    others = list(EmployeeFeatures.objects.filter(employee__employee_id=2).values())
    build_features()
    assert pays(1) == [(DAY, 1_111), (DAY + MONTH, 4_444)]
    load_all(DAY + 2 * MONTH, {1: {"revenu_mensuel": 1_111}, 2: {}})
    build_features()
    assert pays(1) == [(DAY, 1_111), (DAY + MONTH, 4_444)]
    lift(correction=correction)
    build_features()
    assert pays(1) == [(DAY, 1_111)]
    assert list(EmployeeFeatures.objects.filter(employee__employee_id=2).values()) == others
