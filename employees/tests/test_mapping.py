import json

import pandas as pd
import pytest

from employees.columns import Extract, columns_of
from employees.extracts import PLAIN, Asked, Mapping, answer, read_extract
from employees.tests.files import rows_of, table
from employees.vocabularies import CONTRACT

PAY = "revenu_mensuel"
RISE = "augmentation_salaire_precedente"
TEAM = "satisfaction_employee_equipe"


def read(extract, mapping, header, texts, vocabularies=CONTRACT):
    """What is read of a column, of as many people."""
    rows = rows_of(extract, range(1, len(texts) + 1))
    for row, text in zip(rows, texts, strict=True):
        row[header] = text
    return read_extract(table(rows), mapping=mapping, vocabularies=vocabularies)


FULL = (
    PLAIN.with_header(Extract.SIRH, "Brut annuel", PAY)
    .with_header(Extract.SIRH, "Centre", "")
    .with_value("genre", "1", "M")
    .with_scale(TEAM, 1, 5)
    .with_factor(PAY, "1/12")
    .with_skipped("TOTAL")
)


def test_mapping_survives_json():
    assert Mapping.of(json.loads(json.dumps(FULL.document()))) == FULL
    assert Mapping.of({}) == PLAIN


def test_title_of_the_company_stands_for_a_column_of_its_extract_alone():
    rows = [{"Brut annuel" if k == PAY else k: v for k, v in row.items()} for row in rows_of(Extract.SIRH)]
    found = read_extract(table(rows), mapping=PLAIN.with_header(Extract.SIRH, "brut ANNUEL", PAY))
    assert found.frame[PAY].tolist() == [5993] * 3
    with pytest.raises(Exception, match="missing columns: revenu_mensuel"):
        read_extract(table(rows), mapping=PLAIN.with_header(Extract.EVAL, "Brut annuel", PAY))


def test_title_that_is_left_out_is_ignored_even_where_the_product_knows_it():
    rows = [row | {"nom": "x"} for row in rows_of(Extract.SIRH)]
    found = read_extract(table(rows), mapping=PLAIN.with_header(Extract.SIRH, "nom", ""))
    assert "nom" not in found.frame
    assert found.report.ignored == ("nom",)


def test_text_of_the_company_stands_for_a_value():
    mapping = PLAIN.with_value("genre", "1", "M").with_value("genre", "2", "F")
    assert read(Extract.SIRH, mapping, "genre", ["1", " 2", "F"]).frame["genre"].tolist() == ["M", "F", "F"]


def test_pay_by_the_year_is_divided_and_rounded_once():
    found = read(Extract.SIRH, PLAIN.with_factor(PAY, "1/12"), PAY, ["36000", "36 005,99", "36006"])
    assert found.frame[PAY].tolist() == [3000, 3000, 3001]


def test_scale_of_the_company_is_stretched_to_that_of_the_product():
    found = read(Extract.EVAL, PLAIN.with_scale(TEAM, 1, 5), TEAM, ["1", "2", "3,5", "5", "6"])
    assert found.frame[TEAM].tolist()[:4] == [1, 1.75, 2.875, 4]
    assert [reject.value for reject in found.rejects] == ["6"]


def test_reversed_scale_is_turned_round():
    assert read(Extract.EVAL, PLAIN.with_scale(TEAM, 5, 1), TEAM, ["1", "5"]).frame[TEAM].tolist() == [4, 1]


def test_whole_mark_of_another_scale_is_rounded():
    name = "note_evaluation_actuelle"
    found = read(Extract.EVAL, PLAIN.with_scale(name, 0, 20), name, ["0", "13", "20"])
    assert found.frame[name].tolist() == [1, 3, 4]


def test_sign_of_a_percentage_is_believed_more_than_the_factor():
    found = read(Extract.EVAL, PLAIN.with_factor(RISE, "100"), "augementation_salaire_precedente", ["0.11", "11 %"])
    assert found.frame[RISE].tolist() == [11, 11]


def test_factor_of_one_says_that_fractions_are_percentages():
    found = read(Extract.EVAL, PLAIN.with_factor(RISE, "1"), "augementation_salaire_precedente", ["0.5", "0,25"])
    assert found.frame[RISE].tolist() == [0.5, 0.25]


@pytest.mark.parametrize(("decimal", "value"), [(".", 1), (",", 1299)])
def test_decimal_separator_tells_what_three_digits_are(decimal, value):
    found = read(Extract.SIRH, Mapping(decimal=decimal), PAY, ["1.299", "5993", "5993"])
    assert found.frame[PAY].iloc[0] == value


def test_dates_may_have_the_month_first():
    found = read(Extract.ANNUAIRE, Mapping(dates="mdy"), "date_entree", ["10/31/2026", "2026-10-31", "31/10/2026"])
    assert found.frame["date_entree"].tolist()[:2] == [pd.Timestamp(2026, 10, 31)] * 2
    assert [reject.value for reject in found.rejects] == ["31/10/2026"]


def test_line_of_the_header_may_be_said():
    content = table(rows_of(Extract.SIRH))
    twice = content.splitlines()[0] + b"\n" + content
    assert read_extract(twice, mapping=Mapping(header_lines={"sirh": 2})).frame.index.tolist() == [1, 2, 3]


# Whole columns that are asked


@pytest.mark.parametrize(
    ("extract", "header", "texts", "asked", "proposal", "values"),
    [
        (Extract.SIRH, PAY, ["36000", "42000", "60000"], Asked.UNIT, "1/12", [3000, 3500, 5000]),
        (Extract.EVAL, TEAM, ["5", "5", "1"], Asked.SCALE, "1-5", [4, 4, 1]),
        (Extract.EVAL, TEAM, ["0", "10", "10"], Asked.SCALE, "0-10", [1, 4, 4]),
        (Extract.EVAL, "augementation_salaire_precedente", ["0.11", "0", "1"], Asked.FRACTION, "100", [11, 0, 100]),
    ],
)
def test_column_in_another_unit_is_asked_whole_and_read_by_the_answer(extract, header, texts, asked, proposal, values):
    found = read(extract, PLAIN, header, texts)
    (question,) = found.questions
    assert (question.asked, question.proposal.value, question.extract, found.rejects) == (asked, proposal, extract, ())
    assert found.frame[question.column].isna().all()
    answered = read(extract, answer(PLAIN, question, proposal), header, texts)
    assert answered.questions == ()
    assert answered.frame[question.column].tolist() == values


def test_pay_that_is_said_to_be_of_a_month_is_read_as_it_stands():
    (question,) = read(Extract.SIRH, PLAIN, PAY, ["36000", "42000"]).questions
    assert read(Extract.SIRH, answer(PLAIN, question, "1"), PAY, ["36000", "42000"]).frame[PAY].tolist() == [
        36000,
        42000,
    ]


def test_single_mark_beyond_the_scale_is_refused_and_the_others_are_read():
    found = read(Extract.EVAL, PLAIN, TEAM, ["5", "2", "1", "4"])
    assert found.questions == ()
    assert [reject.line for reject in found.rejects] == [2]
    assert found.frame[TEAM].tolist()[1:] == [2, 1, 4]


def test_marks_of_no_known_scale_are_refused():
    found = read(Extract.EVAL, PLAIN, TEAM, ["500", "300", "1"])
    assert found.questions == ()
    assert len(found.rejects) == 2


@pytest.mark.parametrize("value", ["age du capitaine", "nom de code"])
def test_answer_that_names_no_column_is_refused(value):
    (question,) = read(Extract.SIRH, PLAIN, PAY, ["36000", "42000"]).questions
    with pytest.raises(ValueError, match=value):
        answer(PLAIN, question, value)


def test_answer_to_a_word_is_kept_as_a_value():
    (question,) = read(Extract.SIRH, PLAIN, "poste", ["Consultante"]).questions
    mapping = answer(PLAIN, question, question.proposal.value)
    assert read(Extract.SIRH, mapping, "poste", ["consultante"]).frame["poste"].tolist() == ["Consultant"]


@pytest.mark.parametrize(
    ("extract", "header", "texts", "proposals", "values"),
    [
        (Extract.SIRH, "genre", ["1", "2", " 2"], ["M", "F"], ["M", "F", "F"]),
        (Extract.EVAL, "heure_supplementaires", ["X", "", "x"], ["Oui"], [True, None, True]),
        (Extract.EVAL, "heure_supplementaires", ["?", "Oui", "?"], [""], [None, True, None]),
    ],
)
def test_values_of_which_most_are_unknown_are_asked(extract, header, texts, proposals, values):
    found = read(extract, PLAIN, header, texts)
    assert found.rejects == ()
    assert [question.asked for question in found.questions] == [Asked.VALUE] * len(proposals)
    assert [question.proposal.value for question in found.questions] == proposals
    mapping = PLAIN
    for question in found.questions:
        mapping = answer(mapping, question, question.proposal.value)
    found = read(extract, mapping, header, texts)
    name = next(column.name for column in columns_of(extract) if column.source == header)
    assert found.questions == found.rejects == ()
    assert [None if pd.isna(value) else value for value in found.frame[name]] == values


def test_values_of_which_most_are_known_are_refused_one_by_one():
    found = read(Extract.SIRH, PLAIN, "genre", ["F", "M", "X"])
    assert found.questions == ()
    assert [reject.value for reject in found.rejects] == ["X"]
