"""Serializer fields that take a JSON value for what it is: no text for a number, no true for one."""

import re

from rest_framework import serializers

from employees.columns import by_key, match_key


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class StrictInteger(serializers.IntegerField):
    """A JSON number without a fraction; 3.0 is 3, since JSON knows one kind of number."""

    def to_internal_value(self, data):
        if not _is_number(data) or data != data // 1:
            self.fail("invalid")
        return int(data)


class QueryInteger(serializers.IntegerField):
    """Digits in a query string, and no others than 0 to 9."""

    def to_internal_value(self, data):
        if not (isinstance(data, str) and re.fullmatch(r"-?[0-9]{1,20}", data)):
            self.fail("invalid")
        return int(data)


class StrictFloat(serializers.FloatField):
    """A JSON number that a float can hold."""

    def to_internal_value(self, data):
        if not _is_number(data):
            self.fail("invalid")
        try:
            return float(data)
        except OverflowError:
            self.fail("invalid")


class WordField(serializers.ChoiceField):
    """A JSON text that is one of the choices, however it is spelt; its value is the canonical spelling."""

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        canonical = by_key(tuple(self.choices)).get(match_key(data))
        if canonical is None:
            self.fail("invalid_choice", input=data)
        return canonical


class StrictBoolean(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data


class BoundedList(serializers.ListField):
    """A list whose length is checked before its elements are looked at."""

    def to_internal_value(self, data):
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)

    default_error_messages = {
        "max_length": serializers.ListSerializer.default_error_messages["max_length"],
    }
