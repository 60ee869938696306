"""Filters of the lists: the ``source`` of each parameter is the lookup that it sets.

The rest of their OpenAPI description is in ``schema``.
"""

from django.db.models import QuerySet
from rest_framework import serializers

from employees.columns import MAX_EMPLOYEE_ID
from employees.selectors import numbers_of, own_number, own_numbers
from predictions.api.serializers.fields import (
    InstantField,
    QueryBoolean,
    QueryFloat,
    QueryInteger,
    QueryIntegers,
    WordField,
)
from predictions.followup.models import Case
from predictions.models import Prediction

MAX_NUMBERS = 200  # in an address, which has to fit in a request line


class Filters(serializers.Serializer):
    """The parameters of a query; all conditions hold together."""

    def narrow(self, rows: QuerySet) -> QuerySet:
        """The rows that match. Raises ``ValidationError``."""
        self.is_valid(raise_exception=True)
        return rows.filter(**self.validated_data)


class LogFilters(Filters):
    """Filters of the log."""

    employee_id = QueryInteger(
        source="employee__employee_id__in",
        min_value=1,
        max_value=MAX_EMPLOYEE_ID,
        required=False,
        help_text="Of this employee, under any number that is theirs.",
    )
    mode = serializers.ChoiceField(Prediction.Mode.choices, required=False)
    model_version = serializers.CharField(max_length=40, required=False, help_text="By this model.")
    predicted_class = QueryBoolean(required=False, help_text="Whether the probability reaches the threshold.")
    created_from = InstantField(
        source="created_at__gte",
        required=False,
        help_text="From this instant on; in UTC where it names no offset.",
    )
    created_before = InstantField(
        source="created_at__lt", required=False, help_text="Before this instant; in UTC where it names no offset."
    )

    def validate_employee_id(self, number: int) -> list[int]:
        return numbers_of(own_number(number))


class ScoreFilters(Filters):
    """The people whose scores are listed: those present by default."""

    department = WordField(
        source="employee__departement",
        vocabulary="departement",
        required=False,
    )
    employee_ids = QueryIntegers(
        source="employee__employee_id__in",
        child=QueryInteger(min_value=1, max_value=MAX_EMPLOYEE_ID),
        min_length=1,
        max_length=MAX_NUMBERS,
        required=False,
    )
    will_leave = QueryBoolean(
        source="predicted_class", required=False, help_text="Whether the probability reaches the threshold."
    )
    min_probability = QueryFloat(
        source="probability__gte", min_value=0, max_value=1, required=False, help_text="Or more."
    )

    def validate_employee_ids(self, numbers: list[int]) -> set[int]:
        return set(own_numbers(numbers).values())


class CaseFilters(Filters):
    """The cases that are listed: all of them by default."""

    employee_id = QueryInteger(
        source="employee__employee_id",
        min_value=1,
        max_value=MAX_EMPLOYEE_ID,
        required=False,
        help_text="Of this employee; of a merged number, its person's.",
    )
    state = serializers.ChoiceField(Case.State.choices, required=False)
    is_closed = QueryBoolean(required=False, help_text="Closed ones alone, or open ones alone.")

    def validate_employee_id(self, number: int) -> int:
        return own_number(number)

    def narrow(self, rows: QuerySet) -> QuerySet:
        self.is_valid(raise_exception=True)
        given = dict(self.validated_data)
        if "is_closed" in given:
            rows = rows.filter(closed_at__isnull=not given.pop("is_closed"))
        return rows.filter(**given)
