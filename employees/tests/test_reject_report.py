import csv
import io

import pytest
from django.utils import translation

from employees.extracts import Reject, read_extract
from employees.messages import Message
from employees.reject_report import write_rejects
from employees.tests.files import extracts


def written(rejects):
    file = io.StringIO()
    write_rejects(rejects, file)
    return list(csv.reader(io.StringIO(file.getvalue().removeprefix("\N{BYTE ORDER MARK}"), newline="")))


def test_rejects_report_names_file_line_column_value_and_rule():
    result = read_extract(extracts(age="12")["sirh"], name="extrait_sirh.csv")
    with translation.override("en"):
        assert written(result.rejects) == [
            ["file", "line", "column", "value", "rule"],
            ["extrait_sirh.csv", "3", "age", "12", "a whole number between 16 and 80"],
        ]


@pytest.mark.parametrize("value", ["=1+1", "+33 6", "-5 %", "@SUM(A1)", " =1+1"])
def test_rejects_report_cannot_run_as_a_formula_in_a_spreadsheet(value):
    rows = written([Reject("f.csv", 2, "age", value, Message("a rule"))])
    assert rows[1][3] == f"'{value}"


def test_rejects_report_keeps_a_negative_number():
    assert written([Reject("f.csv", 2, "age", "-5", Message("a rule"))])[1][3] == "-5"


def test_rejects_report_says_that_a_whole_row_is_meant():
    with translation.override("fr"):
        rows = written([Reject("f.csv", 2, "", "1,2", Message("a rule"))])
    assert rows[1][2] == "(la ligne entière)"


def test_rejects_report_quotes_delimiters_and_line_breaks():
    value = 'a,"b"\nc;d'
    assert written([Reject("f.csv", 2, "age", value, Message("a rule"))])[1][3] == value
