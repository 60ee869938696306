"""How many people the sums and lists leave out at their own request, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from employees.access import Scope
from employees.disclosure import is_small
from predictions.formats import grouped
from predictions.models import ScoringRun
from predictions.selectors import people


def own_job(scope: Scope) -> str:
    """The sentence on who is in no sum of *Teams* beside the own score; empty if nobody is left out for it."""
    if not (scope.team and scope.departments):
        return ""
    return _(
        "In your department, people of your own job and level are counted only if they are of your team: your own "
        "score could be found by subtraction."
    )


def left_out(run: ScoringRun | None, scope: Scope, *, sees_people: bool) -> str:
    """The sentence on people who are not scored; empty if there are none, a small number only for who sees them.

    ``run`` is of ``runs.latest_two``. A query where somebody objects, and the scope is a part of the company.
    """
    number = run.objecting if run else 0
    if number and not scope.sees_everyone:
        number = people.left_out(scope)
    if not number:
        return ""
    if is_small(number) and not sees_people:
        return _("Fewer than five people are left out: they object to being scored.")
    text = ngettext(
        "%(number)s person is left out: they object to being scored.",
        "%(number)s people are left out: they object to being scored.",
        number,
    )
    return text % {"number": grouped(number)}
