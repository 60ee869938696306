import os
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import timezone

from employees.access import Scope, scope_of
from employees.models import Employee, Import, Load
from employees.tests.extracts import load
from features.models import EmployeeFeatures
from predictions.keys import services as keys
from predictions.models import APIKey, Prediction, ScoringRun
from technova.jobs import detached

pytestmark = pytest.mark.django_db
COUNTED = (Employee, Load, EmployeeFeatures, ScoringRun, Prediction, APIKey, get_user_model())


@pytest.fixture(autouse=True)
def outputs(monkeypatch, tmp_path):
    """A directory of our own for what imports print."""
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))


def init(*arguments):
    out = StringIO()
    call_command("init_technova", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def shown(output, name):
    return re.search(rf"Account +{name} +(\S+)$", output, re.MULTILINE).group(1)


def test_init_demo_scores_everyone_and_shows_ways_in_once():
    output = init("--demo")
    assert ScoringRun.objects.count() == 13  # a year of months before the newest
    run = ScoringRun.objects.latest()
    assert run.employee_count == run.predictions.count() == 1470 - 237  # who have left
    hr = authenticate(RequestFactory().get("/"), username="rh", password=shown(output, "rh"))
    admin = authenticate(RequestFactory().get("/"), username="admin", password=shown(output, "admin"))
    assert hr.groups.get().name == "RH"
    assert not hr.is_staff
    manager = authenticate(RequestFactory().get("/"), username="manager", password=shown(output, "manager"))
    assert scope_of(manager) == Scope.of_departments(["Consulting"])
    assert admin.is_superuser
    secret = re.search(r"API key +(\S+)$", output, re.MULTILINE).group(1)
    assert keys.admit(secret=secret, address="192.0.2.1") == APIKey.objects.get()

    counts = [model.objects.count() for model in COUNTED]
    again = init("--demo")
    assert [model.objects.count() for model in COUNTED] == counts
    assert shown(output, "rh") not in again
    assert secret not in again


def test_init_demo_uses_the_chosen_password(settings, newest_month_alone):
    settings.DEMO_PASSWORD = "a-password-for-tests"
    init("--demo")
    assert authenticate(RequestFactory().get("/"), username="rh", password="a-password-for-tests")


def test_init_demo_again_keeps_what_was_loaded_since(newest_month_alone):
    init("--demo")
    load(timezone.localdate(), eval={1: {"augmentation_salaire_precedente": 25.0}})
    count = Load.objects.count()
    init("--demo")
    assert Load.objects.count() == count
    newest = EmployeeFeatures.objects.newest_of(Employee.objects.filter(employee_id=1)).get()
    assert newest.augmentation_salaire_precedente == 25


def test_init_without_data_says_what_to_do_and_makes_no_account():
    output = init()
    assert "seed_from_csv" in output
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_init_trains_where_there_is_no_artifact(artifacts, monkeypatch, newest_month_alone):
    trained = []
    (artifacts / "current").unlink()

    def train(name, **options):
        if name != "train_model":
            return call_command(name, **options)
        trained.append(name)
        return (artifacts / "current").symlink_to(next(iter((artifacts / "versions").iterdir())))

    monkeypatch.setattr("predictions.management.commands.init_technova.call_command", train)
    init("--demo")
    assert trained == ["train_model"]
    assert ScoringRun.objects.exists()


def test_init_deletes_the_uploaded_files_that_are_too_old():
    user = get_user_model().objects.create_user("hr")
    upload = Import.objects.create(user=user, state="ready", created_at=timezone.now() - timedelta(days=2))
    upload.files.create(name="sirh.csv", size=1, content=b"x")
    init()
    assert not upload.files.exclude(content=b"").exists()


def test_init_deletes_what_else_is_kept_for_a_while_only(tmp_path):
    directory = tmp_path / f"technova-{os.getuid()}"
    directory.mkdir(mode=0o700)
    (directory / "import-1").touch()
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    init()
    assert not Session.objects.exists()
    assert not (directory / "import-1").exists()
