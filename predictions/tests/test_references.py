"""What the log, a load and a build refer to is there: on PostgreSQL checked for all rows of a statement at once."""

import pytest
from django.db import IntegrityError, connection, transaction

from employees.models import Employee, EmployeeState, LoadedExtract, SirhRow
from features.models import EmployeeFeatures
from features.tests.factories import EmployeeFeaturesFactory
from predictions.models import Prediction, ScoringRun
from predictions.services import score_employees
from predictions.tests.conftest import only_postgresql
from predictions.tests.protection import unprotected
from technova.database.bulk import bulk_insert

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = 999_999_999


@pytest.fixture
def run(settings):
    EmployeeFeaturesFactory.create_batch(3)
    return score_employees()


def copied(prediction, **changes):
    for name, value in changes.items():
        setattr(prediction, name, value)
    prediction.pk = None
    prediction.save(force_insert=True)


@pytest.mark.parametrize("column", ["employee_id", "features_id", "run_id"])
def test_prediction_of_what_is_not_there_is_refused(run, column):
    with pytest.raises(IntegrityError):
        copied(run.predictions.first(), **{column: NOBODY})
    assert Prediction.objects.count() == 3


@only_postgresql
def test_prediction_from_the_features_of_another_person_is_refused(run):
    one, other = run.predictions.all()[:2]
    with pytest.raises(IntegrityError, match="refers to one that is not there"):
        copied(one, features_id=other.features_id)


@pytest.mark.parametrize("model", [Employee, EmployeeFeatures, ScoringRun])
def test_what_a_prediction_refers_to_is_not_deleted(run, model):
    rows = model.objects.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows._raw_delete("default")
    assert run.predictions.count() == 3


def test_it_is_deleted_with_the_prediction_in_any_order(run):
    with unprotected():
        ScoringRun.objects.all()._raw_delete("default")  # the key is checked when the transaction ends
        run.groups.all()._raw_delete("default")
        connection.cursor().execute("DELETE FROM predictions_runcell")
        connection.cursor().execute("DELETE FROM predictions_workforcecheck")
        Prediction.objects.all()._raw_delete("default")
    assert not ScoringRun.objects.exists()


@only_postgresql
def test_key_that_something_refers_to_does_not_change(run):
    with pytest.raises(IntegrityError, match="does not change"):
        Employee.objects.update(id=NOBODY)


def test_rows_of_a_load_need_their_extract():
    columns = [field.attname for field in SirhRow._meta.concrete_fields if field.attname != "pk"]
    row = [NOBODY if name == "extract_id" else 1 if name == "number" else None for name in columns]
    with pytest.raises(IntegrityError):
        bulk_insert(SirhRow, [row], columns)
    assert not LoadedExtract.objects.exists()


@pytest.mark.parametrize("model", [EmployeeState, EmployeeFeatures])
def test_rows_of_a_person_need_their_employee(run, model):
    if row := model.objects.first():
        row.pk, row.employee_id = None, NOBODY
        with pytest.raises(IntegrityError):
            row.save(force_insert=True)
