"""Which days are plausible for what is planned and noted in a case; a wrong year is told with the rule."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.followup.models import Case
from predictions.ml.periods import months_before

AHEAD, BEFORE = 24, 12  # months


def check_due(day: date) -> date:
    """A day by which something is to be done: today or later, and not years ahead."""
    if day < timezone.localdate():
        raise ValidationError(_("This day has passed: choose today or a later one."))
    return check_ahead(day)


def check_ahead(day: date) -> date:
    latest = months_before(timezone.localdate(), -AHEAD)
    if day > latest:
        text = _("%(day)s is more than two years ahead: check the year, or choose a day until %(latest)s.")
        raise ValidationError(text % {"day": date_format(day), "latest": date_format(latest)})
    return day


def check_of_case(day: date, case: Case) -> date:
    """A day of a talk or an action: a year before the case was opened at most, and not years ahead."""
    opened = timezone.localdate(case.opened_at)
    earliest = months_before(opened, BEFORE)
    if day < earliest:
        text = _(
            "%(day)s is more than a year before the case was opened, on %(opened)s: check the year, or choose a day"
            " since %(earliest)s."
        )
        days = {"day": day, "opened": opened, "earliest": earliest}
        raise ValidationError(text % {name: date_format(value) for name, value in days.items()})
    return check_ahead(day)
