"""Selectors of the clean features, for training, scoring and comparison."""

from collections.abc import Iterator

import pandas as pd
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, F, QuerySet

from employees.access import Scope
from employees.models import Employee
from employees.selectors import employee_ranges
from features import schema
from features.engineering import DTYPES
from features.models import EmployeeFeatures
from technova.database.prepared_statements import PreparedSelect

SAMPLE = 2_000  # people of whom a typical one is made

_FEATURES_FIELDS = [field.attname for field in EmployeeFeatures._meta.concrete_fields]
_EMPLOYEE_FIELDS = [field.attname for field in Employee._meta.concrete_fields]
_NEWEST_OF_ONE = PreparedSelect(
    lambda: (
        EmployeeFeatures.objects.filter(employee__employee_id=0)
        .order_by("-id")
        .values_list(*_FEATURES_FIELDS, *(f"employee__{name}" for name in _EMPLOYEE_FIELDS))[:1]
    )
)


def newest_features(employee_id: int) -> EmployeeFeatures | None:
    """The newest clean features of an employee by the company's number, the employee loaded too. One query."""
    for row in _NEWEST_OF_ONE.rows(employee_id):
        found = EmployeeFeatures.from_db(DEFAULT_DB_ALIAS, _FEATURES_FIELDS, row[: len(_FEATURES_FIELDS)])
        found.employee = Employee.from_db(DEFAULT_DB_ALIAS, _EMPLOYEE_FIELDS, row[len(_FEATURES_FIELDS) :])
        return found
    return None


def newest_frame(employees: range | QuerySet[Employee] | None = None) -> pd.DataFrame:
    """The newest features of everyone, of some employees, or of those whose primary keys lie in a range. One query.

    Columns ``employee_pk``, ``features_pk``, ``employee_id``, the 32 features and the nullable target, ordered by
    ``employee_id``.
    """
    if isinstance(employees, QuerySet):
        rows = EmployeeFeatures.objects.newest_of(employees)
    else:
        rows = EmployeeFeatures.objects.newest()
        if employees is not None:
            rows = rows.filter(employee__gte=employees.start, employee__lt=employees.stop)
    fields = ["employee", "pk", "employee__employee_id", *schema.FEATURE_NAMES, schema.TARGET]
    columns = ["employee_pk", "features_pk", "employee_id", *schema.FEATURE_NAMES, schema.TARGET]
    records = list(rows.order_by("employee__employee_id").values_list(*fields))
    return pd.DataFrame.from_records(records, columns=columns).astype(DTYPES)


def feature_chunks(chunk_size: int) -> Iterator[pd.DataFrame]:
    """Everyone's newest features in frames of at most ``chunk_size`` rows, as ``newest_frame``. One query a chunk."""
    for employees in employee_ranges(chunk_size):
        chunk = newest_frame(employees)
        if len(chunk):
            yield chunk


def training_frame() -> pd.DataFrame:
    """The newest features of everyone whose outcome is known: index ``employee_id``, the 32 features, the target.

    Ordered by ``employee_id``, so that the same data gives the same bytes whatever the order of the loads.
    """
    frame = newest_frame()
    known = frame[frame[schema.TARGET].notna()].astype({schema.TARGET: bool})
    return known.set_index("employee_id")[[*schema.FEATURE_NAMES, schema.TARGET]]


def employees_with_features() -> int:
    """The number of employees with features, whom the model can score."""
    return EmployeeFeatures.objects.aggregate(Count("employee", distinct=True))["employee__count"]


def workforce_medians(scope: Scope) -> dict[str, object]:
    """A typical employee: the median of each number, the most frequent choice. Empty without features.

    Department and job are the most frequent pair: chosen separately, nobody might have both. Covers the features
    that are not engineered and the mean satisfaction, over the newest rows of the employees in the scope; of
    more than 2,000 people, over as many that are spread evenly. Two queries.
    """
    names = [feature.name for feature in schema.FEATURES if not feature.is_engineered] + ["satisfaction_moyenne"]
    people = Employee.objects.within(scope)
    if (step := people.count() // SAMPLE + 1) > 1:
        people = people.alias(place=F("pk") % step).filter(place=0)
    rows = EmployeeFeatures.objects.newest_of(people).values_list(*names)
    frame = pd.DataFrame.from_records(list(rows), columns=names)
    if frame.empty:
        return {}
    pair = ["departement", "poste"]
    typical = {name: _typical(schema.BY_NAME[name], frame[name]) for name in names}
    return typical | dict(zip(pair, frame.groupby(pair).size().idxmax(), strict=True))


def _typical(feature: schema.Feature, values: pd.Series) -> object:
    if feature.choices:
        return values.mode().tolist()[0]
    median = float(values.median())
    return round(median) if feature.is_integer else median
