"""Extracts that a client delivers, and what became of them."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from employees.columns import Extract
from employees.extracts import ENDINGS, Asked, Cost, ExtractError
from employees.extracts.grids import beginning_of
from employees.models import Import, SavedMapping
from employees.workforce.as_of import EARLIEST, common_date, differing_dates
from predictions.api import import_words
from predictions.api.serializers.bodies import StrictSerializer
from predictions.api.serializers.fields import InUTC


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
            if days := differing_dates(file.name for file in files):
                text = gettext("The names of the files hold different days, %(days)s: send those of one day, or as_of.")
                text %= {"days": ", ".join(map(str, days))}
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
