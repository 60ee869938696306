"""The pages about presence: to clarify, departures, loads."""

import csv
import io
from datetime import date

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation

from employees.models import Employee, Import, Load, LoadedExtract, NumberMerge, Presence, PresenceAnswer, WorkforceDay
from employees.tests.extracts import DAY, load, load_all
from employees.workforce.answers import merge_numbers
from features.services import build_features
from predictions import rescoring
from predictions.models import ScoringRun
from predictions.pages.imports import load_pages
from predictions.services import is_scoring_due, score_employees
from technova.database.locks import Busy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("started")]

BEFORE = date(2026, 5, 31)
ANYHOW = {"accept_implausible": True}


@pytest.fixture
def absent():
    """Thirty people scored twice; 10 of Consulting and 11 of Commercial are in no extract any more, 12 has left."""
    people = {number: {"departement": "Commercial" if number == 11 else "Consulting"} for number in range(1, 31)}
    load_all(BEFORE, people)
    build_features()
    score_employees()
    gone = {12: people[12] | {"a_quitte_l_entreprise": True}}
    load_all(DAY, {number: values for number, values in people.items() if number not in (10, 11)} | gone)
    build_features()
    score_employees()


@pytest.fixture
def hr(browse):
    return browse("RH")


def presence_of(number):
    return Employee.objects.get(employee_id=number).presence


def post(client, name, *args, **data):
    return client.post(reverse(name, args=args), data, follow=True)


def test_absent_people_are_listed_with_what_was_last_known(hr, absent):
    response = hr.get("/clarify/")
    assert [(row["number"], row["department"], row["job"]) for row in response.context["rows"]] == [
        (10, "Consulting", "Consultant"),
        (11, "Sales", "Consultant"),
    ]
    assert (response.context["rows"][0]["last_listed"], response.context["rows"][0]["since"]) == (
        "31 May 2026",
        "30 Jun 2026",
    )
    assert 'To clarify<span class="count">2</span>' in response.text


def test_absent_people_of_one_answer_have_left_and_everyone_is_scored_again(hr, absent, started):
    response = post(hr, "clarify", number=["10", "11"], answer="left", because="Retraite")
    assert "2 answers are recorded." in response.text
    assert [presence_of(number) for number in (10, 11)] == [Presence.LEFT, Presence.LEFT]
    assert started == [("rescore",)]
    assert "To clarify (" not in response.text
    assert "Nobody is absent" in response.text


def test_answer_for_all_is_for_who_is_listed(hr, absent):
    revision = hr.get("/clarify/").context["revision"]
    post(hr, "clarify", everyone="1", revision=str(revision), answer="here")
    assert [presence_of(number) for number in (10, 11)] == [Presence.PRESENT, Presence.PRESENT]


def test_answer_for_all_of_an_older_list_records_nothing(hr, absent, started):
    revision = hr.get("/clarify/").context["revision"]
    post(hr, "clarify", number="10", answer="here")
    response = post(hr, "clarify", everyone="1", revision=str(revision), answer="left")
    assert "nothing was recorded" in response.text
    assert presence_of(11) == Presence.ABSENT
    assert len(started) == 1


def test_answer_for_somebody_answered_meanwhile_says_so(hr, absent, started):
    assert "somebody has answered meanwhile" in post(hr, "clarify", number="1", answer="left").text
    assert started == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"answer": "left"}, "Tick at least one person."),
        ({"answer": "left", "number": "x"}, "This is not one of the boxes of the page."),
        ({"answer": "left", "number": "10", "left_by": "2026-07-01"}, "Enter a day no later than the newest extract."),
    ],
)
def test_wrong_answer_says_what_is_wrong_and_records_nothing(hr, absent, data, error):
    response = post(hr, "clarify", **data)
    assert response.status_code == 422
    assert error in response.text
    assert not PresenceAnswer.objects.exists()


def test_day_before_the_last_extract_with_the_person_is_refused_with_that_day(hr, absent):
    response = post(hr, "clarify", answer="left", number="10", left_by="2020-01-01")
    assert response.status_code == 422
    (text,) = response.context["form"].errors["left_by"]
    assert "still held 10" in text
    assert not PresenceAnswer.objects.exists()


def test_wrong_answer_keeps_what_was_ticked(hr, absent):
    response = post(hr, "clarify", answer="left", number="10", left_by="2026-07-01")
    assert [row["is_ticked"] for row in response.context["rows"]] == [True, False]


def test_answer_while_a_load_is_running_says_so(hr, absent, monkeypatch):
    def refuse(**arguments):
        raise Busy("Another load, build or scoring is running: try again when it is done.")

    monkeypatch.setattr("employees.workforce.clarifying.answer_absent", refuse)
    assert "Another load, build or scoring is running" in post(hr, "clarify", number="10", answer="left").text


def test_page_offers_to_score_while_the_scores_are_older_than_the_workforce(hr, absent, started):
    assert "Score everyone again" not in hr.get("/clarify/").text
    post(hr, "clarify", number="10", answer="left")
    started.clear()
    assert "Score everyone again" in hr.get("/clarify/").text
    post(hr, "clarify_rescore")
    assert started == [("rescore",)]


def test_nothing_is_scored_again_while_the_scores_are_of_today(hr, absent, started):
    post(hr, "clarify_rescore")
    assert started == []


def test_page_says_that_everyone_is_being_scored(hr, absent, at_work):
    at_work()
    assert "Everyone is being scored again" in hr.get("/clarify/").text


def test_rescoring_scores_those_present_now(hr, absent):
    post(hr, "clarify", number="10", answer="here")
    assert is_scoring_due()
    rescoring.rescore()
    assert not is_scoring_due()
    assert ScoringRun.objects.latest().employee_count == 28


def test_rescoring_without_anyone_ends():
    rescoring.rescore()
    assert not ScoringRun.objects.exists()


def test_rescoring_that_does_not_start_is_offered_again(hr, absent):
    assert "Score everyone again" in post(hr, "clarify", number="10", answer="here").text


def cells(row):
    return [text for _title, text in row["cells"]]


def test_unscored_people_are_listed_with_what_they_lack(hr, absent):
    load(date(2026, 7, 31), sirh={number: {} for number in [*range(1, 12), *range(13, 32)]})
    response = hr.get("/clarify/unscored/")
    assert [(row["number"], cells(row)[-1]) for row in response.context["rows"]] == [
        (31, "Never in an evaluation extract · Never in a survey extract")
    ]
    load(date(2026, 7, 31), eval={31: {"age": 1, "heures_supplementaires": None}}, sondage={31: {}})
    assert "Never known, last in the evaluation extract of 31 Jul 2026: overtime" in hr.get("/clarify/unscored/").text
    load(date(2026, 8, 31), eval={31: {}})
    assert "the next scoring includes this person" in hr.get("/clarify/unscored/").text
    build_features()
    assert "Everyone present is scored" in hr.get("/clarify/unscored/").text


def test_unscored_person_with_two_numbers_was_last_held_under_either(hr, absent):
    overtime_unknown = {"heures_supplementaires": None}
    load(date(2026, 7, 31), sirh={31: {}}, eval={31: overtime_unknown}, sondage={31: {}}, options=ANYHOW)
    load(date(2026, 8, 31), sirh={32: {}}, eval={32: overtime_unknown}, options=ANYHOW)
    merge_numbers(number=32, into=31)
    (row,) = hr.get("/clarify/unscored/").context["rows"]
    assert cells(row)[-1] == "Never known, last in the evaluation extract of 31 Aug 2026: overtime"


def test_people_whom_the_newest_survey_lacks_are_listed_with_the_last_one_that_held_them(hr, absent):
    present = [*range(1, 10), *range(13, 31)]
    load(
        date(2026, 7, 31),
        sirh={number: {} for number in [*present, 31]},
        sondage={number: {} for number in present[2:]},
    )
    rows = hr.get("/clarify/unanswered/").context["rows"]
    assert [(row["number"], *cells(row)[-2:]) for row in rows] == [
        (1, "30 Jun 2026", "30 Jun 2026"),
        (2, "30 Jun 2026", "30 Jun 2026"),
        (31, "never", "never"),
    ]
    load(date(2026, 7, 31), eval={31: {}})
    rows = hr.get("/clarify/unanswered/").context["rows"]
    assert {row["number"]: cells(row)[-2] for row in rows}[31] == "31 Jul 2026"


def test_answer_under_a_merged_number_is_one_of_the_person(hr, absent):
    sirh = {number: {} for number in [*range(1, 10), *range(13, 32)]}
    evaluated, surveyed = ({number: {} for number in sirh if number != left_out} for left_out in (31, 1))
    load(date(2026, 7, 31), sirh=sirh, eval=evaluated, sondage=surveyed)
    assert [row["number"] for row in hr.get("/clarify/unanswered/").context["rows"]] == [1, 31]
    merge_numbers(number=31, into=1, accept_both_listed=True)
    assert "Everyone has answered" in hr.get("/clarify/unanswered/").text


def test_page_beyond_the_last_one_shows_the_first(hr, absent, monkeypatch):
    monkeypatch.setattr("predictions.pages.presence.answering.PAGE_SIZE", 1)
    numbers = [
        [row["number"] for row in hr.get("/clarify/", {"page": page}).context["rows"]] for page in ("1", "2", "9", "x")
    ]
    assert numbers == [[10], [11], [10], [10]]


def test_answers_are_listed_and_taken_back(hr, absent, started):
    assert "No answer yet" in hr.get("/clarify/answers/").text
    post(hr, "clarify", number="10", answer="left", because="Retraite", left_by="2026-06-12")
    page = hr.get("/clarify/answers/").text
    assert "12 Jun 2026" in page
    assert "Retirement" in page
    response = post(hr, "clarify_answers", answer=PresenceAnswer.objects.get().pk)
    assert "1 answer is taken back." in response.text
    assert "Taken back" in response.text
    assert presence_of(10) == Presence.ABSENT
    assert len(started) == 2


def test_answer_lapses_once_a_corrected_extract_holds_the_person(hr, absent, started):
    post(hr, "clarify", number="10", answer="left")
    assert "In force" in hr.get("/clarify/answers/").text
    load(PresenceAnswer.objects.get().as_of, sirh={number: {} for number in range(1, 31)})
    page = hr.get("/clarify/answers/").text
    assert "No effect any more: an extract holds the person" in page
    assert "In force" not in page


def test_taking_back_nothing_says_so(hr, absent):
    post(hr, "clarify", number="10", answer="left")
    response = post(hr, "clarify_answers")
    assert response.status_code == 422
    assert "Tick at least one answer." in response.text


def test_numbers_are_merged_and_parted(hr, absent, started):
    response = post(hr, "clarify_numbers", number=30, into=10)
    assert "The SIRH extract of 31 May 2026 holds both numbers" in response.text
    response = post(hr, "clarify_numbers", number=30, into=10, accept_both_listed="1")
    assert "Number 30 is number 10 from now on." in response.text
    assert presence_of(10) == Presence.PRESENT
    response = post(hr, "clarify_part", NumberMerge.objects.get().pk)
    assert "The two numbers are two people again." in response.text
    assert presence_of(10) == Presence.ABSENT
    assert len(started) == 2
    assert post(hr, "clarify_part", NumberMerge.objects.get().pk).status_code == 404


def test_two_numbers_of_one_extract_are_merged_once_it_is_said_again(hr, absent, started):
    assert "all the same" not in hr.get("/clarify/numbers/").text
    response = post(hr, "clarify_numbers", number=30, into=29)
    assert response.status_code == 422
    assert "The SIRH extract of 30 Jun 2026 holds both numbers" in response.text
    assert "the rows of 30 beside one of 29 no longer count." in response.text
    assert "They are one and the same person." in response.text
    assert (presence_of(30), len(started)) == (Presence.PRESENT, 0)
    response = post(hr, "clarify_numbers", number=30, into=29, accept_both_listed="1")
    assert "Number 30 is number 29 from now on." in response.text
    assert (presence_of(30), len(started)) == ("", 1)


def test_merge_of_an_unknown_number_says_so(hr, absent):
    response = post(hr, "clarify_numbers", number=999, into=10)
    assert response.status_code == 422
    assert "These are not two known numbers" in response.text


@pytest.mark.parametrize(
    "name", ["clarify", "clarify_answers", "clarify_numbers", "clarify_unscored", "clarify_unanswered"]
)
def test_manager_neither_sees_nor_gives_answers(browse, absent, name):
    manager = browse("Manager", "Consulting")
    assert manager.get(reverse(name)).status_code == 403
    assert post(manager, name, number="10", answer="left").status_code in (403, 405)
    assert presence_of(10) == Presence.ABSENT
    assert "To clarify" not in manager.get("/").text


def test_hr_of_a_department_answers_for_its_people_alone(browse, absent):
    hr = browse("RH", "Consulting")
    assert [row["number"] for row in hr.get("/clarify/").context["rows"]] == [10]
    post(hr, "clarify", number=["10", "11"], answer="left")
    assert [presence_of(number) for number in (10, 11)] == [Presence.LEFT, Presence.ABSENT]
    assert post(hr, "clarify_numbers", number=11, into=1).status_code == 422


def test_departures_show_when_why_and_the_last_score_before(hr, absent):
    post(hr, "clarify", number="10", answer="left", because="Retraite", left_by="2026-06-12")
    rows = {row.number: row for row in hr.get("/departures/").context["rows"]}
    assert {number: (row.when, row.because) for number, row in rows.items()} == {
        10: ("12 Jun 2026", "Retirement"),
        12: ("between 31 May 2026 and 30 Jun 2026", ""),
    }
    first, _second = ScoringRun.objects.order_by("pk")
    assert all(row.score.prediction.run_id == first.pk for row in rows.values())


def test_departure_known_from_the_first_extract_on_has_no_score_before(hr):
    load_all(DAY, {1: {}, 2: {"a_quitte_l_entreprise": True}})
    build_features()
    score_employees()
    (row,) = hr.get("/departures/").context["rows"]
    assert (row.number, row.when, row.score) == (2, "by 30 Jun 2026", None)


def test_departures_are_narrowed_by_department_and_period(hr, absent):
    post(hr, "clarify", number="10", answer="left", left_by="2026-06-12")
    post(hr, "clarify", number="11", answer="left", left_by="2026-06-20")

    def numbers(**query):
        return [row.number for row in hr.get("/departures/", query).context["rows"]]

    assert numbers() == [12, 11, 10]
    assert numbers(department="Commercial") == [11]
    assert numbers(since="2026-06-13", until="2026-06-20") == [11]
    assert "correct the fields marked above" in hr.get("/departures/", {"since": "x"}).text
    assert "before the first one" in hr.get("/departures/", {"since": "2026-06-13", "until": "2026-06-01"}).text
    assert "No departure matches" in hr.get("/departures/", {"until": "2026-01-01"}).text


def test_departures_without_any_say_so(hr):
    assert "No departure is known" in hr.get("/departures/").text


def rows_of(response, language="en", delimiter=","):
    with translation.override("fr" if language == "en" else "en"):  # read when any language may be active
        content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content), delimiter=delimiter))


def test_departures_export_as_csv_in_the_reader_language(hr, absent):
    post(hr, "clarify", number="10", answer="left", because="Retraite", left_by="2026-06-12")
    response = hr.get("/departures/export.csv")
    assert "attachment" in response["Content-Disposition"]
    titles, *rows = rows_of(response)
    assert titles[:6] == ["Employee number", "Department", "Job", "Left after", "Left by", "Reason"]
    assert [row[:6] for row in rows] == [
        ["12", "Consulting", "Consultant", "2026-05-31", "2026-06-30", ""],
        ["10", "Consulting", "Consultant", "2026-06-12", "2026-06-12", "Retirement"],
    ]
    assert [row[8] for row in rows] == ["2026-05-31", "2026-05-31"]
    assert all(0 < float(row[6]) < 1 for row in rows)


def test_departures_in_french_suit_a_french_excel(hr, absent):
    hr.cookies["django_language"] = "fr"
    titles, row = rows_of(hr.get("/departures/export.csv"), "fr", ";")
    assert titles[0] == "Matricule"
    assert "," in row[6]


def test_departures_export_of_a_wrong_address_leads_to_the_page(hr):
    assert hr.get("/departures/export.csv", {"since": "x"}).url == "/departures/?since=x"


def test_manager_sees_the_departures_of_the_department_without_their_reasons(browse, hr, absent):
    post(hr, "clarify", number=["10", "11"], answer="left", because="Retraite")
    manager = browse("Manager", "Consulting")
    response = manager.get("/departures/")
    assert sorted(row.number for row in response.context["rows"]) == [10, 12]
    assert "Retirement" not in response.text
    titles, *rows = rows_of(manager.get("/departures/export.csv"))
    assert "Reason" not in titles
    assert sorted(row[0] for row in rows) == ["10", "12"]


def test_loads_are_listed_with_what_they_held(hr, absent):
    text = hr.get("/import/loads/").text
    assert "extrait_sirh.csv: 30 rows" in text
    assert "by a command" in text


def test_load_of_a_delivery_says_who_delivered_it(hr, absent):
    load = Load.objects.latest("pk")
    now = timezone.now()
    times = {"confirmed_at": now, "loaded_at": now}
    Import.objects.create(load=load, source=Import.Source.API, client="sirh", state=Import.State.DONE, **times)
    assert "the API" in hr.get("/import/loads/").text


def test_alarm_that_was_stored_before_it_was_reworded_is_in_the_language_of_the_page(hr, absent):
    text = "Whoever answered high on %(column)s answers low now, and the reverse: is the scale turned round?"
    Load.objects.update(overridden=[{"text": text, "params": {"column": "satisfaction_employee_equipe"}}])
    page = hr.get("/import/loads/", headers={"Accept-Language": "fr"}).text
    assert "Les réponses hautes à satisfaction : équipe sont devenues basses" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_loads_name_an_extract_that_another_one_corrects(hr, absent):
    assert "replaced by a later load" not in hr.get("/import/loads/").text
    load(DAY, sirh={number: {} for number in range(1, 31)}, options=ANYHOW)
    assert hr.get("/import/loads/").text.count("replaced by a later load") == 1
    output = io.StringIO()
    call_command("list_loads", stdout=output)
    assert output.getvalue().count("(replaced)") == 1


def test_loads_show_the_alarms_that_were_overridden(hr, absent):
    load(date(2026, 7, 31), sirh={1: {}}, options=ANYHOW)
    assert "alarm" in hr.get("/import/loads/").text
    assert hr.get("/import/loads/").context["rows"][0]["alarms"]


def test_load_is_taken_back_with_a_reason(hr, absent, started):
    newest = Load.objects.first()
    page = hr.get(reverse("import_withdraw", args=[newest.pk])).text
    assert "Back: 3" in page
    response = post(hr, "import_withdraw", newest.pk, reason="of another entity")
    assert f"Load {newest.pk} is taken back." in response.text
    assert "of another entity" in response.text
    assert [presence_of(number) for number in (10, 11, 12)] == [Presence.PRESENT] * 3
    newest.refresh_from_db()
    assert newest.withdrawn_by == hr.account
    assert started == [("rescore",)]
    started.clear()
    for response in (
        post(hr, "import_withdraw", newest.pk, reason="again"),
        hr.get(reverse("import_withdraw", args=[newest.pk]), follow=True),
        hr.get(reverse("import_withdraw_list", args=[newest.pk, "returned"]), follow=True),
    ):
        assert "Somebody has taken this load back already." in response.text
    assert started == []


def test_load_is_not_taken_back_without_a_reason(hr, absent):
    response = post(hr, "import_withdraw", Load.objects.first().pk, reason=" ")
    assert response.status_code == 422
    assert Load.objects.in_force().count() == 2


def test_last_load_taken_back_leaves_nobody(hr, absent):
    for load_ in Load.objects.all():
        post(hr, "import_withdraw", load_.pk, reason="all")
    assert not WorkforceDay.objects.exists()
    assert not Employee.objects.of_the_workforce().exists()
    for path in ("/", "/employees/", "/clarify/", "/clarify/unscored/", "/departures/", "/import/loads/"):
        assert hr.get(path).status_code == 200


def test_loads_say_when_the_scores_are_older_than_the_workforce(hr, absent, at_work):
    assert hr.get("/import/loads/").context["scoring"] == ""
    post(hr, "import_withdraw", Load.objects.first().pk, reason="wrong")
    due = hr.get("/import/loads/").text.partition('id="scoring"')[2].partition("</form>")[0]
    assert "The scores are older than the workforce." in due
    assert "csrfmiddlewaretoken" in due
    at_work()
    assert "Everyone is being scored again" in hr.get("/import/loads/").text


@pytest.mark.parametrize("who", [("Manager", "Consulting"), ("RH", "Consulting")])
def test_load_is_closed_to_who_does_not_see_everyone(browse, absent, who):
    browser = browse(*who)
    newest = Load.objects.first()
    assert browser.get("/import/loads/").status_code == 403
    assert post(browser, "import_withdraw", newest.pk, reason="no").status_code == 403
    assert Load.objects.in_force().count() == 2


def withdrawal_list(client, load, name, **query):
    return client.get(reverse("import_withdraw_list", args=[load.pk, name]), query)


def test_withdrawal_has_each_list_whole_in_pages_and_as_csv(hr, absent, monkeypatch):
    newest = Load.objects.first()
    page = hr.get(reverse("import_withdraw", args=[newest.pk])).text
    for name in ("import_withdraw_list", "import_withdraw_list_csv"):
        assert reverse(name, args=[newest.pk, "returned"]) in page
    monkeypatch.setattr("predictions.pages.imports.load_pages.LINES_A_PAGE", 2)
    response = withdrawal_list(hr, newest, "returned")
    assert [row["cells"] for row in response.context["rows"]] == [
        [("Employee", "10"), ("Department", "Consulting")],
        [("Employee", "11"), ("Department", "Sales")],
    ]
    assert 'href="/employees/10/"' in response.text
    last = withdrawal_list(hr, newest, "returned", page="2").context["rows"]
    assert [row["number"] for row in last] == [12]
    response = hr.get(reverse("import_withdraw_list_csv", args=[newest.pk, "returned"]))
    assert response["Content-Disposition"] == f'attachment; filename="technova-load-{newest.pk}-returned.csv"'
    titles, *rows = rows_of(response)
    assert (titles, [row[0] for row in rows]) == (["Employee", "Department"], ["10", "11", "12"])
    assert Load.objects.in_force().count() == 2


def test_lists_of_a_withdrawal_are_told_again_only_once_something_changed(hr, absent, monkeypatch):
    told = []
    real = load_pages.withdrawal_changes
    monkeypatch.setattr(
        "predictions.pages.imports.load_pages.withdrawal_changes", lambda load: told.append(load) or real(load=load)
    )
    newest = Load.objects.first()
    assert len(withdrawal_list(hr, newest, "returned").context["rows"]) == 3
    withdrawal_list(hr, newest, "returned", page="2")
    assert len(told) == 1
    post(hr, "clarify", number="10", answer="here")
    assert len(withdrawal_list(hr, newest, "returned").context["rows"]) == 2
    assert len(told) == 2


@pytest.mark.parametrize("name", ["left", "revenu_mensuel", "nothing"])
def test_list_that_a_withdrawal_does_not_have_is_not_found(hr, absent, name):
    newest = Load.objects.first()
    assert withdrawal_list(hr, newest, name).status_code == 404
    assert hr.get(reverse("import_withdraw_list_csv", args=[newest.pk, name])).status_code == 404


def test_load_while_another_is_running_tells_no_change(hr, absent, monkeypatch):
    def refuse(**arguments):
        raise Busy("Another load, build or scoring is running: try again when it is done.")

    monkeypatch.setattr("predictions.pages.imports.load_pages.withdrawal_changes", refuse)
    monkeypatch.setattr("predictions.pages.imports.load_pages.withdraw_load", refuse)
    newest = Load.objects.first()
    assert "cannot be shown now" in hr.get(reverse("import_withdraw", args=[newest.pk])).text
    for name in ("import_withdraw_list", "import_withdraw_list_csv"):
        response = hr.get(reverse(name, args=[newest.pk, "returned"]))
        assert response.url == reverse("import_withdraw", args=[newest.pk])
    assert "try again when it is done" in post(hr, "import_withdraw", newest.pk, reason="x").text


def test_refused_values_are_listed_with_the_rule_and_since_when(hr, absent):
    newest = LoadedExtract.objects.in_force().get(as_of=DAY, kind="sirh")
    rule = {"text": "a whole number between %(minimum)s and %(maximum)s", "params": {"minimum": "16", "maximum": "80"}}
    newest.refused.create(number=1, column="age", value="12", rule=rule)
    newest.refused.create(number=11, value="11,41", rule={"text": "as many cells as the header", "params": {}})
    rows = hr.get("/clarify/refused/").context["rows"]
    assert [[row["number"], *cells(row)[2:6]] for row in rows] == [
        [1, "Age", "12", "a whole number between 16 and 80", "30 Jun 2026"],
        [11, "(the whole row)", "11,41", "as many cells as the header", "30 Jun 2026"],
    ]


def test_refused_values_of_nobody_say_so(hr, absent):
    assert "Nothing is refused" in hr.get("/clarify/refused/").text


def test_pages_ask_at_most_twelve_queries(browse, absent, django_assert_max_num_queries):
    load(date(2026, 7, 31), sirh={number: {} for number in [*range(1, 10), *range(13, 32)]})
    for extract in LoadedExtract.objects.filter(kind="sirh"):
        extract.refused.create(number=1, column="age", value="12", rule={"text": "x", "params": {}})
    hr = browse("RH")
    post(hr, "clarify", number="10", answer="left")
    for name in (
        "clarify",
        "clarify_refused",
        "clarify_unscored",
        "clarify_unanswered",
        "clarify_answers",
        "clarify_numbers",
        "departures",
        "import_loads",
    ):
        with django_assert_max_num_queries(12, info=name):
            hr.get(reverse(name))
