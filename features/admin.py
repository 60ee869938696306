"""Read-only administration of the clean features, one row a change."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from employees.access import scope_of
from employees.admin import OfEmployeesAdmin
from features import schema
from features.models import EmployeeFeatures

_ENGINEERED = [feature.name for feature in schema.FEATURES if feature.is_engineered]
_RAW = [name for name in schema.FEATURE_NAMES if name not in _ENGINEERED]


@admin.register(EmployeeFeatures)
class EmployeeFeaturesAdmin(OfEmployeesAdmin):
    list_display = [
        "employee",
        "as_of",
        "superseded_at",
        "departement",
        "poste",
        "revenu_mensuel",
        "heures_supplementaires",
        "satisfaction_moyenne",
        "annees_depuis_la_derniere_promotion",
    ]
    list_filter = [
        ("departement", admin.AllValuesFieldListFilter),
        ("superseded_at", admin.EmptyFieldListFilter),
        "heures_supplementaires",
    ]
    list_select_related = ["employee"]
    sortable_by = ["employee", "as_of"]
    fieldsets = [
        (None, {"fields": ["employee", "as_of", "created_at", "superseded_at"]}),
        (_("From the extracts"), {"fields": [*_RAW]}),
        (_("Engineered"), {"fields": [*_ENGINEERED]}),
    ]

    def get_queryset(self, request):
        """Only rows from the time in departments that the account may see."""
        return scope_of(request.user).narrow_recorded(super().get_queryset(request), "departement")
