"""The report for the management: what it says, the same on the screen and on paper, and what it hides."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.urls import reverse

from employees.tests.extracts import DAY, load, load_all
from features.services import build_features
from predictions.formats import money
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
    (cost,) = [figure for figure in report.figures if figure.label == "Their cost"]
    for end in (company.expected_low, company.expected_high):
        assert money(end * 20_000) in cost.note
    assert "€20,000" in cost.note


def test_report_of_a_department_is_of_its_people_alone(company, browse):
    report = browse("Manager", "Consulting").get(SCREEN).context["report"]
    assert report.company.endswith("Consulting")
    assert report.figures[0].value == "36"
    assert [row.label for row in report.map_rows] == ["All", "Consulting"]


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
