import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from employees.columns import JOINED, Extract
from employees.models import Employee, EmployeeSnapshot
from employees.tests.files import Full, permit_rejects, rows_of, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(settings):
    settings.LANGUAGE_CODE = "en"


def seed(files=None, **options):
    out = StringIO()
    call_command("seed_from_csv", **(files or {}), **options, stdout=out, stderr=out)
    return out.getvalue()


def refused(files=None, **options):
    with pytest.raises(CommandError) as caught:
        seed(files, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_demo_loads_the_1470_employees():
    output = seed(demo=True)
    assert "1,470 employees read = 1,470 loaded + 0 unchanged + 0 rejected" in output
    assert "extrait_sirh.csv: 1,470 rows (UTF-8, comma)" in output
    assert Employee.objects.count() == EmployeeSnapshot.objects.count() == 1470


def test_demo_again_changes_nothing():
    seed(demo=True)
    output = seed(demo=True)
    assert "1,470 employees read = 0 loaded + 1,470 unchanged + 0 rejected" in output
    assert "Rows added: 0 employee, 0 employeesnapshot, 0 survey, 0 departure" in output


def test_three_files_load(tmp_path):
    assert "3 employees read = 3 loaded + 0 unchanged + 0 rejected\n(3 new, 0 changed)" in seed(write(tmp_path))


def test_counts_tell_new_changed_unchanged_rejected_and_absent(tmp_path):
    seed(write(tmp_path))
    numbers = [2, 3, 4, 5]
    files = {extract.value: rows_of(extract, numbers) for extract in JOINED}
    files["sirh"][0]["revenu_mensuel"] = "6500"
    files["sirh"][3]["age"] = "12"
    output = seed(write(tmp_path, **files))
    assert "4 employees read = 2 loaded + 1 unchanged + 1 rejected\n(1 new, 1 changed)" in output
    assert "1 known employees have no accepted row in these files and stay as they are" in output
    assert "extrait_sirh.csv line 5: age '12' is not a whole number between 16 and 80" in output


def test_row_without_a_number_is_not_a_second_employee(tmp_path):
    output = seed(write(tmp_path, id_employee="?"))
    assert "3 employees read = 2 loaded + 0 unchanged + 1 rejected\n" in output
    assert "Rejected rows whose employee number cannot be read for certain: 1\n" in output


def test_row_without_the_cells_of_the_header_is_called_the_row(tmp_path):
    files = write(tmp_path)
    sirh = Path(files["sirh"])
    sirh.write_bytes(sirh.read_bytes().replace(b"2,41,F", b"2,41"))
    output = seed(files)
    assert "extrait_sirh.csv line 3: the row '2,41,5993,Célibataire,Commercial" in output
    assert "' is not as many cells as the header: 12, not 11" in output


def test_ignored_columns_are_reported(tmp_path):
    sirh = [row | {"Téléphone": "01"} for row in rows_of(Extract.SIRH)]
    assert "extrait_sirh.csv: ignored columns Téléphone" in seed(write(tmp_path, sirh=sirh))


def test_dry_run_shows_the_counts_and_keeps_nothing(tmp_path):
    output = seed(write(tmp_path), dry_run=True)
    assert "3 employees read = 3 loaded" in output
    assert output.endswith("Dry run: nothing was kept.\n")
    assert not Employee.objects.exists()


def test_few_rejects_are_shown_and_the_rest_counted(tmp_path):
    sirh = rows_of(Extract.SIRH)
    sirh[1] |= dict.fromkeys(list(sirh[1])[1:8], "?")
    output = seed(write(tmp_path, sirh=sirh))
    assert output.count("extrait_sirh.csv line 3: ") == 5
    assert "… 2 more rejects; --rejects FILE writes them all" in output


def test_rejects_file_holds_every_reject_for_excel(tmp_path):
    report = tmp_path / "rejects.csv"
    sirh = rows_of(Extract.SIRH)
    sirh[1] |= dict.fromkeys(list(sirh[1])[1:8], "?")
    output = seed(write(tmp_path, sirh=sirh), rejects=str(report))
    assert f"2 more rejects; all 7 are in {report}" in output
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
    assert message == "1 rejects, and none is allowed"
    assert len(report.read_text("utf-8-sig").splitlines()) == 2
    assert not Employee.objects.exists()


def test_refused_set_is_one_line_with_the_file_and_the_reason(tmp_path):
    files = write(tmp_path)
    Path(files["eval"]).write_bytes(b"")
    assert refused(files) == "extrait_eval.csv: the file is empty"


def test_set_with_too_many_rejects_is_one_line_that_shows_one(tmp_path, monkeypatch):
    permit_rejects(monkeypatch, 1)
    report = tmp_path / "rejects.csv"
    message = refused(write(tmp_path, age="12", genre="?"), rejects=str(report))
    assert message == (
        "more than 1 rejects; the first found: extrait_sirh.csv, line 3, age: '12' "
        "(expected: a whole number between 16 and 80)"
    )
    assert not Employee.objects.exists()


def test_absent_file_is_named(tmp_path):
    files = write(tmp_path) | {"sondage": str(tmp_path / "absent.csv")}
    assert refused(files) == f"{tmp_path / 'absent.csv'}: the file cannot be read: No such file or directory"


def test_rejects_in_an_absent_directory_is_named_before_anything_is_loaded(tmp_path):
    report, output = tmp_path / "absent" / "rejects.csv", StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("seed_from_csv", **write(tmp_path), rejects=str(report), stdout=output, stderr=StringIO())
    assert str(caught.value) == f"{report}: No such file or directory"
    assert output.getvalue() == ""
    assert not Employee.objects.exists()


def test_rejects_that_cannot_be_written_leave_the_database_as_it_was(tmp_path):
    assert refused(write(tmp_path, age="12"), rejects="/dev/full") == "/dev/full: No space left on device"
    assert not Employee.objects.exists()


def test_output_that_cannot_be_written_leaves_the_database_as_it_was(tmp_path):
    with pytest.raises(CommandError) as caught:
        call_command("seed_from_csv", **write(tmp_path), stdout=Full(), stderr=StringIO())
    assert str(caught.value) == "A file or the standard output: No space left on device"
    assert not Employee.objects.exists()


def test_file_whose_name_is_no_text_is_in_the_rejects(tmp_path):
    files, report = write(tmp_path, age="12"), tmp_path / "rejects.csv"
    files["sirh"] = str(Path(files["sirh"]).rename(tmp_path / "sirh_\udce9.csv"))
    seed(files, rejects=str(report))
    assert r'"sirh_\udce9.csv","3","age","12",' in report.read_text("utf-8-sig")


@pytest.mark.parametrize("extract", JOINED)
def test_rejects_over_one_of_the_extracts_is_refused_and_the_extract_is_kept(tmp_path, extract):
    files = write(tmp_path)
    before = Path(files[extract]).read_bytes()
    other_name = tmp_path / "." / ".." / tmp_path.name / f"extrait_{extract}.csv"
    assert "is one of the extracts" in refused(files, rejects=str(other_name))
    assert Path(files[extract]).read_bytes() == before


def test_no_file_names_what_is_missing():
    assert refused() == "Missing --sirh, --eval, --sondage: give the three files together, or --demo."


def test_two_of_three_files_name_the_third(tmp_path):
    files = write(tmp_path)
    del files["sondage"]
    assert refused(files) == "Missing --sondage: give the three files together, or --demo."


def test_demo_beside_a_file_is_refused(tmp_path):
    assert refused(write(tmp_path), demo=True).startswith("--demo takes no other file")
