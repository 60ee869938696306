"""The columns of a list of cases: on the page and as a file."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from predictions.followup.models import Case
from predictions.formats import percent
from predictions.pages.listings import Cell, Listing, ShownRow, shown_cell
from predictions.pages.people.list_form import label


def file_of(rows: QuerySet[Case]) -> Listing:
    """As a file, without names and without a word of what was said."""
    columns = [
        _("Employee number"),
        _("Department"),
        _("State"),
        _("Why set aside"),
        _("Responsible"),
        _("Due"),
        _("Opened"),
        _("Closed"),
        _("Risk when opened"),
    ]
    return Listing(_("Cases"), columns, rows, _cells)


def _cells(case: Case) -> Sequence[Cell]:
    return [
        case.employee.employee_id,
        label("departement", case.departement),
        capfirst(case.get_state_display()),
        case.get_aside_display(),
        str(case.owner),
        case.due,
        timezone.localdate(case.opened_at),
        timezone.localdate(case.closed_at) if case.closed_at else None,
        _("Not scored: objection") if case.employee.objected_on else case.risk_then and round(case.risk_then, 4),
    ]


def shown(cases: Iterable[Case], *, is_closed: bool) -> tuple[list[str], list[ShownRow]]:
    """The titles and the rows of a page; of closed cases the day on which they were closed."""
    day = _("Closed") if is_closed else _("Due")
    columns = [_("Employee"), _("State"), day, _("Responsible"), _("Risk when opened")]
    return columns, [_row(case, columns) for case in cases]


def unseen(case: Case) -> str:
    """Why a case is in nobody's week; empty for one that is."""
    if not case.is_unseen:
        return ""
    is_closed = case.owner and not case.owner.is_active
    return _("account closed") if is_closed else _("does not see this person any more")


def _row(case: Case, columns: Sequence[str]) -> ShownRow:
    state = capfirst(case.get_state_display())
    if case.is_open and case.employee.has_left:
        gone = _("the person has left")
        state = f"{state} · {gone}"
    day = shown_cell(timezone.localdate(case.closed_at) if case.closed_at else case.due)
    if case.is_overdue:
        late = _("overdue")
        day = f"{day} · {late}"
    risk = "–" if case.risk_then is None else percent(case.risk_then)
    risk = _("Not scored: objection") if case.employee.objected_on else risk
    number = case.employee.employee_id
    owner = str(case.owner)
    if why := unseen(case):
        owner = f"{owner} · {why}"
    cells = [str(number), state, day, owner, risk]
    href = reverse("cases_case", args=[case.pk])
    name = getattr(case, "name", "")
    return ShownRow(number=number, name=name, href=href, cells=list(zip(columns, cells, strict=True)))
