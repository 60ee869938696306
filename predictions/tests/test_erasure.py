"""Erasure: nothing about the person is left in any table, the log verifies, and the law's refusals hold."""

import re
import sqlite3
from contextlib import closing, contextmanager
from datetime import date, timedelta
from subprocess import DEVNULL, run

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from employees import journal, uploads
from employees.models import (
    AnnuaireRow,
    Employee,
    Erasure,
    ImportChange,
    ImportReject,
    JournalEntry,
    Load,
    PresenceAnswer,
    RefusedValue,
    SirhRow,
)
from employees.tests.extracts import load, load_all
from employees.workforce.answers import answer_left, merge_numbers
from employees.workforce.loading import Implausible, withdraw_load
from features.services import build_features
from predictions.followup.models import Case, CaseNote, DrawnPerson, ExitInterview
from predictions.followup.services import Wanted, add_note, change_case, open_cases
from predictions.log.models import ErasedRow, PersonKey
from predictions.log.seals import seal
from predictions.log.verification import verify
from predictions.models import Export, Prediction, RunCell, RunGroup, SavedSegment, SavedView, ScoringRun
from predictions.rights.dossier import dossier
from predictions.rights.erasure import erase, erase_again, plan
from predictions.rights.models import DataRequest, LegalHold
from predictions.rights.person_parts import parts_of
from predictions.rights.refusals import NotErasable
from predictions.rights.services import answer, receive
from predictions.services import Caller, Scope, predict_for_employee, predict_for_features, score_employees
from predictions.tests.protection import unprotected

pytestmark = pytest.mark.django_db

NUMBER, OTHER, PAY, NAME, FIRST = 90417431, 80312297, 18765, "Zwingelhoff", "Ottokar"
TOKENS = re.compile(rf"(?<![\d.])({NUMBER}|{OTHER}|{PAY})(?!\d)|{NAME}|{FIRST}", re.IGNORECASE)
JANUARY, FEBRUARY, LEFT = date(2024, 1, 31), date(2024, 2, 29), date(2024, 2, 15)
TODAY = date(2026, 11, 30)
REASON = "asked for in writing"


@pytest.fixture
def hr(browse, settings, tmp_path):
    settings.NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]
    settings.ERASURES = tmp_path / "erasures"
    return browse("RH")


@pytest.fixture
def person(hr):
    """Somebody who has left, with rows in every table that knows people, and eleven who stay."""
    user = hr.account
    others = {number: {"revenu_mensuel": 3000 + number} for number in range(1, 12)}
    load_all(JANUARY, others | {NUMBER: {"revenu_mensuel": PAY}, OTHER: {"age": 50}})
    names = {NUMBER: {"nom": NAME, "prenom": FIRST, "site": "Lyon"}}
    load(JANUARY, annuaire=names | {key: {"responsable": NUMBER} for key in range(1, 4)})
    merge_numbers(number=OTHER, into=NUMBER, accept_both_listed=True)
    build_features()
    score_employees()
    found = Employee.objects.get(employee_id=NUMBER)
    score = found.predictions.get()
    caller = Caller(user=user, scope=Scope.EVERYONE)
    predict_for_employee(employee_id=NUMBER, caller=caller)
    predict_for_features(values=score.values(), caller=caller, mode=Prediction.Mode.SIMULATION, employee=found)
    (case,) = open_cases(employees=[found], owner=user, due=JANUARY, why=f"{NAME} wants to go", user=user).cases
    add_note(case=case, day=JANUARY, who=NAME, text=f"{FIRST} is bored", is_shared=False, user=user)
    wanted = Wanted(state=Case.State.LEFT, owner=user, due=JANUARY, is_shared=False, word=f"{NAME} is gone")
    change_case(case=case, seen=case.changes.latest("pk").pk, wanted=wanted, user=user)
    ExitInterview.objects.create(
        employee=found, day=LEFT, motive="pay", destination="unknown", would_have_stayed=f"{PAY} more", by=user
    )
    journal.record(journal.What.PERSON, user=user, employee=found)
    seal()
    ScoringRun.objects.update(last_tied=NUMBER)
    SavedView.objects.create(user=user, name="one", query=f"?q={NAME}")
    SavedView.objects.create(user=user, name="other", query=f"?q={NUMBER}")
    SavedSegment.objects.create(user=user, name="team", conditions={"responsable": NUMBER})
    Export.objects.create(user=user, rights="", kind="csv", language="fr").pieces.create(
        place=0, content=f"{NUMBER};{NAME}".encode()
    )
    LogEntry.objects.log_actions(user.pk, [found], ADDITION, single_object=True)
    load_all(FEBRUARY, others)
    answer_left(numbers=[NUMBER], left_by=LEFT, user=user)
    RefusedValue.objects.create(
        extract=Load.objects.first().extracts.first(), number=NUMBER, column="age", value=NAME, rule={}
    )
    upload = uploads.receive(user=user, as_of=FEBRUARY, files=[])
    upload.files.create(name="a.csv", size=9, sha256="0", content=f"{NUMBER};{NAME}".encode())
    type(upload).objects.update(state=upload.State.READY)
    ImportReject.objects.create(upload=upload, file="a", line=2, column="age", value=NAME, rule={})
    ImportChange.objects.create(upload=upload, kind="age", place=0, number=NUMBER, old=1, new=2)
    done = uploads.receive(user=user, as_of=FEBRUARY, files=[])
    ImportChange.objects.create(upload=done, kind="responsable", place=0, number=1, old=NUMBER, new=2)
    type(done).objects.filter(pk=done.pk).update(state=done.State.REFUSED)
    return Employee.objects.get(pk=found.pk)


def found_in_the_database() -> set[str]:
    """Every column of every table with something that tells of the person."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                    if TOKENS.search(text):
                        found.add(f"{table}.{name}")
    return found


def erased(person, user=None, reason=REASON):
    return erase(employee=person, reason=reason, user=user, today=TODAY)


def test_nothing_about_the_person_is_left_in_any_column_of_any_table(person):
    before = found_in_the_database()
    assert len(before) >= 25, before  # the walk finds what is there
    assert CaseNote.objects.count() == PresenceAnswer.objects.count() == ExitInterview.objects.count() == 1
    erased(person)
    assert found_in_the_database() == set()
    for table in (Case, CaseNote, PresenceAnswer, ExitInterview, DrawnPerson):
        assert not table.objects.exists(), table
    assert Employee.objects.count() == 11
    assert AnnuaireRow.objects.filter(number=1).get().responsable is None


def test_log_keeps_its_rows_without_the_person_and_verifies(person):
    rows, entries = Prediction.objects.count(), JournalEntry.objects.count()
    own = {row.pk: row.probability for row in person.predictions.all()}
    erased(person)
    assert (Prediction.objects.count(), JournalEntry.objects.count()) == (rows, entries)
    kept = Prediction.objects.filter(pk__in=own)
    assert {row.pk: row.probability for row in kept} == own
    assert {(row.employee, row.features, str(row.payload), str(row.contributions)) for row in kept} == {
        (None, None, "{}", "{}")
    }
    seal()
    assert verify().faults == []


def test_changed_row_is_found_after_an_erasure(person):
    own = list(person.predictions.values_list("pk", flat=True))
    erased(person)
    seal()
    with unprotected():
        Prediction.objects.filter(pk=own[0]).update(latency_ms=77)
    assert [fault.text for fault in verify().faults] == ["a row was changed"]


def test_row_that_was_filled_again_is_found(person):
    own = list(person.predictions.values_list("pk", flat=True))
    erased(person)
    seal()
    with unprotected():
        Prediction.objects.filter(pk=own[0]).update(main_reason="age")
    assert [fault.text for fault in verify().faults] == ["a row was changed"]


def test_row_that_lost_its_person_without_an_erasure_is_found(person):
    row = person.predictions.first()
    ErasedRow.objects.create(log="predictions", row=row.pk, commitment="0" * 64)
    with unprotected():
        Prediction.objects.filter(pk=row.pk).update(
            employee=None, features=None, payload={}, contributions={}, main_reason="", second_reason=""
        )
    assert {fault.text for fault in verify().faults} == {
        "a row was changed",
        "1 rows lost their person, and 0 by a recorded erasure",
    }


def test_rows_that_were_in_no_block_yet_are_sealed_without_the_person(person):
    predict_for_employee(employee_id=1, caller=Caller(scope=Scope.EVERYONE))
    journal.record(journal.What.PERSON, client="a key", employee=person)
    erased(person)
    assert seal() >= 2
    assert verify().faults == []
    assert not PersonKey.objects.filter(employee__employee_id=NUMBER).exists()


@pytest.mark.parametrize("values", [{"probability": 0.1}, {"employee": None}, {"main_reason": "age"}])
def test_row_of_a_log_can_lose_its_person_and_change_in_no_other_way(person, values):
    row = person.predictions.first()
    with pytest.raises(IntegrityError, match="can only grow"), transaction.atomic():
        Prediction.objects.filter(pk=row.pk).update(**values)
    ErasedRow.objects.create(log="predictions", row=row.pk, commitment="0" * 64)
    with pytest.raises(IntegrityError, match=r"can only grow|does not change"), transaction.atomic():
        Prediction.objects.filter(pk=row.pk).update(**values)


def test_erased_rows_and_erasures_can_only_grow(person):
    erased(person)
    for table, values in ((Erasure, {"reason": "x"}), (ErasedRow, {"commitment": "x"})):
        with pytest.raises(IntegrityError, match="can only grow"), transaction.atomic():
            table.objects.update(**values)
        with pytest.raises(IntegrityError, match="can only grow"), transaction.atomic():
            table.objects.all()._raw_delete("default")


def test_figures_under_five_people_lose_the_person_and_larger_ones_stay(hr):
    people = {number: {"departement": "Consulting"} for number in range(1, 6)}
    people |= {number: {"departement": "Commercial"} for number in (6, 7)} | {8: {"departement": "RH"}}
    load_all(JANUARY, people)
    build_features()
    run = score_employees()
    load_all(FEBRUARY, {1: {}}, accept_implausible=True)
    answer_left(numbers=[2, 6, 8], left_by=LEFT)
    expected = Prediction.objects.get(employee__employee_id=7, run=run).probability * run.seen_correction
    for number in (2, 6, 8):
        erased(Employee.objects.get(employee_id=number))
    groups = {row.departement: row for row in RunGroup.objects.all()}
    assert {name: row.employee_count for name, row in groups.items()} == {"Consulting": 5, "Commercial": 1}
    assert groups["Commercial"].expected_departures == pytest.approx(expected)
    assert sum(map(sum, groups["Commercial"].histogram.values())) == 1
    cells = RunCell.objects.filter(run=run)
    assert sum(cell.employee_count for cell in cells) == 5
    assert sum(cell.expected_departures for cell in cells) == pytest.approx(
        sum(row.probability * run.seen_correction for row in Prediction.objects.filter(employee__isnull=False))
    )


def test_pages_and_the_api_show_the_rows_that_lost_their_person(person, hr, api, browse):
    erased(person)
    score_employees()
    addresses = [reverse(name) for name in ("overview", "employees", "history", "teams", "cases", "report")]
    addresses += [reverse("history_prediction", args=[row.row]) for row in ErasedRow.objects.filter(log="predictions")]
    for address in addresses:
        assert hr.get(address).status_code == 200, address
    assert hr.get(reverse("employee", args=[NUMBER])).status_code == 404
    assert browse("Auditeur").get(reverse("journal")).status_code == 200
    answer = api.get("/predictions")
    assert answer.status_code == 200
    assert str(NUMBER) not in answer.content.decode()


def refused(person, today=TODAY):
    with pytest.raises(NotErasable) as error:
        erase(employee=person, reason=REASON, today=today)
    assert Employee.objects.filter(pk=person.pk).exists()
    assert not Erasure.objects.exists()
    return error.value


def test_somebody_employed_is_refused(person):
    assert refused(Employee.objects.get(employee_id=1)).day is None


def test_somebody_absent_is_refused_until_hr_knows(person):
    load_all(date(2024, 3, 31), {number: {"revenu_mensuel": 3000 + number} for number in range(2, 12)})
    with override("en"):
        assert "answer it first" in str(refused(Employee.objects.get(employee_id=1)))


def test_somebody_who_left_is_refused_until_claims_are_barred(person, settings):
    settings.CLAIMS_MONTHS = 24
    for language, day in (("fr", "15 février 2026"), ("en", "15 February 2026")):
        with override(language):
            error = refused(person, date(2026, 2, 14))
        assert error.day == date(2026, 2, 15)
        assert day in str(error)
    assert erase(employee=person, reason=REASON, today=date(2026, 2, 15))


def test_open_case_refuses(person, hr):
    open_cases(employees=[person], owner=hr.account, due=TODAY, why="", user=hr.account)
    with override("en"):
        assert "close it first" in str(refused(person))


def test_open_contest_refuses_and_the_request_to_erase_does_not(person, hr):
    given = {"employee": person, "received_on": TODAY, "said": f"{NAME} asks", "user": hr.account}
    receive(kind=DataRequest.Kind.ERASURE, **given)
    contest = receive(kind=DataRequest.Kind.CONTEST, **given)
    with override("en"):
        assert "answer that request first" in str(refused(person))
    answer(request=contest, is_granted=True, text="looked at again", user=hr.account)
    erased(person)
    assert found_in_the_database() == set()


@pytest.mark.parametrize("reason", ["", "x" * 201, f"as {NAME} asked", f"{NUMBER}, by letter", f"{OTHER} too"])
def test_reason_names_nobody(person, reason):
    with override("en"), pytest.raises(ValueError, match=r"reason|Say why"):
        erased(person, reason=reason)
    assert Employee.objects.filter(pk=person.pk).exists()


def test_record_tells_when_who_and_why_and_not_whom(person, hr, settings):
    records = erased(person, hr.account)
    assert [(row.by, row.reason, row.is_repeated) for row in records] == [(hr.account, REASON, False)] * 2
    assert records[0].log_rows == ErasedRow.objects.count() >= 4
    assert records[0].pseudonym != records[1].pseudonym


def test_withdrawn_and_replayed_loads_do_not_bring_the_person_back(person):
    erased(person)
    newest = Load.objects.in_force().filter(as_of=FEBRUARY).get()
    withdraw_load(load=newest.pk, reason="a trial")
    assert Employee.objects.count() == 11
    assert found_in_the_database() == set()


def test_number_that_comes_back_is_asked_about_and_is_a_new_person(person):
    erased(person)
    people = {number: {"revenu_mensuel": 3000 + number} for number in range(1, 12)} | {NUMBER: {}}
    march = date(2024, 3, 31)
    with pytest.raises(Implausible, match=r"erased before \(1\)"):
        load_all(march, people)
    load_all(march, people, accept_implausible=True)
    newcomer = Employee.objects.get(employee_id=NUMBER)
    assert (newcomer.predictions.count(), newcomer.cases.count(), newcomer.features.count()) == (0, 0, 0)
    assert newcomer.states.get().as_of == march
    load_all(date(2024, 4, 30), people | {1: {"revenu_mensuel": 3500}})  # the month after, nothing is asked


def test_dry_run_says_what_goes_and_stays_and_changes_nothing(person):
    found = plan(person, today=TODAY)
    goes, stays = ({str(line.label): line.count for line in lines} for lines in (found.goes, found.stays))
    assert found.refusal is None
    assert goes["notes of talks"] == 1
    assert goes["SIRH rows"] == 2
    assert stays["log of predictions"] == 3
    assert SirhRow.objects.filter(number=NUMBER).exists()


def test_command_erases_and_says_what_it_did(person, capsys, settings):
    settings.CLAIMS_MONTHS = 0
    call_command("erase_employee", str(NUMBER), "--reason", REASON, "--dry-run")
    told = capsys.readouterr().out
    assert "1 notes of talks: would be deleted" in told
    assert "Nothing was changed" in told
    assert Employee.objects.filter(employee_id=NUMBER).exists()
    call_command("erase_employee", str(OTHER), "--reason", REASON)  # by the number that was merged
    assert "1 notes of talks: deleted" in capsys.readouterr().out
    assert found_in_the_database() == set()
    with pytest.raises(CommandError, match=f"Nobody has the number {NUMBER}"):
        call_command("erase_employee", str(NUMBER), "--reason", REASON)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_command_that_refuses_reads_as_if_nothing_was_deleted(person, capsys, settings, options):
    settings.CLAIMS_MONTHS = 0
    LegalHold.objects.create(employee=person, reason="Claim")
    with pytest.raises(CommandError, match="is held for a dispute"):
        call_command("erase_employee", str(NUMBER), "--reason", REASON, *options)
    assert not re.search(r": (deleted|kept)", capsys.readouterr().out)
    assert Employee.objects.filter(employee_id=NUMBER).exists()


def test_page_shows_the_plan_and_erases_once_the_number_is_typed(person, hr, settings):
    settings.CLAIMS_MONTHS = 0
    address = reverse("employee_erase", args=[NUMBER])
    assert address in hr.get(reverse("employee_rights", args=[NUMBER])).text
    assert "Notes of talks" in hr.get(address).text
    for given in ({"reason": REASON, "number": 1}, {"reason": f"for {NAME}", "number": NUMBER}, {"number": NUMBER}):
        assert hr.post(address, given).status_code == 422
    assert Employee.objects.filter(employee_id=NUMBER).exists()
    assert hr.post(address, {"reason": REASON, "number": NUMBER}).url == reverse("employees")
    assert found_in_the_database() == set()
    assert Erasure.objects.first().by == hr.account


def test_page_says_what_keeps_the_person(person, hr):
    response = hr.get(reverse("employee_erase", args=[1]))
    assert "is employed" in response.text
    assert "Erase for good" not in response.text
    assert hr.post(reverse("employee_erase", args=[1]), {"reason": REASON, "number": 1}).status_code == 422


@pytest.mark.parametrize("role", [("RH", "Consulting"), ("Manager", "Consulting"), ("Direction",), ("Auditeur",)])
def test_page_is_for_hr_of_the_whole_company(person, browse, role):
    assert browse(*role).get(reverse("employee_erase", args=[NUMBER])).status_code == 403


def test_restored_person_is_erased_again_and_a_newcomer_stays(person, settings):
    erased(person)
    assert erase_again(path=settings.ERASURES) == []
    long_ago = timezone.now() - timedelta(days=900)
    restored = Employee.objects.create(employee_id=NUMBER, created_at=long_ago)  # as a backup would bring it back
    Employee.objects.create(employee_id=OTHER)  # came in a file since
    (again,) = erase_again(path=settings.ERASURES)
    assert again.is_repeated
    assert again.reason == REASON
    assert not Employee.objects.filter(pk=restored.pk).exists()
    assert Employee.objects.filter(employee_id=OTHER).exists()
    assert erase_again(path=settings.ERASURES) == []


def test_records_under_another_key_stop_the_command(person, settings):
    erased(person)
    settings.ERASURE_KEY = "another-random-value-of-more-than-32-characters"
    with pytest.raises(CommandError, match="set ERASURE_KEY"):
        call_command("reapply_erasures")


@contextmanager
def kept_and_restored(path):
    """A dump of the database before the block, restored after it as an operator does."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
            yield
            copy.backup(connection.connection)
        return
    options = [f"--dbname={url_of(connection)}"]
    run(["pg_dump", "--clean", "--if-exists", "--no-owner", f"--file={path}", *options], check=True)
    yield
    connection.close()
    run(["psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={path}", *options], check=True, stdout=DEVNULL)


def url_of(database):
    given = database.settings_dict
    password = f":{given['PASSWORD']}" if given["PASSWORD"] else ""
    return f"postgresql://{given['USER']}{password}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_backup_that_is_restored_loses_again_whoever_was_erased_since(person, tmp_path, capsys):
    with kept_and_restored(tmp_path / "backup"):
        erased(person)
        assert found_in_the_database() == set()
    assert len(found_in_the_database()) >= 25  # the backup has brought the person back
    assert not Erasure.objects.exists()
    call_command("reapply_erasures")
    assert capsys.readouterr().out == "2 numbers erased again\n"
    assert found_in_the_database() == set()
    assert {row.is_repeated for row in Erasure.objects.all()} == {True}
    seal()
    assert verify().faults == []


def test_every_table_that_refers_to_a_person_is_known_to_the_erasure(person):
    referring = {relation.related_model for relation in Employee._meta.related_objects}
    known = {part.rows.model for part in parts_of([NUMBER])} | {Prediction, JournalEntry, PersonKey}
    assert referring <= known


def test_held_person_is_neither_erased_nor_cleared_until_the_hold_is_lifted(person, hr):
    page = reverse("employee_rights", args=[person.employee_id])
    assert (
        "nothing about this person is deleted"
        in hr.post(page, {"act": "hold", "hold-reason": "Claim"}, follow=True).text
    )
    assert "is held for a dispute since" in str(refused(person))
    assert hr.post(page, {"act": "hold", "hold-reason": "Claim"}).status_code == 422
    held = LegalHold.objects.get()
    assert (held.reason, held.set_by) == ("Claim", hr.account)
    assert dossier(person)["held_for_a_dispute"][0]["reason"] == "Claim"
    hr.post(page, {"act": "lift", "hold-reason": "Settled"})
    held.refresh_from_db()
    assert (held.lifted_because, held.lifted_by) == ("Settled", hr.account)
    erased(person)
    assert not LegalHold.objects.exists()


def test_hold_is_set_by_hr_of_the_whole_company(person, browse):
    for client in (browse("RH", person.departement), browse("Manager", person.departement)):
        response = client.post(
            reverse("employee_rights", args=[person.employee_id]), {"act": "hold", "hold-reason": "x"}
        )
        assert response.status_code in (403, 404)
    assert not LegalHold.objects.exists()
