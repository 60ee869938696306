"""Cases: what opens and changes one, and how it is answered, without a word of what was said."""

from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework import serializers

from employees.access import HR, MANAGER
from employees.columns import MAX_EMPLOYEE_ID
from employees.selectors import own_number
from predictions.api.serializers.bodies import StrictSerializer
from predictions.api.serializers.fields import InUTC, StrictBoolean, StrictInteger
from predictions.events.services import address
from predictions.followup.days import check_due
from predictions.followup.models import Case
from predictions.followup.sensitive import check_words, sensitive_words

LONGEST = 500  # characters of a remark


class OwnerField(serializers.CharField):
    """The name of an active account of HR or a manager."""

    default_error_messages = {"unknown": "Unknown."}

    def to_internal_value(self, data: Any) -> User:  # type: ignore[override]  # of a text it makes an account
        name = super().to_internal_value(data)
        follows = Q(is_superuser=True) | Q(groups__name__in=[HR.group, MANAGER.group])
        account = User.objects.filter(follows, is_active=True, username=name).distinct().first()
        if account is None:
            text = _("There is no active account “%(name)s” of HR or of a manager.")
            raise serializers.ValidationError(text % {"name": name})
        return account


class WordsField(serializers.CharField):
    """A remark without what no remark may hold."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.validators.append(check_words)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if words := sensitive_words(text):
            told = _("Such words may not be kept: %(words)s.")
            raise serializers.ValidationError(told % {"words": ", ".join(words)})
        return text


class OpenCaseSerializer(StrictSerializer):
    """A case to open."""

    employee_id = StrictInteger(
        min_value=1, max_value=MAX_EMPLOYEE_ID, help_text="The company's number; a merged one is its person's."
    )
    owner = OwnerField(help_text="The account that is responsible: of HR or a manager, who sees them.")
    due = serializers.DateField(help_text="Talk by: today or later, within two years.")
    why = WordsField(max_length=LONGEST, required=False, default="", allow_blank=True, help_text="Empty: the score.")

    def validate_employee_id(self, number: int) -> int:
        return own_number(number)

    def validate_due(self, day: date) -> date:
        return check_due(day)


class ChangeCaseSerializer(StrictSerializer):
    """What is to be otherwise; what is left out stays."""

    last_change = StrictInteger(min_value=1, help_text="As last answered: 422 if somebody else has changed it since.")
    state = serializers.ChoiceField(choices=Case.State.choices, required=False)
    owner = OwnerField(required=False)
    due = serializers.DateField(required=False)
    set_aside_because = serializers.ChoiceField(
        choices=Case.Aside.choices, required=False, help_text="Only, and always, with set_aside."
    )
    remark = WordsField(max_length=LONGEST, required=False, default="", allow_blank=True)
    is_certain = StrictBoolean(
        required=False,
        default=False,
        help_text="Needed to close a case as stayed or left where the workforce does not know it; it is recorded.",
    )

    def validate(self, attrs: dict) -> dict:
        is_aside = attrs.get("state") == Case.State.SET_ASIDE
        if is_aside != ("set_aside_because" in attrs):
            text = _("Give it where, and only where, the state is set_aside.")
            raise serializers.ValidationError({"set_aside_because": [text]})
        if is_aside and not attrs["remark"].strip():
            raise serializers.ValidationError({"remark": [_("A case is set aside with a remark.")]})
        return attrs


class CaseSerializer(serializers.Serializer):
    """A case, without notes, remarks and costs."""

    case_id = serializers.IntegerField(source="pk")
    employee_id = serializers.IntegerField(source="employee.employee_id")
    department = serializers.CharField(source="departement", help_text="When it was opened.")
    state = serializers.ChoiceField(choices=Case.State.choices)
    owner = serializers.CharField(source="owner.username", help_text="The account that is responsible.")
    due = serializers.DateField()
    turnover_probability = serializers.FloatField(
        source="risk_then",
        allow_null=True,
        help_text="When it was opened; null without a score, and of whoever objects to being scored.",
    )
    prediction_id = serializers.IntegerField(
        source="score_then", allow_null=True, help_text="That it was opened from; null likewise."
    )
    opened_at = InUTC()
    closed_at = InUTC(allow_null=True)
    set_aside_because = serializers.CharField(source="aside", help_text="Empty unless it was set aside.")
    last_change = serializers.IntegerField(help_text="For the next change.")
    link = serializers.SerializerMethodField(help_text="Of its page.")

    def get_link(self, case: Case) -> str:
        return address("cases_case", case.pk)
