"""Template context: the main menu, the link to the import, and the horizon of the scores."""

from collections.abc import Callable, Iterator, Mapping

from django.urls import reverse
from django.utils.translation import gettext as _

from employees.access import may_answer, may_audit, scope_of
from employees.workforce.clarifying import count_absent
from predictions.formats import grouped
from predictions.ml.artifacts.store import ArtifactError
from predictions.pages import data
from predictions.pages.imports.import_page import may_import
from predictions.registry import is_shipped, promoted_model


def navigation(request) -> dict[str, Callable]:
    """The entries and ``may_import``, evaluated only where shown, so that an error page loads no account."""
    return {
        "navigation": lambda: _entries(request),
        "may_import": lambda: may_import(request.user),
        "horizon_of_scores": lambda: _horizon(request),
    }


def _horizon(request) -> str:
    """By when the scores expect a departure, and what speaks against relying on them; empty without a model in use."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    try:
        card = promoted_model().card
    except ArtifactError:
        return ""
    return " ".join(_about(card))


def _about(card: Mapping) -> Iterator[str]:
    if (months := card.get("horizon_months")) is None:
        yield _("The model in use has no horizon: its scores do not tell when anyone will leave.")
    else:
        yield _("The model in use gives the probability of leaving within %(months)s months.") % {"months": months}
    if is_shipped():
        yield _("It came with the program and has learned from fictional employees: train it on your own company.")
    if card.get("doubts") or card.get("leak"):
        yield _("It failed its tests and was published by force: its scores are not to be relied on.")


def _entries(request) -> list[dict]:
    """The entries that this account may open, with the current one marked."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    entries = _pages(user)
    if user.is_staff:
        entries.append(("admin:index", _("Administration")))
    return [_entry(request, name, label) for name, label in entries]


def _pages(user) -> list[tuple[str, str]]:
    scope = scope_of(user)
    if scope.is_empty and not may_audit(user):
        return []
    entries = [("overview", _("Overview"))]
    if may_answer(user):
        entries.append(("clarify", _to_clarify(count_absent(scope))))
    if not scope.is_empty:
        entries += [("employees", _("Risk list")), ("departures", _("Departures")), ("simulate", _("Simulate"))]
    entries.append(("history", _("History")))
    if may_import(user):
        entries.append(("import", _("Import")))
    elif may_audit(user):
        entries.append(("import_loads", _("Loads")))
    if data.may_read(user):
        entries.append(("data", _("Data")))
    return [*entries, ("model", _("The model"))]


def _to_clarify(count: int) -> str:
    return _("To clarify (%(count)s)") % {"count": grouped(count)} if count else _("To clarify")


def _entry(request, name: str, label: str) -> dict:
    href = reverse(name)
    is_current = request.path == href or (href != "/" and request.path.startswith(href))
    return {"href": href, "label": label, "is_current": is_current}
