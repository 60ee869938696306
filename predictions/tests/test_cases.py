"""Cases: who opens, sees and changes them, what a note may hold, and when somebody set aside is seen again."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse
from django.utils import timezone

from employees.models import Employee
from employees.tests.extracts import DAY, load_all
from employees.tests.factories import leave
from features.services import build_features
from predictions import clearing
from predictions.followup import selectors, services
from predictions.followup.models import ActionKind, Case, CaseNote
from predictions.followup.sensitive import sensitive_words
from predictions.followup.services import Wanted
from predictions.models import Prediction
from predictions.selectors import runs
from predictions.services import score_employees

pytestmark = pytest.mark.django_db
State = Case.State
KEY = "a-random-value-of-more-than-32-characters"
INSIDE, OUTSIDE = "Consulting", "Commercial"


@pytest.fixture(autouse=True)
def key(settings):
    settings.NOTES_KEYS = [KEY]


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def manager(browse):
    return browse("Manager", INSIDE)


@pytest.fixture
def people():
    """Six people, three of each department; those with overtime are at risk."""
    values = {
        number: {"departement": INSIDE if number < 4 else OUTSIDE, "heures_supplementaires": number in (1, 4)}
        for number in range(1, 7)
    }
    load_all(DAY, values)
    build_features()
    score_employees()
    return {row.employee_id: row for row in Employee.objects.all()}


def open_one(browser, number, **given):
    due = timezone.localdate() + timedelta(days=7)
    return browser.post(reverse("cases_open"), {"number": number, "due": due, **given})


def opened(employee, user, **given):
    given = {"owner": user, "due": timezone.localdate(), "why": ""} | given
    (case,) = services.open_cases(employees=[employee], user=user, **given).cases
    return case


def change(browser, case, **given):
    values = {"state": case.state, "owner": case.owner_id, "due": case.due, "seen": case.changes.latest("pk").pk}
    return browser.post(reverse("cases_change", args=[case.pk]), values | given)


def test_case_is_opened_from_the_newest_score(hr, people):
    response = open_one(hr, 1, why="asked for a talk")
    case = Case.objects.get()
    score = Prediction.objects.get(employee=people[1], run__isnull=False)
    assert response.url == reverse("cases_case", args=[case.pk])
    assert (case.prediction, case.probability, case.departement) == (score, score.probability, INSIDE)
    assert [(row.by, row.state, row.word) for row in case.changes.all()] == [
        (hr.account, State.TO_PLAN, "asked for a talk")
    ]


def test_several_cases_are_opened_at_once_without_those_that_are_open(hr, people):
    opened(people[2], hr.account)
    response = hr.post(reverse("cases_open"), {"number": [1, 2, 3], "due": "2027-01-31"}, follow=True)
    assert "2 cases opened. 1 person had an open case already." in response.text
    assert Case.objects.count() == 3


@pytest.mark.parametrize(
    "given", [{}, {"number": "x"}, {"number": 1, "due": "soon"}, {"number": 999, "due": "2027-01-31"}]
)
def test_wrong_wish_opens_nothing(hr, people, given):
    assert hr.post(reverse("cases_open"), given).status_code == 422
    assert not Case.objects.exists()


def test_people_chosen_on_another_page_are_asked_about(hr, people):
    page = hr.get(reverse("cases_open"), {"id": [1, 2, "x", 999]}).text
    assert re.findall(r'name="number"\s+value="(\d+)"', page) == ["1", "2"]
    assert "Nobody is chosen" in hr.get(reverse("cases_open")).text


def test_page_of_a_person_leads_to_the_case(hr, people):
    assert f'{reverse("cases_open")}?id=1"' in hr.get(reverse("employee", args=[1])).text
    case = opened(people[1], hr.account)
    assert reverse("cases_case", args=[case.pk]) in hr.get(reverse("employee", args=[1])).text


def test_nobody_who_has_left_gets_a_case(hr, people):
    leave(people[1])
    assert open_one(hr, 1).status_code == 422


def test_database_holds_one_open_case_a_person(hr, people):
    opened(people[1], hr.account)
    with pytest.raises(IntegrityError):
        Case.objects.create(
            employee=people[1], departement=INSIDE, opened_by=hr.account, owner=hr.account, due=timezone.localdate()
        )


def test_manager_opens_cases_of_the_own_people_alone(manager, people):
    assert open_one(manager, 1).status_code == 302
    assert open_one(manager, 4).status_code == 422
    assert [case.employee_id for case in Case.objects.all()] == [people[1].pk]


def test_case_of_a_number_that_no_database_can_hold_does_not_exist(hr):
    huge = 10**30
    assert hr.get(reverse("cases_case", args=[huge])).status_code == 404
    assert hr.post(reverse("cases_note_delete", args=[huge, huge])).status_code == 404


def test_auditor_has_no_cases(browse, people):
    assert browse("Auditeur").get(reverse("cases")).status_code == 403


def test_manager_sees_own_and_shared_cases_alone(hr, manager, people):
    hidden, shared = opened(people[1], hr.account), opened(people[2], hr.account)
    change(hr, shared, is_shared="on")
    own = opened(people[3], manager.account)
    assert set(Case.objects.visible_to(manager.account)) == {shared, own}
    assert manager.get(reverse("cases_case", args=[hidden.pk])).status_code == 404
    assert manager.get(reverse("cases_case", args=[shared.pk])).status_code == 200


def test_manager_does_not_share_a_case(hr, manager, people):
    case = opened(people[1], manager.account)
    assert change(manager, case, is_shared="on").status_code == 302
    assert not Case.objects.get().is_shared


def test_change_is_kept_with_its_author(hr, people):
    case = opened(people[1], hr.account)
    change(hr, case, state="planned", due="2027-02-01", word="room 3")
    case.refresh_from_db()
    assert (case.state, case.due.isoformat(), case.is_open) == ("planned", "2027-02-01", True)
    page = hr.get(reverse("cases_case", args=[case.pk])).text
    assert re.search(r"Talk planned, due .*2027", page)
    assert "room 3" in page


def test_change_on_an_old_page_is_refused(hr, people):
    case = opened(people[1], hr.account)
    seen = case.changes.get().pk
    change(hr, case, state="planned")
    response = change(hr, case, state="watching", seen=seen)
    assert response.status_code == 422
    assert "Somebody else has changed this case" in response.text
    assert Case.objects.get().state == State.PLANNED


def test_case_goes_only_to_somebody_who_sees_the_person(hr, manager, people):
    case = opened(people[4], hr.account)
    response = change(hr, case, owner=manager.account.pk)
    assert response.status_code == 422
    assert "does not see this person" in response.text


def test_setting_aside_needs_a_reason_and_a_remark(hr, people):
    case = opened(people[1], hr.account)
    assert change(hr, case, state="set_aside", aside="known").status_code == 422
    assert change(hr, case, state="set_aside", word="settled").status_code == 422
    assert change(hr, case, state="set_aside", aside="known", word="settled").status_code == 302
    case.refresh_from_db()
    assert case.closed_at is not None
    assert case.probability_then == case.probability


def test_closed_case_is_not_opened_again_beside_another(hr, people):
    first = opened(people[1], hr.account)
    change(hr, first, state="stayed")
    opened(people[1], hr.account)
    first.refresh_from_db()
    assert change(hr, first, state="watching").status_code == 422
    assert Case.objects.is_open().count() == 1


def newly_over(account):
    newest, before = runs.latest_two()
    rows = selectors.newly_over(newest, before, *_rights(account))
    return {row.employee.employee_id for row in rows}


def _rights(account):
    from employees.access import readable_to, scope_of

    return scope_of(account), readable_to(account)


def test_people_with_a_case_or_set_aside_are_not_proposed(hr, people):
    everyone = newly_over(hr.account)
    assert len(everyone) >= 2
    first, second = sorted(everyone)[:2]
    opened(people[first], hr.account)
    assert newly_over(hr.account) == everyone - {first}
    case = opened(people[second], hr.account)
    wanted = Wanted(State.SET_ASIDE, hr.account, case.due, False, "known", "settled")
    services.change_case(case=case, seen=case.changes.get().pk, wanted=wanted, user=hr.account)
    assert newly_over(hr.account) == everyone - {first, second}
    moved = case.probability - selectors.MOVED - 0.01
    Case.objects.filter(pk=case.pk).update(probability_then=moved)
    assert newly_over(hr.account) == everyone - {first}


def test_people_set_aside_are_not_first_to_talk_to(hr, people):
    before = hr.get(reverse("overview")).context["people"]
    first = before[0].row.prediction.employee
    case = opened(first, hr.account)
    wanted = Wanted(State.SET_ASIDE, hr.account, case.due, False, "known", "settled")
    services.change_case(case=case, seen=case.changes.get().pk, wanted=wanted, user=hr.account)
    after = hr.get(reverse("overview")).context["people"]
    told = [each.row.prediction.employee for each in after]
    assert told == [each.row.prediction.employee for each in before][1:]  # and nobody else of about that risk


@pytest.mark.parametrize("field", ["why", "word", "who"])
def test_sensitive_words_are_pointed_out_wherever_they_are_typed(hr, people, field):
    case = opened(people[2], hr.account)
    answers = {
        "why": lambda: open_one(hr, 1, why="est malade"),
        "word": lambda: change(hr, case, word="est malade"),
        "who": lambda: note(hr, case, "x", who="psychiatre"),
    }
    response = answers[field]()
    assert response.status_code == 422
    assert 'type="checkbox" name="is_sure"' in response.text


def test_manager_reads_neither_remarks_nor_costs_of_a_shared_case(hr, manager, people):
    case = opened(people[1], hr.account, why="between HR")
    change(hr, case, is_shared="on", word="for HR alone")
    services.agree_action(
        case=case, kind=ActionKind.objects.first(), day=timezone.localdate(), cost=1234, user=hr.account
    )
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert not re.search("between HR|for HR alone|1,234", page)
    assert re.search("between HR.*for HR alone", hr.get(reverse("cases_case", args=[case.pk])).text, re.DOTALL)


def test_author_alone_deletes_a_note(hr, browse, people):
    case = opened(people[1], hr.account)
    note(hr, case, "x")
    address = reverse("cases_note_delete", args=[case.pk, CaseNote.objects.get().pk])
    assert browse("RH", INSIDE).post(address).status_code == 404
    assert hr.post(address).status_code == 302
    assert not CaseNote.objects.exists()


def test_cases_that_are_due_wait_on_the_first_page(hr, people):
    opened(people[1], hr.account)
    opened(people[2], hr.account, due=timezone.localdate() + timedelta(days=30))
    waiting = hr.get(reverse("overview")).context["waiting"]
    assert [each.number for each in waiting if each.href == reverse("cases")] == [1]


def note(browser, case, text, **given):
    values = {"day": timezone.localdate(), "text": text} | given
    return browser.post(reverse("cases_note", args=[case.pk]), values)


def test_note_is_encrypted_in_the_database(hr, people, settings):
    case = opened(people[1], hr.account)
    assert note(hr, case, "fewer evenings").status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM predictions_casenote")
        (stored,) = cursor.fetchone()
    assert "evenings" not in stored
    assert CaseNote.objects.get().text == "fewer evenings"
    settings.NOTES_KEYS = ["another-random-value-of-32-characters!", KEY]
    assert CaseNote.objects.get().text == "fewer evenings"
    settings.NOTES_KEYS = ["another-random-value-of-32-characters!"]
    assert CaseNote.objects.get().text is None
    assert "cannot be read" in hr.get(reverse("cases_case", args=[case.pk])).text


def test_note_without_a_key_is_refused(hr, people, settings):
    settings.NOTES_KEYS = []
    response = note(hr, opened(people[1], hr.account), "fewer evenings")
    assert response.status_code == 422
    assert "NOTES_KEYS" in response.text
    assert not CaseNote.objects.exists()


def test_note_of_a_talk_to_come_is_refused(hr, people):
    case = opened(people[1], hr.account)
    assert note(hr, case, "x", day=timezone.localdate() + timedelta(days=1)).status_code == 422


def test_sensitive_note_is_kept_only_after_a_look(hr, people):
    case = opened(people[1], hr.account)
    response = note(hr, case, "Est en arrêt maladie et déléguée syndicale")
    assert response.status_code == 422
    assert "maladie, syndicale" in response.text
    assert 'name="is_sure"' in response.text
    assert note(hr, case, "Est en arrêt maladie", is_sure="on").status_code == 302


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Demande une augmentation et moins de déplacements.", []),
        ("La politique de télétravail, toutes les réunions", []),
        ("Burn-out ? Dépression.", ["Burn", "Dépression"]),
        ("member of a trade UNION, pregnant", ["UNION", "pregnant"]),
    ],
)
def test_sensitive_words(text, words):
    assert sensitive_words(text) == words


def test_note_is_shown_to_a_manager_only_if_shared(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, is_shared="on")
    note(hr, case, "between us")
    note(hr, case, "for both", is_shared="on")
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert "for both" in page
    assert "between us" not in page


def test_notes_are_deleted_after_their_time(hr, people, settings):
    settings.NOTES_MONTHS = 12
    case = opened(people[1], hr.account)
    for days in (30, 400):
        day = timezone.localdate() - timedelta(days=days)
        services.add_note(case=case, day=day, who="", text="x", is_shared=False, user=hr.account)
    assert clearing.clear().notes == 1
    assert CaseNote.objects.get().day > timezone.localdate() - timedelta(days=31)


def test_action_is_kept_with_its_cost(hr, people):
    case = opened(people[1], hr.account)
    kind = ActionKind.objects.get(english="Training")
    values = {"kind": kind.pk, "day": "2027-01-01", "cost": "1200"}
    assert hr.post(reverse("cases_action", args=[case.pk]), values).status_code == 302
    assert "€1,200" in hr.get(reverse("cases_case", args=[case.pk])).text
    assert hr.post(reverse("cases_action", args=[case.pk]), values | {"cost": "-1"}).status_code == 422


def test_calendar_file_holds_neither_name_nor_score(hr, people):
    case = opened(people[1], hr.account)
    response = hr.get(reverse("cases_calendar", args=[case.pk]))
    assert response["Content-Type"].startswith("text/calendar")
    assert f"DTSTART;VALUE=DATE:{case.due:%Y%m%d}" in response.text
    assert "Talk with No. 1" in response.text
    assert "%" not in response.text


@pytest.mark.parametrize("view", ["mine", "open", "closed"])
def test_list_asks_the_same_queries_for_one_case_and_for_many(hr, people, view, django_assert_max_num_queries):
    for person in people.values():
        opened(person, hr.account)
    hr.get(reverse("cases"), {"view": view})
    with django_assert_max_num_queries(12):
        hr.get(reverse("cases"), {"view": view})


def test_page_of_a_case_asks_few_queries(hr, people, django_assert_max_num_queries):
    case = opened(people[1], hr.account)
    note(hr, case, "x")
    hr.get(reverse("cases_case", args=[case.pk]))
    with django_assert_max_num_queries(12):
        hr.get(reverse("cases_case", args=[case.pk]))
