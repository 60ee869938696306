import threading

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count
from django.utils import timezone

from employees import services
from employees.columns import BY_NAME, DEPARTMENTS, JOINED, Extract
from employees.extracts import ExtractError, Refusal
from employees.models import Departure, Employee, EmployeeSnapshot, Survey
from employees.selectors import raw_columns
from employees.services import Change, load_extracts
from employees.tests.factories import EmployeeFactory
from employees.tests.files import extracts, rows_of
from technova.database import bulk
from technova.database.locks import Busy, exclusive

pytestmark = pytest.mark.django_db
TABLES = (Employee, EmployeeSnapshot, Survey, Departure)


def load(*, dry_run=False, strict=False, progress=None, **changes):
    return load_extracts(**extracts(**changes), dry_run=dry_run, strict=strict, progress=progress)


def counts():
    return [model.objects.count() for model in TABLES]


def everything():
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def assert_adds_up(result):
    assert result.read == result.new + result.changed + result.unchanged + result.rejected
    assert result.loaded == result.new + result.changed


# What is written


def test_load_writes_one_row_of_each_table_for_each_employee():
    result = load()
    assert (result.read, result.new, result.changed, result.unchanged, result.rejected) == (3, 3, 0, 0, 0)
    assert result.rows == {"employee": 3, "employeesnapshot": 3, "survey": 3, "departure": 3}
    assert result.new_employees == (1, 2, 3)
    assert result.changes == ()
    assert counts() == [3, 3, 3, 3]


def test_load_writes_every_value_of_the_files_to_its_column():
    load(
        age="50",
        genre="M",
        revenu_mensuel="6 000",
        augementation_salaire_precedente="12,5 %",
        heure_supplementaires="non",
        frequence_deplacement="Fréquent",
        a_quitte_l_entreprise="1",
    )
    employee = Employee.objects.get(employee_id=2)
    assert employee.departement == "Commercial"
    snapshot, survey = employee.snapshots.get(), employee.surveys.get()
    written = {name: getattr(row, name) for row in (snapshot, survey) for name in raw_columns(type(row))}
    written |= {"a_quitte_l_entreprise": employee.departures.get().a_quitte_l_entreprise}
    assert written.keys() == {name for name, column in BY_NAME.items() if column.extract in JOINED}
    assert written == {
        "age": 50,
        "genre": "M",
        "revenu_mensuel": 6000,
        "statut_marital": "Célibataire",
        "departement": "Commercial",
        "poste": "Représentant Commercial",
        "nombre_experiences_precedentes": 8,
        "nombre_heures_travaillees": 80,
        "annee_experience_totale": 9,
        "annees_dans_l_entreprise": 6,
        "annees_dans_le_poste_actuel": 4,
        "satisfaction_employee_environnement": 2,
        "satisfaction_employee_nature_travail": 4,
        "satisfaction_employee_equipe": 1,
        "satisfaction_employee_equilibre_pro_perso": 1,
        "note_evaluation_precedente": 3,
        "note_evaluation_actuelle": 3,
        "niveau_hierarchique_poste": 2,
        "heures_supplementaires": False,
        "augmentation_salaire_precedente": 12.5,
        "a_quitte_l_entreprise": True,
        "nombre_participation_pee": 1,
        "nb_formations_suivies": 2,
        "nombre_employee_sous_responsabilite": 1,
        "distance_domicile_travail": 12,
        "niveau_education": 2,
        "domaine_etude": "Infra & Cloud",
        "ayant_enfants": True,
        "frequence_deplacement": "Frequent",
        "annees_depuis_la_derniere_promotion": 3,
        "annees_sous_responsable_actuel": 5,
    }


def test_same_files_twice_change_nothing():
    load()
    before = everything()
    result = load()
    assert (result.new, result.changed, result.unchanged) == (0, 0, 3)
    assert sum(result.rows.values()) == 0
    assert result.changes == ()
    assert everything() == before


def test_changed_pay_adds_one_snapshot_for_that_employee_and_keeps_the_old_one():
    load()
    before = everything()
    result = load(revenu_mensuel="6500")
    assert (result.new, result.changed, result.unchanged) == (0, 1, 2)
    assert result.rows == {"employee": 0, "employeesnapshot": 1, "survey": 0, "departure": 0}
    snapshots = EmployeeSnapshot.objects.filter(employee__employee_id=2)
    assert [row.revenu_mensuel for row in snapshots] == [6500, 5993]
    after = everything()
    assert after[1][:3] == before[1]
    assert [after[0], *after[2:]] == [before[0], *before[2:]]


def test_value_that_goes_back_to_what_it_was_is_a_new_row():
    for pay in ("6500", "5993", "5993"):
        load(revenu_mensuel=pay)
    pays = EmployeeSnapshot.objects.filter(employee__employee_id=2).values_list("revenu_mensuel", flat=True)
    assert list(pays) == [5993, 6500]


@pytest.mark.parametrize(("header", "value"), [("note_evaluation_actuelle", "4"), ("niveau_education", "5")])
def test_changed_answer_adds_one_survey(header, value):
    load()
    assert load(**{header: value}).rows == {"employee": 0, "employeesnapshot": 0, "survey": 1, "departure": 0}


def test_employee_changed_in_several_tables_counts_once():
    load()
    result = load(age="42", niveau_education="5", a_quitte_l_entreprise="Oui")
    assert (result.changed, result.unchanged) == (1, 2)
    assert result.rows == {"employee": 0, "employeesnapshot": 1, "survey": 1, "departure": 1}


def test_newcomer_is_added_beside_unchanged_employees():
    load()
    files = {extract.value: rows_of(extract, range(1, 5)) for extract in JOINED}
    result = load(**files)
    assert (result.new, result.unchanged, result.new_employees) == (1, 3, (4,))


def test_employee_who_is_absent_from_the_files_stays_and_is_counted():
    load()
    files = {extract.value: rows_of(extract, [1, 4]) for extract in JOINED}
    result = load(**files)
    assert (result.read, result.new, result.unchanged, result.absent) == (2, 1, 1, 2)
    assert Employee.objects.count() == 4


def test_rejected_employee_keeps_what_is_known_and_counts_as_absent_too():
    load()
    before = everything()
    result = load(age="12")
    assert (result.unchanged, result.rejected, result.absent) == (2, 1, 1)
    assert everything() == before


def test_load_in_chunks_equals_a_load_at_once(monkeypatch):
    EmployeeFactory.create_batch(3)
    Employee.objects.all().delete()  # a gap in the primary keys
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    files = {extract.value: rows_of(extract, [9, 5, 7, 1, 3]) for extract in JOINED}
    load(**files)
    steps = []
    files["sirh"][0]["revenu_mensuel"] = files["sirh"][3]["revenu_mensuel"] = "7000"
    result = load(**files, progress=lambda *step: steps.append(step))
    assert (result.changed, result.unchanged) == (2, 3)
    assert [change.employee_id for change in result.changes] == [1, 9]
    assert steps[-1] == ("Loading employees", 5, 5)
    assert set(Employee.objects.annotate(rows=Count("snapshots")).values_list("employee_id", "rows")) == {
        (1, 2), (3, 1), (5, 1), (7, 1), (9, 2),
    }  # fmt: skip


def test_snapshot_of_a_load_has_its_time():
    before = timezone.now()
    load()
    moments = {moment for model in TABLES[1:] for moment in model.objects.values_list("recorded_at", flat=True)}
    assert len(moments) == 1
    assert before <= moments.pop() <= timezone.now()


# Outcomes


def test_unknown_outcome_writes_no_departure():
    assert load(a_quitte_l_entreprise="").rows["departure"] == 2
    assert not Departure.objects.filter(employee__employee_id=2).exists()


@pytest.mark.parametrize("outcome", ["Oui", "Non"])
def test_unknown_outcome_does_not_erase_a_known_one(outcome):
    load(a_quitte_l_entreprise=outcome)
    assert load(a_quitte_l_entreprise="").unchanged == 3
    rows = [{k: v for k, v in row.items() if k != "a_quitte_l_entreprise"} for row in rows_of(Extract.SONDAGE)]
    assert load(sondage=rows).unchanged == 3
    assert Departure.objects.get(employee__employee_id=2).a_quitte_l_entreprise is (outcome == "Oui")


def left():
    """When the departure of each employee who has left was recorded, by number."""
    return dict(Employee.objects.exclude(left_recorded_at=None).values_list("employee_id", "left_recorded_at"))


def test_employee_keeps_when_a_departure_was_recorded():
    load(a_quitte_l_entreprise="Oui")
    assert left() == {2: Departure.objects.get(a_quitte_l_entreprise=True).recorded_at}


@pytest.mark.parametrize("later", ["Oui", ""])
def test_employee_keeps_the_first_load_that_said_so(later):
    load(a_quitte_l_entreprise="Oui")
    before = left()
    load(a_quitte_l_entreprise=later, nombre_participation_pee="2")
    assert left() == before


def test_employee_who_is_known_already_is_kept_as_having_left():
    load()
    assert left() == {}
    load(a_quitte_l_entreprise="Oui")
    assert left().keys() == {2}


def test_employee_who_came_back_is_still_here():
    load(a_quitte_l_entreprise="Oui")
    load(a_quitte_l_entreprise="Non")
    assert left() == {}


def test_dry_run_keeps_nobody_as_having_left():
    load()
    load(a_quitte_l_entreprise="Oui", dry_run=True)
    assert left() == {}


def test_outcome_that_becomes_known_adds_a_departure():
    load(a_quitte_l_entreprise="")
    result = load(a_quitte_l_entreprise="Oui")
    assert (result.changed, result.rows["departure"]) == (1, 1)
    assert result.changes == (Change(2, "a_quitte_l_entreprise", None, True),)


# Departments


def test_move_to_another_department_changes_the_employee_and_adds_a_snapshot():
    load()
    result = load(departement="Consulting")
    assert result.rows["employeesnapshot"] == 1
    employee = Employee.objects.get(employee_id=2)
    assert employee.departement == "Consulting"
    assert [row.departement for row in employee.snapshots.all()] == ["Consulting", "Commercial"]
    assert Employee.objects.filter(departement="Commercial").count() == 2


def test_many_moves_at_once():
    numbers = range(1, 1_101)  # more than are moved by one statement
    files = {extract.value: rows_of(extract, numbers) for extract in JOINED}
    load(**files)
    for number, row in enumerate(files["sirh"]):
        row["departement"] = DEPARTMENTS[number % 3]
    assert load(**files).changed == sum(row["departement"] != "Commercial" for row in files["sirh"])
    moved = dict(Employee.objects.values_list("employee_id", "departement"))
    assert moved == {number: row["departement"] for number, row in zip(numbers, files["sirh"], strict=True)}


# Preview


def test_preview_lists_what_would_change_with_old_and_new_values():
    load()
    result = load(
        dry_run=True,
        revenu_mensuel="6500",
        heure_supplementaires="Non",
        poste="Manager",
        annes_sous_responsable_actuel="1",
    )
    assert result.is_dry_run
    assert result.changes == (
        Change(2, "revenu_mensuel", 5993, 6500),
        Change(2, "poste", "Représentant Commercial", "Manager"),
        Change(2, "heures_supplementaires", True, False),
        Change(2, "annees_sous_responsable_actuel", 5, 1),
    )


def test_preview_holds_plain_python_values():
    load()
    for change in load(revenu_mensuel="6500", heure_supplementaires="Non").changes:
        assert not isinstance(change.new, np.generic)
        assert not isinstance(change.old, np.generic)


def test_preview_is_bounded(monkeypatch):
    monkeypatch.setattr(services, "PREVIEW_SIZE", 2)
    files = {extract.value: rows_of(extract, range(1, 6)) for extract in JOINED}
    assert load(**files).new_employees == (1, 2)
    for row in files["sirh"]:
        row |= {"age": "42", "revenu_mensuel": "6500"}
    result = load(**files)
    assert result.changed == 5
    assert [(change.employee_id, change.column) for change in result.changes] == [(1, "age"), (1, "revenu_mensuel")]


# All or nothing


def test_dry_run_does_the_work_and_keeps_none():
    result = load(dry_run=True)
    assert (result.new, result.rows["employeesnapshot"]) == (3, 3)
    assert counts() == [0, 0, 0, 0]


def test_dry_run_says_what_the_load_then_does():
    load()
    changes = {"revenu_mensuel": "6500", "age": "12", "sondage": rows_of(Extract.SONDAGE, [1, 2, 3, 9])}
    dry, real = load(dry_run=True, **changes), load(**changes)
    for field in ("read", "new", "changed", "unchanged", "rejected", "absent", "rows", "changes", "rejects"):
        assert getattr(dry, field) == getattr(real, field), field
    assert_adds_up(real)


def test_load_that_fails_half_way_leaves_nothing(monkeypatch):
    load()
    before = everything()

    def fail_at_the_last_table(model, rows):
        if model is Departure:
            raise RuntimeError("the machine is on fire")
        return bulk.bulk_insert(model, rows)

    monkeypatch.setattr(services, "bulk_insert", fail_at_the_last_table)
    with pytest.raises(RuntimeError):
        load(**{extract.value: rows_of(extract, range(1, 9)) for extract in JOINED}, departement="Consulting")
    assert everything() == before


def test_value_that_the_database_refuses_leaves_nothing(monkeypatch):
    """The reader lets through only what the constraints allow; if it ever did not, nothing would be kept."""
    read = services.read_extracts

    def read_wrongly(*sources):
        found = read(*sources)
        found.frame.loc[3, "age"] = 7
        return found

    monkeypatch.setattr(services, "read_extracts", read_wrongly)
    with pytest.raises(DatabaseError):
        load()
    assert counts() == [0, 0, 0, 0]


def test_strict_load_refuses_the_set_for_one_reject():
    with pytest.raises(ExtractError) as caught:
        load(strict=True, age="12")
    assert caught.value.refusal == Refusal.HAS_REJECTS
    assert [reject.column for reject in caught.value.rejects] == ["age"]
    assert str(caught.value) == "1 rejects, and none is allowed"
    assert counts() == [0, 0, 0, 0]


def test_strict_load_without_rejects_loads():
    assert load(strict=True).new == 3


def test_counts_add_up_with_every_kind_of_row():
    load()
    sirh = rows_of(Extract.SIRH, [1, 2, 3, 4, 5, 6, 6])
    sirh[0]["revenu_mensuel"] = "6500"
    sirh[4]["id_employee"] = "?"
    result = load(
        sirh=sirh,
        eval=rows_of(Extract.EVAL, range(1, 8)),
        sondage=rows_of(Extract.SONDAGE, range(2, 6)) + rows_of(Extract.SONDAGE, [1]),
    )
    assert_adds_up(result)
    assert (result.new, result.changed, result.unchanged, result.rejected, result.unnumbered) == (1, 1, 2, 3, 1)


# Two at once


@pytest.mark.django_db(transaction=True)
def test_load_while_another_is_at_work_is_refused_and_then_succeeds(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("needs two connections to PostgreSQL: SQLite's tests have one")
    monkeypatch.setattr(services, "exclusive", lambda: exclusive(wait=0.2))
    is_at_work, may_end = threading.Event(), threading.Event()

    def other_load():
        try:
            with exclusive():
                EmployeeFactory(employee_id=99)
                is_at_work.set()
                may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=other_load)
    thread.start()
    try:
        assert is_at_work.wait(10)
        with pytest.raises(Busy, match="is running: try again"):
            load()
        assert counts() == [0, 0, 0, 0]
    finally:
        may_end.set()
        thread.join()
    result = load()
    assert (result.new, result.absent) == (3, 1)


@pytest.mark.django_db(transaction=True)
def test_load_waits_for_another_and_sees_what_it_wrote():
    if connection.vendor != "postgresql":
        pytest.skip("needs two connections to PostgreSQL: SQLite's tests have one")
    results = []

    def other_load():
        try:
            results.append(load(progress=lambda *_: is_at_work.set()))
        finally:
            connection.close()

    is_at_work = threading.Event()
    with transaction.atomic(), exclusive():
        thread = threading.Thread(target=other_load)
        thread.start()
        assert not is_at_work.wait(0.3)
        mine = load()
    thread.join()
    (theirs,) = results
    assert (mine.new, theirs.new, theirs.unchanged) == (3, 0, 3)
    assert counts() == [3, 3, 3, 3]
