"""A column that is switched off: nothing of it is read, and nothing that was stored of it is left."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model

from employees import terms
from employees.columns import BY_NAME, PRESENCE, Extract
from employees.models import AnnuaireRow, ColumnSwitch, Import, LoadedExtract, RefusedValue, SirhRow
from employees.tests.extracts import load, load_all
from employees.tests.files import write
from employees.tests.test_seed_from_csv import seed
from employees.workforce.loading import withdraw_load
from employees.workforce.switches import AlreadySwitched, NotDispensable, switch_off, switch_on

pytestmark = pytest.mark.django_db

MAY, JUNE = date(2026, 5, 31), date(2026, 6, 30)


def test_columns_of_scores_and_of_presence_cannot_be_switched_off():
    kept = {name for name, column in BY_NAME.items() if not column.is_dispensable}
    assert {"revenu_mensuel", "poste", *PRESENCE} <= kept
    assert BY_NAME.keys() - kept == {
        *("age", "genre", "statut_marital", "ayant_enfants", "nom", "prenom", "responsable", "site"),
        *("nombre_heures_travaillees", "nombre_employee_sous_responsabilite"),
    }
    for name in [*kept, "nothing"]:
        with pytest.raises(NotDispensable):
            switch_off(column=name, reason="not needed")


def test_switching_off_is_recorded():
    user = get_user_model().objects.create_user("dpo")
    switch_off(column="age", reason="not needed", user=user)
    switch = ColumnSwitch.objects.in_force().get()
    assert (switch.column, switch.reason, switch.recorded_by, switch.revoked_at) == ("age", "not needed", user, None)
    with pytest.raises(AlreadySwitched):
        switch_off(column="age", reason="again")


def test_switching_off_erases_the_column_in_every_load():
    load_all(MAY, {1: {"age": 40}})
    taken_back = load_all(JUNE, {1: {"age": 41}})
    withdraw_load(load=taken_back.load, reason="wrong")
    switch_off(column="age", reason="not needed")
    assert set(SirhRow.objects.values_list("age", "genre")) == {(None, "F")}
    assert not any("age" in extract.given for extract in LoadedExtract.objects.filter(kind=Extract.SIRH))


def test_switching_a_name_off_erases_what_searches_compare():
    load(MAY, annuaire={1: {"prenom": "Élodie", "nom": "Noël"}})
    switch_off(column="nom", reason="not needed")
    assert list(AnnuaireRow.objects.values_list("nom_folded", "prenom_folded")) == [(None, "elodie")]


def test_switching_off_erases_it_from_what_an_import_showed():
    user = get_user_model().objects.create_user("rh")
    columns = [{"name": name, "changed": 1} for name in ("age", "poste")]
    upload = Import.objects.create(user=user, summary={"columns": columns})
    for name in ("age", "poste"):
        upload.changes.create(kind=name, place=0, number=1)
    switch_off(column="age", reason="not needed")
    upload.refresh_from_db()
    assert upload.summary["columns"] == columns[1:]
    assert [change.kind for change in upload.changes.all()] == ["poste"]


def test_switching_off_erases_what_was_refused_of_it(tmp_path):
    seed(write(tmp_path, age="12"))
    switch_off(column="age", reason="not needed")
    assert not RefusedValue.objects.filter(column="age").exists()


def test_a_column_switched_off_is_not_read(tmp_path):
    files = write(tmp_path)
    switch_off(column="age", reason="not needed")
    seed(files)
    assert set(SirhRow.objects.values_list("age", flat=True)) == {None}
    assert SirhRow.objects.exclude(genre=None).exists()
    switch_on(column="age")
    seed(files)
    in_force = LoadedExtract.objects.in_force().filter(kind=Extract.SIRH)
    assert SirhRow.objects.filter(extract__in=in_force).exclude(age=None).exists()


def test_switching_on_is_recorded_and_brings_nothing_back():
    load(sirh={1: {"age": 40}})
    user = get_user_model().objects.create_user("dpo")
    switch_off(column="age", reason="not needed")
    switch_on(column="age", user=user)
    switch = ColumnSwitch.objects.get()
    assert (switch.revoked_by, switch.revoked_at is None) == (user, False)
    assert terms.columns_off() == frozenset()
    with pytest.raises(AlreadySwitched):
        switch_on(column="age")


def test_every_process_learns_that_a_column_is_off():
    before = terms.refreshed()
    switch_off(column="site", reason="not needed")
    assert terms.columns_off() == {"site"}
    assert terms.refreshed().revision != before.revision
