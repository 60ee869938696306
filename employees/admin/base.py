"""Access to admin pages about people, and to their rows."""

from django.contrib import admin
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from employees import journal
from employees.access import readable_to, scope_of
from employees.models import Employee
from technova.admin import ReadOnly, ReadOnlyAdmin


class ForSome(admin.options.BaseModelAdmin):
    """Closed to an account for which ``is_open_to`` is false, whatever its permissions."""

    def is_open_to(self, user) -> bool:
        raise NotImplementedError

    def has_view_permission(self, request, obj=None) -> bool:
        return super().has_view_permission(request, obj) and self.is_open_to(request.user)

    def has_add_permission(self, request, *obj) -> bool:
        return super().has_add_permission(request, *obj) and self.is_open_to(request.user)

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and self.is_open_to(request.user)

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and self.is_open_to(request.user)


class ForWhoReadsEverything(ForSome):
    """A page that shows, sorts or filters by every column of people, any of which would reveal values."""

    def is_open_to(self, user) -> bool:
        return readable_to(user).reads_everything


class ForWhoSeesEveryone(ForSome):
    """A page that grants departments: an account that sees some could grant the others to anyone, itself included."""

    def is_open_to(self, user) -> bool:
        return scope_of(user).sees_everyone


class Journaled(admin.ModelAdmin):
    """A page that shows people: each list and each row that it opens is in the journal of reads."""

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            journal.record_rows(journal.What.LIST, map(_person, context["cl"].result_list), user=request.user)
        return response

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        response = super().changeform_view(request, object_id, form_url, extra_context)
        if row := (getattr(response, "context_data", None) or {}).get("original"):
            employee = row if isinstance(row, Employee) else getattr(row, "employee", None)
            journal.record(journal.What.RECORD, user=request.user, employee=employee)
        return response


def _person(row: Model) -> int | None:
    return row.pk if isinstance(row, Employee) else getattr(row, "employee_id", None)


class OfEmployeesAdmin(Journaled, ForWhoReadsEverything, ReadOnlyAdmin):
    """Rows about employees in the account's scope, found by employee number."""

    employee = "employee"  # the way from a row to its employee
    search_help_text = _("An employee number.")

    def get_queryset(self, request):
        return scope_of(request.user).narrow(super().get_queryset(request), self.employee)

    def get_search_fields(self, request):
        return [self._path("employee_id")]

    def get_search_results(self, request, queryset, search_term):
        """Match an exact number, by an index; anything else finds nothing."""
        term = search_term.strip()
        if not term:
            return queryset, False
        is_number = term.isascii() and term.isdigit() and len(term) < 11
        return queryset.filter(**{self._path("employee_id"): int(term) if is_number else 0}), False

    def _path(self, field: str) -> str:
        return f"{self.employee}__{field}" if self.employee else field


class OfEveryoneAdmin(ReadOnlyAdmin):
    """Rows without a department, for accounts that may see all departments."""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if scope_of(request.user).sees_everyone else rows.none()


class HistoryInline(ReadOnly, admin.TabularInline):
    """The rows of one history table of an employee, newest first."""

    template = "admin/edit_inline/table.html"
    extra = 0
    show_change_link = True
