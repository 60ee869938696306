"""The outcome of a contest, which stands beside the score, not instead of it."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from employees.access import Readable
from employees.models import Employee
from predictions.formats import percent
from predictions.rights.models import DataRequest


def contest_of(employee: Employee, readable: Readable, *, is_to_them: bool = False) -> str:
    """The newest contest of a person's score in the active language: that it waits, or who decided what, and why.

    ``is_to_them`` speaks to the person.
    Empty for none. The reason, which may tell any of the data, is for whoever reads everything. One query.
    """
    found = DataRequest.objects.filter(employee=employee, kind=DataRequest.Kind.CONTEST)
    contest = found.select_related("handled_by").order_by("-id").first()
    if contest is None:
        return ""
    values = {"day": date_format(contest.received_on)}
    if contest.probability is None:
        text = (
            _("You contested your score on %(day)s.")
            if is_to_them
            else _("The person contested their score on %(day)s.")
        )
    else:
        values["risk"] = percent(contest.probability)
        text = (
            _("You contested the score of %(risk)s on %(day)s.")
            if is_to_them
            else _("The person contested the score of %(risk)s on %(day)s.")
        )
    told = text % values
    if contest.is_open or contest.answered_on is None:
        waits = _("Somebody is to look at it again.")
        return f"{told} {waits}"
    decided = {"user": str(contest.handled_by or "–"), "day": date_format(contest.answered_on)}
    if contest.state == DataRequest.State.GRANTED:
        outcome = _("%(user)s looked at it again and decided on %(day)s: it is not to be relied on.") % decided
    else:
        outcome = _("%(user)s looked at it again and decided on %(day)s: it stands.") % decided
    return " ".join([told, outcome, *([contest.answer] if readable.reads_everything else [])])
