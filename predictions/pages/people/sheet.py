"""The sheet for a talk with a person: what their page says, on one A4 page with room for notes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees import journal, terms
from employees.access import Readable, readable_to, scope_of
from employees.models import Employee
from features import readable_features, schema
from features.models import EmployeeFeatures
from predictions import levers
from predictions.explanation import display, in_full
from predictions.formats import horizon, money, percent, signed
from predictions.pages.pdf import typeset
from predictions.pages.people import forms
from predictions.pages.people.employee import PROFILE
from predictions.pages.people.shown_score import Shown
from predictions.registry import current_model
from predictions.selectors import people
from technova.web.requests import Request

SOURCE = Path(settings.BASE_DIR, "templates/employee/sheet.typ")
REASONS, SCORES = 6, 12  # shown at most


@dataclass(frozen=True, slots=True)
class ReasonLine:
    phrase: str
    points: str
    length: float  # of its bar, as a share of the longest
    is_raising: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Texts as they are shown, and lengths as shares of one."""

    language: str
    company: str
    title: str
    who: str
    summary: str
    confidentiality: str
    prepared: str
    author: str
    footer: str
    page_of: str
    risk_title: str
    risk: str  # empty without a score
    band: str
    risk_notes: list[str]
    reasons_title: str
    reasons: list[ReasonLine]
    levers_title: str
    levers: list[tuple[str, str]]
    levers_note: str
    profile_title: str
    profile: list[tuple[str, str]]
    withheld: str
    path_title: str
    path: list[tuple[str, str, float]]  # day, risk in words and as a share
    advice_title: str
    advice: list[str]
    notes_title: str


@require_safe
def sheet(request: Request, employee_id: int) -> HttpResponse:
    """The PDF, for somebody whose page the account opens; without a score it has the profile alone.

    A merged number redirects to its person.
    """
    scope, readable = scope_of(request.user), readable_to(request.user)
    row = people.clean_features(employee_id, scope, readable, request.user)
    if row is None:
        person = people.person(employee_id, scope, readable)
        if person is None or person.employee_id == employee_id:
            raise Http404
        return redirect("employee_sheet", person.employee_id)
    known = people.known_values(row.employee)
    history = [Shown(score, readable) for score in people.scores(row.employee, scope)]
    author = request.user.get_full_name() or request.user.get_username()
    values = row.values() | people.satisfactions(known)
    moves = levers.levers(values, current_model(), readable) if row.employee.is_to_be_scored else []
    found = _sheet(row, values, history, moves, readable, author)
    failed = _("The PDF could not be made. The page shows the same figures.")
    document = typeset(request, SOURCE, asdict(found), failed=failed)
    if document is None:
        return redirect("employee", employee_id)
    journal.record(journal.What.FILE, user=request.user, employee=row.employee)
    name = _("sheet")
    headers = {"Content-Disposition": f'inline; filename="technova-{name}-{employee_id}-{localdate():%Y-%m-%d}.pdf"'}
    return HttpResponse(document, content_type="application/pdf", headers=headers)


def _sheet(
    row: EmployeeFeatures,
    values: Mapping[str, object],
    history: list[Shown],
    moves: list[levers.Lever],
    readable: Readable,
    author: str,
) -> Sheet:
    shown = readable_features.values_for(readable, {name: _now(name, value) for name, value in values.items()})
    number = row.employee.employee_id
    name = getattr(row, "name", "")
    score = history[0] if history else None
    return Sheet(
        language=get_language() or settings.LANGUAGE_CODE,
        company=settings.COMPANY_NAME,
        title=_("For a talk"),
        who=name or _("Employee %(number)s") % {"number": number},
        summary=" · ".join(
            [
                *([_("No. %(number)s") % {"number": number}] if name else []),
                *(display(schema.BY_NAME[each], shown[each]) for each in ("poste", "departement") if each in shown),
            ]
        ),
        confidentiality=_("Confidential, for the talk with this person: pass it on to nobody, destroy it afterwards."),
        prepared=date_format(localdate()),
        author=author,
        footer=_("Confidential"),
        page_of=_("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
        risk_title=_("Risk of leaving %(horizon)s")
        % {"horizon": horizon(score.prediction.horizon_months if score else None)},
        risk=_risk(score) if score else "",
        band=str(score.band.label) if score and not score.is_unknown else "",
        risk_notes=_risk_notes(score) if score else [_without_score(row.employee)],
        reasons_title=_("Why"),
        reasons=_reasons(score) if score else [],
        levers_title=_("What goes with a lower risk"),
        levers=[(_with_cost(move), _points(move.points)) for move in moves],
        levers_note=_("This goes with fewer departures among people with these values; no measure was tested."),
        profile_title=_("Profile"),
        profile=[
            (_(forms.INPUTS[each].label), in_full(forms.INPUTS[each], shown[each])) for each in PROFILE if each in shown
        ],
        withheld=_withheld(readable),
        path_title=_("Risk over time"),
        path=_path(history),
        advice_title=_("A score is advice"),
        advice=[
            _("People decide, after talking to the person. A score alone justifies nothing, for or against anyone."),
            _("The reasons say what the forecast rests on, not what moves this person: ask."),
        ],
        notes_title=_("Notes"),
    )


def _now(name: str, value: object) -> object:
    """A word that was merged since the features were built is the other one."""
    return terms.resolve(name, value) if isinstance(value, str) else value


def _withheld(readable: Readable) -> str:
    what = readable_features.withheld(readable, PROFILE)
    return _("Not shown to your account: %(what)s.") % {"what": what} if what else ""


def _risk(score: Shown) -> str:
    return str(score.band.label) if score.is_unknown else percent(score.prediction.probability)


def _without_score(employee: Employee) -> str:
    return _("Not scored: objection") if employee.objected_on else _("No score yet")


def _risk_notes(score: Shown) -> list[str]:
    prediction = score.prediction
    threshold = {"threshold": percent(prediction.threshold), "day": date_format(prediction.day)}
    return [
        *([score.interval] if score.interval else []),
        _("As of %(day)s; the threshold is %(threshold)s.") % threshold,
    ]


def _reasons(score: Shown) -> list[ReasonLine]:
    found = score.reasons[:REASONS]
    longest = max((abs(reason.points) for reason in found), default=0) or 1
    return [
        ReasonLine(
            reason.phrase,
            _points(reason.shown),
            abs(reason.points) / longest,
            reason.raises_risk,
        )
        for reason in found
    ]


def _with_cost(move: levers.Lever) -> str:
    if move.yearly_cost is None:
        return move.label
    return _("%(lever)s, %(cost)s a year") % {"lever": move.label, "cost": money(move.yearly_cost)}


def _points(share: float) -> str:
    return _("%(points)s points") % {"points": signed(share * 100, 1)}


def _path(history: list[Shown]) -> list[tuple[str, str, float]]:
    """The last scores of the newest one's horizon, the oldest first; nothing to compare for a single one."""
    alike = [
        score.prediction for score in history if score.prediction.horizon_months == history[0].prediction.horizon_months
    ][:SCORES]
    if len(alike) < 2:
        return []
    return [(date_format(score.day, "N y"), percent(score.probability, 0), score.probability) for score in alike[::-1]]
