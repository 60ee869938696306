"""Retention: one table that says how long data are kept, applied daily, counted first and recorded."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as given
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from employees.models import Employee, Erasure, SignIn
from employees.tests.factories import EmployeeFactory, leave
from predictions import clearing
from predictions.log.seals import seal
from predictions.mails.models import Mail, MailSubscription
from predictions.models import Prediction
from predictions.retention.models import Clearance
from predictions.retention.rules import BY_NAME, RULES
from predictions.rights.holds import hold, lift
from predictions.tests.factories import PredictionFactory
from technova.jobs import detached

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_outputs(monkeypatch, tmp_path):
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def old(django_user_model):
    """Something of several classes that is too old, beside something that is not."""
    long_ago = timezone.now() - timedelta(days=6 * 366)
    for at in (long_ago, timezone.now()):
        SignIn.objects.create(at=at, has_worked=True)
    account = django_user_model.objects.create_user("hr")
    subscription = MailSubscription.objects.create(user=account, language="fr", weekly=True)
    Mail.objects.create(subscription=subscription, about="x", subject="x", body="x", created_at=long_ago)
    day = timezone.localdate()
    leave(EmployeeFactory(employee_id=71), day=day, left_by=day - timedelta(days=6 * 366))
    leave(EmployeeFactory(employee_id=72), day=day, left_by=day - timedelta(days=366))
    PredictionFactory(created_at=long_ago, ready_made=True)
    seal()
    PredictionFactory(ready_made=True)
    return account


FOUND = {"sign_ins": 1, "mails": 1, "left": 1, "predictions": 1}


def test_what_is_too_old_goes_and_each_class_is_recorded_with_its_rule(old):
    assert {name: count for name, count in clearing.clear(user=old).items() if count} == FOUND
    assert SignIn.objects.count() == Prediction.objects.count() == 1
    assert list(Employee.objects.values_list("employee_id", flat=True)) == [72]
    records = {row.rule: (row.count, row.kept, row.by) for row in Clearance.objects.all()}
    assert records["left"] == (1, "60 months", old)
    assert records["sign_ins"] == (1, "30 days", old)
    assert records.keys() == FOUND.keys()
    assert Erasure.objects.get().reason == "left 60 months ago or earlier"
    assert not any(clearing.clear().values())
    assert Clearance.objects.count() == len(FOUND)


def test_dry_run_counts_the_same_and_deletes_nothing(old, capsys, settings, tmp_path):
    settings.ERASURES = tmp_path / "erasures"
    assert {name: count for name, count in clearing.clear(dry_run=True).items() if count} == FOUND
    call_command("purge_imports", "--dry-run")
    assert "1 people who had left would be deleted\n" in capsys.readouterr().out
    assert SignIn.objects.count() == Prediction.objects.count() == 2
    assert Employee.objects.count() == 2
    assert not Clearance.objects.exists()
    assert not settings.ERASURES.exists()


def test_a_setting_changes_who_goes(old, settings):
    settings.CLAIMS_MONTHS = settings.LEFT_MONTHS = 6
    assert clearing.clear()["left"] == 2


def test_somebody_whom_an_open_matter_keeps_stays(old, settings):
    settings.CLAIMS_MONTHS = 120
    assert clearing.clear(dry_run=True)["left"] == clearing.clear()["left"] == 0


def test_every_deletion_has_its_rule_and_every_rule_its_words(old):
    assert clearing.clear(dry_run=True).keys() <= BY_NAME.keys()
    for rule in RULES:
        assert rule.kept, rule.name
        assert rule.holds, rule.name
        assert rule.ground, rule.name
        assert not rule.setting or hasattr(given, rule.setting), rule.name


def test_page_and_compliance_file_show_the_table_and_what_was_deleted(old, browse, settings):
    settings.JOURNAL_MONTHS = 17
    clearing.clear()
    auditor = browse("Auditeur")
    text = auditor.get(reverse("data")).text
    assert "17 months, from the newest entry of its block" in text
    assert re.search(r"People who have left, 1", text)
    register = auditor.get(reverse("compliance_document", args=["notice"])).text
    assert "17 months, from the newest entry of its block" in register


def test_held_person_notes_and_log_rows_stay(old, capsys):
    person = Employee.objects.get(employee_id=71)
    PredictionFactory(created_at=timezone.now() - timedelta(days=6 * 366), employee=person)
    seal()
    kept = hold(employee=person, reason="a claim", user=old)
    counts = clearing.clear(user=old)
    assert (counts["left"], Employee.objects.filter(pk=person.pk).exists()) == (0, True)
    assert Prediction.objects.filter(employee=person).exists()
    call_command("purge_imports", "--dry-run")
    assert "of whom nothing is deleted: 1" in capsys.readouterr().out
    lift(held=kept, reason="settled", user=old)
    assert clearing.clear(dry_run=True)["left"] == 1
