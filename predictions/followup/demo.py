"""The demonstration's cases, costs and lottery: fictional, made once."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from employees.models import Employee, EmployeeState, Presence
from predictions.decisions.costs import Range, set_costs
from predictions.followup.lottery import draw, set_lottery
from predictions.followup.models import ActionKind, Case, CaseAction, CaseChange, DrawnPerson
from predictions.followup.services import Wanted, add_note, agree_action, change_case, open_cases
from predictions.models import CostDecision, Draw, LotteryDecision, ScoringRun
from predictions.selectors import runs

WEEK = timedelta(days=7)
TALKS, DRAWS = 40, 4  # a draw, and the runs of the trial
TRIAL = slice(3, 3 + DRAWS)  # of the runs, the oldest first: so that six months have passed since


@transaction.atomic
def make_cases(*, hr: User, manager: User, department: str) -> None:
    """Cases of people at most risk in several states, one of the manager of a department, and a trial of the lottery
    with its closed cases; unless there is a case already."""
    newest, _before = runs.latest_two()
    if newest is None or Case.objects.exists():
        return
    _set_costs(hr)
    riskiest = Employee.objects.filter(predictions__run=newest).order_by("-predictions__probability", "pk")
    today = timezone.localdate()

    def opened(employee: Employee, owner: User, due: date, why: str = "") -> Case:
        (case,) = open_cases(employees=[employee], owner=owner, due=due, why=why, user=owner).cases
        return case

    def moved(case: Case, state: Case.State, due: date, *, aside: str = "", word: str = "", shared: bool = False):
        wanted = Wanted(state, hr, due, shared, aside, word)
        return change_case(case=case, seen=case.changes.latest("pk").pk, wanted=wanted, user=hr)

    first, second, third = riskiest[:3]
    opened(first, hr, today + WEEK)
    talked = moved(opened(second, hr, today - WEEK), Case.State.AGREED, today + 4 * WEEK, shared=True)
    agree_action(case=talked, kind=ActionKind.objects.earliest("pk"), day=today, cost=Decimal(1200), user=hr)
    if settings.NOTES_KEYS:
        text = _("Fictional: would like fewer evenings at work, and a rise that was announced two years ago.")
        add_note(case=talked, day=today - WEEK, who=_("the person, HR"), text=text, is_shared=True, user=hr)
    remark = _("Fictional: a move to another team is already agreed.")
    moved(opened(third, hr, today), Case.State.SET_ASIDE, today, aside=Case.Aside.KNOWN, word=remark)
    own = riskiest.filter(departement=department).exclude(pk__in=[first.pk, second.pk, third.pk]).first()
    if own:
        opened(own, manager, today + WEEK, _("Fictional: has asked about other jobs."))
    _try_a_lottery(hr)


def _set_costs(user: User) -> None:
    ends = [Range(1_500, 4_000), Range(0, 2_500), Range(500, 3_000), Range(0, 1_000)]  # of the first kinds
    set_costs(
        unit=CostDecision.Unit.MONTHS,
        departure=Range(6, 9),
        actions=dict(zip(ActionKind.objects.order_by("pk"), ends, strict=False)),
        reason=_("Fictional: what recruiting and training somebody new has cost in the last years."),
        user=user,
    )


def _try_a_lottery(hr: User) -> None:
    """Some earlier months' draws, and a closed case of everyone who was drawn."""
    earlier = list(ScoringRun.objects.in_force().order_by("as_of"))[TRIAL]
    if not earlier:
        return
    decision = set_lottery(talks=TALKS, reason=_("Fictional: a trial of four months."), user=hr)
    kinds = list(ActionKind.objects.filter(is_action=True).order_by("pk"))
    for run in earlier:
        if found := draw(run, decision):
            Draw.objects.filter(pk=found.pk).update(at=_noon(run.day))
            for place, drawn in enumerate(found.people.filter(is_drawn=True).select_related("employee")):
                _closed(drawn, run, kinds[place % len(kinds)], place, hr)
    LotteryDecision.objects.filter(pk=decision.pk).update(decided_at=_noon(earlier[0].day - timedelta(days=1)))
    over = set_lottery(talks=None, reason=_("Fictional: the trial is over."), user=hr)
    LotteryDecision.objects.filter(pk=over.pk).update(decided_at=_noon(earlier[-1].day + WEEK))


def _closed(drawn: DrawnPerson, run: ScoringRun, kind: ActionKind, place: int, hr: User) -> None:
    """A case that was opened after the run, with an action two to four weeks later unless the person had left by then;
    closed by what became of the person."""
    employee, opened_on = drawn.employee, run.day + timedelta(days=3)
    acted_on = opened_on + timedelta(days=14 + place % 15)
    newest = EmployeeState.objects.newest().filter(employee=employee, presence=Presence.LEFT).first()
    left_by = newest.left_by if newest else None
    closed_on = left_by or opened_on + timedelta(days=120)
    state = Case.State.LEFT if left_by else Case.State.STAYED
    was_met = left_by is None or left_by > acted_on
    case = Case.objects.create(
        employee=employee,
        departement=drawn.departement,
        prediction=run.predictions.only("pk").get(employee=employee),
        probability=drawn.probability,
        opened_at=_noon(opened_on),
        opened_by=hr,
        owner=hr,
        due=acted_on,
        state=state,
        closed_at=_noon(max(closed_on, opened_on)),
        acted_on=acted_on if was_met else None,
    )
    steps = [(opened_on, Case.State.TO_PLAN), (max(closed_on, opened_on), state)]
    said: dict[str, Any] = {"case": case, "by": hr, "owner": hr, "due": acted_on, "is_shared": False}
    changes = [CaseChange(at=_noon(day), state=each, **said) for day, each in steps]
    if was_met:
        action = CaseAction.objects.create(case=case, kind=kind, day=acted_on, at=_noon(acted_on), by=hr)
        agreed = said | {"at": _noon(acted_on), "state": Case.State.AGREED}
        told = CaseChange(what=CaseChange.What.ACTION, action=action, **agreed)
        changes[1:1] = [CaseChange(**agreed), told]
    CaseChange.objects.bulk_create(changes)


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))
