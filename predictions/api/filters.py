"""What the lists can be narrowed to."""

import re
from datetime import UTC, datetime

import django_filters
from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ChoiceField, IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from employees.columns import MAX_EMPLOYEE_ID, by_key, match_key
from employees.models import choices_of
from predictions.models import Prediction
from predictions.selectors.scores import LEFT, PRESENT

MAX_NUMBERS = 200  # that an address names: it has to fit in a request line
# Before the first and after the last row; what lies beyond does not fit into every database and time zone.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class EmployeeNumberField(forms.IntegerField):
    def to_python(self, value):
        RegexValidator(r"^[0-9]{0,20}\Z", message=self.error_messages["invalid"])(value or "")
        return super().to_python(value)


class EmployeeNumberFilter(django_filters.NumberFilter):
    field_class = EmployeeNumberField


class InstantField(IsoDateTimeField):
    """In UTC where it names no offset, as every answer is; an hour of the clock change is then no riddle.

    A plus that the client did not escape arrives as a blank: ``2026-07-01T14:30:00 02:00``.
    """

    def to_python(self, value):
        with timezone.override(UTC):
            return super().to_python(re.sub(r"(:[0-9.]+) ([0-9]{2}:?[0-9]{2})$", r"\1+\2", value or ""))


class TruthField(ChoiceField):
    """``true`` or ``false`` in any case, or 1 or 0, as the clients of different languages write them."""

    def to_python(self, value):
        value = super().to_python(value).lower()
        return {"1": "true", "0": "false"}.get(value, value)


@extend_schema_field({"type": "boolean", "description": "Whether the probability reaches the threshold."})
class TruthFilter(django_filters.ChoiceFilter):
    field_class = TruthField


@extend_schema_field({"$ref": "#/components/schemas/ModeEnum", "description": "How it was asked for."})
class ModeFilter(django_filters.ChoiceFilter):
    """The modes of ``Prediction``, described by the name that they have in the rows."""


class InstantFilter(django_filters.IsoDateTimeFilter):
    field_class = InstantField

    def filter(self, queryset, value):
        return super().filter(queryset, value and min(max(value, _FIRST), _LAST))


class PredictionFilter(django_filters.FilterSet):
    """Which rows of the log: all conditions hold together."""

    employee_id = EmployeeNumberFilter(field_name="employee__employee_id", min_value=1, max_value=MAX_EMPLOYEE_ID)
    mode = ModeFilter(choices=Prediction.Mode.choices)
    model_version = django_filters.CharFilter(max_length=40)
    predicted_class = TruthFilter(
        choices=[("true", _("Yes")), ("false", _("No"))],
        method="filter_class",
    )
    created_from = InstantFilter(
        "created_at", "gte", help_text="From this instant on; in UTC where it names no offset."
    )
    created_before = InstantFilter(
        "created_at", "lt", help_text="Before this instant; in UTC where it names no offset."
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

    def filter_class(self, queryset, name, value):
        return queryset.filter(predicted_class=value == "true")


class WordField(ChoiceField):
    """One of the choices, however it is spelt."""

    def to_python(self, value):
        words = by_key(tuple(word for word, _label in self.choices))
        return words.get(match_key(super().to_python(value)), value)


class WordFilter(django_filters.ChoiceFilter):
    field_class = WordField


class ProbabilityField(forms.FloatField):
    def to_python(self, value):
        RegexValidator(r"^[0-9.eE+-]{0,40}\Z", message=self.error_messages["invalid"])(value or "")
        return super().to_python(value)


class ProbabilityFilter(django_filters.NumberFilter):
    field_class = ProbabilityField


class EmployeeNumbersField(EmployeeNumberField):
    """Some numbers with commas between them."""

    def clean(self, value):
        numbers = value.split(",") if value else []
        if len(numbers) > MAX_NUMBERS:
            raise forms.ValidationError(_("At most %(count)d numbers.") % {"count": MAX_NUMBERS}, code="max_length")
        clean = super().clean
        return [clean(number or "no number") for number in numbers]


class EmployeeNumbersFilter(EmployeeNumberFilter):
    field_class = EmployeeNumbersField


class ScoreFilter(django_filters.FilterSet):
    """Whose scores: all conditions hold together. Those present, unless others are asked for."""

    department = WordFilter(field_name="employee__departement", choices=choices_of("departement"))
    employee_ids = EmployeeNumbersFilter(
        field_name="employee__employee_id", lookup_expr="in", min_value=1, max_value=MAX_EMPLOYEE_ID
    )
    will_leave = TruthFilter(choices=[("true", _("Yes")), ("false", _("No"))], method="filter_class")
    min_probability = ProbabilityFilter(field_name="probability", lookup_expr="gte", min_value=0, max_value=1)
    presence = django_filters.ChoiceFilter(
        choices=[(PRESENT, _("Still here")), (LEFT, _("Has left")), ("any", _("Everyone"))], method="filter_presence"
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

    def filter_queryset(self, queryset):
        self.form.cleaned_data["presence"] = self.form.cleaned_data["presence"] or PRESENT
        return super().filter_queryset(queryset)

    def filter_presence(self, queryset, name, value):
        return queryset if value == "any" else queryset.filter(employee__left_recorded_at__isnull=value == PRESENT)

    def filter_class(self, queryset, name, value):
        return queryset.filter(predicted_class=value == "true")
