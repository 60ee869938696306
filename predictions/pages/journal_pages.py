"""Who looked at whom: for auditors of everyone, for HR of one person."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import may_answer, may_audit, only_for, readable_to, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.models import Employee
from employees.selectors import own_number
from predictions.keys.models import APIKey
from predictions.pages.days import DAYS, DayField, PeriodForm
from predictions.selectors import journal as selectors
from predictions.selectors import people
from technova.web.requests import Request


class BeforeField(forms.DateTimeField):
    """The time before which a page begins; what is none is the first page."""

    def __init__(self):
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value):
        try:
            return super().clean(value)
        except forms.ValidationError:
            return None


class KeyField(forms.ModelChoiceField):
    """An API key by its name and prefix, as the journal has it."""

    def label_from_instance(self, obj):
        return f"{obj.name}, {obj.prefix}"


class LooksForm(PeriodForm):
    """The filters of the journal."""

    employee = forms.IntegerField(
        label=gettext_lazy("Employee number"), required=False, min_value=1, max_value=MAX_EMPLOYEE_ID
    )
    account = forms.ModelChoiceField(
        User.objects.order_by("username"),
        label=gettext_lazy("Account"),
        required=False,
        empty_label=gettext_lazy("All"),
        to_field_name="username",
    )
    key = KeyField(
        APIKey.objects.order_by("name", "prefix"),
        label=pgettext_lazy("a filter of the journal", "API key"),
        required=False,
        empty_label=gettext_lazy("All"),
        to_field_name="prefix",
    )
    since = DayField(label=gettext_lazy("From"), validators=DAYS)
    until = DayField(label=gettext_lazy("Until"), validators=DAYS)
    before = BeforeField()


@require_safe
@only_for(may_audit)
def looks(request: Request) -> HttpResponse:
    """The journal, newest first, and the days on which an account was shown unusually many people."""
    form = LooksForm(request.GET)
    context: dict[str, Any] = {"form": form, "unusual": selectors.unusual_days(timezone.localdate())}
    if form.is_valid():
        asked = form.cleaned_data
        employee = None
        if asked["employee"]:
            employee = Employee.objects.filter(employee_id=own_number(asked["employee"])).first()
            journal.record(journal.What.JOURNAL, user=request.user, employee=employee)
        if employee or not asked["employee"]:
            context["looks"] = selectors.looks(
                employee=employee,
                user=asked["account"],
                key=asked["key"],
                since=asked["since"] and _midnight(asked["since"]),
                until=asked["until"] and _midnight(asked["until"] + timedelta(days=1)),
                before=asked["before"],
            )
    return render(request, "journal/journal.html", context)


@require_safe
@only_for(may_answer)
def looks_of(request: Request, employee_id: int) -> HttpResponse:
    """Who looked at one person."""
    person = people.person(employee_id, scope_of(request.user), readable_to(request.user))
    if person is None:
        raise Http404
    journal.record(journal.What.JOURNAL, user=request.user, employee=person)
    before = BeforeField().clean(request.GET.get("before"))
    context = {"person": person, "looks": selectors.looks(employee=person, before=before)}
    return render(request, "journal/of_person.html", context)


def _midnight(day) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
