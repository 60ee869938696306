"""The lottery of talks: where more people are over the threshold than can be met, chance decides who is met first.

It wrongs nobody more than a list that ends somewhere does, and it alone shows what talks cause. Who is drawn follows
from a seed that was made with HR's decision, before anybody was scored; it is recorded with the run and stays. As many
people take part beside those drawn, by lot too, since two sides of one size tell the most; the others are left for the
next draw. Somebody takes part once within the horizon, whatever is done afterwards.
"""

import hashlib
from datetime import date

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from predictions.followup.models import Case, Draw, DrawnPerson
from predictions.followup.selectors import in_no_draw, set_aside
from predictions.models import LotteryDecision, Prediction, ScoringRun


def lottery_in_force() -> LotteryDecision | None:
    """The newest decision, unless it switched the lottery off. One query."""
    newest = LotteryDecision.objects.select_related("decided_by").first()
    return newest if newest and newest.talks else None


def set_lottery(*, talks: int | None, reason: str, user: User) -> LotteryDecision:
    """Draw so many people at each scoring from now on; None switches the lottery off."""
    return LotteryDecision.objects.create(talks=talks, reason=reason, decided_by=user)


def draw(run: ScoringRun, decision: LotteryDecision | None = None) -> Draw | None:
    """Draw among the people of a run that was just made, in its transaction; None where there is nothing to draw.

    Those over the threshold may take part who have no open case, were not set aside and took part in no draw within the
    horizon: by lot, as many as there are talks are drawn, and as many are not. Of a day that was scored before, the
    talks are counted that its earlier draws have given.
    """
    decision = decision or lottery_in_force()
    if decision is None or decision.talks is None:
        return None
    names = ("employee", "employee__employee_id", "employee__departement", "probability")
    people = list(who_may_take_part(run).values_list(*names))
    talks = decision.talks - _given(run.day)
    if talks < 1 or len(people) <= talks:
        return None
    people.sort(key=lambda person: lot(decision.seed, run.pk, person[1]))
    found = Draw.objects.create(run=run, decision=decision, as_of=run.day, talks=talks)
    DrawnPerson.objects.bulk_create(
        DrawnPerson(draw=found, employee_id=key, departement=department, probability=risk, is_drawn=place < talks)
        for place, (key, _number, department, risk) in enumerate(people[: 2 * talks])
    )
    return found


def who_may_take_part(run: ScoringRun) -> QuerySet[Prediction]:
    """The predictions of a run whose people can be drawn, as things are now."""
    has_case = Exists(Case.objects.is_open().filter(employee=OuterRef("employee")))
    return in_no_draw(run.predictions.filter(~has_case & ~set_aside(), predicted_class=True), run)


def _given(day: date) -> int:
    return DrawnPerson.objects.filter(draw__as_of=day, is_drawn=True).count()


def lot(seed: str, run: int, number: int) -> str:
    """The lot of somebody at a run: the lowest ones are drawn, the next ones not. Who knows the seed can draw again."""
    return hashlib.sha256(f"{seed} {run} {number}".encode()).hexdigest()
