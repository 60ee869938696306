"""The compliance file: documents that follow the installation's facts, and ask for those that are missing."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from employees.access import Scope, roles_in_words
from employees.tests.extracts import load
from employees.tests.factories import EmployeeFactory
from features.services import switch_off
from features.tests.factories import EmployeeFeaturesFactory
from predictions.compliance.models import CompanyFact, Incident
from predictions.compliance.questions import BY_NAME
from predictions.compliance.services import answers, record_answers
from predictions.keys.services import create_api_key
from predictions.pages.compliance.documents import DOCUMENTS
from predictions.registry import forget_decisions
from predictions.services import score_employees
from predictions.tests.test_report import text_of, words

pytestmark = pytest.mark.django_db

INDEX, ANSWERS, PIA = reverse("compliance"), reverse("compliance_answers"), reverse("compliance_pia")
INCIDENT = reverse("compliance_incident")


def page_of(name: str) -> str:
    return reverse("compliance_document", args=[name])


def shown(client, name: str) -> str:
    return " ".join(client.get(page_of(name)).content.decode().split())


@pytest.fixture
def officer(browse):
    return browse("RH")


@pytest.fixture
def company(started):
    for number in range(1, 7):
        EmployeeFeaturesFactory(employee=EmployeeFactory(employee_id=number))
    return score_employees()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_the_same_on_the_screen_and_as_pdf(company, officer, name):
    document = officer.get(page_of(name)).context["document"]
    pdf = officer.get(reverse("compliance_pdf", args=[name]))
    text = words(text_of(pdf.content))
    assert pdf["Content-Type"] == "application/pdf"
    assert words(document.title) in text
    for section in document.sections:
        assert words(section.title) in text
        for sentence in (*section.paragraphs, *section.bullets):
            assert words(sentence)[:60] in text


def test_auditor_reads_the_people_of_the_documents_in_fives(company, officer, browse):
    for client, people in ((officer, 6), (browse("Auditeur"), 5)):
        assert f"It covers {people} people present on" in shown(client, "impact-assessment")
        assert f"{people} people present on" in client.get(PIA).content.decode()


def test_unknown_document_is_not_found(officer):
    assert officer.get(page_of("nothing")).status_code == 404


def test_missing_fact_is_asked_for_until_it_is_given(company, officer):
    asked = "To be completed by the company: Data protection officer"
    assert asked in shown(officer, "register-entry")
    record_answers(given={"dpo": "Claire <Martin>, dpo@example.fr"}, user=officer.account)
    text = shown(officer, "register-entry")
    assert asked not in text
    assert "Data protection officer: Claire &lt;Martin&gt;, dpo@example.fr" in text


@pytest.mark.parametrize(
    ("setting", "value", "before", "after"),
    [
        ("MANAGERS_SEE_PAY", True, "Managers read no pay.", "Managers read the pay of the people"),
        ("NOTES_MONTHS", 7, "24 months", "7 months"),
        ("TWO_PEOPLE_PROMOTE", True, "One person can put a version", "is put in use by two people"),
        ("SECURE_SSL_REDIRECT", True, "HTTPS is not enforced", "Pages are served over HTTPS alone"),
        ("SECOND_FACTOR_ROLES", ["staff"], "No second factor is required", "A second factor is required of: staff."),
        ("NOTES_KEYS", ["k" * 32], "Notes of talks cannot be written", "Notes of talks are encrypted"),
    ],
)
def test_changed_setting_changes_its_sentence(company, officer, settings, setting, value, before, after):
    def file() -> str:
        return shown(officer, "works-council") + shown(officer, "register-entry")

    assert before in file()
    setattr(settings, setting, value)
    officer.defaults["wsgi.url_scheme"] = "https"
    assert after in file()
    assert before not in file()


def test_column_that_is_switched_off_leaves_the_documents(company, officer):
    assert "Years with the current manager" in shown(officer, "register-entry")
    assert "has children" in shown(officer, "register-entry").lower()
    switch_off(column="ayant_enfants", reason="not needed", user=officer.account)
    text = shown(officer, "works-council")
    assert "Switched off here, so neither stored nor asked for: Has children." in text


def test_manager_and_site_are_said_to_decide_who_sees_whom(company, officer):
    text = shown(officer, "works-council")
    assert "accounts see the team of a person by it" in text
    assert "Lists and figures of teams are narrowed by it. No score uses it." in text
    assert "in their sheet and in what is handed out to them" in text


@pytest.mark.parametrize("name", ["works-council", "register-entry", "notice"])
def test_readers_are_those_of_the_page_of_roles_and_superusers(company, officer, django_user_model, name):
    for number in range(3):
        django_user_model.objects.create_superuser(f"root{number}").groups.set(officer.account.groups.all())
    tables = [section.table for section in officer.get(page_of(name)).context["document"].sections]
    rows = {row[0]: row for table in tables if table and table.header[1] == "Sees" for row in table.rows}
    assert {group: row[1] for group, row in rows.items()} == {each.group: each.sees for each in roles_in_words()}
    assert "the team of the directory" in rows["Manager"][1]
    assert {group: row[-1] for group, row in rows.items() if row[-1] != "0"} == {"RH": "1", "superuser": "3"}
    assert "the people of its departments" not in shown(officer, name)


@pytest.mark.parametrize("name", ["works-council", "register-entry", "notice"])
def test_api_keys_in_force_are_listed(company, officer, name):
    assert "No API key is in force." in shown(officer, name)
    of_consulting = Scope.of_departments(["Consulting"])
    create_api_key(name="Tableau de bord", owner="BI", scope=of_consulting, can_predict=False)
    create_api_key(name="Ancienne", owner="BI", scope=Scope.EVERYONE)[0].revoke()
    text = shown(officer, name)
    assert "No API key is in force." not in text
    assert "reads every column of the people named beside it" in text
    assert "Ancienne" not in text
    (table,) = (
        section.table
        for section in officer.get(page_of(name)).context["document"].sections
        if section.title == "Which systems have an API key"
    )
    assert table.rows == [["Tableau de bord", "read", "Consulting"]]


def test_notice_names_what_is_kept_for_no_score_and_where_it_comes_from(company, officer):
    text = shown(officer, "notice")
    (kept,) = re.findall("no score is calculated from it: ([^<]*)", text)
    assert {"Has children", "Hours worked", "Site", "Manager&#x27;s number"} <= set(kept.rstrip(".").split(", "))
    assert "the survey and the directory" not in text
    load(annuaire={1: {"site": "Lyon"}})
    assert "the survey and the directory" in shown(officer, "notice")


def test_assessment_says_when_a_person_is_erased(company, officer, settings):
    settings.CLAIMS_MONTHS = 31
    assert "for 31 months after the departure" in shown(officer, "impact-assessment")


@pytest.mark.parametrize("name", ["council_on", "informed_on"])
def test_day_that_is_still_to_come_is_refused_with_a_word(officer, name):
    answer = officer.post(ANSWERS, {"dpo": "A", name: f"{localdate() + timedelta(days=1)}"})
    assert (answer.status_code, CompanyFact.objects.count()) == (422, 0)
    assert answer.context["form"].errors[name] == ["This day is still to come."]


def test_answers_are_kept_with_who_gave_them_and_the_newest_holds(officer):
    given = {"dpo": "A", "controller": "B", "council_on": "2026-10-01", "access_severity": "3"}
    officer.post(ANSWERS, given)
    officer.post(ANSWERS, given | {"dpo": "C", "controller": ""})
    assert answers() == {"dpo": "C", "council_on": "2026-10-01", "access_severity": "3"}
    assert CompanyFact.objects.filter(name="council_on").count() == 1
    assert {row.recorded_by for row in CompanyFact.objects.all()} == {officer.account}


def test_answer_outside_its_choices_is_refused_and_nothing_recorded(officer):
    answer = officer.post(ANSWERS, {"dpo": "A", "access_severity": "9"})
    assert (answer.status_code, CompanyFact.objects.count()) == (422, 0)


def test_pages_say_that_the_consultation_is_not_recorded_until_its_day_is(company, officer):
    said = "Works council: consultation not recorded."
    for path in (reverse("overview"), reverse("employees"), INDEX):
        assert said in officer.get(path).content.decode()
    officer.post(ANSWERS, {"council_on": "2026-10-01"})
    forget_decisions()
    for path in (reverse("overview"), reverse("employees")):
        assert said not in officer.get(path).content.decode()
    assert "The works council gave its opinion on 1 October 2026." in officer.get(INDEX).content.decode()


def test_pia_file_has_the_format_of_the_tool(company, officer):
    record_answers(given={"hosting": "Paris & Lyon", "change_likelihood": "2"}, user=officer.account)
    file = json.loads(officer.get(PIA).content)
    assert file.keys() == {"pia", "answers", "measures", "evaluations", "comments"}
    found = {answer["reference_to"]: answer["data"] for answer in file["answers"]}
    context, principles = {111, 112, 113, 121, 122, 123}, {*range(211, 216), *range(221, 228)}
    assert found.keys() == context | principles | {300 + 10 * risk + n for risk in (2, 3, 4) for n in range(1, 7)}
    assert "<p>Where it runs: Paris &amp; Lyon</p>" in found[123]["text"]
    assert (found[336]["gauge"], found[335]["gauge"]) == (2, None)
    assert found[324]["list"]
    assert {item["title"] for item in file["measures"]} >= set(found[324]["list"])


def test_incident_is_recorded_and_stands_in_the_log(company, officer):
    day = localdate() - timedelta(days=3)
    officer.post(
        INCIDENT,
        {
            "kind": "access",
            "happened_on": f"{day}",
            "noticed_on": f"{localdate()}",
            "people": "12",
            "what": "An export was sent to the wrong address.",
            "measures": "It was deleted there.",
        },
    )
    assert Incident.objects.get().recorded_by == officer.account
    text = shown(officer, "incidents")
    assert "An export was sent to the wrong address." in text
    assert "People concerned: 12" in text
    assert "Incidents recorded: 1." in shown(officer, "technical-documentation")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"noticed_on": "2026-01-01"}, "noticed_on"),
        ({"noticed_on": "2999-01-01"}, "noticed_on"),
        ({"what": ""}, "what"),
        ({"people": "-1"}, "people"),
    ],
)
def test_impossible_incident_is_refused_with_a_word(officer, change, field):
    given = {"kind": "loss", "happened_on": "2026-02-01", "noticed_on": "2026-02-02", "what": "x", "measures": "y"}
    answer = officer.post(INCIDENT, given | change)
    assert (answer.status_code, Incident.objects.count()) == (422, 0)
    assert answer.context["form"].errors[field]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_take_few_queries(company, officer, name, django_assert_max_num_queries):
    officer.get(page_of(name))
    with django_assert_max_num_queries(12):
        officer.get(page_of(name))


def test_every_question_is_asked_in_some_document(company, officer):
    asked = {label for name in DOCUMENTS for label in officer.get(page_of(name)).context["document"].missing}
    assert asked >= {str(question.label) for question in BY_NAME.values() if question.kind != "choice"} - {
        "The data protection officer's opinion",  # of the file for the tool alone
        "What employees or their representatives think of it",
    }
