"""The report for the management: what it says, the same on the screen and on paper, and what it hides."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db.models import Avg
from django.urls import reverse

from employees.tests.extracts import DAY, load, load_all
from features.services import build_features
from predictions.decisions.costs import Range, set_costs
from predictions.formats import money_range
from predictions.models import ThresholdDecision
from predictions.pages.report import report_page
from predictions.registry import forget_decisions
from predictions.services import score_employees
from technova.files import typesetting

pytestmark = pytest.mark.django_db
SCREEN, PDF = reverse("report"), reverse("report_pdf")


@pytest.fixture
def company(started, settings):
    """Sixty people in three departments, one of them of four; seven left in a month, two in another."""
    settings.COMPANY_NAME = "Ateliers <Dupont> & fils"
    people = {}
    for number in range(1, 61):
        department = "Consulting" if number <= 36 else "Commercial" if number <= 56 else "Ressources Humaines"
        people[number] = {"departement": department, "poste": "Manager", "heures_supplementaires": number % 2 == 0}
    gone = {number: {"departement": "Consulting"} for number in range(61, 70)}
    load_all(DAY - timedelta(days=100), people | gone)
    load_all(DAY, people)
    exits = {number: DAY - timedelta(days=10 if number < 68 else 45) for number in gone}
    load(DAY, annuaire={number: {"date_sortie": day, "nom": "Zorglub"} for number, day in exits.items()})
    build_features()
    return score_employees()


def text_of(document: bytes, *, first: int = 1) -> str:
    """The text of a PDF from a page on, as a reader finds it."""
    command = ["pdftotext", "-layout", "-f", f"{first}", "-", "-"]
    return subprocess.run(command, input=document, capture_output=True, check=True).stdout.decode()


def pages_of(document: bytes) -> list[str]:
    return text_of(document).removesuffix("\f").split("\f")


def info_of(document: bytes) -> str:
    return subprocess.run(["pdfinfo", "-"], input=document, capture_output=True, check=True).stdout.decode()


def words(text: str) -> str:
    """A text without line breaks and hyphens at their ends, nor kinds of blanks."""
    return re.sub(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+", " ", re.sub(r"-\n\s*", "", text))


def test_pdf_holds_the_sentences_and_figures_of_the_screen(company, browse):
    client = browse("RH")
    report = client.get(SCREEN).context["report"]
    document = client.get(PDF)
    text = words(text_of(document.content))
    assert document["Content-Type"] == "application/pdf"
    for sentence in (*report.sentences, *(figure.value for figure in report.figures), report.period, report.company):
        assert words(sentence) in text
    for section in report.sections:
        assert words(section.paragraphs[0]) in text


def test_report_counts_the_company(company, browse):
    report = browse("RH").get(SCREEN).context["report"]
    values = {figure.label: figure.value for figure in report.figures}
    assert values["People present"] == "60"
    assert values["Left in 3 months"] == "9"
    assert "9 people left" in report.sentences[0]


def test_month_of_few_departures_is_hidden_with_another(company, browse):
    report = browse("RH").get(SCREEN).context["report"]
    assert {month.text for month in report.months} <= {"0", "–"}
    assert [month.text for month in report.months].count("–") == 2


def test_small_department_is_hidden_with_another_on_the_map(company, browse):
    report = browse("RH").get(SCREEN).context["report"]
    of_row = {row.label: row.cells[0].text for row in report.map_rows}
    assert of_row["Human resources"] == of_row["Sales"] == "–"
    assert of_row["Consulting"] != "–"


def test_report_names_nobody(company, browse):
    client = browse("RH")
    assert "Zorglub" not in client.get(SCREEN).content.decode()
    assert "Zorglub" not in text_of(client.get(PDF).content)


@pytest.mark.parametrize(
    ("language", "title", "page"),
    [("fr", "Rapport sur le turnover", "Page 1 sur"), ("en", "Turnover report", "Page 1 of")],
)
def test_pdf_is_in_the_readers_language_with_numbered_pages_none_of_them_empty(company, browse, language, title, page):
    client = browse("RH")
    client.cookies["django_language"] = language
    pages = pages_of(client.get(PDF).content)
    assert title in pages[0]
    assert page in pages[0]
    assert all(len(re.sub(r"\s", "", each)) > 250 for each in pages)


def test_pdf_tells_no_path_and_names_author_and_title(company, browse):
    client = browse("RH")
    client.account.first_name, client.account.last_name = "Ada", "Martin"
    client.account.save()
    document = client.get(PDF).content
    info = info_of(document)
    assert "Turnover report · Ateliers <Dupont> & fils" in info
    assert re.search(r"Author:\s+Ada Martin", info)
    assert "/" not in re.sub(r"(?m)^(Page size|.*Date|Producer|Creator):.*$", "", info)
    assert b"/work" not in document
    assert b"/templates" not in document


def test_cost_is_told_where_hr_has_set_one(company, browse):
    client = browse("RH")
    assert "Their cost" not in client.get(SCREEN).content.decode()
    ThresholdDecision.objects.create(
        rule="cost",
        departure=20_000,
        talk=500,
        chance=0.2,
        threshold=company.threshold,
        flagged=1,
        people=60,
        model_version=company.model_version,
        reason="a trial",
        decided_by=client.account,
    )
    forget_decisions()
    report = client.get(SCREEN).context["report"]
    (cost,) = [figure for figure in report.figures if figure.label == "Their cost, within 12 months"]
    low, high = company.expected_low * 20_000, company.expected_high * 20_000
    assert cost.value == money_range(low, high)
    assert "€20,000 each" in cost.note


@pytest.mark.parametrize(("unit", "ends"), [("amount", (10_000, 30_000)), ("months", (2, 6))])
def test_cost_is_a_range_by_the_companys_figures(company, browse, unit, ends):
    hr = browse("RH")
    set_costs(unit=unit, departure=Range(*ends), actions={}, reason="ours", user=hr.account)
    scored = company.predictions.aggregate(pay=Avg("features__revenu_mensuel"))
    each = money_range(*ends) if unit == "amount" else money_range(2 * scored["pay"], 6 * scored["pay"])
    (cost,) = [figure for figure in hr.get(SCREEN).context["report"].figures if figure.label.startswith("Their cost")]
    assert each in cost.note
    manager = browse("Manager", "Consulting").get(SCREEN).context["report"]
    told = any(figure.label.startswith("Their cost") for figure in manager.figures)
    assert told is (unit == "amount")  # months of pay would tell the mean pay


def test_report_of_a_department_is_of_its_people_alone(company, browse):
    report = browse("Manager", "Consulting").get(SCREEN).context["report"]
    assert report.company.endswith("Consulting")
    assert report.figures[0].value == "36"
    assert [row.label for row in report.map_rows] == ["All", "Consulting"]


def test_report_of_a_company_without_a_name_tells_the_departments_or_how_many(company, browse, settings):
    settings.COMPANY_NAME = ""
    assert browse("RH").get(SCREEN).context["report"].company == ""
    assert browse("Manager", "Commercial", "Consulting").get(SCREEN).context["report"].company == "Sales and Consulting"
    client = browse("Manager", "Consulting", *(f"Department {number}" for number in range(299)))
    assert client.get(SCREEN).context["report"].company == "300 departments"
    assert "Confidential · " in text_of(client.get(PDF).content)
    assert "· ·" not in text_of(client.get(PDF).content)


def test_auditor_reads_the_report_of_the_company(company, browse):
    client = browse("Auditeur")
    assert client.get(SCREEN).context["report"].figures[0].value == "60"
    assert client.get(PDF).status_code == 200


def test_report_before_the_first_run_says_when_it_comes(browse):
    client = browse("RH")
    assert "They come with the next scoring run" in client.get(SCREEN).content.decode()
    assert client.get(PDF).status_code == 302


def test_report_that_cannot_be_set_leads_to_the_page_with_a_word(company, browse, monkeypatch, tmp_path):
    broken = tmp_path / "broken.typ"
    broken.write_text("#nothing")
    monkeypatch.setattr(report_page, "SOURCE", broken)
    answer = browse("RH").get(PDF, follow=True)
    assert "The PDF could not be made" in answer.content.decode()


def test_axis_of_the_two_periods_is_told_on_the_screen_and_in_the_pdf(started, browse):
    people = {number: {"departement": "Consulting", "poste": "Manager"} for number in range(1, 121)}
    gone = {number: {"departement": "Consulting"} for number in range(121, 132)}
    load_all(DAY - timedelta(days=400), people | gone)
    load_all(DAY, people)
    load(DAY, annuaire={number: {"date_sortie": DAY - timedelta(days=20)} for number in gone})
    build_features()
    score_employees()
    client = browse("RH")
    report = client.get(SCREEN).context["report"]
    (row,) = report.beside
    assert row.real == "11"
    assert int(report.beside_most) >= 11
    assert max(row.high_at, row.real_at) == pytest.approx(1, abs=0.1)
    assert re.search(rf"\b0 +{report.beside_most}\b", text_of(client.get(PDF).content))


def test_data_is_never_taken_for_code(tmp_path):
    source = tmp_path / "source.typ"
    source.write_text("#let data = json(bytes(sys.inputs.data))\n#data.text")
    text = "#panic() = *not bold* $x$ @ref \\ é"
    assert text in text_of(typesetting.pdf(source, {"text": text}))


def test_pdf_that_takes_too_long_is_an_error(tmp_path, monkeypatch):
    source = tmp_path / "source.typ"
    source.write_text("#let i = 0\n#while i < 100000 { i += 1 }\n" * 400)
    monkeypatch.setattr(typesetting, "SECONDS", 0.01)
    with pytest.raises(typesetting.TypesettingError, match="more than"):
        typesetting.pdf(source, {})


def test_setting_a_pdf_imports_nothing_heavy_into_the_server(company, browse):
    browse("RH").get(PDF)
    assert "typst" not in sys.modules


def test_report_says_what_an_expected_departure_is_and_that_nobody_to_be_hired_is_counted(company, browse):
    client = browse("RH")
    report = client.get(SCREEN).context["report"]
    text = words(text_of(client.get(PDF).content))
    (note, *_tested) = report.notes
    assert note.startswith("An expected departure is a resignation, or a departure whose reason is not known")
    assert words(note) in text
    (method,) = [section.paragraphs for section in report.sections if section.title == "How it is made"]
    assert any("those of people to be hired are no part of it" in paragraph for paragraph in method)
    assert "departures are expected, between" in report.sentences[1]
    assert "resignations are expected" not in text


def test_report_gives_the_warning_of_today_to_who_sees_the_company(company, browse):
    client = browse("RH")
    (_definition, warning) = client.get(SCREEN).context["report"].notes
    assert "may leave than expected." in warning
    assert warning in client.get(reverse("overview")).context["beside_last_year"]
    assert words(warning) in words(text_of(client.get(PDF).content))
    of_department = browse("Manager", "Consulting").get(SCREEN).context["report"]
    assert len(of_department.notes) == 1
    assert warning not in str(of_department)


def test_chart_of_two_periods_is_not_named_a_test_of_the_forecast(company, browse):
    report = browse("RH").get(SCREEN).context["report"]
    assert report.beside_title == "The last 12 months and the next 12"
    assert report.beside_most == ""  # no whole year is known
    assert report.beside_legend == ["Expected, next 12 months", "Left, last 12 months"]
    assert "two different periods" in report.beside_note
