"""Gives the rows of a table that are as wide as its header, and refuses the others."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain

from employees.extracts.grids import Batch, no_table
from employees.extracts.headers import Header
from employees.extracts.rejects import MOST_REJECTS, ExtractError, Refusal, Reject, too_many
from employees.messages import Message
from employees.messages import gettext_noop as _

RAGGED_SHARE = 0.5  # above this share of rows without the header's number of cells, the file is no table
LONGEST_ROW = 200  # characters of a ragged row that are kept
_CONFLICT = re.compile(r"(<{7}|={7}|>{7}|\|{7})( |$)")


class BodyRows:
    """The rows below a header, in one pass.

    Rows that all end with the same number of surplus or missing delimiters count as padded, and are kept. A single such
    row is ragged, and so is any longer row of a comma-separated file: an unquoted decimal comma shifts the cells after
    it to the right.
    """

    def __init__(self, header: Header):
        self.header = header
        self.count = 0
        self.ragged: list[Reject] = []

    def batches(self) -> Iterator[Batch]:
        """The rows of the right width. Raises ``ExtractError`` if there are none, or too many of another width."""
        width = self._width()
        is_exact = width == len(self.header.titles)
        count = 0
        for numbers, rows in self._below():
            count += len(rows)
            if is_exact and all(len(row) == width for row in rows):
                yield numbers, rows
                continue
            kept: tuple[list[int], list[list[str]]] = ([], [])
            for number, row in zip(numbers, rows, strict=True):
                if len(row) == width and (is_exact or self._is_padded(row)):
                    kept[0].append(number)
                    kept[1].append(row)
                else:
                    self._refuse(number, row)
            yield kept
        self.count = count
        if not self.count:
            reason = _("The file names its columns and has no rows. Export it again with a row for each employee.")
            raise ExtractError(self.header.name, Refusal.NO_ROWS, Message(reason))
        if len(self.ragged) > RAGGED_SHARE * self.count:
            reason = _(
                "Most rows do not have as many cells as the header. Export the file again, with quotation marks around "
                "the cells that hold its separator."
            )
            error = no_table(self.header.name, reason)
            error.rejects = tuple(self.ragged)
            raise error

    def _below(self) -> Iterator[Batch]:
        for numbers, rows in self.header.grid.batches():
            start = bisect_right(numbers, self.header.line)
            if start < len(rows):
                yield numbers[start:], rows[start:]

    def _width(self) -> int:
        """The number of cells that every row has to have."""
        first = next((rows[0] for _numbers, rows in self._below()), [])
        if len(first) == self.header.width or not self._may_be_padded(first):
            return self.header.width
        rows = chain.from_iterable(rows for _numbers, rows in self._below())
        is_uniform = all(len(row) == len(first) and self._is_padded(row) for row in rows)
        return len(first) if is_uniform else self.header.width

    def _may_be_padded(self, row: Sequence[str]) -> bool:
        is_short_enough = self.header.grid.delimiter != "," or len(row) <= self.header.width
        return is_short_enough and self._is_padded(row)

    def _is_padded(self, row: Sequence[str]) -> bool:
        """Whether a row is the header's cells followed by empty ones only."""
        count = len(self.header.titles)
        return len(row) == count or (len(row) > count and not any(map(str.strip, row[count:])))

    def _refuse(self, line: int, row: list[str]) -> None:
        name, titles = self.header.name, self.header.titles
        if mark := _CONFLICT.match(row[0]):
            reason = _(
                "Line %(line)s is a mark of a merge conflict (%(mark)s): the file holds two versions of itself. Keep "
                "one of them, or export the file again."
            )
            raise no_table(name, reason, line=line, mark=mark[1])
        counts = {"expected": len(titles), "found": len(row)}
        rule = Message(_("as many cells as the header: %(expected)s, not %(found)s"), counts)
        self.ragged.append(Reject(name, line, "", self.header.grid.delimiter.join(row)[:LONGEST_ROW], rule))
        if len(self.ragged) > MOST_REJECTS:
            raise too_many(self.ragged[0])
