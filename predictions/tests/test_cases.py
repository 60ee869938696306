"""Cases: who opens, sees and changes them, what a note may hold, and when somebody set aside is seen again."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from employees.models import Employee
from employees.tests.extracts import DAY, load_all
from employees.tests.factories import leave
from features.services import build_features
from predictions import clearing
from predictions.followup import selectors, services
from predictions.followup.models import ActionKind, Case, CaseNote
from predictions.followup.selectors import changes_of
from predictions.followup.services import Wanted
from predictions.models import Prediction
from predictions.pages.followup import case_list
from predictions.pages.followup.person_cases import acts
from predictions.selectors import runs
from predictions.services import score_employees

pytestmark = pytest.mark.django_db
State = Case.State
KEY = "a-random-value-of-more-than-32-characters"
INSIDE, OUTSIDE = "Consulting", "Commercial"
SOON = (timezone.localdate() + timedelta(days=60)).isoformat()
WINTER = timezone.localdate().year + 1  # of a February to come, an hour ahead of UTC


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


def test_opening_a_case_of_whoever_has_one_leads_to_it(hr, people):
    case = opened(people[2], hr.account)
    response = hr.post(reverse("cases_open"), {"number": [2], "due": SOON})
    assert response.url == reverse("cases_case", args=[case.pk])
    assert Case.objects.count() == 1


def test_several_cases_are_opened_at_once_without_those_that_are_open(hr, people):
    opened(people[2], hr.account)
    response = hr.post(reverse("cases_open"), {"number": [1, 2, 3], "due": SOON}, follow=True)
    assert "2 cases opened. 1 person had an open case already." in response.text
    assert Case.objects.count() == 3


@pytest.mark.parametrize("given", [{}, {"number": "x"}, {"number": 1, "due": "soon"}, {"number": 999, "due": SOON}])
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
    change(hr, case, state="planned", due=SOON, word="room 3")
    case.refresh_from_db()
    assert (case.state, case.due.isoformat(), case.is_open) == ("planned", SOON, True)
    page = hr.get(reverse("cases_case", args=[case.pk])).text
    assert re.search(rf"Talk planned, due .*{SOON[:4]}", page)
    assert "room 3" in page


def test_what_changes_nothing_is_not_kept(hr, people):
    case = opened(people[1], hr.account)
    response = change(hr, case)
    assert response.status_code == 302
    assert "Nothing was changed." in hr.get(response.url).text
    assert case.changes.count() == 1
    assert change(hr, case, word="seen in the hall").status_code == 302
    assert case.changes.count() == 2


def test_reason_to_set_aside_with_another_state_is_refused(hr, people):
    case = opened(people[1], hr.account)
    response = change(hr, case, state="watching", aside="known", word="settled")
    assert response.status_code == 422
    assert "A reason is kept only where the case is set aside" in response.text
    change(hr, case, state="set_aside", aside="known", word="settled")
    case.refresh_from_db()
    assert change(hr, case, state="watching", aside="known").status_code == 302  # the form still holds it
    assert Case.objects.get().aside == ""


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
    second = opened(people[1], hr.account)
    first.refresh_from_db()
    page = change(hr, first, state="watching")
    assert page.status_code == 422
    assert "Another case of this person is open" in page.text
    assert f'<a href="{reverse("cases_case", args=[second.pk])}">The open case</a>' in page.text
    assert "Somebody else has changed" not in page.text
    assert Case.objects.is_open().count() == 1


def test_manager_is_told_that_hr_has_the_open_case(hr, manager, people):
    first = opened(people[1], manager.account)
    change(hr, first, state="stayed")
    second = opened(people[1], hr.account)
    first.refresh_from_db()
    page = change(manager, first, state="watching").text
    assert "HR follows this person in another case that is open" in page
    assert reverse("cases_case", args=[second.pk]) not in page


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


def scored(day, numbers, inside=range(1, 4)):
    """Another month with these people; those of ``people`` with overtime and number 7 are at risk."""
    values = {
        number: {"departement": INSIDE if number in inside else OUTSIDE, "heures_supplementaires": number in (1, 4, 7)}
        for number in numbers
    }
    load_all(day, values)
    build_features()
    score_employees()


def test_who_arrives_or_comes_back_over_the_threshold_is_newly_over(hr, manager, people):
    assert {1, 4} <= newly_over(hr.account)
    scored(DAY + timedelta(days=30), range(2, 8))
    assert newly_over(hr.account) == {7}
    page = hr.get(reverse("cases"))
    assert page.text.count("arrived or back") == 1
    assert "1 person who was under the threshold with the scores before, or has arrived or come back" in page.text
    scored(DAY + timedelta(days=60), range(1, 8), inside=range(1, 5))
    assert newly_over(hr.account) == {1}
    assert newly_over(manager.account) == {1, 4}  # 4 has come into the department
    opened(people[1], hr.account)
    opened(people[4], hr.account)
    assert "or arrived over it, has a case or was set aside" in hr.get(reverse("cases")).text
    assert not newly_over(manager.account)


def test_list_of_those_newly_over_says_how_many_more_there_are(hr, people, monkeypatch):
    count = len(newly_over(hr.account))
    monkeypatch.setattr(case_list, "SHOWN", 1)
    text = " ".join(hr.get(reverse("cases")).text.split())
    assert f"{count} people who were under the threshold" in text
    assert "The riskiest is shown." in text


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
        "who": lambda: note(hr, case, "fewer evenings", who="psychiatre"),
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
    note(hr, case, "fewer evenings")
    address = reverse("cases_note_delete", args=[case.pk, CaseNote.objects.get().pk])
    assert browse("RH", INSIDE).post(address).status_code == 404
    assert hr.post(address).status_code == 302
    assert not CaseNote.objects.exists()


def test_case_that_its_responsible_does_not_see_any_more_is_marked_and_waits_for_hr(hr, manager, people):
    opened(people[2], hr.account)
    case = opened(people[1], hr.account, owner=manager.account)
    closed = opened(people[3], hr.account, owner=manager.account)
    change(hr, closed, state="stayed")
    unseen = f"{reverse('cases')}?view=open&unseen=on"
    counts = {each.href: each.number for each in hr.get(reverse("overview")).context["waiting"]}
    assert unseen not in counts
    assert "see this person any more" not in hr.get(reverse("cases"), {"view": "open"}).text
    Employee.objects.filter(pk__in=[people[1].pk, people[3].pk]).update(departement=OUTSIDE)
    assert manager.get(reverse("cases_case", args=[case.pk])).status_code == 404
    counts = {each.href: (each.number, each.label) for each in hr.get(reverse("overview")).context["waiting"]}
    assert counts[unseen] == (1, "case that its responsible does not see")
    page = hr.get(unseen)
    assert [row["number"] for row in page.context["rows"]] == [1]
    assert "does not see this person any more" in page.text
    assert "does not see this person any more. Make somebody else" in hr.get(reverse("cases_case", args=[case.pk])).text
    get_user_model().objects.filter(pk=manager.account.pk).update(is_active=False)
    assert "account closed. Make somebody else" in hr.get(reverse("cases_case", args=[case.pk])).text
    assert "account closed" in hr.get(unseen).text


def test_case_of_a_person_who_moved_is_seen_by_whom_it_is_given_to(hr, browse, people):
    case = opened(people[1], hr.account)
    Employee.objects.filter(pk=people[1].pk).update(departement=OUTSIDE)
    there = browse("Manager", OUTSIDE)
    assert there.get(reverse("cases_case", args=[case.pk])).status_code == 404
    assert change(hr, case, owner=there.account.pk).status_code == 302
    assert there.get(reverse("cases_case", args=[case.pk])).status_code == 200
    assert not Case.objects.unseen().exists()


def test_open_cases_are_filtered_by_who_is_responsible(hr, manager, people):
    for number, user in ((1, hr.account), (2, manager.account)):
        opened(people[number], user)
    asked = {"view": "open", "owner": manager.account.username}
    assert {row["number"] for row in hr.get(reverse("cases"), asked).context["rows"]} == {2}
    lines = b"".join(hr.get(reverse("cases_csv"), asked).streaming_content).decode().splitlines()
    assert len(lines) == 2


def test_cases_that_are_due_wait_on_the_first_page(hr, people):
    opened(people[1], hr.account)
    opened(people[2], hr.account, due=timezone.localdate() + timedelta(days=8))
    assert waiting_cases(hr) == [(1, "case due within a week, or overdue")]
    opened(people[3], hr.account, due=timezone.localdate() + timedelta(days=7))  # as the form proposes
    assert waiting_cases(hr) == [(2, "cases due within a week, or overdue")]


def waiting_cases(browser):
    waiting = browser.get(reverse("overview")).context["waiting"]
    return [(each.number, each.label) for each in waiting if each.href == reverse("cases")]


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
    assert note(hr, case, "fewer evenings", day=timezone.localdate() + timedelta(days=1)).status_code == 422


def test_sensitive_note_is_kept_only_after_a_look(hr, people):
    case = opened(people[1], hr.account)
    response = note(hr, case, "Est en arrêt maladie et déléguée syndicale")
    assert response.status_code == 422
    assert "maladie, syndicale" in response.text
    assert 'name="is_sure"' in response.text
    assert note(hr, case, "Est en arrêt maladie", is_sure="on").status_code == 302


def test_note_is_shown_to_a_manager_only_if_shared(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, is_shared="on")
    note(hr, case, "between us")
    note(hr, case, "for both", is_shared="on")
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert "for both" in page
    assert "between us" not in page


def test_manager_reads_nothing_more_by_becoming_responsible(hr, manager, people):
    case = opened(people[1], hr.account, why="between HR")
    change(hr, case, is_shared="on", word="for HR alone")
    note(hr, case, "between us")
    case.refresh_from_db()
    assert change(manager, case, owner=manager.account.pk, word="mine now").status_code == 302
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert "mine now" in page
    assert not re.search("between HR|for HR alone|between us", page)
    assert "No note of a talk is shared with you." in page


def test_manager_reads_no_note_of_hr_on_an_own_case_unless_shared(hr, manager, people):
    case = opened(people[1], manager.account)
    note(hr, case, "between us")
    note(hr, case, "for both", is_shared="on")
    note(manager, case, "my own")
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert "for both" in page
    assert "my own" in page
    assert "between us" not in page


def test_manager_reads_why_a_case_was_given_to_them(hr, manager, people):
    case = opened(people[1], hr.account, owner=manager.account, why="ask about the project")
    assert "ask about the project" in manager.get(reverse("cases_case", args=[case.pk])).text


def test_notes_are_deleted_after_their_time(hr, people, settings):
    settings.NOTES_MONTHS = 12
    case = opened(people[1], hr.account)
    for days in (30, 400):
        day = timezone.localdate() - timedelta(days=days)
        services.add_note(case=case, day=day, who="", text="x", is_shared=False, user=hr.account)
    assert clearing.clear()["notes"] == 1
    assert CaseNote.objects.get().day > timezone.localdate() - timedelta(days=31)


def test_texts_that_retention_deleted_are_told_and_the_talk_still_counts(hr, manager, people, settings):
    settings.NOTES_MONTHS = 12
    case = opened(people[1], hr.account)
    old = timezone.localdate() - timedelta(days=400)
    assert "No talk has been noted." in hr.get(reverse("cases_case", args=[case.pk])).text
    services.add_note(case=case, day=old, who="", text="x", is_shared=True, user=hr.account)
    action = agreed(case, hr.account)
    clearing.clear()
    page = " ".join(hr.get(reverse("cases_case", args=[case.pk])).text.split())
    assert "What was said in 1 talk was deleted under the retention rule, 12 months after it" in page
    assert "No talk has been noted." not in page
    given = {"kind": action.kind, "day": action.day, "cost": None, "word": "no", "is_taken_back": True}
    services.correct_action(action=action, user=hr.account, **given)
    assert Case.objects.get().acted_on == old
    own = services.add_note(case=case, day=timezone.localdate(), who="", text="x", is_shared=False, user=hr.account)
    services.delete_note(case=case, note=own.pk, user=hr.account)  # by hand: the history tells of it
    assert "What was said in 1 talk" in hr.get(reverse("cases_case", args=[case.pk])).text


def test_action_is_kept_with_its_cost(hr, people):
    case = opened(people[1], hr.account)
    kind = ActionKind.objects.get(english="Training")
    values = {"kind": kind.pk, "day": SOON, "cost": "1200"}
    assert hr.post(reverse("cases_action", args=[case.pk]), values).status_code == 302
    assert "€1,200" in hr.get(reverse("cases_case", args=[case.pk])).text
    assert hr.post(reverse("cases_action", args=[case.pk]), values | {"cost": "-1"}).status_code == 422


@pytest.mark.parametrize("typed", ["1 500,50", "1\N{NARROW NO-BREAK SPACE}500,50 €", "1,500.50", "1500.5"])
def test_cost_is_read_as_people_type_it(hr, people, typed):
    case = opened(people[1], hr.account)
    values = {"kind": ActionKind.objects.first().pk, "day": SOON, "cost": typed}
    assert hr.post(reverse("cases_action", args=[case.pk]), values).status_code == 302
    assert case.actions.get().cost == Decimal("1500.50")


def test_page_of_a_person_leads_to_closed_cases_and_marks_talks_on_the_curve(hr, manager, people):
    case = opened(people[1], hr.account)
    note(hr, case, "fewer evenings")
    agreed(case, hr.account, kind=ActionKind.objects.get(english="Overtime"))
    change(hr, case, state="stayed")
    page = hr.get(reverse("employee", args=[1]))
    assert [(each.pk, each.state) for each in page.context["closed_cases"]] == [(case.pk, "Closed: stayed")]
    assert reverse("cases_case", args=[case.pk]) in page.text
    assert acts(changes_of(people[1], hr.account), hr.account) == {timezone.localdate(): "Talk, Overtime"}
    assert not manager.get(reverse("employee", args=[1])).context["closed_cases"]


def test_curve_marks_what_the_account_may_know_and_is_in_force(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, is_shared="on")
    note(hr, case, "fewer evenings")
    hr.post(reverse("cases_note_delete", args=[case.pk, CaseNote.objects.get().pk]))
    correct(hr, case, agreed(case, hr.account), is_taken_back="on")
    assert acts(changes_of(people[1], hr.account), hr.account) == {}
    note(hr, case, "fewer evenings")
    assert acts(changes_of(people[1], manager.account), manager.account) == {}
    CaseNote.objects.all().delete()  # as a purge does
    assert acts(changes_of(people[1], hr.account), hr.account) == {timezone.localdate(): "Talk or action"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {1, 2}),
        ({"state": "left"}, {2}),
        ({"owner": "nobody"}, set()),
        ({"since": "2026-01-01"}, {1, 2}),
        ({"until": "2026-01-01"}, set()),
        ({"since": "soon"}, set()),
    ],
)
def test_closed_cases_are_filtered_on_the_page_and_in_the_file(hr, people, asked, found):
    for number, state in ((1, "stayed"), (2, "left")):
        change(hr, opened(people[number], hr.account), state=state, is_certain="on")
    page = hr.get(reverse("cases"), {"view": "closed"} | asked)
    assert {row["number"] for row in page.context["rows"]} == found
    lines = b"".join(hr.get(reverse("cases_csv"), {"view": "closed"} | asked).streaming_content).decode().splitlines()
    assert len(lines) == 1 + len(found)


def test_closed_cases_are_filtered_by_who_is_responsible(hr, manager, people):
    for number, user in ((1, hr.account), (2, manager.account)):
        change(hr, opened(people[number], user), state="stayed")
    page = hr.get(reverse("cases"), {"view": "closed", "owner": manager.account.username})
    assert {row["number"] for row in page.context["rows"]} == {2}


def correct(browser, case, action, **given):
    values = {"kind": action.kind_id, "day": action.day, "cost": action.cost or "", "word": "typed wrongly"} | given
    address = reverse("cases_action_correct", args=[case.pk, action.pk])
    return browser.post(address, {f"action-{action.pk}-{name}": value for name, value in values.items()})


def agreed(case, user, **given):
    values = {"kind": ActionKind.objects.get(english="Training"), "day": timezone.localdate(), "cost": 1200} | given
    return services.agree_action(case=case, user=user, **values)


def history(browser, case):
    return [(each.words, each.remark) for each in browser.get(reverse("cases_case", args=[case.pk])).context["history"]]


def test_corrected_action_keeps_what_it_was(hr, people):
    case = opened(people[1], hr.account)
    action = agreed(case, hr.account)
    assert correct(hr, case, action, cost="900").status_code == 302
    assert [each.cost for each in case.actions.in_force()] == [900]
    words, remark = history(hr, case)[0]
    assert re.fullmatch(r"Action corrected: Training, from .*€1,200 → Training, from .*€900", words)
    assert remark == "typed wrongly"


def test_action_taken_back_is_in_force_no_more_and_told(hr, people):
    case = opened(people[1], hr.account)
    action = agreed(case, hr.account)
    assert Case.objects.get().acted_on == action.day
    assert correct(hr, case, action, is_taken_back="on").status_code == 302
    assert not case.actions.in_force().exists()
    assert Case.objects.get().acted_on is None
    assert history(hr, case)[0][0].startswith("Action taken back: Training")


@pytest.mark.parametrize("word", ["", ".", "est malade"])
def test_correction_needs_a_reason_in_words(hr, people, word):
    case = opened(people[1], hr.account)
    action = agreed(case, hr.account)
    response = correct(hr, case, action, word=word)
    assert response.status_code == 422
    assert case.actions.get() == action


def test_action_is_corrected_once(hr, people):
    case = opened(people[1], hr.account)
    action = agreed(case, hr.account)
    correct(hr, case, action)
    assert correct(hr, case, action).status_code == 404
    with pytest.raises(services.Unseen):
        services.correct_action(
            action=action, kind=action.kind, day=action.day, cost=1, word="xyz", is_taken_back=False, user=hr.account
        )


def test_manager_corrects_an_action_without_reading_or_losing_its_cost(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, is_shared="on")
    action = agreed(case, hr.account)
    page = manager.get(reverse("cases_case", args=[case.pk])).text
    assert "1,200" not in page
    assert f"action-{action.pk}-cost" not in page
    assert correct(manager, case, action, cost="1").status_code == 302
    assert [each.cost for each in case.actions.in_force()] == [1200]


def test_lever_of_an_action_is_shown_with_it(hr, people):
    case = opened(people[1], hr.account)
    agreed(case, hr.account, kind=ActionKind.objects.get(english="Overtime"))
    assert re.search("Lever:\\s+Overtime", hr.get(reverse("cases_case", args=[case.pk])).text)


def test_history_tells_of_talks_and_their_moved_days(hr, people):
    case = opened(people[1], hr.account)
    change(hr, case, state="planned", talk_at=f"{WINTER}-02-03T14:30")
    change(hr, case, state="planned", talk_at=f"{WINTER}-02-05T09:00")
    change(hr, case, state="planned")
    note(hr, case, "fewer evenings")
    hr.post(reverse("cases_note_delete", args=[case.pk, CaseNote.objects.get().pk]))
    told = [words for words, _remark in history(hr, case)]
    assert told[0].startswith("Note of the talk of")
    assert told[1].startswith("Talk of")
    assert told[2] == "no talk is planned any more"
    assert re.fullmatch(r"talk moved from .*14:30 to .*09:00", told[3].replace("2:30 p.m.", "14:30"))
    assert not any("evenings" in words for words in told)


def test_history_tells_a_manager_of_no_talk_that_hr_keeps_to_itself(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, is_shared="on")
    note(hr, case, "between us")
    assert not any("Talk of" in words for words, _remark in history(manager, case))
    note(hr, case, "for both", is_shared="on")
    assert sum("Talk of" in words for words, _remark in history(manager, case)) == 1


def test_going_on_despite_a_warning_is_kept_in_the_history(hr, people):
    case = opened(people[1], hr.account)
    note(hr, case, "Est en arrêt maladie", is_sure="on")
    assert case.changes.latest("pk").was_warned
    assert "despite a warning" in history(hr, case)[0][0]
    note(hr, case, "fewer evenings", is_sure="on")
    assert not case.changes.latest("pk").was_warned


def test_case_is_not_opened_for_a_day_that_has_passed(hr, people):
    response = open_one(hr, 1, due=timezone.localdate() - timedelta(days=1))
    assert response.status_code == 422
    assert "This day has passed" in response.text
    case = opened(people[1], hr.account, due=timezone.localdate() - timedelta(days=9))
    assert change(hr, case, state="watching").status_code == 302  # the day that it had
    assert change(hr, case, due=timezone.localdate() - timedelta(days=1)).status_code == 422


@pytest.mark.parametrize("year", [2019, 2099])
def test_implausible_days_are_refused_with_the_rule(hr, people, year):
    case = opened(people[1], hr.account)
    told = "more than two years ahead" if year == 2099 else "more than a year before the case was opened"
    told_of_plans = "more than two years ahead" if year == 2099 else "This day has passed"
    day = f"{year}-03-04"
    kind = ActionKind.objects.first().pk
    action = hr.post(reverse("cases_action", args=[case.pk]), {"kind": kind, "day": day, "cost": ""})
    talk = change(hr, case, state="planned", talk_at=f"{day}T10:00")
    due = change(hr, case, due=day)
    for response, words in ((action, told), (talk, told_of_plans), (due, told_of_plans)):
        assert response.status_code == 422
        assert words in response.text
    told_of_note = "in the future" if year == 2099 else told
    values = {"day": day, "who": "", "text": "x"}
    assert told_of_note in hr.post(reverse("cases_note", args=[case.pk]), values).text
    assert open_one(hr, 2, due=day).status_code == 422
    assert case.changes.count() == 1


def test_what_was_noted_before_the_rule_can_still_be_corrected(hr, people):
    case = opened(people[1], hr.account)
    action = agreed(case, hr.account, day=timezone.localdate() - timedelta(days=3_000))
    assert correct(hr, case, action).status_code == 302


def test_person_who_is_present_is_closed_as_left_only_after_a_question(hr, people):
    case = opened(people[1], hr.account)
    response = change(hr, case, state="left")
    assert response.status_code == 422
    assert "The person is present, as the files have it" in response.text
    assert change(hr, case, state="left", is_certain="on").status_code == 302
    assert case.changes.latest("pk").was_warned


def test_person_who_has_left_is_closed_as_stayed_only_after_a_question(hr, people):
    case = opened(people[1], hr.account)
    leave(people[1])
    assert "The person has left, as the files have it" in change(hr, case, state="stayed").text
    assert change(hr, case, state="left").status_code == 302


@pytest.mark.parametrize("word", [".", "ok", "…"])
def test_remark_that_says_nothing_sets_nothing_aside(hr, people, word):
    case = opened(people[1], hr.account)
    response = change(hr, case, state="set_aside", aside="known", word=word)
    assert response.status_code == 422
    assert "says nothing" in response.text


def test_cost_that_is_none_is_refused_with_its_value(hr, people):
    case = opened(people[1], hr.account)
    values = {"kind": ActionKind.objects.first().pk, "day": SOON, "cost": "a lot"}
    response = hr.post(reverse("cases_action", args=[case.pk]), values)
    assert response.status_code == 422
    assert "“a lot” is not an amount" in response.text


def test_calendar_file_holds_neither_name_nor_score(hr, people):
    case = opened(people[1], hr.account)
    response = hr.get(reverse("cases_calendar", args=[case.pk]))
    assert response["Content-Type"].startswith("text/calendar")
    assert f"DTSTART;VALUE=DATE:{case.due:%Y%m%d}" in response.text
    assert "Talk with No. 1" in response.text
    assert "%" not in response.text


def test_calendar_file_holds_the_hour_of_the_talk(hr, people):
    case = opened(people[1], hr.account)
    assert change(hr, case, state="planned", talk_at=f"{WINTER}-02-03T14:30").status_code == 302
    text = hr.get(reverse("cases_calendar", args=[case.pk])).text
    assert f"DTSTART:{WINTER}0203T133000Z" in text
    assert f"DTEND:{WINTER}0203T143000Z" in text
    assert "14:30" in hr.get(reverse("cases_case", args=[case.pk])).text
    assert change(hr, case, talk_at="tomorrow").status_code == 422


def test_closed_cases_show_the_day_on_which_they_were_closed(hr, people):
    case = opened(people[1], hr.account, due=timezone.localdate() + timedelta(days=99))
    change(hr, case, state="stayed")
    response = hr.get(reverse("cases"), {"view": "closed"})
    assert response.context["columns"][2] == "Closed"
    assert dict(response.context["rows"][0]["cells"])["Closed"] == date_format(
        timezone.localdate(), "SHORT_DATE_FORMAT"
    )


def test_cases_of_a_view_are_a_file_without_words_of_what_was_said(hr, manager, people):
    opened(people[1], hr.account, why="between HR")
    opened(people[2], manager.account)
    page = hr.get(reverse("cases_csv"), {"view": "open"})
    lines = b"".join(page.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith('"Employee number","Department","State"')
    assert "between HR" not in "".join(lines)
    of_manager = b"".join(manager.get(reverse("cases_csv"), {"view": "open"}).streaming_content).decode()
    assert len(of_manager.splitlines()) == 2


def test_manager_who_meets_a_hidden_case_is_told_what_to_do(hr, manager, people):
    opened(people[1], hr.account)
    assert "ask HR to share the case" in open_one(manager, 1).wsgi_request._messages._queued_messages[-1].message
    assert "ask HR" not in str(open_one(manager, 2).wsgi_request._messages._queued_messages[-1].message)


@pytest.mark.parametrize("view", ["mine", "open", "closed"])
def test_list_asks_the_same_queries_for_one_case_and_for_many(hr, people, view, django_assert_max_num_queries):
    for person in people.values():
        opened(person, hr.account)
    hr.get(reverse("cases"), {"view": view})
    with django_assert_max_num_queries(12):
        hr.get(reverse("cases"), {"view": view})


def test_page_of_a_case_asks_few_queries(hr, people, django_assert_max_num_queries):
    case = opened(people[1], hr.account)
    note(hr, case, "fewer evenings")
    hr.get(reverse("cases_case", args=[case.pk]))
    with django_assert_max_num_queries(12):
        hr.get(reverse("cases_case", args=[case.pk]))


def listed(browser, **state):
    """The numbers in the list, each with the case that its mark leads to, open ones only."""
    rows = browser.get("/employees/", state).context["rows"]
    return {row.prediction.employee_number: _open(row.case) for row in rows}


def _open(mark):
    return mark.pk if mark and not mark.closed else None


def test_list_marks_who_has_an_open_case_and_filters_by_it(hr, people):
    open_one(hr, 1)
    open_one(hr, 4)
    case, other = Case.objects.order_by("id")
    assert listed(hr) == {1: case.pk, 4: other.pk} | dict.fromkeys((2, 3, 5, 6))
    assert listed(hr, case="with") == {1: case.pk, 4: other.pk}
    assert listed(hr, case="without") == dict.fromkeys((2, 3, 5, 6))
    assert f'href="{reverse("cases_case", args=[case.pk])}"' in hr.get("/employees/").text
    assert f'href="{reverse("cases_case", args=[case.pk])}"' in hr.get("/").text
    Case.objects.update(state=State.STAYED, closed_at=timezone.now())
    assert set(listed(hr).values()) == {None}
    assert listed(hr, case="with") == {}


def test_list_shows_a_manager_no_case_that_hr_keeps_to_itself(hr, manager, people):
    open_one(hr, 1)
    assert listed(manager) == dict.fromkeys((1, 2, 3))
    assert listed(manager, case="with") == {}
    assert listed(manager, case="without") == dict.fromkeys((1, 2, 3))
    Case.objects.update(is_shared=True)
    assert listed(manager, case="with") == {1: Case.objects.get().pk}


def test_export_holds_what_is_filtered_by_case(hr, people):
    open_one(hr, 4)
    lines = hr.get("/employees/export.csv", {"case": "with"}).getvalue().decode().splitlines()
    assert len(lines) == 2


def told(browser):
    """What Today, the list and the page of the first person say of a case."""
    pages = [browser.get(path).text for path in ("/", "/employees/", reverse("employee", args=[1]))]
    return [re.findall(r"Case closed: [^<\"]+|Open case: [^<\"]+", page)[:1] for page in pages]


def test_last_case_and_how_it_ended_is_told_on_today_in_the_list_and_on_the_page(hr, manager, people):
    case = opened(people[1], hr.account)
    change(hr, case, state="stayed")
    case.refresh_from_db()
    day = date_format(timezone.localdate(case.closed_at), "SHORT_DATE_FORMAT")
    assert told(hr) == [[f"Case closed: stayed ({day})"]] * 3
    assert told(manager) == [[]] * 3  # it was not shared
    case.is_shared = True
    case.save()
    assert told(manager) == [[f"Case closed: stayed ({day})"]] * 3


def test_open_case_is_told_rather_than_the_one_closed_before(hr, people):
    first = opened(people[1], hr.account)
    change(hr, first, state="stayed")
    second = opened(people[1], hr.account)
    assert told(hr)[:2] == [["Open case: to plan"]] * 2
    assert hr.get(reverse("employee", args=[1])).context["case"].pk == second.pk
    change(hr, second, state="left", is_certain="on")
    assert hr.get(reverse("employee", args=[1])).context["case"].state == "closed: left"
