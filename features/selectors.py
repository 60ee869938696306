"""Selectors of the clean features, for training, scoring and comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from employees.access import Scope
from employees.columns import BY_NAME
from employees.models import Employee, EmployeeState, LoadedExtract, Presence, WorkforceDay
from employees.selectors import employee_ranges
from employees.workforce.knowledge import known_before
from employees.workforce.known_values import RAW_KINDS, History
from features import schema
from features.engineering import DTYPES, engineer, typed
from features.models import EmployeeFeatures
from technova.database.frames import fetch_frame
from technova.database.prepared_statements import PreparedSelect

INPUTS = {kind: [name for name in schema.INPUT_NAMES if BY_NAME[name].extract == kind] for kind in RAW_KINDS}
REQUIRED_NAMES = [name for name in schema.INPUT_NAMES if name not in schema.OPTIONAL_INPUTS]
_OPEN_NAMES = [feature.name for feature in schema.FEATURES if feature.is_open]
SAMPLE = 2_000  # people sampled for a typical one

# Leaves out the rows' times, which no prediction needs and which take 3 µs each to parse. A dictionary, since
# ``from_db`` looks each field of the model up in it.
_FEATURES_FIELDS = dict.fromkeys(["id", "employee_id", "as_of", *schema.FEATURE_NAMES])
_EMPLOYEE_FIELDS = ["id", "employee_id", "departement", "presence", "objected_on"]
_NEWEST_OF_ONE = PreparedSelect(
    lambda: (
        EmployeeFeatures.objects.in_force()
        .filter(employee__employee_id=0)
        .order_by("-as_of")
        .annotate(day=Subquery(WorkforceDay.objects.order_by("-as_of").values("as_of")[:1]))
        .values_list(*_FEATURES_FIELDS, *(f"employee__{name}" for name in _EMPLOYEE_FIELDS), "day")[:1]
    )
)


def newest_features(employee_id: int) -> EmployeeFeatures | None:
    """The newest clean features of an employee by the company's number, with the employee and the newest day.

    One query.
    """
    for row in _NEWEST_OF_ONE.rows(employee_id):
        found = EmployeeFeatures.from_db(DEFAULT_DB_ALIAS, _FEATURES_FIELDS, row[: len(_FEATURES_FIELDS)])
        found.employee = Employee.from_db(DEFAULT_DB_ALIAS, _EMPLOYEE_FIELDS, row[len(_FEATURES_FIELDS) : -1])
        found.newest_day = row[-1]
        return found
    return None


def frame_of(rows: QuerySet[EmployeeFeatures]) -> pd.DataFrame:
    """Rows of features as a frame. One query.

    Columns ``employee_pk``, ``features_pk``, ``employee_id``, ``as_of`` and the 32 features, ordered by
    ``employee_id``.
    """
    return _fetch(rows)()


def _fetch(rows: QuerySet[EmployeeFeatures]) -> Callable[[], pd.DataFrame]:
    fields = ["employee", "pk", "employee__employee_id", "as_of", *schema.FEATURE_NAMES]
    keys = dict.fromkeys(["employee_pk", "features_pk", "employee_id"], "int64")
    dtypes = keys | {"as_of": "datetime64[s]"} | DTYPES
    return fetch_frame(rows.order_by("employee__employee_id").values_list(*fields), dtypes)


def newest_frame(employees: QuerySet[Employee]) -> pd.DataFrame:
    """The newest features of some employees, as ``frame_of``. One query."""
    return frame_of(EmployeeFeatures.objects.newest_of(employees))


def feature_chunks(chunk_size: int, day: date | None = None) -> Iterator[pd.DataFrame]:
    """The features of everyone to be scored who is present, or was on an earlier day, in frames of at most
    ``chunk_size`` rows.

    One query a chunk.
    """
    for make_frame in fetched_chunks(chunk_size, day):
        if len(chunk := make_frame()):
            yield chunk


def fetched_chunks(chunk_size: int, day: date | None = None) -> Iterator[Callable[[], pd.DataFrame]]:
    """What makes the frames of ``feature_chunks``, and those without rows, from what has been read: no query more."""
    present = Employee.objects.present(day).to_score()
    for keys in employee_ranges(chunk_size):
        # The range here, too: without it PostgreSQL goes through everyone for each chunk.
        people = present.filter(pk__gte=keys.start, pk__lt=keys.stop)
        yield _fetch(EmployeeFeatures.objects.newest_between(keys, day).filter(employee__in=people))


def present_frame(chunk_size: int) -> pd.DataFrame:
    """The 32 features of everyone present, ordered by number. Read in chunks; equal words are one object."""
    words: dict[object, object] = {}
    chunks = []
    for chunk in feature_chunks(chunk_size):
        shared = {name: [words.setdefault(word, word) for word in chunk[name]] for name in _OPEN_NAMES}
        chunks.append(chunk[["employee_id", *schema.FEATURE_NAMES]].assign(**shared))
    if not chunks:
        return newest_frame(Employee.objects.none())[list(schema.FEATURE_NAMES)]
    return typed(pd.concat(chunks)).sort_values("employee_id", ignore_index=True)[list(schema.FEATURE_NAMES)]


def features_from(history: History, day: date, numbers: np.ndarray) -> pd.DataFrame:
    """The features on a day, by number, of those of the given people (sorted numbers) who have all inputs.

    A query or more for each kind of extract.
    """
    kinds = [history.values(kind, day, numbers, names) for kind, names in INPUTS.items()]
    raw = kinds[0].join(kinds[1:], how="inner")
    return engineer(raw[raw[REQUIRED_NAMES].notna().all(axis=1)].infer_objects())


def feature_chunks_as_known(chunk_size: int, day: date) -> Iterator[pd.DataFrame]:
    """The features of those present on a day, in frames with the column ``employee_id`` and the 32 features.

    Without those who object to being scored: a model does not learn from them either. They leave out what was recorded
    after the day (``known_before``), so that training does not see the future. If nothing was, these are the rows in
    force.
    """
    moment = known_before(day)
    if moment is None or not LoadedExtract.objects.in_force().filter(as_of__lte=day, load__recorded_at__gte=moment):
        yield from feature_chunks(chunk_size, day)
        return
    history = History.recorded_before(moment)
    there = Employee.objects.present(day).to_score().order_by("employee_id").values_list("employee_id", flat=True)
    numbers = np.fromiter(there, dtype=np.int64)
    for start in range(0, len(numbers), chunk_size):
        known = features_from(history, day, numbers[start : start + chunk_size])
        if len(known):
            yield known.reset_index()


def training_frame() -> pd.DataFrame:
    """Those present, and those who left in the twelve months until the newest day: newest features and the target.

    Index ``employee_id``; the 32 features, then whether the person has left. Ordered by ``employee_id``, so that the
    same data gives the same bytes whatever the order of the loads. Departures of longer ago are left out: in a year's
    time the model would else count every leaver of all years. Whoever objects is in neither. Three queries.
    """
    day = WorkforceDay.objects.values_list("as_of", flat=True).last()
    if day is None:
        left = Employee.objects.none()
    else:
        states = EmployeeState.objects.newest().filter(presence=Presence.LEFT, left_by__gt=_year_before(day))
        left = Employee.objects.filter(pk__in=states.values("employee"))
    frames = [
        newest_frame(employees.to_score()).assign(**{schema.TARGET: has_left})
        for employees, has_left in ((Employee.objects.present(), False), (left, True))
    ]
    known = typed(pd.concat(frames)).astype({schema.TARGET: bool}).sort_values("employee_id")
    return known.set_index("employee_id")[[*schema.FEATURE_NAMES, schema.TARGET]]


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - 1, day=28)


def employees_with_features(day: date | None = None) -> int:
    """How many people present, or present on an earlier day, the model can score. One query."""
    rows = EmployeeFeatures.objects.in_force().filter(employee=OuterRef("pk"))
    if day:
        rows = rows.filter(as_of__lte=day)
    return Employee.objects.present(day).to_score().filter(Exists(rows)).count()


def workforce_medians(scope: Scope) -> dict[str, object]:
    """A typical employee: the median of each number, the most frequent choice. Empty without features.

    Department and job are the most frequent pair: chosen separately, nobody might have both. Covers the features
    that are not engineered and the mean satisfaction, over the newest rows of the employees in the scope; of
    more than 2,000 people, over as many that are spread evenly. Two queries.
    """
    names = [feature.name for feature in schema.FEATURES if not feature.is_engineered] + ["satisfaction_moyenne"]
    people = Employee.objects.present().within(scope)
    if (step := people.count() // SAMPLE + 1) > 1:
        people = people.alias(place=F("pk") % step).filter(place=0)
    rows = list(EmployeeFeatures.objects.newest_of(people).values_list(*names))
    if not rows:
        return {}
    columns = {
        name: [value for value in values if value is not None]
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    }
    typical = {name: _typical(schema.BY_NAME[name], values) for name, values in columns.items() if values}
    pairs = zip(columns["departement"], columns["poste"], strict=True)
    return typical | dict(zip(("departement", "poste"), _most_frequent(pairs), strict=True))


def _typical(feature: schema.Feature, values: Sequence) -> object:
    if feature.choices:
        return _most_frequent(values)
    middle = median(values)
    return round(middle) if feature.is_integer else float(middle)


def _most_frequent(values: Iterable[Any]) -> Any:
    """The most frequent value, of several the first in order."""
    return max(sorted(Counter(values).items()), key=lambda item: item[1])[0]
