"""Selectors of the raw data: each employee's newest rows, in chunks that bound memory."""

from collections.abc import Iterator

import pandas as pd
from django.db.models import OuterRef, QuerySet, Subquery

from employees.models import Departure, Employee, EmployeeSnapshot, ExtractRow, Survey

_KEYS = {"id", "employee", "recorded_at"}


def raw_columns(model: type[ExtractRow]) -> list[str]:
    """The columns of an extract's table that hold what the extract said."""
    return [field.name for field in model._meta.concrete_fields if field.name not in _KEYS]


def newest(model: type[ExtractRow]) -> QuerySet:
    """The newest row of each employee in one of the history tables; one index look-up an employee."""
    history = model._default_manager.filter(employee=OuterRef("employee")).order_by("-recorded_at", "-pk")
    return model._default_manager.filter(pk=Subquery(history.values("pk")[:1]))


def newest_frame(model: type[ExtractRow], employees: range) -> pd.DataFrame:
    """The newest rows of the employees whose primary keys lie in a range. One query.

    Index ``employee_pk``, columns ``raw_columns(model)``.
    """
    names = raw_columns(model)
    rows = (
        newest(model)
        .filter(employee__gte=employees.start, employee__lt=employees.stop)
        .order_by("employee")
        .values_list("employee", *names)
    )
    return pd.DataFrame.from_records(list(rows), columns=["employee_pk", *names], index="employee_pk")


def employee_numbers() -> pd.DataFrame:
    """Everyone's ``employee_id`` and current ``departement``, indexed and ordered by ``employee_pk``. One query."""
    rows = Employee.objects.order_by("pk").values_list("pk", "employee_id", "departement")
    columns = ["employee_pk", "employee_id", "departement"]
    return pd.DataFrame.from_records(list(rows), columns=columns, index="employee_pk")


def employee_ranges(chunk_size: int) -> Iterator[range]:
    """Ranges of primary keys that together hold every employee, ``chunk_size`` in each but the last. One query.

    By existing keys, not by arithmetic: rolled-back loads leave gaps of any size.
    """
    pks = list(Employee.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), chunk_size):
        chunk = pks[start : start + chunk_size]
        yield range(chunk[0], chunk[-1] + 1)


def newest_raw_chunks(chunk_size: int) -> Iterator[pd.DataFrame]:
    """Everyone's newest snapshot, survey and known outcome, joined; missing values where a table has no row.

    Index ``employee_pk``; columns ``employee_id``, the raw columns, and ``has_snapshot`` and ``has_survey``.
    Four queries a chunk.
    """
    for employees in employee_ranges(chunk_size):
        numbers = Employee.objects.filter(pk__gte=employees.start, pk__lt=employees.stop).order_by("pk")
        chunk = pd.DataFrame.from_records(
            list(numbers.values_list("pk", "employee_id")), columns=["employee_pk", "employee_id"], index="employee_pk"
        )
        snapshots, surveys, departures = (
            newest_frame(model, employees) for model in (EmployeeSnapshot, Survey, Departure)
        )
        chunk["has_snapshot"] = chunk.index.isin(snapshots.index)
        chunk["has_survey"] = chunk.index.isin(surveys.index)
        yield chunk.join([snapshots, surveys, departures])
