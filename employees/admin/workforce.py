"""The people of the workforce, and what the extracts said of them."""

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from employees.admin.base import HistoryInline, OfEmployeesAdmin
from employees.models import Departure, Employee, EmployeeSnapshot, Survey
from employees.selectors import raw_columns


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
