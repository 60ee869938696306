"""Cases through the API: opened, listed and changed within the key's scope, with the key as their author."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from employees.models import Employee
from employees.tests.extracts import DAY, load_all
from employees.tests.factories import leave
from features.services import build_features
from predictions.api import examples
from predictions.followup import services
from predictions.models import Case, WebhookDelivery, WebhookEndpoint
from predictions.services import score_employees
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory

pytestmark = pytest.mark.django_db
INSIDE, OUTSIDE = "Consulting", "Commercial"
DUE = timezone.localdate() + timedelta(days=7)


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def people():
    load_all(DAY, {number: {"departement": INSIDE if number < 3 else OUTSIDE} for number in range(1, 5)})
    build_features()
    score_employees()
    return {row.employee_id: row for row in Employee.objects.all()}


@pytest.fixture
def key():
    return APIKeyFactory(name="ticket tool", can_predict=False, can_read=False, can_follow=True)


@pytest.fixture
def tool(key):
    return APIClient(key.secret)


def sent(client, method, path, body):
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def wish(owner, number=1, **given):
    return {"employee_id": number, "owner": owner.username, "due": DUE.isoformat()} | given


def opened(person, user):
    (case,) = services.open_cases(employees=[person], owner=user, due=DUE, why="asked", user=user).cases
    return case


def test_case_is_opened_with_the_key_as_its_author(tool, key, hr, people):
    response = sent(tool, "POST", "/cases/", wish(hr.account, why="Asked for a talk."))
    answer, case = response.json(), Case.objects.get()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/cases/{case.pk}")
    assert answer.keys() == examples.CASE.keys()
    assert (answer["employee_id"], answer["state"], answer["owner"]) == (1, "to_plan", hr.account.username)
    assert answer["turnover_probability"] == case.probability
    change = case.changes.get()
    assert (change.by, change.api_key, change.word) == (None, key, "Asked for a talk.")
    assert "ticket tool" in hr.get(reverse("cases_case", args=[case.pk])).text


def test_answers_hold_no_word_of_what_was_said(tool, hr, people):
    case = opened(people[1], hr.account)
    for path in ("/cases", f"/cases/{case.pk}"):
        assert '"x"' not in tool.get(path).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner": "nobody"}, "owner"),
        ({"due": "soon"}, "due"),
        ({"due": None}, "due"),
        ({"employee_id": "1"}, "employee_id"),
        ({"why": "est malade"}, "why"),
        ({"notes": "x"}, "notes"),
    ],
)
def test_wrong_wish_opens_nothing_and_names_the_field(tool, hr, people, wrong, field):
    response = sent(tool, "POST", "/cases", wish(hr.account) | wrong)
    assert response.status_code == 422
    assert [each["loc"] for each in response.json()["detail"]] == [["body", field]]
    assert not Case.objects.exists()


def test_second_open_case_of_a_person_is_refused(tool, hr, people):
    opened(people[1], hr.account)
    response = sent(tool, "POST", "/cases", wish(hr.account))
    assert response.status_code == 422
    assert "open already" in response.json()["detail"][0]["msg"]
    assert Case.objects.count() == 1


def test_nobody_unknown_gone_or_outside_the_key_gets_a_case(hr, people):
    limited = APIClient(APIKeyFactory(can_follow=True, departments=[INSIDE]).secret)
    leave(people[2])
    for number in (2, 3, 999):
        assert sent(limited, "POST", "/cases", wish(hr.account, number)).status_code == 404
    assert sent(limited, "POST", "/cases", wish(hr.account)).status_code == 201


def test_owner_has_to_see_the_person(tool, browse, hr, people):
    manager = browse("Manager", INSIDE).account
    case = opened(people[3], hr.account)
    body = {"last_change": case.changes.get().pk, "owner": manager.username}
    for response in (
        sent(tool, "POST", "/cases", wish(manager, 4)),
        sent(tool, "PATCH", f"/cases/{case.pk}", body),
    ):
        assert response.status_code == 422
        assert "does not see this person" in response.json()["detail"][0]["msg"]


def test_key_of_a_department_finds_its_cases_alone(hr, people):
    inside, outside = opened(people[1], hr.account), opened(people[3], hr.account)
    limited = APIClient(APIKeyFactory(can_follow=True, departments=[INSIDE]).secret)
    assert [row["case_id"] for row in limited.get("/cases").json()["results"]] == [inside.pk]
    body = {"last_change": outside.changes.get().pk, "state": "planned"}
    assert limited.get(f"/cases/{outside.pk}").status_code == 404
    assert sent(limited, "PATCH", f"/cases/{outside.pk}", body).status_code == 404


def test_cases_are_filtered_and_come_newest_first_in_pages(tool, hr, people):
    cases = [opened(person, hr.account) for person in people.values()]
    closed = cases[1]
    wanted = services.Wanted(Case.State.STAYED, hr.account, closed.due, False)
    services.change_case(case=closed, seen=closed.changes.get().pk, wanted=wanted, user=hr.account)
    found, address = [], "/cases?limit=3"
    while address:
        page = tool.get(address).json()
        found += [row["case_id"] for row in page["results"]]
        address = page["next"]
    assert found == [case.pk for case in cases][::-1]
    for query, number in (("is_closed=true", 1), ("is_closed=false", 3), ("state=stayed", 1), ("employee_id=1", 1)):
        assert len(tool.get(f"/cases?{query}").json()["results"]) == number, query
    assert tool.get(f"/cases?due={DUE}").status_code == 422


def test_change_is_kept_with_the_key_and_leaves_the_rest(tool, key, hr, people):
    case = opened(people[1], hr.account)
    body = {"last_change": case.changes.get().pk, "state": "planned", "remark": "room 3"}
    answer = sent(tool, "PATCH", f"/cases/{case.pk}", body).json()
    change = case.changes.latest("pk")
    assert (answer["state"], answer["due"], answer["last_change"]) == ("planned", DUE.isoformat(), change.pk)
    assert (change.by, change.api_key, change.word) == (None, key, "room 3")


def test_change_after_another_one_is_refused(tool, hr, people):
    case = opened(people[1], hr.account)
    body = {"last_change": case.changes.get().pk, "state": "planned"}
    assert sent(tool, "PATCH", f"/cases/{case.pk}", body).status_code == 200
    response = sent(tool, "PATCH", f"/cases/{case.pk}", body | {"state": "watching"})
    assert response.status_code == 422
    assert Case.objects.get().state == "planned"


def test_reopening_beside_another_open_case_says_so(tool, hr, people):
    case = opened(people[1], hr.account)
    Case.objects.update(state="set_aside", aside="known", closed_at=timezone.now())
    opened(people[1], hr.account)
    body = {"last_change": case.changes.get().pk, "state": "watching"}
    response = sent(tool, "PATCH", f"/cases/{case.pk}", body)
    assert response.status_code == 422
    assert "Another case of this person is open" in response.text


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"state": "set_aside"}, 422),
        ({"state": "set_aside", "set_aside_because": "known"}, 422),
        ({"set_aside_because": "known"}, 422),
        ({"state": "set_aside", "set_aside_because": "known", "remark": "settled"}, 200),
    ],
)
def test_setting_aside_needs_a_reason_and_a_remark(tool, hr, people, given, status):
    case = opened(people[1], hr.account)
    body = {"last_change": case.changes.get().pk} | given
    assert sent(tool, "PATCH", f"/cases/{case.pk}", body).status_code == status


def test_numbers_that_no_case_has(tool):
    assert tool.get("/cases/999").status_code == 404
    assert tool.get(f"/cases/{10**30}").status_code == 404
    assert tool.get("/cases/x").status_code == 422


def test_events_hold_counts_and_no_number_of_a_person(hr, people):
    events = ["case.opened", "case.closed", "case.overdue"]
    WebhookEndpoint.objects.create(name="tickets", url="https://technova.example/", events=events)
    case = opened(people[4], hr.account)
    services.tell_overdue(DUE + timedelta(days=1))
    services.tell_overdue(DUE + timedelta(days=1))
    services.tell_overdue(DUE)
    wanted = services.Wanted(Case.State.LEFT, hr.account, case.due, False)
    services.change_case(case=case, seen=case.changes.get().pk, wanted=wanted, user=hr.account)
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("created_at")]
    assert [body["type"] for body in bodies] == ["case.opened", "case.overdue", "case.closed"]
    told = [{name: value for name, value in body["data"].items() if name != "link"} for body in bodies]
    assert told == [
        {"open_count": 1, "opened_count": 1},
        {"open_count": 1, "overdue_count": 1},
        {"open_count": 0, "closed_count": 1},
    ]
