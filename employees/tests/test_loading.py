"""Loads, corrections, late files and withdrawals, in the database."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from employees.columns import Extract
from employees.extracts import read_extract
from employees.models import (
    AnnuaireRow,
    Employee,
    EmployeeState,
    Load,
    Presence,
    PresenceAnswer,
    RefusedValue,
    WorkforceDay,
)
from employees.tests.extracts import load, load_all
from employees.tests.files import rows_of, table
from employees.workforce.answers import answer_left, merge_numbers, part_numbers, revoke
from employees.workforce.comparison import Moves
from employees.workforce.known_values import History
from employees.workforce.listing import people_on
from employees.workforce.loading import Implausible, NoSuchLoad, load_extracts, withdraw_load
from employees.workforce.replay import replay

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
MANY = {number: {} for number in range(1, 21)}


def there(day=None):
    return {person.number: person.presence for person in people_on(day)}


def test_load_makes_everyone_in_the_sirh_present():
    result = load_all(JANUARY, {1: {}, 2: {"departement": "Commercial"}})
    assert there() == {1: "present", 2: "present"}
    assert result.moves.arrived == 2
    assert list(Employee.objects.values_list("employee_id", "departement", "presence")) == [
        (1, "Consulting", "present"),
        (2, "Commercial", "present"),
    ]


def test_load_of_the_same_content_changes_nothing():
    load_all(JANUARY, {1: {}, 2: {}})
    revision = WorkforceDay.objects.get().revision
    result = load_all(JANUARY, {1: {}, 2: {}})
    assert result.load is None
    assert set(result.known_already) == {Extract.SIRH, Extract.EVAL, Extract.SONDAGE}
    assert (Load.objects.count(), WorkforceDay.objects.get().revision) == (1, revision)


def test_second_extract_of_a_day_replaces_the_first():
    load_all(JANUARY, {1: {}, 2: {}})
    result = load(JANUARY, sirh={1: {}, 3: {}})
    assert result.replaced == (Extract.SIRH,)
    assert there() == {1: "present", 3: "present"}


def test_withdrawn_correction_leaves_what_it_had_replaced():
    load_all(JANUARY, {1: {}, 2: {}})
    correction = load(JANUARY, sirh={1: {}, 3: {}}).load
    withdraw_load(load=correction, reason="wrong file")
    assert there() == {1: "present", 2: "present"}


def test_older_extract_changes_nothing_after_it():
    load_all(FEBRUARY, {1: {"departement": "Commercial"}, 2: {"a_quitte_l_entreprise": True}})
    load_all(JANUARY, {1: {}, 2: {}})
    assert there(JANUARY) == {1: "present", 2: "present"}
    assert there() == {1: "present", 2: "left"}
    assert Employee.objects.get(employee_id=1).departement == "Commercial"
    departure = EmployeeState.objects.newest().get(employee__employee_id=2)
    assert (departure.left_after, departure.left_by) == (JANUARY, FEBRUARY)


def test_withdrawing_everything_leaves_an_empty_workforce():
    loads = [load_all(day, MANY).load for day in (JANUARY, FEBRUARY)]
    for number in loads:
        withdraw_load(load=number, reason="test")
    assert there() == {}
    assert not EmployeeState.objects.exists()
    assert not Employee.objects.of_the_workforce().exists()


def test_withdrawn_load_keeps_who_took_it_back_and_why(django_user_model):
    user = django_user_model.objects.create(username="rh")
    withdraw_load(load=load_all(JANUARY, {1: {}}).load, reason="another company", user=user)
    found = Load.objects.get()
    assert (found.withdrawn_by, found.withdrawal_reason) == (user, "another company")
    with pytest.raises(NoSuchLoad, match=f"No load {found.pk} is in force: list_loads lists those"):
        withdraw_load(load=found.pk, reason="again")


@pytest.mark.parametrize("reason", ["", " "])
def test_withdrawal_without_a_reason_is_refused(reason):
    number = load_all(JANUARY, {1: {}}).load
    with pytest.raises(CommandError, match="Give a reason with --reason"):
        call_command("withdraw_load", number, reason=reason)
    assert Load.objects.in_force().count() == 1


def test_whoever_vanishes_is_absent():
    load_all(JANUARY, MANY)
    result = load_all(FEBRUARY, {number: {} for number in range(1, 20)})
    assert result.moves.vanished == 1
    assert there()[20] == "absent"


def test_answer_of_hr_is_recorded_and_revocable():
    load_all(JANUARY, MANY)
    load_all(FEBRUARY, {number: {} for number in range(1, 20)})
    answer_left(numbers=[20], left_by=date(2026, 2, 10), because="démission")
    assert there()[20] == "left"
    revoke(answers=list(PresenceAnswer.objects.all()))
    assert there()[20] == "absent"


def test_rehired_person_is_present_and_the_departure_stays_in_history():
    load_all(JANUARY, {1: {"a_quitte_l_entreprise": True}, 2: {"a_quitte_l_entreprise": True}})
    load_all(FEBRUARY, {1: {"a_quitte_l_entreprise": True}, 2: {"a_quitte_l_entreprise": False}})
    assert there() == {1: "left", 2: "present"}
    assert there(JANUARY)[2] == "left"


@pytest.mark.parametrize("entry", [date(2024, 1, 1), None])
def test_list_of_people_agrees_with_their_state_on_an_exit_before_the_entry(entry):
    dates = {
        name: day and pd.Timestamp(day).as_unit("s")
        for name, day in {"date_entree": entry, "date_sortie": date(2001, 1, 1)}.items()
    }
    load_all(JANUARY, {1: {}, 2: {}})
    load(FEBRUARY, annuaire={1: dates})
    assert there() == dict(Employee.objects.values_list("employee_id", "presence"))
    assert there()[1] == ("present" if entry else "left")


def test_newcomer_in_the_sirh_alone_is_present_and_not_scored():
    load_all(JANUARY, {1: {}})
    load(FEBRUARY, sirh={1: {}, 9: {}})
    [newcomer] = people_on(view="unscored")
    assert (newcomer.number, newcomer.presence) == (9, "present")
    assert newcomer.why_not_scored == "no evaluation; no survey"


def test_empty_cell_leaves_the_last_known_value():
    load_all(JANUARY, {1: {"poste": "Manager"}})
    load(FEBRUARY, sirh={1: {"poste": None, "departement": "Commercial"}})
    [person] = people_on()
    assert (person.job, person.department, person.why_not_scored) == ("Manager", "Commercial", "")


def test_unknown_job_is_empty_in_the_list():
    load_all(JANUARY, {1: {"poste": None}, 2: {}})
    assert [person.job for person in people_on()] == ["", "Consultant"]


def test_directory_in_the_sirh_file_is_read_as_one():
    header = "id_employee,age,genre,revenu_mensuel,statut_marital,departement,poste,nombre_experiences_precedentes,"
    header += "annee_experience_totale,annees_dans_l_entreprise,annees_dans_le_poste_actuel,nom,date_sortie\n"
    rows = "".join(
        f"{number},41,F,5993,Célibataire,Consulting,Consultant,8,8,6,4,Martin,{exit_}\n"
        for number, exit_ in ((1, ""), (2, "2026-01-15"))
    )
    sirh = read_extract((header + rows).encode(), extract=Extract.SIRH)
    result = load_extracts(as_of=JANUARY, extracts={Extract.SIRH: sirh})
    assert there() == {1: "present", 2: "left"}
    assert dict(AnnuaireRow.objects.values_list("number", "nom")) == {1: "Martin", 2: "Martin"}
    assert result.stored == {Extract.SIRH: 2, Extract.ANNUAIRE: 2}
    again = load_extracts(as_of=JANUARY, extracts={Extract.SIRH: sirh})
    assert again.load is None


def test_announced_exit_counts_from_its_day_on():
    load(JANUARY, sirh={1: {}}, annuaire={1: {"date_sortie": date(2026, 2, 15), "motif_sortie": "retraite"}})
    assert there(date(2026, 2, 14)) == {1: "present"}
    assert there(date(2026, 2, 15)) == {1: "left"}


def test_load_of_another_company_is_stopped_and_nothing_is_kept():
    load_all(JANUARY, MANY)
    with pytest.raises(Implausible) as caught:
        load_all(FEBRUARY, {number: {} for number in range(101, 121)})
    assert {alarm.kind for alarm in caught.value.alarms} == {"missing", "unknown"}
    assert there() == dict.fromkeys(MANY, "present")
    assert Load.objects.count() == 1


def test_part_of_a_day_that_replaces_the_whole_of_it_is_stopped():
    load_all(JANUARY, MANY)
    with pytest.raises(Implausible, match="15 of the 20 people present are missing"):
        load_all(JANUARY, {number: {"age": 40} for number in range(1, 6)})
    assert there() == dict.fromkeys(MANY, "present")


def test_overridden_alarms_are_recorded():
    load_all(JANUARY, MANY)
    load_all(FEBRUARY, {number: {} for number in range(101, 121)}, accept_implausible=True)
    assert len(Load.objects.latest("pk").overridden) == 2


def test_pay_by_the_year_is_implausible():
    load_all(JANUARY, MANY)
    with pytest.raises(Implausible, match="median of revenu_mensuel goes from 5993 to 71916"):
        load_all(FEBRUARY, {number: {"revenu_mensuel": 5993 * 12} for number in MANY})


def test_older_file_loaded_as_newer_is_implausible():
    load_all(JANUARY, {number: {"age": 41} for number in MANY})
    with pytest.raises(Implausible, match="age falls for 20 of 20"):
        load_all(FEBRUARY, {number: {"age": 40} for number in MANY})


def test_merged_numbers_are_one_person_until_they_are_parted():
    load_all(JANUARY, MANY)
    load_all(FEBRUARY, {number: {} for number in (*range(1, 20), 120)})
    assert there()[20] == "absent"
    merge = merge_numbers(number=120, into=20)
    assert there()[20] == "present"
    assert 120 not in there()
    part_numbers(merge=merge)
    assert (there()[20], there()[120]) == ("absent", "present")


def test_merge_and_its_end_derive_the_two_people_alone_as_if_everyone_were():
    def outcome():
        rows = EmployeeState.objects.values_list("employee__employee_id", "as_of", "until", "presence", "since")
        return set(rows), set(Employee.objects.values_list("employee_id", "presence"))

    def kept():
        return set(EmployeeState.objects.exclude(employee__employee_id__in=(20, 120)).values_list("pk", flat=True))

    def revisions():
        return set(WorkforceDay.objects.values_list("revision", flat=True))

    load_all(JANUARY, MANY)
    load_all(FEBRUARY, {number: {} for number in (*range(1, 20), 120)})
    load_all(MARCH, {number: {} for number in (*range(1, 19), 120)})
    others, before = kept(), revisions()
    merge = merge_numbers(number=120, into=20)
    merged, after = outcome(), revisions()
    part_numbers(merge=merge)
    parted = outcome()
    assert kept() == others
    assert not before & after
    assert not after & revisions()
    replay(since=None)
    assert outcome() == parted
    merge_numbers(number=120, into=20)
    replay(since=None)
    assert outcome() == merged


def test_person_of_two_rows_that_differ_is_there_with_the_last_known_value():
    load(JANUARY, sirh={1: {"revenu_mensuel": 4000}, 2: {}})
    rows = rows_of(Extract.SIRH, [1, 2, 1])
    rows[2]["revenu_mensuel"] = "9000"
    load_extracts(as_of=FEBRUARY, extracts={Extract.SIRH: read_extract(table(rows))})
    assert Employee.objects.get(employee_id=1).presence == Presence.PRESENT
    (value,) = RefusedValue.objects.all()
    assert (value.number, value.column, value.value) == (1, "revenu_mensuel", "5993")
    values = History.now().values(Extract.SIRH, FEBRUARY, np.array([1]), ["revenu_mensuel", "age"])
    assert values.loc[1].tolist() == [4000, 41]


def test_dry_run_finds_what_a_load_would_change_and_keeps_nothing():
    load_all(JANUARY, MANY)
    result = load_all(FEBRUARY, {number: {"revenu_mensuel": 6100} for number in MANY}, dry_run=True)
    assert (result.changed, result.load, result.is_dry_run) == (20, None, True)
    assert {kind for changes in result.changes for kind in changes["kind"]} == {"revenu_mensuel"}
    assert [(column.name, column.changed, column.old, column.new) for column in result.columns if column.changed] == [
        ("revenu_mensuel", 20, 5993, 6100)
    ]
    assert WorkforceDay.objects.count() == 1


def test_load_does_not_depend_on_how_many_people_are_held_at_a_time(monkeypatch):
    def outcome(day, **options):
        people = {number: {"revenu_mensuel": 4000 + 10 * number} for number in range(1, 30)}
        load_all(day, people)
        del people[7]
        people |= {number: {"revenu_mensuel": 5000 + number % 3, "departement": "Commercial"} for number in (3, 12, 28)}
        people |= {29: {"a_quitte_l_entreprise": True}, 31: {}}
        result = load_all(day + (FEBRUARY - JANUARY), people, **options)
        changes = [row for frame in result.changes for row in frame.itertuples(index=False, name=None)]
        return result.moves, result.changed, result.columns, result.present, changes

    expected = outcome(JANUARY, dry_run=True)
    withdraw_load(load=Load.objects.get().pk, reason="again")
    for name, size in (("PART_SIZE", 4), ("CHUNK_SIZE", 2)):
        monkeypatch.setattr(f"employees.workforce.loading.{name}", size)
    monkeypatch.setattr("employees.workforce.replay.CHUNK_SIZE", 6)
    assert outcome(JANUARY) == expected
    assert expected[0] == Moves(left=1, arrived=1, vanished=1, moved=3)
