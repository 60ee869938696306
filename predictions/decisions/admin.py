"""Read-only administration of the decisions."""

from django.contrib import admin

from employees.admin import OfEveryoneAdmin
from predictions.decisions.models import (
    ActionCost,
    CostDecision,
    LotteryDecision,
    ModelVersion,
    Promotion,
    ThresholdDecision,
    Training,
)


@admin.register(ThresholdDecision)
class ThresholdDecisionAdmin(OfEveryoneAdmin):
    list_display = ("decided_at", "rule", "threshold", "flagged", "people", "decided_by", "reason", "revoked_at")
    list_filter = ["rule"]
    list_select_related = ["decided_by"]
    date_hierarchy = "decided_at"


@admin.register(Promotion)
class PromotionAdmin(OfEveryoneAdmin):
    list_display = (
        "asked_at",
        "version",
        "before",
        "by",
        "reason",
        "overridden",
        "settled_by",
        "promoted_at",
        "refused_at",
        "is_refused_by_gates",
    )
    list_select_related = ["author", "settled_by"]
    date_hierarchy = "asked_at"


@admin.register(Training)
class TrainingAdmin(OfEveryoneAdmin):
    list_display = ("asked_at", "by", "reason", "promotes", "finished_at", "version", "problem")
    list_select_related = ["asked_by"]
    date_hierarchy = "asked_at"


@admin.register(ModelVersion)
class ModelVersionAdmin(OfEveryoneAdmin):
    list_display = ("name", "added_at", "in_use_since")
    fields = ("name", "added_at", "in_use_since")


@admin.register(LotteryDecision)
class LotteryDecisionAdmin(OfEveryoneAdmin):
    list_display = ("decided_at", "talks", "decided_by", "reason")
    list_select_related = ["decided_by"]
    date_hierarchy = "decided_at"


class ActionCostInline(admin.TabularInline):
    model = ActionCost
    can_delete = False


@admin.register(CostDecision)
class CostDecisionAdmin(OfEveryoneAdmin):
    list_display = ("decided_at", "unit", "departure_low", "departure_high", "decided_by", "reason")
    list_select_related = ["decided_by"]
    date_hierarchy = "decided_at"
    inlines = [ActionCostInline]
