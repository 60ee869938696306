"""The log only grows: what the database refuses, and the one way to shorten it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from predictions.log.models import LogPurge
from predictions.log.purge import purge_predictions
from predictions.log.seals import seal
from predictions.models import Prediction
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db


def refused():
    """The block is refused by the database."""
    return pytest.raises(IntegrityError, match="The prediction log can only grow")


@pytest.mark.parametrize("made_from", [{"payload": {"age": 40}}, {"features": None}])
def test_row_is_made_from_features_or_from_a_payload(made_from):
    with pytest.raises(IntegrityError, match="made_from_features_or_payload"), transaction.atomic():
        PredictionFactory(**made_from)


def test_row_cannot_be_changed():
    prediction = PredictionFactory()
    prediction.probability = 0.9
    with refused(), transaction.atomic():
        prediction.save()
    with refused(), transaction.atomic():
        Prediction.objects.update(model_version="another")
    with refused(), transaction.atomic():
        Prediction.objects.bulk_update([prediction], ["probability"])
    prediction.refresh_from_db()
    assert prediction.probability == 0.5


def test_row_cannot_be_deleted():
    prediction = PredictionFactory()
    with refused(), transaction.atomic():
        prediction.delete()
    with refused(), transaction.atomic():
        Prediction.objects.all().delete()
    assert Prediction.objects.get() == prediction


def test_row_cannot_be_replaced_by_an_insert():
    prediction = PredictionFactory()
    columns = ", ".join(field.column for field in Prediction._meta.concrete_fields)
    insert, otherwise = "INSERT OR REPLACE", ""
    if connection.vendor == "postgresql":
        insert, otherwise = "INSERT", "ON CONFLICT (id) DO UPDATE SET mode = 'batch'"
    with refused(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{insert} INTO predictions_prediction ({columns}) SELECT {columns} FROM predictions_prediction "
            f"WHERE true {otherwise}"
        )
    assert Prediction.objects.get() == prediction


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
def test_table_cannot_be_truncated():
    PredictionFactory()
    with refused(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE predictions_prediction")


def test_even_the_purge_cannot_change_a_row():
    old = PredictionFactory(created_at=timezone.now() - timedelta(days=200))
    LogPurge.objects.create(log="predictions", after_id=0, last_id=old.pk, row_count=1, rule="a trial")
    with refused(), transaction.atomic():
        Prediction.objects.update(model_version="another")


def test_after_a_purge_rows_are_safe_again():
    old = PredictionFactory(created_at=timezone.now() - timedelta(days=200))
    seal()
    new = PredictionFactory()
    assert purge_predictions(older_than=timedelta(days=180)) == 1
    assert not Prediction.objects.filter(pk=old.pk).exists()
    with refused(), transaction.atomic():
        new.delete()


def test_row_that_is_not_sealed_is_not_purged():
    PredictionFactory(created_at=timezone.now() - timedelta(days=200))
    assert purge_predictions(older_than=timedelta(days=180)) == 0


def test_purge_keeps_the_newest_run_whatever_its_age():
    long_ago = timezone.now() - timedelta(days=400)
    PredictionFactory(scored=True, created_at=long_ago)
    seal()
    newest = PredictionFactory(scored=True, run=ScoringRunFactory(), created_at=long_ago)
    seal()
    assert purge_predictions(older_than=timedelta(days=365)) == 1
    assert Prediction.objects.get() == newest


def test_purge_refuses_what_has_to_be_kept(capsys):
    prediction = PredictionFactory(created_at=timezone.now() - timedelta(days=100))
    seal()
    with pytest.raises(CommandError, match="kept 180 days at least; 90 is less"):
        call_command("purge_predictions", "--older-than", "90")
    assert Prediction.objects.get() == prediction
    call_command("purge_predictions", "--older-than", "90", "--force")
    assert capsys.readouterr().out == "1 predictions deleted\n"
    assert not Prediction.objects.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite makes a new table for most changes of one")
@pytest.mark.django_db(transaction=True)
def test_triggers_survive_a_migration_that_makes_a_new_table():
    with connection.schema_editor() as editor:
        editor._remake_table(Prediction)
    call_command("migrate", verbosity=0)
    prediction = PredictionFactory()
    with refused(), transaction.atomic():
        prediction.delete()
