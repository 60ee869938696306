"""The parameters of lists."""

from rest_framework import serializers

from predictions.api.serializers.fields import QueryInteger
from predictions.models import MAX_PREDICTION_ID

LIMIT = 200  # rows of the log in one answer


class LimitSerializer(serializers.Serializer):
    """How many rows an answer holds."""

    limit = QueryInteger(min_value=1, max_value=LIMIT, default=20, help_text="How many rows, 1 to 200.")


class ScoreLimitSerializer(LimitSerializer):
    limit = QueryInteger(min_value=1, max_value=1000, default=200, help_text="How many rows, 1 to 1,000.")


class RunQuerySerializer(serializers.Serializer):
    """The run of a list of scores."""

    run_id = QueryInteger(min_value=1, max_value=MAX_PREDICTION_ID, required=False)
