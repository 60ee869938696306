"""What a load changes: who comes and goes, values and medians."""

from datetime import date

import pandas as pd
import pytest

from employees.tests.extracts import load, load_all
from employees.workforce.comparison import Changes, Comparison
from employees.workforce.plausibility import COMPARED

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


def states(people):
    names = ["presence", "departement", "left_after", "left_by"]
    rows = {number: [*state, None, None][:4] for number, state in people.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def listed(before, after):
    changes = Changes()
    changes.add(before, after)
    return pd.concat(changes)


def compared(old, new):
    known = pd.DataFrame(old, dtype=object)
    comparison = Comparison(COMPARED, known.index.to_numpy())
    comparison.add(known, pd.DataFrame(new))
    return comparison


def test_each_move_is_listed_with_its_department_departures_first():
    before = states({1: ("present", "IT"), 2: ("present", "IT"), 3: ("present", "IT"), 4: ("left", "IT")})
    after = states(
        {
            1: ("left", "IT", JANUARY, FEBRUARY),
            2: ("absent", "IT"),
            3: ("present", "HR"),
            4: ("present", "HR"),
            5: ("present", "HR"),
        }
    )
    rows = listed(before, after)
    assert rows.to_numpy().tolist() == [
        ["left", 1, "IT", "2026-01-31", "2026-02-28"],
        ["arrived", 5, "HR", None, None],
        ["vanished", 2, "IT", None, None],
        ["returned", 4, "HR", None, None],
        ["moved", 3, "HR", "IT", "HR"],
    ]


def test_who_is_forgotten_is_listed_where_they_were():
    before = states({1: ("present", "IT"), 2: ("present", "IT")})
    after = states({2: ("present", "IT")})
    rows = listed(before, after)
    assert rows[["kind", "number", "department"]].to_numpy().tolist() == [["forgotten", 1, "IT"]]


def test_largest_changes_of_a_number_come_first():
    old = {"revenu_mensuel": {1: 2000, 2: 2000, 3: 2000, 4: None}}
    new = {"revenu_mensuel": pd.array([2100, 900, 2000, 3000], dtype="Int64")}
    ((_name, values),) = compared(old, pd.DataFrame(new, index=[1, 2, 3, 4])).values()
    assert values[["number", "old", "new"]].to_numpy().tolist() == [[2, 2000, 900], [1, 2000, 2100], [4, None, 3000]]


def test_columns_tell_their_medians_and_how_many_change():
    old = {"age": {1: 40, 2: 50}, "poste": {1: "Manager", 2: "Manager"}}
    new = {"age": pd.array([41, 50], dtype="Int64"), "poste": ["Manager", "Tech Lead"]}
    age, poste = compared(old, pd.DataFrame(new, index=[1, 2])).columns(["revenu_mensuel", "age"])
    assert (age.name, age.changed, age.old, age.new) == ("age", 1, 45.0, 45.5)
    assert (poste.name, poste.changed, poste.old, poste.new) == ("poste", 1, None, None)


@pytest.mark.django_db
def test_date_that_stays_is_no_change():
    entry = {"date_entree": pd.Timestamp("2020-09-15").as_unit("s")}
    load(JANUARY, sirh={1: {}, 2: {}}, annuaire={1: entry, 2: entry})
    moved = {"date_entree": pd.Timestamp("2021-01-04").as_unit("s")}
    result = load(FEBRUARY, sirh={1: {}, 2: {}}, annuaire={1: entry, 2: moved})
    assert result.changed == 1
    assert pd.concat(result.changes).to_numpy().tolist() == [
        ["date_entree", 2, "Consulting", "2020-09-15", "2021-01-04"]
    ]


@pytest.mark.django_db
def test_changed_values_are_of_those_present_and_changed_exits_of_everyone():
    people = {number: {} for number in range(1, 31)}
    left = {"date_sortie": pd.Timestamp("2026-01-15").as_unit("s")}
    load_all(JANUARY, people | {1: {"a_quitte_l_entreprise": True}})
    load(JANUARY, annuaire={1: left, 2: {}})
    corrected = {"date_sortie": pd.Timestamp("2026-01-20").as_unit("s")}
    exits = pd.concat(load(FEBRUARY, annuaire={1: corrected, 2: {}}).changes)
    assert exits[["kind", "number"]].to_numpy().tolist() == [["date_sortie", 1]]
    raised = {number: {"revenu_mensuel": 6100} for number in people}
    leavers = {number: raised[number] | {"a_quitte_l_entreprise": True} for number in (1, 2)}
    result = load_all(FEBRUARY, raised | leavers)
    pay = pd.concat(result.changes).query("kind == 'revenu_mensuel'")
    assert pay["number"].tolist() == list(range(3, 31))
    assert {column.name: column.changed for column in result.columns}["revenu_mensuel"] == 28


@pytest.mark.django_db
def test_load_lists_everyone():
    people = {number: {} for number in range(1, 301)}
    assert len(pd.concat(load_all(JANUARY, people).changes)) == 300
    raised = {number: {"revenu_mensuel": 6100} for number in people}
    assert set(pd.concat(load_all(FEBRUARY, raised).changes)["number"]) == set(people)
