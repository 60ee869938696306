"""The people of the workforce, and the loads from which it is derived."""

from django.contrib import admin

from employees.access import scope_of
from employees.admin.base import HistoryInline, OfEmployeesAdmin, OfEveryoneAdmin
from employees.models import Correction, Employee, EmployeeState, Load, LoadedExtract


class StateInline(HistoryInline):
    model = EmployeeState
    fields = ["as_of", "until", "presence", "since", "departement", "left_after", "left_by", "left_because"]
    ordering = ["-as_of"]
    show_change_link = False

    def get_queryset(self, request):
        """Only rows from the time in departments that the account may see."""
        return scope_of(request.user).narrow_recorded(super().get_queryset(request), "departement")


class CorrectionInline(HistoryInline):
    model = Correction
    fields = ["column", "value", "as_of", "agreed_on", "recorded_at", "recorded_by", "revoked_at", "revoked_by"]
    readonly_fields = ["recorded_at", "revoked_at"]
    ordering = ["-id"]
    show_change_link = False


@admin.register(Employee)
class EmployeeAdmin(OfEmployeesAdmin):
    employee = ""
    list_display = ["employee_id", "presence", "departement", "created_at"]
    list_filter = ["presence", ("departement", admin.AllValuesFieldListFilter)]
    inlines = [StateInline, CorrectionInline]


class ExtractInline(HistoryInline):
    model = LoadedExtract
    fields = ["kind", "name", "row_count", "reject_count", "is_complete"]
    show_change_link = False


@admin.register(Load)
class LoadAdmin(OfEveryoneAdmin):
    list_display = ["id", "as_of", "recorded_at", "recorded_by", "withdrawn_at", "withdrawn_by"]
    list_filter = [("withdrawn_at", admin.EmptyFieldListFilter)]
    search_fields = ["=id"]
    inlines = [ExtractInline]
