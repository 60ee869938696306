"""``technova.database.bulk`` on the table of employees."""

import pandas as pd
import pytest
from django.db import DataError, IntegrityError, connection
from django.utils import timezone

from employees.models import Employee
from technova.database import bulk
from technova.database.bulk import bulk_insert

pytestmark = pytest.mark.django_db
NOW = timezone.now()
COLUMNS = ["employee_id", "departement", "presence", "objected_on", "created_at"]


def people(numbers):
    common = {"departement": "Consulting", "presence": "present", "objected_on": None, "created_at": NOW}
    return pd.DataFrame({"employee_id": list(numbers), **common})


def test_frame_is_inserted_row_for_row():
    assert bulk_insert(Employee, people([7, 3])) == 2
    assert list(Employee.objects.order_by("pk").values_list(*COLUMNS)) == [
        (7, "Consulting", "present", None, NOW),
        (3, "Consulting", "present", None, NOW),
    ]


def test_iterable_of_tuples_is_inserted_under_its_columns():
    rows = ((number, NOW, "Commercial", "", None) for number in (1, 2))
    assert bulk_insert(Employee, rows, ["employee_id", "created_at", "departement", "presence", "objected_on"]) == 2
    assert Employee.objects.filter(departement="Commercial", created_at=NOW).count() == 2


def test_columns_of_the_frame_may_stand_in_any_order():
    bulk_insert(Employee, people([1])[COLUMNS[::-1]])
    assert Employee.objects.get().departement == "Consulting"


def test_nothing_is_inserted_from_an_empty_frame():
    assert bulk_insert(Employee, people([])) == 0


def test_more_rows_than_are_written_at_a_time():
    number = 2 * bulk.ROWS_AT_A_TIME + 1
    assert bulk_insert(Employee, people(range(1, number + 1))) == number
    assert Employee.objects.count() == number


@pytest.mark.parametrize("columns", [COLUMNS[:2], [*COLUMNS, "age"], ["id", *COLUMNS, "age"]])
def test_column_that_is_absent_or_unknown_is_named(columns):
    wrong = ", ".join(sorted(set(columns) ^ {*COLUMNS, *({"id"} & set(columns))}))
    with pytest.raises(ValueError, match=f"Employee: these columns are absent or unknown: {wrong}"):
        bulk_insert(Employee, [], columns)


def test_primary_key_may_be_given():
    bulk_insert(Employee, [(4_000_000, 1, "Consulting", "", None, NOW)], ["id", *COLUMNS])
    assert Employee.objects.get().pk == 4_000_000


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (people([1, 1]), IntegrityError),
        (people([1, 0]), IntegrityError),
        (people([1, 2]).assign(departement=["Consulting", None]), IntegrityError),
    ],
)
def test_refused_row_leaves_none_of_the_others(wrong, error):
    with pytest.raises(error):
        bulk_insert(Employee, wrong)
    assert not Employee.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no longest text: needs PostgreSQL")
def test_text_that_is_too_long_is_a_database_error_of_django():
    with pytest.raises(DataError):
        bulk_insert(Employee, people([1]).assign(departement="x" * 101))


def test_rows_that_fail_while_they_are_made_leave_none():
    def rows():
        yield 1, "Consulting", NOW
        raise RuntimeError("the machine is on fire")

    with pytest.raises(RuntimeError):
        bulk_insert(Employee, rows(), COLUMNS)
    assert not Employee.objects.exists()
