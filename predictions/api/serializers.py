"""Requests and answers of the API, in the contract's names."""

from dataclasses import asdict
from datetime import UTC
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from employees.access import Readable
from employees.columns import MAX_EMPLOYEE_ID, Extract
from employees.extracts import ENDINGS, Asked, Cost, ExtractError
from employees.extracts.grids import beginning_of
from employees.models import Import, Presence, SavedMapping
from employees.workforce.as_of import EARLIEST, common_date
from features import readable_features, schema
from predictions.api import import_words
from predictions.api.serializer_fields import (
    BoundedList,
    ChoiceOrNull,
    InUTC,
    QueryInteger,
    RoundedFloat,
    RoundedInteger,
    StrictBoolean,
    StrictFloat,
    StrictInteger,
    WordField,
)
from predictions.beside_score import faults, horizons
from predictions.explanation import reasons, why_not_enough
from predictions.ml.links import LINKS
from predictions.models import MAX_PREDICTION_ID, Prediction
from predictions.services import BatchScore

BATCH_LIMIT = 1000
LIMIT = 200  # rows of the log in one answer
INTERVAL = "Of the 90% interval of the probability; null where there are not enough data."
SCALES = [link.scale for link in LINKS.values()]


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


class QuotaSerializer(serializers.Serializer):
    limit = serializers.IntegerField(help_text="Requests in one window.")
    window = serializers.IntegerField(help_text="Seconds.")
    remaining = serializers.IntegerField(help_text="Requests left in this window, this one counted.")
    reset = serializers.IntegerField(help_text="Seconds until the next window.")


class KeySerializer(serializers.Serializer):
    """A key with its scopes and limits."""

    name = serializers.CharField()
    owner = serializers.CharField(help_text="The team or the person that answers for it.")
    prefix = serializers.CharField(help_text="The first 8 characters of the key.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=["predict", "read", "load"]))
    sees_everyone = serializers.BooleanField(source="scope.sees_everyone")
    departments = serializers.ListField(
        source="scope.names",
        child=serializers.CharField(),
        help_text="Whose employees it sees; empty for a key that sees everyone.",
    )
    expires_at = InUTC(source="expiry_date", allow_null=True)
    rate_limit = QuotaSerializer(source="quota")


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


@extend_schema_field(ReasonSerializer(many=True))
class ReasonsField(serializers.Field):
    """The reasons for a prediction, in the client's language."""

    def to_representation(self, value: Prediction) -> list[dict]:
        given = reasons(
            values=value.values(),
            base_value=value.base_value,
            contributions=value.contributions,
            link=value.link,
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


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NotEnoughDataField(serializers.Field):
    """The combinations of values that the model has not learned from, in the client's language."""

    def to_representation(self, value: Prediction) -> list[str]:
        return why_not_enough(value.values(), faults(value), Readable.EVERYTHING)


class ScoreSerializer(serializers.Serializer):
    """The answer to a request for a prediction, without its reasons."""

    employee_id = serializers.IntegerField(source="employee_number", allow_null=True)
    turnover_probability = serializers.FloatField(source="probability", min_value=0, max_value=1)
    will_leave = serializers.BooleanField(
        source="predicted_class", help_text="Whether the probability reaches the threshold."
    )
    prediction_id = serializers.IntegerField(source="pk")
    threshold = serializers.FloatField(min_value=0, max_value=1)
    model_version = serializers.CharField()
    low = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    high = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    is_extrapolated = serializers.BooleanField(help_text="The model has seen nobody like this.")
    horizon_months = serializers.IntegerField(
        allow_null=True, help_text="Within how many months; null for a classification, which has no horizon."
    )


class WithinSerializer(serializers.Serializer):
    months = serializers.IntegerField()
    probability = serializers.FloatField(min_value=0, max_value=1)
    low = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)
    high = serializers.FloatField(min_value=0, max_value=1, allow_null=True, help_text=INTERVAL)


@extend_schema_field(WithinSerializer(many=True))
class HorizonsField(serializers.Field):
    """The probability of leaving within 3, 6 and 12 months."""

    def to_representation(self, value: Prediction) -> list[dict]:
        return [asdict(each) for each in horizons(value)]


class ExplainedSerializer(ScoreSerializer):
    """A score and why. ``base_value`` and the contributions sum to it on its ``scale``."""

    scale = serializers.ChoiceField(choices=SCALES, source="link.scale", help_text="On which contributions add up.")
    base_value = serializers.FloatField(help_text="The average employee on that scale.")
    horizons = HorizonsField(
        source="*", help_text="Within 3, 6 and 12 months, whichever is the horizon; empty for a classification."
    )
    not_enough_data = NotEnoughDataField(source="*", help_text="Why there is no interval, as far as it is known.")
    reasons = ReasonsField(source="*")


class PredictionSerializer(ExplainedSerializer):
    """The answer about one employee, or about features that came with the request and are nobody's."""

    as_of = serializers.DateField(
        source="features.newest_day", allow_null=True, help_text="The newest day that the data describe."
    )
    presence = ChoiceOrNull(
        source="employee.presence", choices=Presence.choices, allow_null=True, help_text="As of that day."
    )


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
        """Written by hand: declared fields take 12 µs more a row, 1.7 s of an export of 147,000 people.
        ``benchmarks/serializers.py`` prints both.
        """
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

    def to_representation(self, prediction: BatchScore) -> dict:
        """Written by hand, without an explanation: declared fields take 10 µs more a row, a sixth of a batch of 1,000.
        ``benchmarks/serializers.py`` prints both.
        """
        return {
            "employee_id": prediction.employee_number,
            "turnover_probability": prediction.probability,
            "will_leave": prediction.predicted_class,
            "prediction_id": prediction.pk,
            "threshold": prediction.threshold,
            "model_version": prediction.model_version,
            "low": prediction.low,
            "high": prediction.high,
            "is_extrapolated": prediction.is_extrapolated,
            "horizon_months": prediction.horizon_months,
        }


class UnknownSerializer(serializers.Serializer):
    """In a batch, the place of a number that the key sees no clean features for."""

    employee_id = serializers.IntegerField()
    detail = serializers.CharField()


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
    payload = PayloadField(source="*", help_text="What it was made from.")


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
        source="values", help_text="The 32 features that it was made from, wherever they came from."
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


class LimitSerializer(serializers.Serializer):
    """How many rows an answer holds."""

    limit = QueryInteger(min_value=1, max_value=LIMIT, default=20, help_text="How many rows, 1 to 200.")


class ScoreLimitSerializer(LimitSerializer):
    limit = QueryInteger(min_value=1, max_value=1000, default=200, help_text="How many rows, 1 to 1,000.")


class RunQuerySerializer(serializers.Serializer):
    """The run of a list of scores."""

    run_id = QueryInteger(min_value=1, max_value=MAX_PREDICTION_ID, required=False)


class ExtractFileField(serializers.FileField):
    """A file that may be an extract; its columns say which one it is."""

    default_error_messages = {
        "ending": _("%(name)s is no CSV, XLSX or ODS file: send one whose name ends in %(endings)s."),
        "kind": _("%(name)s is not used: %(reason)s"),
    }

    def to_internal_value(self, data):
        file: Any = super().to_internal_value(data)  # with a name
        if not file.name.lower().endswith(ENDINGS):
            self._refuse("ending", name=file.name, endings=", ".join(ENDINGS))
        try:
            beginning_of(file.name, file.file)
        except ExtractError as error:
            self._refuse("kind", name=file.name, reason=error.reason.said(gettext))
        return file

    def _refuse(self, code: str, **params: str) -> None:
        raise serializers.ValidationError(str(self.error_messages[code]) % params, code=code)


class DeliverySerializer(StrictSerializer):
    """The extracts of one day, one file at least."""

    sirh = ExtractFileField(required=False, help_text="The SIRH extract.")
    eval = ExtractFileField(required=False, help_text="The evaluation extract.")
    sondage = ExtractFileField(required=False, help_text="The survey extract.")
    annuaire = ExtractFileField(required=False, help_text="The directory.")
    as_of = serializers.DateField(
        required=False, help_text="The day that the files describe; else the one in all of their names."
    )
    mapping = serializers.CharField(
        required=False, max_length=100, help_text="The saved mapping to read them by; else the one that changed last."
    )

    def validate_mapping(self, name: str) -> SavedMapping:
        found = SavedMapping.objects.filter(name=name).first()
        if found is None:
            names = ", ".join(SavedMapping.objects.values_list("name", flat=True)) or "–"
            raise serializers.ValidationError(
                gettext("No mapping is called “%(name)s”; there are: %(names)s.") % {"name": name, "names": names}
            )
        return found

    def to_internal_value(self, data):
        twice = [name for name in data if len(data.getlist(name)) > 1]
        if twice:
            text = ErrorDetail(gettext("This part is there twice: send it once."), code="twice")
            raise serializers.ValidationError({name: [text] for name in twice})
        return super().to_internal_value(data)

    def validate(self, attrs):
        files = [attrs[name] for name in Extract if name in attrs]
        if not files:
            raise serializers.ValidationError(
                gettext("No file came: send at least one as the part sirh, eval, sondage or annuaire.")
            )
        day = attrs.get("as_of") or common_date(file.name for file in files)
        if day is None:
            text = gettext("The names of the files hold no day: send as_of, such as 2026-10-31.")
            raise serializers.ValidationError({"as_of": [text]})
        if day > timezone.localdate():
            text = gettext("%(day)s is still to come: send the day that the files describe.") % {"day": day}
            raise serializers.ValidationError({"as_of": [text]})
        if day < EARLIEST:
            text = gettext("%(day)s is too long ago: send the day that the files describe.") % {"day": day}
            raise serializers.ValidationError({"as_of": [text]})
        return {"files": files, "as_of": day, "mapping": attrs.get("mapping")}


class DeliveredFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    sha256 = serializers.CharField()


class OpenQuestionSerializer(serializers.Serializer):
    asked = serializers.ChoiceField(choices=[asked.value for asked in Asked if asked != Asked.LINE])
    file = serializers.CharField()
    column = serializers.CharField(allow_null=True, help_text="The contract's name of it.")
    rows = serializers.IntegerField()
    detail = serializers.CharField()


class RejectCauseSerializer(serializers.Serializer):
    file = serializers.CharField()
    column = serializers.CharField(allow_null=True, help_text="Its title; null for the whole row.")
    lost = serializers.ChoiceField(choices=[cost.value for cost in Cost])
    count = serializers.IntegerField()
    expected = serializers.CharField(help_text="The rule.")


class ExtractCountsSerializer(serializers.Serializer):
    """What loading the files would do, or did: numbers of people, and of rejected cells and rows."""

    present_before = serializers.IntegerField()
    present = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="Known people with another value.")
    rejected = serializers.IntegerField(source="reject_count")
    arrived = serializers.IntegerField(source="moves.arrived.count")
    left = serializers.IntegerField(source="moves.left.count")
    returned = serializers.IntegerField(source="moves.returned.count")
    moved = serializers.IntegerField(source="moves.moved.count", help_text="To another department.")
    vanished = serializers.IntegerField(
        source="moves.vanished.count", help_text="In no file, and not known to have left."
    )


class ExtractsSerializer(serializers.Serializer):
    """A delivery: where it stands, and what it waits for. It holds no value of anybody."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Import.State.choices)
    detail = serializers.SerializerMethodField(help_text="The state in words, and who does what next.")
    link = serializers.SerializerMethodField(help_text="The address of this answer.")
    page = serializers.SerializerMethodField(help_text="The page on which HR answers and confirms.")
    received_at = InUTC(source="created_at")
    as_of = serializers.DateField()
    files = DeliveredFileSerializer(many=True)
    counts = ExtractCountsSerializer(source="summary", allow_null=True, help_text="Null until the files are checked.")
    questions = serializers.SerializerMethodField()
    alarms = serializers.SerializerMethodField(help_text="Why the load was stopped, a sentence each.")
    error = serializers.SerializerMethodField(help_text="Why it was refused or failed.")
    rejects = serializers.SerializerMethodField(help_text="What was rejected, by cause.")

    def get_detail(self, upload: Import) -> str:
        return import_words.detail(upload)

    def get_link(self, upload: Import) -> str:
        return self.context["request"].build_absolute_uri(reverse("api-extract", args=[upload.pk]))

    def get_page(self, upload: Import) -> str:
        return self.context["request"].build_absolute_uri(reverse("import_detail", args=[upload.pk]))

    @extend_schema_field(OpenQuestionSerializer(many=True))
    def get_questions(self, upload: Import) -> list[dict]:
        return import_words.questions(upload)

    def get_alarms(self, upload: Import) -> list[str]:
        return import_words.alarms(upload)

    def get_error(self, upload: Import) -> str | None:
        return import_words.error(upload)

    @extend_schema_field(RejectCauseSerializer(many=True))
    def get_rejects(self, upload: Import) -> list[dict]:
        return list(import_words.rejects(upload))
