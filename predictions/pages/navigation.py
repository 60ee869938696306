"""The main menu, for every template."""

from collections.abc import Callable
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _


def navigation(request) -> dict[str, Callable[[], list[dict]]]:
    """The entries, made where a template shows them: an error page without a menu asks for no account."""
    return {"navigation": partial(_entries, request)}


def _entries(request) -> list[dict]:
    """What this account may open, with the current one marked."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    entries = [
        ("overview", _("Overview")),
        ("employees", _("Risk list")),
        ("simulate", _("Simulate")),
        ("history", _("History")),
    ]
    if user.has_perm("employees.add_employee"):
        entries.append(("import", _("Import")))
    entries.append(("model", _("The model")))
    if user.is_staff:
        entries.append(("admin:index", _("Administration")))
    return [_entry(request, name, label) for name, label in entries]


def _entry(request, name: str, label: str) -> dict:
    href = reverse(name)
    is_current = request.path == href or (href != "/" and request.path.startswith(href))
    return {"href": href, "label": label, "is_current": is_current}
