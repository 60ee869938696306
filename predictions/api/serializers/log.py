"""The rows of the log: as the reference answers them, and with further fields."""

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from predictions.api.serializers.bodies import FeaturesSerializer
from predictions.api.serializers.fields import InUTC, RoundedFloat, RoundedInteger
from predictions.api.serializers.scores import INTERVAL, SCALES, HorizonsField, NotEnoughDataField, ReasonsField
from predictions.models import Prediction


class OfEmployeeSerializer(serializers.Serializer):
    """The payload of a prediction from an employee's clean features."""

    mode = serializers.ChoiceField(choices=["by_employee_id"])
    employee_id = serializers.IntegerField()


class OfFeaturesSerializer(serializers.Serializer):
    """The payload of a prediction from features that came with the request or from a simulation."""

    mode = serializers.ChoiceField(choices=["by_features"])
    payload = FeaturesSerializer()


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="Payload",
        serializers={"by_employee_id": OfEmployeeSerializer, "by_features": OfFeaturesSerializer},
        resource_type_field_name="mode",
    )
)
class PayloadField(serializers.Field):
    """The input of a prediction, wrapped as in the reference."""

    def to_representation(self, value: Prediction) -> dict:
        if value.features_id is None:
            return {"mode": "by_features", "payload": value.values()}
        return {"mode": "by_employee_id", "employee_id": value.employee_number}


class LatestSerializer(serializers.Serializer):
    """A row of the log as the reference answers it, to the letter: its clients may refuse any other field."""

    prediction_id = serializers.IntegerField(source="pk")
    request_id = serializers.UUIDField()
    created_at = InUTC(help_text="In UTC, written with +00:00.")
    predicted_class = serializers.IntegerField(
        min_value=0, max_value=1, help_text="1 when the probability reaches the threshold."
    )
    predicted_proba = RoundedFloat(
        source="probability", min_value=0, max_value=1, help_text="The probability to 4 decimals."
    )
    threshold_used = serializers.FloatField(source="threshold", min_value=0, max_value=1)
    model_version = serializers.CharField()
    latency_ms = RoundedInteger(min_value=0)
    payload = PayloadField(source="*", help_text="What it was made from; without values once the person was erased.")


@extend_schema_field(FeaturesSerializer)
class FeaturesField(serializers.Field):
    """The values of the 32 features as they are stored."""

    def to_representation(self, value: dict) -> dict:
        return value


class LogRowSerializer(LatestSerializer):
    """A row of the log: the reference's fields with the same values, and further ones."""

    employee_id = serializers.IntegerField(source="employee_number", allow_null=True)
    mode = serializers.ChoiceField(choices=Prediction.Mode.choices)
    turnover_probability = serializers.FloatField(
        source="probability", min_value=0, max_value=1, help_text="The probability, exactly."
    )
    features = FeaturesField(
        source="values",
        help_text="The 32 features that it was made from, wherever they came from; none once the person was erased.",
    )


class LoggedPredictionSerializer(LogRowSerializer):
    """A row of the log with its explanation."""

    low = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    high = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    is_extrapolated = serializers.BooleanField()
    horizon_months = serializers.IntegerField(allow_null=True)
    scale = serializers.ChoiceField(choices=SCALES, source="link.scale")
    base_value = serializers.FloatField(help_text="The average employee on that scale.")
    horizons = HorizonsField(source="*")
    not_enough_data = NotEnoughDataField(source="*")
    reasons = ReasonsField(source="*")
