"""Cases, requests and holds follow a person whose numbers are merged, and go back when they are parted."""

from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from employees.models import Employee, NumberMerge, TeamAccess, WorkforceDay
from employees.tests.extracts import DAY, load_all
from employees.workforce.answers import merge_numbers, part_numbers
from features.services import build_features
from predictions.followup.models import Case, Draw, DrawnPerson, ExitInterview
from predictions.followup.services import add_note, open_cases, purge_notes
from predictions.models import LotteryDecision, ScoringRun
from predictions.rights.dossier import dossier
from predictions.rights.holds import hold, hold_of, lift
from predictions.rights.models import DataRequest, FollowedMerge, LegalHold
from predictions.rights.refusals import refusal
from predictions.rights.services import answer, receive
from predictions.services import score_employees
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db
OLD, NUMBER = 51, 901


@pytest.fixture
def hr(browse, settings):
    settings.NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]
    load_all(people={number: {"departement": "Consulting"} for number in (OLD, NUMBER, 7)})
    build_features()
    score_employees()
    return browse("RH")


def person(number=NUMBER):
    return Employee.objects.get(employee_id=number)


def opened(number, owner, note=""):
    (case,) = open_cases(employees=[person(number)], owner=owner, due=DAY, why="", user=owner).cases
    if note:
        add_note(case=case, day=DAY, who="", text=note, is_shared=False, user=owner)
    return case


def merged(user=None):
    return merge_numbers(number=OLD, into=NUMBER, accept_both_listed=True, user=user)


def words_of(case):
    return [change.word for change in case.changes.all() if change.word]


def test_open_case_goes_with_the_person_and_back(hr, browse):
    manager = browse("Manager", "Consulting")
    case = opened(OLD, manager.account, "said something")
    merge = merged(hr.account)
    address = reverse("cases_case", args=[case.pk])
    assert manager.get(address).status_code == 200
    assert "No. 901" in hr.get(address).text
    assert words_of(case) == [f"Opened under No. {OLD}, which is No. {NUMBER} from now on."]
    assert address in hr.get(reverse("employee", args=[NUMBER])).text  # and no second case is offered
    assert not open_cases(employees=[person()], owner=hr.account, due=DAY, why="", user=hr.account).cases
    part_numbers(merge=merge, user=hr.account)
    case.refresh_from_db()
    assert (case.employee, case.is_open) == (person(OLD), True)
    assert words_of(case)[-1] == f"No. {OLD} and No. {NUMBER} are two people again: this is a case of No. {OLD}."
    assert not FollowedMerge.objects.exists()


def test_of_two_open_cases_the_persons_own_goes_on_and_nothing_is_lost(hr):
    own, other = opened(NUMBER, hr.account, "one"), opened(OLD, hr.account, "two")
    merge = merged(hr.account)
    assert Case.objects.is_open().get() == own
    other.refresh_from_db()
    assert (other.employee, other.state, other.probability_then) == (own.employee, "set_aside", None)
    assert "goes on in the other case" in words_of(other)[0]
    assert "its case was closed" in words_of(own)[0]
    assert {note["text"] for case in dossier(person())["cases"] for note in case["notes"]} == {"one", "two"}
    part_numbers(merge=merge, user=hr.account)
    assert [case.employee.employee_id for case in Case.objects.order_by("pk")] == [NUMBER, OLD]


def test_dossier_holds_what_hangs_on_every_number(hr):
    before = [dossier(person(number)) for number in (NUMBER, OLD)]
    merged(hr.account)
    after = dossier(person())
    for name in ("predictions", "features"):
        assert len(after[name]) == sum(len(each[name]) for each in before) == 2


def test_draws_interviews_requests_and_the_team_follow(hr, browse):
    run, user = ScoringRun.objects.get(), hr.account
    decision = LotteryDecision.objects.create(talks=1, reason="fair", decided_by=user)
    draw = Draw.objects.create(run=run, decision=decision, as_of=run.day, talks=1)
    DrawnPerson.objects.create(draw=draw, employee=person(OLD), departement="", probability=0.5, is_drawn=True)
    ExitInterview.objects.create(employee=person(OLD), day=DAY, motive="pay", destination="none", by=user)
    receive(employee=person(OLD), kind=DataRequest.Kind.OBJECTION, received_on=DAY, said="", user=user)
    TeamAccess.objects.create(user=browse("Manager", "Consulting").account, employee=person(OLD))
    tables = (DrawnPerson, ExitInterview, DataRequest, TeamAccess)
    merge = merged(user)
    assert {table.objects.get().employee for table in tables} == {person()}
    assert person().objected_on == DAY  # an objection is the person's, under whichever number
    part_numbers(merge=merge, user=user)
    assert {table.objects.get().employee for table in tables} == {person(OLD)}
    assert (person(OLD).objected_on, person().objected_on) == (DAY, None)


def test_what_hangs_on_numbers_merged_before_follows_by_the_migration_once(hr, browse):
    run, user = ScoringRun.objects.get(), hr.account
    decision = LotteryDecision.objects.create(talks=1, reason="fair", decided_by=user)
    draws = [
        Draw.objects.create(run=each, decision=decision, as_of=run.day, talks=1)
        for each in (run, ScoringRunFactory(as_of=run.day))
    ]
    for number, draw in ((OLD, draws[0]), (OLD, draws[1]), (NUMBER, draws[1])):
        DrawnPerson.objects.create(draw=draw, employee=person(number), departement="", probability=0.5, is_drawn=True)
    for number in (OLD, NUMBER):
        ExitInterview.objects.create(employee=person(number), day=DAY, motive="pay", destination="none", by=user)
        hold(employee=person(number), reason="claim", user=user)
    receive(employee=person(OLD), kind=DataRequest.Kind.OBJECTION, received_on=DAY, said="", user=user)
    receive(employee=person(OLD), kind=DataRequest.Kind.ACCESS, received_on=DAY, said="", user=user)
    TeamAccess.objects.create(user=browse("Manager", "Consulting").account, employee=person(OLD))
    merge = NumberMerge.objects.create(number=OLD, employee=person(), recorded_by=user)
    FollowedMerge.objects.create(merge=merge, moved={"Case": []})

    def numbers():
        """The numbers under which each table has rows."""
        return [
            sorted(table.objects.values_list("employee__employee_id", flat=True))
            for table in (DrawnPerson, ExitInterview, LegalHold, DataRequest, TeamAccess)
        ]

    before, revision = numbers(), WorkforceDay.objects.latest().revision
    migration = import_module("predictions.migrations.0050_rights_of_merged_numbers")
    for _ in range(2):
        migration.follow(apps, None)
        both = [OLD, NUMBER]
        assert numbers() == [[OLD, NUMBER, NUMBER], both, both, [NUMBER, NUMBER], [NUMBER]]
        assert person().objected_on == DAY
    assert WorkforceDay.objects.latest().revision != revision  # everyone is scored again, without the person
    part_numbers(merge=NumberMerge.objects.get(), user=user)
    assert numbers() == before
    assert (person(OLD).objected_on, person().objected_on) == (DAY, None)


def test_merge_of_today_is_left_alone_by_the_migration(hr):
    merge = merged(hr.account)
    moved = FollowedMerge.objects.get().moved
    receive(employee=person(OLD), kind=DataRequest.Kind.ACCESS, received_on=DAY, said="", user=hr.account)
    import_module("predictions.migrations.0050_rights_of_merged_numbers").follow(apps, None)
    assert FollowedMerge.objects.get(merge=merge).moved == moved
    assert DataRequest.objects.get().employee == person(OLD)


def test_what_a_person_has_once_stays_with_its_number_and_counts(hr):
    user, today = hr.account, timezone.localdate()
    for number in (NUMBER, OLD):
        receive(employee=person(number), kind=DataRequest.Kind.OBJECTION, received_on=DAY, said="", user=user)
        hold(employee=person(number), reason=f"claim of {number}", user=user)
        ExitInterview.objects.create(employee=person(number), day=DAY, motive="pay", destination="none", by=user)
    merge = merged(user)
    found = dossier(person())
    assert [len(found[name]) for name in ("requests", "held_for_a_dispute", "exit_interviews")] == [2, 2, 2]
    lift(held=LegalHold.objects.get(employee=person()), reason="settled", user=user)
    assert hold_of(person()).reason == f"claim of {OLD}"
    assert "is held for a dispute" in str(refusal(person(), today=today))
    assert LegalHold.objects.people() == sorted({person().pk, person(OLD).pk})
    answer(request=DataRequest.objects.get(employee=person(OLD)), is_granted=True, text="so be it", user=user)
    part_numbers(merge=merge, user=user)
    assert person().objected_on == person(OLD).objected_on == DAY
    assert hold_of(person()) is None


def test_hold_of_a_person_keeps_the_notes_of_every_number(hr, settings):
    case = opened(OLD, hr.account, "old")
    hold(employee=person(OLD), reason="claim", user=hr.account)
    merged(hr.account)
    settings.NOTES_MONTHS = 1
    case.notes.update(day=DAY.replace(year=DAY.year - 9))
    purge_notes()
    assert case.notes.count() == 1


def test_case_is_found_by_the_api_under_every_number_of_the_person(hr):
    case, other = opened(OLD, hr.account), opened(7, hr.account)
    merge = merged(hr.account)
    tool = APIClient(APIKeyFactory(can_predict=False, can_read=False, can_follow=True).secret)

    def found(number):
        return [
            (row["case_id"], row["employee_id"])
            for row in tool.get("/cases/", {"employee_id": number}).json()["results"]
        ]

    assert found(NUMBER) == found(OLD) == [(case.pk, NUMBER)]
    assert found(7) == [(other.pk, 7)]
    part_numbers(merge=merge, user=hr.account)
    assert (found(NUMBER), found(OLD)) == ([], [(case.pk, OLD)])


def test_merged_number_finds_no_case_of_somebody_whom_the_key_does_not_see(hr):
    opened(OLD, hr.account)
    merged(hr.account)
    Employee.objects.filter(employee_id=NUMBER).update(departement="Commercial")
    tool = APIClient(APIKeyFactory(can_follow=True, departments=["Consulting"]).secret)
    assert tool.get("/cases/", {"employee_id": OLD}).json()["results"] == []


def test_case_is_opened_by_the_api_under_every_number_of_the_person(hr, started):
    merge = merged(hr.account)
    tool = APIClient(APIKeyFactory(can_follow=True).secret)
    asked = {"owner": hr.account.username, "due": timezone.localdate().isoformat()}
    answer = tool.post("/cases/", asked | {"employee_id": OLD}, "application/json")
    assert (answer.status_code, answer.json()["employee_id"]) == (201, NUMBER)
    assert tool.post("/cases/", asked | {"employee_id": NUMBER}, "application/json").status_code == 422
    part_numbers(merge=merge, user=hr.account)
    assert tool.post("/cases/", asked | {"employee_id": OLD}, "application/json").json()["employee_id"] == OLD


def test_merged_number_opens_no_case_of_somebody_whom_the_key_does_not_see(hr):
    merged(hr.account)
    Employee.objects.filter(employee_id=NUMBER).update(departement="Commercial")
    tool = APIClient(APIKeyFactory(can_follow=True, departments=["Consulting"]).secret)
    asked = {"owner": hr.account.username, "due": timezone.localdate().isoformat(), "employee_id": OLD}
    assert tool.post("/cases/", asked, "application/json").status_code == 404
    assert not Case.objects.exists()


def test_scores_of_the_api_are_found_under_every_number_of_the_person(hr, api):
    merged(hr.account)
    found = [
        [row["employee_id"] for row in api.get("/scores/", {"employee_ids": asked}).json()["results"]]
        for asked in (OLD, NUMBER, f"{OLD},{NUMBER},7")
    ]
    assert [found[0], found[1], sorted(found[2])] == [[NUMBER], [NUMBER], [7, NUMBER]]


def test_log_has_the_rows_of_every_number_of_the_person(hr, api):
    merge = merged(hr.account)

    def found(number):
        return {row["employee_id"] for row in api.get("/predictions/", {"employee_id": number}).json()["results"]}

    def listed(number):
        return {
            row.employee_number for row in hr.get("/history/", {"employee": number, "mode": "all"}).context["page"].rows
        }

    for read in (found, listed):
        assert read(OLD) == read(NUMBER) == {OLD, NUMBER}
        assert read(7) == {7}
    part_numbers(merge=merge, user=hr.account)
    assert found(OLD) == listed(OLD) == {OLD}


def test_who_looked_has_the_entries_of_every_number_of_the_person(hr, browse):
    hr.get(reverse("employee", args=[OLD]))
    merged(hr.account)
    hr.get(reverse("employee", args=[NUMBER]))
    of_person = hr.get(reverse("employee_looks", args=[OLD])).context["looks"].rows
    assert {look.number for look in of_person} == {OLD, NUMBER}
    auditor = browse("Auditeur")
    seen = auditor.get("/journal/", {"employee": OLD}).context["looks"].rows
    assert {look.number for look in seen} == {OLD, NUMBER}


@pytest.mark.parametrize("page", ["employee", "employee_sheet", "employee_erase"])
def test_merged_number_leads_to_its_person_before_features_are_built_anew(hr, page):
    merged(hr.account)
    assert hr.get(reverse(page, args=[OLD])).url == reverse(page, args=[NUMBER])


def test_person_is_compared_and_gets_a_case_under_a_merged_number(hr):
    merged(hr.account)
    compared = hr.get("/employees/compare/", {"id": [OLD, NUMBER, 7]}).context["people"]
    assert {each.row.prediction.employee.employee_id for each in compared} == {NUMBER, 7}
    assert list(hr.get(reverse("cases_open"), {"id": [OLD, 7]}).context["people"]) == [person(7), person()]


def test_cases_of_numbers_merged_before_follow_by_the_migration(hr):
    own, other = opened(NUMBER, hr.account), opened(OLD, hr.account)
    merge = merged(hr.account)
    FollowedMerge.objects.all().delete()
    Case.objects.filter(pk=other.pk).update(employee=person(OLD), state="to_plan", aside="", closed_at=None)
    import_module("predictions.migrations.0048_cases_of_merged_numbers").follow(apps, None)
    assert Case.objects.is_open().get() == own
    assert {case.employee for case in Case.objects.all()} == {person()}
    part_numbers(merge=merge, user=hr.account)
    assert Case.objects.get(pk=other.pk).employee == person(OLD)
