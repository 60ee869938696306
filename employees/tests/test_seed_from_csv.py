import csv
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from employees import terms
from employees.columns import ColumnKind, Extract, columns_of
from employees.extracts import PLAIN
from employees.extracts.template import template_workbook
from employees.models import DepartmentAccess, Employee, Load, SavedMapping, SirhRow
from employees.tests.files import Full, permit_rejects, rows_of, write
from employees.tests.firms import workbook
from employees.workforce.known_values import RAW_KINDS
from employees.workforce.loading import withdraw_load

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)
NUMERIC = [column.source for column in columns_of(Extract.SIRH) if column.kind == ColumnKind.INTEGER][:7]


@pytest.fixture(autouse=True)
def in_english(settings):
    settings.LANGUAGE_CODE = "en"


def seed(files=None, **options):
    out = StringIO()
    options = options if "demo" in options else {"as_of": DAY} | options
    call_command("seed_from_csv", **(files or {}), **options, stdout=out, stderr=out)
    return out.getvalue()


def refused(files=None, **options):
    with pytest.raises(CommandError) as caught:
        seed(files, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_demo_loads_thirteen_months_once():
    october = date(2026, 10, 31)  # who joins and leaves in a month depends on the season
    output = seed(demo=True, as_of=october)
    assert output.count("As of ") == 13
    assert "As of 2026-10-31: 1,233 present, 3 arrived, 20 left\n" in output
    assert Employee.objects.count() == 1470
    assert Employee.objects.present().count() == 1233
    seed(demo=True, as_of=october)
    assert Load.objects.count() == 13


def test_three_files_load(tmp_path):
    output = seed(write(tmp_path))
    assert "As of 2026-06-30\n" in output
    assert "3 rows of extrait_sirh.csv = 3 people + 0 repeated + 0 lost\n" in output
    assert "3 present (0 before): 3 arrived, 0 left, 0 absent without a word" in output
    assert f"Load {Load.objects.get().pk}; take it back with: manage.py withdraw_load" in output


def test_same_files_twice_are_nothing_new(tmp_path):
    seed(write(tmp_path))
    assert seed(write(tmp_path)).endswith("Nothing new: everything was loaded before.\n")


def test_one_file_loads_alone(tmp_path):
    seed(write(tmp_path))
    sirh = {"sirh": write(tmp_path, revenu_mensuel="6500")["sirh"]}
    assert "3 present (3 before): 0 arrived" in seed(sirh, as_of=date(2026, 7, 31))


def test_day_in_the_names_of_the_files_is_theirs(tmp_path):
    files = {kind: Path(path).rename(tmp_path / f"{kind}_20260531.csv") for kind, path in write(tmp_path).items()}
    out = StringIO()
    call_command("seed_from_csv", **{kind: str(path) for kind, path in files.items()}, stdout=out)
    assert "As of 2026-05-31\n" in out.getvalue()


def test_files_without_a_day_ask_for_it(tmp_path):
    assert refused(write(tmp_path), as_of=None) == "Which day do the files describe? Add --as-of 2026-10-31."


def test_day_to_come_is_refused(tmp_path):
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert refused(write(tmp_path), as_of=tomorrow).startswith(f"{tomorrow} is still to come")
    assert refused(write(tmp_path), as_of=date(1900, 1, 1)).startswith("1900-01-01 is too long ago")
    assert not Load.objects.exists()


def test_implausible_load_is_stopped_by_sentences(tmp_path):
    numbers = range(1, 21)
    company = {kind.value: rows_of(kind, numbers) for kind in RAW_KINDS}
    seed(write(tmp_path, **company), as_of=date(2026, 5, 31))
    others = write(tmp_path, **{kind.value: rows_of(kind, range(101, 121)) for kind in RAW_KINDS})
    assert refused(others) == "Nothing was loaded: add --accept-implausible if the files are right."
    output = seed(others, accept_implausible=True)
    assert "Implausible, and accepted: 20 of the 20 people present are missing from the SIRH file." in output


def test_word_that_stays_unknown_in_many_rows_is_implausible(tmp_path):
    company = {kind.value: rows_of(kind, range(1, 21)) for kind in RAW_KINDS}
    seed(write(tmp_path, **company), as_of=date(2026, 5, 31))
    sirh = write(tmp_path, **company)["sirh"]
    text = Path(sirh).read_text(encoding="utf-8")
    Path(sirh).write_text(text.replace("Commercial", "Direction Générale"), encoding="utf-8")
    assert refused({"sirh": sirh}) == "Nothing was loaded: add --accept-implausible if the files are right."
    output = seed({"sirh": sirh}, new_values="accept")
    assert "Implausible" not in output


def test_counts_tell_who_comes_who_goes_and_who_changes(tmp_path):
    seed(write(tmp_path))
    numbers = [2, 3, 4, 5]
    files = {extract.value: rows_of(extract, numbers) for extract in RAW_KINDS}
    files["sirh"][0]["revenu_mensuel"] = "6500"
    files["sirh"][3]["age"] = "12"
    output = seed(write(tmp_path, **files), as_of=date(2026, 7, 31))
    assert "4 rows of extrait_sirh.csv = 4 people + 0 repeated + 0 lost\n" in output
    assert "extrait_sirh.csv: 1 cells refused, 0 with an unknown word; the last known values stay\n" in output
    assert "4 present (3 before): 2 arrived, 0 left, 1 absent without a word" in output
    assert "1 known people changed" in output
    assert "column age. Refused cells: 1; the first is on line 5: '12'. Expected: a whole number between 16" in output


def test_row_without_a_number_is_not_a_second_employee(tmp_path):
    output = seed(write(tmp_path, id_employee="?"))
    assert "3 rows of extrait_sirh.csv = 2 people + 0 repeated + 1 lost\n" in output
    assert "2 present" in output


def test_row_without_the_cells_of_the_header_is_called_the_row(tmp_path):
    files = write(tmp_path)
    sirh = Path(files["sirh"])
    sirh.write_bytes(sirh.read_bytes().replace(b"2,41,F", b"2,41"))
    output = seed(files)
    assert "Lost rows: 1; the first is on line 3: '2,41,5993,Célibataire,Commercial" in output
    assert "Expected: as many cells as the header: 12, not 11." in output


def test_ignored_columns_are_reported(tmp_path):
    sirh = [row | {"Téléphone": "01"} for row in rows_of(Extract.SIRH)]
    assert "extrait_sirh.csv: ignored columns Téléphone" in seed(write(tmp_path, sirh=sirh))


def test_dry_run_shows_the_counts_and_keeps_nothing(tmp_path):
    output = seed(write(tmp_path), dry_run=True)
    assert "3 present (0 before)" in output
    assert output.endswith("Dry run: nothing was kept.\n")
    assert not Employee.objects.exists()


def test_rejects_of_one_cause_are_one_line(tmp_path):
    sirh = [row | {"age": "12"} for row in rows_of(Extract.SIRH)]
    output = seed(write(tmp_path, sirh=sirh))
    assert output.count("Refused cells") == 1
    assert "column age. Refused cells: 3; the first is on line 2: '12'." in output
    assert "--rejects FILE writes every reject." in output


def test_rejects_file_holds_every_reject_for_excel(tmp_path):
    report = tmp_path / "rejects.csv"
    sirh = rows_of(Extract.SIRH)
    sirh[1] |= dict.fromkeys(NUMERIC, "?")
    output = seed(write(tmp_path, sirh=sirh), rejects=str(report))
    assert f"All 7 rejects are in {report}." in output
    assert report.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(report.open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 7
    assert rows[0] == {
        "file": "extrait_sirh.csv",
        "line": "3",
        "column": "age",
        "value": "?",
        "rule": "a whole number between 16 and 80",
    }


def test_rejects_file_of_a_load_without_rejects_is_its_header(tmp_path):
    report = tmp_path / "rejects.csv"
    seed(write(tmp_path), rejects=str(report))
    assert report.read_text("utf-8-sig").splitlines() == ['"file","line","column","value","rule"']


def test_strict_refuses_and_still_writes_the_rejects(tmp_path):
    report = tmp_path / "rejects.csv"
    message = refused(write(tmp_path, age="12"), strict=True, rejects=str(report))
    assert message == "1 values are rejected, and --strict allows none."
    assert len(report.read_text("utf-8-sig").splitlines()) == 2
    assert not Employee.objects.exists()


def test_refused_set_is_one_line_with_the_file_and_the_reason(tmp_path):
    files = write(tmp_path)
    Path(files["eval"]).write_bytes(b"")
    assert refused(files) == (
        "extrait_eval.csv: The file is empty. Export it again, with the names of its columns and a row for each "
        "employee."
    )


def test_set_with_too_many_rejects_is_one_line_that_shows_one(tmp_path, monkeypatch):
    permit_rejects(monkeypatch, 1)
    report = tmp_path / "rejects.csv"
    message = refused(write(tmp_path, age="12", genre="?"), rejects=str(report))
    assert message == (
        "More than 1 values are rejected; the first found: extrait_sirh.csv, line 3, age: '12' "
        "(expected: a whole number between 16 and 80). Correct the file, or choose the right one."
    )
    assert not Employee.objects.exists()


def test_absent_file_is_named(tmp_path):
    files = write(tmp_path) | {"sondage": str(tmp_path / "absent.csv")}
    assert refused(files) == (
        f"{tmp_path / 'absent.csv'}: The file cannot be read (No such file or directory). Check its name and that it "
        "may be opened."
    )


def test_rejects_in_an_absent_directory_is_named_before_anything_is_loaded(tmp_path):
    report, output = tmp_path / "absent" / "rejects.csv", StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(
            "seed_from_csv", **write(tmp_path), as_of=DAY, rejects=str(report), stdout=output, stderr=StringIO()
        )
    assert str(caught.value) == f"{report}: No such file or directory"
    assert output.getvalue() == ""
    assert not Employee.objects.exists()


def test_rejects_that_cannot_be_written_leave_the_database_as_it_was(tmp_path):
    assert refused(write(tmp_path, age="12"), rejects="/dev/full") == "/dev/full: No space left on device"
    assert not Employee.objects.exists()


def test_output_that_cannot_be_written_leaves_the_database_as_it_was(tmp_path):
    with pytest.raises(CommandError) as caught:
        call_command("seed_from_csv", **write(tmp_path), as_of=DAY, stdout=Full(), stderr=StringIO())
    assert str(caught.value) == "A file or the standard output: No space left on device"
    assert not Employee.objects.exists()


def test_file_whose_name_is_no_text_is_in_the_rejects(tmp_path):
    files, report = write(tmp_path, age="12"), tmp_path / "rejects.csv"
    files["sirh"] = str(Path(files["sirh"]).rename(tmp_path / "sirh_\udce9.csv"))
    seed(files, rejects=str(report))
    assert r'"sirh_\udce9.csv","3","age","12",' in report.read_text("utf-8-sig")


@pytest.mark.parametrize("extract", RAW_KINDS)
def test_rejects_over_one_of_the_extracts_is_refused_and_the_extract_is_kept(tmp_path, extract):
    files = write(tmp_path)
    before = Path(files[extract]).read_bytes()
    other_name = tmp_path / "." / ".." / tmp_path.name / f"extrait_{extract}.csv"
    assert "is one of the extracts" in refused(files, rejects=str(other_name))
    assert Path(files[extract]).read_bytes() == before


def test_no_file_names_what_can_be_given():
    assert refused() == "No file: name some, or give --sirh, --eval, --sondage, --annuaire, or --demo."


def test_demo_beside_a_file_is_refused(tmp_path):
    assert refused(write(tmp_path), demo=True).startswith("--demo goes with no file")


# Workbooks, mappings and what they leave open


def yearly(tmp_path):
    """A workbook of three sheets, with pay by the year under a title of its own."""
    tables = {kind.value: pd.DataFrame(rows_of(kind)) for kind in RAW_KINDS}
    pay = tables["sirh"].rename(columns={"revenu_mensuel": "Brut annuel"}).assign(**{"Brut annuel": 60_000})
    file = tmp_path / "export.xlsx"
    file.write_bytes(workbook({**tables, "sirh": pay}, title=True))
    return str(file)


def seed_files(*files, **options):
    out = StringIO()
    call_command("seed_from_csv", *files, **{"as_of": DAY} | options, stdout=out, stderr=out)
    return out.getvalue()


def test_sheets_of_a_workbook_are_recognised(tmp_path):
    (tmp_path / "modèle.xlsx").write_bytes(template_workbook())
    output = seed_files(str(tmp_path / "modèle.xlsx"))
    assert "modèle.xlsx (annuaire): 1 rows (XLSX)\n1 rows of modèle.xlsx (annuaire) = 1 people" in output
    assert Employee.objects.present().count() == 1


def test_open_questions_stop_the_load_with_a_line_each_and_what_a_mapping_says(tmp_path):
    file, out = yearly(tmp_path), StringIO()
    with pytest.raises(CommandError, match="Nothing was loaded: answer the questions above once, on the import page"):
        call_command("seed_from_csv", file, as_of=DAY, stdout=out)
    assert out.getvalue() == (
        "export.xlsx (sirh) line 3: Brut annuel '60000': is it this column? A mapping says so by "
        '{"headers": {"sirh": {"Brut annuel": "revenu_mensuel"}}}\n'
    )
    assert not Employee.objects.exists()


def test_only_mapping_is_used_and_said(tmp_path):
    known = PLAIN.with_header(Extract.SIRH, "Brut annuel", "revenu_mensuel").with_factor("revenu_mensuel", "1/12")
    SavedMapping.objects.create(name="default", document=known.document())
    assert seed_files(yearly(tmp_path)).startswith("Read by the mapping 'default'\n")
    assert SirhRow.objects.get(number=1).revenu_mensuel == 5_000


def test_mapping_is_named_where_there_are_several(tmp_path):
    known = PLAIN.with_header(Extract.SIRH, "Brut annuel", "revenu_mensuel").with_factor("revenu_mensuel", "1/12")
    SavedMapping.objects.create(name="site A", document=known.document())
    SavedMapping.objects.create(name="site B")
    file = yearly(tmp_path)
    with pytest.raises(CommandError, match="Add --mapping with one of: site A, site B"):
        seed_files(file)
    with pytest.raises(CommandError, match="No mapping has the name 'C'; there are: site A, site B"):
        seed_files(file, mapping="C")
    assert "3 present" in seed_files(file, mapping="site A")


def test_titles_that_miss_a_column_are_asked_before_the_refusal(tmp_path):
    files = write(tmp_path)
    path = Path(files["sirh"])
    path.write_bytes(path.read_bytes().replace(b"revenu_mensuel", b"Q1"))
    out = StringIO()
    with pytest.raises(CommandError, match=r"extrait_sirh\.csv: The file lacks .*: revenu_mensuel"):
        call_command("seed_from_csv", **files, as_of=DAY, stdout=out)
    assert out.getvalue() == "extrait_sirh.csv line 1: Q1 '5993': which column is it, if any?\n"


def test_file_under_another_option_is_taken_as_what_it_is(tmp_path):
    files = write(tmp_path)
    files["sirh"], files["eval"] = files["eval"], files["sirh"]
    output = seed(files)
    assert "extrait_eval.csv: taken as eval, by its columns" in output
    assert "extrait_sirh.csv: taken as sirh, by its columns" in output
    assert Employee.objects.count() == len(rows_of(Extract.SIRH))


def test_same_extract_twice_is_refused(tmp_path):
    files = write(tmp_path)
    with pytest.raises(CommandError, match="This is the sirh extract, and so is"):
        seed_files(files["sirh"], sirh=files["sirh"])


def test_words_of_a_withdrawn_load_are_unknown_again(tmp_path):
    company = {kind.value: rows_of(kind, range(1, 21)) for kind in RAW_KINDS}
    seed(write(tmp_path, **company), as_of=date(2026, 5, 31))
    files = write(tmp_path, **company)
    for old, new in (("Commercial", "Direction Générale"), ("Célibataire", "Pacsé")):
        text = Path(files["sirh"]).read_text(encoding="utf-8")
        Path(files["sirh"]).write_text(text.replace(old, new), encoding="utf-8")
    seed({"sirh": files["sirh"]}, new_values="accept")
    june = Load.objects.latest("pk")
    seed({"sirh": files["sirh"]}, as_of=date(2026, 7, 31))
    withdraw_load(load=Load.objects.latest("pk").pk, reason="twice")
    assert terms.match("departement", "Direction Générale")  # an extract in force has it
    DepartmentAccess.objects.create(
        user=get_user_model().objects.create_user("manager"), departement="Direction Générale"
    )
    withdraw_load(load=june.pk, reason="a wrong file")
    assert terms.match("departement", "Direction Générale")  # an account has it
    assert terms.match("statut_marital", "Pacsé") is None
    assert terms.match("departement", "Commercial")
