"""Blocks of rows by column, written and read without Python values: ``insert_blocks`` and ``fetch_frame``."""

import datetime as dt
import uuid

import numpy as np
import pandas as pd
import pytest
from django.db import DataError, connection, models

from technova.database import bulk
from technova.database.bulk import insert_blocks
from technova.database.fields import NamedFloats
from technova.database.frames import fetch_frame

pytestmark = pytest.mark.django_db

NAMES = ("first", "second", "third")
NOW = dt.datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=dt.UTC)
DAY = dt.date(1999, 12, 31)
KEY = uuid.uuid4()


class Everything(models.Model):
    small = models.SmallIntegerField(null=True)
    whole = models.IntegerField(null=True)
    big = models.BigIntegerField(null=True)
    number = models.FloatField(null=True)
    answer = models.BooleanField(null=True)
    word = models.CharField(max_length=5, null=True)  # noqa: DJ001
    text = models.TextField(null=True)  # noqa: DJ001
    day = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    key = models.UUIDField(null=True)
    document = models.JSONField(null=True)
    floats = NamedFloats(names=NAMES, null=True)

    class Meta:
        app_label = "technova_tests"
        managed = False

    def __str__(self):
        return str(self.pk)


COLUMNS = [field.attname for field in Everything._meta.concrete_fields if not field.primary_key]
ROWS = [
    (-3, 7, 2**40, 0.1, True, "Été", "a\tb\n\\N", DAY, NOW, KEY, {"a": ["é", None]}, {"first": 1.5, "third": -2e-9}),
    (None, None, None, None, None, None, None, None, None, None, None, None),
    (5, -(2**31), -1, -1e300, False, "", '"', dt.date(2199, 1, 1), NOW, uuid.UUID(int=1), [], {"second": 0.25}),
]


@pytest.fixture(autouse=True)
def _table(db):
    editor = connection.schema_editor()
    editor.deferred_sql = []
    create, parameters = editor.table_sql(Everything)
    with connection.cursor() as cursor:
        cursor.execute(create, parameters)


def block(rows, **others):
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    floats = [[(row or {}).get(name, 0) for name in NAMES] for row in columns.pop("floats")]
    return columns | {"floats": np.array(floats)} | others


def stored(*names):
    return list(Everything.objects.order_by("pk").values_list(*(names or COLUMNS)))


def test_every_type_comes_back_as_it_was():
    assert insert_blocks(Everything, [block(ROWS[:1]), block(ROWS[1:])], COLUMNS) == 3
    empty = (*ROWS[1][:-1], {})
    assert stored() == [ROWS[0], empty, ROWS[2]]


def test_columns_without_a_value_are_null_in_every_row():
    nothing = block(ROWS[1:2] * 2) | {
        "whole": pd.array([None, None], dtype="Int64"),
        "number": np.array([np.nan, np.nan]),
        "day": pd.Series(pd.to_datetime([None, None])),
    }
    insert_blocks(Everything, [nothing, block(ROWS[:1])], COLUMNS)
    empty = (*ROWS[1][:-1], {})
    assert stored() == [empty, empty, ROWS[0]]


def test_value_for_all_rows_and_frames_of_pandas_types():
    values = block(ROWS[:1] * 3, **dict(zip(COLUMNS, ROWS[0], strict=True)) | {"small": [1, 2, 3]})
    values |= {
        "floats": np.zeros((3, 3)),
        "whole": pd.array([1, None, 3], dtype="Int64"),
        "answer": pd.array([True, None, False], dtype="boolean"),
        "day": pd.Series(pd.to_datetime(["2026-01-31", None, "2024-02-29"])),
        "number": np.array([0.5, np.nan, 1]),
        "document": None,
    }
    insert_blocks(Everything, [values], COLUMNS)
    assert stored("small", "whole", "answer", "word", "moment", "key") == [
        (1, 1, True, "Été", NOW, KEY),
        (2, None, None, "Été", NOW, KEY),
        (3, 3, False, "Été", NOW, KEY),
    ]
    days = [dt.date(2026, 1, 31), None, dt.date(2024, 2, 29)]
    assert stored("day", "number", "document") == [(days[0], 0.5, None), (days[1], None, None), (days[2], 1, None)]


def test_many_blocks_are_one_insertion(monkeypatch):
    monkeypatch.setattr(bulk, "ROWS_AT_A_TIME", 2)
    assert insert_blocks(Everything, [block(ROWS)] * 3, COLUMNS) == 9
    assert len(stored()) == 9


def test_rows_go_in_while_the_block_computes_or_not_at_all():
    with bulk.inserting(Everything, [block(ROWS)], COLUMNS) as count:
        assert count == 3
    assert len(stored()) == 3
    with pytest.raises(KeyError), bulk.inserting(Everything, [block(ROWS)], COLUMNS):
        raise KeyError
    with pytest.raises(RuntimeError, match="before or after"), bulk.inserting(Everything, [block(ROWS)], COLUMNS):
        stored()
    assert len(stored()) == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has room for any value: needs PostgreSQL")
@pytest.mark.parametrize("wrong", [{"small": [2**15]}, {"whole": [1.5]}, {"word": ["longer"]}, {"whole": ["x"]}])
def test_value_without_room_in_its_column_is_an_error_and_leaves_nothing(wrong):
    with pytest.raises(DataError):
        insert_blocks(Everything, [block(ROWS[:1], **wrong)], COLUMNS)
    assert stored() == []


def test_frame_has_the_types_asked_for():
    insert_blocks(Everything, [block(ROWS)], COLUMNS)
    names = ["big", "number", "answer", "word", "day"]
    dtypes = dict(zip(names, ["int64", "float64", "bool", "object", "datetime64[s]"], strict=True))
    frame = fetch_frame(Everything.objects.order_by("pk").values_list(*names), dtypes)()
    assert frame.dtypes.astype(str).tolist() == ["Int64", "float64", "boolean", "object", "datetime64[s]"]
    assert frame["big"].tolist() == [2**40, pd.NA, -1]
    assert frame["number"].iloc[[0, 2]].tolist() == [0.1, -1e300]
    assert frame["word"].tolist() == ["Été", None, ""]
    assert frame["day"].dt.date.tolist() == [DAY, pd.NaT, dt.date(2199, 1, 1)]
    dtypes = {"big": "int64", "answer": "bool"}
    complete = fetch_frame(Everything.objects.exclude(big=None).values_list("big", "answer"), dtypes)()
    assert complete.dtypes.astype(str).tolist() == ["int64", "bool"]


def test_frame_of_no_rows_has_its_columns():
    frame = fetch_frame(Everything.objects.values_list("big", "word"), {"big": "int64", "word": "object"})()
    assert frame.empty
    assert frame.dtypes.astype(str).tolist() == ["int64", "object"]
