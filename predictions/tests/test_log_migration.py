"""A log of documents becomes one of arrays and back, past its triggers, and loses nothing."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from features.schema import FEATURE_NAMES
from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory
from predictions.tests.protection import unprotected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BEFORE = [("predictions", "0011_schedule")]
WEIGHTS = [
    dict.fromkeys(FEATURE_NAMES, 0.1 + 0.2),
    {"risque_global": -5e-324, "age": 1 / 3, "poste": 1e16, "genre": -12345.678901234567, "departement": 1.0},
    {},
]


@pytest.fixture
def before():
    """The log of documents, and a way to fill it; that of now when the test is over."""
    migrate_to(BEFORE)
    yield MigrationExecutor(connection).loader.project_state(BEFORE).apps.get_model("predictions", "Prediction")
    take_out_what_is_refused()
    call_command("migrate", verbosity=0)


def take_out_what_is_refused():
    with unprotected(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM predictions_prediction WHERE model_version = 'refused'")


def migrate_to(targets):
    """Without the signal after which the triggers are created."""
    MigrationExecutor(connection).migrate(targets)


def add(model, weights, **changes):
    row = PredictionFactory.build(
        employee=None, features=None, mode="by_features", payload={"age": 40}, contributions=weights, **changes
    )
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return model.objects.create(**values).pk


def test_documents_become_arrays_and_documents_again_bit_for_bit(before):
    keys = [add(before, weights) for weights in WEIGHTS]
    refused = add(before, {"age": 0.1, "taille": 0.2}, model_version="refused")
    with pytest.raises(IntegrityError):  # a name that has no place stops the migration
        call_command("migrate", verbosity=0)
    assert before.objects.get(pk=refused).contributions == {"age": 0.1, "taille": 0.2}
    take_out_what_is_refused()
    call_command("migrate", verbosity=0)
    rows = Prediction.objects.in_bulk(keys)
    assert [rows[key].contributions for key in keys] == WEIGHTS
    assert {type(weight) for row in rows.values() for weight in row.contributions.values()} == {float}
    with pytest.raises(IntegrityError, match="The prediction log can only grow"), transaction.atomic():
        Prediction.objects.update(base_value=0)
    migrate_to(BEFORE)
    rows = before.objects.in_bulk(keys)
    assert [rows[key].contributions for key in keys] == WEIGHTS
