"""A database of before the dated extracts, with a year in it, comes over with its data."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from employees.models import Employee, LoadedExtract, SirhRow, SondageRow
from employees.tests.extracts import USUAL
from employees.workforce.listing import people_on
from employees.workforce.replay import replay
from features.models import EmployeeFeatures
from features.services import build_features
from technova.database.locks import exclusive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BEFORE = [("employees", "0002_sign_in"), ("features", "0001_initial"), ("predictions", "0002_own_api_keys")]
MONTHS = [datetime(2025, 1, 15, 9, tzinfo=UTC) + timedelta(days=30 * month) for month in range(12)]


@pytest.fixture
def before():
    """The apps of then, on empty tables; the tables of now when the test is over."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    call_command("migrate", verbosity=0)


def populate(apps):
    """Three people over a year: one is paid more and moves, one leaves and comes back, one leaves for good."""
    employee, snapshot, survey, departure = (
        apps.get_model("employees", name) for name in ("Employee", "EmployeeSnapshot", "Survey", "Departure")
    )
    people = [employee.objects.create(employee_id=number, departement="Consulting") for number in (1, 2, 3)]
    job = dict(USUAL["sirh"])
    answers = {**USUAL["eval"], **USUAL["sondage"]}
    del answers["a_quitte_l_entreprise"]
    for person in people:
        snapshot.objects.create(employee=person, recorded_at=MONTHS[0], **job)
        survey.objects.create(employee=person, recorded_at=MONTHS[0], **answers)
        departure.objects.create(employee=person, recorded_at=MONTHS[0], a_quitte_l_entreprise=False)
    for month, pay in ((3, 6100), (3, 6200), (9, 6300)):  # two loads of one day: the later one counts
        at = MONTHS[month] + timedelta(minutes=pay % 1000)
        snapshot.objects.create(employee=people[0], recorded_at=at, **job | {"revenu_mensuel": pay})
    moved = job | {"revenu_mensuel": 6300, "departement": "Commercial"}
    snapshot.objects.create(employee=people[0], recorded_at=MONTHS[11], **moved)
    for person, month, has_left in ((1, 4, True), (1, 6, False), (2, 7, True)):
        departure.objects.create(employee=people[person], recorded_at=MONTHS[month], a_quitte_l_entreprise=has_left)
    employee.objects.filter(employee_id=1).update(departement="Commercial")
    employee.objects.filter(employee_id=3).update(left_recorded_at=MONTHS[7])


def build_then(apps):
    """The first person's features, built twice on one day, as the pipeline of then did."""
    features = apps.get_model("features", "EmployeeFeatures")
    values = {
        field.name: 1
        for field in features._meta.concrete_fields
        if field.name not in ("id", "employee", "created_at", "a_quitte_l_entreprise")
    }
    values |= {
        "age": 41, "satisfaction_moyenne": 2.0, "nonlinaire_charge_contrainte": 0.01,
        "nonlinaire_surmenage_insatisfaction": -1.0, "statut_marital": "Célibataire", "departement": "Consulting",
        "poste": "Consultant", "domaine_etude": "Autre",
    }  # fmt: skip
    person = apps.get_model("employees", "Employee").objects.earliest("employee_id")
    for minute in (0, 5):
        features.objects.create(employee=person, created_at=MONTHS[3] + timedelta(minutes=minute), **values)


def test_year_comes_over_with_its_days_states_and_features(before):
    populate(before)
    build_then(before)
    call_command("migrate", verbosity=0)
    its_rows_come_over()
    its_features_hold_from_the_day_on_which_they_were_built()
    state_and_features_of_each_day_follow()


def its_rows_come_over():
    assert list(Employee.objects.values_list("employee_id", "departement", "presence")) == [
        (1, "Commercial", "present"),
        (2, "Consulting", "present"),
        (3, "Consulting", "left"),
    ]
    days = [MONTHS[month].date() for month in (0, 3, 4, 6, 7, 9, 11)]
    assert sorted(set(LoadedExtract.objects.values_list("as_of", flat=True))) == days
    pay = SirhRow.objects.filter(number=1).order_by("extract__as_of").values_list("revenu_mensuel", flat=True)
    assert list(pay) == [5993, 6200, 6300, 6300]
    flags = SondageRow.objects.filter(number=2).order_by("extract__as_of")
    assert list(flags.values_list("a_quitte_l_entreprise", flat=True)) == [False, True, False]


def its_features_hold_from_the_day_on_which_they_were_built():
    first, second = EmployeeFeatures.objects.order_by("created_at")
    assert first.as_of == second.as_of == MONTHS[3].date()
    assert first.superseded_at
    assert second.superseded_at is None


def state_and_features_of_each_day_follow():
    with exclusive():
        replay(since=None)
    build_features()

    def there(day: date):
        return {person.number: person.presence for person in people_on(day)}

    assert there(MONTHS[0].date()) == {1: "present", 2: "present", 3: "present"}
    assert there(MONTHS[4].date())[2] == "left"
    assert there(MONTHS[6].date())[2] == "present"
    assert there(MONTHS[11].date()) == {1: "present", 2: "present", 3: "left"}
    rows = EmployeeFeatures.objects.in_force().filter(employee__employee_id=1).order_by("as_of")
    assert list(rows.values_list("as_of", "revenu_mensuel", "departement")) == [
        (MONTHS[0].date(), 5993, "Consulting"),
        (MONTHS[3].date(), 6200, "Consulting"),
        (MONTHS[9].date(), 6300, "Consulting"),
        (MONTHS[11].date(), 6300, "Commercial"),
    ]
