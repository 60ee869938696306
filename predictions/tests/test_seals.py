"""The seals: every row of the logs is in a block, and no changed, removed or inserted one goes unnoticed."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from employees.models import JournalEntry
from predictions.log import seals
from predictions.log.models import LogBlock, LogName, LogPurge, PersonKey
from predictions.log.purge import purge_journal, purge_predictions
from predictions.log.seals import seal
from predictions.log.verification import verify
from predictions.models import Prediction
from predictions.tests.conftest import only_postgresql
from predictions.tests.factories import PredictionFactory
from predictions.tests.protection import unprotected
from technova.tests.conftest import another_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(monkeypatch):
    """Nine predictions in three blocks, and one block of two entries of the journal."""
    monkeypatch.setattr(seals, "BLOCK", 3)
    rows = [PredictionFactory() for _row in range(7)] + [PredictionFactory(ready_made=True) for _row in range(2)]
    for people in (1, 20):
        JournalEntry.objects.create(what="list", client="a key", people=people)
    assert seal() == 4
    return rows


def faults():
    return [(fault.block, fault.text) for fault in verify().faults]


def test_what_is_sealed_verifies(log):
    assert faults() == []
    found = verify()
    assert (found.blocks, found.rows, found.purged) == (4, 11, 0)
    assert PersonKey.objects.count() == 7


def test_nothing_new_makes_no_block(log):
    assert seal() == 0


def test_next_rows_go_into_the_next_block(log):
    PredictionFactory()
    assert seal() == 1
    newest = LogBlock.objects.latest()
    assert (newest.number, newest.row_count, newest.log) == (5, 1, LogName.PREDICTIONS)
    assert faults() == []


CHANGES = {
    "probability": 0.501,
    "threshold": 0.4999,
    "latency_ms": 5.5,
    "model_version": "another",
    "created_at": timezone.now() - timedelta(days=1),
    "contributions": {"age": 0.25},
    "main_reason": "age",
}


@pytest.mark.parametrize("column", CHANGES)
def test_changed_column_is_found_and_its_block_named(log, column):
    with unprotected():
        Prediction.objects.filter(pk=log[4].pk).update(**{column: CHANGES[column]})
    assert faults() == [(2, "a row was changed")]


def test_row_given_to_another_person_is_found(log):
    with unprotected():
        one, other = log[0], log[1]
        Prediction.objects.filter(pk=one.pk).update(employee=other.employee, features=other.features)
    assert faults() == [(1, "a row was changed")]


def test_changed_payload_and_entry_are_found(log):
    with unprotected():
        Prediction.objects.filter(pk=log[8].pk).update(payload=log[8].payload | {"age": 99})
        JournalEntry.objects.filter(people=20).update(people=2)
    assert faults() == [(3, "a row was changed"), (4, "a row was changed")]


def test_removed_row_is_found(log):
    with unprotected():
        Prediction.objects.filter(pk=log[3].pk)._raw_delete("default")
    assert faults() == [(2, "a row was removed: 2 instead of 3")]


def test_inserted_row_is_found(log):
    with unprotected():
        Prediction.objects.filter(pk=log[3].pk)._raw_delete("default")
    PredictionFactory(pk=log[3].pk)
    assert faults() == [(2, "a row was changed")]


def test_rewritten_block_is_found(log):
    with unprotected():
        LogBlock.objects.filter(number=2).update(row_count=4)
    assert (2, "its own columns were changed") in faults()


def test_removed_block_is_found(log):
    with unprotected():
        LogBlock.objects.filter(number=2)._raw_delete("default")
    assert (3, "the block before it is missing (expected 2)") in faults()


def test_chain_that_was_rewritten_as_a_whole_differs_from_its_head_elsewhere(log, settings, tmp_path):
    settings.SEAL_HEADS = tmp_path / "heads"
    PredictionFactory()
    seal()
    assert verify(heads=settings.SEAL_HEADS).faults == []
    with unprotected():
        LogBlock.objects.all()._raw_delete("default")
        Prediction.objects.filter(pk=log[0].pk).update(latency_ms=9)
    settings.SEAL_HEADS = ""
    seal()
    assert verify().faults == []
    assert [fault.block for fault in verify(heads=tmp_path / "heads").faults] == [5]


def test_old_row_in_no_block_is_found(log):
    PredictionFactory(created_at=timezone.now() - timedelta(hours=1))
    ((block, text),) = faults()
    assert block is None
    assert "are in no block" in text


def test_command_names_the_block_and_fails(log, capsys):
    call_command("verify_log")
    assert capsys.readouterr().out.endswith("4 blocks with 11 rows compared, 0 of them purged\n")
    with unprotected():
        Prediction.objects.filter(pk=log[4].pk).update(latency_ms=9)
    with pytest.raises(CommandError, match="see block 2"):
        call_command("verify_log")
    assert "Block 2: a row was changed" in capsys.readouterr().out


def test_purge_leaves_its_record_and_the_seals_verify():
    long_ago = timezone.now() - timedelta(days=400)
    for _row in range(3):
        PredictionFactory(created_at=long_ago)
    JournalEntry.objects.create(what="list", client="a key", people=3, at=long_ago)
    seal()
    new = PredictionFactory()
    seal()
    assert purge_predictions(older_than=timedelta(days=365)) == 3
    assert purge_journal(older_than=timedelta(days=365)) == 1
    assert Prediction.objects.get() == new
    first, second = LogPurge.objects.all()
    assert (first.log, first.row_count, first.rule) == ("predictions", 3, "predictions older than 365 days")
    assert second.log == "journal"
    assert faults() == []
    assert seal() == 1  # of the purges
    assert verify().purged == 2


def test_row_that_comes_back_after_a_purge_is_found():
    long_ago = timezone.now() - timedelta(days=400)
    old = PredictionFactory(created_at=long_ago)
    seal()
    purge_predictions(older_than=timedelta(days=365))
    PredictionFactory(pk=old.pk, created_at=long_ago)
    assert (1, "1 rows stand where all were purged") in faults()


@pytest.mark.parametrize("model", [JournalEntry, LogBlock, LogPurge])
def test_proof_cannot_be_changed_or_deleted(log, model):
    LogPurge.objects.create(log="journal", after_id=98, last_id=99, row_count=0, rule="a trial")
    with pytest.raises(IntegrityError, match="can only grow"), transaction.atomic():
        model.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError, match="can only grow"), transaction.atomic():
        model.objects.update(row_count=1) if model is not JournalEntry else model.objects.update(people=9)


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_flag_of_a_session_switches_nothing_off_any_more():
    PredictionFactory()
    with pytest.raises(IntegrityError, match="can only grow"), connection.cursor() as cursor:
        cursor.execute("SET technova.purge = 'on'; DELETE FROM predictions_prediction")


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_row_of_a_transaction_that_has_not_ended_is_waited_for(monkeypatch):
    monkeypatch.setattr(seals, "SETTLED_WITHIN", 0.3)
    PredictionFactory()
    columns = ", ".join(f.column for f in Prediction._meta.concrete_fields if not f.primary_key)
    with another_connection() as other:
        other.autocommit = False
        other.execute(
            f"INSERT INTO predictions_prediction ({columns}) SELECT {columns} FROM predictions_prediction LIMIT 1"
        )
        PredictionFactory()  # of a higher id
        assert seal() == 0
        other.commit()
    assert seal() == 1
    assert LogBlock.objects.get().row_count == 3
    assert faults() == []
