"""The log and the scoring runs, to read; the API keys, to make, replace and revoke."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from employees.access import Readable, Scope, scope_of, scope_of_key
from employees.admin import ForWhoReadsEverything, OfEveryoneAdmin
from employees.columns import DEPARTMENTS
from employees.disclosure import suppressed
from employees.models import Employee
from features import schema
from predictions.explanation import in_full, reasons
from predictions.keys import services as keys
from predictions.keys.quota import MINUTE
from predictions.models import APIKey, Prediction, RequestCount, RunGroup, ScoringRun
from predictions.pages.formats import decimal, percent
from predictions.selectors import figures, log
from technova.admin import BoundedPaginator, ChangeListByIndex, NamedDateTime, ReadOnlyAdmin


@admin.register(ScoringRun)
class ScoringRunAdmin(OfEveryoneAdmin):
    list_display: tuple[str, ...] = (
        "created_at",
        "model_version",
        "threshold",
        "employee_count",
        "above_threshold_count",
        "expected",
        "duration",
    )
    date_hierarchy = "created_at"
    list_filter = ["model_version"]
    search_fields = ["model_version"]
    fields = (*list_display, "newest_snapshot", "people_by_feature")

    @admin.display(description=_("expected departures"), ordering="expected_departures")
    def expected(self, run):
        return number_format(round(run.expected_departures, 1), decimal_pos=1)

    @admin.display(description=_("duration (ms)"))
    def duration(self, run):
        return decimal(run.duration_ms, 0)

    @admin.display(description=_("drift counts"))
    def people_by_feature(self, run):
        lines = ((name, _told(dict(enumerate(counts)))) for name, counts in (run.drift_counts or {}).items())
        return format_html_join("", "{}: {}<br>", lines)


def _told(counts: Mapping[int, int]) -> str:
    """The counts of the bins of a feature; a dash for each that is suppressed."""
    hidden = suppressed(counts)
    return ", ".join("–" if place in hidden else str(people) for place, people in counts.items())


NOT_SHOWN = _("not shown")


class RunGroupChangeList(ChangeList):
    """Knows of each group that it shows whether it is suppressed."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        figures.mark_suppressed(self.result_list, scope_of(request.user))


@admin.register(RunGroup)
class RunGroupAdmin(ForWhoReadsEverything, ReadOnlyAdmin):
    """What the overview and the trend are summed from; of the departments that the account may see.

    Nothing is told of a group whose count is suppressed, nor by an order. Smaller parts of a group, such as those over
    the threshold, are not counted here.
    """

    list_display: tuple[str, ...] = (
        "run",
        "departement",
        "poste",
        "has_left",
        "people",
        "expected",
    )
    sortable_by = ["run", "departement", "poste", "has_left"]
    date_hierarchy = "run__created_at"
    list_filter = ["departement", "poste", "has_left", "run__model_version"]
    list_select_related = ["run"]
    search_fields = ["departement", "poste"]
    search_help_text = _("A department or a job.")
    fields = (*list_display, "main_reasons")

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def get_changelist(self, request, **kwargs):
        return RunGroupChangeList

    def get_object(self, request, object_id, from_field=None):
        group = super().get_object(request, object_id, from_field)
        if group:
            figures.mark_suppressed([group], scope_of(request.user))
        return group

    @admin.display(description=_("employees"))
    def people(self, group):
        return NOT_SHOWN if group.is_suppressed else group.employee_count

    @admin.display(description=_("expected departures"))
    def expected(self, group):
        return NOT_SHOWN if group.is_suppressed else number_format(round(group.expected_departures, 1), decimal_pos=1)

    @admin.display(description=_("reasons"))
    def main_reasons(self, group):
        if group.is_suppressed:
            return NOT_SHOWN
        shown = group.reasons.keys() - suppressed(group.reasons)
        counts = sorted(((name, group.reasons[name]) for name in shown), key=lambda reason: (-reason[1], reason[0]))
        lines = (_("%(name)s: %(value)s") % {"name": _(schema.BY_NAME[name].label), "value": n} for name, n in counts)
        return format_html_join("", "{}<br>", ((line,) for line in lines))


class ModelVersionFilter(admin.SimpleListFilter):
    """The versions that have scored the workforce: a few rows, where the log has millions."""

    title = _("model version")
    parameter_name = "model_version"

    def lookups(self, request, model_admin):
        return [(version, version) for version in log.model_versions()[:20]]

    def queryset(self, request, queryset):
        return queryset.filter(model_version=self.value()) if self.value() else queryset


class LogPaginator(BoundedPaginator):
    """Two hundred pages: of the people of a small department, one row in twenty is found, and joined, to be counted."""

    COUNTED = 10_000


@admin.register(Prediction)
class PredictionAdmin(ForWhoReadsEverything, ReadOnlyAdmin):
    paginator = LogPaginator
    list_display = [
        "created_at",
        "employee",
        "mode",
        "risk",
        "predicted_class",
        "main_reason",
        "asked_by",
        "model_version",
        "latency",
    ]
    list_filter = [
        "mode",
        "predicted_class",
        "employee__departement",
        ModelVersionFilter,
    ]
    list_select_related = ["employee", "api_key", "user"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    sortable_by = ["created_at", "risk"]
    search_fields = ["employee__employee_id"]
    search_help_text = _("An employee number or a request id.")
    fieldsets = [
        (None, {"fields": ["created_at", "request_id", "mode", "run", "api_key", "user", "employee"]}),
        (_("Result"), {"fields": ["risk", "interval", "is_extrapolated", "predicted_class", "threshold"]}),
        (_("Why"), {"fields": ["explanation"]}),
        (_("Made from"), {"fields": ["model_version", "model_sha256", "latency", "features_used"]}),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def get_changelist(self, request, **kwargs):
        return ChangeListByIndex

    def get_search_results(self, request, queryset, search_term):
        """By exact number or id, so that an index answers; anything else finds nothing."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isascii() and term.isdigit():
            number = int(term) if len(term) < 11 else 0
            return queryset.filter(employee__in=Employee.objects.filter(employee_id=number)), False
        try:
            return queryset.filter(request_id=uuid.UUID(term)), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description=_("risk"), ordering="probability")
    def risk(self, prediction):
        return percent(prediction.probability)

    @admin.display(description=_("interval (90%)"))
    def interval(self, prediction):
        if prediction.low is None:
            return None
        return f"{percent(prediction.low)} – {percent(prediction.high)}"

    @admin.display(description=_("latency (ms)"))
    def latency(self, prediction):
        return decimal(prediction.latency_ms, 2)

    @admin.display(description=_("asked by"))
    def asked_by(self, prediction):
        return prediction.api_key or prediction.user

    @admin.display(description=_("reasons"))
    def explanation(self, prediction):
        found = reasons(
            values=prediction.values(),
            base_value=prediction.base_value,
            contributions=prediction.contributions,
            readable=Readable.EVERYTHING,
        )
        return format_html_join("", "{}<br>", ((reason.sentence,) for reason in found))

    @admin.display(description=_("features"))
    def features_used(self, prediction):
        values = prediction.values()
        features = ((schema.BY_NAME[name], value) for name, value in values.items())
        lines = (
            _("%(name)s: %(value)s") % {"name": _(feature.label), "value": in_full(feature, value)}
            for feature, value in features
        )
        return format_html_join("", "{}<br>", ((line,) for line in lines))


class SubjectFilter(admin.SimpleListFilter):
    title = _("subject")
    parameter_name = "subject"

    def lookups(self, request, model_admin):
        return [
            ("key", capfirst(_("API keys"))),
            ("address", _("Addresses of bad keys")),
            ("network", _("Addresses of wrong passwords")),
        ]

    def queryset(self, request, queryset):
        return queryset.filter(subject__startswith=f"{self.value()} ") if self.value() else queryset


@admin.register(RequestCount)
class RequestCountAdmin(OfEveryoneAdmin):
    list_display: tuple[str, ...] = ("subject", "begun_at", "requests")
    list_filter = [SubjectFilter]
    ordering = ["-minute", "-requests"]
    search_fields = ["subject"]
    search_help_text = _("The first characters of a key, or an address.")
    fields = list_display

    @admin.display(description=_("minute"), ordering="minute")
    def begun_at(self, count):
        return datetime.fromtimestamp(count.minute * MINUTE, tz=UTC)


EVERYONE = "*"


class APIKeyForm(forms.ModelForm):
    """What makes or changes a key, which sees nobody outside ``scope``, the one of the account that fills it in."""

    scope = Scope.NOBODY
    departments = forms.MultipleChoiceField(
        label=capfirst(_("departments")),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The departments whose employees it sees."),
    )
    expiry_date = forms.SplitDateTimeField(
        label=capfirst(_("expires at")), widget=NamedDateTime, help_text=_("Ten years from now at most.")
    )

    class Meta:
        model = APIKey
        fields = ["name", "owner", "can_predict", "can_read", "departments", "expiry_date"]
        help_texts = {"name": _("The client that uses it; two keys may have the same name.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "departments" in self.fields:
            seen = [EVERYONE, *DEPARTMENTS] if self.scope.sees_everyone else sorted(self.scope.departments)
            self.fields["departments"].choices = [(name, _("Everyone") if name == EVERYONE else name) for name in seen]
            if self.instance.pk and scope_of_key(self.instance).sees_everyone:
                self.initial["departments"] = [EVERYONE]

    def clean_departments(self) -> list[str] | None:
        chosen = self.cleaned_data["departments"]
        if EVERYONE in chosen and len(chosen) > 1:
            raise forms.ValidationError(_("Choose everyone, or departments, not both."))
        return None if EVERYONE in chosen else chosen

    def clean_expiry_date(self):
        expiry = self.cleaned_data["expiry_date"]
        if expiry > timezone.now() + keys.LONGEST_LIFETIME:
            raise forms.ValidationError(_("Ten years from now at most."))
        return expiry


class RotationForm(forms.Form):
    overlap = forms.IntegerField(
        label=_("Days that the old key still works"),
        initial=7,
        min_value=0,
        max_value=keys.LONGEST_OVERLAP.days,
        help_text=_("Time for the client to take over the new key; 0 stops the old one at once."),
    )


@admin.register(APIKey)
class APIKeyAdmin(ForWhoReadsEverything, admin.ModelAdmin):
    """The keys that see nobody whom the account does not see; what they see, they tell whole.

    A secret is shown on the page that answers its making, and goes into no message, cookie, session or log.
    """

    form = APIKeyForm
    list_display = ["name", "prefix", "owner", "scopes", "sees", "created", "expiry_date", "last_used_at", "is_usable"]
    list_filter = ["revoked", "can_predict", "can_read"]
    search_fields = ["name", "owner", "prefix"]
    readonly_fields = ["prefix", "created", "last_used_at", "revoked"]
    actions = ["rotate", "revoke"]

    def get_queryset(self, request):
        return super().get_queryset(request).within(scope_of(request.user))

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        return type(form.__name__, (form,), {"scope": scope_of(request.user)})

    def get_fields(self, request, obj=None):
        fields = list(APIKeyForm.Meta.fields)
        return [*fields, *self.readonly_fields] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        """Of a revoked key nothing can change any more."""
        return self.get_fields(request, obj) if obj and obj.revoked else self.readonly_fields

    def get_changeform_initial_data(self, request):
        expiry = timezone.localtime() + keys.LIFETIME
        return {"expiry_date": expiry.replace(second=0, microsecond=0)} | super().get_changeform_initial_data(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        """A key that was used stands in the log; one that must not be used is revoked."""
        return False

    def save_model(self, request, obj, form, change):
        if not change:
            request.api_key_secret = obj.assign_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        return self._show(request, obj, request.api_key_secret)

    @admin.action(description=_("Replace the selected key by a new one"), permissions=["add"])
    def rotate(self, request, queryset) -> HttpResponse | None:
        key = queryset.first()
        if queryset.count() != 1:
            self.message_user(request, _("Select one key to replace."), messages.ERROR)
            return None
        form = RotationForm(request.POST if "overlap" in request.POST else None)
        if form.is_valid():
            try:
                new, secret = keys.rotate_api_key(key=key, overlap=timedelta(days=form.cleaned_data["overlap"]))
            except keys.RefusedKey:
                self.message_user(request, _("This key is revoked or has expired: make a new one."), messages.ERROR)
                return None
            self.log_addition(request, new, _("Replaces %(prefix)s.") % {"prefix": key.prefix})
            return self._show(request, new, secret)
        context = {"title": _("Replace an API key"), "form": form, "key": key}
        context |= {"action_checkbox_name": helpers.ACTION_CHECKBOX_NAME}
        return self._page(request, "admin/predictions/apikey/rotate.html", context)

    @admin.action(description=_("Revoke the selected keys, for good"), permissions=["change"])
    def revoke(self, request, queryset):
        for key in queryset.filter(revoked=False):
            key.revoke()
            self.log_change(request, key, _("Revoked."))
            self.message_user(request, _("%(key)s is revoked.") % {"key": key}, messages.SUCCESS)

    @admin.display(description=_("may"))
    def scopes(self, key):
        return ", ".join(str(name) for may, name in ((key.can_predict, _("predict")), (key.can_read, _("read"))) if may)

    @admin.display(description=_("departments"))
    def sees(self, key):
        scope = scope_of_key(key)
        return _("all") if scope.sees_everyone else ", ".join(sorted(scope.departments))

    @admin.display(description=_("works"), boolean=True)
    def is_usable(self, key):
        return key.is_usable

    def _show(self, request, key: APIKey, secret: str) -> HttpResponse:
        context = {"title": _("The new API key"), "key": key, "secret": secret}
        return self._page(request, "admin/predictions/apikey/created.html", context)

    def _page(self, request, template: str, context: dict) -> TemplateResponse:
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, context)
