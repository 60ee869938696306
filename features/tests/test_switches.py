"""What is made of a column that is switched off is unknown, and nothing else changes."""

import pytest

from employees.tests.extracts import DAY, load_all
from features.models import EmployeeFeatures
from features.services import build_features, switch_off

pytestmark = pytest.mark.django_db


def test_switching_off_erases_what_the_features_hold_of_a_column():
    load_all(DAY, {1: {"age": 25}})
    build_features()
    switch_off(column="age", reason="not needed")
    assert list(EmployeeFeatures.objects.values_list("age", "jeune_surcharge", "genre")) == [(None, None, 0)]


def test_switching_off_gives_the_next_build_nothing_to_do():
    load_all(DAY, {1: {}})
    build_features()
    switch_off(column="age", reason="not needed")
    load_all(DAY.replace(month=7), {1: {"age": None}})
    assert build_features().changed == 0


def test_switching_off_a_column_of_no_feature_leaves_the_features():
    load_all(DAY, {1: {}})
    build_features()
    before = list(EmployeeFeatures.objects.values())
    switch_off(column="ayant_enfants", reason="not needed")
    assert list(EmployeeFeatures.objects.values()) == before
