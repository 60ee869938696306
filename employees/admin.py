"""The raw data as the extracts gave them, to read; who may see which department, to change."""

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Field, ManyToManyField, OuterRef, Prefetch, Subquery
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.access import may_change, may_give_departments, may_give_rights, readable_to, scope_of
from employees.models import (
    DepartmentAccess,
    Departure,
    Employee,
    EmployeeSnapshot,
    Import,
    ImportFile,
    ImportReject,
    SignIn,
    Survey,
)
from employees.selectors import raw_columns
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
    """What shows, sorts or filters by every column of people, each of which would tell it."""

    def is_open_to(self, user) -> bool:
        return readable_to(user).reads_everything


class OfEmployeesAdmin(ForWhoReadsEverything, ReadOnlyAdmin):
    """Rows about employees: those whom the account may see, found by employee number."""

    employee = "employee"  # the way from a row to its employee
    search_help_text = _("An employee number.")

    def get_queryset(self, request):
        return scope_of(request.user).narrow(super().get_queryset(request), self._path("departement"))

    def get_search_fields(self, request):
        return [self._path("employee_id")]

    def get_search_results(self, request, queryset, search_term):
        """By exact number, so that an index answers; anything else finds nothing."""
        term = search_term.strip()
        if not term:
            return queryset, False
        is_number = term.isascii() and term.isdigit() and len(term) < 11
        return queryset.filter(**{self._path("employee_id"): int(term) if is_number else 0}), False

    def _path(self, field: str) -> str:
        return f"{self.employee}__{field}" if self.employee else field


class HistoryInline(ReadOnly, admin.TabularInline):
    """The rows of one history table of an employee, newest first."""

    template = "admin/edit_inline/table.html"
    extra = 0
    show_change_link = True


class SnapshotInline(HistoryInline):
    model = EmployeeSnapshot
    fields = ["recorded_at", "departement", "poste", "revenu_mensuel", "age", "annees_dans_l_entreprise"]


class SurveyInline(HistoryInline):
    model = Survey
    fields = ["recorded_at", "note_evaluation_actuelle", "heures_supplementaires", "augmentation_salaire_precedente"]


class DepartureInline(HistoryInline):
    model = Departure
    fields = ["recorded_at", "a_quitte_l_entreprise"]


class HasLeftFilter(admin.SimpleListFilter):
    """By what is known, as the list shows it."""

    title = _("left the company")
    parameter_name = "has_left"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No")), ("unknown", _("Unknown"))]

    def queryset(self, request, queryset):
        match self.value():
            case "yes":
                return queryset.exclude(left_recorded_at=None)
            case "no":
                return queryset.filter(left_recorded_at=None).exclude(departures=None)
            case "unknown":
                return queryset.filter(departures=None)
        return queryset


@admin.register(Employee)
class EmployeeAdmin(OfEmployeesAdmin):
    employee = ""
    list_display = ["employee_id", "departement", "job", "income", "has_left", "created_at"]
    list_filter = ["departement", HasLeftFilter]
    date_hierarchy = "created_at"
    inlines = [SnapshotInline, SurveyInline, DepartureInline]

    def get_queryset(self, request):
        snapshots = EmployeeSnapshot.objects.filter(employee=OuterRef("pk"))
        departures = Departure.objects.filter(employee=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                job=Subquery(snapshots.values("poste")[:1]),
                income=Subquery(snapshots.values("revenu_mensuel")[:1]),
                outcome=Subquery(departures.values("a_quitte_l_entreprise")[:1]),
            )
        )

    @admin.display(description=_("job"))
    def job(self, employee):
        return employee.job

    @admin.display(description=_("monthly income"))
    def income(self, employee):
        return employee.income

    @admin.display(description=_("left the company"), boolean=True)
    def has_left(self, employee):
        return employee.outcome


OF_DEPARTMENT = ("employee__departement", admin.ChoicesFieldListFilter)


class HistoryAdmin(OfEmployeesAdmin):
    """What one extract said of employees, one row a change."""

    date_hierarchy = "recorded_at"
    list_select_related = ["employee"]

    def get_fields(self, request, obj=None):
        return ["employee", "recorded_at", *raw_columns(self.model)]


@admin.register(EmployeeSnapshot)
class EmployeeSnapshotAdmin(HistoryAdmin):
    list_display = [
        "employee",
        "recorded_at",
        "departement",
        "poste",
        "revenu_mensuel",
        "age",
        "annees_dans_l_entreprise",
        "annees_dans_le_poste_actuel",
    ]
    list_filter = ["departement", "poste"]


@admin.register(Survey)
class SurveyAdmin(HistoryAdmin):
    list_display = [
        "employee",
        "recorded_at",
        "note_evaluation_actuelle",
        "heures_supplementaires",
        "augmentation_salaire_precedente",
        "distance_domicile_travail",
        "frequence_deplacement",
        "annees_depuis_la_derniere_promotion",
    ]
    list_filter = [OF_DEPARTMENT, "heures_supplementaires", "frequence_deplacement", "domaine_etude"]


@admin.register(Departure)
class DepartureAdmin(HistoryAdmin):
    list_display = ["employee", "recorded_at", "a_quitte_l_entreprise"]
    list_filter = ["a_quitte_l_entreprise", OF_DEPARTMENT]


# Imports


class OfEveryoneAdmin(ReadOnlyAdmin):
    """Rows that belong to no department: for those who may see all of them."""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if scope_of(request.user).sees_everyone else rows.none()


class ImportFileInline(HistoryInline):
    model = ImportFile
    fields = ["extract", "name", "size", "sha256"]
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
    """The broken rules, whatever bounds or choices go into each of them."""

    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request, model_admin):
        texts = model_admin.get_queryset(request).order_by("rule__text").values_list("rule__text", flat=True).distinct()
        return [(text, gettext(text) % defaultdict(lambda: "…")) for text in texts]

    def queryset(self, request, queryset):
        return queryset.filter(rule__text=self.value()) if self.value() else queryset


@admin.register(ImportReject)
class ImportRejectAdmin(OfEveryoneAdmin):
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


# Accounts


class ForWhoSeesEveryone(ForSome):
    """What lets someone see departments: an account that sees some of them could give the others away, or to itself."""

    def is_open_to(self, user) -> bool:
        return scope_of(user).sees_everyone


class DepartmentAccessForm(forms.ModelForm):
    class Meta:
        help_texts = {
            "departement": _(
                "A manager sees the people of the departments given, and nobody without one. A member of RH sees "
                "everyone, until a department is given: then those given alone, and imports nothing. "
                "A superuser always sees everyone."
            )
        }


@admin.register(DepartmentAccess)
class DepartmentAccessAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    """Who sees which department, to find and to take away; it is given on the page of the account."""

    list_display = ["user", "departement"]
    list_filter = ["departement"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__last_name"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or may_give_departments(request.user, obj.user))


class DepartmentAccessInline(ForWhoSeesEveryone, admin.StackedInline):
    """Not a table: Django's gives its inputs no name."""

    model = DepartmentAccess
    form = DepartmentAccessForm
    extra = 0

    def has_add_permission(self, request, *obj) -> bool:
        return super().has_add_permission(request, *obj) and may_give_departments(request.user, *obj)

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and may_give_departments(request.user, obj)

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and may_give_departments(request.user, obj)


# Ticked in a list: the two boxes of Django's filter_horizontal have parts that no screen reader names.
TICKED: dict[type[Field], dict[str, Any]] = {ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}

admin.site.unregister([get_user_model(), Group])


@admin.register(Group)
class GroupAdmin(ForWhoSeesEveryone, DjangoGroupAdmin):
    """What is given to a group is given to its members: by superusers alone."""

    formfield_overrides = TICKED

    def has_add_permission(self, request) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and request.user.is_superuser

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and request.user.is_superuser


@admin.register(get_user_model())
class UserAdmin(ForWhoSeesEveryone, DjangoUserAdmin):
    """Django's accounts, with the departments that each may see; what is evidence or not to be given is only shown."""

    list_display = [
        "username",
        "last_name",
        "first_name",
        "roles",
        "departments",
        "is_active",
        "is_staff",
        "last_login",
    ]
    date_hierarchy = "date_joined"
    formfield_overrides = TICKED
    inlines = [DepartmentAccessInline]

    def get_queryset(self, request):
        accesses = Prefetch("department_accesses", DepartmentAccess.objects.order_by("departement"))
        return super().get_queryset(request).prefetch_related("groups", accesses)

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request, obj=None) -> bool:
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or (obj != request.user and may_change(request.user, obj)))

    def get_readonly_fields(self, request, obj=None):
        fields = [*super().get_readonly_fields(request, obj), "last_login", "date_joined"]
        if not may_give_rights(request.user, obj):
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"]
        return [*fields, "is_active"] if obj == request.user else fields

    def get_deleted_objects(self, objs, request):
        """The records of its sign-ins, which nobody may delete by themselves, go with an account."""
        objects, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return objects, counts, lacking - {SignIn._meta.verbose_name}, protected

    def save_related(self, request, form, formsets, change):
        """Say so when an account sees everyone from now on: the last department was taken, or the group given."""
        account = self.model.objects.get(pk=form.instance.pk)
        saw_everyone = scope_of(account).sees_everyone
        super().save_related(request, form, formsets, change)
        account = self.model.objects.get(pk=form.instance.pk)
        if scope_of(account).sees_everyone and not saw_everyone:
            self.message_user(request, _("%(account)s sees everyone now.") % {"account": account}, messages.WARNING)

    def get_inlines(self, request, obj):
        """On the second page only: a new account is saved with its name and password first."""
        return self.inlines if obj else []

    @admin.display(description=_("groups"))
    def roles(self, user):
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("departments"))
    def departments(self, user):
        return ", ".join(access.departement for access in user.department_accesses.all())


@admin.register(SignIn)
class SignInAdmin(ForWhoSeesEveryone, ReadOnlyAdmin):
    list_display = ["at", "user", "address", "has_worked"]
    list_filter = ["has_worked"]
    list_select_related = ["user"]
    date_hierarchy = "at"
    search_fields = ["user__username", "address"]
    search_help_text = _("An account or an address.")
    fields = ["at", "user", "address", "has_worked"]
