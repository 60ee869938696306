import csv
import io
import tracemalloc
from datetime import datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.urls import reverse

from employees.access import WORK, Readable
from employees.tests.factories import WorkforceDayFactory
from features import readable_features, schema
from predictions.models import Prediction
from predictions.pages.people import exports
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures
from technova.files import spreadsheets

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def run():
    return ScoringRunFactory(threshold=0.2, created_at=NOON)


@pytest.fixture
def hr(browse):
    return browse("RH")


def download(client, kind, **state):
    write_figures()
    response = client.get(reverse(f"employees_{kind}"), state)
    assert response.status_code == 200
    return response


def csv_rows(response, delimiter=","):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def sheet_of(response):
    return openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content))).active


def numbers(client, kind, **state):
    """The employee numbers in a file."""
    response = download(client, kind, **state)
    if kind == "csv":
        return [int(row["Employee number"]) for row in csv_rows(response)]
    return [row[0].value for row in sheet_of(response).iter_rows(min_row=2)]


def rows_in(client, kind, language):
    """All rows of a file, the titles first."""
    response = client.get(reverse(f"employees_{kind}"), headers={"Accept-Language": language})
    if kind == "xlsx":
        return list(sheet_of(response).iter_rows(values_only=True))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";" if language == "fr" else ","))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_holds_exactly_what_is_filtered_in_the_order_shown(hr, run, kind):
    for number, probability in ((1, 0.9), (2, 0.5), (3, 0.1), (4, 0.7)):
        score(run, number, probability)
    score(run, 5, 0.95, poste="Manager")
    score(ScoringRunFactory(pk=run.pk - 1), 6)
    assert numbers(hr, kind, band="over", job="Consultant", sort="risk") == [2, 4, 1]
    assert numbers(hr, kind) == [5, 1, 4, 2, 3]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_of_more_than_one_chunk_holds_everyone_once(hr, run, kind, monkeypatch):
    monkeypatch.setattr(spreadsheets, "ROWS_AT_A_TIME", 2)
    for number in range(1, 6):
        score(run, number)
    assert numbers(hr, kind, sort="number") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_of_a_manager_never_leaves_the_departments(browse, run, kind):
    score(run, 1)
    score(run, 2, departement="Commercial")
    manager = browse("Manager", "Commercial")
    assert numbers(manager, kind) == [2]
    assert numbers(manager, kind, number="1") == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_of_an_invalid_filter_leads_to_the_list_that_names_it(hr, run, kind):
    score(run, 1)
    response = hr.get(reverse(f"employees_{kind}"), {"band": "extreme"}, follow=True)
    assert response.redirect_chain == [("/employees/?band=extreme", 302)]
    assert "Select a valid choice" in response.content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_before_the_first_run_leads_to_the_list(hr, kind):
    assert hr.get(reverse(f"employees_{kind}")).url == "/employees/"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_needs_a_login(client, kind):
    assert client.get(reverse(f"employees_{kind}")).status_code == 302


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_is_named_by_the_date_of_the_run(hr, run, kind):
    score(run, 1)
    assert download(hr, kind)["Content-Disposition"] == f'attachment; filename="technova-risk-list-2026-03-02.{kind}"'


def test_csv_says_everything_in_words(hr, run):
    score(run, 7, 0.7, low=0.5, high=0.81, main_reason="heures_supplementaires", second_reason="revenu_mensuel")
    (row,) = csv_rows(download(hr, "csv"))
    assert row == {
        "Employee number": "7",
        "Department": "Consulting",
        "Job": "Consultant",
        "Probability": "0.7000",
        "Low end of the interval": "0.5000",
        "High end of the interval": "0.8100",
        "Not enough data for an interval": "No",
        "Risk": "Very high",
        "Over the threshold": "Yes",
        "Main reason": "Works overtime",
        "Second reason": "Monthly income: €5,993",
        "Scored at": "2026-03-02 12:30",
        "Model version": run.model_version,
        "Within (months)": "no horizon",
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (None, [("Pay and survey answers", ""), ("Pay and survey answers", "Works overtime")]),
        ("MANAGERS_SEE_PAY", [("Monthly income: €5,993", "Survey answers"), ("Works overtime", "Survey answers")]),
    ],
)
def test_export_tells_a_manager_hidden_reasons_without_their_values(browse, run, settings, kind, granted, expected):
    if granted:
        setattr(settings, granted, True)
    pay = {"revenu_mensuel": 0.5, "satisfaction_moyenne": 0.4, "distance_domicile_travail": -0.6}
    overtime = {"heures_supplementaires": 0.1, "ratio_heures_sup_salaire": 0.5, "satisfaction_moyenne": 0.2}
    score(run, 1, 0.9, main_reason="revenu_mensuel", second_reason="satisfaction_moyenne", contributions=pay)
    score(run, 2, 0.8, second_reason="satisfaction_moyenne", contributions=overtime)
    _titles, *rows = rows_in(browse("Manager", "Consulting"), kind, "en")
    assert [tuple(text or "" for text in row[9:11]) for row in rows] == expected


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_holds_those_alone_who_are_still_present(hr, browse, run, kind):
    for number, presence in enumerate(("present", "left", "absent", "present", "left"), start=1):
        score(run, number, departement=("Commercial", "Consulting")[number > 2], employee__presence=presence)
    WorkforceDayFactory()
    assert numbers(hr, kind, sort="number") == [1, 4]
    assert numbers(hr, kind, number="2 4") == [4]
    assert numbers(browse("Manager", "Commercial"), kind) == [1]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("language", "title", "yes", "no"),
    [
        ("en", "Not enough data for an interval", "Yes", "No"),
        ("fr", "Trop peu de données pour un intervalle", "Oui", "Non"),
    ],
)
def test_export_gives_no_interval_where_the_page_gives_none(hr, run, kind, language, title, yes, no):
    score(run, 1, 0.9, low=0.8, high=0.95, is_extrapolated=True)
    score(run, 2, 0.7, low=0.5, high=0.75)
    rows = rows_in(hr, kind, language)
    assert [row[6] for row in rows] == [title, yes, no]
    assert not any(rows[1][4:6])
    assert all(rows[2][4:6])
    assert rows[1][7] == {"en": "Not enough data", "fr": "Données insuffisantes"}[language]


def test_csv_leaves_what_is_unknown_empty(hr, run):
    score(run, 7, main_reason="", second_reason="")
    (row,) = csv_rows(download(hr, "csv"))
    empty = ("Low end of the interval", "High end of the interval", "Main reason", "Second reason")
    assert [row[name] for name in empty] == [""] * 4


def test_csv_in_french_suits_a_french_excel(hr, run):
    score(run, 7, 0.7)
    write_figures()
    response = hr.get(reverse("employees_csv"), headers={"Accept-Language": "fr"})
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.reader(io.StringIO(content.decode("utf-8-sig").splitlines()[1]), delimiter=";")
    assert row[3] == "0,7000"


def test_xlsx_has_numbers_percentages_and_dates(hr, run):
    score(run, 7, 0.7)
    number, _department, _job, probability, *_others, scored_at, version, horizon = sheet_of(download(hr, "xlsx"))[2]
    assert (number.value, number.data_type) == (7, "n")
    assert (probability.value, probability.number_format) == (0.7, "0.0%")
    assert scored_at.value == NOON.replace(tzinfo=None)
    assert version.value == run.model_version
    assert horizon.value == "no horizon"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "  =1", "＝1"])
def test_export_cell_cannot_become_a_formula(hr, run, monkeypatch, kind, text):
    score(run, 7)
    monkeypatch.setattr(exports, "phrase", lambda feature, value: text)
    response = download(hr, kind)
    if kind == "csv":
        assert csv_rows(response)[0]["Main reason"].startswith("'")
    else:
        cell = sheet_of(response)[2][9]
        assert cell.data_type == "s"
        assert cell.value.startswith("'")


@pytest.mark.parametrize("text", ["a < b & c > d", ' two  spaces "quoted" ', "é\N{NARROW NO-BREAK SPACE}€ 🙂", "a\nb"])
def test_xlsx_keeps_every_text_as_it_is(hr, run, monkeypatch, text):
    score(run, 7)
    monkeypatch.setattr(exports, "phrase", lambda feature, value: text)
    assert sheet_of(download(hr, "xlsx"))[2][9].value == text


def test_xlsx_keeps_text_that_looks_like_its_own_escape(hr, run, monkeypatch):
    score(run, 7)
    monkeypatch.setattr(exports, "phrase", lambda feature, value: "_x003D_1+1")
    assert sheet_of(download(hr, "xlsx"))[2][9].value == "_x005F_x003D_1+1"  # openpyxl shows what Excel would decode


@pytest.mark.parametrize("language", ["en", "fr"])
def test_csv_opened_with_another_separator_has_no_formula(hr, run, monkeypatch, language):
    score(run, 7)
    write_figures()
    monkeypatch.setattr(exports, "phrase", lambda feature, value: "a;=1+1;b,=1+1,c\t=1+1")
    response = hr.get(reverse("employees_csv"), headers={"Accept-Language": language})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    for delimiter in ",;\t":
        cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("readable", [Readable.EVERYTHING, Readable.of_matters([WORK])], ids=["HR", "manager"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_memory_does_not_grow_with_the_list(run, kind, readable, monkeypatch):
    monkeypatch.setattr(spreadsheets, "ROWS_AT_A_TIME", 100)
    score(run, 1)
    one = Prediction.objects.get()
    line = [getattr(one.features, name) for name in exports._REASONS if readable_features.reads(readable, name)]
    why = ["age", "revenu_mensuel"] if readable.reads_everything else [{"age": 0.2, "nb_formations_suivies": 0.5}]
    values = [1, "Consulting", "Consultant", 0.5, 0.4, 0.6, False, *why, *line]

    class Long:
        """A list of many people without a database."""

        def __init__(self, length):
            self.length = length

        def count(self):
            return self.length

        def values_list(self, *fields):
            return self

        def iterator(self, chunk_size):
            return (values for _ in range(self.length))

    def peak(length):
        tracemalloc.start()
        parts = exports.parts(kind, run, Long(length), readable)
        size = sum(len(part) for part in parts)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, peak

    peak(10)
    (small, before), (large, after) = peak(400), peak(3_000)
    assert large > 4 * small
    assert after < before * 1.5


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_sends_its_first_bytes_before_it_reads_anyone(run, kind, django_assert_num_queries):
    score(run, 1)
    parts = exports.parts(kind, run, Prediction.objects.all(), Readable.EVERYTHING)
    with django_assert_num_queries(0):
        assert next(parts)


def test_xlsx_filters_the_lines_there_are(hr, run):
    for number in range(1, 4):
        score(run, number)
    assert sheet_of(download(hr, "xlsx")).auto_filter.ref == "A1:N4"


def test_export_reads_the_features_that_reasons_name():
    assert set(exports._REASONS) <= set(schema.FEATURE_NAMES)
