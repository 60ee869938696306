"""Filters, order and pages of the log."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import django_filters
from django import forms
from django.core import signing
from django.core.validators import RegexValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ChoiceField, IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.utils.urls import replace_query_param

from employees.columns import MAX_EMPLOYEE_ID
from predictions.api import examples
from predictions.api.errors import Invalid
from predictions.api.serializers import LIMIT, LimitSerializer
from predictions.models import Prediction

# Before the first and after the last row; what lies beyond does not fit into every database and time zone.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class EmployeeNumberField(forms.IntegerField):
    def to_python(self, value):
        RegexValidator(r"^[0-9]{0,20}\Z", message=self.error_messages["invalid"])(value or "")
        return super().to_python(value)


class EmployeeNumberFilter(django_filters.NumberFilter):
    field_class = EmployeeNumberField


class InstantField(IsoDateTimeField):
    """In UTC where it names no offset, as every answer is; an hour of the clock change is then no riddle.

    A plus that the client did not escape arrives as a blank: ``2026-07-01T14:30:00 02:00``.
    """

    def to_python(self, value):
        with timezone.override(UTC):
            return super().to_python(re.sub(r"(:[0-9.]+) ([0-9]{2}:?[0-9]{2})$", r"\1+\2", value or ""))


class TruthField(ChoiceField):
    """``true`` or ``false`` in any case, or 1 or 0, as the clients of different languages write them."""

    def to_python(self, value):
        value = super().to_python(value).lower()
        return {"1": "true", "0": "false"}.get(value, value)


@extend_schema_field({"type": "boolean", "description": "Whether the probability reaches the threshold."})
class TruthFilter(django_filters.ChoiceFilter):
    field_class = TruthField


@extend_schema_field({"$ref": "#/components/schemas/ModeEnum", "description": "How it was asked for."})
class ModeFilter(django_filters.ChoiceFilter):
    """The modes of ``Prediction``, described by the name that they have in the rows."""


class InstantFilter(django_filters.IsoDateTimeFilter):
    field_class = InstantField

    def filter(self, queryset, value):
        return super().filter(queryset, value and min(max(value, _FIRST), _LAST))


class PredictionFilter(django_filters.FilterSet):
    """Which rows of the log: all conditions hold together."""

    employee_id = EmployeeNumberFilter(field_name="employee__employee_id", min_value=1, max_value=MAX_EMPLOYEE_ID)
    mode = ModeFilter(choices=Prediction.Mode.choices)
    model_version = django_filters.CharFilter(max_length=40)
    predicted_class = TruthFilter(
        choices=[("true", _("Yes")), ("false", _("No"))],
        method="filter_class",
    )
    created_from = InstantFilter(
        "created_at", "gte", help_text="From this instant on; in UTC where it names no offset."
    )
    created_before = InstantFilter(
        "created_at", "lt", help_text="Before this instant; in UTC where it names no offset."
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

    def filter_class(self, queryset, name, value):
        return queryset.filter(predicted_class=value == "true")


class LogPagination(CursorPagination):
    """Pages that start after a row, told by its place in the order: the last is as fast as the first, each row comes
    once whatever is written meanwhile, and rows of equal probability are told apart by their number.

    DRF's own tells rows of equal value apart by counting them, and loses some when it turns round. A cursor is signed,
    so that what it says of the query was said by us.
    """

    SALT = "predictions.api.cursor"
    ORDERINGS = {
        "-created_at": ("-created_at", "-id"),
        "created_at": ("created_at", "id"),
        "-predicted_proba": ("-probability", "-id"),
        "predicted_proba": ("probability", "id"),
    }
    page_size_query_param = "limit"
    FIRST = "*"
    cursor_query_description = "Where the page starts: the one in next or previous, or * for the first page."
    page_size_query_description = "Rows per page, 1 to 200."

    def paginate_queryset(self, queryset, request, view=None) -> list[Prediction]:
        limit = self._limit(request)
        self.base_url = request.build_absolute_uri()
        self.ordering = self._ordering(request)
        cursor = self.decode_cursor(request)
        order = self.ORDERINGS[self.ordering]
        if cursor and cursor.reverse:
            order = [field[1:] if field.startswith("-") else f"-{field}" for field in order]
        if cursor:
            queryset = queryset.filter(_after(order, cursor.position))
        rows = list(queryset.order_by(*order)[: limit + 1])
        page, has_more = rows[:limit], len(rows) > limit
        if cursor and cursor.reverse:
            page.reverse()
            self.has_next, self.has_previous = bool(page), has_more
        else:
            self.has_next, self.has_previous = has_more, bool(cursor and page)
        self.page = page
        return page

    def get_next_link(self) -> str | None:
        return self._link(self.page[-1], is_reverse=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        return self._link(self.page[0], is_reverse=True) if self.has_previous else None

    def _link(self, row: Prediction, *, is_reverse: bool) -> str:
        position = [_plain(getattr(row, field.lstrip("-"))) for field in self.ORDERINGS[self.ordering]]
        signed = signing.dumps([self.ordering, is_reverse, position], salt=self.SALT)
        return replace_query_param(self.base_url, self.cursor_query_param, signed)

    def decode_cursor(self, request) -> Cursor | None:
        signed = request.query_params.get(self.cursor_query_param, self.FIRST)
        if signed == self.FIRST:
            return None
        try:
            ordering, is_reverse, position = signing.loads(signed, salt=self.SALT)
        except signing.BadSignature:
            ordering = None
        if ordering != self.ordering:
            raise NotFound(_("There is no such page of this list in this order."))
        return Cursor(0, is_reverse, position)

    def _limit(self, request) -> int:
        query = LimitSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query.validated_data["limit"]

    def _ordering(self, request) -> str:
        ordering = request.query_params.get("ordering", "-created_at")
        if ordering not in self.ORDERINGS:
            choices = ", ".join(self.ORDERINGS)
            raise Invalid({"ordering": [_("One of: %(choices)s.") % {"choices": choices}]}, "query")
        return ordering

    def get_paginated_response_schema(self, schema: dict) -> dict:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["next"]["example"] = examples.NEXT
        described["properties"]["previous"]["example"] = examples.PREVIOUS
        return described | {"required": list(described["properties"])}

    def get_schema_operation_parameters(self, view) -> list[dict]:
        ordering = {
            "name": "ordering",
            "in": "query",
            "required": False,
            "description": "By time or by probability; a minus turns it round.",
            "schema": {"type": "string", "enum": list(self.ORDERINGS), "default": "-created_at"},
        }
        cursor, limit = super().get_schema_operation_parameters(view)
        cursor["schema"] |= {"pattern": r"^(\*|[A-Za-z0-9:_-]+)$"}
        limit["schema"] |= {"minimum": 1, "maximum": LIMIT, "default": 20}
        return [limit, cursor, ordering]


def _plain(value: datetime | float) -> str | float:
    """What JSON can hold and the database reads again."""
    return value.isoformat() if isinstance(value, datetime) else value


def _after(order: Sequence[str], position: Sequence[str | float]) -> Q:
    """Rows behind a position in an order: the first field decides, and where it is equal the next."""
    condition = Q()
    for field, value in reversed(list(zip(order, position, strict=True))):
        name = field.lstrip("-")
        comparison = "lt" if field.startswith("-") else "gt"
        behind = Q(**{f"{name}__{comparison}": value})
        condition = behind | (Q(**{name: value}) & condition) if condition else behind
    return Q(**{f"{name}__{comparison}e": value}) & condition  # the first says to an index where to begin
