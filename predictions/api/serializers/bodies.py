"""What a client sends: bodies without unknown fields, and the 32 features."""

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from employees.columns import MAX_EMPLOYEE_ID
from features import readable_features, schema
from predictions.api.serializers.fields import (
    BoundedList,
    StrictBoolean,
    StrictFloat,
    StrictInteger,
    WordField,
)

BATCH_LIMIT = 1000


class StrictSerializer(serializers.Serializer):
    """A body without unknown fields: a misspelt one is an error, not silently ignored."""

    def run_validation(self, data=serializers.empty):
        if data is None:  # REST framework's own message is in English only
            null = ErrorDetail(gettext("The body is null: an object is needed."), code="null")
            raise serializers.ValidationError({"non_field_errors": [null]})
        return super().run_validation(data)

    def to_internal_value(self, data):
        errors: Any = {}  # by field
        values = {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors = error.detail
        if isinstance(data, dict):
            unknown = ErrorDetail(gettext("This field is not known."), code="unknown")
            errors = {**errors, **{name: [unknown] for name in data if name not in self.fields}}
        if errors:
            raise serializers.ValidationError(errors)
        return values


class AskedFeatures(StrictSerializer):
    """Features without those derived from switched-off columns, which are neither required nor read."""

    def to_internal_value(self, data):
        off = list(filter(readable_features.is_off, self.fields.keys()))
        for name in off:
            self.fields.pop(name)
        if off and isinstance(data, dict):
            data = {name: value for name, value in data.items() if name not in off}
        return super().to_internal_value(data)


def _described(feature: schema.Feature) -> str:
    """The name of a feature, and of each value that has one: ``Sex: 0 Woman, 1 Man``."""
    values = ", ".join(f"{choice.value} {gettext(choice.label)}" for choice in feature.choices)
    return f"{gettext(feature.label)}: {values}" if values else gettext(feature.label)


_described_lazily = lazy(_described, str)


def _field_of(feature: schema.Feature) -> serializers.Field:
    """The serializer field of a feature, with its bounds or choices."""
    if feature.kind == schema.FeatureKind.CHOICE:
        return WordField(vocabulary=feature.name, help_text=_(feature.label))
    field = StrictInteger if feature.is_integer else StrictFloat
    bounds: dict[str, Any] = {"min_value": feature.minimum, "max_value": feature.maximum}
    return field(**bounds, help_text=_described_lazily(feature))


# Exactly the 32 features of the contract.
FeaturesSerializer = type(
    "FeaturesSerializer",
    (AskedFeatures,),
    {"__doc__": "The 32 clean features.", **{feature.name: _field_of(feature) for feature in schema.FEATURES}},
)


class BatchSerializer(StrictSerializer):
    employee_ids = BoundedList(
        child=StrictInteger(min_value=1, max_value=MAX_EMPLOYEE_ID), min_length=1, max_length=BATCH_LIMIT
    )
    reasons = StrictBoolean(default=False, help_text="Whether each answer carries its reasons.")
