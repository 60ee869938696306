"""What people ask about their own data: the clock of the law, the answer, and who sees it."""

from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from employees.models import Correction, Employee, JournalEntry
from employees.tests.extracts import DAY, load_all
from employees.tests.factories import EmployeeFactory, leave
from employees.workforce.loading import withdraw_load
from features.services import build_features
from predictions.models import DataRequest, Prediction
from predictions.rights.services import Unexpected, answer, extend, months_later, receive
from predictions.services import score_employees

pytestmark = pytest.mark.django_db

Kind, State = DataRequest.Kind, DataRequest.State


@pytest.fixture
def hr(browse):
    return browse("RH")


def asked(hr, *, number=1, kind=Kind.ACCESS, days_ago=0):
    person = Employee.objects.filter(employee_id=number).first() or EmployeeFactory(
        employee_id=number, departement="Consulting", presence="present"
    )
    day = timezone.localdate() - timedelta(days=days_ago)
    return receive(employee=person, kind=kind, received_on=day, said="I want to know.", user=hr.account)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 1, 15), date(2026, 2, 15)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 28)),
        (date(2026, 12, 5), date(2027, 1, 5)),
    ],
)
def test_month_of_the_law_ends_on_the_same_day_of_the_next(day, due):
    assert months_later(day, 1) == due


def test_request_is_extended_once_by_two_months_of_its_day(hr):
    made = asked(hr)
    longer = extend(request=made, reason="many files", user=hr.account)
    assert longer.due == months_later(made.received_on, 3)
    with pytest.raises(Unexpected):
        extend(request=longer, reason="more", user=hr.account)
    assert [change.word for change in made.changes.all()] == ["", "many files"]


def test_erasure_is_granted_by_erasing_alone(browse, hr):
    """Whoever left lately is kept by the law: the answer says until when, and cannot promise what is not done."""
    made = asked(hr, kind=Kind.ERASURE)
    leave(made.employee, day=timezone.localdate() - timedelta(days=30))
    page = hr.get(reverse("requests_request", args=[made.pk]))
    assert "It cannot be granted now" in page.text
    assert "They may go from that day on" in page.text
    assert reverse("employee_erase", args=[1]) not in page.text
    granted = {"act": "answer", "is_granted": "yes", "answer": "it is done"}
    assert hr.post(reverse("requests_request", args=[made.pk]), granted).status_code == 422
    made.refresh_from_db()
    assert made.state == State.OPEN
    with pytest.raises(ValueError, match="granted by erasing"):
        answer(request=made, is_granted=True, text="it is done", user=hr.account)
    assert hr.post(reverse("requests_request", args=[made.pk]), granted | {"is_granted": "no"}).status_code == 302


def test_erasure_that_nothing_forbids_leads_to_the_page_that_erases(hr):
    made = asked(hr, kind=Kind.ERASURE)
    leave(made.employee, day=timezone.localdate() - timedelta(days=4000))
    page = hr.get(reverse("requests_request", args=[made.pk]))
    assert reverse("employee_erase", args=[1]) in page.text
    assert "cannot be granted" not in page.text


def test_request_is_answered_once(hr):
    made = asked(hr)
    answer(request=made, is_granted=True, text="sent", user=hr.account)
    made.refresh_from_db()
    assert (made.state, made.answer, made.handled_by) == (State.GRANTED, "sent", hr.account)
    with pytest.raises(Unexpected):
        answer(request=made, is_granted=False, text="no", user=hr.account)


def test_page_of_a_person_records_a_request_and_leads_to_it(hr):
    EmployeeFactory(employee_id=7, departement="Consulting", presence="present")
    today = timezone.localdate()
    page = reverse("employee_rights", args=[7])
    sent = hr.post(page, {"kind": "access", "received_on": today.isoformat(), "said": "my data, please"})
    (made,) = DataRequest.objects.all()
    assert sent.url == reverse("requests_request", args=[made.pk])
    assert (made.received_on, made.due, made.recorded_by) == (today, months_later(today, 1), hr.account)
    assert "my data, please" in hr.get(sent.url).text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"received_on": "2199-01-01"}, "This day is still to come"),
        ({"received_on": ""}, "This field is required"),
        ({"said": "because of my cancer"}, "Such words may not be kept"),
    ],
)
def test_request_that_cannot_be_recorded_keeps_what_was_typed(hr, sent, told):
    EmployeeFactory(employee_id=7, departement="Consulting", presence="present")
    good = {"kind": "access", "received_on": timezone.localdate().isoformat(), "said": "a copy"}
    response = hr.post(reverse("employee_rights", args=[7]), good | sent)
    assert response.status_code == 422
    assert told in response.text
    assert (good | sent)["said"] in response.text
    assert not DataRequest.objects.exists()


def test_page_of_a_request_answers_and_extends_it(hr):
    page = reverse("requests_request", args=[asked(hr).pk])
    assert hr.post(page, {"act": "extend", "reason": ""}).status_code == 422
    assert hr.post(page, {"act": "extend", "reason": "three systems"}).status_code == 302
    assert hr.post(page, {"act": "answer", "is_granted": "yes", "answer": ""}).status_code == 422
    assert hr.post(page, {"act": "answer", "is_granted": "no", "answer": "sent last week"}).status_code == 302
    shown = hr.get(page).text
    assert "three systems" in shown
    assert "sent last week" in shown
    late = hr.post(page, {"act": "answer", "is_granted": "yes", "answer": "again"})
    assert late.status_code == 422
    assert "Somebody else has changed this request meanwhile" in late.text


def test_list_has_the_overdue_first_and_the_answered_last(hr):
    answered, fresh, overdue = asked(hr, number=1), asked(hr, number=2), asked(hr, number=3, days_ago=40)
    answer(request=answered, is_granted=True, text="sent", user=hr.account)
    text = hr.get(reverse("requests")).text
    places = [text.index(f"/requests/{each.pk}/") for each in (overdue, fresh, answered)]
    assert places == sorted(places)
    assert text.count("overdue</strong>") == 1


def test_today_counts_those_that_wait(hr):
    load_all(people={1: {}, 2: {}})
    build_features()
    score_employees()
    answer(request=asked(hr, number=1), is_granted=True, text="sent", user=hr.account)
    assert "about their data" not in hr.get(reverse("overview")).text
    asked(hr, number=2)
    text = " ".join(hr.get(reverse("overview")).text.split())
    assert "person asks something about their data" in text
    assert f'href="{reverse("requests")}"' in text


def test_list_is_in_the_journal(hr):
    asked(hr)
    hr.get(reverse("requests"))
    entry = JournalEntry.objects.get()
    assert (entry.what, entry.people, entry.user) == ("list", 1, hr.account)


def test_hr_of_a_department_sees_its_own_and_managers_none(hr, browse):
    made = asked(hr)
    own, other = browse("RH", "Consulting"), browse("RH", "Commercial")
    manager, auditor = browse("Manager", "Consulting"), browse("Auditeur")
    page, everyone = reverse("requests_request", args=[made.pk]), reverse("requests")
    clients = (own, other, manager, auditor)
    assert [client.get(page).status_code for client in clients] == [200, 404, 403, 403]
    assert [client.get(everyone).status_code for client in clients] == [200, 200, 403, 200]
    assert page in own.get(everyone).text
    assert page not in other.get(everyone).text


def test_outcome_of_a_contest_stands_beside_the_score(hr, browse, admin_client):
    load_all(people={1: {}, 2: {}})
    build_features()
    score_employees()
    made = asked(hr, number=1, kind=Kind.CONTEST)
    score = Prediction.objects.get(employee__employee_id=1)
    assert (made.prediction_id, made.probability) == (score.pk, score.probability)
    pages = [reverse("employee", args=[1]), reverse("history_prediction", args=[score.pk])]
    assert all("Somebody is to look at it again." in hr.get(page).text for page in pages)
    sent = {"act": "answer", "is_granted": "yes", "answer": "the overtime was that of a colleague"}
    assert hr.post(reverse("requests_request", args=[made.pk]), sent).status_code == 302
    for page in pages:
        text = unescape(hr.get(page).text)
        assert "it is not to be relied on. the overtime was that of a colleague" in text
        assert 'id="risk"' in text or 'id="record"' in text
    of_manager = browse("Manager", "Consulting").get(pages[0]).text
    assert "it is not to be relied on." in of_manager
    assert "the overtime was that of a colleague" not in of_manager
    admin = admin_client.get(reverse("admin:predictions_prediction_change", args=[score.pk]))
    assert "it is not to be relied on." in admin.text
    assert "looked at it again" not in hr.get(reverse("employee", args=[2])).text


@pytest.fixture
def wrong_pay(hr, started):
    """A person whose pay is wrong in the files, and who asks to have it corrected."""
    load_all(DAY, people={1: {"revenu_mensuel": 2_222}, 2: {}})
    build_features()
    score_employees()
    return asked(hr, number=1, kind=Kind.CORRECTION)


RIGHT = {
    "act": "answer",
    "is_granted": "yes",
    "column": "revenu_mensuel",
    "value": "7 777",
    "as_of": DAY.isoformat(),
    "answer": "by the contract",
}


def test_correction_is_visible_as_such_and_features_follow(hr, wrong_pay, started):
    page = reverse("requests_request", args=[wrong_pay.pk])
    assert hr.post(page, RIGHT).status_code == 302
    assert ("rescore",) in started
    build_features()
    score_employees()
    assert Prediction.objects.filter(employee__employee_id=1).latest("pk").values()["revenu_mensuel"] == 7_777
    shown = unescape(hr.get(page).text)
    assert "Monthly income: €7,777 since 30 June 2026, corrected by HR. The files still say otherwise." in shown
    of_person = " ".join(hr.get(reverse("employee", args=[1])).text.split())
    assert "€7,777" in of_person
    assert "corrected by HR as of" in of_person
    found = hr.get(reverse("employee_dossier_json", args=[1])).json()
    assert [each["value"] for each in found["corrections"]] == [7_777]
    raw = {row["values"].get("revenu_mensuel") for row in found["extracts"] if row["kind"] == "sirh"}
    assert raw == {2_222}  # the files stay as they are


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"column": ""}, "Say which value is wrong."),
        ({"value": "a lot"}, "This is no value of it. Expected: a whole number between"),
        ({"as_of": "2026-07-01"}, "Give a day up to that of the newest extract: 30 June 2026."),
        ({"answer": ""}, "This field is required"),
    ],
)
def test_correction_that_cannot_be_made_says_why(hr, wrong_pay, sent, told):
    response = hr.post(reverse("requests_request", args=[wrong_pay.pk]), RIGHT | sent)
    assert response.status_code == 422
    assert told in unescape(response.text)
    assert not Correction.objects.exists()


def test_refused_correction_needs_no_value(hr, wrong_pay):
    sent = {"act": "answer", "is_granted": "no", "answer": "the contract says so"}
    assert hr.post(reverse("requests_request", args=[wrong_pay.pk]), sent).status_code == 302
    assert not Correction.objects.exists()


def test_correction_ends_by_itself_recorded_and_stands_again_after_a_withdrawal(hr, wrong_pay):
    page = reverse("requests_request", args=[wrong_pay.pk])
    hr.post(page, RIGHT)
    loaded = load_all(DAY + timedelta(days=31), {1: {"revenu_mensuel": 7_777}, 2: {}}).load
    build_features()
    score_employees()
    wrong_pay.refresh_from_db()
    assert wrong_pay.state == State.ENDED
    assert "The source says the same since" in wrong_pay.changes.last().word
    withdraw_load(load=loaded, reason="the wrong file")
    build_features()
    score_employees()
    wrong_pay.refresh_from_db()
    assert wrong_pay.state == State.GRANTED
    assert "stands again" in wrong_pay.changes.last().word
    assert hr.post(page, {"act": "end", "word": "it was wrong"}).status_code == 302
    build_features()
    score_employees()
    wrong_pay.refresh_from_db()
    assert wrong_pay.state == State.ENDED
    assert Prediction.objects.filter(employee__employee_id=1).latest("pk").values()["revenu_mensuel"] == 2_222
