"""Scores with their reasons, and the runs that they are of."""

from datetime import UTC

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from employees.access import Readable
from employees.models import Presence
from features import schema
from predictions.api.serializers.fields import ChoiceOrNull, InUTC
from predictions.beside_score import faults, horizons
from predictions.explanation import reasons, why_not_enough
from predictions.ml.links import LINKS
from predictions.models import Prediction

INTERVAL = "Of the 90% interval of the probability; null where there are not enough data."
SCALES = [link.scale for link in LINKS.values()]


class ReasonSerializer(serializers.Serializer):
    feature = serializers.ChoiceField(choices=[(feature.name, _(feature.label)) for feature in schema.FEATURES])
    label = serializers.CharField(help_text="The feature's name in words.")  # type: ignore[assignment]  # also Field's
    value = serializers.CharField(help_text="Its value in words.")
    contribution = serializers.FloatField(help_text="On the scale of the answer; positive raises the risk.")
    points = serializers.FloatField(
        help_text="In probability, 0.12 for twelve points; rounded to a tenth of a point, so that with the average's "
        "probability they add up to the rounded one."
    )
    sentence = serializers.CharField()


def _reasons(prediction: Prediction) -> list[dict]:
    """The reasons for a prediction, in the client's language."""
    given = reasons(
        values=prediction.values(),
        base_value=prediction.base_value,
        contributions=prediction.contributions,
        link=prediction.link,
        readable=Readable.EVERYTHING,  # a key reads every column of the people it sees
        is_by_subject=False,
    )
    return [
        {
            "feature": reason.name,
            "label": reason.label,
            "value": reason.value,
            "contribution": reason.contribution,
            "points": reason.shown,
            "sentence": reason.sentence,
        }
        for reason in given
    ]


def _horizons(prediction: Prediction) -> list[dict]:
    """The probability of leaving within 3, 6 and 12 months."""
    return [
        {"months": each.months, "probability": each.probability, "low": each.low, "high": each.high}
        for each in horizons(prediction)
    ]


def _not_enough_data(prediction: Prediction) -> list[str]:
    """The combinations of values that the model has not learned from, in the client's language."""
    found = faults(prediction)
    return why_not_enough(prediction.values(), found, Readable.EVERYTHING) if found else []


@extend_schema_field(ReasonSerializer(many=True))
class ReasonsField(serializers.Field):
    def to_representation(self, value: Prediction) -> list[dict]:
        return _reasons(value)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NotEnoughDataField(serializers.Field):
    def to_representation(self, value: Prediction) -> list[str]:
        return _not_enough_data(value)


class ScoreSerializer(serializers.Serializer):
    """The answer to a request for a prediction, without its reasons.

    These answers are written by hand: declared fields take 10 µs more each, a sixth of a batch of 1,000.
    ``benchmarks/serializers.py`` prints both.
    """

    employee_id = serializers.IntegerField(source="employee_number", allow_null=True)
    turnover_probability = serializers.FloatField(source="probability", min_value=0, max_value=1)
    will_leave = serializers.BooleanField(
        source="predicted_class",
        help_text="Whether the probability reaches the threshold; says nothing where `is_extrapolated` is true.",
    )
    prediction_id = serializers.IntegerField(source="pk")
    threshold = serializers.FloatField(min_value=0, max_value=1)
    model_version = serializers.CharField()
    low = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    high = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    is_extrapolated = serializers.BooleanField(
        help_text="Not enough data: the model has seen nobody like this, and the probability has no meaning."
    )
    horizon_months = serializers.IntegerField(
        allow_null=True, help_text="Within how many months; null for a classification, which has no horizon."
    )

    def to_representation(self, scored) -> dict:
        return {
            "employee_id": scored.employee_number,
            "turnover_probability": scored.probability,
            "will_leave": scored.predicted_class,
            "prediction_id": scored.pk,
            "threshold": scored.threshold,
            "model_version": scored.model_version,
            "low": scored.low,
            "high": scored.high,
            "is_extrapolated": scored.is_extrapolated,
            "horizon_months": scored.horizon_months,
        }


class WithinSerializer(serializers.Serializer):
    months = serializers.IntegerField()
    probability = serializers.FloatField(min_value=0, max_value=1)
    low = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    high = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)


@extend_schema_field(WithinSerializer(many=True))
class HorizonsField(serializers.Field):
    def to_representation(self, value: Prediction) -> list[dict]:
        return _horizons(value)


class ExplainedSerializer(ScoreSerializer):
    """A score and why. ``base_value`` and the contributions sum to it on its ``scale``."""

    scale = serializers.ChoiceField(choices=SCALES, source="link.scale", help_text="On which contributions add up.")
    base_value = serializers.FloatField(help_text="The average employee on that scale.")
    horizons = HorizonsField(
        source="*", help_text="Within 3, 6 and 12 months, whichever is the horizon; empty for a classification."
    )
    not_enough_data = NotEnoughDataField(source="*", help_text="Why there is no interval, as far as it is known.")
    reasons = ReasonsField(source="*")

    def to_representation(self, prediction) -> dict:
        return super().to_representation(prediction) | {
            "scale": prediction.link.scale,
            "base_value": prediction.base_value,
            "horizons": _horizons(prediction),
            "not_enough_data": _not_enough_data(prediction),
            "reasons": _reasons(prediction),
        }


class PredictionSerializer(ExplainedSerializer):
    """The answer about one employee, or about features that came with the request and are nobody's."""

    as_of = serializers.DateField(
        source="features.newest_day", allow_null=True, help_text="The newest day that the data describe."
    )
    presence = ChoiceOrNull(
        source="employee.presence", choices=Presence.choices, allow_null=True, help_text="As of that day."
    )

    def to_representation(self, prediction) -> dict:
        features, employee = prediction.features, prediction.employee
        day = features and features.newest_day
        return super().to_representation(prediction) | {
            "as_of": day and day.isoformat(),
            "presence": (employee and employee.presence) or None,
        }


class ScoreOfRunSerializer(ScoreSerializer):
    """One person's score in a scoring run, which is its ``run`` in the context."""

    department = serializers.CharField(help_text="The current one.")
    presence = serializers.ChoiceField(choices=Presence.choices, help_text="As of the newest extract.")
    main_reason = serializers.CharField(allow_null=True, help_text="The feature that raises the risk most.")
    second_reason = serializers.CharField(allow_null=True, help_text="The feature that comes next.")
    run_id = serializers.IntegerField()
    scored_at = serializers.DateTimeField(help_text="When the run was, in UTC.")
    as_of = serializers.DateField(allow_null=True, help_text="The day that the data of the run describe.")

    def to_representation(self, row) -> dict:
        """By hand: declared fields take 12 µs more a row, 1.7 s of an export of 147,000 people."""
        run = self.context["run"]
        return {
            "employee_id": row.employee__employee_id,
            "turnover_probability": row.probability,
            "will_leave": row.predicted_class,
            "prediction_id": row.id,
            "threshold": run.threshold,
            "model_version": run.model_version,
            "low": row.low,
            "high": row.high,
            "is_extrapolated": row.is_extrapolated,
            "horizon_months": run.horizon_months,
            "department": row.employee__departement,
            "presence": row.employee__presence,
            "main_reason": row.main_reason or None,
            "second_reason": row.second_reason or None,
            "run_id": run.pk,
            "scored_at": self._scored_at,
            "as_of": self._as_of,
        }

    @cached_property
    def _scored_at(self) -> str:
        return self.context["run"].created_at.astimezone(UTC).isoformat()

    @cached_property
    def _as_of(self) -> str | None:
        day = self.context["run"].as_of
        return day and day.isoformat()


class RunSerializer(serializers.Serializer):
    """A scoring run, and its figures: of those present then, within what the key sees."""

    run_id = serializers.IntegerField(source="run.pk")
    scored_at = InUTC(source="run.created_at", help_text="In UTC.")
    as_of = serializers.DateField(source="run.as_of", allow_null=True, help_text="The day that its data describe.")
    model_version = serializers.CharField(source="run.model_version")
    horizon_months = serializers.IntegerField(source="run.horizon_months", allow_null=True)
    threshold = serializers.FloatField(source="run.threshold", min_value=0, max_value=1)
    employee_count = serializers.IntegerField(
        source="figures.employee_count", allow_null=True, help_text="People scored, within the key's scope."
    )
    above_threshold_count = serializers.IntegerField(
        source="figures.above_threshold_count", allow_null=True, help_text="Those who reach the threshold."
    )
    expected_departures = serializers.FloatField(
        source="figures.expected_departures", allow_null=True, help_text="The sum of their probabilities."
    )


class BatchScoreSerializer(ScoreSerializer):
    """In a batch, the answer for one employee; with its explanation when that was asked for."""

    scale = serializers.ChoiceField(choices=SCALES, required=False)
    base_value = serializers.FloatField(required=False)
    horizons = WithinSerializer(many=True, required=False)
    not_enough_data = serializers.ListField(child=serializers.CharField(), required=False)
    reasons = ReasonSerializer(many=True, required=False)


class UnknownSerializer(serializers.Serializer):
    """In a batch, the place of a number that the key sees no clean features for."""

    employee_id = serializers.IntegerField()
    detail = serializers.CharField()
