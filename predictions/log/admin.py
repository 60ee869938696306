"""Read-only administration of the log."""

import uuid
from typing import cast

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from employees.access import Readable
from employees.admin import ForWhoReadsEverything, Journaled
from employees.models import Employee
from features import schema
from predictions.explanation import in_full, reasons
from predictions.formats import decimal, percent
from predictions.models import Prediction, PredictionQuerySet
from predictions.rights.contests import contest_of
from predictions.selectors import log_pages
from technova.admin import ReadOnlyAdmin


class ModelVersionFilter(admin.SimpleListFilter):
    """Versions from the scoring runs, a few rows instead of the log's millions."""

    title = _("model version")
    parameter_name = "model_version"

    def lookups(self, request, model_admin):
        return [(version, version) for version in log_pages.model_versions()[:20]]

    def queryset(self, request, queryset):
        return queryset.filter(model_version=self.value()) if self.value() else queryset


@admin.register(Prediction)
class PredictionAdmin(Journaled, ForWhoReadsEverything, ReadOnlyAdmin):
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
        "created_at",
        "mode",
        "predicted_class",
        "employee__departement",
        ModelVersionFilter,
    ]
    ordering = ["-id"]
    sortable_by = ["created_at", "risk"]
    search_fields = ["employee__employee_id"]
    search_help_text = _("An employee number or a request id.")
    fieldsets = [
        (None, {"fields": ["created_at", "request_id", "mode", "run", "api_key", "user", "employee"]}),
        (_("Result"), {"fields": ["risk", "interval", "is_extrapolated", "predicted_class", "threshold", "contest"]}),
        (_("Why"), {"fields": ["explanation"]}),
        (_("Made from"), {"fields": ["model_version", "model_sha256", "latency", "features_used"]}),
    ]

    def get_queryset(self, request):
        rows = cast(PredictionQuerySet, super().get_queryset(request)).visible_to(request.user)
        return rows.prefetch_related("employee", "api_key", "user")  # a late page would join all the rows before it

    def get_search_results(self, request, queryset, search_term):
        """Match an exact number or id, by an index; anything else finds nothing."""
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

    @admin.display(description=_("contest"))
    def contest(self, prediction):
        return contest_of(prediction.employee, Readable.EVERYTHING) if prediction.employee else ""

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
            link=prediction.link,
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
