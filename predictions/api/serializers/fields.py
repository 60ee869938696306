"""Serializer fields without type coercion for JSON (no text or true as a number), and fields for queries."""

import re
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from employees import terms
from employees.extracts.rejects import LONGEST_SHOWN
from employees.vocabularies import CONTRACT

LONGEST_WORD = 100  # characters


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class StrictInteger(serializers.IntegerField):
    """A JSON number without a fraction; 3.0 is 3, since JSON knows one kind of number."""

    def to_internal_value(self, data):
        if not _is_number(data) or data != data // 1:
            self.fail("invalid")
        return int(data)


class QueryInteger(serializers.IntegerField):
    """ASCII digits in a query string."""

    def to_internal_value(self, data):
        if not (isinstance(data, str) and re.fullmatch(r"-?[0-9]{1,20}", data)):
            self.fail("invalid")
        return int(data)


class QueryFloat(serializers.FloatField):
    """A number in a query string, written as in JSON."""

    def to_internal_value(self, data):
        if not re.fullmatch(r"[0-9.eE+-]{1,40}", data):
            self.fail("invalid")
        return super().to_internal_value(data)


class QueryIntegers(serializers.ListField):
    """Numbers separated by commas; the parameter's error is that of the first invalid one."""

    def to_internal_value(self, data):
        numbers = data.split(",")
        if self.max_length is not None and len(numbers) > self.max_length:
            rule = _("At most %(count)d numbers.") % {"count": self.max_length}
            raise serializers.ValidationError(rule, code="max_length")
        return [self.child.run_validation(number) for number in numbers]


@extend_schema_field({"type": "boolean"})
class QueryBoolean(serializers.ChoiceField):
    """``true`` or ``false`` in any case, or 1 or 0, as the clients of different languages write them."""

    def __init__(self, **options):
        super().__init__(choices=["true", "false"], **options)

    def to_internal_value(self, data):
        word = {"1": "true", "0": "false"}.get(data, data.lower())
        return super().to_internal_value(word) == "true"


class InstantField(serializers.DateTimeField):
    """UTC without an offset, like every answer, so that the hour of the clock change is unambiguous.

    An unescaped plus arrives as a blank: ``2026-07-01T14:30:00 02:00``.
    """

    # Before the first and after the last row; a date beyond does not fit into every database and time zone.
    FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

    def to_internal_value(self, value):
        text = re.sub(r"(:[0-9.]+) ([0-9]{2}:?[0-9]{2})$", r"\1+\2", value.strip())
        return min(max(super().to_internal_value(text), self.FIRST), self.LAST)

    def enforce_timezone(self, value):
        return value if value.tzinfo else value.replace(tzinfo=UTC)


class InUTC(serializers.DateTimeField):
    """An instant of an answer, with +00:00."""

    def to_representation(self, value):
        return value.astimezone(UTC).isoformat()


class RoundedFloat(serializers.FloatField):
    """A number in an answer, to 4 decimals."""

    def to_representation(self, value):
        return round(value, 4)


class RoundedInteger(serializers.IntegerField):
    """A number in an answer, rounded to a whole number."""

    def to_representation(self, value):
        return round(value)


class ChoiceOrNull(serializers.ChoiceField):
    """A choice in an answer; null if there is none."""

    def to_representation(self, value):
        return value or None


class StrictFloat(serializers.FloatField):
    """A JSON number that a float can hold."""

    def to_internal_value(self, data):
        if not _is_number(data):
            self.fail("invalid")
        try:
            return float(data)
        except OverflowError:
            self.fail("invalid")


class WordField(serializers.Field):
    """A text that is a word of a vocabulary in any spelling; its value is the canonical one."""

    default_error_messages = {
        "unknown": gettext_lazy("“{word}” is not known. Known are: {known}."),
        "invalid": gettext_lazy("A text is needed, for example: {known}."),
    }

    def __init__(self, *, vocabulary: str, **options):
        super().__init__(**options)
        self.vocabulary = vocabulary

    def to_internal_value(self, data):
        known = terms.listed(self.vocabulary)
        if not isinstance(data, str):
            self.fail("invalid", known=known)
        value = terms.match(self.vocabulary, data) if len(data) <= LONGEST_WORD else None
        if value is None:
            self.fail("unknown", word=data[:LONGEST_SHOWN], known=known)
        return value

    def to_representation(self, value):
        return value


class WordDescription(OpenApiSerializerFieldExtension):
    """The contract's words, which every server knows; those that a company has added are taken, too."""

    target_class = WordField

    def map_serializer_field(self, auto_schema, direction):
        return {"type": "string", "enum": list(CONTRACT[self.target.vocabulary].values)}


class StrictBoolean(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data


class BoundedList(serializers.ListField):
    """A list whose length is checked before its elements."""

    def to_internal_value(self, data):
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)

    default_error_messages = {
        "max_length": serializers.ListSerializer.default_error_messages["max_length"],
    }
