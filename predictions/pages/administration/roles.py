"""The roles: who sees, reads and does what, from the table that the program itself goes by."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from employees.access import may_administer, may_audit, only_for, roles_in_words
from predictions.accounts.second_factor import STAFF
from predictions.pages.administration.sections import tabs_of
from technova.web.requests import Request


def may_read(user) -> bool:
    """Whoever gives roles, and whoever checks that they are the right ones."""
    return may_administer(user) or may_audit(user)


@require_safe
@only_for(may_read)
def roles(request: Request) -> HttpResponse:
    needing = set(settings.SECOND_FACTOR_ROLES)
    context = {
        "tabs": tabs_of(request.user, "administration_roles"),
        "roles": roles_in_words(),
        "needing": ", ".join(sorted(needing - {STAFF})),
        "staff_needs": STAFF in needing,
        "groups": sorted(settings.SSO_ROLES.items()),
    }
    return render(request, "administration/roles.html", context)
