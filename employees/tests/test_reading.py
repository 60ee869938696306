import io
import random
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from employees.columns import BY_NAME, DEPARTMENTS, JOBS, ColumnKind, Extract, columns_of
from employees.demo.published import EXTRACTS, FOLDER
from employees.extracts import (
    Asked,
    Cost,
    ExtractError,
    File,
    Refusal,
    RowCounts,
    cell_reader,
    grids,
    read_extract,
    read_files,
    reading,
)
from employees.extracts.parsing import IS_PERCENTAGE, IS_UNAMBIGUOUS
from employees.extracts.rejects import Rejects
from employees.tests.files import permit_rejects, rows_of, table
from employees.vocabularies import CONTRACT, Proposal, Vocabulary

NBSP = "\N{NO-BREAK SPACE}"


def read(extract, place=1, *, rows=3, **cells):
    """An extract of some people; these cells are those of one of them."""
    content = rows_of(extract, range(1, rows + 1))
    content[place] |= cells
    return read_extract(table(content))


def cell(extract, header, text):
    """What is read of a cell, and what is said about it."""
    found = read(extract, **{header: text})
    name = next(column.name for column in columns_of(extract) if column.source == header)
    assert len(found.frame) == found.read == 3
    return found.frame[name].iloc[1], found


def refused(extract, header, text):
    """The rule by which a cell is refused; it costs nothing but the cell."""
    value, found = cell(extract, header, text)
    (reject,) = found.rejects
    assert pd.isna(value)
    assert found.frame.isna().sum().sum() == read(extract).frame.isna().sum().sum() + 1
    assert (reject.line, reject.column, reject.value, reject.employee_id) == (3, header, text, 2)
    assert reject.costs == Cost.CELL
    return str(reject.rule)


# The frame


@pytest.mark.parametrize("extract", Extract)
def test_frame_holds_the_columns_of_the_extract_in_order_and_its_employees_sorted(extract):
    found = read_extract(table(rows_of(extract, [7, 3, 5])))
    assert found.extract == extract
    assert list(found.frame) == [column.name for column in columns_of(extract) if column.name in BY_NAME]
    assert found.given == tuple(found.frame)
    assert found.frame.index.tolist() == [3, 5, 7]
    assert found.frame.index.name == "employee_id"
    assert (found.read, found.rejected, found.repeated, found.rejects, found.questions) == (3, 0, 0, (), ())


def test_types_of_the_columns_hold_unknown_values():
    types = {name: str(dtype) for extract in Extract for name, dtype in read(extract).frame.dtypes.items()}
    assert types["age"] == types["responsable"] == "Int64"
    assert types["satisfaction_employee_equipe"] == types["augmentation_salaire_precedente"] == "Float64"
    assert types["heures_supplementaires"] == "boolean"
    assert types["departement"] == types["nom"] == "object"
    assert types["date_entree"] == "datetime64[s]"


def test_values_are_those_of_the_file():
    assert read(Extract.SIRH).frame.loc[2, ["nombre_heures_travaillees", "poste"]].tolist() == [
        80,
        "Représentant Commercial",
    ]
    assert read(Extract.EVAL).frame.loc[2, "augmentation_salaire_precedente"] == 11.0
    sondage = read(Extract.SONDAGE).frame.loc[2]
    assert (sondage["a_quitte_l_entreprise"], sondage["annees_sous_responsable_actuel"]) == (False, 5)


@pytest.mark.parametrize("extract", Extract)
def test_columns_that_the_file_lacks_are_unknown_and_not_given(extract):
    optional = [column for column in columns_of(extract) if not column.is_required][1:]
    rows = [{k: v for k, v in row.items() if k not in {c.source for c in optional}} for row in rows_of(extract)]
    found = read_extract(table(rows))
    full = read(extract).frame
    assert found.frame.dtypes.to_dict() == full.dtypes.to_dict()
    assert found.frame[[column.name for column in optional]].isna().all(axis=None)
    assert set(full) - set(found.given) == {column.name for column in optional}


def test_directory_is_read_from_the_sirh_file_where_it_stands_there():
    rows = [row | {"nom": "García", "date_entree": "2020-09-15"} for row in rows_of(Extract.SIRH)]
    found = read_extract(table(rows))
    assert found.extract == Extract.SIRH
    assert list(found.frame)[-2:] == ["nom", "date_entree"]
    assert found.frame.loc[2, "date_entree"] == pd.Timestamp(2020, 9, 15)


@pytest.mark.parametrize("title", ["id_employee", "eval_number", "code_sondage", "employee_id"])
@pytest.mark.parametrize("extract", Extract)
def test_number_may_stand_under_the_title_of_any_extract(extract, title):
    key = columns_of(extract)[0].source
    rows = [{title if k == key else k: v for k, v in row.items()} for row in rows_of(extract)]
    assert read_extract(table(rows)).extract == extract


def test_other_extract_than_the_one_that_is_given_is_refused():
    for given in Extract:
        for other in set(Extract) - {given}:
            with pytest.raises(ExtractError, match=f"This is the {other} extract, not {given}"):
                read_extract(table(rows_of(other)), extract=given)


def test_columns_that_a_score_needs_are_named_when_they_are_missing():
    rows = [{k: v for k, v in row.items() if k not in ("age", "poste")} for row in rows_of(Extract.SIRH)]
    with pytest.raises(ExtractError) as caught:
        read_extract(table(rows), name="mai.csv")
    assert str(caught.value).startswith("mai.csv: The file lacks columns that a score needs: poste. Export it again")


def test_source_may_be_a_path_or_an_open_file(tmp_path):
    path = tmp_path / "paie.csv"
    path.write_bytes(table(rows_of(Extract.SIRH)))
    assert read_extract(path).report.name == "paie.csv"
    assert len(read_extract(io.BytesIO(path.read_bytes())).frame) == 3


# Numbers, by the rule of their column


@pytest.mark.parametrize(
    ("extract", "header", "text", "value"),
    [
        (Extract.SIRH, "revenu_mensuel", "5993,45", 5993),
        (Extract.SIRH, "revenu_mensuel", "5993.50", 5994),
        (Extract.SIRH, "revenu_mensuel", f"5{NBSP}993,00", 5993),
        (Extract.SIRH, "nombre_heures_travailless", "151,67", 152),
        (Extract.SIRH, "annees_dans_l_entreprise", "5.9", 5),
        (Extract.SIRH, "age", "41.5", 41),
        (Extract.SIRH, "nombre_experiences_precedentes", "2.0", 2),
        (Extract.SONDAGE, "distance_domicile_travail", "7.5", 8),
        (Extract.SONDAGE, "distance_domicile_travail", "7,2", 7),
        (Extract.EVAL, "satisfaction_employee_equipe", "1.75", 1.75),
        (Extract.EVAL, "augementation_salaire_precedente", "11,5 %", 11.5),
        (Extract.EVAL, "heure_supplementaires", "1.0", True),
        (Extract.EVAL, "heure_supplementaires", "0,0", False),
        (Extract.EVAL, "heure_supplementaires", "Vrai", True),
    ],
)
def test_number_is_read_and_rounded_by_the_rule_of_its_column(extract, header, text, value):
    found, result = cell(extract, header, text)
    assert found == value
    assert result.rejects == result.questions == ()


@pytest.mark.parametrize(
    ("extract", "header", "text", "rule"),
    [
        (Extract.ANNUAIRE, "responsable", "1.299", str(IS_UNAMBIGUOUS)),
        (Extract.SIRH, "age", "12", "a whole number between 16 and 80"),
        (Extract.SIRH, "age", "quarante", "a whole number between 16 and 80"),
        (Extract.SIRH, "genre", "X", "one of: F, M"),
        (Extract.EVAL, "augementation_salaire_precedente", "-3 %", "a number between 0 and 100"),
        (Extract.EVAL, "augementation_salaire_precedente", "0.11", str(IS_PERCENTAGE)),
        (Extract.EVAL, "note_evaluation_actuelle", "2.5", "a whole number: these decimals cannot be rounded away"),
        (Extract.EVAL, "satisfaction_employee_equipe", "5", "a number between 1 and 4"),
        (Extract.EVAL, "heure_supplementaires", "2", "Oui or Non"),
        (Extract.SONDAGE, "a_quitte_l_entreprise", "peut-être", "Oui or Non"),
        (Extract.ANNUAIRE, "responsable", "E_", "a whole number between 1 and 2147483647"),
        (Extract.ANNUAIRE, "nom", "x" * 101, "at most 100 characters"),
    ],
)
def test_bad_cell_costs_the_cell_alone(extract, header, text, rule):
    assert refused(extract, header, text) == rule


@pytest.mark.parametrize("text", ["x?", "-1"])
@pytest.mark.parametrize("kind", [ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.PERCENT, ColumnKind.BOOLEAN])
def test_text_that_breaks_the_rule_of_its_column_is_refused_by_it(kind, text):
    columns = [column for column in BY_NAME.values() if column.kind == kind]
    assert columns
    for column in columns:
        assert refused(column.extract, column.source, text) == str(column.rule)


def test_reject_calls_the_column_by_the_title_of_the_file():
    rows = [{"Âge" if k == "age" else k: v for k, v in row.items()} for row in rows_of(Extract.SIRH)]
    rows[1]["Âge"] = "12"
    (reject,) = read_extract(table(rows)).rejects
    assert (reject.column, reject.name) == ("Âge", "age")


def test_every_bad_cell_is_told_in_the_order_of_lines_and_columns():
    rows = rows_of(Extract.SIRH)
    rows[2] |= {"genre": "X", "age": "12"}
    rows[0]["revenu_mensuel"] = "0"
    assert [(reject.line, reject.column) for reject in read_extract(table(rows)).rejects] == [
        (2, "revenu_mensuel"),
        (4, "age"),
        (4, "genre"),
    ]


@pytest.mark.parametrize("text", ["", "  ", NBSP])
def test_empty_cell_is_unknown_and_no_reject(text):
    for extract in Extract:
        for column in columns_of(extract)[1:]:
            value, found = cell(extract, column.source, text)
            assert pd.isna(value), column.name
            assert found.rejects == found.questions == ()


def test_bounds_hold_for_the_rounded_value():
    assert cell(Extract.SIRH, "age", "80.9")[0] == 80
    assert refused(Extract.SIRH, "revenu_mensuel", "0.4") == "a whole number between 1 and 1000000"


@pytest.mark.parametrize("text", ["2026-10-31", "31/10/2026", "31.10.2026", "31-10-2026", "2026-10-31 00:00:00"])
def test_date_is_read_with_the_day_first_unless_the_year_is(text):
    assert cell(Extract.ANNUAIRE, "date_sortie", text)[0] == pd.Timestamp(2026, 10, 31)


@pytest.mark.parametrize("text", ["31/10/26", "10/31/2026", "31/02/2026", "2026", "1/1/0001", "hier", "46326"])
def test_text_that_is_no_date_breaks_the_rule(text):
    assert refused(Extract.ANNUAIRE, "date_entree", text) == "a date, as 2026-10-31 or 31/10/2026"


def test_name_is_read_composed_and_without_surplus_blanks():
    assert cell(Extract.ANNUAIRE, "nom", f" N'Diaye {NBSP} Ine\N{COMBINING GRAVE ACCENT}s ")[0] == "N'Diaye Inès"


@pytest.mark.parametrize(("text", "sex"), [("H", "M"), ("Homme", "M"), ("femme", "F"), ("Féminin", "F")])
def test_sex_is_read_in_the_usual_words(text, sex):
    assert cell(Extract.SIRH, "genre", text)[0] == sex


# Durations


@pytest.mark.parametrize(
    ("smaller", "cells"),
    [
        ("annees_dans_le_poste_actuel", {"annees_dans_le_poste_actuel": "7"}),
        ("annees_dans_l_entreprise", {"annees_dans_l_entreprise": "12"}),
    ],
)
def test_duration_that_exceeds_the_one_around_it_costs_its_cell(smaller, cells):
    found = read(Extract.SIRH, **cells)
    (reject,) = found.rejects
    assert (reject.name, reject.costs, reject.employee_id) == (smaller, Cost.CELL, 2)
    assert str(reject.rule).startswith("at most ")
    assert found.frame.isna().sum().to_dict() == {name: name == smaller for name in found.frame}


def test_duration_is_compared_with_nothing_that_is_unknown():
    assert read(Extract.SIRH, annees_dans_l_entreprise="").rejects == ()


# Rows


@pytest.mark.parametrize("number", ["", "abc", "0", "-2", "1.5", "1\N{ZERO WIDTH SPACE}"])
@pytest.mark.parametrize("extract", Extract)
def test_row_without_a_readable_number_is_lost_with_one_reject(extract, number):
    found = read(extract, **{columns_of(extract)[0].source: number}, age="bad")
    (reject,) = found.rejects
    assert (reject.costs, reject.line, reject.employee_id) == (Cost.ROW, 3, None)
    assert found.frame.index.tolist() == [1, 3]
    assert (found.read, found.rejected, found.repeated) == (3, 1, 0)


def test_rows_that_say_the_same_count_once():
    rows = rows_of(Extract.SIRH, [1, 2, 1, 3, 1])
    rows[4]["id_employee"] = "0001"
    found = read_extract(table(rows))
    assert found.frame.index.tolist() == [1, 2, 3]
    assert (found.read, found.rejected, found.repeated, found.rejects) == (5, 0, 2, ())


def test_rows_of_one_number_that_differ_cost_the_cells_in_which_they_do():
    rows = rows_of(Extract.SIRH, [1, 2, 1, 3, 1])
    rows[2] |= {"age": "42", "revenu_mensuel": ""}
    rows[4] |= {"age": "43", "poste": "Consultant"}
    found = read_extract(table(rows))
    assert found.frame.index.tolist() == [1, 2, 3]
    person = found.frame.loc[1]
    assert person[["age", "revenu_mensuel", "poste"]].isna().all()
    assert (person["departement"], person["annee_experience_totale"]) == ("Commercial", 9)
    assert [(reject.name, reject.line, reject.value, str(reject.rule)) for reject in found.rejects] == [
        ("age", 2, "41", "the same in every row of the employee number: line 4 has “42”"),
        ("poste", 2, rows[0]["poste"], "the same in every row of the employee number: line 6 has “Consultant”"),
        ("revenu_mensuel", 2, "5993", "the same in every row of the employee number: it is empty on line 4"),
    ]
    assert {(reject.costs, reject.employee_id) for reject in found.rejects} == {(Cost.CELL, 1)}
    assert found.counts == RowCounts(rows=5, people=3, repeated=2, lost=0, cells=3, words=0)


@pytest.mark.parametrize(
    ("column", "texts", "said"),
    [
        ("age", ("?", "41"), ("?", "41")),
        ("departement", ("R&D", "Commercial"), ("R&D", "Commercial")),
        ("departement", ("Commercial", "R&D"), ("Commercial", "R&D")),
    ],
)
def test_cell_in_which_rows_differ_is_told_once_and_nothing_is_asked_about_it(column, texts, said):
    rows = rows_of(Extract.SIRH, [1, 2, 1])
    rows[0][column], rows[2][column] = texts
    found = read_extract(table(rows))
    (reject,) = found.rejects
    assert (reject.value, reject.rule.params["value"]) == said
    assert found.questions == found.unknown_words == ()


def test_rows_that_differ_in_yes_and_no_are_told_in_the_words_of_the_files():
    rows = rows_of(Extract.SONDAGE, [1, 1])
    rows[1]["a_quitte_l_entreprise"] = "Oui"
    (reject,) = read_extract(table(rows)).rejects
    assert (reject.value, reject.rule.params["value"]) == ("Non", "Oui")


def test_rows_without_the_cells_of_the_header_are_lost():
    content = table(rows_of(Extract.SIRH)).decode().replace("9,6,4", "9,6", 1)
    found = read_extract(content.encode())
    (reject,) = found.rejects
    assert (reject.costs, reject.line, found.rejected, found.frame.index.tolist()) == (Cost.ROW, 2, 1, [2, 3])


def test_file_of_which_no_row_is_left_is_refused_with_its_rejects():
    with pytest.raises(ExtractError) as caught:
        read_extract(table([row | {"id_employee": "x"} for row in rows_of(Extract.SIRH)]))
    assert caught.value.refusal == Refusal.ALL_REJECTED
    assert "Give each employee one row with their number" in str(caught.value)
    assert len(caught.value.rejects) == 3


def with_row(place, **values):
    rows = rows_of(Extract.SIRH)
    rows[place] |= values
    return table(rows)


# A file for each place where rejects are found.
REJECTED = {
    "cells": with_row(1, age="?", genre="?"),
    "number that is none": with_row(1, id_employee="?"),
    "rows of one number that differ": with_row(2, id_employee="2", age="50"),
    "durations": with_row(1, annees_dans_l_entreprise="10", annees_dans_le_poste_actuel="11"),
    "rows without the cells of the header": table(rows_of(Extract.SIRH, range(1, 7))).replace(b"9,6,4", b"9,6", 2),
}


@pytest.mark.parametrize("content", REJECTED.values(), ids=REJECTED)
def test_as_many_rejects_as_permitted_are_told_and_one_more_refuses_the_file(content, monkeypatch):
    expected = read_extract(content).rejects
    permit_rejects(monkeypatch, len(expected))
    assert read_extract(content).rejects == expected
    permit_rejects(monkeypatch, len(expected) - 1)
    with pytest.raises(ExtractError) as caught:
        read_extract(content)
    assert caught.value.refusal == Refusal.TOO_MANY_REJECTS
    assert caught.value.rejects == ()


def test_refusal_for_too_many_rejects_says_how_many_are_permitted_and_shows_one(monkeypatch):
    permit_rejects(monkeypatch, 2)
    with pytest.raises(ExtractError) as caught:
        read_extract(table([row | {"age": "1\n2"} for row in rows_of(Extract.SIRH)]), name="mai.csv")
    assert str(caught.value) == (
        "More than 2 values are rejected; the first found: mai.csv, line 2, age: '1⟨U+000A⟩2' "
        "(expected: a whole number between 16 and 80). Correct the file, or choose the right one."
    )


def test_rejects_beyond_those_permitted_are_not_made(monkeypatch):
    permit_rejects(monkeypatch, 2)
    found = iter(read(Extract.SIRH, age="?").rejects * 9)
    with pytest.raises(ExtractError):
        Rejects().add(found)
    assert len(list(found)) == 6


# What is asked


@pytest.mark.parametrize(
    ("extract", "header", "text", "value", "is_new"),
    [
        (Extract.SIRH, "departement", "R&D", "R&D", True),
        (Extract.SIRH, "departement", "Consulting ?", "Consulting", False),
        (Extract.SIRH, "poste", "Consultante", "Consultant", False),
        (Extract.SIRH, "statut_marital", "Marié", "Marié(e)", False),
        (Extract.SIRH, "statut_marital", "Pacsé(e)", "Pacsé(e)", True),
        (Extract.SONDAGE, "domaine_etude", "Entrepreneuriat", "Entrepreunariat", False),
        (Extract.SONDAGE, "frequence_deplacement", "Souvent", "Frequent", False),
        (Extract.ANNUAIRE, "motif_sortie", "Rupture conventionnelle", "Rupture conventionnelle", True),
    ],
)
def test_unknown_word_leaves_its_cell_unknown_and_is_asked_with_a_proposal(extract, header, text, value, is_new):
    found, result = cell(extract, header, text)
    (question,) = result.questions
    assert found is None
    assert result.rejects == ()
    assert (question.asked, question.column, question.text, question.count, question.line) == (
        Asked.WORD,
        header,
        text,
        1,
        3,
    )
    assert question.proposal == Proposal(value, is_new)


def test_unknown_word_is_asked_once_however_it_is_written():
    rows = rows_of(Extract.SIRH, range(1, 5))
    for row, text in zip(rows, ("Commercial", "Recherche  avancée", "recherche avancée", "R&D"), strict=True):
        row["departement"] = text
    questions = read_extract(table(rows)).questions
    assert [(question.text, question.count, question.line) for question in questions] == [
        ("Recherche  avancée", 2, 3),
        ("R&D", 1, 5),
    ]


def test_unknown_word_of_a_row_that_is_lost_is_not_asked():
    assert read(Extract.SIRH, id_employee="x", departement="R&D").questions == ()


def test_each_cell_with_an_unknown_word_says_how_to_accept_it():
    rows = rows_of(Extract.SIRH, range(1, 6))
    rows[0]["id_employee"] = "?"
    for row, text in zip(rows, ("R&D", "R&D", "", " r&d", "Consultng"), strict=True):
        row["departement"] = text
    found = read_extract(table(rows))
    assert len(found.rejects) == 1
    assert found.refused_count == 4
    words = list(chain(*found.unknown_words))
    assert {(word.file, word.column, word.name, word.costs) for word in words} == {
        ("extrait.csv", "departement", "departement", Cost.CELL)
    }
    assert [(word.line, word.employee_id, word.value) for word in words] == [
        (3, 2, "R&D"),
        (5, 4, " r&d"),
        (6, 5, "Consultng"),
    ]
    as_new, same, as_known = (str(word.rule) for word in words)
    assert as_new == same
    assert as_new == (
        "a known value: load the file again with --new-values accept, which takes the word as a new value, "
        "or import it and choose a value on the import page"
    )
    assert "which takes the word for Consulting, or" in as_known


def test_word_that_cannot_be_a_new_value_is_not_said_to_be_accepted():
    (words,) = read(Extract.SONDAGE, frequence_deplacement="Une fois par trimestre").unknown_words
    assert "in the administration" in str(words.rules[0])


def test_words_are_those_of_the_vocabularies_that_are_given():
    mine = CONTRACT | {"departement": Vocabulary("departement", ("R&D", *DEPARTMENTS), {"Labo": "R&D"})}
    rows = rows_of(Extract.SIRH)
    rows[0]["departement"], rows[1]["departement"] = "r&d", "labo"
    found = read_extract(table(rows), vocabularies=mine)
    assert found.frame["departement"].tolist() == ["R&D", "R&D", "Commercial"]
    assert found.questions == ()


def test_column_of_percentages_that_may_be_fractions_is_asked_whole():
    rows = rows_of(Extract.EVAL, range(1, 5))
    for row, text in zip(rows, ("0.11", "0,23", "", "0"), strict=True):
        row["augementation_salaire_precedente"] = text
    found = read_extract(table(rows))
    (question,) = found.questions
    assert (question.asked, question.text, question.count, question.line) == (Asked.FRACTION, "0.11", 2, 2)
    assert found.frame["augmentation_salaire_precedente"].isna().all()
    assert found.rejects == ()


# Files that are damaged

BROKEN = {"twice encoded": "CÃ©libataire", "Mac OS Roman": "CŽlibataire", "lost": "C\N{REPLACEMENT CHARACTER}libataire"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("header", ["statut_marital", "nom"])
def test_broken_accents_refuse_the_file_and_say_how_to_save_it(header, text):
    rows = [row | {"nom": "Željko Šešelj, Ångström, Java™"} for row in rows_of(Extract.SIRH)]
    rows[1][header] = text
    with pytest.raises(ExtractError, match=r"On line 3 the accents are broken .* Export the file again as CSV UTF-8"):
        read_extract(table(rows))


def test_broken_accents_in_a_title_refuse_the_file():
    rows = [{"Ã¢ge" if k == "age" else k: v for k, v in row.items()} for row in rows_of(Extract.SIRH)]
    with pytest.raises(ExtractError, match="On line 1 the accents are broken"):
        read_extract(table(rows))


def test_broken_accents_in_a_column_that_is_not_read_are_no_matter():
    assert read_extract(table([row | {"note": "CÃ©"} for row in rows_of(Extract.SIRH)])).rejects == ()


def test_marks_of_a_merge_conflict_refuse_the_file():
    lines = table(rows_of(Extract.SIRH)).decode().splitlines()
    content = "\n".join([*lines, "<<<<<<< HEAD", lines[1], "=======", lines[1], ">>>>>>> x", ""])
    with pytest.raises(ExtractError, match="Line 5 is a mark of a merge conflict"):
        read_extract(content.encode())


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('"41', "On line 2 a quotation mark opens a cell and is never closed. Close it"),
        ('"4"1', "On line 2 a quotation mark stands within a quoted cell. Double it"),
        ('"' + "4" * 140_000, "On line 2 a cell is longer than 131072 characters. Check"),
    ],
)
def test_broken_quotes_are_told_in_words(cell, reason):
    with pytest.raises(ExtractError, match=reason):
        read_extract(table(rows_of(Extract.SIRH)).replace(b"41", cell.encode(), 1))


def test_invisible_character_in_a_number_is_named():
    (reject,) = read(Extract.SIRH, id_employee="2\N{ZERO WIDTH SPACE}").rejects
    assert reject.value == "2⟨U+200B⟩"


def test_file_in_many_chunks_reads_as_in_one(monkeypatch):
    rows = rows_of(Extract.SIRH, [*range(1, 30), 7])
    rows[3]["age"], rows[20]["age"], rows[12]["departement"], rows[25]["departement"] = "x", "", "R&D", "r&d"
    rows[17]["id_employee"], rows[29]["age"] = "?", "50"
    expected = read_extract(table(rows))
    monkeypatch.setattr(grids, "BATCH_SIZE", 4)
    monkeypatch.setattr(cell_reader, "MOST_REMEMBERED", 1)
    found = read_extract(table(rows))
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.rejects, found.questions) == (expected.rejects, expected.questions)


@pytest.mark.slow
def test_random_damage_never_gives_a_value_that_the_file_does_not_say():
    """Bytes are changed at random: what is read of an untouched row is what it says, or the file is refused.

    Where the damaged row takes the number of another one, that person keeps what the two agree on.
    """
    rng = random.Random(3)
    for extract in Extract:
        clean = table(rows_of(extract, range(1, 9)))
        expected = read_extract(clean).frame
        lines = clean.splitlines(keepends=True)
        for _trial in range(150):
            damaged = bytearray(lines[3])
            for _byte in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(damaged) - 1)] = rng.choice(b'0159,;."\t %-eE\x00\xc3\xa9x')
            try:
                found = read_extract(b"".join([*lines[:3], bytes(damaged), *lines[4:]])).frame
            except ExtractError:
                continue
            others = expected.index.difference([3])
            is_other = (found.loc[others] != expected.loc[others]).fillna(True) & expected.loc[others].notna()
            assert is_other.any(axis=1).sum() <= 1
            assert not (is_other & found.loc[others].notna()).any(axis=None)


@pytest.mark.slow
def test_damage_anywhere_in_the_file_gives_no_value_that_the_file_does_not_say():
    """Whatever is cut out of, or put into, the file: what is known of someone are the values of the undamaged file."""
    rng = random.Random(20260131)
    clean = table(rows_of(Extract.SIRH))
    expected = read_extract(clean).frame
    accepted = 0
    for _trial in range(500):
        content = bytearray(clean)
        place = rng.randrange(len(content))
        match rng.randrange(3):
            case 0:
                del content[place]
            case 1:
                content[place:place] = rng.choice([b",", b";", b'"', b"\n", b"\t", b" ", b"\0", b"\xe9", b"\r"])
            case _:
                del content[place : content.find(b"\n", place) + 1 or None]
        try:
            found = read_extract(bytes(content)).frame
        except ExtractError:
            continue
        # A digit that is lost gives another number that obeys the rule, of an employee too: no reader can know.
        found = found.loc[found.index.intersection(expected.index)]
        accepted += len(found)
        is_wrong = found.notna() & (found != expected.loc[found.index]).fillna(False)
        wrong = is_wrong.columns[is_wrong.any()]
        assert all(BY_NAME[name].kind == ColumnKind.INTEGER for name in wrong), bytes(content)
        assert is_wrong.to_numpy().sum() <= 1, bytes(content)
    assert accepted


# Any order


def test_published_extracts_are_read_whole_whatever_the_order_of_their_rows():
    rng = random.Random(7)
    for extract in EXTRACTS:
        header, *rows = (FOLDER / f"extrait_{extract}.csv").read_bytes().splitlines(keepends=True)
        expected = read_extract(b"".join([header, *rows]))
        rng.shuffle(rows)
        found = read_extract(b"".join([header, *rows]))
        assert (len(found.frame), found.read, found.rejects, found.questions) == (1470, 1470, (), ())
        pd.testing.assert_frame_equal(found.frame, expected.frame)


def test_words_stay_with_their_employees():
    rows = [row | {"poste": job} for row, job in zip(rows_of(Extract.SIRH, range(1, 10)), JOBS, strict=True)]
    assert read_extract(table(rows[::-1])).frame["poste"].tolist() == list(JOBS)


def test_files_of_three_different_shapes_are_read_together():
    files = [
        File(table(rows_of(Extract.SIRH), delimiter=";", encoding="cp1252", newline="\r\n")),
        File(table(rows_of(Extract.EVAL), delimiter="\t", encoding="utf-16")),
        File(table(rows_of(Extract.SONDAGE), encoding="utf-8-sig")),
    ]
    for found in read_files(files):
        pd.testing.assert_frame_equal(found.frame, read(found.extract).frame)


def test_order_of_rows_and_columns_has_no_effect_on_the_frame():
    rng = np.random.default_rng(5)
    for extract in Extract:
        rows = rows_of(extract, range(1, 30))
        headers = rng.permutation(list(rows[0]))
        shuffled = [{header: rows[place][header] for header in headers} for place in rng.permutation(29)]
        pd.testing.assert_frame_equal(read_extract(table(shuffled)).frame, read_extract(table(rows)).frame)


def test_frame_does_not_depend_on_how_many_rows_and_people_are_held_at_a_time(monkeypatch):
    rng = np.random.default_rng(5)
    rows = rows_of(Extract.SIRH, rng.permutation(range(1, 30)).tolist())
    rows += [rows[4], rows[7] | {"age": "42"}, rows[4]]
    rows[9]["annees_dans_le_poste_actuel"], rows[20]["departement"] = "60", "Nowhere"
    expected = read_extract(table(rows))
    monkeypatch.setattr(grids, "BATCH_SIZE", 4)
    monkeypatch.setattr(reading, "PART_SIZE", 5)
    found = read_extract(table(rows))
    assert [len(part) for part in found.frames()] == [5, 5, 5, 5, 5, 4]
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.repeated, found.rejected, found.accepted) == (3, 0, 29)
    assert found.rejects == expected.rejects
    assert found.questions == expected.questions
