"""Known values on a day: for each column, the newest value in an extract in force up to that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from django.db.models import Max, Min, Q, QuerySet

from employees import terms
from employees.columns import Extract
from employees.models import ROWS, Correction, Employee, LoadedExtract, NumberMerge
from employees.workforce.numbers import NUMBER, distinct, is_among

RAW_KINDS = (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)  # what the features are made of
RARELY_GIVEN = ("date_sortie", "motif_sortie")  # empty for whoever stays: no reason to look for an older value
FEW = 5_000  # numbers that are asked for one by one rather than as a range
MANY = 0.2  # of everyone: as many are read faster as ranges


@dataclass(frozen=True, slots=True)
class History:
    """The extracts in force, newest first by kind, the numbers that are merged, the words and the corrections. Four
    queries."""

    extracts: Mapping[Extract, Sequence[LoadedExtract]]
    merged: Mapping[int, int]
    words: Mapping[str, Mapping[str, str]]  # of each column, what its merged words stand for
    corrections: Sequence[Correction] = ()  # in force, the oldest first

    @classmethod
    def locked(cls) -> History:
        """As ``now``, for a writer inside ``exclusive``: with the words as they are since it holds the lock."""
        terms.refreshed()
        return cls.now()

    @classmethod
    def now(cls) -> History:
        return cls.recorded_before(None)

    @classmethod
    def recorded_before(cls, moment: datetime | None) -> History:
        """The history by the extracts recorded before a moment, without those withdrawn since.

        Merged numbers and the meaning of words are those of today: neither reveals a departure.
        """
        rows = list(LoadedExtract.objects.in_force(moment).order_by("-as_of", "-pk"))
        extracts = {kind: [row for row in rows if row.kind == kind] for kind in Extract}
        numbers = dict(NumberMerge.objects.in_force().values_list("number", "employee__employee_id"))
        corrections = Correction.objects.in_force().select_related("employee").order_by("pk")
        if moment:
            corrections = corrections.filter(recorded_at__lt=moment)
        return cls(extracts, numbers, terms.current().merged, list(corrections))

    def until(self, kind: Extract, day: date) -> list[LoadedExtract]:
        return [extract for extract in self.extracts[kind] if extract.as_of <= day]

    def on(self, kind: Extract, day: date) -> LoadedExtract | None:
        """The extract in force that describes exactly this day."""
        return next((extract for extract in self.extracts[kind] if extract.as_of == day), None)

    def before(self, kind: Extract, day: date) -> LoadedExtract | None:
        """The newest extract in force that describes an earlier day."""
        return next((extract for extract in self.extracts[kind] if extract.as_of < day), None)

    def changed(self, extract: LoadedExtract, before: LoadedExtract | None, names: Sequence[str]) -> np.ndarray:
        """Sorted numbers whose values differ from one extract to another, or that it lacks.

        A merged number comes with that of its person. Only the given columns are compared. The database compares the
        rows in two queries, which return the differences.
        """
        rows = extract.table.objects.filter(extract=extract).order_by()
        if before is None:
            found = numbers_of(rows, "number")
        else:
            others = extract.table.objects.filter(extract=before).order_by()
            other = rows.values_list("number", *names).difference(others.values_list("number", *names))
            gone = others.values_list("number").difference(rows.values_list("number"))
            found = distinct(
                np.fromiter((row[0] for rows in (other, gone) for row in rows.iterator(FEW)), dtype=NUMBER)
            )
        return self._with_merged(found)

    def with_exit(self, directory: LoadedExtract) -> np.ndarray:
        """Sorted numbers with a date of exit in a directory. A merged number comes with that of its person."""
        rows = directory.table.objects.filter(extract=directory, date_sortie__isnull=False)
        return self._with_merged(numbers_of(rows, "number"))

    def _with_merged(self, numbers: np.ndarray) -> np.ndarray:
        merged = np.array(list(self.merged.items()), dtype=NUMBER).reshape(-1, 2)
        return distinct(numbers, merged[is_among(merged[:, 0], numbers), 1])

    def values(self, kind: Extract, day: date, numbers: np.ndarray, names: Sequence[str] | None = None) -> pd.DataFrame:
        """The known values of some people (sorted numbers) on a day.

        Index ``employee_id``: the people in an extract up to that day; some or all columns of the extract's table, as
        objects. A query for the newest extract, and for each older one that gives what the newer ones left unknown.
        """
        names = list(names or ROWS[kind].value_names())
        known = np.full((len(numbers), len(names)), None, dtype=object)
        is_held = np.zeros(len(numbers), dtype=bool)
        for extract in self.until(kind, day):
            given = [name in extract.given and name not in RARELY_GIVEN for name in names]
            wanted = numbers[~is_held | pd.isna(known[:, given]).any(axis=1)]
            if len(wanted):
                older = self.rows(extract, wanted, names)
                places = np.searchsorted(numbers, older.index.to_numpy())
                is_held[places] = True
                known[places] = np.where(pd.isna(known[places]), older.to_numpy(), known[places])
        index = pd.Index(numbers[is_held], name="employee_id")
        return self._corrected(pd.DataFrame(known[is_held], columns=names, index=index, dtype=object), kind, day)

    def rows(self, extract: LoadedExtract, numbers: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
        """The rows of some people (sorted numbers) in an extract, as objects: index ``employee_id``, one row a person.

        A merged number's row stands for the person; where the extract holds both, the person's own row does. A query.
        """
        rows = extract.table.objects.filter(extract=extract)
        own = set(numbers.tolist())
        others = [number for number, into in self.merged.items() if into in own]
        found = list(rows.filter(among("number", numbers) | Q(number__in=others)).values_list("number", *names))
        frame = pd.DataFrame.from_records(found, columns=["number", *names]).astype({"number": np.int64})
        if self.merged:
            frame = self._merge(frame)
        frame = frame.rename(columns={"number": "employee_id"}).set_index("employee_id").sort_index()
        frame = self._corrected(frame[frame.index.isin(numbers)].astype(object), Extract(extract.kind), extract.as_of)
        return frame.replace({name: dict(self.words[name]) for name in names if name in self.words})

    def _corrected(self, frame: pd.DataFrame, kind: Extract, day: date) -> pd.DataFrame:
        """The values of a day with the corrections that stand over them."""
        for each in self.corrections:
            number = self.merged.get(each.employee.employee_id, each.employee.employee_id)
            holds = each.as_of <= day and (each.agreed_on is None or day < each.agreed_on)
            if holds and each.kind == kind and each.column in frame and number in frame.index:
                frame.at[number, each.column] = each.value
        return frame

    def agrees_on(self, correction: Correction) -> date | None:
        """The day of the first extract in force that says the same as a correction, on its day or later. One query."""
        extracts = [each for each in self.extracts[correction.kind] if each.as_of >= correction.as_of]
        own = correction.employee.employee_id
        numbers = [own, *(number for number, into in self.merged.items() if into == own), self.merged.get(own, own)]
        column, value = correction.column, correction.value
        words = terms.recorded(column, [value]) if column in self.words else [value]
        rows = ROWS[correction.kind].objects.filter(
            extract__in=[each.pk for each in extracts], number__in=numbers, **{f"{column}__in": list(words)}
        )
        return rows.aggregate(first=Min("extract__as_of"))["first"]

    def _merge(self, frame: pd.DataFrame) -> pd.DataFrame:
        is_other = frame["number"].isin(list(self.merged))
        merged = pd.concat([frame[~is_other], frame[is_other].replace({"number": dict(self.merged)})])
        return merged.drop_duplicates("number")


def among(field: str, numbers: np.ndarray) -> Q:
    """The condition that a field is one of these sorted numbers; if they are many, that it lies in their range."""
    if len(numbers) <= FEW:
        return Q(**{f"{field}__in": numbers.tolist()})
    return Q(**{f"{field}__range": (int(numbers[0]), int(numbers[-1]))})


def of_people(numbers: np.ndarray) -> Q:
    """The condition that rows are of the people with these sorted numbers; where they are many, as ``of_range``."""
    if len(numbers) <= FEW:
        return among("employee__employee_id", numbers)
    return of_range(int(numbers[0]), int(numbers[-1]))


def of_range(first: int, last: int) -> Q:
    """The condition that rows are of people with a number in a range. One query.

    It includes the range of their keys: from the numbers alone PostgreSQL goes through everyone's rows.
    """
    keys = Employee.objects.filter(employee_id__range=(first, last)).aggregate(first=Min("pk"), last=Max("pk"))
    return Q(
        employee__employee_id__range=(first, last), employee__gte=keys["first"] or 0, employee__lte=keys["last"] or 0
    )


def numbers_of(rows: QuerySet, field: str = "employee__employee_id") -> np.ndarray:
    """The employee numbers of a query's rows, sorted and distinct. Four bytes each."""
    return distinct(np.fromiter(rows.order_by().values_list(field, flat=True).iterator(FEW), dtype=NUMBER))


def chunks(everyone: np.ndarray, is_wanted: np.ndarray, size: int) -> list[np.ndarray]:
    """The numbers wanted of all (sorted), few at a time; where they are many, all, ``size`` at a time."""
    wanted = everyone[is_wanted]
    if len(wanted) < MANY * len(everyone):
        everyone, size = wanted, FEW
    return [everyone[start : start + size] for start in range(0, len(everyone), size)]


def by_number(rows: QuerySet, key: str, *names: str) -> pd.DataFrame:
    """A query's rows, of a part of the people, as a frame of objects with the index ``employee_id``."""
    found = pd.DataFrame.from_records(list(rows.values_list(key, *names)), columns=["employee_id", *names])
    return found.astype({"employee_id": np.int64}).set_index("employee_id")
