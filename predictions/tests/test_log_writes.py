"""``technova.database`` on the log: one row by a prepared statement, many by COPY."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory
from technova.database.bulk import bulk_insert
from technova.database.prepared_statements import insert

pytestmark = pytest.mark.django_db


def test_insert_stores_what_save_stores():
    saved = PredictionFactory()
    inserted = Prediction(**{name: value for name, value in fields(saved).items() if name != "id"})
    insert(inserted)
    assert not inserted._state.adding
    assert inserted.pk > saved.pk
    assert fields(Prediction.objects.get(pk=inserted.pk)) == fields(saved) | {"id": inserted.pk}


def fields(instance):
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def test_insert_is_one_statement():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40})
    with CaptureQueriesContext(connection) as queries:
        insert(row)
    assert len(queries) == 1


def test_insert_of_what_a_constraint_forbids_is_refused():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40}, probability=2)
    with pytest.raises(IntegrityError):
        insert(row)


def test_statement_runs_again_after_it_failed():
    row = PredictionFactory.build(employee=None, features=None, mode="by_features", payload={"age": 40})
    row.probability, fitting = 2, row.probability
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(row)
    row.probability = fitting
    insert(row)
    assert Prediction.objects.get(pk=row.pk).probability == fitting


def test_documents_nulls_uuids_and_floats_come_back_as_they_were():
    example = PredictionFactory()
    names = [field.attname for field in Prediction._meta.concrete_fields if not field.primary_key]
    contributions = {"age": -0.1 + 0.2, "poste": 1e-300, "é": 'a"b\\c\td\ne'}
    request_id = uuid.uuid4()
    changes = {"contributions": contributions, "request_id": request_id, "low": None, "high": None}
    row = [changes.get(name, getattr(example, name)) for name in names]
    assert bulk_insert(Prediction, [row], names) == 1
    written = Prediction.objects.latest()
    assert written.contributions == contributions
    assert (written.request_id, written.low, written.payload) == (request_id, None, None)
    for name in set(names) - changes.keys():
        assert getattr(written, name) == getattr(example, name), name
