"""Read-only administration of the compliance file's answers and incidents."""

from django.contrib import admin

from employees.admin import OfEveryoneAdmin
from predictions.compliance.models import CompanyFact, Incident


@admin.register(CompanyFact)
class CompanyFactAdmin(OfEveryoneAdmin):
    list_display = ("name", "value", "recorded_at", "recorded_by")
    list_select_related = ["recorded_by"]
    date_hierarchy = "recorded_at"


@admin.register(Incident)
class IncidentAdmin(OfEveryoneAdmin):
    list_display = ("noticed_on", "kind", "people", "what", "recorded_by")
    list_filter = ["kind"]
    list_select_related = ["recorded_by"]
    date_hierarchy = "noticed_on"
