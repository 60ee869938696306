import os
import time
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from employees import uploads
from employees.models import Import, ImportFile, Load, LoadedExtract
from employees.tests.test_uploads import text_of
from employees.workforce.loading import withdraw_load
from predictions import deliveries, import_process
from predictions.deliveries import collect
from predictions.models import ScoringRun
from predictions.tests.imports import run_import
from technova.database.locks import Busy

pytestmark = pytest.mark.django_db

KINDS = ("sirh", "eval", "sondage")


@pytest.fixture(autouse=True)
def folder(tmp_path, settings, started):
    settings.EXTRACTS_DIR = str(tmp_path / "in")
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def deliver(folder, day="2026-06-30", **texts):
    """Write files that have arrived some minutes ago."""
    for kind in KINDS:
        path = folder / f"{kind}-{day}.csv"
        path.write_text(texts.get(kind, text_of(kind)))
        os.utime(path, (time.time() - 300,) * 2)


def test_files_of_a_day_are_loaded_scored_and_deleted(folder, started):
    deliver(folder)
    collect()
    upload = Import.objects.get()
    assert (upload.source, upload.as_of.isoformat(), upload.files.count()) == ("folder", "2026-06-30", 3)
    assert started == [("run_import", str(upload.pk))]
    run_import(upload=upload)
    assert upload.state == Import.State.DONE
    assert Load.objects.get().recorded_by is None
    assert ScoringRun.objects.count() == 1
    collect()
    assert list(folder.iterdir()) == []
    assert Import.objects.count() == 1


def test_files_are_taken_once(folder, started):
    deliver(folder)
    collect()
    collect()
    assert Import.objects.count() == 1


def test_file_that_may_still_be_arriving_is_left(folder):
    (folder / "sirh-2026-06-30.csv").write_text("id_employee")
    (folder / ".hidden-2026-06-30.csv").write_text("id_employee")
    (folder / "readme-2026-06-30.pdf").write_text("id_employee")
    collect()
    assert not Import.objects.exists()


def test_delivery_with_a_question_waits_for_hr_and_its_files_stay(folder):
    deliver(folder, sirh=text_of("sirh").replace("Commercial,", "Direction Générale,"))
    collect()
    upload = Import.objects.get()
    run_import(upload=upload)
    assert upload.state == Import.State.READY
    assert upload.questions
    collect()
    upload.refresh_from_db()
    assert upload.state == Import.State.READY
    assert len(list(folder.iterdir())) == 3


def worked_off(folder):
    """Collect, work and collect again, until the folder is empty or waits; the newest import."""
    for _ in range(2):
        collect()
        for upload in Import.objects.filter(state=Import.State.CHECKING):
            run_import(upload=upload)
    return Import.objects.latest("created_at")


def test_delivery_that_brings_nothing_new_is_deleted_and_shown(folder, browse):
    for _ in range(2):
        deliver(folder)
        upload = worked_off(folder)
        assert list(folder.iterdir()) == []
    assert Load.objects.count() == 1
    assert "The same content was loaded before" in browse("RH").get(f"/import/{upload.pk}/").text


def test_delivery_that_brings_nothing_new_asks_no_question_again(folder, django_user_model):
    user = django_user_model.objects.create_user("rh")
    deliver(folder, sirh=text_of("sirh").replace("Commercial,", "Direction Générale,"))
    first = worked_off(folder)
    checked_at = first.checked_at.isoformat()
    import_process.confirm(upload=first, user=user, checked_at=checked_at, leave_unknown=True)
    run_import(upload=first)
    collect()
    deliver(folder, sirh=text_of("sirh").replace("Commercial,", "Direction Générale,"))
    assert worked_off(folder).state == Import.State.EXPIRED
    assert list(folder.iterdir()) == []


@pytest.fixture
def loaded_by_api(started):
    """The three files of 30 June, loaded from elsewhere."""
    files = [SimpleUploadedFile(f"{kind}.csv", text_of(kind).encode()) for kind in KINDS]
    upload = deliveries.deliver(client="payroll", as_of=date(2026, 6, 30), files=files)
    run_import(upload=upload)
    assert upload.state == Import.State.DONE
    return upload


def test_files_whose_load_was_taken_back_are_a_delivery(folder, loaded_by_api):
    withdraw_load(load=loaded_by_api.load_id, reason="wrong")
    deliver(folder)
    again = worked_off(folder)
    assert (again.source, again.state) == ("folder", Import.State.DONE)
    assert Load.objects.in_force().count() == 1


def test_files_of_the_folder_whose_load_was_taken_back_are_a_delivery(folder):
    deliver(folder)
    first = worked_off(folder)
    withdraw_load(load=first.load_id, reason="wrong")
    deliver(folder)
    assert worked_off(folder) != first
    assert Load.objects.in_force().count() == 1


def test_load_taken_back_before_the_next_collection_is_not_loaded_again(folder):
    deliver(folder)
    collect()
    upload = Import.objects.get()
    run_import(upload=upload)
    assert list(folder.iterdir()) == []
    withdraw_load(load=upload.load_id, reason="wrong")
    assert worked_off(folder) == upload


def test_file_that_was_replaced_while_the_one_before_was_loaded_stays(folder):
    deliver(folder)
    collect()
    upload = Import.objects.get()
    newer = arrive(folder, "sirh-2026-06-30.csv", text_of("sirh").replace("Commercial,", "Consulting,", 1))
    run_import(upload=upload)
    assert (upload.state, list(folder.iterdir())) == (Import.State.DONE, [newer])


def test_file_that_cannot_be_deleted_at_once_is_deleted_by_the_next_collection(folder, monkeypatch):
    deliver(folder)
    collect()
    with monkeypatch.context() as patch:
        patch.setattr("predictions.watched_folder.digest", lambda path: path.rmdir())
        run_import(upload=Import.objects.get())
    assert len(list(folder.iterdir())) == 3
    collect()
    assert list(folder.iterdir()) == []
    assert Import.objects.get().state == Import.State.DONE


def test_files_whose_known_content_was_taken_back_before_they_are_deleted_are_kept(folder, loaded_by_api):
    deliver(folder)
    collect()
    run_import(upload=Import.objects.get(source="folder"))
    withdraw_load(load=loaded_by_api.load_id, reason="wrong")
    worked_off(folder)
    assert Load.objects.in_force().count() == 1


def test_content_of_a_load_in_force_under_another_day_is_a_delivery(folder, loaded_by_api):
    arrive(folder, "eval-2026-07-31.csv", text_of("eval"))
    upload = worked_off(folder)
    assert (upload.as_of, upload.state) == (date(2026, 7, 31), Import.State.DONE)
    assert LoadedExtract.objects.in_force().filter(kind="eval", as_of="2026-07-31").exists()


def test_content_of_a_load_in_force_without_a_day_is_refused_and_stays(folder, loaded_by_api):
    path = arrive(folder, "eval-undated.csv", text_of("eval"))
    upload = worked_off(folder)
    assert (upload.source, upload.state, path.exists()) == ("folder", Import.State.REFUSED, True)


def test_delivery_held_up_by_another_import_is_gone_on_with(folder, started, monkeypatch):
    deliver(folder)
    collect()
    upload = Import.objects.get()

    def busy(**arguments):
        raise Busy("busy")

    with monkeypatch.context() as patch:
        patch.setattr("predictions.import_process.uploads.confirm", busy)
        run_import(upload=upload)
    assert upload.state == Import.State.READY
    started.clear()
    collect()
    assert started == [("run_import", str(upload.pk))]


@pytest.mark.parametrize(("name", "reason"), [("sirh.csv", "nom du fichier"), ("large-2026-06-30.csv", "Mo")])
def test_file_that_cannot_be_taken_is_shown_as_refused_once(folder, settings, browse, name, reason):
    settings.LARGEST_UPLOAD = 2**20
    path = folder / name
    path.write_bytes(b"x" * (2**20 + 1) if name.startswith("large") else b"id_employee")
    os.utime(path, (time.time() - 300,) * 2)
    collect()
    collect()
    upload = Import.objects.get()
    assert (upload.state, ImportFile.objects.get().name) == (Import.State.REFUSED, name)
    hr = browse("RH")
    assert name in hr.get(f"/import/{upload.pk}/").text
    hr.cookies["django_language"] = "fr"
    assert reason in hr.get(f"/import/{upload.pk}/", headers={"Accept-Language": "fr"}).text
    assert path.exists()


PROSE = """Bonjour,

Voici les extraits de juin : SIRH, évaluations, sondage.
Marie a dit : "le sondage est complet", l'évaluation aussi.
"""


def arrive(folder, name, text):
    path = folder / name
    path.write_text(text)
    os.utime(path, (time.time() - 300,) * 2)
    return path


@pytest.mark.parametrize("name", ["lisez-moi-2026-06-30.txt", "README.TXT"])
def test_note_beside_the_extracts_is_set_aside_and_they_are_loaded(folder, browse, name):
    deliver(folder)
    note = arrive(folder, name, PROSE)
    collect()
    upload = Import.objects.get(state=Import.State.CHECKING)
    run_import(upload=upload)
    collect()
    assert (upload.state, list(folder.iterdir())) == (Import.State.DONE, [note])
    refused = Import.objects.exclude(pk=upload.pk).get()
    page = browse("RH").get(f"/import/{refused.pk}/").text
    assert name in page
    assert "it is no extract and was set aside" in page


def link(folder, name, target):
    path = folder / name
    path.symlink_to(target)
    os.utime(path, (time.time() - 300,) * 2, follow_symlinks=False)
    return path


def test_link_in_the_folder_is_set_aside_unread_and_the_extracts_are_loaded(folder, tmp_path, browse):
    secret = arrive(tmp_path, "secret", "root:x:0:0:root:/root:/bin/bash\n")
    deliver(folder)
    (folder / "sondage-2026-06-30.csv").unlink()
    path = link(folder, "sondage-2026-06-30.csv", secret)
    collect()
    upload = Import.objects.get(state=Import.State.CHECKING)
    run_import(upload=upload)
    collect()
    assert (upload.files.count(), upload.state, list(folder.iterdir())) == (2, Import.State.DONE, [path])
    refused = Import.objects.exclude(pk=upload.pk).get()
    assert bytes(refused.files.get().content) == b""
    page = browse("RH").get(f"/import/{refused.pk}/").text
    assert "link to another file, which is not read" in page
    assert "root:" not in page
    collect()
    assert Import.objects.count() == 2


def test_file_that_becomes_a_link_while_it_is_taken_is_not_read(folder, tmp_path, monkeypatch):
    secret = arrive(tmp_path, "secret", "root:x:0:0:root:/root:/bin/bash\n")
    link(folder, "sirh-2026-06-30.csv", secret)
    monkeypatch.setattr("pathlib.Path.is_symlink", lambda path: False)
    with pytest.raises(OSError, match="symbolic"):
        collect()
    assert not Import.objects.exists()


SOME_TABLE = "Matricule{0}Ville{0}Fonction\n1{0}Lyon{0}Cadre\n2{0}Lille{0}Cadre\n"
NO_NOTES = {
    "with a quotation mark that is never closed": text_of("sirh").replace("\n1,", '\n1,"', 1),
    "without rows, under a title": f"Export\ndu SIRH\n{text_of('sirh').splitlines()[0]}\n",
    "with a NUL byte": "id_employee\0",
    "empty": "",
    "of another kind": "<html><body>Not found</body></html>",
    "of unknown titles": SOME_TABLE.format(";"),
    "with bars between its cells": SOME_TABLE.format("|"),
    "with blanks between its cells": SOME_TABLE.format("    "),
}


@pytest.mark.parametrize("fault", NO_NOTES)
def test_text_that_may_be_an_extract_holds_the_others_back(folder, fault):
    deliver(folder)
    arrive(folder, "autre-2026-06-30.txt", NO_NOTES[fault])
    collect()
    upload = Import.objects.get()
    assert upload.files.count() == 4
    run_import(upload=upload)
    assert upload.state in (Import.State.REFUSED, Import.State.ASKING)
    assert not Load.objects.exists()


def test_extract_as_a_text_file_is_loaded(folder):
    deliver(folder)
    (folder / "sirh-2026-06-30.csv").rename(folder / "sirh-2026-06-30.txt")
    collect()
    upload = Import.objects.get()
    run_import(upload=upload)
    assert upload.state == Import.State.DONE


def test_files_that_somebody_deleted_leave_the_folder_and_do_not_come_back(folder, browse):
    deliver(folder, sirh=text_of("sirh").replace("Commercial,", "Direction Générale,"))
    upload = worked_off(folder)
    assert upload.questions
    browse("RH").post(f"/import/{upload.pk}/discard/")
    assert worked_off(folder) == upload
    assert list(folder.iterdir()) == []


def test_files_that_nobody_confirmed_for_a_day_are_asked_about_again(folder):
    deliver(folder, sirh=text_of("sirh").replace("Commercial,", "Direction Générale,"))
    upload = worked_off(folder)
    uploads.discard(upload=upload)
    assert worked_off(folder) != upload
    assert len(list(folder.iterdir())) == 3


@pytest.fixture
def refused_by_hand(django_user_model):
    """An empty file that HR uploaded."""
    user = django_user_model.objects.create_user("rh")
    file = SimpleUploadedFile("sirh.csv", b"")
    upload = import_process.receive(user=user, as_of=date(2026, 6, 30), files=[file])
    run_import(upload=upload)
    assert upload.state == Import.State.REFUSED
    return upload


def test_file_with_the_bytes_of_an_upload_is_an_import_of_its_own(folder, refused_by_hand):
    arrive(folder, "sirh-2026-06-30.csv", "")
    upload = worked_off(folder)
    assert (upload.source, upload.state) == ("folder", Import.State.REFUSED)
    collect()
    assert Import.objects.count() == 2


def test_file_refused_for_its_name_is_taken_once_it_has_another(folder):
    for kind in KINDS:
        arrive(folder, f"{kind}.csv", text_of(kind))
    collect()
    assert set(Import.objects.values_list("state", flat=True)) == {Import.State.REFUSED}
    for kind in KINDS:
        (folder / f"{kind}.csv").rename(folder / f"{kind}-2026-06-30.csv")
    assert worked_off(folder).state == Import.State.DONE


def test_refused_file_that_was_removed_and_delivered_again_is_told_again(folder):
    path = arrive(folder, "sirh.csv", text_of("sirh"))
    collect()
    path.unlink()
    collect()
    arrive(folder, "sirh.csv", text_of("sirh"))
    collect()
    assert Import.objects.count() == 2


def test_nothing_is_collected_without_a_folder(settings):
    settings.EXTRACTS_DIR = ""
    collect()
    assert not Import.objects.exists()
