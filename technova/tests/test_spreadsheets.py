import csv
import io
import random
import time

import pytest

from technova.files.spreadsheets import inert, streamed_csv

SEPARATORS = [",", ";", "\t"]
SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
NASTY = [*"=+-@＝＋－＠,;\t\r\n\"' a1", "\r\n", '"=', ";=", ",-"]


def written(rows, delimiter=","):
    return "".join(streamed_csv(rows, delimiter)).removeprefix("\N{BYTE ORDER MARK}")


def cells(text, delimiter):
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]


def formulas(text, delimiter):
    """The cells that a spreadsheet would run, with or without the blanks before them."""
    return [cell for cell in cells(text, delimiter) if cell.startswith(SIGNS) or cell.strip().startswith(SIGNS)]


@pytest.mark.slow
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("opened_with", SEPARATORS)
def test_no_text_becomes_a_formula_whatever_the_file_is_opened_with(delimiter, opened_with):
    chance = random.Random(11)
    for _try in range(5_000):
        rows = [["".join(chance.choices(NASTY, k=chance.randrange(9))) for _cell in range(3)] for _row in range(2)]
        text = written([["a", *row] for row in rows], delimiter)
        assert not [cell for cell in formulas(text, opened_with) if not cell.removeprefix("-").isdigit()], rows


@pytest.mark.parametrize("text", ["a;=1+1;", "a,=1+1", "a\t=1+1", "a\n=1+1", 'a;"=1+1"', "a; =1+1", "a;＝1+1", "a;-5"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_formula_after_a_separator_is_inert(delimiter, text):
    file = written([["first", text, "last"]], delimiter)
    assert [formulas(file, separator) for separator in SEPARATORS] == [[], [], []]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "  =1", "＝1", '"=1'])
def test_formula_at_the_start_is_inert(text):
    assert inert(text).startswith("'")


@pytest.mark.parametrize(
    "text", ["", "Works overtime", "Conseil, Paris", "a;b", "a\r\nb", "one - two", "x=1", "2026-03-02 12:30", "a@b.fr"]
)
def test_ordinary_text_stays_as_it_is(text):
    assert inert(text) == text


@pytest.mark.parametrize("text", ["-5", "-0.25", "-0,25", "-1e-05", "7", "0,7"])
def test_number_stays_a_number(text):
    assert inert(text) == text


@pytest.mark.parametrize("text", ["\n" * 1_000_000, "a;" + " " * 1_000_000, '"' * 1_000_000 + "\t=1"])
def test_very_long_text_is_read_once(text):
    started = time.perf_counter()
    inert(text)
    assert time.perf_counter() - started < 5


def test_every_field_is_quoted():
    assert written([["a", 7, -0.5, None, True]]) == '"a","7","-0.5","","True"\r\n'


def test_ordinary_rows_are_read_as_they_were_written():
    row = ["Conseil, Paris", 'l’« audit »; "ERP"', "a\nb", "-3,5", "12"]
    for delimiter in (",", ";"):
        assert cells(written([row], delimiter), delimiter) == row
