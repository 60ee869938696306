"""Template context: the main menu, the link to the import, and the horizon of the scores."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from employees.access import Scope, may_answer, may_audit, may_follow, may_read_figures, may_weigh, scope_of
from employees.workforce.clarifying import count_absent
from predictions.formats import grouped
from predictions.ml.artifacts.store import ArtifactError
from predictions.pages import data
from predictions.pages.administration.sections import tabs_of
from predictions.pages.imports.import_page import may_import
from predictions.registry import is_consultation_recorded, is_shipped, promoted_model
from predictions.rights.selectors import may_read_requests


def navigation(request) -> dict[str, Callable]:
    """The entries and ``may_import``, evaluated only where shown, so that an error page loads no account."""
    return {
        "navigation": lambda: _entries(request),
        "may_import": lambda: may_import(request.user),
        "administration_href": lambda: _administration(request),
        "horizon_of_scores": lambda: _horizon(request),
    }


def _administration(request) -> str:
    """The first page of the administration that the account may open."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or (scope_of(user).is_empty and not may_read_figures(user)):
        return ""
    return next((str(tab["href"]) for tab in tabs_of(user)), "")


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
        yield _(
            "The model in use is a classification without a horizon: its scores tell who resembles those who have "
            "left, not when anyone will leave."
        )
    else:
        yield _("The model in use gives the probability of leaving within %(months)s months.") % {"months": months}
    if is_shipped():
        yield _("It came with the program and has learned from fictional employees: train it on your own company.")
    if not is_consultation_recorded():
        yield _("Works council: consultation not recorded.")
    if card.get("doubts") or card.get("leak"):
        yield _("It failed its tests and was published by force: its scores are not to be relied on.")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the menu: the name of its address, its label, its icon, and how many things wait there."""

    name: str
    label: str
    icon: str
    count: str = ""
    is_current: bool = False

    @property
    def href(self) -> str:
        return reverse(self.name)


def _entries(request) -> dict[str, list[Entry]]:
    """The entries that this account may open: those that people come for, and the tools; the current one is marked."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    scope = scope_of(user)
    if scope.is_empty and not may_read_figures(user):
        main: list[Entry] = []
        tools: list[Entry] = []
    else:
        main, tools = _main(user, scope, getattr(request, "count_absent", None)), _tools(user, scope)
    if user.is_staff:
        tools.append(Entry("admin:index", _("Django's administration"), "settings"))
    return {"main": _marked(request, main), "tools": _marked(request, tools)}


def _main(user, scope: Scope, known_absent: int | None) -> list[Entry]:
    """``known_absent`` is how many people are absent, where the page has counted them."""
    entries = [Entry("overview", _("Today"), "today")]
    if not scope.is_empty:
        entries.append(Entry("employees", _("Employees"), "people"))
    if may_follow(user) and not scope.is_empty:
        entries.append(Entry("cases", _("Follow-up"), "cases"))
    elif may_weigh(user):
        entries.append(Entry("cases_effect", _("Follow-up"), "cases"))
    entries += [Entry("teams", _("Teams"), "teams"), Entry("report", _("Report"), "report")]
    if may_answer(user):
        absent = count_absent(scope) if known_absent is None else known_absent
        entries.append(Entry("clarify", _("To clarify"), "question", grouped(absent) if absent else ""))
    if may_import(user):
        entries.append(Entry("import", _("Imports"), "import"))
    elif may_audit(user):
        entries.append(Entry("import_loads", _("Loads"), "import"))
    return [*entries, Entry("model", _("Model"), "model")]


def _tools(user, scope: Scope) -> list[Entry]:
    entries = []
    if not scope.is_empty:
        entries += [Entry("departures", _("Departures"), "left"), Entry("simulate", _("Simulate"), "simulate")]
    if not scope.is_empty or may_audit(user):
        entries.append(Entry("history", _("History"), "log"))
    if may_audit(user):
        entries.append(Entry("journal", _("Access journal"), "eye"))
    if may_read_requests(user):
        entries.append(Entry("requests", _("Requests"), "account"))
    if data.may_read(user):
        entries.append(Entry("data", _("Data"), "data"))
        entries.append(Entry("compliance", _("Compliance"), "compliance"))
    return entries


def _marked(request, entries: list[Entry]) -> list[Entry]:
    return [replace(entry, is_current=_is_current(request, entry.href)) for entry in entries]


def _is_current(request, href: str) -> bool:
    return request.path == href or (href != "/" and request.path.startswith(href))
