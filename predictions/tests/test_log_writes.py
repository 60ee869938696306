"""``technova.database`` on the log: one row by a prepared statement, many by COPY."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from features.schema import FEATURE_NAMES
from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory
from technova.database.bulk import bulk_insert
from technova.database.prepared_statements import insert

pytestmark = pytest.mark.django_db
BY_FEATURES = {"employee": None, "features": None, "mode": "by_features", "payload": {"age": 40}}


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
    row = PredictionFactory.build(**BY_FEATURES)
    with CaptureQueriesContext(connection) as queries:
        insert(row)
    assert len(queries) == 1


def test_insert_of_what_a_constraint_forbids_is_refused():
    row = PredictionFactory.build(**BY_FEATURES, probability=2)
    with pytest.raises(IntegrityError):
        insert(row)


def test_statement_runs_again_after_it_failed():
    row = PredictionFactory.build(**BY_FEATURES)
    row.probability, fitting = 2, row.probability
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(row)
    row.probability = fitting
    insert(row)
    assert Prediction.objects.get(pk=row.pk).probability == fitting


def written(**changes):
    """A row with these values, written by COPY or ``executemany`` and read again; all else is as in a factory's."""
    example = PredictionFactory()
    names = [field.attname for field in Prediction._meta.concrete_fields if not field.primary_key]
    row = [changes.get(name, getattr(example, name)) for name in names]
    assert bulk_insert(Prediction, [row], names) == 1
    found = Prediction.objects.latest()
    for name in set(names) - changes.keys():
        assert getattr(found, name) == getattr(example, name), name
    return found


def test_documents_nulls_uuids_and_floats_come_back_as_they_were():
    payload, request_id = {"age": -0.1 + 0.2, "poste": 1e-300, "é": 'a"b\\c\td\ne'}, uuid.uuid4()
    found = written(payload=payload, features_id=None, request_id=request_id, low=None, high=None)
    assert (found.request_id, found.low, found.payload) == (request_id, None, payload)


FLOATS = [-0.1 + 0.2, 1e-300, 5e-324, -1.7976931348623157e308, 1e16, -0.0, 1.0, 1 / 3]
WEIGHTS = dict(zip(FEATURE_NAMES, FLOATS, strict=False)) | {FEATURE_NAMES[-1]: 2 / 3}


def test_contributions_come_back_bit_for_bit_by_name_whoever_writes_them():
    inserted, saved = (PredictionFactory.build(**BY_FEATURES, contributions=WEIGHTS) for _ in range(2))
    insert(inserted)
    saved.save(force_insert=True)
    created = Prediction.objects.bulk_create(
        PredictionFactory.build(**BY_FEATURES, contributions=weights) for weights in (WEIGHTS, {"age": 1.0})
    )
    rows = Prediction.objects.in_bulk([inserted.pk, saved.pk, created[0].pk, written(contributions=WEIGHTS).pk])
    for row in rows.values():
        assert [(name, weight.hex()) for name, weight in row.contributions.items()] == [
            (name, weight.hex()) for name, weight in WEIGHTS.items()
        ]
    assert Prediction.objects.values_list("contributions", flat=True).get(pk=created[1].pk) == {"age": 1.0}


def test_contributions_are_named_in_the_order_of_the_features():
    backwards = dict(reversed(WEIGHTS.items()))
    assert list(written(contributions=backwards).contributions) == list(WEIGHTS)


def test_contribution_without_a_place_is_refused_by_its_name():
    weights = {"age": 0.1, "taille": 0.2}
    for write in (
        lambda: insert(PredictionFactory.build(**BY_FEATURES, contributions=weights)),
        lambda: written(contributions=weights),
    ):
        with pytest.raises(ValueError, match="contributions has no place for taille"):
            write()


def test_names_of_contributions_were_only_ever_appended_to():
    """An array does not tell its names: those of before keep their places, as each migration recorded them."""
    migrations, state, recorded = MigrationLoader(None).graph, ProjectState(), []
    for key in migrations.forwards_plan(migrations.leaf_nodes("predictions")[0]):
        state = migrations.nodes[key].mutate_state(state, preserve=False)
        log = state.models.get(("predictions", "prediction"))
        names = list(getattr(log and log.fields["contributions"], "names", []))
        assert names[: len(recorded)] == recorded, key
        recorded = names
    assert recorded == list(FEATURE_NAMES)
