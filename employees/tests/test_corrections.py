"""A correction stands over the extracts until the source says the same, whatever is loaded or taken back."""

from datetime import timedelta

import numpy as np
import pytest

from employees.access import Readable
from employees.columns import Extract
from employees.models import Correction, Employee, EmployeeState
from employees.tests.extracts import DAY, load, load_all
from employees.workforce.corrections import CORRECTABLE, NoDay, NotReadable, correct, lift, read
from employees.workforce.known_values import History
from employees.workforce.loading import withdraw_load
from employees.workforce.naming import people_named, with_names
from employees.workforce.switches import switch_off

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=31)
WRONG, RIGHT = 1_111, 4_444


def pay(day, number=1):
    values = History.now().values(Extract.SIRH, day, np.array([number]), ["revenu_mensuel"])
    return int(values.loc[number, "revenu_mensuel"])


@pytest.fixture
def person():
    load_all(DAY, {1: {"revenu_mensuel": WRONG}, 2: {}})
    return Employee.objects.get(employee_id=1)


def corrected(person, as_of=DAY, column="revenu_mensuel", value=RIGHT):
    return correct(employee=person, column=column, value=value, as_of=as_of)


def test_correction_counts_from_its_day_on_and_for_its_person_alone(person):
    load_all(DAY + MONTH, {1: {"revenu_mensuel": WRONG}, 2: {}})
    corrected(person, DAY + MONTH)
    assert (pay(DAY), pay(DAY + MONTH)) == (WRONG, RIGHT)
    assert pay(DAY + MONTH, 2) == 5993


def test_later_extract_with_the_wrong_value_does_not_undo_it(person):
    corrected(person)
    for months in (1, 2):
        load_all(DAY + months * MONTH, {1: {"revenu_mensuel": WRONG}, 2: {}})
        assert pay(DAY + months * MONTH) == RIGHT
    assert Correction.objects.get().stands


def test_correction_ends_by_itself_once_the_source_is_right(person):
    corrected(person)
    load_all(DAY + MONTH, {1: {"revenu_mensuel": RIGHT}, 2: {}})
    correction = Correction.objects.get()
    assert correction.agreed_on == DAY + MONTH
    assert not correction.stands
    load_all(DAY + 2 * MONTH, {1: {"revenu_mensuel": 5_000}, 2: {}})
    assert [pay(DAY + months * MONTH) for months in range(3)] == [RIGHT, RIGHT, 5_000]


def test_withdrawal_of_the_extract_that_agreed_has_the_correction_stand_again(person):
    corrected(person)
    right = load_all(DAY + MONTH, {1: {"revenu_mensuel": RIGHT}, 2: {}}).load
    load_all(DAY + 2 * MONTH, {1: {"revenu_mensuel": WRONG}, 2: {}})
    assert pay(DAY + 2 * MONTH) == WRONG
    withdraw_load(load=right, reason="the wrong file")
    assert Correction.objects.get().stands
    assert pay(DAY + 2 * MONTH) == RIGHT


def test_order_of_the_loads_makes_no_difference(person):
    corrected(person)
    load_all(DAY + 2 * MONTH, {1: {"revenu_mensuel": WRONG}, 2: {}})
    assert pay(DAY + 2 * MONTH) == RIGHT
    load_all(DAY + MONTH, {1: {"revenu_mensuel": RIGHT}, 2: {}})  # late
    assert Correction.objects.get().agreed_on == DAY + MONTH
    assert [pay(DAY + months * MONTH) for months in range(3)] == [RIGHT, RIGHT, WRONG]


def test_lifted_correction_has_no_effect_any_more(person):
    correction = corrected(person)
    lift(correction=correction)
    assert pay(DAY) == WRONG
    assert Correction.objects.get().revoked_at


def test_corrected_department_is_where_the_person_is(person):
    correction = corrected(person, column="departement", value="Commercial")
    person.refresh_from_db()
    assert person.departement == "Commercial"
    assert EmployeeState.objects.newest().get(employee=person).departement == "Commercial"
    lift(correction=correction)
    person.refresh_from_db()
    assert person.departement == "Consulting"


def test_correction_before_a_day_that_no_extract_describes_is_refused(person):
    with pytest.raises(NoDay):
        corrected(person, DAY + MONTH)
    assert not Correction.objects.exists()


def test_value_is_read_as_in_the_files(person):
    assert read("revenu_mensuel", "4 444") == 4_444
    assert read("heures_supplementaires", "Non") is False
    assert read("departement", "consulting") == "Consulting"
    for column, text in (("revenu_mensuel", "much"), ("age", "12"), ("poste", "Astronaut"), ("genre", "")):
        with pytest.raises(NotReadable):
            read(column, text)
    assert read("nom", "Durand") == "Durand"
    assert read("responsable", "7") == 7
    assert not {"a_quitte_l_entreprise", "date_sortie", "employee_id", "site"} & CORRECTABLE.keys()


def test_corrected_name_is_shown_and_found_until_the_directory_has_it(person):
    load(DAY, annuaire={1: {"nom": "Durant", "prenom": "Zoé"}, 2: {"nom": "Martin"}})

    def names():
        rows = with_names(Employee.objects.order_by("employee_id"), "employee_id", Readable.EVERYTHING)
        return list(rows.values_list("name", flat=True))

    corrected(person, column="nom", value="Ébrard")
    assert names() == ["Zoé Ébrard", "Martin"]
    assert list(people_named(["ebrard"])) == [person]
    load(DAY + MONTH, annuaire={1: {"nom": "Ébrard", "prenom": "Léa"}, 2: {}})
    assert not Correction.objects.get().stands
    assert names()[0] == "Léa Ébrard"


def test_correction_of_a_switched_off_column_is_erased(person):
    corrected(person, column="age", value=33)
    switch_off(column="age", reason="not needed")
    assert not Correction.objects.exists()


def test_directory_loaded_alone_leaves_it_standing(person):
    corrected(person)
    load(DAY + MONTH, annuaire={1: {"nom": "Zorglub"}})
    assert pay(DAY + MONTH) == RIGHT
