import csv
import random
import threading
from datetime import date

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings

from employees.demo import months
from employees.demo.published import FOLDER
from employees.extracts import read_extract
from employees.models import Employee
from employees.tests.extracts import DAY, load, load_all
from employees.tests.sequences import DAYS, perform, sequences_with_answers
from employees.workforce import known_values
from employees.workforce.known_values import RAW_KINDS
from employees.workforce.loading import load_extracts, withdraw_load
from features import schema, services
from features.models import EmployeeFeatures, FeatureBuild
from features.services import LeftOut, build_features
from technova.database.locks import Busy, exclusive

pytestmark = pytest.mark.django_db
FILES = {extract: FOLDER / f"extrait_{extract}.csv" for extract in RAW_KINDS}
NEXT, LAST = date(2026, 7, 31), date(2026, 8, 31)


def in_force(number=1):
    return EmployeeFeatures.objects.in_force().filter(employee__employee_id=number)


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


def assert_as_published():
    evaluations = {int(row["eval_number"].removeprefix("E_")): row for row in read(FILES["eval"])}
    surveys = {int(row["code_sondage"]): row for row in read(FILES["sondage"])}
    newest = EmployeeFeatures.objects.newest_of(Employee.objects.all()).select_related("employee")
    built = {row.employee.employee_id: row.values() for row in newest}
    assert len(built) == 1470
    for sirh in read(FILES["sirh"]):
        number = int(sirh["id_employee"])
        values = built[number]
        assert tuple(values) == schema.FEATURE_NAMES
        for name, expected in expected_of(sirh, evaluations[number], surveys[number]).items():
            is_text = isinstance(expected, str)
            assert values[name] == expected if is_text else abs(values[name] - expected) <= 1e-9, (number, name)


def test_features_of_the_published_extracts_equal_an_independent_computation_in_any_order_of_rows():
    order = random.Random(7)
    extracts = {}
    for extract, path in FILES.items():
        header, *rows = path.read_bytes().splitlines(keepends=True)
        order.shuffle(rows)
        extracts[extract] = read_extract(b"".join([header, *rows]), extract=extract)
    load_extracts(as_of=DAY, extracts=extracts)
    result = build_features()
    assert (result.read, result.changed, result.unchanged, result.left_out) == (1470, 1470, 0, ())
    assert_as_published()


@pytest.mark.slow
def test_features_of_the_demo_are_the_published_ones_in_any_order_of_its_months():
    every_month = months(date(2026, 10, 31))
    random.Random(3).shuffle(every_month)
    for month in every_month:
        extracts = {extract: read_extract(content, extract=extract) for extract, content in month.files.items()}
        load_extracts(as_of=month.as_of, extracts=extracts, accept_implausible=True)
    build_features()
    assert_as_published()
    assert (Employee.objects.present().count(), Employee.objects.filter(presence="left").count()) == (1233, 237)


def test_build_writes_a_row_for_a_newcomer():
    load_all(people={1: {}})
    result = build_features()
    assert (result.read, result.changed, result.unchanged, result.written) == (1, 1, 0, 1)
    row = in_force().get()
    assert (row.age, row.genre, row.as_of) == (41, 0, DAY)
    assert row.satisfaction_moyenne == 2.0


def test_build_again_has_nothing_to_do():
    load_all(people={1: {}})
    build_features()
    before = list(EmployeeFeatures.objects.values())
    assert build_features() == services.BuildResult()
    assert list(EmployeeFeatures.objects.values()) == before


def test_changed_input_adds_a_row_and_keeps_the_old_one():
    load_all(people={1: {}, 2: {}})
    build_features()
    load_all(NEXT, {1: {"revenu_mensuel": 7000}, 2: {}})
    result = build_features()
    assert (result.written, result.changed, result.unchanged, result.superseded) == (1, 1, 1, 0)
    assert list(in_force().values_list("as_of", "revenu_mensuel")) == [(NEXT, 7000), (DAY, 5993)]
    assert in_force(2).count() == 1


def test_input_that_is_no_feature_and_changes_no_mean_adds_no_row():
    load_all(people={1: {}})
    build_features()
    load_all(NEXT, {1: {"ayant_enfants": False, "nombre_employee_sous_responsabilite": 9}})
    assert build_features().written == 0


def test_correction_supersedes_the_row_and_keeps_it():
    load_all(people={1: {}, 2: {}})
    build_features()
    load(sirh={1: {"revenu_mensuel": 6100}, 2: {}})
    result = build_features()
    assert (result.written, result.superseded) == (1, 1)
    assert in_force().get().revenu_mensuel == 6100
    assert EmployeeFeatures.objects.exclude(superseded_at=None).get().revenu_mensuel == 5993


def test_late_extract_takes_its_place_in_history():
    load_all(people={1: {}})
    load_all(LAST, {1: {"revenu_mensuel": 7000}})
    build_features()
    load_all(NEXT, {1: {"revenu_mensuel": 6500}})
    build_features()
    assert list(in_force().values_list("as_of", "revenu_mensuel")) == [(LAST, 7000), (NEXT, 6500), (DAY, 5993)]
    assert not EmployeeFeatures.objects.exclude(superseded_at=None).exists()


def test_withdrawn_load_leaves_the_features_of_before():
    load_all(people={1: {}, 2: {}})
    build_features()
    before = list(EmployeeFeatures.objects.values())
    number = load_all(NEXT, {1: {"revenu_mensuel": 7000}, 3: {}}).load
    build_features()
    withdraw_load(load=number, reason="wrong file")
    build_features()
    assert list(EmployeeFeatures.objects.in_force().values()) == before


def test_unknown_sex_age_and_marital_status_stay_unknown():
    unknown = dict.fromkeys(("age", "genre", "statut_marital"))
    load_all(people={1: unknown})
    build_features()
    row = in_force().get()
    assert (row.age, row.genre, row.statut_marital, row.jeune_surcharge) == (None,) * 4


def test_employee_who_lacks_an_input_is_left_out_with_the_reason():
    load_all(people={1: {}})
    load(NEXT, sirh={1: {}, 2: {}}, eval={2: {}})
    result = build_features()
    assert (result.read, result.changed, result.unchanged) == (2, 0, 1)
    assert result.left_out == (LeftOut(2, "no survey"),)
    assert result.reasons == {"no survey": 1}


def test_whoever_left_keeps_the_features_of_then():
    load_all(people={1: {}, 2: {}, 3: {}})
    load_all(NEXT, {1: {}, 2: {}})
    build_features()
    assert in_force(3).get().as_of == DAY


def test_build_of_nobody_reads_nobody():
    assert build_features() == services.BuildResult()


def test_dry_run_counts_and_keeps_nothing():
    load_all(people={1: {}})
    assert build_features(dry_run=True).written == 1
    assert not EmployeeFeatures.objects.exists()
    assert build_features().written == 1


def test_build_in_chunks_equals_a_build_at_once(monkeypatch):
    load_all(people={number: {"age": 29 + number} for number in range(1, 6)})
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    steps = []
    result = build_features(progress=lambda *step: steps.append(step))
    assert (result.read, result.written) == (5, 5)
    assert steps[-1] == ("Building features", 5, 5)
    assert [in_force(number).get().age for number in range(1, 6)] == [30, 31, 32, 33, 34]


def test_build_that_fails_half_way_leaves_nothing(monkeypatch):
    load_all(people={1: {}, 2: {}, 3: {}})
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


def rows_in_force():
    names = ["employee__employee_id", "as_of", *schema.FEATURE_NAMES]
    return sorted(EmployeeFeatures.objects.in_force().values_list(*names), key=str)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@example(
    steps=[
        ("load", DAYS[0], {"sirh": {1: {}, 2: {}}, "eval": {1: {}, 2: {}}, "sondage": {1: {}, 2: {}}}),
        ("load", DAYS[1], {"sirh": {2: {}}, "eval": {1: {"note_evaluation_actuelle": 4}, 2: {}}}),
        ("load", DAYS[2], {"sirh": {2: {}}}),
        ("here", 1),  # who was in no SIRH extract when the evaluation changed
    ]
)
@given(steps=sequences_with_answers)
def test_building_what_changed_is_building_everything(steps, monkeypatch):
    monkeypatch.setattr(known_values, "MANY", 2)  # so that nobody is built beside those touched
    with transaction.atomic():
        perform(steps, between=build_features)
        result, found = build_features(), rows_in_force()
        FeatureBuild.objects.all().delete()
        EmployeeFeatures.objects.all().delete()
        again = build_features()
        assert rows_in_force() == found
        if result.days:
            assert (result.read, result.left_out) == (again.read, again.left_out)
        transaction.set_rollback(True)


@pytest.mark.parametrize("count", [1, 30])
def test_build_reads_a_constant_number_of_queries_a_chunk(django_assert_num_queries, count):
    load_all(people={number: {} for number in range(1, count + 1)})
    # PostgreSQL takes a lock and makes statistics afterwards; SQLite marks where a block of rows begins.
    with django_assert_num_queries(33 if connection.vendor == "postgresql" else 31):
        build_features()


@pytest.mark.django_db(transaction=True)
def test_build_while_a_load_is_at_work_is_refused(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("needs two connections to PostgreSQL: SQLite's tests have one")
    load_all(people={1: {}})
    monkeypatch.setattr(services, "exclusive", lambda: exclusive(wait=0.2))
    is_at_work, may_end = threading.Event(), threading.Event()

    def other_load():
        try:
            with exclusive():
                load_all(people={1: {"age": 50}})
                is_at_work.set()
                may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=other_load)
    thread.start()
    try:
        assert is_at_work.wait(10)
        with pytest.raises(Busy):
            build_features()
    finally:
        may_end.set()
        thread.join()
    build_features()
    assert in_force().get().age == 50
