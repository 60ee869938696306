"""Keyset pagination of the lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import CursorPagination
from rest_framework.utils.urls import replace_query_param

from predictions.api import examples
from predictions.api.errors import InvalidRequest
from predictions.api.serializers.queries import LimitSerializer, ScoreLimitSerializer
from predictions.selectors.scores import RISKIEST_FIRST
from technova.database.keyset import after, position_of

SeriesKey = str | int


class PageCursor(NamedTuple):
    """The start of a page: its series, the position that it follows, and the direction."""

    series: SeriesKey
    is_reverse: bool
    position: Sequence[object]


class KeysetPagination(CursorPagination):
    """Keyset pagination: a page starts after a row's position in the order.

    The last page is as fast as the first, and concurrent writes neither repeat nor skip a row. Rows of equal value
    are ordered by id; DRF's own pagination uses an offset among them, and skips some on the way back. A cursor is
    signed against forgery, and belongs to one ``series`` of pages, in which no row moves.
    """

    limits: type[LimitSerializer] = LimitSerializer
    path: str  # of the list
    page_size_query_param = "limit"
    FIRST = "*"
    cursor_query_description = "Where the page starts: the one in next or previous, or * for the first page."

    def series(self, request, view) -> SeriesKey:
        raise NotImplementedError

    def order(self, series: SeriesKey) -> Sequence[str]:
        """The fields of the order, unique together."""
        raise NotImplementedError

    def paginate_queryset(self, queryset, request, view=None) -> list[Any]:
        limit = self._limit(request)
        self._url = request.build_absolute_uri()
        self._series = self.series(request, view)
        self._order = order = self.order(self._series)
        cursor = self.page_cursor(request)
        if cursor and cursor.series != self._series:
            raise _no_such_page()
        if cursor and cursor.is_reverse:
            order = [field[1:] if field.startswith("-") else f"-{field}" for field in order]
        if cursor:
            queryset = queryset.filter(after(order, cursor.position))
        rows = list(queryset.order_by(*order)[: limit + 1])
        page, has_more = rows[:limit], len(rows) > limit
        if cursor and cursor.is_reverse:
            page.reverse()
            self.has_next, self.has_previous = bool(page), has_more
        else:
            self.has_next, self.has_previous = has_more, bool(cursor and page)
        self._page = page
        return page

    def page_cursor(self, request) -> PageCursor | None:
        signed = request.query_params.get(self.cursor_query_param, self.FIRST)
        if signed == self.FIRST:
            return None
        try:
            return PageCursor(*signing.loads(signed, salt=self._salt))
        except signing.BadSignature as error:
            raise _no_such_page() from error

    def get_next_link(self) -> str | None:
        return self._link(self._page[-1], is_reverse=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        return self._link(self._page[0], is_reverse=True) if self.has_previous else None

    def _link(self, row: object, *, is_reverse: bool) -> str:
        position = [_plain(value) for value in position_of(row, self._order)]
        signed = signing.dumps(PageCursor(self._series, is_reverse, position), salt=self._salt)
        return replace_query_param(self._url, self.cursor_query_param, signed)

    @property
    def _salt(self) -> str:
        return f"predictions.api.cursor {self.path}"

    def _limit(self, request) -> int:
        query = self.limits(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query.validated_data["limit"]

    def get_paginated_response_schema(self, schema: dict) -> dict:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["next"]["example"] = examples.NEXT.replace("/predictions/", self.path)
        described["properties"]["previous"]["example"] = examples.PREVIOUS.replace("/predictions/", self.path)
        return described | {"required": list(described["properties"])}

    def get_schema_operation_parameters(self, view) -> list[dict]:
        limits: Any = self.limits().fields["limit"]
        bounds = {"minimum": limits.min_value, "maximum": limits.max_value, "default": limits.default}
        cursor, limit = super().get_schema_operation_parameters(view)
        cursor["schema"] |= {"pattern": r"^(\*|[A-Za-z0-9:_-]+)$"}
        limit["schema"] |= bounds
        limit["description"] = f"Rows per page, {limits.min_value:,} to {limits.max_value:,}."
        return [limit, cursor]


class LogPagination(KeysetPagination):
    path = "/predictions/"
    ORDERINGS = {
        "-created_at": ("-created_at", "-id"),
        "created_at": ("created_at", "id"),
        "-predicted_proba": ("-probability", "-id"),
        "predicted_proba": ("probability", "id"),
    }

    def series(self, request, view) -> SeriesKey:
        ordering = request.query_params.get("ordering", "-created_at")
        if ordering not in self.ORDERINGS:
            choices = ", ".join(self.ORDERINGS)
            raise InvalidRequest({"ordering": [_("One of: %(choices)s.") % {"choices": choices}]}, "query")
        return ordering

    def order(self, series: SeriesKey) -> Sequence[str]:
        return self.ORDERINGS[str(series)]

    def get_schema_operation_parameters(self, view) -> list[dict]:
        ordering = {
            "name": "ordering",
            "in": "query",
            "required": False,
            "description": "By time or by probability; a minus turns it round.",
            "schema": {"type": "string", "enum": list(self.ORDERINGS), "default": "-created_at"},
        }
        return [*super().get_schema_operation_parameters(view), ordering]


class RunPagination(KeysetPagination):
    """The newest run first."""

    path = "/runs"

    def series(self, request, view) -> SeriesKey:
        return "-id"

    def order(self, series: SeriesKey) -> Sequence[str]:
        return ("-id",)


class CasePagination(KeysetPagination):
    """The newest case first."""

    path = "/cases"

    def series(self, request, view) -> SeriesKey:
        return "-id"

    def order(self, series: SeriesKey) -> Sequence[str]:
        return ("-id",)


class ScorePagination(KeysetPagination):
    """The riskiest first; a series stays in the run of its first page, even after a newer one."""

    path = "/scores"
    limits = ScoreLimitSerializer

    def series(self, request, view) -> SeriesKey:
        return view.run.pk if view.run else 0

    def order(self, series: SeriesKey) -> Sequence[str]:
        return RISKIEST_FIRST


def _no_such_page() -> InvalidRequest:
    rule = _("This cursor is damaged, or of another list or order: take the one in next or previous, or none.")
    return InvalidRequest({"cursor": [rule]}, "query")


def _plain(value: object) -> object:
    """A value as JSON, which the database can read again."""
    return value.isoformat() if isinstance(value, datetime) else value
