"""Why a person cannot be erased now, and from which day on; in the active language."""

from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from employees.models import Employee, EmployeeState, Presence
from predictions.ml.periods import months_before
from predictions.models import Case
from predictions.rights.holds import hold_of
from predictions.rights.models import DataRequest


class NotErasable(Exception):
    """The law or an open matter keeps a person; ``day`` is when they may go, if it is known."""

    def __init__(self, text: str, day: date | None = None):
        self.day = day
        super().__init__(text)


def refusal(employee: Employee, *, today: date) -> NotErasable | None:
    """Why a person cannot be erased now; None if nothing keeps them. Four queries."""
    number = str(employee.employee_id)  # a text: grouped digits would be no number of anybody
    if held := hold_of(employee):
        text = _(
            "%(number)s is held for a dispute since %(day)s (GDPR, article 17(3)(e)): nothing about them is deleted "
            "until the hold is lifted, among the person's rights."
        )
        return NotErasable(text % {"number": number, "day": date_format(timezone.localtime(held.set_at))})
    if employee.is_present:
        text = _(
            "%(number)s is employed: the employment contract needs the data (GDPR, articles 6(1)(b) and 17(3)(b)). "
            "They may go %(months)s months after a departure."
        )
        return NotErasable(text % {"number": number, "months": settings.CLAIMS_MONTHS})
    if employee.presence == Presence.ABSENT:
        text = _("Whether %(number)s has left is not known: answer it first under “To clarify”.")
        return NotErasable(text % {"number": number})
    if employee.has_left:
        left = EmployeeState.objects.newest().get(employee=employee).left_by
        day = months_before(left, -settings.CLAIMS_MONTHS)
        if today < day:
            text = _(
                "%(number)s left on %(left)s: until %(day)s a claim about the contract may need the data (GDPR, "
                "article 17(3)(e); Code du travail, article L1471-1). They may go from that day on."
            )
            days = {name: date_format(value, "DATE_FORMAT") for name, value in (("left", left), ("day", day))}
            return NotErasable(text % {"number": number, **days}, day)
    if Case.objects.is_open().filter(employee=employee).exists():
        return NotErasable(_("A case about %(number)s is open: close it first.") % {"number": number})
    others = DataRequest.objects.is_open().exclude(kind=DataRequest.Kind.ERASURE)
    if open_one := others.filter(employee=employee).first():
        text = _("%(number)s asked %(what)s, and has no answer yet: answer that request first.")
        return NotErasable(text % {"number": number, "what": open_one.get_kind_display()})
    return None
