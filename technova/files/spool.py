"""Lists on the disk, for what would grow in memory with the workforce."""

import os
import pickle
import weakref
from array import array
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Generic, TypeVar

T = TypeVar("T")

HELD = 2**18  # bytes that stay in memory


class Spool(Generic[T]):
    """A list whose items lie in a temporary file without a name, which is gone with the list or with its process.

    Items are pickled when they are added, and read each time that they are asked for. Those of a small list stay in
    memory. Raises ``OSError`` when the disk is full.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._file = SpooledTemporaryFile(max_size=HELD)  # noqa: SIM115 - open as long as the list
        self._places = array("q")
        weakref.finalize(self, self._file.close)
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        self._file.seek(0, os.SEEK_END)
        self._places.append(self._file.tell())
        pickle.dump(item, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> T:
        self._file.seek(self._places[place])
        return pickle.load(self._file)  # noqa: S301 - nobody else can open it

    def __iter__(self) -> Iterator[T]:
        return (self[place] for place in range(len(self)))
