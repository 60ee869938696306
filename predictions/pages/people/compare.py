"""Two to four people side by side: risk, change, strongest reasons, and what sets their profiles apart."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import readable_to, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.selectors import own_numbers
from features import readable_features
from predictions.explanation import Reason, in_full
from predictions.pages.people import forms, risk_list
from predictions.pages.people.employee import PROFILE
from predictions.pages.people.list_form import SIZES
from predictions.pages.people.shown_score import Shown
from predictions.selectors import ranking, runs
from technova.web.requests import Request

LEAST, MOST = 2, 4
LISTED = SIZES[-1]  # of whom to choose: as many as a page of the list can tick
REASONS = 5


@dataclass(frozen=True, slots=True)
class Compared:
    row: risk_list.RiskRow
    score: Shown
    raising: list[Reason]
    lowering: list[Reason]

    @property
    def called(self) -> str:
        """The name, where it is known, else the number."""
        of_row: Any = self.row.prediction
        return of_row.name or _("No. %(number)s") % {"number": of_row.employee.employee_id}


@require_safe
def compare(request: Request) -> HttpResponse:
    """The page, or of too many people the ticks, to take some away.

    Whoever is not listed within the scope is left out without a word, as in the list.
    """
    asked = [int(text) for text in request.GET.getlist("id") if text.isascii() and text.isdigit() and len(text) <= 10]
    asked = [number for number in dict.fromkeys(asked) if number <= MAX_EMPLOYEE_ID][:LISTED]
    numbers = list(dict.fromkeys(own_numbers(asked).values()))
    scope, readable = scope_of(request.user), readable_to(request.user)
    run, before = runs.latest_two()
    found: list[Any] = []
    if run and len(numbers) >= LEAST:
        rows = ranking.narrowed(run, scope, ranking.Narrowing(numbers=numbers))
        found = ranking.page_of(rows, before, stop=LISTED, scope=scope, readable=readable, user=request.user)
    if len(found) > MOST:
        journal.record_rows(journal.What.LIST, [row.employee_id for row in found], user=request.user)
        return render(request, "employees/too_many.html", {"ticked": found, "most": MOST})
    people = []
    for row in risk_list.rows_of(found, run, before, readable):
        score = Shown(row.prediction, readable)
        raising = [reason for reason in score.reasons if reason.raises_risk][:REASONS]
        lowering = [reason for reason in score.reasons if not reason.raises_risk][:REASONS]
        people.append(Compared(row, score, raising, lowering))
    context: dict[str, Any] = {"people": people if len(people) >= LEAST else [], "run": run, "before": before}
    context["profile"] = _profile(context["people"])
    for each in context["people"]:
        journal.record(journal.What.PERSON, user=request.user, employee=each.row.prediction.employee)
    context["withheld"] = readable_features.withheld(readable, PROFILE)
    return render(request, "employees/compare.html", context)


def _profile(people: list[Compared]) -> list[tuple[str, list[tuple[str, str]], bool]]:
    """Label, who has which value, and whether they differ; what none may be read is left out."""
    lines = []
    for name in PROFILE:
        feature = forms.INPUTS[name]
        if any(name not in each.score.values for each in people):
            continue
        values = [in_full(feature, each.score.values[name]) for each in people]
        of_each = [(each.called, value) for each, value in zip(people, values, strict=True)]
        lines.append((_(feature.label), of_each, len(set(values)) > 1))
    return lines
