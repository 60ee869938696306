"""What the states of one person tell of their presence, folded into events."""

from datetime import date

import pandas as pd
import pytest

from employees.tests.test_presence import ANN, APRIL, BOB, FEBRUARY, JANUARY, MARCH, listed, said_left
from employees.workforce.presence import KNOWN, Facts, nobody, step
from employees.workforce.spells import End, EventKind, ends, events


def history(*days):
    """The kind and the day of each event of Ann's."""
    return [(event.kind, event.day) for event in events(states(*days))]


def states(*days: Facts):
    """Ann's state after each day, as the database holds it."""
    known, rows = nobody([ANN, BOB]), []
    for facts in days:
        known = step(known, facts)
        values = {name: None if pd.isna(value) else value for name, value in known.loc[ANN].items()}
        rows.append(State(as_of=facts.day, **{name: as_date(values[name]) for name in KNOWN}))
    return rows


class State:
    def __init__(self, **values):
        self.__dict__.update(values)


def as_date(value):
    return value.date() if isinstance(value, pd.Timestamp) else value


CAME = (EventKind.CAME, JANUARY)
FLAGGED = listed(FEBRUARY, ANN, BOB, before=JANUARY, says_left={ANN: True})
GONE = listed(MARCH, BOB, before=FEBRUARY)


def test_history_of_who_stays_is_one_event():
    assert history(listed(JANUARY, ANN), listed(FEBRUARY, ANN, before=JANUARY)) == [CAME]


def test_history_of_who_is_in_no_sirh_extract_is_empty():
    assert history(listed(JANUARY, BOB)) == []


def test_departure_keeps_the_interval_that_it_lies_in():
    came, left = events(states(listed(JANUARY, ANN), FLAGGED))
    assert (came.kind, left.kind) == (EventKind.CAME, EventKind.LEFT)
    assert (left.state.left_after, left.state.left_by) == (JANUARY, FEBRUARY)


def test_departure_is_told_once_with_the_day_that_comes_later():
    dated = Facts(MARCH, values={"date_sortie": pd.Series({ANN: date(2026, 2, 3)}, dtype="object")})
    assert history(listed(JANUARY, ANN), FLAGGED, dated) == [CAME, (EventKind.LEFT, date(2026, 2, 3))]


def test_rehire_shows_both_spells():
    back = listed(APRIL, ANN, BOB, before=MARCH)
    assert history(listed(JANUARY, ANN), FLAGGED, GONE, back) == [
        CAME,
        (EventKind.LEFT, FEBRUARY),
        (EventKind.BACK, APRIL),
    ]


def test_absence_that_ends_is_told_with_the_return():
    gone, back = listed(FEBRUARY, BOB, before=JANUARY), listed(MARCH, ANN, BOB, before=FEBRUARY)
    assert history(listed(JANUARY, ANN), gone) == [CAME, (EventKind.MISSING, FEBRUARY)]
    assert history(listed(JANUARY, ANN), gone, back) == [CAME, (EventKind.MISSING, FEBRUARY), (EventKind.BACK, MARCH)]


def test_absence_that_turns_out_a_departure_is_told_as_one():
    gone, said = listed(FEBRUARY, BOB, before=JANUARY), said_left(MARCH, ANN, date(2026, 2, 14))
    assert history(listed(JANUARY, ANN), gone, said) == [CAME, (EventKind.LEFT, date(2026, 2, 14))]


def test_move_names_the_department_before_and_an_unknown_one_is_none():
    days = (
        listed(JANUARY, ANN, departement={ANN: "Consulting"}),
        listed(FEBRUARY, ANN, before=JANUARY, departement={ANN: None}),
        listed(MARCH, ANN, before=FEBRUARY, departement={ANN: "Commercial"}),
    )
    _came, move = events(states(*days))
    assert (move.kind, move.day) == (EventKind.MOVED, MARCH)
    assert (move.department_before, move.state.departement) == ("Consulting", "Commercial")


@pytest.mark.parametrize(
    ("entry", "entered"), [(date(2020, 5, 4), date(2020, 5, 4)), (date(2026, 3, 1), None), (None, None)]
)
def test_day_of_entry_is_that_of_the_spell_unless_it_lies_ahead(entry, entered):
    (came,) = events(states(listed(JANUARY, ANN, date_entree={ANN: entry})))
    assert came.entered == entered


def test_day_of_entry_may_come_with_the_departure():
    left = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: True}, date_entree={ANN: date(2020, 5, 4)})
    came, _left = events(states(listed(JANUARY, ANN), left))
    assert came.entered == date(2020, 5, 4)


@pytest.mark.parametrize(("entry", "entered"), [(date(2020, 5, 4), None), (date(2026, 4, 1), date(2026, 4, 1))])
def test_day_of_entry_of_a_rehire_is_one_after_the_departure(entry, entered):
    back = listed(APRIL, ANN, BOB, before=MARCH, date_entree={ANN: entry})
    *_first, returned = events(states(listed(JANUARY, ANN), FLAGGED, GONE, back))
    assert (returned.kind, returned.entered) == (EventKind.BACK, entered)


@pytest.mark.parametrize("entry", [date(2020, 5, 4), None])
def test_departure_that_the_first_extract_tells_already_follows_the_day_of_entry(entry):
    days = (listed(JANUARY, ANN, BOB, says_left={ANN: True}, date_entree={ANN: entry}),)
    assert history(*days) == [*([(EventKind.ENTERED, entry)] if entry else []), (EventKind.LEFT, JANUARY)]


def test_exit_before_the_entry_ends_an_earlier_spell():
    dates = {"date_sortie": {ANN: date(2020, 6, 30)}, "date_entree": {ANN: date(2022, 5, 2)}}
    earlier, came = events(states(listed(JANUARY, ANN, **dates, motif_sortie={ANN: "licenciement"})))
    assert (earlier.kind, earlier.day, earlier.departure.left_because) == (
        EventKind.LEFT,
        date(2020, 6, 30),
        "licenciement",
    )
    assert (came.kind, came.entered) == (EventKind.CAME, date(2022, 5, 2))


def test_superseded_exit_stays_in_the_history():
    told = listed(JANUARY, ANN, date_sortie={ANN: date(2026, 1, 20)}, motif_sortie={ANN: "démission"})
    back = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: False})
    left, returned = events(states(told, back))
    assert (left.kind, left.day, left.departure.left_because) == (EventKind.LEFT, date(2026, 1, 20), "démission")
    assert (returned.kind, returned.day) == (EventKind.BACK, FEBRUARY)


def test_exit_of_an_earlier_spell_is_told_once():
    back = listed(APRIL, ANN, BOB, before=MARCH, date_sortie={ANN: FEBRUARY}, date_entree={ANN: MARCH})
    assert [kind for kind, _day in history(listed(JANUARY, ANN), FLAGGED, GONE, back)] == [
        EventKind.CAME,
        EventKind.LEFT,
        EventKind.BACK,
    ]


def ended(*days):
    return list(ends(states(*days)))


def test_spell_of_who_stays_has_no_end():
    assert ended(listed(JANUARY, ANN), listed(FEBRUARY, ANN, before=JANUARY)) == []


def test_spell_ends_in_the_middle_of_the_interval_of_a_departure():
    assert ended(listed(JANUARY, ANN), FLAGGED) == [End(date(2026, 2, 13), FEBRUARY, "")]


def test_spell_ends_on_the_day_of_exit_that_comes_later_with_its_reason():
    values = {"date_sortie": date(2026, 2, 3), "motif_sortie": "Démission"}
    dated = Facts(MARCH, values={name: pd.Series({ANN: value}, dtype="object") for name, value in values.items()})
    assert ended(listed(JANUARY, ANN), FLAGGED, dated) == [End(date(2026, 2, 3), FEBRUARY, "Démission")]


def test_spell_of_who_vanishes_ends_with_the_absence_and_no_reason():
    assert ended(listed(JANUARY, ANN, BOB), listed(FEBRUARY, BOB, before=JANUARY)) == [End(FEBRUARY, FEBRUARY, None)]


def test_spell_goes_on_over_an_absence():
    here_again = listed(MARCH, ANN, BOB, before=FEBRUARY)
    assert ended(listed(JANUARY, ANN, BOB), listed(FEBRUARY, BOB, before=JANUARY), here_again) == []


def test_spell_of_who_was_missing_before_a_departure_ends_when_they_were():
    missing = [listed(JANUARY, ANN, BOB), listed(FEBRUARY, BOB, before=JANUARY), listed(MARCH, BOB, before=FEBRUARY)]
    told = listed(APRIL, BOB, before=MARCH, date_sortie={ANN: date(2026, 4, 2)})
    assert ended(*missing, told) == [End(FEBRUARY, FEBRUARY, "")]


def test_departure_known_from_the_first_extract_on_ends_no_spell():
    assert ended(listed(JANUARY, ANN, says_left={ANN: True}), listed(FEBRUARY, ANN, before=JANUARY)) == []


def test_each_spell_of_who_is_rehired_has_its_end():
    back = listed(APRIL, ANN, BOB, before=MARCH)
    gone = listed(may := date(2026, 5, 28), BOB, before=APRIL)
    assert [end.since for end in ended(listed(JANUARY, ANN), FLAGGED, GONE, back, gone)] == [FEBRUARY, may]
