from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from predictions.log.protection import may_purge
from predictions.pages.schedule import EVERY, OFTEN, TASKS, ScheduleForm, values_of
from predictions.retention.rules import BY_NAME
from technova.jobs import task_of
from technova.jobs.models import Schedule
from technova.jobs.schedule import enqueue_due

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
FIRST = datetime(2026, 12, 1, 6, tzinfo=PARIS)


@pytest.fixture
def scores():
    """The schedule of the scores alone: on the first at six, last started a month before."""
    Schedule.objects.exclude(task=TASKS["scores"].task).update(cron="")
    row = Schedule.objects.get(task=TASKS["scores"].task)
    row.enqueued_at = datetime(2026, 11, 1, 6, tzinfo=PARIS)
    row.save()
    return row


def test_every_task_of_the_page_is_one_and_has_a_first_time():
    for name, scheduled in TASKS.items():
        assert task_of(scheduled.task).path == scheduled.task
        assert bool(Schedule.objects.get(task=scheduled.task).cron) == (name != "training")


def test_task_is_enqueued_when_its_time_has_come_and_once(scores, started):
    assert enqueue_due(FIRST - timedelta(seconds=1)) == 0
    assert enqueue_due(FIRST) == 1
    assert enqueue_due(FIRST + timedelta(minutes=1)) == 0
    assert started == [("rescore",)]
    assert Schedule.objects.get(task=scores.task).begun_at == FIRST


def test_time_that_passed_without_workers_is_caught_up_with_once(scores, started):
    assert enqueue_due(FIRST + timedelta(days=70)) == 1
    assert enqueue_due(FIRST + timedelta(days=70, minutes=1)) == 0
    assert started == [("rescore",)]


def test_time_is_that_of_the_place_in_summer_and_in_winter(scores):
    scores.cron = "0 6 * * *"
    assert scores.next_after(datetime(2026, 10, 24, 12, tzinfo=PARIS)) == datetime(2026, 10, 25, 6, tzinfo=PARIS)
    assert scores.next_after(datetime(2027, 3, 27, 12, tzinfo=PARIS)) == datetime(2027, 3, 28, 6, tzinfo=PARIS)


def test_task_without_a_time_is_never_enqueued(scores, started):
    Schedule.objects.update(cron="")
    assert enqueue_due(FIRST + timedelta(days=400)) == 0


@pytest.mark.parametrize("every", EVERY)
def test_form_finds_its_own_values_again(every):
    form = ScheduleForm({"every": every, "hour": 7, "weekday": 0, "month_day": 28}, rhythms=EVERY)
    assert form.is_valid()
    found = ScheduleForm({name: str(value) for name, value in values_of(form.cron).items()}, rhythms=EVERY)
    assert found.is_valid()
    assert found.cron == form.cron


def test_page_tells_the_next_time_and_changes_it(browse):
    hr = browse("RH")
    assert ("Next time" in hr.get("/schedule/").text) == (connection.vendor == "postgresql")
    data = {"scores-every": "week", "scores-hour": "7", "scores-weekday": "1", "scores-month_day": "1"}
    answer = hr.post("/schedule/scores/", data, follow=True)
    assert "The schedule is changed: Score everyone." in answer.text
    row = Schedule.objects.get(task=TASKS["scores"].task)
    assert (row.cron, row.changed_by) == ("0 7 * * 1", hr.account)
    assert timezone.now() - row.enqueued_at < timedelta(minutes=1)


def test_page_tells_when_a_task_was_started_last(browse, scores, started):
    hr = browse("RH")
    assert "Last time" not in hr.get("/schedule/").text
    enqueue_due(FIRST)
    assert hr.get("/schedule/").text.count("Last time: 1 Dec 2026, 06:00.") == 1


def rhythms_of(page, name):
    (form,) = (row["form"] for row in page.context["rows"] if row["name"] == name)
    return [value for value, _label in form.fields["every"].choices]


def test_page_offers_each_task_the_rhythms_that_make_sense(browse):
    hr = browse("RH")
    page = hr.get("/schedule/")
    assert rhythms_of(page, "training") == ["", "week", "month"]
    assert rhythms_of(page, "webhooks") == ["", "often"]
    assert "webhooks-hour" not in page.text
    assert hr.post("/schedule/webhooks/", {"webhooks-every": "often"}).status_code == 302
    time = {"training-hour": "7", "training-weekday": "1", "training-month_day": "1"}
    assert hr.post("/schedule/training/", {"training-every": "often"} | time).status_code == 422
    for scheduled in TASKS.values():  # as they begin
        every = values_of(Schedule.objects.get(task=scheduled.task).cron)["every"]
        assert every in ("", *scheduled.rhythms)


def test_rhythm_that_is_no_longer_offered_stays_shown_until_it_is_changed(browse):
    Schedule.objects.filter(task=TASKS["training"].task).update(cron=OFTEN)
    hr = browse("RH")
    assert rhythms_of(hr.get("/schedule/"), "training") == ["", "often", "week", "month"]
    hr.post(
        "/schedule/training/",
        {"training-every": "", "training-hour": "7", "training-weekday": "1", "training-month_day": "1"},
    )
    assert rhythms_of(hr.get("/schedule/"), "training") == ["", "week", "month"]


def test_page_names_all_that_the_deletion_deletes(browse):
    page = browse("RH").get("/schedule/").text
    for name in ("files", "exports", "sessions", "sign_ins", "outputs", "webhooks", "mails", "notes", "left"):
        assert str(BY_NAME[name].what)[1:] in page
    assert ("predictions in the log" in page, "access journal" in page) == (may_purge(), may_purge())


@pytest.mark.parametrize("data", [{}, {"scores-every": "sometimes", "scores-hour": "25"}])
def test_page_refuses_what_is_no_time(browse, data):
    hr = browse("RH")
    before = Schedule.objects.get(task=TASKS["scores"].task).cron
    assert hr.post("/schedule/scores/", data).status_code == 422
    assert hr.post("/schedule/nothing/", data).status_code == 404
    assert Schedule.objects.get(task=TASKS["scores"].task).cron == before


@pytest.mark.parametrize(("role", "department"), [("Manager", "Consulting"), ("RH", "Consulting"), ("Auditeur", None)])
def test_page_is_closed_to_who_does_not_decide_for_everyone(browse, role, department):
    browser = browse(role, department) if department else browse(role)
    assert browser.get("/schedule/").status_code == 403
    assert browser.post("/schedule/scores/", {}).status_code == 403
