"""Uploaded extracts and their rejects."""

from collections import defaultdict

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.admin.base import HistoryInline, Journaled, OfEveryoneAdmin
from employees.models import Import, ImportFile, ImportReject


class ImportFileInline(HistoryInline):
    model = ImportFile
    fields = ["name", "size", "sha256"]
    show_change_link = False

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")  # megabytes that nothing shows


@admin.register(Import)
class ImportAdmin(OfEveryoneAdmin):
    list_display = ["created_at", "state", "user", "confirmed_by", "loaded_at"]
    list_filter = ["state"]
    list_select_related = ["user", "confirmed_by"]
    date_hierarchy = "created_at"
    search_fields = ["user__username", "files__name", "files__sha256"]
    inlines = [ImportFileInline]


class RuleFilter(admin.SimpleListFilter):
    """The broken rules, regardless of their bounds or choices."""

    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request, model_admin):
        texts = model_admin.get_queryset(request).order_by("rule__text").values_list("rule__text", flat=True).distinct()
        return [(text, gettext(text) % defaultdict(lambda: "…")) for text in texts]

    def queryset(self, request, queryset):
        return queryset.filter(rule__text=self.value()) if self.value() else queryset


@admin.register(ImportReject)
class ImportRejectAdmin(Journaled, OfEveryoneAdmin):
    list_display = ["moment", "file", "line", "column", "value", "broken_rule"]
    list_select_related = ["upload"]
    date_hierarchy = "upload__created_at"
    list_filter = [
        ("file", admin.AllValuesFieldListFilter),
        ("column", admin.AllValuesFieldListFilter),
        RuleFilter,
    ]
    search_fields = ["file", "column", "value"]
    search_help_text = _("A file, a column or a value.")
    fields = ["upload", "file", "line", "column", "value", "broken_rule"]

    @admin.display(description=_("import"), ordering="upload__created_at")
    def moment(self, reject):
        return date_format(localtime(reject.upload.created_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("rule"))
    def broken_rule(self, reject):
        return reject.as_reject().rule.said(gettext)
