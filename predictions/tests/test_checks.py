import shutil

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from predictions.checks import check_artifact
from predictions.tests.published import change


@pytest.fixture
def current(artifacts):
    return (artifacts / "current").resolve()


def ids():
    return [warning.id for warning in check_artifact(None)]


def test_check_is_silent_with_a_usable_model(artifacts):
    assert ids() == []


def test_check_names_an_absent_model(artifacts):
    shutil.rmtree(artifacts)
    assert ids() == ["predictions.W001"]


def test_check_names_a_corrupt_model(current):
    model = current / "modele_classification_technova.joblib"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    assert ids() == ["predictions.W002"]


def test_check_names_a_model_of_other_features(current):
    change(current, card=lambda card: card["features"].append("salaire"))
    (warning,) = check_artifact(None)
    assert warning.id == "predictions.W003"
    assert "salaire" in warning.msg


@pytest.mark.django_db
@pytest.mark.parametrize(("command", "options"), [("migrate", {"skip_checks": False}), ("init_technova", {})])
def test_half_of_the_squashed_migrations_is_refused(command, options):
    migrations = MigrationRecorder(connection).migration_qs.filter(app="predictions")
    migrations.exclude(name__in=["0001_initial", "0002_request_count"]).delete()
    with pytest.raises(CommandError, match="only some of the migrations of predictions"):
        call_command(command, **options)


@pytest.mark.django_db
def test_database_of_the_commit_before_the_squashed_migrations_is_taken_over():
    recorder = MigrationRecorder(connection)
    squashed = recorder.migration_qs.filter(name__contains="_squashed_")
    assert squashed.count() == 2
    squashed.all().delete()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    assert squashed.all().count() == 2
