"""The pages of the menu's entry about cases, and who may open which."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees.access import for_figures, may_follow, may_weigh, only_for, scope_of
from technova.web.requests import Request

VIEWS = {
    "mine": gettext_lazy("My week"),
    "open": gettext_lazy("All open cases"),
    "closed": gettext_lazy("Closed"),
}

for_followers = only_for(may_follow)


def for_weighers(view):
    """Open a page that shows figures of groups alone to HR, and to whoever reads such figures."""
    return for_figures(only_for(may_weigh)(view))


def tabs(request: Request, view: str = "") -> list[dict]:
    """The pages that this account may open, the current one marked; ``view`` is that of the list of cases."""
    found: list[tuple[str, Any, bool]] = []
    if may_follow(request.user) and not scope_of(request.user).is_empty:
        found += [(f"{reverse('cases')}?view={name}", label, name == view) for name, label in VIEWS.items()]
    if may_weigh(request.user):
        pages = {"cases_effect": _("Did it help?"), "cases_costs": _("Costs")}
        found += [(reverse(name), label, request.path == reverse(name)) for name, label in pages.items()]
    return [{"href": href, "label": label, "is_current": is_current} for href, label, is_current in found]
