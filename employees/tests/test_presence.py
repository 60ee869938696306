"""The steps of presence, each day by itself."""

from datetime import date

import numpy as np
import pandas as pd

from employees.workforce.presence import ABSENT, LEFT, PRESENT, UNKNOWN, Facts, nobody, step

JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 28) for month in (1, 2, 3, 4))
ANN, BOB = 1, 2


def listed(day, *numbers, before=None, **values):
    series = {name: pd.Series(of, dtype="object") for name, of in values.items()}
    return Facts(day, listed=np.array(numbers), listed_before=before, values=series)


def after(*days):
    known = nobody(np.array([ANN, BOB]))
    for facts in days:
        known = step(known, facts)
    return known


def presence(*days):
    return after(*days)["presence"].to_dict()


def test_whoever_is_in_the_newest_sirh_extract_is_present():
    known = after(listed(JANUARY, ANN))
    assert known["presence"].to_dict() == {ANN: PRESENT, BOB: UNKNOWN}
    assert known.loc[ANN, "since"].date() == JANUARY


def test_whoever_entered_before_the_first_extract_is_present_since_then():
    known = after(listed(JANUARY, ANN, date_entree={ANN: date(2020, 5, 4)}))
    assert known.loc[ANN, "since"].date() == date(2020, 5, 4)


def test_whoever_the_newest_sirh_extract_lacks_is_absent_since_it():
    known = after(listed(JANUARY, ANN, BOB), listed(FEBRUARY, ANN, before=JANUARY))
    assert known["presence"].to_dict() == {ANN: PRESENT, BOB: ABSENT}
    assert known.loc[BOB, "since"].date() == FEBRUARY
    assert known.loc[BOB, "last_listed"].date() == JANUARY


def test_nobody_is_missing_from_an_extract_that_is_not_complete():
    partial = Facts(FEBRUARY, listed=np.array([ANN]), is_complete=False, listed_before=JANUARY)
    assert presence(listed(JANUARY, ANN, BOB), partial) == {ANN: PRESENT, BOB: PRESENT}


def test_the_flag_of_a_survey_dates_a_departure_between_two_extracts():
    known = after(listed(JANUARY, ANN, BOB), listed(FEBRUARY, ANN, BOB, before=JANUARY, says_left={BOB: True}))
    assert known.loc[BOB, "presence"] == LEFT
    assert (known.loc[BOB, "left_after"].date(), known.loc[BOB, "left_by"].date()) == (JANUARY, FEBRUARY)


def test_a_departure_known_from_the_first_extract_on_has_no_beginning():
    known = after(listed(JANUARY, ANN, says_left={ANN: True}))
    assert known.loc[ANN, "presence"] == LEFT
    assert pd.isna(known.loc[ANN, "left_after"])


def test_a_date_of_exit_counts_once_it_has_come():
    first = listed(JANUARY, ANN, date_sortie={ANN: date(2026, 2, 10)}, motif_sortie={ANN: "démission"})
    assert presence(first)[ANN] == PRESENT
    known = after(first, listed(FEBRUARY, before=JANUARY))
    assert known.loc[ANN, "presence"] == LEFT
    assert known.loc[ANN, "left_after"].date() == known.loc[ANN, "left_by"].date() == date(2026, 2, 10)
    assert known.loc[ANN, "left_because"] == "démission"


def test_a_date_of_exit_makes_a_known_departure_exact():
    flagged = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: True})
    dated = Facts(MARCH, values={"date_sortie": pd.Series({ANN: date(2026, 2, 3)}, dtype="object")})
    known = after(listed(JANUARY, ANN), flagged, dated)
    assert known.loc[ANN, "left_by"].date() == date(2026, 2, 3)


def test_whoever_is_listed_again_after_an_extract_without_them_is_back():
    left = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: True})
    gone, back = listed(MARCH, BOB, before=FEBRUARY), listed(APRIL, ANN, BOB, before=MARCH)
    known = after(listed(JANUARY, ANN), left, gone, back)
    assert known.loc[ANN, "presence"] == PRESENT
    assert known.loc[ANN, "since"].date() == APRIL
    assert pd.isna(known.loc[ANN, "left_by"])


def test_whoever_stays_in_the_files_after_leaving_has_left():
    left = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: True})
    assert presence(listed(JANUARY, ANN), left, listed(MARCH, ANN, before=FEBRUARY))[ANN] == LEFT


def test_a_later_survey_that_denies_a_departure_takes_it_back():
    left = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: True})
    denied = listed(MARCH, ANN, before=FEBRUARY, says_left={ANN: False})
    assert presence(listed(JANUARY, ANN), left, denied)[ANN] == PRESENT


EXIT = {"date_sortie": {ANN: date(2026, 1, 20)}, "motif_sortie": {ANN: "démission"}}
DENIED = listed(FEBRUARY, ANN, before=JANUARY, says_left={ANN: False})


def test_a_later_survey_supersedes_a_date_of_exit_told_before_it():
    told = listed(JANUARY, ANN, **EXIT)
    assert presence(told, DENIED)[ANN] == PRESENT
    assert presence(told, listed(FEBRUARY, ANN, before=JANUARY))[ANN] == LEFT
    announced = listed(JANUARY, ANN, date_sortie={ANN: date(2026, 2, 10)})
    assert presence(announced, DENIED)[ANN] == PRESENT


def test_a_survey_of_the_day_of_the_directory_or_before_supersedes_no_exit():
    denied = {"says_left": {ANN: False}}
    assert presence(listed(JANUARY, ANN, **EXIT, **denied))[ANN] == LEFT
    assert presence(listed(JANUARY, ANN, **denied), listed(FEBRUARY, ANN, before=JANUARY, **EXIT))[ANN] == LEFT


def test_a_directory_that_still_tells_the_exit_after_the_survey_counts():
    told = listed(JANUARY, ANN, **EXIT)
    known = after(told, DENIED, listed(MARCH, ANN, before=FEBRUARY, **EXIT))
    assert known.loc[ANN, "presence"] == LEFT
    assert (known.loc[ANN, "left_by"].date(), known.loc[ANN, "left_because"]) == (date(2026, 1, 20), "démission")
    rehired = listed(MARCH, ANN, before=FEBRUARY, **EXIT, date_entree={ANN: FEBRUARY})
    assert presence(told, DENIED, rehired)[ANN] == PRESENT


def test_a_date_of_exit_of_before_the_return_is_history():
    left = listed(FEBRUARY, BOB, before=JANUARY, date_sortie={ANN: date(2026, 2, 1)})
    back = listed(MARCH, ANN, before=FEBRUARY, date_sortie={ANN: date(2026, 2, 1)})
    assert presence(listed(JANUARY, ANN), left, back)[ANN] == PRESENT
    again = listed(APRIL, BOB, before=MARCH, date_sortie={ANN: date(2026, 4, 1)})
    assert presence(listed(JANUARY, ANN), left, back, again)[ANN] == LEFT


def test_an_entry_after_the_exit_makes_the_exit_history():
    dates = {"date_sortie": {ANN: date(2025, 2, 1)}, "date_entree": {ANN: date(2025, 9, 1)}}
    assert presence(listed(JANUARY, ANN, **dates))[ANN] == PRESENT


def said_left(day, number, by):
    dates = pd.DataFrame({"left_after": [None], "left_by": [by], "left_because": ["retraite"]}, index=[number])
    return Facts(day, said_left=dates)


def test_an_answer_of_hr_makes_the_absent_leave_until_they_are_listed_again():
    gone = listed(FEBRUARY, BOB, before=JANUARY)
    known = after(listed(JANUARY, ANN), gone, said_left(FEBRUARY, ANN, date(2026, 2, 14)))
    assert known.loc[ANN, "presence"] == LEFT
    assert known.loc[ANN, "left_by"].date() == date(2026, 2, 14)
    assert known.loc[ANN, "left_because"] == "retraite"
    assert presence(listed(JANUARY, ANN), gone, said_left(FEBRUARY, ANN, FEBRUARY), listed(MARCH, ANN))[ANN] == PRESENT


def test_an_answer_of_hr_lapses_once_an_extract_of_its_day_lists_the_person():
    answered = said_left(FEBRUARY, ANN, date(2026, 2, 14))
    assert presence(listed(JANUARY, ANN), listed(FEBRUARY, ANN, before=JANUARY), answered)[ANN] == PRESENT
    kept = Facts(FEBRUARY, said_here=np.array([ANN]))
    corrected = listed(FEBRUARY, ANN, before=JANUARY)
    assert presence(listed(JANUARY, ANN), corrected, kept, listed(MARCH, BOB, before=FEBRUARY))[ANN] == ABSENT


def test_an_answer_of_hr_keeps_the_absent_until_they_are_listed_again():
    gone, here = listed(FEBRUARY, BOB, before=JANUARY), Facts(FEBRUARY, said_here=np.array([ANN]))
    assert presence(listed(JANUARY, ANN), gone, here, listed(MARCH, BOB, before=FEBRUARY))[ANN] == PRESENT
    back, gone_again = listed(MARCH, ANN, before=FEBRUARY), listed(APRIL, BOB, before=MARCH)
    assert presence(listed(JANUARY, ANN), gone, here, back, gone_again)[ANN] == ABSENT


def test_an_unknown_department_leaves_the_last_one_known():
    moved = listed(FEBRUARY, ANN, before=JANUARY, departement={ANN: None})
    known = after(listed(JANUARY, ANN, departement={ANN: "Consulting"}), moved)
    assert known.loc[ANN, "departement"] == "Consulting"
