"""``technova.files.spool``: lists on the disk."""

import gc
import os
from pathlib import Path

import pytest

from technova.files import spool
from technova.files.spool import Spool

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.parametrize("held", [1, 2**20])
def test_items_come_back_in_order_and_by_place_however_often_they_are_asked_for(monkeypatch, held):
    monkeypatch.setattr(spool, "HELD", held)
    items = Spool(["first", {"second": 2}])
    assert items[0] == "first"
    items.append([3] * 1000)
    assert list(items) == list(items) == ["first", {"second": 2}, [3] * 1000]
    assert len(items) == 3


def test_place_beyond_the_end_is_an_error():
    with pytest.raises(IndexError):
        Spool([1])[1]


def test_file_has_no_name_and_is_closed_with_its_list(monkeypatch):
    monkeypatch.setattr(spool, "HELD", 1)
    items = Spool(["secret"])
    file = OPEN_FILES / str(items._file.fileno())
    assert not Path(os.readlink(file)).exists()
    del items
    gc.collect()
    assert not file.exists()
