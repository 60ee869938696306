"""Administration of the purposes for which names are opened. The journal itself has a page."""

from django.contrib import admin

from employees.admin.base import ForWhoSeesEveryone
from employees.models import Purpose


@admin.register(Purpose)
class PurposeAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    list_display = ("french", "english", "is_active")
