"""Read-only administration of what people asked about their own data."""

from django.contrib import admin

from employees.admin import HistoryInline, OfEmployeesAdmin
from predictions.rights.models import DataRequest, DataRequestChange, LegalHold


class ChangeInline(HistoryInline):
    model = DataRequestChange
    show_change_link = False
    verbose_name_plural = DataRequestChange._meta.verbose_name_plural


@admin.register(DataRequest)
class DataRequestAdmin(OfEmployeesAdmin):
    list_display = ("employee", "kind", "received_on", "due", "state", "answered_on", "handled_by")
    list_filter = ["kind", "state"]
    list_select_related = ["employee", "handled_by"]
    date_hierarchy = "received_on"
    inlines = [ChangeInline]
    raw_id_fields = ["prediction"]


@admin.register(LegalHold)
class LegalHoldAdmin(OfEmployeesAdmin):
    list_display = ("employee", "set_at", "set_by", "lifted_at", "lifted_by")
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["employee", "set_by", "lifted_by"]
    date_hierarchy = "set_at"
