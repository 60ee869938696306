"""Presence, day by day: one step updates the known state of some people with the facts of the next described day.

No Django here. People stand in the rows of a frame with the columns of ``KNOWN``, indexed by employee number. The
facts of a day (``Facts``) come from the extracts in force and from HR's answers, so the state on a day follows from
them alone, whatever the order in which they were loaded.

- *present*: in the newest SIRH extract, or kept by HR, and no departure known;
- *left*: a departure is known, from the survey's flag, a date of exit that has passed, or HR's answer;
- *absent*: neither of these; HR is asked.

A person who left is back when the SIRH lists them again after an extract without them, or when a later survey answers
that they have not left. Such a survey supersedes a date of exit that an older directory tells, until a newer directory
tells it. A person who was never in a SIRH extract is not part of the workforce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

PRESENT, LEFT, ABSENT, UNKNOWN = "present", "left", "absent", ""

DATE = "datetime64[s]"
KNOWN: dict[str, str] = {
    "presence": "object",
    "since": DATE,  # the day from which that holds, as far as it is known
    "departement": "object",  # the last one known, "" before
    "is_listed": "bool",  # in the newest SIRH extract
    "is_kept": "bool",  # present according to HR, though no SIRH lists them
    "last_listed": DATE,  # the last SIRH extract that held the person, once one did not
    "says_left": "boolean",  # the newest survey that answers
    "date_entree": DATE,
    "date_sortie": DATE,
    "motif_sortie": "object",
    "is_said_left": "bool",  # by HR
    "was_unlisted": "bool",  # a SIRH extract since the departure did not hold the person
    "returned_on": DATE,  # dates of exit until then are of an earlier spell
    "left_after": DATE,
    "left_by": DATE,  # the departure lies after the one and not after the other; on the day where both are the same
    "left_because": "object",
}
EXIT = ("date_entree", "date_sortie", "returned_on")  # the columns that tell whether a date of exit counts
_EMPTY = {"object": "", "bool": False}  # other columns begin without a value


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one day. Series are indexed by employee number and hold only the people with a known value."""

    day: date
    listed: np.ndarray | None = None  # numbers in the SIRH extract of the day; None where there is none
    is_complete: bool = True  # whether a person who is not listed is missing
    listed_before: date | None = None  # the day of the SIRH extract before
    values: Mapping[str, pd.Series] = field(default_factory=dict)  # departement, dates, motif_sortie, says_left
    said_left: pd.DataFrame | None = None  # HR's answers: left_after, left_by, left_because
    said_here: np.ndarray | None = None  # numbers of the people who are present according to HR


def nobody(numbers: np.ndarray) -> pd.DataFrame:
    """The state of people before the first day: everything unknown."""
    index = pd.Index(numbers, name="employee_id")
    return pd.DataFrame({name: pd.Series(_EMPTY.get(dtype), index, dtype=dtype) for name, dtype in KNOWN.items()})


def step(known: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """The known state at the end of a day, from the state before it. Same index; the input is unchanged."""
    now = known.copy()
    _take_values(now, facts)
    _take_listing(now, facts)
    _take_answers(now, facts)
    _take_returns(now, facts)
    _conclude(now, facts)
    _take_reasons(now, facts)
    return now


def _take_values(now: pd.DataFrame, facts: Facts) -> None:
    for name, values in facts.values.items():
        given = values.dropna()
        given = given[given.index.isin(now.index)]
        now.loc[given.index, name] = given.astype(KNOWN[name])


def _take_listing(now: pd.DataFrame, facts: Facts) -> None:
    if facts.listed is None:
        return
    is_listed = now.index.isin(facts.listed)
    if not facts.is_complete:
        is_listed |= now["is_listed"].to_numpy()
    is_missed = now["is_listed"].to_numpy() & ~is_listed
    now.loc[is_missed, "last_listed"] = _stamp(facts.listed_before)
    now["is_listed"] = is_listed
    now["is_kept"] &= ~is_listed


def _take_answers(now: pd.DataFrame, facts: Facts) -> None:
    """Apply HR's answers about people who were listed once and no longer are.

    If a correction lists them, or the extract that listed them was withdrawn, there is nothing to answer.
    """
    is_asked = ~now["is_listed"].to_numpy() & (now["presence"] != UNKNOWN).to_numpy()
    if facts.said_here is not None:
        is_kept = now.index.isin(facts.said_here) & is_asked
        now.loc[is_kept, ["is_kept", "is_said_left", "says_left"]] = [True, False, pd.NA]
        now.loc[is_kept, "returned_on"] = _stamp(facts.day)
    if facts.said_left is not None:
        answers = facts.said_left[facts.said_left.index.isin(now.index[is_asked])]
        now.loc[answers.index, "is_said_left"] = True
        now.loc[answers.index, "is_kept"] = False
        is_new = answers.index[now.loc[answers.index, "presence"] != LEFT]
        for name in ("left_after", "left_by"):
            now.loc[is_new, name] = answers.loc[is_new, name].astype(DATE)
        now.loc[answers.index, "left_because"] = answers["left_because"]


def _take_returns(now: pd.DataFrame, facts: Facts) -> None:
    """Record returns: the known departure then belongs to an earlier spell."""
    has_left = (now["presence"] == LEFT).to_numpy()
    says_left = facts.values.get("says_left", pd.Series(dtype="boolean")).dropna()
    says_left_now = now.index.isin(says_left.index[says_left.to_numpy(dtype=bool)])
    says_here_now = now.index.isin(says_left.index[~says_left.to_numpy(dtype=bool)])
    is_listed = now["is_listed"].to_numpy()
    is_listed_again = now["was_unlisted"].to_numpy() & is_listed & ~says_left_now
    is_superseded = says_here_now & is_listed & has_exited(now, facts.day) & ~_is_exit_told(now, facts)
    now.loc[is_superseded, "date_sortie"] = pd.NaT
    now.loc[is_superseded, "motif_sortie"] = ""
    is_denied = says_here_now & is_listed & ~has_exited(now, facts.day)
    is_back = has_left & (is_listed_again | is_denied)
    now.loc[is_back, "says_left"] = now.loc[is_back, "says_left"].where(says_here_now[is_back], pd.NA)
    now.loc[is_back, "is_said_left"] = False
    now.loc[is_back & is_listed_again, "returned_on"] = _stamp(facts.day)


def _is_exit_told(now: pd.DataFrame, facts: Facts) -> np.ndarray:
    """Whether a directory of the day tells each person's date of exit, ``(n,)``."""
    return now.index.isin(facts.values.get("date_sortie", pd.Series(dtype="object")).dropna().index)


def has_exited(known: pd.DataFrame, day: date) -> np.ndarray:
    """Whether each person's date of exit has passed and no later entry or return supersedes it, ``(n,)``.

    ``known`` has the columns ``EXIT`` of ``KNOWN``.
    """
    exit_ = known["date_sortie"]
    is_over = (known["date_entree"] > exit_) | (exit_ <= known["returned_on"])
    return ((exit_ <= _stamp(day)) & ~is_over).to_numpy()


def _conclude(now: pd.DataFrame, facts: Facts) -> None:
    before, day = now["presence"].to_numpy().copy(), _stamp(facts.day)
    is_past_exit = has_exited(now, facts.day)
    is_said = now["is_said_left"].to_numpy()
    has_left = is_past_exit | is_said | now["says_left"].fillna(False).to_numpy(dtype=bool)
    is_known = now["is_listed"].to_numpy() | now["is_kept"].to_numpy() | (before != UNKNOWN)
    is_here = (now["is_listed"] | now["is_kept"]).to_numpy()
    after = np.where(has_left, LEFT, np.where(is_here, PRESENT, ABSENT))
    after = np.where(is_known, after, UNKNOWN)

    _date_departures(now, facts, is_new=(after == LEFT) & (before != LEFT), is_past_exit=is_past_exit & (after == LEFT))
    _forget_departures(now, ~(after == LEFT))
    now["was_unlisted"] = (now["was_unlisted"] | ~now["is_listed"]) & (after == LEFT)
    now["presence"] = after
    is_changed = after != before
    now.loc[is_changed, "since"] = day
    is_newcomer = (before == UNKNOWN) & (after == PRESENT) & (now["date_entree"] <= day).to_numpy()
    now.loc[is_newcomer, "since"] = now.loc[is_newcomer, "date_entree"]
    now.loc[after == LEFT, "since"] = now.loc[after == LEFT, "left_by"]
    now.loc[now["is_listed"], "last_listed"] = pd.NaT


def _date_departures(now: pd.DataFrame, facts: Facts, *, is_new: np.ndarray, is_past_exit: np.ndarray) -> None:
    """The date of exit if there is one, else HR's answer, else between the last day that listed them and today."""
    is_between = is_new & ~is_past_exit & ~now["is_said_left"].to_numpy()
    last_day = now["last_listed"].fillna(_stamp(facts.listed_before))
    is_first = (now["presence"] == UNKNOWN).to_numpy()
    now.loc[is_between, "left_after"] = last_day[is_between].mask(is_first[is_between])
    now.loc[is_between, "left_by"] = _stamp(facts.day)
    for name in ("left_after", "left_by"):
        now.loc[is_past_exit, name] = now.loc[is_past_exit, "date_sortie"]
    has_motive = (is_new | is_past_exit) & (now["motif_sortie"] != "").to_numpy()
    now.loc[has_motive, "left_because"] = now.loc[has_motive, "motif_sortie"]


def _forget_departures(now: pd.DataFrame, is_there: np.ndarray) -> None:
    now.loc[is_there, ["left_after", "left_by"]] = pd.NaT
    now.loc[is_there, "left_because"] = ""


def _take_reasons(now: pd.DataFrame, facts: Facts) -> None:
    """Take HR's reason of a departure that the files tell without one, as a SIRH does that still lists who has left.

    A later one of HR replaces an earlier one.
    """
    if facts.said_left is None:
        return
    is_told = (now["left_because"] != "") & (now["left_because"] == now["motif_sortie"])
    is_open = (now["presence"] == LEFT) & ~is_told
    reasons = facts.said_left["left_because"]
    known = reasons[reasons.ne("") & reasons.index.isin(now.index[is_open])]
    now.loc[known.index, "left_because"] = known


def _stamp(day: date | None) -> pd.Timestamp:
    return pd.NaT if day is None else pd.Timestamp(day).as_unit("s")


def differs(now: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Whether the day changed each person's state, ``(n,)``."""
    changed = np.zeros(len(now), dtype=bool)
    for name in KNOWN:
        new, old = now[name], known[name]
        is_same = (new == old).fillna(False).to_numpy(dtype=bool) | (new.isna() & old.isna()).to_numpy()
        changed |= ~is_same
    return changed
