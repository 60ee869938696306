import io
import random

import pandas as pd
import pytest

from employees import columns
from employees.columns import JOBS, JOINED, ORDERED, ColumnKind, Extract
from employees.demo.published import FOLDER as DEMO
from employees.extracts import ExtractError, Refusal, read_extracts
from employees.extracts.joining import IS_ONCE
from employees.extracts.rejects import MOST_REJECTS, Rejects
from employees.tests.files import KEYS, extracts, permit_rejects, rows_of, table

BY_NAME = {name: column for name, column in columns.BY_NAME.items() if column.extract in JOINED}
NAMES = {extract: f"extrait_{extract}.csv" for extract in JOINED}


def read(**changes):
    return read_extracts(**extracts(**changes))


def facts(found):
    """The rejects as (file, line, column, value, rule)."""
    return [(reject.file, reject.line, reject.column, reject.value, str(reject.rule)) for reject in found.rejects]


def with_row(extract, place, **values):
    """The rows of an extract, one of them changed or, when it has no values left, removed."""
    rows = rows_of(extract)
    rows[place] |= values
    return rows


def test_frame_holds_every_column_with_its_type_in_the_order_of_employee_numbers():
    frame = read().frame
    assert list(frame.columns) == list(BY_NAME)
    assert frame.index.tolist() == [1, 2, 3]
    expected = {
        ColumnKind.INTEGER: "int64",
        ColumnKind.NUMBER: "int64",
        ColumnKind.PERCENT: "float64",
        ColumnKind.BOOLEAN: "bool",
        ColumnKind.CHOICE: "category",
    }
    for name, column in BY_NAME.items():
        assert frame[name].dtype == ("boolean" if column.is_nullable else expected[column.kind]), name


def test_values_are_those_of_the_files():
    row = read().frame.loc[2]
    assert row["nombre_heures_travaillees"] == 80
    assert row["poste"] == "Représentant Commercial"
    assert row["augmentation_salaire_precedente"] == 11.0
    assert not row["a_quitte_l_entreprise"]
    assert row["annees_sous_responsable_actuel"] == 5


def test_files_are_joined_by_number_whatever_the_order_of_their_rows():
    order = random.Random(7)
    files = {extract: (DEMO / name).read_bytes().splitlines(keepends=True) for extract, name in NAMES.items()}
    expected = read_extracts(**{extract.value: b"".join(lines) for extract, lines in files.items()})
    for lines in files.values():
        rows = lines[1:]
        order.shuffle(rows)
        lines[1:] = rows
    found = read_extracts(**{extract.value: b"".join(lines) for extract, lines in files.items()})
    assert (expected.read, expected.rejected, len(found.frame)) == (1470, 0, 1470)
    pd.testing.assert_frame_equal(found.frame, expected.frame)


def test_extracts_of_three_different_shapes_join():
    files = {
        "sirh": table(rows_of(Extract.SIRH), delimiter=";", encoding="cp1252", newline="\r\n"),
        "eval": table(rows_of(Extract.EVAL), delimiter="\t", encoding="utf-16"),
        "sondage": table(rows_of(Extract.SONDAGE), encoding="utf-8-sig"),
    }
    pd.testing.assert_frame_equal(read_extracts(**files).frame, read().frame)


def test_choice_with_an_ampersand_is_quoted_or_not():
    assert read(domaine_etude="infra et cloud").rejected == 1
    assert read(domaine_etude="Infra & cloud").rejected == 0


def test_reports_say_how_each_file_was_read():
    rows = [row | {"note": ""} for row in rows_of(Extract.SIRH)]
    report = read(sirh=table(rows, delimiter=";", encoding="cp1252")).reports[Extract.SIRH]
    assert (report.name, report.rows, report.encoding, report.delimiter, report.ignored) == (
        "extrait_sirh.csv",
        3,
        "Windows-1252",
        "semicolon",
        ("note",),
    )


def test_files_of_the_same_name_are_told_apart_by_their_extract():
    sources = {
        extract: io.BytesIO(content) for extract, content in extracts(sirh=rows_of(Extract.SIRH, [1, 2])).items()
    }
    for extract, source in sources.items():
        source.name = f"d_{extract}/other.csv" if extract == "sondage" else f"d_{extract}/export.csv"
    found = read_extracts(**sources)
    assert [report.name for report in found.reports.values()] == ["export.csv (sirh)", "export.csv (eval)", "other.csv"]
    assert [(reject.file, str(reject.rule)) for reject in found.rejects] == [
        ("export.csv (eval)", "an employee number that is also in export.csv (sirh)"),
        ("other.csv", "an employee number that is also in export.csv (sirh)"),
    ]


def test_refused_file_of_the_same_name_as_another_is_told_apart(tmp_path):
    sources = extracts(eval=b"")
    for extract, content in sources.items():
        sources[extract] = tmp_path / extract / "export.csv"
        sources[extract].parent.mkdir()
        sources[extract].write_bytes(content)
    with pytest.raises(ExtractError, match=r"^export\.csv \(eval\): the file is empty$"):
        read_extracts(**sources)


# What is unknown


def test_absent_outcome_column_means_unknown_for_everyone():
    rows = [{k: v for k, v in row.items() if k != "a_quitte_l_entreprise"} for row in rows_of(Extract.SONDAGE)]
    found = read(sondage=rows)
    assert found.frame["a_quitte_l_entreprise"].isna().all()
    assert found.frame["a_quitte_l_entreprise"].dtype == "boolean"


def test_empty_outcome_means_unknown_for_that_employee():
    outcomes = read(a_quitte_l_entreprise="").frame["a_quitte_l_entreprise"]
    assert outcomes.isna().tolist() == [False, True, False]


# A row that breaks a rule


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (column.source, value)
        for column in BY_NAME.values()
        for value in ("x?", "-1")
        if column.kind != ColumnKind.CHOICE
    ]
    + [(column.source, "x?") for column in BY_NAME.values() if column.kind == ColumnKind.CHOICE],
)
def test_value_that_breaks_its_rule_rejects_its_employee_with_file_line_column_value_and_rule(header, value):
    column = next(column for column in BY_NAME.values() if column.source == header)
    found = read(**{header: value})
    assert facts(found) == [(NAMES[column.extract], 3, header, value, str(column.rule))]
    assert found.frame.index.tolist() == [1, 3]
    assert (found.read, found.rejected) == (3, 1)


def test_empty_cell_rejects_its_employee():
    assert facts(read(age="")) == [("extrait_sirh.csv", 3, "age", "", "a value: the cell is empty")]


def test_reject_calls_the_column_by_the_header_of_the_file():
    rows = rows_of(Extract.SIRH)
    rows[1] |= {"age": "12"}
    renamed = [{("Âge" if k == "age" else k): v for k, v in row.items()} for row in rows]
    assert read(sirh=renamed).rejects[0].column == "Âge"


def test_every_bad_cell_is_reported_in_order_of_file_line_and_column():
    sirh = with_row(Extract.SIRH, 2, age="12", genre="X")
    sirh[0]["revenu_mensuel"] = "0"
    found = read(sirh=sirh, eval=with_row(Extract.EVAL, 0, note_evaluation_actuelle="9"))
    assert [(fact[0], fact[1], fact[2]) for fact in facts(found)] == [
        ("extrait_sirh.csv", 2, "revenu_mensuel"),
        ("extrait_sirh.csv", 4, "age"),
        ("extrait_sirh.csv", 4, "genre"),
        ("extrait_eval.csv", 2, "note_evaluation_actuelle"),
    ]


@pytest.mark.parametrize("smaller", [smaller for smaller, _larger in ORDERED])
def test_duration_that_exceeds_the_one_around_it_rejects_its_employee(smaller):
    larger = dict(ORDERED)[smaller]
    column = BY_NAME[smaller]
    found = read(**{column.source: "10"})
    expected = (NAMES[column.extract], 3, column.source, "10", f"at most {larger}")
    assert facts(found) == [expected]
    assert found.frame.index.tolist() == [1, 3]


def test_duration_in_one_file_is_compared_with_that_of_the_same_employee_in_another():
    sirh = with_row(Extract.SIRH, 1, annees_dans_l_entreprise="4", annees_dans_le_poste_actuel="2")
    sondage = with_row(Extract.SONDAGE, 1, annes_sous_responsable_actuel="4")
    assert read(sirh=sirh[::-1], sondage=sondage).rejected == 0
    sondage[1]["annes_sous_responsable_actuel"] = "5"
    (reject,) = read(sirh=sirh[::-1], sondage=sondage).rejects
    assert (reject.file, reject.line) == ("extrait_sondage.csv", 3)


# Keys


@pytest.mark.parametrize("extract", JOINED)
@pytest.mark.parametrize("key", ["", "abc", "0", "-2"])
def test_row_without_a_readable_number_is_rejected_and_leaves_the_others_orphans(extract, key):
    found = read(**{extract.value: with_row(extract, 1, **{KEYS[extract]: key})})
    assert (NAMES[extract], 3, KEYS[extract], key) in [fact[:4] for fact in facts(found)]
    orphans = [reject for reject in found.rejects if str(reject.rule).endswith(NAMES[extract])]
    assert {reject.file for reject in orphans} == set(NAMES.values()) - {NAMES[extract]}
    assert found.frame.index.tolist() == [1, 3]
    assert (found.read, found.rejected, found.unnumbered) == (3, 1, 1)


@pytest.mark.parametrize("extract", JOINED)
def test_number_that_stands_twice_rejects_both_rows_even_when_they_agree(extract):
    rows = rows_of(extract)
    found = read(**{extract.value: [*rows, rows[1]]})
    assert [(r.file, r.line, r.column, r.rule) for r in found.rejects] == [
        (NAMES[extract], 3, KEYS[extract], IS_ONCE),
        (NAMES[extract], 5, KEYS[extract], IS_ONCE),
    ]
    assert found.frame.index.tolist() == [1, 3]
    assert (found.read, found.rejected) == (3, 1)


def test_number_that_stands_twice_in_two_writings_is_the_same_number():
    rows = rows_of(Extract.EVAL)
    found = read(eval=[*rows, rows[1] | {"eval_number": "0002"}])
    assert [reject.value for reject in found.rejects] == ["E_2", "0002"]
    assert found.frame.index.tolist() == [1, 3]


@pytest.mark.parametrize("extract", JOINED)
def test_employee_absent_from_one_file_is_rejected_from_the_others(extract):
    found = read(**{extract.value: rows_of(extract, [1, 3])})
    assert [(r.file, r.line, str(r.rule)) for r in found.rejects] == [
        (name, 3, f"an employee number that is also in {NAMES[extract]}")
        for other, name in NAMES.items()
        if other != extract
    ]
    assert found.frame.index.tolist() == [1, 3]
    assert (found.read, found.rejected) == (3, 1)


def test_employee_in_one_file_only_is_an_orphan_of_both_others():
    found = read(sirh=rows_of(Extract.SIRH, range(1, 5)))
    assert [(r.file, r.line, str(r.rule)) for r in found.rejects] == [
        ("extrait_sirh.csv", 5, f"an employee number that is also in {NAMES[other]}")
        for other in (Extract.EVAL, Extract.SONDAGE)
    ]


def test_row_without_the_cells_of_the_header_is_rejected_and_counted():
    content = table(rows_of(Extract.SIRH)).decode().replace("3,41,", "3;41,").encode()
    found = read(sirh=content)
    assert found.rejects[0].line == 4
    assert found.frame.index.tolist() == [1, 2]
    assert (found.read, found.rejected, found.unnumbered) == (3, 1, 1)


def test_number_in_a_row_without_the_cells_of_the_header_is_not_relied_on():
    files = {}
    for extract in JOINED:
        lines = table(rows_of(extract)).splitlines()
        files[extract.value] = b"\n".join([*lines[:3], lines[3].rpartition(b",")[0]])
    found = read_extracts(**files)
    assert (found.read, found.rejected, found.unnumbered) == (2, 0, 3)


# The whole set


def test_set_without_an_acceptable_employee_is_refused_with_its_rejects():
    rows = [row | {"age": "12"} for row in rows_of(Extract.SIRH)]
    with pytest.raises(ExtractError) as caught:
        read(sirh=rows)
    assert caught.value.refusal == Refusal.ALL_REJECTED
    assert len(caught.value.rejects) == 3


def test_set_of_different_companies_is_refused():
    with pytest.raises(ExtractError) as caught:
        read(sirh=rows_of(Extract.SIRH, range(10, 13)))
    assert caught.value.refusal == Refusal.ALL_REJECTED


# A set for each place where rejects are found.
REJECTED = {
    "cells": {"sirh": with_row(Extract.SIRH, 1, age="?", genre="?")},
    "cells of two files": {
        "sirh": with_row(Extract.SIRH, 1, age="?"),
        "eval": with_row(Extract.EVAL, 2, note_evaluation_actuelle="?"),
    },
    "number that one file misspells": {"sirh": with_row(Extract.SIRH, 1, id_employee="?")},
    "number that stands twice": {"sirh": rows_of(Extract.SIRH, [1, 2, 2, 3])},
    "durations": {
        "sirh": with_row(Extract.SIRH, 1, annees_dans_l_entreprise="10"),
        "sondage": with_row(Extract.SONDAGE, 1, annees_depuis_la_derniere_promotion="11"),
    },
    "rows without the cells of the header": {
        "eval": table(rows_of(Extract.EVAL, range(1, 7))).replace(b"3,Oui", b"3,0,Oui", 2)
    },
}


@pytest.mark.parametrize("files", REJECTED.values(), ids=REJECTED)
def test_as_many_rejects_as_permitted_are_listed_and_one_more_refuses_the_set(files, monkeypatch):
    expected = facts(read(**files))
    permit_rejects(monkeypatch, len(expected))
    assert facts(read(**files)) == expected
    permit_rejects(monkeypatch, len(expected) - 1)
    with pytest.raises(ExtractError) as caught:
        read(**files)
    assert caught.value.refusal == Refusal.TOO_MANY_REJECTS
    assert caught.value.rejects == ()


def test_refusal_for_too_many_rejects_says_how_many_are_permitted_and_shows_one(monkeypatch):
    permit_rejects(monkeypatch, 2)
    with pytest.raises(ExtractError) as caught:
        read(sirh=[row | {"age": "1\n2"} for row in rows_of(Extract.SIRH)])
    assert str(caught.value) == (
        "more than 2 rejects; the first found: extrait_sirh.csv, line 2, age: '1\\n2' "
        "(expected: a whole number between 16 and 80)"
    )


def test_rejects_beyond_those_permitted_are_not_made(monkeypatch):
    permit_rejects(monkeypatch, 2)
    reject = read(age="?").rejects[0]
    found = iter([reject] * 9)
    with pytest.raises(ExtractError):
        Rejects().add(found)
    assert len(list(found)) == 6


def test_numbers_of_147_000_people_that_one_file_misspells_are_permitted():
    assert len(read(**REJECTED["number that one file misspells"]).rejects) * 147_000 < MOST_REJECTS


@pytest.mark.slow
def test_random_damage_never_gives_a_value_that_the_files_do_not_say():
    """Whatever is cut out of, or put into, the files: who is accepted has the values of the undamaged files."""
    order = random.Random(20260131)
    sirh, expected = table(rows_of(Extract.SIRH)), read().frame
    accepted = 0
    for _ in range(500):
        content = bytearray(sirh)
        place = order.randrange(len(content))
        match order.randrange(3):
            case 0:
                del content[place]
            case 1:
                content[place:place] = order.choice([b",", b";", b'"', b"\n", b"\t", b" ", b"\0", b"\xe9", b"\r"])
            case _:
                del content[place : content.find(b"\n", place) + 1 or None]
        try:
            frame = read(sirh=bytes(content)).frame
        except ExtractError:
            continue
        accepted += len(frame)
        for number, row in frame.iterrows():
            wrong = [name for name in BY_NAME if row[name] != expected.loc[number, name]]
            # A digit that is lost gives another number that obeys the rule: no reader can know.
            assert all(BY_NAME[name].kind == ColumnKind.INTEGER for name in wrong), bytes(content)
    assert accepted


def test_shuffled_words_of_one_column_stay_with_their_employees():
    rows = [row | {"poste": job} for row, job in zip(rows_of(Extract.SIRH, range(1, 10)), JOBS, strict=True)]
    files = {"eval": rows_of(Extract.EVAL, range(9, 0, -1)), "sondage": rows_of(Extract.SONDAGE, range(1, 10))}
    assert read(sirh=rows[::-1], **files).frame["poste"].tolist() == list(JOBS)
