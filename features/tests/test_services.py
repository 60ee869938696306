import csv
import random
import threading

import pytest
from django.db import connection

from employees.management.commands.seed_from_csv import DEMO
from employees.models import EmployeeSnapshot
from employees.services import load_extracts
from employees.tests.factories import DepartureFactory, EmployeeFactory, EmployeeSnapshotFactory, SurveyFactory
from features import schema, services
from features.models import EmployeeFeatures
from features.services import LeftOut, build_features
from technova.database.locks import Busy, exclusive

pytestmark = pytest.mark.django_db
FILES = {extract: DEMO / f"extrait_{extract}.csv" for extract in ("sirh", "eval", "sondage")}


def complete(**options):
    """An employee of whom all inputs are known."""
    employee = EmployeeFactory()
    EmployeeSnapshotFactory(employee=employee, **options)
    SurveyFactory(employee=employee)
    return employee


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected_of(sirh, evaluation, survey):
    """The design's formulas, once more, in plain Python on the text of the files."""
    overtime = {"Oui": 1, "Non": 0}[evaluation["heure_supplementaires"]]
    income, age = int(sirh["revenu_mensuel"]), int(sirh["age"])
    seniority, experience = int(sirh["annees_dans_l_entreprise"]), int(sirh["annee_experience_totale"])
    promotion = int(survey["annees_depuis_la_derniere_promotion"])
    savings, distance = int(survey["nombre_participation_pee"]), int(survey["distance_domicile_travail"])
    jobs = int(sirh["nombre_experiences_precedentes"])
    satisfaction = (
        int(evaluation["satisfaction_employee_environnement"])
        + int(evaluation["satisfaction_employee_nature_travail"])
        + int(evaluation["satisfaction_employee_equipe"])
        + int(evaluation["satisfaction_employee_equilibre_pro_perso"])
    ) / 4
    return {
        "note_evaluation_precedente": int(evaluation["note_evaluation_precedente"]),
        "niveau_hierarchique_poste": int(evaluation["niveau_hierarchique_poste"]),
        "note_evaluation_actuelle": int(evaluation["note_evaluation_actuelle"]),
        "heures_supplementaires": overtime,
        "augmentation_salaire_precedente": float(evaluation["augementation_salaire_precedente"].split()[0]),
        "age": age,
        "genre": "FM".index(sirh["genre"]),
        "revenu_mensuel": income,
        "statut_marital": sirh["statut_marital"],
        "departement": sirh["departement"],
        "poste": sirh["poste"],
        "nombre_experiences_precedentes": jobs,
        "annee_experience_totale": experience,
        "annees_dans_l_entreprise": seniority,
        "annees_dans_le_poste_actuel": int(sirh["annees_dans_le_poste_actuel"]),
        "nombre_participation_pee": savings,
        "nb_formations_suivies": int(survey["nb_formations_suivies"]),
        "distance_domicile_travail": distance,
        "niveau_education": int(survey["niveau_education"]),
        "domaine_etude": survey["domaine_etude"],
        "frequence_deplacement": ["Aucun", "Occasionnel", "Frequent"].index(survey["frequence_deplacement"]),
        "annees_depuis_la_derniere_promotion": promotion,
        "annees_sous_responsable_actuel": int(survey["annes_sous_responsable_actuel"]),
        "satisfaction_moyenne": satisfaction,
        "nonlineaire_participation_pee": savings / (savings + seniority + 1),
        "ratio_heures_sup_salaire": overtime / (income + 1),
        "nonlinaire_charge_contrainte": overtime * distance / (distance + 10) ** 2,
        "nonlinaire_surmenage_insatisfaction": overtime * (1 - satisfaction),
        "jeune_surcharge": int(age < 30 and overtime == 1),
        "anciennete_sans_promotion": (seniority - promotion) / (seniority + 1),
        "mobilite_carriere": jobs / (experience + 1),
        "risque_global": overtime / (income + 1) * (seniority - promotion) / (seniority + 1) * (1 - satisfaction),
    }


def test_features_of_the_demo_equal_an_independent_computation_and_shuffled_files_change_nothing():
    load_extracts(**FILES)
    result = build_features()
    assert (result.read, result.written, result.unchanged, result.left_out) == (1470, 1470, 0, ())

    evaluations = {int(row["eval_number"].removeprefix("E_")): row for row in read(FILES["eval"])}
    surveys = {int(row["code_sondage"]): row for row in read(FILES["sondage"])}
    built = {row.employee.employee_id: row for row in EmployeeFeatures.objects.select_related("employee")}
    assert len(built) == 1470
    for sirh in read(FILES["sirh"]):
        number = int(sirh["id_employee"])
        values = built[number].values()
        assert tuple(values) == schema.FEATURE_NAMES
        for name, expected in expected_of(sirh, evaluations[number], surveys[number]).items():
            is_text = isinstance(expected, str)
            assert values[name] == expected if is_text else abs(values[name] - expected) <= 1e-9, (number, name)
        assert built[number].a_quitte_l_entreprise is (surveys[number][schema.TARGET] == "Oui")

    order, shuffled = random.Random(7), {}
    for extract, path in FILES.items():
        header, *rows = path.read_bytes().splitlines(keepends=True)
        order.shuffle(rows)
        shuffled[extract] = b"".join([header, *rows])
    assert load_extracts(**shuffled).unchanged == 1470
    assert build_features().unchanged == 1470
    assert EmployeeFeatures.objects.count() == 1470


def test_build_writes_a_row_for_a_newcomer():
    employee = complete()
    DepartureFactory(employee=employee, a_quitte_l_entreprise=True)
    result = build_features()
    assert (result.read, result.written, result.unchanged) == (1, 1, 0)
    row = employee.features.get()
    assert (row.age, row.genre, row.a_quitte_l_entreprise) == (41, 0, True)
    assert row.satisfaction_moyenne == 2.0


def test_build_again_writes_nothing():
    complete()
    build_features()
    before = list(EmployeeFeatures.objects.values())
    result = build_features()
    assert (result.written, result.unchanged) == (0, 1)
    assert list(EmployeeFeatures.objects.values()) == before


def test_changed_input_adds_a_row_and_keeps_the_old_one():
    employee, other = complete(), complete()
    build_features()
    before = list(EmployeeFeatures.objects.order_by("pk").values())
    EmployeeSnapshotFactory(employee=employee, revenu_mensuel=7000)
    result = build_features()
    assert (result.written, result.unchanged) == (1, 1)
    assert list(EmployeeFeatures.objects.order_by("pk").values())[:2] == before
    assert [row.revenu_mensuel for row in employee.features.all()] == [7000, 5993]
    assert other.features.count() == 1


def test_input_that_is_no_feature_and_changes_no_mean_adds_no_row():
    employee = complete()
    build_features()
    SurveyFactory(employee=employee, ayant_enfants=False, nombre_employee_sous_responsabilite=9)
    assert build_features().written == 0


@pytest.mark.parametrize("outcomes", [(None, False), (None, True), (False, True)])
def test_outcome_that_becomes_known_or_changes_adds_a_row(outcomes):
    employee = complete()
    for outcome in outcomes:
        if outcome is not None:
            DepartureFactory(employee=employee, a_quitte_l_entreprise=outcome)
        assert build_features().written == 1
    assert employee.features.latest().a_quitte_l_entreprise is outcomes[1]


def test_unknown_outcome_is_null():
    employee = complete()
    build_features()
    assert employee.features.get().a_quitte_l_entreprise is None


def test_employee_without_a_table_is_left_out_with_the_reason():
    complete()
    without_survey = EmployeeSnapshotFactory().employee
    without_snapshot = SurveyFactory().employee
    without_any = EmployeeFactory()
    result = build_features()
    assert (result.read, result.written, result.unchanged) == (4, 1, 0)
    assert result.left_out == (
        LeftOut(without_survey.employee_id, "no row from the survey"),
        LeftOut(without_snapshot.employee_id, "no row from the SIRH extract"),
        LeftOut(without_any.employee_id, "no row from the SIRH extract and the survey"),
    )
    assert result.reasons == {employee.reason: 1 for employee in result.left_out}


def test_build_of_nobody_reads_nobody():
    assert build_features() == services.BuildResult(0, 0, 0, ())


def test_dry_run_counts_and_keeps_nothing():
    complete()
    assert build_features(dry_run=True).written == 1
    assert not EmployeeFeatures.objects.exists()


def test_build_in_chunks_equals_a_build_at_once(monkeypatch):
    employees = [complete(age=30 + place) for place in range(5)]
    EmployeeFactory()
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    steps = []
    result = build_features(progress=lambda *step: steps.append(step))
    assert (result.read, result.written, len(result.left_out)) == (6, 5, 1)
    assert steps[-1] == ("Building features", 6, 6)
    assert [employee.features.get().age for employee in employees] == [30, 31, 32, 33, 34]
    EmployeeSnapshotFactory(employee=employees[3], age=50)
    assert build_features().written == 1


def test_build_that_fails_half_way_leaves_nothing(monkeypatch):
    [complete() for _ in range(3)]
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    insert, calls = services.bulk_insert, []

    def fail_at_the_second_chunk(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("the machine is on fire")
        return insert(*arguments)

    monkeypatch.setattr(services, "bulk_insert", fail_at_the_second_chunk)
    with pytest.raises(RuntimeError):
        build_features()
    assert not EmployeeFeatures.objects.exists()


def test_build_reads_a_constant_number_of_queries_a_chunk(django_assert_max_num_queries):
    [complete() for _ in range(30)]
    build_features()
    with django_assert_max_num_queries(16):
        build_features()


@pytest.mark.django_db(transaction=True)
def test_build_while_a_load_is_at_work_is_refused(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("needs two connections to PostgreSQL: SQLite's tests have one")
    complete()
    monkeypatch.setattr(services, "exclusive", lambda: exclusive(wait=0.2))
    is_at_work, may_end = threading.Event(), threading.Event()

    def load():
        try:
            with exclusive():
                EmployeeSnapshot.objects.update(age=50)
                is_at_work.set()
                may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=load)
    thread.start()
    try:
        assert is_at_work.wait(10)
        with pytest.raises(Busy):
            build_features()
    finally:
        may_end.set()
        thread.join()
    build_features()
    assert EmployeeFeatures.objects.get().age == 50
