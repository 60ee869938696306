"""Administration of the kinds of action that cases offer. The cases themselves have pages."""

from django.contrib import admin

from employees.admin import ForWhoSeesEveryone
from predictions.followup.models import ActionKind


@admin.register(ActionKind)
class ActionKindAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    list_display = ("french", "english", "lever", "is_action", "is_active")
