"""The journal of reads: nothing shows a person without an entry, and the page tells of what is unusual."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from employees import journal
from employees.models import Employee, JournalEntry, Purpose
from employees.tests.factories import EmployeeFactory
from predictions.models import Prediction
from predictions.selectors.journal import looks, unusual_days
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory, PredictionFactory
from predictions.tests.test_scope import API, MARKS, PAGES, SHOWS_PEOPLE, Ask, admin_pages, all_of, send, text_of
from predictions.tests.test_scope import everyone as everyone
from predictions.tests.test_scope import offices as offices
from predictions.tests.test_scope import world as world

pytestmark = pytest.mark.django_db

What = JournalEntry.What
# Of no one person, but read of people: into the journal all the same.
FIGURES = {"report", "report_pdf", "teams_csv"}


def entries() -> int:
    """The entries, and the rows of the log by which a key was answered."""
    return JournalEntry.objects.count() + Prediction.objects.exclude(api_key=None).count()


@pytest.mark.parametrize("name", sorted(SHOWS_PEOPLE | FIGURES))
def test_page_that_shows_people_is_in_the_journal(world, name):
    for ask in PAGES[name](world):
        before = entries()
        response = send(world.hr, ask)
        if MARKS.search(text_of(response)) or name in FIGURES:
            assert entries() > before, ask
            assert JournalEntry.objects.first().user == world.hr.account


@pytest.mark.parametrize("name", sorted({*API, "api-runs"}))
def test_call_that_shows_people_is_in_the_journal(world, name):
    key = APIKeyFactory(can_follow=True)
    client = APIClient(key.secret)
    for ask in API[name](world) if name in API else [Ask(reverse(name))]:
        before = entries()
        response = send(client, ask)
        all_of(response)
        assert response.status_code == 200
        assert entries() > before, ask


def test_case_that_a_key_opens_or_changes_is_in_the_journal(world):
    key = APIKeyFactory(can_follow=True)
    client = APIClient(key.secret)
    wish = {"employee_id": 1, "owner": world.hr.account.username, "due": f"{timezone.localdate()}"}
    opened = client.post(reverse("api-cases"), wish, content_type="application/json")
    assert opened.status_code == 201
    path, asked = reverse("api-case", args=[opened.json()["case_id"]]), {"last_change": opened.json()["last_change"]}
    assert client.patch(path, asked | {"state": "planned"}, content_type="application/json").status_code == 200
    entries_of_key = JournalEntry.objects.filter(client=f"{key.name}, {key.prefix}")
    assert [(entry.what, entry.employee.employee_id) for entry in entries_of_key] == [(What.CASE, 1)] * 2


def test_list_of_the_administration_and_its_rows_are_in_the_journal(offices):
    listing, forms = admin_pages(offices.hr, Employee)
    assert listing.status_code == 200
    entry = JournalEntry.objects.filter(what=What.LIST).latest("pk")
    assert entry.people == listing.context["cl"].result_count
    shown = JournalEntry.objects.filter(what=What.RECORD).values_list("employee", flat=True)
    assert set(shown) == set(Employee.objects.values_list("pk", flat=True))
    assert len(forms) == len(shown)


def test_page_is_not_given_when_it_cannot_be_recorded(world, monkeypatch):
    def refuse(entry):
        raise DatabaseError("no room left")

    monkeypatch.setattr(journal, "insert", refuse)
    world.hr.raise_request_exception = False
    response = world.hr.get(reverse("employee", args=[1]))
    assert response.status_code >= 500
    assert "Consulting" not in response.text


def test_entry_says_who_saw_whom(world):
    world.manager.get(reverse("employee", args=[1]))
    entry = JournalEntry.objects.first()
    assert (entry.user, entry.employee.employee_id, entry.people, entry.what) == (
        world.manager.account,
        1,
        1,
        What.PERSON,
    )


def test_entry_is_one_statement():
    with CaptureQueriesContext(connection) as asked:
        journal.record(What.LIST, client="a key", people=3)
    assert len(asked) == 1


def alone(browser_of_hr):
    """Every way to narrow a list to employee 1, as a browser or a key."""
    key = APIClient(APIKeyFactory().secret)
    for path in ("/history/?employee=1", "/employees/?number=1", "/employees/export.csv?number=1"):
        yield browser_of_hr, path
    for path in (
        "/predictions?employee_id=1",
        "/scores?employee_ids=1",
    ):
        yield key, path
    for model in ("employees_employee", "predictions_prediction"):
        yield browser_of_hr, f"{reverse(f'admin:{model}_changelist')}?q=1"


@pytest.mark.parametrize("place", range(7))
def test_list_of_one_person_is_an_entry_of_that_person(offices, place):
    PredictionFactory(employee=Employee.objects.get(employee_id=1))
    client, path = list(alone(offices.hr))[place]
    response = client.get(path)
    assert response.status_code == 200
    all_of(response)
    entry = JournalEntry.objects.first()
    assert (entry.employee and entry.employee.employee_id, entry.people) == (1, 1)
    assert looks(employee=entry.employee).rows[0].at == entry.at


def test_streamed_scores_of_one_person_are_an_entry_of_that_person(world):
    response = APIClient(APIKeyFactory().secret).get("/scores?employee_ids=1", headers={"Accept": "text/csv"})
    all_of(response)
    entry = JournalEntry.objects.first()
    assert (entry.what, entry.employee.employee_id) == (What.FILE, 1)


def test_list_counts_each_person_once():
    journal.record_rows(What.LIST, [7, 7, 8, None, None], client="a key")
    assert JournalEntry.objects.first().people == 4
    journal.record_rows(What.LIST, [], client="a key")
    assert JournalEntry.objects.first().people == 0


def test_page_of_those_who_looked_unites_journal_and_log(world):
    key = APIKeyFactory()
    world.manager.get(reverse("employee", args=[1]))
    APIClient(key.secret).post(reverse("api-by-id", args=[1]))
    text = unescape(world.hr.get(reverse("employee_looks", args=[1])).text)
    assert world.manager.account.username in text
    assert key.name in text


def test_auditor_reads_who_looked_at_whom_and_is_recorded(world, browse):
    world.manager.get(reverse("employee", args=[1]))
    world.hr.get(reverse("employees"))
    auditor = browse("Auditeur")
    everything = unescape(auditor.get(reverse("journal")).text)
    of_one = unescape(auditor.get(reverse("journal"), {"employee": "1"}).text)
    assert world.manager.account.username in everything
    assert world.hr.account.username in everything
    assert world.hr.account.username not in of_one.partition('id="looks"')[2]
    entry = JournalEntry.objects.first()
    assert (entry.user, entry.what, entry.employee.employee_id) == (auditor.account, What.JOURNAL, 1)


def test_journal_is_filtered_by_api_key(world, browse):
    key, other = APIKeyFactory(), APIKeyFactory()
    for each in (key, other):
        journal.record(What.LIST, client=f"{each.name}, {each.prefix}", people=3)
        APIClient(each.secret).post(reverse("api-by-id", args=[1]))
    auditor = browse("Auditeur")
    looks = auditor.get(reverse("journal"), {"key": key.prefix}).context["looks"].rows
    assert len(looks) == 2
    assert {look.client for look in looks} == {f"{key.name}, {key.prefix}"}
    assert (
        not auditor.get(reverse("journal"), {"key": key.prefix, "account": auditor.account.username})
        .context["looks"]
        .rows
    )


def test_purpose_is_told_in_the_readers_language(world, browse):
    purpose = Purpose.objects.create(french="Entretien du mardi", english="Talk on Tuesday")
    world.hr.account.purpose = purpose.french
    journal.record(What.LIST, user=world.hr.account, people=3)
    auditor = browse("Auditeur")
    for language, words in (("en", purpose.english), ("fr", purpose.french)):
        (look, *_older) = auditor.get(reverse("journal"), headers={"Accept-Language": language}).context["looks"].rows
        assert look.purpose == words


def test_unknown_number_and_wrong_day_show_nothing(browse):
    auditor = browse("Auditeur")
    assert "No entry of the journal matches." in auditor.get(reverse("journal"), {"employee": "9"}).text
    assert "correct the fields" in auditor.get(reverse("journal"), {"since": "yesterday"}).text


def test_pages_of_the_journal_follow_each_other_without_gap(browse):
    employee, now = EmployeeFactory(), timezone.now()
    for number in range(120):
        JournalEntry.objects.create(
            what=What.PERSON, employee=employee, people=1, at=now - timedelta(minutes=number), client="x"
        )
    PredictionFactory(employee=employee, api_key=APIKeyFactory(), created_at=now - timedelta(minutes=60, seconds=30))
    found, before = [], None
    while True:
        page = looks(employee=employee, before=before)
        found += [look.at for look in page.rows]
        before = page.older
        if before is None:
            break
    assert len(found) == 121
    assert found == sorted(found, reverse=True)


def seen(user, days_ago, people):
    JournalEntry.objects.create(what=What.LIST, user=user, people=people, at=timezone.now() - timedelta(days=days_ago))


def test_day_far_over_the_own_median_is_unusual():
    steady = get_user_model().objects.create_user("steady")
    other = get_user_model().objects.create_user("other")
    for day in range(1, 12):
        seen(steady, day, 25)
        seen(other, day, 100)
    seen(steady, 0, 90)
    seen(other, 0, 120)
    (found,) = unusual_days(timezone.localdate())
    assert (found.user, found.people, found.usual) == ("steady", 90, 25)


def test_account_without_a_history_is_compared_with_everybody():
    new = get_user_model().objects.create_user("new")
    old = get_user_model().objects.create_user("old")
    for day in range(1, 12):
        seen(old, day, 10)
    seen(new, 0, 31)
    assert [found.user for found in unusual_days(timezone.localdate())] == ["new"]
