from io import StringIO

import pytest
from django.core.management import call_command

from employees.tests.factories import EmployeeFactory, EmployeeSnapshotFactory, SurveyFactory
from features.models import EmployeeFeatures

pytestmark = pytest.mark.django_db


def build(**options):
    out = StringIO()
    call_command("build_features", **options, stdout=out, stderr=out)
    return out.getvalue()


def test_build_prints_counts_that_add_up_and_who_is_left_out():
    SurveyFactory(employee=EmployeeSnapshotFactory().employee)
    number = EmployeeFactory().employee_id
    output = build()
    assert "2 employees read = 1 written + 0 unchanged + 1 left out\n" in output
    assert f"  left out, no row from the SIRH extract and the survey: 1 ({number})\n" in output
    assert "2 employees read = 0 written + 1 unchanged + 1 left out\n" in build()


def test_dry_run_says_so_and_writes_nothing():
    SurveyFactory(employee=EmployeeSnapshotFactory().employee)
    assert build(dry_run=True).endswith("Dry run: nothing was written\n")
    assert not EmployeeFeatures.objects.exists()
