"""Whoever objects is not scored, wherever scores are made or shown, until the objection ends."""

import re
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from employees.access import Scope
from employees.models import Employee, WorkforceDay
from employees.tests.extracts import DAY, load_all
from features.selectors import training_frame
from features.services import build_features
from predictions import trainings
from predictions.followup.selectors import newest_scores
from predictions.followup.services import open_cases
from predictions.formats import percent
from predictions.models import DataRequest, Prediction, ScoringRun
from predictions.pages.model import in_short
from predictions.pages.rights.dossier_document import document
from predictions.rights.dossier import dossier
from predictions.rights.services import HasObjected, answer, receive
from predictions.selectors import figures, people, runs
from predictions.selectors.person_periods import person_periods
from predictions.services import is_scoring_due, score_employees
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory
from predictions.tests.test_report import text_of

pytestmark = pytest.mark.django_db

WHO, OTHERS = 3, (1, 2, 4, 5, 6)
PAY = 4_321


@pytest.fixture
def hr(browse, started):
    """Six people were scored before one of them objects."""
    load_all(people={number: {"revenu_mensuel": PAY} for number in (WHO, *OTHERS)})
    build_features()
    score_employees()
    return browse("RH")


def objection(hr):
    person = Employee.objects.get(employee_id=WHO)
    today = timezone.localdate()
    return receive(
        employee=person, kind=DataRequest.Kind.OBJECTION, received_on=today, said="no scores", user=hr.account
    )


def scored(run):
    return set(Prediction.objects.filter(run=run).values_list("employee__employee_id", flat=True))


def test_run_after_an_objection_leaves_the_person_out(hr):
    assert not is_scoring_due()
    objection(hr)
    assert is_scoring_due()
    build_features()
    assert scored(score_employees()) == set(OTHERS)
    assert scored(score_employees(as_of=WorkforceDay.objects.latest().as_of)) == set(OTHERS)
    assert not is_scoring_due()


def test_model_does_not_learn_from_whoever_objects(hr):
    objection(hr)
    assert set(training_frame().index) == set(OTHERS)
    assert set(person_periods([(DAY, DAY + timedelta(days=90))]).person.tolist()) == set(OTHERS)
    # and where something was recorded after the day, so that the features are made anew
    load_all(DAY - timedelta(days=30), {number: {} for number in (WHO, *OTHERS)})
    assert set(person_periods([(DAY, DAY + timedelta(days=90))]).person.tolist()) <= set(OTHERS)


@pytest.mark.parametrize(("people", "told"), [(0, []), (4, ["fewer than five people"]), (7, ["7 people"])])
def test_card_counts_whom_the_model_did_not_learn_from(people, told):
    trained = trainings._counted(SimpleNamespace(card={"training": {}}), people)
    said = in_short._not_learned_from(trained.card)
    assert len(said) == len(told)
    assert all(word in sentence for word, sentence in zip(told, said, strict=True))


@pytest.mark.parametrize("is_scored_again", [False, True])
def test_no_page_shows_the_person_with_a_score(hr, is_scored_again):
    objection(hr)
    if is_scored_again:
        score_employees()
    run = runs.latest_two()[0]
    assert set(figures.people_of(run, Scope.EVERYONE).values_list("employee__employee_id", flat=True)) == set(OTHERS)
    assert figures.counts(figures.current_groups(run, Scope.EVERYONE)).people == len(OTHERS)
    assert set(newest_scores().values_list("employee__employee_id", flat=True)) == set(OTHERS)
    page = hr.get(reverse("employee", args=[WHO])).text
    assert "Not scored: objection" in page
    assert 'id="why"' not in page
    assert 'id="what-if"' not in page
    assert "%" not in page.partition("<main")[2].partition('id="profile"')[0]
    assert hr.post(reverse("employee", args=[WHO]), {"heures_supplementaires": "0"}).status_code == 404
    assert hr.get(reverse("employee_sheet", args=[WHO])).status_code == 200
    searched = " ".join(hr.get(reverse("employees"), {"number": str(WHO)}).text.split())
    assert "is not scored: objection" in searched
    assert "1 person is left out: they object to being scored." in searched
    assert "Objection: this person is not scored." in hr.get(reverse("clarify_unscored")).text
    assert "1 person is left out" in hr.get(reverse("overview")).text


def test_followup_shows_no_earlier_score_and_says_why(hr):
    who = Employee.objects.filter(employee_id=WHO)
    opened = open_cases(employees=who, owner=hr.account, due=timezone.localdate(), why="", user=hr.account)
    (case,) = opened.cases
    key = APIClient(APIKeyFactory(can_follow=True).secret)

    def told():
        listed = hr.get(reverse("cases"), {"view": "open"}).text
        page = hr.get(reverse("cases_case", args=[case.pk])).text
        return [listed, page, b"".join(hr.get(reverse("cases_csv")).streaming_content).decode()]

    risk = case.probability
    shown = [percent(risk), percent(risk), str(round(risk, 4))]
    assert all(each in text for each, text in zip(shown, told(), strict=True))
    assert key.get(f"/cases/{case.pk}").json()["turnover_probability"] == risk
    objection(hr)
    for each, said, text in zip(shown, ("objection", "This person objected on", "objection"), told(), strict=True):
        assert each not in text
        assert said in text
    answer = key.get(f"/cases/{case.pk}").json()
    assert (answer["turnover_probability"], answer["prediction_id"]) == (None, None)


def test_sheet_says_that_the_person_objected(hr):
    objection(hr)
    text = text_of(hr.get(reverse("employee_sheet", args=[WHO])).content)
    assert "Not scored: objection" in text
    assert "No score yet" not in text


def test_dossier_speaks_to_whoever_objected_of_what_was(hr):
    person = Employee.objects.get(employee_id=WHO)
    contest = receive(employee=person, kind=DataRequest.Kind.CONTEST, received_on=DAY, said="", user=hr.account)
    answer(request=contest, is_granted=False, text="It stands.", user=hr.account)
    objection(hr)
    person.refresh_from_db()
    with override("en"):
        (section,) = [
            each
            for each in document(dossier(person)).sections
            if each.title == "Your last score from before the objection"
        ]
    text = " ".join(section.paragraphs)
    assert re.search("the estimated probability that you leave .* was ", text)
    assert "HR looked first at those" in text
    assert "HR looks first" not in text
    assert "You contested the score of" in text
    assert "The person contested" not in text


def test_small_number_of_objections_is_no_figure_of_the_management(hr, browse):
    objection(hr)
    shown = browse("Direction").get(reverse("overview")).text
    assert "1 person is left out" not in shown
    assert "Fewer than five people are left out" in shown


def test_call_by_number_is_refused_in_the_shape_of_errors(hr, api):
    objection(hr)
    before = Prediction.objects.count()
    refused = api.call(reverse("api-by-id", args=[WHO]))
    assert refused.status_code == 409
    assert refused.json()["detail"] == "This person is not scored: they objected to it."
    assert refused.json().keys() == {"detail", "request_id"}
    assert Prediction.objects.count() == before


def test_batch_reports_the_person_in_their_place(hr, api):
    objection(hr)
    given = api.call(reverse("api-batch"), {"employee_ids": [1, WHO, 99]}).json()
    assert [each.get("detail") for each in given] == [
        None,
        "This person is not scored: they objected to it.",
        "There are no clean features for this employee number.",
    ]


def test_scores_of_the_api_leave_the_person_out(hr, api):
    objection(hr)
    numbers = {row["employee_id"] for row in api.get(reverse("api-scores")).json()["results"]}
    assert numbers == set(OTHERS)


def test_list_of_the_command_says_why(hr):
    objection(hr)
    out = StringIO()
    call_command("list_employees", "--presence", "unscored", "--format", "csv", stdout=out)
    assert "objects since" in out.getvalue()


def test_objection_is_recorded_once(hr):
    objection(hr)
    with pytest.raises(HasObjected):
        objection(hr)
    sent = {"kind": "objection", "received_on": timezone.localdate().isoformat(), "said": "again"}
    response = hr.post(reverse("employee_rights", args=[WHO]), sent)
    assert response.status_code == 422
    assert "This person has objected already" in response.text
    assert DataRequest.objects.count() == 1


def test_objection_that_is_refused_has_no_effect_any_more(hr):
    answer(request=objection(hr), is_granted=False, text="compelling grounds", user=hr.account)
    assert WHO in scored(score_employees())


def test_objection_that_ends_is_recorded_and_the_person_scored_again(hr):
    made = objection(hr)
    answer(request=made, is_granted=True, text="of course", user=hr.account)
    score_employees()
    page = reverse("requests_request", args=[made.pk])
    assert hr.post(page, {"act": "end", "word": ""}).status_code == 422
    assert hr.post(page, {"act": "end", "word": "the person changed their mind"}).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.answer) == ("ended", "of course")
    assert [change.word for change in made.changes.all()][-1] == "the person changed their mind"
    assert is_scoring_due()
    assert WHO in scored(score_employees())
    assert people.left_out(Scope.EVERYONE) == 0
    assert ScoringRun.objects.count() == 3


def test_end_of_what_is_not_granted_is_refused(hr):
    page = reverse("requests_request", args=[objection(hr).pk])
    late = hr.post(page, {"act": "end", "word": "x"})
    assert late.status_code == 422
    assert "Somebody else has changed this request meanwhile" in late.text
