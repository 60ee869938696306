"""Replays the workforce from a day on: everyone's state, day by day, from the extracts in force and HR's answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
import pandas as pd
from django.db.models import Q
from django.utils import timezone

from employees.columns import Extract
from employees.models import Correction, Employee, EmployeeState, Presence, PresenceAnswer, WorkforceDay
from employees.workforce import presence, reporting_lines
from employees.workforce.known_values import FEW, History, among, by_number, chunks, numbers_of, of_people
from employees.workforce.numbers import distinct, is_among
from employees.workforce.presence import KNOWN, Facts
from technova.commands import Progress
from technova.database.bulk import batches, bulk_insert, refresh_statistics, reserve_keys

CHUNK_SIZE = 20_000  # people at a time
# The columns that presence follows from.
FACTS = {
    Extract.SIRH: ("departement",),
    Extract.SONDAGE: ("a_quitte_l_entreprise",),
    Extract.ANNUAIRE: ("date_entree", "date_sortie", "motif_sortie"),
}
_STATE_COLUMNS = ["employee_id", "as_of", "until", *KNOWN]


def replay(*, since: date | None, numbers: np.ndarray | None = None, progress: Progress | None = None) -> None:
    """Recompute states from a day on, or of everyone from the first day if it is None; inside ``exclusive``.

    ``numbers`` (sorted) are those of a load: new ones become employees. Rows are read in chunks of people and, from a
    day on, only of those whose state may change.
    """
    history = _settled()
    described = _days(history)
    since = _first_to_derive(described, since)
    days = [day for day in described if since is None or day >= since]
    known = numbers_of(Employee.objects.all(), "employee_id")
    everyone = known if numbers is None else distinct(known, numbers)
    is_touched = np.ones(len(everyone), dtype=bool)
    if since is not None:
        is_touched = ~is_among(everyone, known)
        for some in _touched(history, days, since):
            is_touched |= is_among(everyone, some)
    _forget(since)
    WorkforceDay.objects.bulk_create([WorkforceDay(as_of=day) for day in days])
    parts = chunks(everyone, is_touched, CHUNK_SIZE)
    done = 0
    for part in parts:
        _Chunk(part.astype(np.int64), history, days).run()
        done += len(part)
        if progress:
            progress("Deriving the workforce", done, sum(map(len, parts)))
    reporting_lines.rebuild(history)
    if done > FEW:
        for table in (Employee, EmployeeState):
            refresh_statistics(table)


def replay_people(numbers: Iterable[int]) -> None:
    """Recompute the states of a few people on every day, as when two numbers are one person's; inside ``exclusive``.

    Everyone else's stay, and each day has a new revision.
    """
    history = _settled()
    days = _days(history)
    if days != sorted(WorkforceDay.objects.values_list("as_of", flat=True)):
        replay(since=None)
        return
    few = distinct(np.fromiter(numbers, dtype=np.int64)).astype(np.int64)
    EmployeeState.objects.filter(among("employee__employee_id", few)).delete()
    WorkforceDay.objects.all().delete()
    WorkforceDay.objects.bulk_create([WorkforceDay(as_of=day) for day in days])
    _Chunk(few, history, days).run()
    reporting_lines.rebuild(history)


def _settled() -> History:
    """The history, once it is known since when the extracts in force say the same as each correction."""
    history = History.locked()
    is_changed = False
    for correction in history.corrections:
        agreed_on = history.agrees_on(correction)
        if agreed_on != correction.agreed_on:
            Correction.objects.filter(pk=correction.pk).update(agreed_on=agreed_on)
            is_changed = True
    return History.now() if is_changed else history


def _touched(history: History, days: Sequence[date], since: date) -> Iterator[np.ndarray]:
    """Sorted numbers, some at a time, of people whose state may change from a day on; everyone else keeps theirs.

    One more day changes nothing for whoever has no new value, no departure to come and no contradictory data.
    """
    is_open = Q(date_sortie__isnull=False) | Q(is_kept=True) | Q(is_said_left=True)
    is_open |= Q(presence=Presence.LEFT, is_listed=True, was_unlisted=True)
    extracts = [history.before(Extract.SIRH, day) for day in days]
    if not all(extract is None or extract.is_complete for extract in extracts):
        is_open |= Q(is_listed=True)  # people left out of an incomplete extract are missing now
    states = EmployeeState.objects.filter(Q(as_of__gte=since) | (Q(until=None) & is_open))
    answers = PresenceAnswer.objects.in_force().filter(as_of__gte=since)
    yield numbers_of(states)
    yield numbers_of(answers)
    yield numbers_of(Correction.objects.all())
    for day in days:
        for kind, names in FACTS.items():
            if extract := history.on(kind, day):
                yield history.changed(extract, history.before(kind, day), names)
        if directory := history.on(Extract.ANNUAIRE, day):
            yield history.with_exit(directory)  # a survey may have superseded the same date


def _days(history: History) -> list[date]:
    """The days of extracts and of answers up to the newest extract, at which a later answer takes effect."""
    extracts = {extract.as_of for extracts in history.extracts.values() for extract in extracts}
    answers = PresenceAnswer.objects.in_force().filter(as_of__lte=max(extracts, default=date.min))
    return sorted(extracts.union(answers.values_list("as_of", flat=True)))


def _first_to_derive(described: list[date], since: date | None) -> date | None:
    """The given day, or an earlier one that was never computed (as after a migration) or at which later answers took
    effect."""
    if since is None:
        return None
    derived = sorted(WorkforceDay.objects.values_list("as_of", flat=True))
    earlier = sorted({*described} - {*derived})[:1] + described[-1:]
    if derived and PresenceAnswer.objects.in_force().filter(as_of__gt=derived[-1]).exists():
        earlier.append(derived[-1])
    return min([since, *earlier])


def _forget(since: date | None) -> None:
    """Take back what was derived for the days from this one on."""
    if since is None:
        EmployeeState.objects.all().delete()
        WorkforceDay.objects.all().delete()
        return
    EmployeeState.objects.filter(as_of__gte=since).delete()
    EmployeeState.objects.filter(until__gte=since).update(until=None)
    WorkforceDay.objects.filter(as_of__gte=since).delete()


def _people(numbers: np.ndarray) -> pd.DataFrame:
    """People by number: primary key (missing for people not yet stored), department and presence. One query."""
    rows = Employee.objects.filter(among("employee_id", numbers))
    return by_number(rows, "employee_id", "pk", "departement", "presence").reindex(numbers).astype({"pk": "Int64"})


class _Chunk:
    """Some people, replayed over the days."""

    def __init__(self, numbers: np.ndarray, history: History, days: Sequence[date]):
        self.people = _people(numbers)
        self.numbers = numbers
        self.history = history
        self.days = days

    def run(self) -> None:
        known = self._known_before()
        self.newest = pd.Series(pd.NA, self.people.index, dtype="Int64")  # the key of each one's state in the database
        self.newest.update(self._keys)
        ended: list[tuple[date, list[int]]] = []
        added: list[pd.DataFrame] = []
        for day in self.days:
            after = presence.step(known, self._facts(day))
            is_changed = presence.differs(after, known)
            ended.append((day, self._end(is_changed)))
            added.append(after[is_changed].assign(as_of=day))
            known = after
        self._write(known, added, ended)

    def _known_before(self) -> pd.DataFrame:
        """The known state of these people before the first day. One query."""
        known = presence.nobody(self.numbers)
        rows = EmployeeState.objects.newest().filter(of_people(self.numbers))
        names = ["employee__employee_id", "pk", *KNOWN]
        found = pd.DataFrame.from_records(list(rows.values_list(*names)), columns=["employee_id", "pk", *KNOWN])
        found = found.set_index("employee_id")
        self._keys = found.pop("pk").astype("Int64")
        for name, dtype in KNOWN.items():
            known.loc[found.index, name] = found[name].astype(dtype)
        return known

    def _end(self, is_changed: np.ndarray) -> list[int]:
        """The keys of the states in the database that end for those who changed."""
        keys = self.newest[is_changed].dropna().tolist()
        self.newest[is_changed] = pd.NA
        return keys

    def _facts(self, day: date) -> Facts:
        sirh, survey, directory = (self._rows(kind, day, *names) for kind, names in FACTS.items())
        values = {name: rows[name] for rows in (sirh, directory) if rows is not None for name in rows}
        if survey is not None:
            values["says_left"] = survey["a_quitte_l_entreprise"]
        extract, before = self.history.on(Extract.SIRH, day), self.history.before(Extract.SIRH, day)
        answers = self._answers(day)
        is_left = answers.pop("kind") == PresenceAnswer.Kind.LEFT
        return Facts(
            day,
            listed=None if sirh is None else sirh.index.to_numpy(),
            is_complete=extract is None or extract.is_complete,
            listed_before=before.as_of if before else None,
            values=values,
            said_left=answers[is_left],
            said_here=answers.index[~is_left].to_numpy(),
        )

    def _rows(self, kind: Extract, day: date, *names: str) -> pd.DataFrame | None:
        """Some columns of these people's rows in the extract in force of a day; None without one."""
        extract = self.history.on(kind, day)
        return None if extract is None else self.history.rows(extract, self.numbers, names)

    def _answers(self, day: date) -> pd.DataFrame:
        names = ["left_after", "left_by", "left_because", "kind"]
        of_day = Q(as_of__gte=day) if day == self.days[-1] else Q(as_of=day)
        rows = PresenceAnswer.objects.in_force().filter(among("employee__employee_id", self.numbers), of_day)
        found = pd.DataFrame.from_records(
            list(rows.order_by("pk").values_list("employee__employee_id", *names)), columns=["employee_id", *names]
        )
        return found.drop_duplicates("employee_id", keep="last").set_index("employee_id")

    def _write(self, known: pd.DataFrame, added: Sequence[pd.DataFrame], ended: Sequence[tuple[date, list[int]]]):
        for day, keys in ended:
            for some in batches(keys):
                EmployeeState.objects.filter(pk__in=some).update(until=day)
        self._keep_newest(known)
        if states := [frame for frame in added if len(frame)]:
            rows = pd.concat(states).reset_index()
            rows["until"] = rows.groupby("employee_id")["as_of"].shift(-1)
            rows["employee_id"] = self.people["pk"].reindex(rows["employee_id"]).to_numpy()
            bulk_insert(EmployeeState, rows[_STATE_COLUMNS])

    def _keep_newest(self, known: pd.DataFrame) -> None:
        """Bring the employees' own columns up to date, and add those who are new."""
        names = ["departement", "presence"]
        is_new = self.people["pk"].isna()
        if is_new.any():
            self._add(known.loc[is_new, names])
        is_changed = (known[names] != self.people[names]).any(axis=1) & ~is_new
        for (departement, now), group in known[is_changed].groupby(names):
            for keys in batches(self.people.loc[group.index, "pk"].tolist()):
                Employee.objects.filter(pk__in=keys).update(departement=departement, presence=now)

    def _add(self, new: pd.DataFrame) -> None:
        keys = reserve_keys(Employee, len(new))
        bulk_insert(Employee, new.reset_index().assign(id=keys, objected_on=None, created_at=timezone.now()))
        self.people.loc[new.index, "pk"] = list(keys)
