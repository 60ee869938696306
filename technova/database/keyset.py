"""Keyset pagination: rows that come after the last one seen, by its place in the order and not by a count of rows.

A late page costs what the first costs, and rows written meanwhile shift nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet


def position_of(row: object, order: Sequence[str]) -> list[Any]:
    """The place of a row in an order: its values of the order's fields, whose names may have a minus in front."""
    return [getattr(row, field.lstrip("-")) for field in order]


def after(order: Sequence[str], position: Sequence[object]) -> Q:
    """Rows behind a position in an order: the first field decides, and where it is equal the next."""
    condition = Q()
    for field, value in reversed(list(zip(order, position, strict=True))):
        name = field.lstrip("-")
        comparison = "lt" if field.startswith("-") else "gt"
        behind = Q(**{f"{name}__{comparison}": value})
        condition = behind | (Q(**{name: value}) & condition) if condition else behind
    return Q(**{f"{name}__{comparison}e": value}) & condition  # the first says to an index where to begin


def chunks(rows: QuerySet, order: Sequence[str], size: int) -> Iterator[list]:
    """All rows in an order that no two share, ``size`` at a time, each chunk by a query of its own.

    Before a chunk is handed on, the connection goes back to its pool: a reader who takes long over it keeps none.
    """
    rows = rows.order_by(*order)
    found = list(rows[:size])
    while found:
        is_last, position = len(found) < size, position_of(found[-1], order)
        _release_connection()
        yield found
        found = [] if is_last else list(rows.filter(after(order, position))[:size])


def _release_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()
