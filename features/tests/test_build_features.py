from io import StringIO

import pytest
from django.core.management import call_command

from employees.tests.extracts import load, load_all
from features.models import EmployeeFeatures

pytestmark = pytest.mark.django_db


def build(**options):
    out = StringIO()
    call_command("build_features", **options, stdout=out, stderr=out)
    return out.getvalue()


def test_build_prints_counts_that_add_up_and_who_is_left_out():
    load_all(people={1: {}})
    load(sirh={1: {}, 2: {}})
    output = build()
    assert "2 employees of the newest day = 1 changed + 0 unchanged + 1 left out\n" in output
    assert "  left out, no evaluation; no survey: 1 (2)\n" in output
    assert "Days built: 1; rows written: 1, superseded: 0\n" in output
    assert build().startswith("Nothing has changed since the last build\n")


def test_dry_run_says_so_and_writes_nothing():
    load_all(people={1: {}})
    assert build(dry_run=True).endswith("Dry run: nothing was written\n")
    assert not EmployeeFeatures.objects.exists()
