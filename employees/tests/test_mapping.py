import json
import re

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from employees.columns import Extract, columns_of
from employees.extracts import PLAIN, Asked, ExtractError, File, FileMapping, Question, answer, read_extract, read_set
from employees.extracts.rejects import Refusal
from employees.tests.files import rows_of, table
from employees.tests.firms import workbook
from employees.vocabularies import CONTRACT
from employees.workforce.known_values import RAW_KINDS

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
    assert FileMapping.of(json.loads(json.dumps(FULL.document()))) == FULL
    assert FileMapping.of({}) == PLAIN


def test_question_survives_json():
    (question,) = read(Extract.SIRH, PLAIN, PAY, ["36000", "42000"]).questions
    assert Question.of(json.loads(json.dumps(question.document()))) == question


def test_mapping_is_updated_by_what_another_one_says():
    other = FileMapping(
        headers={"sirh": {"Centre": "departement"}, "eval": {"Note": ""}}, factors={PAY: "1"}, decimal=","
    )
    found = FULL.updated(other)
    assert found.headers == {"sirh": {"Brut annuel": PAY, "Centre": "departement"}, "eval": {"Note": ""}}
    assert (found.factors, found.decimal) == ({PAY: "1"}, ",")
    assert found.updated(PLAIN) == PLAIN.updated(found) == found
    assert (found.values, found.scales, found.skipped) == (FULL.values, FULL.scales, FULL.skipped)


def test_title_of_the_company_stands_for_a_column_of_its_extract_alone():
    rows = [{"Brut annuel" if k == PAY else k: v for k, v in row.items()} for row in rows_of(Extract.SIRH)]
    found = read_extract(table(rows), mapping=PLAIN.with_header(Extract.SIRH, "brut ANNUEL", PAY))
    assert found.frame[PAY].tolist() == [5993] * 3
    with pytest.raises(Exception, match="lacks columns that a score needs: revenu_mensuel"):
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
    found = read(Extract.SIRH, FileMapping(decimal=decimal), PAY, ["1.299", "5993", "5993"])
    assert found.frame[PAY].iloc[0] == value


@pytest.mark.parametrize(
    ("header", "texts", "proposal", "values"),
    [
        (PAY, ["1.299", "1405", "1500"], ",", [1299, 1405, 1500]),
        (PAY, ["1,299", "1405", "1500"], ".", [1299, 1405, 1500]),
        ("annee_experience_totale", ["1.299", "3", "20"], ".", [1, 3, 20]),
        (PAY, ["1.299", "2.499", "3.000"], ",", [1299, 2499, 3000]),
    ],
)
def test_number_that_reads_two_ways_is_asked_for_the_whole_mapping(header, texts, proposal, values):
    found = read(Extract.SIRH, PLAIN, header, texts)
    (question,) = found.questions
    assert (question.asked, question.text, question.proposal.value) == (Asked.DECIMAL, texts[0], proposal)
    assert found.rejects == ()
    mapping = answer(PLAIN, question, proposal)
    assert read(Extract.SIRH, mapping, header, texts).frame[question.column].tolist() == values


def test_dates_with_the_month_first_are_asked_and_either_answer_holds():
    texts = ["10/31/2026", "10/30/2026", "03/04/2026", "2026-10-31"]
    (question,) = read(Extract.ANNUAIRE, PLAIN, "date_entree", texts).questions
    assert (question.asked, question.text, question.proposal.value) == (Asked.DATE, "10/31/2026", "mdy")
    frame = read(Extract.ANNUAIRE, answer(PLAIN, question, "mdy"), "date_entree", texts).frame
    assert frame["date_entree"].tolist() == [pd.Timestamp(2026, *day) for day in ((10, 31), (10, 30), (3, 4), (10, 31))]
    french = read(Extract.ANNUAIRE, answer(PLAIN, question, "dmy"), "date_entree", texts)
    assert (french.questions, [reject.value for reject in french.rejects]) == ((), texts[:2])


def test_one_date_that_is_none_among_french_ones_is_refused():
    found = read(Extract.ANNUAIRE, PLAIN, "date_entree", ["10/31/2026", "31/10/2026", "30/10/2026"])
    assert (found.questions, len(found.rejects)) == ((), 1)


def test_dates_may_have_the_month_first():
    found = read(Extract.ANNUAIRE, FileMapping(dates="mdy"), "date_entree", ["10/31/2026", "2026-10-31", "31/10/2026"])
    assert found.frame["date_entree"].tolist()[:2] == [pd.Timestamp(2026, 10, 31)] * 2
    assert [reject.value for reject in found.rejects] == ["31/10/2026"]


def test_line_of_the_header_may_be_said():
    content = table(rows_of(Extract.SIRH))
    twice = content.splitlines()[0] + b"\n" + content
    assert read_extract(twice, mapping=FileMapping(header_lines={"sirh": 2})).frame.index.tolist() == [1, 2, 3]


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


@pytest.mark.parametrize("value", ["age du capitaine", "1/0", "-1", ""])
def test_answer_that_names_no_column_is_refused(value):
    (question,) = read(Extract.SIRH, PLAIN, PAY, ["36000", "42000"]).questions
    with pytest.raises(ValueError, match=re.escape(value) or "^$"):
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


# A set of files


def renamed(extract, **titles):
    """An extract of three people with other titles."""
    return table([{titles.get(name, name): text for name, text in row.items()} for row in rows_of(extract)])


def questions_of(found):
    """What must be answered: not which other sheet or line may be read."""
    return [question for question in found.questions if not question.is_correction]


def test_set_is_read_with_the_titles_that_are_proposed():
    files = [File(renamed(Extract.SIRH, revenu_mensuel="Salaire", poste="Fonction"), "paie.csv")]
    found = read_set(files)
    assert found.stands_still
    asked = questions_of(found)
    assert {question.header: question.proposal.value for question in asked} == {"Salaire": PAY, "Fonction": "poste"}
    assert [question.text for question in asked] == ["5993", "Représentant Commercial"]
    assert found.extracts[Extract.SIRH].frame[PAY].tolist() == [5993] * 3


def test_set_whose_titles_lack_a_column_is_asked_and_asked_again_after_a_wrong_answer():
    files = [File(renamed(Extract.SIRH, revenu_mensuel="Q1"), "paie.csv")]
    found = read_set(files)
    assert str(found.error).startswith("paie.csv: The file lacks columns that a score needs: revenu_mensuel. Export")
    (question,) = questions_of(found)
    again = read_set(files, answers=answer(PLAIN, question, "date_entree"))
    assert [(question.header, question.proposal.value) for question in questions_of(again)] == [("Q1", "date_entree")]
    right = read_set(files, answers=answer(PLAIN, question, PAY))
    assert (right.questions, right.error) == ((), None)
    with pytest.raises(ExtractError, match="lacks columns that a score needs: revenu_mensuel"):
        read_set(files, mapping=answer(PLAIN, question, ""))


def test_set_asks_once_what_holds_for_the_whole_mapping():
    rows = [row | {"annee_experience_totale": "1.299"} | {PAY: "1.299"} for row in rows_of(Extract.SIRH)]
    assert [question.asked for question in questions_of(read_set([File(table(rows))]))] == [Asked.DECIMAL]


def test_set_that_asks_about_words_alone_does_not_stand_still():
    rows = [row | {"poste": "Consultante"} for row in rows_of(Extract.SIRH)]
    found = read_set([File(table(rows))])
    assert ([question.asked for question in found.questions], found.stands_still) == ([Asked.WORD], False)


def test_set_reads_of_a_file_the_extract_that_it_is_to_be():
    with pytest.raises(ExtractError, match="This is the sirh extract, not eval"):
        read_set([File(renamed(Extract.SIRH), kind=Extract.EVAL)])


# Where the headers are


def corrections_of(found):
    return {(question.asked, question.extract): question for question in found.questions if question.is_correction}


def test_header_below_the_first_lines_is_read_where_it_is_said_to_be():
    content = b"Rapport mensuel\n" * 30 + table(rows_of(Extract.EVAL))
    files = [File(content, "notes.csv")]
    found = read_set(files)
    assert str(found.error) == (
        "notes.csv: Its line 1 names no column of any extract. Name the columns there, say on the import page which "
        "they are, or choose another file."
    )
    (question,) = found.questions
    assert (question.asked, question.proposal.value, question.text) == (Asked.LINE, "1", "Rapport mensuel")
    right = read_set(files, answers=answer(PLAIN, question, "31"))
    assert (right.questions, right.error) == ((), None)
    assert right.extracts[Extract.EVAL].frame.index.tolist() == [1, 2, 3]


def test_line_of_the_header_of_an_extract_is_none_of_another():
    """The third line of the other file is a person, whose job resembles a title."""
    mapping = FileMapping(header_lines={"eval": 3})
    rows = [row | {"poste": "Manager", "nom": "Service"} for row in rows_of(Extract.SIRH)]
    assert len(read_extract(table(rows), mapping=mapping).frame) == len(rows)


def test_other_line_may_be_said_where_something_is_asked():
    """Both lines name columns: the titles of the first stand for groups of columns."""
    content = table(rows_of(Extract.SIRH))
    titles = ["Matricule", "Age", "Sexe", "Salaire", "Situation", "Service", "Fonction", "Expériences précédentes"]
    titles += ["Heures", "Expérience", "Ancienneté", "Ancienneté poste"]
    files = [File(",".join(titles).encode() + b"\n" + content, "paie.csv")]
    found = read_set(files, mapping=FileMapping(headers={"sirh": dict.fromkeys(titles, "")}))
    assert found.error is None
    found = read_set(files, mapping=FileMapping(header_lines={"sirh": 1}))
    correction = corrections_of(found)[Asked.LINE, Extract.SIRH]
    assert correction.proposal.value == "1"
    right = read_set(files, mapping=answer(PLAIN, correction, "2"))
    assert (right.questions, right.error, len(right.extracts[Extract.SIRH].frame)) == ((), None, 3)


def test_correction_that_says_what_was_read_says_nothing():
    files = [File(renamed(Extract.SIRH, revenu_mensuel="Q1"), "paie.csv")]
    (correction,) = corrections_of(read_set(files)).values()
    assert answer(PLAIN, correction, "1") == PLAIN
    with pytest.raises(ValueError, match="0"):
        answer(PLAIN, correction, "0")


def two_months(extract=Extract.SIRH):
    older = pd.DataFrame(rows_of(extract, range(1, 3)))
    return File(workbook({"Mars": older, "Avril": pd.DataFrame(rows_of(extract))}), "rh.xlsx")


def test_sheets_that_may_be_one_extract_are_asked_and_the_answer_is_read():
    found = read_set([two_months()])
    (question,) = questions_of(found)
    assert (question.asked, question.extract, question.choices) == (Asked.SHEET, Extract.SIRH, ("Mars", "Avril"))
    mapping = answer(PLAIN, question, "Avril")
    right = read_set([two_months()], mapping=mapping)
    assert (right.questions, len(right.extracts[Extract.SIRH].frame)) == ((), 3)
    with pytest.raises(ValueError, match="Mai"):
        answer(PLAIN, question, "Mai")


def test_sheet_that_is_gone_the_next_month_says_nothing():
    mapping = FileMapping(sheets={"sirh": "Février"})
    assert questions_of(read_set([two_months()], mapping=mapping))
    assert len(read_extract(table(rows_of(Extract.SIRH)), mapping=mapping).frame) == 3


def test_sheet_that_is_not_the_extract_is_not_read_as_another():
    """A list of names beside the pay: what remains of it would be a directory."""
    rows = [row | {"nom": "x", "prenom": "y"} for row in rows_of(Extract.SIRH)]
    file = File(workbook({"Mars": pd.DataFrame(rows), "Avril": pd.DataFrame(rows)}), "rh.xlsx")
    assert list(read_set([file], mapping=FileMapping(sheets={"sirh": "Avril"})).extracts) == [Extract.SIRH]


def test_other_sheet_may_be_said_where_something_is_asked():
    rows = [{"Q1" if name == PAY else name: text for name, text in row.items()} for row in rows_of(Extract.SIRH)]
    file = File(workbook({"Notice": pd.DataFrame({"Lisez-moi": ["…"]}), "Paie": pd.DataFrame(rows)}), "rh.xlsx")
    correction = corrections_of(read_set([file]))[Asked.SHEET, Extract.SIRH]
    assert (correction.proposal.value, correction.choices) == ("Paie", ("Notice", "Paie"))
    assert Question.of(json.loads(json.dumps(correction.document()))) == correction


# Titles that are like nothing


LETTERS = "abcdefghijkl"


def alien(extract, above=b""):
    """A file of an extract whose titles say nothing, below some lines."""
    rows = [dict(zip(LETTERS, row.values(), strict=False)) for row in rows_of(extract)]
    return File(above + table(rows), "export.csv")


def with_columns(found, extract, mapping=PLAIN):
    """The mapping with an answer to the question about each title."""
    sources = dict(zip(LETTERS, rows_of(extract)[0], strict=False))
    names = {column.source: column.name for column in columns_of(extract)}
    for question in found.questions:
        if question.asked == Asked.COLUMN:
            mapping = answer(mapping, question, names[sources[question.header]])
    return mapping


@pytest.mark.parametrize("extract", RAW_KINDS)
def test_titles_that_are_like_nothing_are_asked_and_decide_which_extract_it_is(extract):
    found = read_set([alien(extract)])
    assert found.error.refusal == Refusal.UNRECOGNISED
    answers = with_columns(found, extract)
    right = read_set([alien(extract)], answers=answers)
    assert (right.questions, right.error) == ((), None)
    assert_frame_equal(right.extracts[extract].frame, read_extract(table(rows_of(extract))).frame)
    assert read_set([alien(extract)], mapping=answers).questions == ()  # the next month


def test_titles_that_are_like_nothing_are_asked_of_the_line_that_is_said():
    file = alien(Extract.EVAL, above=b"Bilan annuel\n2026\n")
    found = read_set([file])
    assert [question.asked for question in found.questions] == [Asked.LINE]
    mapping = answer(PLAIN, found.questions[0], "3")
    mapping = with_columns(read_set([file], answers=mapping), Extract.EVAL, mapping)
    assert len(read_set([file], answers=mapping).extracts[Extract.EVAL].frame) == 3


def test_columns_answered_wrongly_are_asked_again_as_they_were_answered():
    found = read_set([alien(Extract.SIRH)])
    answers = with_columns(found, Extract.SIRH)
    wrong = answer(answers, next(question for question in found.questions if question.header == "d"), "")
    again = read_set([alien(Extract.SIRH)], answers=wrong)
    assert again.error.refusal == Refusal.MISSING_COLUMN
    proposals = {question.header: question.proposal.value for question in again.questions}
    assert (proposals["b"], proposals["d"]) == ("age", "")


def test_sheet_whose_titles_are_like_nothing_is_asked_once_it_is_said():
    rows = [dict(zip(LETTERS, row.values(), strict=False)) for row in rows_of(Extract.SIRH)]
    file = File(workbook({"Notice": pd.DataFrame({"Lisez-moi": ["…"]}), "Paie": pd.DataFrame(rows)}), "rh.xlsx")
    found = read_set([file])
    sheet = next(question for question in found.questions if question.asked == Asked.SHEET)
    mapping = answer(PLAIN, sheet, "Paie")
    mapping = with_columns(read_set([file], answers=mapping), Extract.SIRH, mapping)
    assert len(read_set([file], answers=mapping).extracts[Extract.SIRH].frame) == 3


def test_title_that_is_another_column_now_is_no_longer_the_first():
    found = read_set([alien(Extract.SIRH)])
    question = next(question for question in found.questions if question.header == "b")
    mapping = answer(answer(PLAIN, question, "age"), question, TEAM)
    assert (mapping.headers["sirh"]["b"], mapping.headers["eval"]["b"]) == ("", TEAM)
