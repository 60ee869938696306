"""The demo's thirteen months: what holds in each, and from one to the next."""

import io
from collections import Counter
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from employees.columns import BY_NAME, DEPARTURE_REASONS, ORDERED, SATISFACTIONS, ColumnKind, Extract
from employees.demo import last_month_end, months, published
from employees.demo.calendar import LAST, NEVER, Calendar
from employees.demo.careers import careers
from employees.extracts import read_extract

END, LEAP = date(2026, 10, 31), date(2028, 2, 29)
YEARS = [
    "age",
    "annee_experience_totale",
    "annees_dans_l_entreprise",
    "annees_dans_le_poste_actuel",
    "annees_depuis_la_derniere_promotion",
    "annees_sous_responsable_actuel",
]
FROM_A_START = YEARS[3:]  # those that begin anew
COUNTS = ["nombre_participation_pee", "nb_formations_suivies"]
CONSTANT = ["genre", "niveau_education", "domaine_etude", "nombre_experiences_precedentes", "ayant_enfants"]

history = cache(months)


@cache
def frames(end=END):
    """What the reader makes of each month, and everyone's directory entry."""
    found = []
    for month in history(end):
        parts = [read_extract(month.files[extract]).frame for extract in published.EXTRACTS]
        directory = pd.read_csv(io.BytesIO(month.files[Extract.ANNUAIRE]), dtype=str, keep_default_na=False)
        parts.append(directory.astype({"id_employee": int}).set_index("id_employee").sort_index())
        found.append(pd.concat(parts, axis=1))
    return found


def steps():
    """Each month beside the one before, of those who are in both."""
    for before, after in zip(frames(), frames()[1:], strict=False):
        yield before, after.loc[before.index]


def full_years(start: str, end: str) -> int:
    return int(end[:4]) - int(start[:4]) - (end[4:] < start[4:])


def has_exit(frame):
    return frame["date_sortie"] != ""


def test_last_month_end_is_before_the_day():
    assert last_month_end(date(2026, 11, 1)) == END
    assert last_month_end(date(2026, 11, 30)) == END
    assert last_month_end(date(2028, 3, 15)) == LEAP


@pytest.mark.parametrize("day", [date(2026, 10, 30), date(2027, 2, 1)])
def test_history_that_ends_within_a_month_is_refused(day):
    with pytest.raises(ValueError, match="is not the end of a month"):
        months(day)


def test_history_is_of_thirteen_month_ends_up_to_the_last():
    days = [month.as_of for month in history(LEAP)]
    assert len(days) == 13
    assert days[0] == date(2027, 2, 28)
    assert days[-2:] == [date(2028, 1, 31), LEAP]


@pytest.mark.parametrize("end", [END, LEAP])
def test_last_month_is_published_to_the_byte(end):
    for extract in published.EXTRACTS:
        assert history(end)[-1].files[extract] == (published.FOLDER / f"extrait_{extract}.csv").read_bytes()


def test_last_month_has_1233_present_and_237_left():
    assert Counter(frames()[-1]["a_quitte_l_entreprise"].astype(bool)) == {False: 1_233, True: 237}


def test_same_end_gives_the_same_bytes():
    assert months(END) == history(END)


@pytest.mark.parametrize("end", [END, LEAP])
def test_every_month_is_recognised_and_read_without_rejects_or_questions(end):
    for month in history(end):
        for extract, content in month.files.items():
            read = read_extract(content)
            assert read.extract == extract
            assert not read.rejects
            assert not read.questions
            assert read.read == len(read.frame)


def test_directory_and_extracts_hold_the_same_people_in_the_same_order():
    for month in history(END):
        numbers = [
            [line.split(b",")[place].removeprefix(b"E_").lstrip(b"0") for line in month.files[extract].splitlines()[1:]]
            for extract, place in ((Extract.ANNUAIRE, 0), ("sirh", 0), ("eval", 6), ("sondage", 4))
        ]
        assert all(column == numbers[0] for column in numbers)


# Joining and leaving


def test_people_join_in_many_months_and_never_vanish():
    joined = [len(after) - len(before) for before, after in zip(frames(), frames()[1:], strict=False)]
    assert all(before.index.isin(after.index).all() for before, after in zip(frames(), frames()[1:], strict=False))
    assert sum(number > 0 for number in joined) >= 9


def test_who_joins_within_the_year_has_no_full_year_and_appears_in_the_month_of_entry():
    seen = set(frames()[0].index)
    for month, frame in zip(history(END)[1:], frames()[1:], strict=True):
        new = frame.loc[~frame.index.isin(seen)]
        assert (new["annees_dans_l_entreprise"] == 0).all()
        assert not new["a_quitte_l_entreprise"].any()
        assert new["date_entree"].str.startswith(month.as_of.strftime("%Y-%m")).all()
        seen |= set(frame.index)


@pytest.mark.parametrize("end", [END, LEAP])
def test_seniority_is_full_years_since_entry(end):
    for month, frame in zip(history(end), frames(end), strict=True):
        until = frame["date_sortie"].where(has_exit(frame), month.as_of.isoformat())
        spells = zip(frame["date_entree"], until, strict=True)
        assert frame["annees_dans_l_entreprise"].tolist() == [full_years(*days) for days in spells]


@pytest.mark.parametrize("end", [END, LEAP])
def test_departure_is_told_from_the_end_of_its_month_on(end):
    for month, frame in zip(history(end), frames(end), strict=True):
        has_left = frame["a_quitte_l_entreprise"].astype(bool)
        assert (has_left == (frame["date_sortie"] != "")).all()
        assert (has_left == (frame["motif_sortie"] != "")).all()
        assert (frame.loc[has_left, "date_sortie"] <= month.as_of.isoformat()).all()
    exits = {number: set(frame.loc[has_exit(frame)].index) for number, frame in enumerate(frames(end))}
    for number, frame in enumerate(frames(end)[1:], start=1):
        left_now = frame.loc[sorted(exits[number] - exits[number - 1])]
        assert left_now["date_sortie"].str.startswith(history(end)[number].as_of.strftime("%Y-%m")).all()
    assert exits[0] == set()


@pytest.mark.parametrize("month", range(1, 13))
def test_departures_fall_in_every_month_and_more_in_september_than_august(month):
    calendar = Calendar(last_month_end(date(2027, month, 1)))
    left = careers(published.read(), calendar).left
    number = Counter(left[left < NEVER].tolist())
    assert set(number) == set(range(1, LAST + 1))
    assert sum(number.values()) == 237
    assert number[calendar.number_of(9)] > number[calendar.number_of(8)]


def test_who_left_keeps_the_values_of_the_last_day():
    for before, after in steps():
        gone = before.index[has_exit(before)]
        pd.testing.assert_frame_equal(before.loc[gone], after.loc[gone])


def test_reasons_are_mostly_resignations_and_only_the_old_retire():
    left = frames()[-1].loc[has_exit(frames()[-1])]
    reasons = left["motif_sortie"].value_counts()
    assert set(reasons.index) == set(DEPARTURE_REASONS)
    assert reasons["Démission"] > 0.6 * len(left)
    assert (left.loc[left["motif_sortie"] == "Retraite", "age"] >= 55).all()


# Values from month to month


@pytest.mark.parametrize("column", YEARS)
def test_years_grow_by_one_in_some_month_or_begin_anew(column):
    grown = 0
    for before, after in steps():
        step = after[column] - before[column]
        assert (step <= 1).all()
        assert ((step >= 0) | ((after[column] == 0) & (column in FROM_A_START))).all()
        grown += (step == 1).sum()
    assert grown > 800


def test_a_year_apart_present_people_are_a_year_older():
    first, last = frames()[0], frames()[-1].loc[frames()[0].index]
    present = ~has_exit(last)
    for column in YEARS[:3]:
        assert (last.loc[present, column] - first.loc[present, column] == 1).all()


def test_nobody_worked_before_18():
    assert all((frame["age"] - frame["annee_experience_totale"] >= 18).all() for frame in frames())


@pytest.mark.parametrize("column", COUNTS)
def test_counts_never_fall_and_grow_for_some(column):
    assert all((after[column] >= before[column]).all() for before, after in steps())
    assert (frames()[-1].loc[frames()[0].index, column] > frames()[0][column]).sum() > 100


@pytest.mark.parametrize("column", CONSTANT)
def test_what_does_not_change_is_constant(column):
    assert all((after[column] == before[column]).all() for before, after in steps())


@pytest.mark.parametrize("column", [*SATISFACTIONS, "note_evaluation_precedente"])
def test_satisfaction_changes_twice_a_year_and_appraisals_once(column):
    changes = [int((before[column] != after[column]).sum()) for before, after in steps()]
    assert [changed > 50 for changed in changes].count(True) == (2 if column in SATISFACTIONS else 1)
    assert changes.count(0) == (10 if column in SATISFACTIONS else 11)


def test_satisfaction_moves_by_one_step():
    for before, after in steps():
        assert (after[list(SATISFACTIONS)] - before[list(SATISFACTIONS)]).abs().to_numpy().max() <= 1


def test_mark_of_an_appraisal_becomes_the_previous_one():
    for before, after in steps():
        appraised = (after["note_evaluation_actuelle"] != before["note_evaluation_actuelle"]).to_numpy()
        previous = after.loc[appraised, "note_evaluation_precedente"]
        assert (previous == before.loc[appraised, "note_evaluation_actuelle"]).all()


def test_a_rise_is_the_one_that_the_file_tells():
    raised = 0
    for before, after in steps():
        is_raised = (after["revenu_mensuel"] != before["revenu_mensuel"]).to_numpy()
        pay, rise = before.loc[is_raised, "revenu_mensuel"], after.loc[is_raised, "augmentation_salaire_precedente"]
        assert np.abs(pay * (1 + rise / 100) - after.loc[is_raised, "revenu_mensuel"]).max() < 1
        raised += is_raised.sum()
    assert 300 < raised < 900


def test_a_new_title_comes_with_a_new_job_and_a_new_department_with_a_new_manager_too():
    moved = Counter()
    for before, after in steps():
        for column, starts in {
            "poste": ["annees_dans_le_poste_actuel"],
            "departement": ["annees_dans_le_poste_actuel", "annees_sous_responsable_actuel"],
        }.items():
            changed = after.loc[(after[column].astype(str) != before[column].astype(str)).to_numpy()]
            assert (changed[starts] == 0).all(axis=None)
            moved[column] += len(changed)
    assert moved["poste"] > 30
    assert moved["departement"] > 10


def test_jobs_and_levels_are_pairs_that_the_published_files_know():
    pairs = [set(zip(frame["poste"], frame["niveau_hierarchique_poste"], strict=True)) for frame in frames()]
    assert set.union(*pairs) == pairs[-1]


@pytest.mark.parametrize("column", ["heures_supplementaires", "frequence_deplacement", "distance_domicile_travail"])
def test_circumstances_change_for_some_and_are_as_frequent_as_before(column):
    first, last = (frame[column].astype(str) for frame in (frames()[0], frames()[-1]))
    changed = (first != last.loc[first.index]).sum()
    assert 20 < changed < 250
    shares = [values.value_counts(normalize=True) for values in (first, last)]
    assert (shares[0] - shares[1]).abs().max() < 0.03


def test_every_value_stays_within_its_bounds():
    numbers = [name for name, column in BY_NAME.items() if column.kind == ColumnKind.INTEGER]
    for frame in frames():
        for name in numbers:
            assert frame[name].between(BY_NAME[name].minimum, BY_NAME[name].maximum).all()


@pytest.mark.parametrize("end", [END, LEAP])
def test_durations_are_in_order(end):
    for frame in frames(end):
        assert all((frame[smaller] <= frame[larger]).all() for smaller, larger in ORDERED)


# The directory


@pytest.mark.parametrize("end", [END, LEAP])
def test_everyone_but_one_has_a_manager_and_every_chain_ends_at_the_top(end):
    for frame in frames(end):
        managers = dict(zip(frame.index, frame["responsable"], strict=True))
        top = [number for number, manager in managers.items() if not manager]
        assert len(top) == 1
        for number in managers:
            chain = [number]
            while managers[chain[-1]]:
                chain.append(int(managers[chain[-1]]))
                assert len(chain) <= 8
            assert chain[-1] == top[0]


def test_managers_are_present_and_came_before_whom_they_manage():
    for frame in frames():
        managed = frame.loc[frame["responsable"] != ""]
        managers = frame.loc[managed["responsable"].astype(int)]
        assert not has_exit(managers).any()
        years = managed["annees_sous_responsable_actuel"].to_numpy()
        assert (managers["annees_dans_l_entreprise"].to_numpy() >= years).all()


def test_managers_are_of_the_same_department_below_its_head():
    for frame in frames():
        managed = frame.loc[frame["responsable"] != ""]
        managers = frame.loc[managed["responsable"].astype(int)]
        elsewhere = managers.loc[managers["departement"].to_numpy() != managed["departement"].to_numpy()]
        assert set(elsewhere["responsable"]) <= {""}


def test_teams_are_small_and_managers_a_part_of_the_workforce():
    teams = frames()[-1]["responsable"].value_counts()
    assert teams.max() <= 16
    assert 100 < len(teams) < 300


def test_a_new_manager_comes_in_the_month_in_which_the_years_under_one_begin_anew():
    changed = 0
    for before, after in steps():
        is_new = (after["responsable"] != before["responsable"]).to_numpy()
        assert (after.loc[is_new, "annees_sous_responsable_actuel"] == 0).all()
        changed += is_new.sum()
    assert changed > 100


def test_names_are_of_one_person_each_and_stay():
    last = frames()[-1]
    assert not last.duplicated(["nom", "prenom"]).any()
    assert last["nom"].nunique() > 100
    for frame in frames():
        for column in ("nom", "prenom", "site", "date_entree"):
            assert (frame[column] == last.loc[frame.index, column]).all()
