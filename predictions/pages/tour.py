"""A short tour: what is where, for this account, on Today after its first sign-in until it is put away."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from employees.access import may_audit, may_follow, may_read_figures, may_weigh, scope_of
from predictions.accounts.adapters import NEWCOMER
from predictions.pages import data
from predictions.pages.imports.import_page import may_import
from predictions.rights.selectors import may_read_requests


@dataclass(frozen=True, slots=True)
class Step:
    """A page of the menu, and what it is for."""

    icon: str
    label: str
    text: str
    href: str


def steps(request: HttpRequest) -> list[Step]:
    """The tour of an account that signed in for the first time, or asked for it; else nothing. No query."""
    if "tour" not in request.GET and NEWCOMER not in request.session:
        return []
    user = request.user
    sees_people = not scope_of(user).is_empty
    told = {
        "overview": ("today", _("Today"), _("Whom to see this week and why, what waits for you, what has changed."))
        if sees_people
        else ("today", _("Today"), _("The risk by department and job. Your account sees no individuals.")),
    }
    if sees_people:
        text = _("Everyone present, the riskiest first. Search, filter, compare; by keyboard with j, k, Enter and /.")
        told["employees"] = ("people", _("Employees"), text)
    if may_follow(user) and sees_people:
        text = _("Open a case for a person, note the talk, agree on what will be done, and see what became of it.")
        told["cases"] = ("cases", _("Follow-up"), text)
    elif may_weigh(user):
        text = _("Whether talks and actions helped, what they cost and what they saved.")
        told["cases_effect"] = ("cases", _("Follow-up"), text)
    if may_import(user):
        told["import"] = ("import", _("Imports"), _("Each month's extracts go in here. Nothing is written unseen."))
    if may_audit(user):
        text = _("Who looked at whom, when and what for.")
        told["journal"] = ("eye", _("Access journal"), text)
        text = _("The predictions that were made, by whom and with which model; which files they come from.")
        told["history"] = ("log", _("History"), text)
    if may_audit(user) and may_read_requests(user):
        text = _("What people asked about their data, and until when they want an answer.")
        told["requests"] = ("account", _("Requests"), text)
    if may_audit(user) and data.may_read(user):
        text = _("The impact assessment, the register and the works council's file, from this installation's facts.")
        told["compliance"] = ("compliance", _("Compliance"), text)
    told["teams"] = ("teams", _("Teams"), _("Departures by department, job, site or manager: expected and real."))
    told["report"] = ("report", _("Report"), _("A few pages for the management, as PDF, without individuals."))
    if may_read_figures(user):
        text = _("How often it is right, whether it is fair, and what it may not be used for.")
        told["model"] = ("model", _("Model"), text)
    return [Step(*found, href=reverse(name)) for name, found in told.items()]


@require_POST
def put_away(request: HttpRequest) -> HttpResponse:
    """End the tour for good."""
    request.session.pop(NEWCOMER, None)
    return redirect("overview")
