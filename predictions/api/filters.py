"""Filters, order and pages of the log."""

from datetime import UTC, datetime

import django_filters
from django import forms
from django.core import signing
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.utils.urls import replace_query_param

from predictions.api.errors import Invalid
from predictions.api.serializers import LARGEST_ID, LIMIT, LimitSerializer
from predictions.models import Prediction

# Instants that every database and time zone can hold.
_INSTANTS = [MinValueValidator(datetime(2000, 1, 1, tzinfo=UTC)), MaxValueValidator(datetime(2200, 1, 1, tzinfo=UTC))]


class EmployeeNumberField(forms.IntegerField):
    def to_python(self, value):
        RegexValidator(r"^[0-9]{0,20}\Z", message=self.error_messages["invalid"])(value or "")
        return super().to_python(value)


class EmployeeNumberFilter(django_filters.NumberFilter):
    field_class = EmployeeNumberField


class PredictionFilter(django_filters.FilterSet):
    """Which rows of the log: all conditions hold together."""

    employee_id = EmployeeNumberFilter(field_name="employee__employee_id", min_value=1, max_value=LARGEST_ID)
    mode = django_filters.ChoiceFilter(choices=Prediction.Mode.choices)
    model_version = django_filters.CharFilter(max_length=40)
    predicted_class = django_filters.ChoiceFilter(
        choices=[("true", _("Yes")), ("false", _("No"))], method="filter_class", label=_("Predicted to leave.")
    )
    created_from = django_filters.IsoDateTimeFilter("created_at", "gte", validators=_INSTANTS)
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", validators=_INSTANTS)

    class Meta:
        model = Prediction
        fields: list[str] = []

    def filter_class(self, queryset, name, value):
        return queryset.filter(predicted_class=value == "true")


class LogPagination(CursorPagination):
    """Pages by cursor: as fast at the end as at the start, and new rows do not shift them.

    A cursor is signed, so that what it says of the query was said by us.
    """

    SALT = "predictions.api.cursor"
    ORDERINGS = {
        "-created_at": ("-id",),
        "created_at": ("id",),
        "-predicted_proba": ("-probability", "-id"),
        "predicted_proba": ("probability", "id"),
    }
    page_size_query_param = "limit"
    max_page_size = LIMIT
    cursor_query_description = _("Where the page starts: the one in next or previous.")
    page_size_query_description = _("Rows a page, 1 to 200.")

    def get_page_size(self, request) -> int:
        query = LimitSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query.validated_data["limit"]

    def get_ordering(self, request, queryset, view) -> tuple[str, ...]:
        # Rows are numbered as they are created, and numbers are unique.
        ordering = request.query_params.get("ordering", "-created_at")
        if ordering not in self.ORDERINGS:
            choices = ", ".join(self.ORDERINGS)
            raise Invalid({"ordering": [_("One of: %(choices)s.") % {"choices": choices}]}, "query")
        return self.ORDERINGS[ordering]

    def encode_cursor(self, cursor: Cursor) -> str:
        signed = signing.dumps([self.ordering, *cursor], salt=self.SALT)
        return replace_query_param(self.base_url, self.cursor_query_param, signed)

    def decode_cursor(self, request) -> Cursor | None:
        if (signed := request.query_params.get(self.cursor_query_param)) is None:
            return None
        try:
            ordering, *cursor = signing.loads(signed, salt=self.SALT)
        except signing.BadSignature:
            ordering = None
        if ordering != list(self.ordering):
            raise Invalid({"cursor": [_("Not a cursor of this list in this order.")]}, "query")
        return Cursor(*cursor)

    def get_schema_operation_parameters(self, view) -> list[dict]:
        ordering = {
            "name": "ordering",
            "in": "query",
            "required": False,
            "description": str(_("By time or by probability; a minus turns it round.")),
            "schema": {"type": "string", "enum": list(self.ORDERINGS), "default": "-created_at"},
        }
        limit, cursor = super().get_schema_operation_parameters(view)
        return [limit, cursor, ordering]
