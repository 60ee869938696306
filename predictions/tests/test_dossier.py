"""The dossier: all that is kept about one person, and of nobody else."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import override
from pypdf import PdfReader

from employees import journal
from employees.models import Employee, JournalEntry
from employees.tests.extracts import DAY, load_all
from features.services import build_features
from predictions.followup.lottery import set_lottery
from predictions.followup.services import add_note, agree_action, open_cases
from predictions.models import ActionKind, Case, DataRequest, Draw, ScoringRun
from predictions.rights.services import receive
from predictions.services import score_employees
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory
from technova.commands import system_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(browse, settings):
    """Two people, scored; a case with a note is about the first, at whom HR has looked."""
    settings.NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]
    load_all(people={1: {"revenu_mensuel": 4321}, 2: {"revenu_mensuel": 9876}})
    build_features()
    score_employees()
    hr = browse("RH").account
    person = Employee.objects.get(employee_id=1)
    (case,) = open_cases(employees=[person], owner=hr, due=DAY, why="a talk", user=hr).cases
    add_note(case=case, day=DAY, who="the manager", text="wants to learn Polish", is_shared=False, user=hr)
    journal.record(journal.What.PERSON, user=hr, employee=person)
    return hr


def printed(capsys, *arguments):
    call_command("dossier", *arguments)
    return capsys.readouterr().out


def test_dossier_has_what_is_kept_and_nothing_of_others(company, capsys):
    text = printed(capsys, "1", "--language", "en")
    found = json.loads(text)
    assert {row["kind"] for row in found["extracts"]} == {"sirh", "eval", "sondage"}
    assert any(row["values"].get("revenu_mensuel") == 4321 for row in found["extracts"])
    assert all(row["as_of"] == DAY.isoformat() and row["is_in_force"] for row in found["extracts"])
    (prediction,) = found["predictions"]
    assert prediction["reasons"]
    assert all("points" in reason for reason in prediction["reasons"])
    assert found["features"][0]["values"]["revenu_mensuel"] == 4321
    assert found["cases"][0]["notes"][0]["text"] == "wants to learn Polish"
    assert [look["who"] for look in found["who_looked"]] == [company.username, journal.command("dossier")]
    assert "9876" not in text


def test_dossier_holds_no_internal_key_of_the_person(company, capsys):
    person = Employee.objects.get(employee_id=1)
    decision = set_lottery(talks=1, reason="a trial", user=company)
    run = ScoringRun.objects.latest("pk")
    found = Draw.objects.create(run=run, decision=decision, as_of=DAY, talks=1)
    found.people.create(employee=person, departement=person.departement, probability=0.25, is_drawn=True)
    told = json.loads(printed(capsys, "1"))
    assert told["drawn_for_talks"] == [
        {"as_of": DAY.isoformat(), "department": person.departement, "risk_then": 0.25, "is_drawn": True}
    ]
    for row in (*told["drawn_for_talks"], *told["presence_over_time"], *told["answers_of_hr"]):
        assert not {"id", "employee_id"} & row.keys()


def test_dossier_tells_of_a_key_that_asked_by_number_and_calls_a_file_of_one_person_so(company, capsys):
    key = APIKeyFactory()
    client = APIClient(key.secret)
    assert client.post(reverse("api-by-id", args=[1])).status_code == 200
    assert client.call(reverse("api-batch"), {"employee_ids": [1, 2]}).status_code == 200
    printed(capsys, "1", "--language", "en")
    looks = json.loads(printed(capsys, "1", "--language", "en"))["who_looked"]
    assert [(look["who"], look["what"]) for look in looks[-4:-2]] == [
        (f"{key.name}, {key.prefix}", "by number"),
        (f"{key.name}, {key.prefix}", "batch"),
    ]
    assert [look["what"] for look in looks[-2:]] == ["a file about this person"] * 2


def test_dossier_is_in_the_journal(company, capsys):
    printed(capsys, "2")
    entry = JournalEntry.objects.first()
    assert (entry.client, entry.what, entry.employee.employee_id) == (journal.command("dossier"), "file", 2)


def test_command_is_no_api_key_in_the_journal(company, capsys, browse):
    printed(capsys, "2")
    journal.record(journal.What.FILE, client="manage.py dossier (root), a1B2c3D4")  # a key with such a name
    text = browse("Auditeur").get(reverse("journal")).content.decode()
    assert f"Command dossier ({system_account()})" in text
    assert "API key manage.py dossier (root), a1B2c3D4" in text


def test_dossier_is_a_request_with_its_day_and_who_made_it(company, client, capsys):
    found = json.loads(printed(capsys, "1", "--language", "en"))
    by_command = f"The dossier was made by command, as {system_account()}."
    (request,) = found["requests"]
    assert (request["received_on"], request["state"], request["answer"]) == (f"{localdate()}", "granted", by_command)
    client.force_login(company)
    for name in ("employee_dossier_json", "employee_dossier", "employee_dossier_json"):
        client.get(reverse(name, args=[1]), headers={"Accept-Language": "en"})
    made = DataRequest.objects.get()
    assert list(made.changes.values_list("by__username", "word")) == [
        (None, by_command),
        (company.username, "The dossier was made."),
    ]


def test_dossier_stands_with_the_open_request_that_it_serves(company, capsys):
    person = Employee.objects.get(employee_id=1)
    open_one = receive(employee=person, kind=DataRequest.Kind.ACCESS, received_on=DAY, said="", user=company)
    printed(capsys, "1", "--language", "en")
    assert DataRequest.objects.get().is_open
    assert open_one.changes.last().word.startswith("The dossier was made by command")


def test_command_records_what_a_person_asks(company, capsys):
    call_command("record_request", "1", "contest", "--received-on", "2026-07-01", "--said", "My overtime is over.")
    assert "to be answered by 2026-08-01" in capsys.readouterr().out
    made = DataRequest.objects.get()
    assert (made.kind, made.said, made.recorded_by) == ("contest", "My overtime is over.", None)
    assert made.probability is not None
    with override("en"):
        call_command("record_request", "1", "objection")
    assert Employee.objects.get(employee_id=1).objected_on == localdate()
    assert DataRequest.objects.first().changes.get().word == f"Recorded by command, as {system_account()}."
    for arguments, told in (
        (["1", "objection"], "1 has objected already"),
        (["9", "access"], "Nobody has the number 9"),
        (["2", "access", "--received-on", "2999-01-01"], "is still to come"),
    ):
        with pytest.raises(CommandError, match=told):
            call_command("record_request", *arguments)


def test_unknown_number_is_one_line(company):
    with pytest.raises(CommandError, match="Nobody has the number 9"):
        call_command("dossier", "9")


def test_dossier_says_what_would_change_the_score(company, capsys):
    found = json.loads(printed(capsys, "1", "--language", "en"))
    told = found["what_would_change"]
    assert told["is_over_the_threshold"] == (told["probability"] >= told["threshold"])
    if told["is_over_the_threshold"] and told["smallest_change"]:
        assert told["smallest_change"]["probability"] < told["threshold"]


def test_dossier_as_pdf_says_the_same_in_words(company, client):
    Case.objects.update(state="set_aside", aside="known", closed_at=timezone.now())
    case = Case.objects.get()
    kind = ActionKind.objects.first()
    agree_action(case=case, kind=kind, day=DAY, cost=350, user=company)
    person = case.employee
    receive(employee=person, kind=DataRequest.Kind.ACCESS, received_on=DAY, said="", user=company)
    client.force_login(company)
    text = " ".join(text_of_pdf(client.get(reverse("employee_dossier", args=[1]))).split())
    assert "€4,321" in text
    assert "9,876" not in text
    assert "wants to learn Polish" in text
    assert "already known and settled" in text
    assert "€350" in text
    assert "To see their data" in text
    assert company.username in text
    without = text_of_pdf(client.get(reverse("employee_dossier", args=[1]), {"notes": "no"}))
    assert "Polish" not in without
    assert "are left out: 1" in without


def test_dossier_of_the_page_is_the_one_of_the_command(company, client, capsys):
    client.force_login(company)
    of_page = client.get(reverse("employee_dossier_json", args=[1])).json()
    of_command = json.loads(printed(capsys, "1", "--language", "en"))
    assert of_page.keys() == of_command.keys()
    for each in (of_page, of_command):
        each.pop("who_looked")
        each.pop("requests")  # the second one is recorded, too
    assert of_page == of_command


def text_of_pdf(response):
    pages = PdfReader(io.BytesIO(response.content)).pages
    return "\n".join(page.extract_text() for page in pages)
