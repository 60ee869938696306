"""Read-only administration of the scoring runs. The log, the keys and the decisions have theirs in their packages."""

from collections.abc import Mapping
from typing import cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from employees.access import scope_of
from employees.admin import ForWhoReadsEverything, OfEveryoneAdmin
from employees.disclosure import suppressed
from features import schema
from predictions.compliance import admin as _compliance  # noqa: F401 - registers itself
from predictions.decisions import admin as _decisions  # noqa: F401 - registers itself
from predictions.events import admin as _events  # noqa: F401 - registers itself
from predictions.followup import admin as _followup  # noqa: F401 - registers itself
from predictions.formats import decimal
from predictions.keys import admin as _keys  # noqa: F401 - registers itself
from predictions.log import admin as _log  # noqa: F401 - registers itself
from predictions.mails import admin as _mails  # noqa: F401 - registers itself
from predictions.ml.artifacts.card_format import SCORES
from predictions.ml.assessment.outcomes import CALLS
from predictions.models import RunGroup, RunGroupQuerySet, ScoringRun, WorkforceCheck
from predictions.rights import admin as _rights  # noqa: F401 - registers itself
from predictions.selectors import drift_check, figures
from technova.admin import ReadOnlyAdmin


@admin.register(ScoringRun)
class ScoringRunAdmin(OfEveryoneAdmin):
    list_display: tuple[str, ...] = (
        "created_at",
        "model_version",
        "threshold",
        "employee_count",
        "above_threshold_count",
        "expected",
        "duration",
    )
    date_hierarchy = "created_at"
    list_filter = ["model_version"]
    search_fields = ["model_version"]
    fields = (*list_display, "decision", "as_of", "people_by_feature")

    @admin.display(description=_("expected departures"), ordering="expected_departures")
    def expected(self, run):
        return number_format(round(run.expected_departures, 1), decimal_pos=1)

    @admin.display(description=_("duration (ms)"))
    def duration(self, run):
        return decimal(run.duration_ms, 0)

    @admin.display(description=_("drift counts"))
    def people_by_feature(self, run):
        lines = ((name, _shown_counts(dict(enumerate(counts)))) for name, counts in (run.drift_counts or {}).items())
        return format_html_join("", "{}: {}<br>", lines)


@admin.register(WorkforceCheck)
class WorkforceCheckAdmin(OfEveryoneAdmin):
    """The stored checks: what has moved, and how departures compare with the forecast. The counts are on the page."""

    list_display: tuple[str, ...] = ("created_at", "run", "is_alarm", "moved", "departures")
    date_hierarchy = "created_at"
    list_filter = ["is_alarm", "run__model_version"]
    list_select_related = ["run"]
    search_fields = ["run__model_version"]
    fields = list_display

    @admin.display(description=_("moved"))
    def moved(self, check):
        names = (shift.name for shift in drift_check.read(check).drifted)
        return ", ".join(str(_("scores") if name == SCORES else _(schema.BY_NAME[name].label)) for name in names)

    @admin.display(description=_("outcomes of forecasts"))
    def departures(self, check):
        lines = (
            _("%(months)s months: %(call)s") % {"months": outcome.months, "call": _(CALLS[outcome.call])}
            for outcome in drift_check.read(check).newest
        )
        return format_html_join("", "{}<br>", ((line,) for line in lines))


def _shown_counts(counts: Mapping[int, int]) -> str:
    """The counts of a feature's bins; a dash for each suppressed one."""
    hidden = suppressed(counts)
    return ", ".join("–" if place in hidden else str(people) for place, people in counts.items())


NOT_SHOWN = _("not shown")


class RunGroupChangeList(ChangeList):
    """Marks which of the shown groups are suppressed."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        figures.mark_suppressed(self.result_list, scope_of(request.user))


@admin.register(RunGroup)
class RunGroupAdmin(ForWhoReadsEverything, ReadOnlyAdmin):
    """The rows that the overview and the trend sum, of the departments that the account may see.

    A suppressed group shows nothing, nor does the order reveal it. Smaller parts of a group, such
    as those over the threshold, are not counted here.
    """

    list_display: tuple[str, ...] = (
        "run",
        "departement",
        "poste",
        "people",
        "expected",
    )
    sortable_by = ["run", "departement", "poste"]
    date_hierarchy = "run__created_at"
    list_filter = ["departement", "poste", "run__model_version"]
    list_select_related = ["run"]
    search_fields = ["departement", "poste"]
    search_help_text = _("A department or a job.")
    fields = (*list_display, "main_reasons")

    def get_queryset(self, request):
        return cast(RunGroupQuerySet, super().get_queryset(request)).visible_to(request.user)

    def get_changelist(self, request, **kwargs):
        return RunGroupChangeList

    def get_object(self, request, object_id, from_field=None):
        group = super().get_object(request, object_id, from_field)
        if group:
            figures.mark_suppressed([group], scope_of(request.user))
        return group

    @admin.display(description=_("employees"))
    def people(self, group):
        return NOT_SHOWN if group.is_suppressed else group.employee_count

    @admin.display(description=_("expected departures"))
    def expected(self, group):
        return NOT_SHOWN if group.is_suppressed else number_format(round(group.expected_departures, 1), decimal_pos=1)

    @admin.display(description=_("reasons"))
    def main_reasons(self, group):
        if group.is_suppressed:
            return NOT_SHOWN
        shown = group.reasons.keys() - suppressed(group.reasons)
        counts = sorted(((name, group.reasons[name]) for name in shown), key=lambda reason: (-reason[1], reason[0]))
        lines = (_("%(name)s: %(value)s") % {"name": _(schema.BY_NAME[name].label), "value": n} for name, n in counts)
        return format_html_join("", "{}<br>", ((line,) for line in lines))
