"""Where a person is in the database: every table, and whether their rows go or only lose them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from django.contrib.admin.models import LogEntry
from django.db.models import Count, F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from employees.columns import fold
from employees.models import (
    ROWS,
    AnnuaireRow,
    Correction,
    Employee,
    EmployeeState,
    ImportChange,
    ImportReject,
    NumberMerge,
    PresenceAnswer,
    RefusedValue,
    ReportingLine,
    TeamAccess,
)
from features.models import EmployeeFeatures
from predictions.models import (
    Case,
    CaseAction,
    CaseChange,
    CaseNote,
    DrawnPerson,
    ExitInterview,
    Export,
    ExportPiece,
    RunCell,
    SavedSegment,
    SavedView,
    ScoringRun,
    ThresholdDecision,
)
from predictions.rights.models import DataRequest, DataRequestChange, FollowedMerge, LegalHold

MANAGER = "responsable"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one kind that hold something about a person: deleted, or changed to ``values``."""

    label: str | Promise
    rows: QuerySet
    values: Mapping[str, Any] = field(default_factory=dict)

    def apply(self) -> None:
        """Without Django's collector, which would look through every table that may refer to these rows."""
        if self.values:
            self.rows.update(**self.values)
        else:
            self.rows.order_by()._raw_delete(self.rows.db)


def names_of(numbers: Collection[int]) -> set[str]:
    """The names that the directory ever gave to these numbers."""
    rows = AnnuaireRow.objects.filter(number__in=numbers).values_list("nom", "prenom")
    return {name for pair in rows for name in pair if name}


def parts_of(numbers: Collection[int]) -> list[Part]:
    """The rows about a person in the order in which they can go; the logs and the figures of runs are apart."""
    people = Employee.objects.filter(employee_id__in=numbers)
    cases, names = Case.objects.filter(employee__in=people), names_of(numbers)
    requests = DataRequest.objects.filter(employee__in=people)
    merges = NumberMerge.objects.filter(Q(number__in=numbers) | Q(employee__in=people))
    is_manager = Q(old__in=numbers) | Q(new__in=numbers)
    return [
        *(
            Part(str(table._meta.verbose_name_plural), table.objects.filter(number__in=numbers))
            for table in ROWS.values()
        ),
        Part(_("refused values"), RefusedValue.objects.filter(number__in=numbers)),
        Part(
            _("changes by imports"),
            ImportChange.objects.filter(Q(number__in=numbers) | Q(kind=MANAGER) & is_manager),
        ),
        Part(_("rejects of imports, of everyone: they are kept for a day"), ImportReject.objects.all()),
        Part(_("known presence, day by day"), EmployeeState.objects.filter(employee__in=people)),
        Part(_("place in the reporting lines"), ReportingLine.objects.filter(employee__in=people)),
        Part(_("accounts that see the person's team"), TeamAccess.objects.filter(employee__in=people)),
        Part(_("answers of HR about the presence"), PresenceAnswer.objects.filter(employee__in=people)),
        Part(str(FollowedMerge._meta.verbose_name_plural), FollowedMerge.objects.filter(merge__in=merges)),
        Part(_("merged numbers"), merges),
        Part(_("clean features"), EmployeeFeatures.objects.filter(employee__in=people)),
        Part(_("changes of cases"), CaseChange.objects.filter(case__in=cases)),
        Part(_("notes of talks"), CaseNote.objects.filter(case__in=cases)),
        Part(_("agreed actions"), CaseAction.objects.filter(case__in=cases)),
        Part(_("cases"), cases),
        Part(_("places in draws"), DrawnPerson.objects.filter(employee__in=people)),
        Part(_("changes of requests"), DataRequestChange.objects.filter(request__in=requests)),
        Part(_("requests about the own data"), requests),
        Part(str(LegalHold._meta.verbose_name_plural), LegalHold.objects.filter(employee__in=people)),
        Part(str(Correction._meta.verbose_name_plural), Correction.objects.filter(employee__in=people)),
        Part(_("exit interviews"), ExitInterview.objects.filter(employee__in=people)),
        Part(_("parts of exported files"), ExportPiece.objects.all()),
        Part(_("exported files, of everyone: they are kept for a day"), Export.objects.all()),
        Part(_("saved views that name the person"), SavedView.objects.filter(_in_query(numbers, names))),
        Part(
            _("saved segments of the person's team"),
            SavedSegment.objects.filter(Q(**{f"conditions__{MANAGER}__in": [*numbers, *map(str, numbers)]})),
        ),
        Part(
            _("people who have the person as their manager"),
            AnnuaireRow.objects.filter(responsable__in=numbers),
            {MANAGER: None},
        ),
        Part(_("figures of the person's team"), RunCell.objects.filter(responsable__in=numbers), {MANAGER: None}),
        *(
            Part(
                _("thresholds at which the person was the last one over it"),
                table.objects.filter(last_tied__in=numbers),
                {"last_tied": F("last_tied") - 1},  # the same people are over it
            )
            for table in (ScoringRun, ThresholdDecision)
        ),
        Part(
            _("records of the administration"),
            LogEntry.objects.filter(
                content_type__app_label="employees",
                content_type__model="employee",
                object_id__in=people.annotate(text=Cast("pk", TextField())).values("text"),
            ),
        ),
    ]


def counted(rows: Sequence[QuerySet]) -> list[int]:
    """How many rows each of these has. One query."""
    each = [
        some.order_by().annotate(which=Value(place)).values("which").annotate(rows_found=Count("*"))
        for place, some in enumerate(rows)
    ]
    found = {row["which"]: row["rows_found"] for row in each[0].union(*each[1:], all=True)}
    return [found.get(place, 0) for place in range(len(rows))]


def _in_query(numbers: Collection[int], names: Collection[str]) -> Q:
    found = Q(query__regex=rf"(^|\D)({'|'.join(map(str, numbers))})(\D|$)")
    for name in names:
        for written in {name, fold(name), quote(name), quote_plus(name)}:
            found |= Q(query__icontains=written)
    return found
