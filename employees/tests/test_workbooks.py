import datetime
import io

import pandas as pd
import pytest
import xlsxwriter

from employees.columns import Extract
from employees.extracts import ExtractError, File, Refusal, read_extract, read_files, workbooks
from employees.extracts.workbooks import text_of
from employees.tests.files import rows_of, table
from employees.tests.firms import opendocument, workbook


def sheets(*extracts):
    return {extract.value: pd.DataFrame(rows_of(extract)) for extract in extracts}


@pytest.mark.parametrize("extract", Extract)
def test_sheet_reads_as_the_csv_file_does(extract):
    expected = read_extract(table(rows_of(extract))).frame
    found = read_extract(workbook(sheets(extract)))
    pd.testing.assert_frame_equal(found.frame, expected)
    assert (found.report.encoding, found.report.delimiter) == ("XLSX", "")
    found = read_extract(opendocument(rows_of(extract)))
    pd.testing.assert_frame_equal(found.frame, expected)
    assert found.report.encoding == "ODS"


def test_every_sheet_that_is_an_extract_is_read_and_others_are_left_out():
    tables = {"Notice": pd.DataFrame({"Lisez-moi": ["…"]}), **sheets(Extract.SONDAGE, Extract.SIRH)}
    found = read_files([File(workbook(tables, title=True), "rh.xlsx")])
    assert [extract.extract for extract in found] == [Extract.SIRH, Extract.SONDAGE]
    assert found[0].report.name == "rh.xlsx (sirh)"
    bad = {**tables, "sirh": tables["sirh"].assign(age="x")}
    assert {r.line for r in read_files([File(workbook(bad, title=True))])[0].rejects} == {4, 5, 6}


def test_one_extract_is_taken_out_of_a_workbook():
    content = workbook(sheets(Extract.SIRH, Extract.EVAL))
    assert read_extract(content, extract=Extract.EVAL).extract == Extract.EVAL
    with pytest.raises(ExtractError, match="Several sheets may be meant: sirh, eval"):
        read_extract(content)
    with pytest.raises(ExtractError, match="This is the sirh extract, not sondage"):
        read_extract(content, extract=Extract.SONDAGE)


def test_files_are_recognised_whatever_their_order_and_the_same_extract_twice_is_refused():
    eval_, sirh = (table(rows_of(extract)) for extract in (Extract.EVAL, Extract.SIRH))
    assert [found.extract for found in read_files([File(eval_), File(sirh)])] == [Extract.SIRH, Extract.EVAL]
    with pytest.raises(ExtractError, match=r"b\.csv: This is the sirh extract, and so is a\.csv\. Leave"):
        read_files([File(sirh, "a.csv"), File(sirh, "b.csv")])
    with pytest.raises(ExtractError, match="names no column of any extract"):
        read_files([File(b"a;b\n1;2\n")])


def test_file_that_is_no_workbook_is_refused():
    for content in (b"PK\x03\x04" + bytes(100), workbook(sheets(Extract.SIRH))[:-100]):
        with pytest.raises(ExtractError) as caught:
            read_extract(content)
        assert caught.value.refusal == Refusal.NOT_A_TABLE


def test_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "LARGEST", 1000)
    with pytest.raises(ExtractError, match="larger than"):
        read_extract(workbook(sheets(Extract.SIRH)))


def test_workbook_of_very_many_files_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ENTRIES", 3)
    with pytest.raises(ExtractError, match="cannot be read"):
        read_extract(workbook(sheets(Extract.SIRH)))


def test_workbook_without_rows_is_refused_as_empty():
    with pytest.raises(ExtractError) as caught:
        read_extract(workbook({"vide": pd.DataFrame()}))
    assert caught.value.refusal == Refusal.EMPTY


def test_hidden_sheet_is_not_read():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name in ("seen", "hidden"):
            sheet = book.add_worksheet(name)
            for line, row in enumerate([list(rows_of(Extract.SIRH)[0]), list(rows_of(Extract.SIRH)[0].values())]):
                sheet.write_row(line, 0, row)
        sheet.hide()
    assert len(read_files([File(content)])) == 1


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "Oui"),
        (False, "Non"),
        (41, "41"),
        (41.0, "41"),
        (1.299, "1.2990"),
        (0.11, "0.11"),
        (1e-7, "0.0000001"),
        (datetime.date(2026, 10, 31), "2026-10-31"),
        (datetime.datetime(2026, 10, 31), "2026-10-31 00:00:00"),  # noqa: DTZ001 - a sheet knows no zone
        (datetime.time(12, 30), "12:30:00"),
        (datetime.timedelta(hours=30), "1 day, 6:00:00"),
        ("Tech Lead", "Tech Lead"),
    ],
)
def test_cell_is_written_in_a_way_that_reads_one_way_only(cell, text):
    assert text_of(cell) == text
