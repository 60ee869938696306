import csv
import io
import re
import tracemalloc

import pandas as pd
import pytest

from employees.columns import KEY, Extract, columns_of
from employees.extracts import ExtractError, FileReport, Refusal, read_extract
from employees.extracts.parsing import fold
from employees.tests.files import permit_rejects, rows_of, table

SIRH = rows_of(Extract.SIRH)
WHOLE_SENTENCES = re.compile(r"[A-Z][^\n]+\. [A-Z][^\n]+\.")  # what is wrong, and what to do


def read(content, extract=Extract.SIRH):
    return read_extract(content, extract=extract)


def unreadable(rows):
    """The rows with an age that cannot be read: the reject of each tells its line."""
    return [row | {"age": "x"} for row in rows]


def refusal(content, extract=Extract.SIRH):
    with pytest.raises(ExtractError) as caught:
        read(content, extract)
    return caught.value


def assert_reads(content, extract=Extract.SIRH):
    """The content says what the plain file says, cell for cell."""
    expected, found = read(table(rows_of(extract)), extract), read(content, extract)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.given, found.rejects, found.questions) == (expected.given, (), ())
    return found.report


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("cp1252", "Windows-1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_every_delimiter_encoding_and_line_end_reads_the_same(delimiter, name, encoding, label, newline):
    report = assert_reads(table(SIRH, delimiter=delimiter, encoding=encoding, newline=newline))
    assert (report.delimiter, report.encoding, report.rows) == (name, label, 3)


def test_utf_16_big_endian_with_its_mark():
    content = "\N{ZERO WIDTH NO-BREAK SPACE}" + table(SIRH).decode()
    assert assert_reads(content.encode("utf-16-be")).encoding == "UTF-16"


PREAMBLES = [
    "sep=;\r\n",
    '"sep=;"\r\n',
    "SEP=;\n",
    "sep=;\r",
    "sep=;;;;;;;;\r\n",
    '"sep=;";;;;;;;\r\n',
    "sep=;\r\n\r\n",
    "\r\n\r\n",
    " \n",
    ";;;;;;;;;;;\r\n",
    '"";"";""\n',
    "\t\t\t\n",
    "\N{NO-BREAK SPACE}\n",
    ";;;\nsep=;\n;;;\n",
]


@pytest.mark.parametrize("first", PREAMBLES)
def test_preamble_of_excel_and_blank_lines_before_the_header_are_skipped_and_counted(first):
    assert_reads(first.encode() + table(SIRH, delimiter=";"))
    found = read(first.encode() + table(unreadable(SIRH), delimiter=";"))
    assert found.rejects[0].line == 2 + len(first.splitlines())


def test_blank_lines_between_rows_are_skipped_and_counted():
    lines = table(unreadable(SIRH)).decode().splitlines()
    found = read("\n".join([lines[0], lines[1], "", ",,,,,,,,,,,", *lines[2:], ""]).encode())
    assert [reject.line for reject in found.rejects] == [2, 5, 6]


def test_line_of_a_row_after_a_cell_with_line_breaks_is_the_physical_one():
    rows = [row | {"comment": "one\ntwo\nthree"} for row in unreadable(SIRH)]
    assert [reject.line for reject in read(table(rows)).rejects] == [2, 5, 8]


def test_report_tells_how_the_file_was_read():
    report = read(table([row | {"note": ""} for row in SIRH], delimiter=";", encoding="cp1252")).report
    assert report == FileReport("extrait_sirh.csv", 3, "Windows-1252", "semicolon", ("note",))


def test_columns_in_any_order_read_the_same():
    assert_reads(table([dict(reversed(row.items())) for row in SIRH]))


def test_headers_in_other_case_with_accents_and_spaces_read_the_same():
    rows = [{header.upper().replace("_", " ").replace("ANNEE", "Année"): value for header, value in SIRH[0].items()}]
    assert read(table(rows)).given == tuple(column.name for column in columns_of(Extract.SIRH) if column.name != KEY)


def test_headers_under_their_clean_names_read_the_same():
    clean = {column.source: column.name for column in columns_of(Extract.SONDAGE)}
    rows = [{clean[header]: value for header, value in row.items()} for row in rows_of(Extract.SONDAGE)]
    assert_reads(table(rows), Extract.SONDAGE)


def test_extra_columns_are_ignored_and_reported():
    rows = [{"Matricule paie": "P1", **row, "": "x", "Commentaire": "a, b"} for row in SIRH]
    report = assert_reads(table(rows))
    assert report.ignored == ("Matricule paie", "#14", "Commentaire")


def test_header_is_kept_as_far_as_a_message_can_show_it():
    title = "a" + "-" * 1000 + "ge"
    rows = [{title if k == "age" else k: v for k, v in row.items()} | {"x" * 300: ""} for row in unreadable(SIRH)]
    found = read(table(rows))
    assert {reject.column for reject in found.rejects} == {"a" + "-" * 199}
    assert found.report.ignored == ("x" * 200,)


@pytest.mark.parametrize("extract", Extract)
def test_columns_that_no_score_needs_may_be_absent(extract):
    for column in columns_of(extract):
        if not column.is_required:
            rows = [{k: v for k, v in row.items() if k != column.source} for row in rows_of(extract)]
            assert column.name not in read(table(rows), extract).given


@pytest.mark.parametrize("source", [str, bytes, io.BytesIO, open])
def test_source_may_be_a_path_bytes_or_an_open_file(source, tmp_path):
    path = tmp_path / "mes données.csv"
    path.write_bytes(table(SIRH))
    if source is open:
        with path.open("rb") as file:
            file.read()  # an upload that was read before is read from its start
            assert assert_reads(file).name == path.name
    elif source is str:
        assert assert_reads(str(path)).name == path.name
    else:
        assert assert_reads(source(path.read_bytes())).name == "extrait_sirh.csv"


# Delimiters at the end of the lines


def ending_with(end, lines, content):
    return "".join(
        line + (end if lines is None or number in lines else "") + "\n"
        for number, line in enumerate(content.decode().splitlines())
    ).encode()


@pytest.mark.parametrize("end", [";", ";;;"])
@pytest.mark.parametrize("lines", [None, {0}, {1, 2, 3}])
def test_delimiters_at_the_end_of_the_header_or_of_all_rows_are_nothing(end, lines):
    report = assert_reads(ending_with(end, lines, table(SIRH, delimiter=";")))
    assert report.ignored == ()


@pytest.mark.parametrize("lines", [None, {0}])
def test_commas_at_the_end_of_every_line_or_of_the_header_are_nothing(lines):
    assert_reads(ending_with(",", lines, table(SIRH)))


@pytest.mark.parametrize("rows", [1, 3])
def test_decimal_comma_without_quotes_before_an_empty_last_column_is_not_taken_for_padding(rows):
    """``…,11,5 %,`` must not become a rise of 11 beside a comment of "5 %"."""
    numbers = range(1, rows + 1)
    lines = table([row | {"comment": ""} for row in rows_of(Extract.EVAL, numbers)]).decode().replace("11 %", "11,5 %")
    assert refusal(lines.encode(), Extract.EVAL).refusal == Refusal.NOT_A_TABLE


def test_one_row_with_a_decimal_comma_without_quotes_is_rejected_and_the_others_are_read():
    rows = [row | {"comment": ""} for row in rows_of(Extract.EVAL)]
    found = read(table(rows).decode().replace("11 %", "11,5 %", 1).encode(), Extract.EVAL)
    (reject,) = found.rejects
    assert (reject.file, reject.line) == ("extrait_eval.csv", 2)
    assert str(reject.rule) == "as many cells as the header: 11, not 12"
    assert found.frame.index.tolist() == [2, 3]


@pytest.mark.parametrize("cut", ["6,4", "9,6,4,7"])
def test_row_with_fewer_or_more_cells_than_the_header_is_rejected(cut):
    content = table(SIRH).decode().replace("9,6,4", cut, 1).encode()
    (reject,) = read(content).rejects
    assert reject.line == 2
    assert reject.value.startswith("1,41,F")


def test_short_row_may_lack_a_cell_in_its_middle_and_is_rejected():
    """Excel leaves out delimiters at the end of a line; a cell of a column that is not read may as well have moved."""
    rows = [row | {"note": "3"} for row in SIRH]
    content = table(rows, delimiter=";").decode().replace("9;6;4", "9;4", 1).encode()
    (reject,) = read(content).rejects
    assert (reject.line, str(reject.rule)) == (2, "as many cells as the header: 13, not 12")


@pytest.mark.parametrize("rows", [1, 3])
def test_short_row_with_commas_may_hide_a_decimal_comma_and_is_not_read(rows):
    """``…,11,5 %`` without the two empty cells that should follow must not become a rise of 11 either."""
    numbers = range(1, rows + 1)
    lines = table([row | {"note": "", "suivi": ""} for row in rows_of(Extract.EVAL, numbers)]).decode().splitlines()
    lines[1:] = [line.replace("11 %", "11,5 %").rstrip(",") for line in lines[1:]]
    assert refusal("\n".join(lines).encode(), Extract.EVAL).refusal == Refusal.NOT_A_TABLE


@pytest.mark.parametrize("last", ["annes_sous_responsable_actuel", "a_quitte_l_entreprise"])
def test_row_that_lacks_a_cell_of_a_column_that_is_read_is_rejected(last):
    rows = [{k: v for k, v in row.items() if k != last} | {last: "", "note": ""} for row in rows_of(Extract.SONDAGE)]
    lines = table(rows, delimiter=";").decode().splitlines()
    lines[2] = lines[2].removesuffix(";;")
    (reject,) = read("\n".join(lines).encode(), Extract.SONDAGE).rejects
    assert (reject.line, str(reject.rule)) == (3, "as many cells as the header: 13, not 11")


@pytest.mark.parametrize("end", [b"6\n", b"6,4,,\n"])
def test_more_rows_without_the_cells_of_the_header_than_permitted_rejects_refuse_the_file(end, monkeypatch):
    permit_rejects(monkeypatch, 2)
    content = table(rows_of(Extract.SIRH, range(1, 8)))
    assert len(read(content.replace(b"6,4\n", end, 2)).rejects) == 2
    assert refusal(content.replace(b"6,4\n", end, 3)).refusal == Refusal.TOO_MANY_REJECTS


def test_more_rows_than_permitted_rejects_may_end_with_a_delimiter(monkeypatch):
    permit_rejects(monkeypatch, 2)
    assert_reads(ending_with(";", {1, 2, 3}, table(SIRH, delimiter=";")))


# What is refused whole


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Refusal.EMPTY),
        (b"\xef\xbb\xbf", Refusal.EMPTY),
        (b" \r\n \n", Refusal.EMPTY),
        (b"sep=;\r\n", Refusal.EMPTY),
        (table(SIRH).splitlines()[0], Refusal.NO_ROWS),
        (table(SIRH).splitlines()[0] + b"\n\n,,,,,,,,,,,\n", Refusal.NO_ROWS),
        (b"PK\x03\x04" + bytes(100), Refusal.NOT_A_TABLE),
        (b"\xd0\xcf\x11\xe0" + bytes(100), Refusal.NOT_A_TABLE),
        (b"%PDF-1.7\n", Refusal.NOT_A_TABLE),
        (b"\x1f\x8b\x08\x00", Refusal.NOT_A_TABLE),
        (b"\n <!DOCTYPE html><table>", Refusal.NOT_A_TABLE),
        (b'{"id_employee": 1}', Refusal.UNRECOGNISED),
        (b"hello", Refusal.UNRECOGNISED),
        (table(SIRH, delimiter="|"), Refusal.NOT_A_TABLE),
        (table(SIRH).replace(b"41", b"4\0", 1), Refusal.NUL),
        (table(SIRH, encoding="utf-32"), Refusal.NUL),
        (table(SIRH).replace(b"41", b"\x81", 1), Refusal.UNDECODABLE),
        (table(SIRH, encoding="utf-16")[:-1], Refusal.UNDECODABLE),
        (table(SIRH).replace(b"41", b'"41', 1), Refusal.NOT_A_TABLE),
        (table(SIRH).replace(b"41", b'"4"1', 1), Refusal.NOT_A_TABLE),
        (table(SIRH).replace(b"41", b"4" * 200_000, 1), Refusal.NOT_A_TABLE),
        (table(SIRH).replace(b",", b";").replace(b";", b",", 11), Refusal.NOT_A_TABLE),
    ],
)
def test_file_that_is_not_the_table_is_refused_with_a_named_reason(content, expected):
    assert refusal(content).refusal == expected
    assert WHOLE_SENTENCES.fullmatch(str(refusal(content).reason))


def test_refused_file_of_another_kind_is_called_by_it():
    assert str(refusal(b"%PDF-1.7")) == ("extrait_sirh.csv: This is a file of kind PDF. Export it as CSV, XLSX or ODS.")


@pytest.mark.slow
def test_file_has_as_many_columns_as_a_sheet_of_excel_and_no_more():
    def rows(count):
        return [row | {str(place): "" for place in range(count - len(row))} for row in SIRH]

    assert_reads(table(rows(16_384)))
    assert str(refusal(table(rows(16_385)))) == (
        "extrait_sirh.csv: Line 1 has more than 16384 cells. Export the file again with the columns of one extract."
    )


@pytest.mark.parametrize("line", [b"\n", b";\r\n", b'""\n'])
def test_empty_first_lines_are_skipped_without_being_remembered(line):
    content = line * 50_000 + table(unreadable(SIRH))
    tracemalloc.start()
    found = read(content)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [reject.line for reject in found.rejects] == [50_002, 50_003, 50_004]
    assert peak < 4_000_000


@pytest.mark.parametrize("head", ["", "sep=|\n"])
def test_file_with_another_delimiter_is_told_those_that_are_read(head):
    content = head.encode() + table(SIRH, delimiter="|")
    assert str(refusal(content)) == (
        "extrait_sirh.csv: Its cells are separated by |. Export the file with a comma, a semicolon or a tab "
        "between them."
    )


def test_nul_byte_is_named_with_its_line():
    assert "Line 2 " in str(refusal(table(SIRH).replace(b"41", b"4\0", 1)))


def test_broken_quotes_are_named_with_their_line():
    lines = table(SIRH).splitlines()
    lines[2] = lines[2].replace(b"41", b'"4"1')
    assert "On line 3 " in str(refusal(b"\n".join(lines)))


@pytest.mark.parametrize("extract", Extract)
def test_each_required_column_that_is_missing_is_named(extract):
    for column in columns_of(extract):
        if column.is_required:
            rows = [{k: v for k, v in row.items() if k != column.source} for row in rows_of(extract)]
            error = refusal(table(rows), extract)
            assert error.refusal == Refusal.MISSING_COLUMN
            assert str(error) == (
                f"extrait_{extract}.csv: The file lacks columns that a score needs: {column.source}. Export it again "
                "with them, or say on the import page which of its titles stand for them."
            )


def test_all_missing_columns_are_named_at_once():
    rows = [{k: v for k, v in row.items() if k not in ("revenu_mensuel", "poste")} for row in SIRH]
    assert "lacks columns that a score needs: revenu_mensuel, poste. Export it again" in str(refusal(table(rows)))


@pytest.mark.parametrize("extract", Extract)
def test_extract_in_the_place_of_another_is_recognised(extract):
    for other in set(Extract) - {extract}:
        error = refusal(table(rows_of(other)), extract)
        assert error.refusal == Refusal.WRONG_EXTRACT
        assert f"This is the {other} extract, not {extract}." in str(error)


@pytest.mark.parametrize("twin", ["age", "Âge", "AGE "])
def test_column_that_stands_twice_is_refused_by_name(twin):
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*SIRH[0], twin])
    writer.writerows([*row.values(), "55"] for row in SIRH)
    error = refusal(file.getvalue().encode())
    assert error.refusal == Refusal.DUPLICATE_COLUMN
    assert "age" in str(error)
    assert twin.strip() in str(error)


def test_column_under_its_source_and_its_clean_name_is_refused():
    rows = [row | {"nombre_heures_travaillees": "80"} for row in SIRH]
    assert refusal(table(rows)).refusal == Refusal.DUPLICATE_COLUMN


def test_file_that_is_absent_or_a_directory_is_refused_by_its_path(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path, "nul\0byte"):
        error = refusal(path)
        assert error.refusal == Refusal.UNREADABLE
        assert str(path) in str(error)


@pytest.mark.parametrize("extract", Extract)
def test_headers_of_an_extract_cannot_be_mistaken_for_one_another(extract):
    titles = [{fold(column.name), fold(column.source)} for column in columns_of(extract)]
    assert sum(map(len, titles)) == len(set().union(*titles))
