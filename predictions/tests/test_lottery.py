"""The lottery of talks, and what the page says of whom it drew and of whose cases: of groups alone, and honestly."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from employees.access import Scope
from employees.models import Employee, Presence
from employees.tests.extracts import load_all
from employees.tests.factories import EmployeeStateFactory
from features.services import build_features
from predictions.followup.effect import Effect
from predictions.followup.evidence import Comparison, Evidence, _most_told, evidence
from predictions.followup.lottery import draw, lot, lottery_in_force, set_lottery
from predictions.followup.models import ActionKind, Case, Draw, DrawnPerson
from predictions.followup.services import add_note, agree_action, delete_note, open_cases
from predictions.models import LotteryDecision, Prediction
from predictions.pages.followup.effect_page import balance, lottery
from predictions.services import score_employees
from predictions.tests.factories import PredictionFactory, ScoringRunFactory
from predictions.tests.scoring import score

pytestmark = pytest.mark.django_db
PAGE = "cases_effect"
START, NEWEST = date(2026, 1, 31), date(2026, 7, 31)
INSIDE = "Consulting"


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def run():
    """Twelve people over the threshold, and two under it."""
    run = ScoringRunFactory(threshold=0.2, as_of=START)
    for number in range(1, 15):
        score(run, number, 0.1 if number > 12 else 0.3 + number / 100, predicted_class=number < 13)
    return run


def _scored_in(run, number):
    """Somebody's score of 50 % in a further run."""
    if before := Prediction.objects.filter(employee__employee_id=number).select_related("features").first():
        return PredictionFactory(
            scored=True, run=run, threshold=0.2, probability=0.5, employee=before.employee, features=before.features
        )
    return score(run, number, 0.5)


def numbers(found, *, is_drawn=True):
    people = found.people.filter(is_drawn=is_drawn)
    return set(people.values_list("employee__employee_id", flat=True))


def test_draw_is_recorded_and_follows_from_its_seed(hr, run):
    decision = set_lottery(talks=4, reason="a trial", user=hr.account)
    found = draw(run)
    by_lot = sorted(range(1, 13), key=lambda number: lot(decision.seed, run.pk, number))
    assert numbers(found) == set(by_lot[:4])
    assert numbers(found, is_drawn=False) == set(by_lot[4:8])  # the others are left for the next draw


def test_seeds_differ(hr):
    first, second = (set_lottery(talks=4, reason="a trial", user=hr.account) for _ in range(2))
    assert first.seed != second.seed


def test_nobody_is_drawn_without_a_lottery_or_with_enough_talks(hr, run):
    assert draw(run) is None
    set_lottery(talks=12, reason="enough", user=hr.account)
    assert draw(run) is None
    set_lottery(talks=None, reason="over", user=hr.account)
    assert lottery_in_force() is None
    assert draw(run) is None
    assert not Draw.objects.exists()


def test_nobody_is_drawn_again_within_the_horizon(hr, run):
    set_lottery(talks=4, reason="a trial", user=hr.account)
    before = set(draw(run).people.values_list("employee", flat=True))
    later = ScoringRunFactory(threshold=0.2, as_of=START + timedelta(days=28))
    for number in range(1, 25):
        _scored_in(later, number)
    again = draw(later)
    assert not before & set(again.people.values_list("employee", flat=True))
    assert again.people.count() == 8


def test_second_run_of_a_day_gives_no_more_talks(hr, run):
    set_lottery(talks=4, reason="a trial", user=hr.account)
    draw(run)
    again = ScoringRunFactory(threshold=0.2, as_of=START)
    for number in range(1, 25):
        _scored_in(again, number)
    assert draw(again) is None


def test_people_with_a_case_take_no_part(hr, run):
    set_lottery(talks=4, reason="a trial", user=hr.account)
    person = Employee.objects.get(employee_id=1)
    open_cases(employees=[person], owner=hr.account, due=START, why="", user=hr.account)
    assert 1 not in numbers(draw(run)) | numbers(Draw.objects.get(), is_drawn=False)


def test_draw_is_made_with_the_scoring(hr):
    load_all(people={number: {"heures_supplementaires": True} for number in range(1, 9)})
    build_features()
    set_lottery(talks=1, reason="a trial", user=hr.account)
    run = score_employees()
    assert run.above_threshold_count > 1
    assert run.draw.people.filter(is_drawn=True).count() == 1
    page = hr.get(reverse("cases"))
    drawn = run.draw.people.get(is_drawn=True).employee
    assert [each["score"].employee for each in page.context["drawn"]] == [drawn]
    newly_over = {each["score"].employee_id: each["score"].lot for each in page.context["newly_over"]}
    assert len(newly_over) == run.above_threshold_count  # whoever was not drawn does not vanish
    assert [key for key, is_drawn in newly_over.items() if is_drawn] == [drawn.pk]


def test_today_proposes_those_drawn_first_and_none_of_those_who_were_not(hr):
    load_all(people={number: {"heures_supplementaires": True} for number in range(1, 6)})
    build_features()
    set_lottery(talks=1, reason="a trial", user=hr.account)
    run = score_employees()
    (drawn,), (passed,) = (list(run.draw.people.filter(is_drawn=each)) for each in (True, False))
    page = hr.get(reverse("overview"))
    proposed = [each.row.prediction.employee_id for each in page.context["people"]]
    assert proposed[0] == drawn.employee_id
    assert len(proposed) > 1
    assert passed.employee_id not in proposed
    assert "A lottery of talks is on" in page.text
    open_cases(employees=[drawn.employee], owner=hr.account, due=START, why="", user=hr.account)
    assert not hr.get(reverse("cases")).context["drawn"]
    set_lottery(talks=None, reason="over", user=hr.account)
    page = hr.get(reverse("overview"))
    assert (
        passed.employee_id in [each.row.prediction.employee_id for each in page.context["people"]] or len(proposed) == 6
    )


def test_people_are_tagged_only_while_the_lottery_is_on(hr):
    load_all(people={number: {"heures_supplementaires": True} for number in range(1, 6)})
    build_features()
    set_lottery(talks=1, reason="a trial", user=hr.account)
    score_employees()
    assert "not drawn" in hr.get(reverse("cases")).text
    set_lottery(talks=None, reason="over", user=hr.account)
    page = hr.get(reverse("cases"))
    assert page.context["newly_over"]
    assert "drawn" not in page.text.partition("<main")[2]


def test_page_says_after_the_newest_run_who_was_drawn_or_why_nobody_was(hr, browse, run):
    def told(reader=hr):
        return " ".join(reader.get(reverse(PAGE)).text.split())

    set_lottery(talks=12, reason="a trial", user=hr.account)
    assert "Nobody has been drawn yet: the newest scoring, as of 31 January 2026, is older" in told()
    LotteryDecision.objects.update(decided_at=run.created_at - timedelta(days=1))
    assert draw(run) is None
    assert "On, for 12 talks after each scoring." in told()
    assert "a draw needs more people who can take part than talks" in told()
    assert "Now it is 12 people." in told()
    assert "Now it is" not in told(browse("RH", INSIDE))
    set_lottery(talks=4, reason="fewer", user=hr.account)
    draw(run)
    assert "4 people were drawn and 4 were not" in told()


def test_who_had_a_case_since_the_draw_is_proposed_no_more(hr):
    load_all(people={number: {"heures_supplementaires": True} for number in range(1, 9)})
    build_features()
    set_lottery(talks=1, reason="a trial", user=hr.account)
    person = score_employees().draw.people.get(is_drawn=True).employee
    open_cases(employees=[person], owner=hr.account, due=START, why="", user=hr.account)
    Case.objects.update(state="stayed", closed_at=timezone.now())
    assert not hr.get(reverse("cases")).context["drawn"]


def test_database_refuses_a_lottery_of_nobody_or_without_a_reason(hr):
    for wrong in ({"talks": 0, "reason": "x"}, {"talks": 1, "reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            set_lottery(**wrong, user=hr.account)


def test_lottery_is_switched_on_and_off_with_a_reason(hr, browse, run):
    assert hr.post(reverse(PAGE), {"talks": "5"}).status_code == 422
    assert hr.post(reverse(PAGE), {"talks": "0", "reason": "x"}).status_code == 422
    assert hr.post(reverse(PAGE), {"talks": "5", "reason": "a trial of a year"}).status_code == 302
    assert (lottery_in_force().talks, lottery_in_force().decided_by) == (5, hr.account)
    page = hr.get(reverse(PAGE)).text
    assert "a trial of a year" in page
    assert lottery_in_force().seed in page
    for other in (browse("RH", INSIDE), browse("Auditeur")):
        assert other.post(reverse(PAGE), {"talks": "", "reason": "x"}).status_code == 403
        assert other.get(reverse(PAGE)).status_code == 200
    assert browse("Manager", INSIDE).get(reverse(PAGE)).status_code == 403
    assert hr.post(reverse(PAGE), {"talks": "", "reason": "over"}).status_code == 302
    assert lottery_in_force() is None
    assert LotteryDecision.objects.count() == 2


def test_first_talk_or_action_is_kept_when_notes_are_purged(hr, run, settings):
    settings.NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]
    person = Employee.objects.get(employee_id=1)
    (case,) = open_cases(employees=[person], owner=hr.account, due=START, why="", user=hr.account).cases
    agree_action(case=case, kind=ActionKind.objects.first(), day=date(2026, 3, 1), cost=None, user=hr.account)
    note = add_note(case=case, day=date(2026, 2, 1), who="", text="x", is_shared=False, user=hr.account)
    assert Case.objects.get().acted_on == date(2026, 2, 1)
    delete_note(case=case, note=note.pk, user=hr.account)
    assert Case.objects.get().acted_on == date(2026, 3, 1)
    settings.NOTES_MONTHS = 1
    case.actions.all().delete()
    add_note(case=case, day=date(2026, 2, 1), who="", text="x", is_shared=False, user=hr.account)
    from predictions.followup.services import purge_notes

    assert purge_notes() == 1
    assert Case.objects.get().acted_on == date(2026, 2, 1)


@pytest.fixture
def company(hr):
    """Eighty people alike at the start, forty of them drawn and met; by the newest run four of those and twelve of the
    others have left by choice, and one drawn has retired."""
    run = ScoringRunFactory(threshold=0.2, as_of=START)
    decision = set_lottery(talks=40, reason="a trial", user=hr.account)
    for number in range(1, 81):
        score(run, number, 0.4)
    found = draw(run, decision)
    kind = ActionKind.objects.first()
    left = {True: 4, False: 12}
    for place, one in enumerate(found.people.select_related("employee").order_by("-is_drawn", "pk")):
        person = one.employee
        if one.is_drawn:
            case = Case.objects.create(
                employee=person,
                departement=person.departement,
                prediction=run.predictions.get(employee=person),
                probability=one.probability,
                opened_by=hr.account,
                owner=hr.account,
                due=START,
                opened_at=timezone.make_aware(timezone.datetime(2026, 2, 2)),
            )
            case.changes.create(by=hr.account, state="to_plan", owner=hr.account, due=START, is_shared=False)
            agree_action(case=case, kind=kind, day=date(2026, 2, 5), cost=None, user=hr.account)
        EmployeeStateFactory(employee=person, departement=INSIDE, as_of=START, until=date(2026, 4, 30))
        if left[one.is_drawn] > 0:
            left[one.is_drawn] -= 1
            _left(person, "")
        elif place == 39:
            _left(person, "Retraite")
    newest = ScoringRunFactory(threshold=0.2, as_of=NEWEST)
    _scored_in(newest, 1)
    return newest


def _left(person, because):
    day = date(2026, 4, 30)
    EmployeeStateFactory(
        employee=person,
        departement=INSIDE,
        as_of=day,
        presence=Presence.LEFT,
        left_after=day,
        left_by=day,
        left_because=because,
        is_listed=False,
    )


def test_lottery_is_compared_as_drawn_whoever_left_by_choice(company):
    found = evidence(Scope.EVERYONE, company).lottery
    assert (found.months, found.done, found.alone) == (6, 40, 40)
    assert (found.effect.left_done, found.effect.left_alone) == (0.1, 0.3)  # who retired did not leave by choice
    assert found.effect.helped


@pytest.mark.parametrize(
    ("people", "months"),
    [
        ({3: 160, 6: 138, 12: 40}, 6),  # the other draws do not vanish once the first one is old enough
        ({3: 160, 6: 138, 12: 69}, 12),
        ({3: 160, 6: 60, 12: 29}, 3),
        ({3: 29, 6: 20, 12: 0}, 3),  # too few
    ],
)
def test_time_is_the_one_in_which_the_most_departures_can_be_expected(people, months):
    assert _most_told(people) == months


def test_young_draw_waits_and_is_told(hr, company):
    drawn = Draw.objects.create(run=company, decision=LotteryDecision.objects.get(), as_of=NEWEST, talks=3)
    for number in range(81, 87):
        person = score(company, number, 0.4).employee
        drawn.people.create(employee=person, departement=INSIDE, probability=0.4, is_drawn=number % 2)
    found = evidence(Scope.EVERYONE, company).lottery
    assert (found.months, found.done, found.draws) == (6, 40, 1)
    assert (found.waiting_draws, found.waiting) == (1, 6)
    page = hr.get(reverse(PAGE)).text
    assert "Counted: 1 draw. 1 draw with 6 people waits until it is 6 months old." in page
    assert "Their risk before and now is not shown: too few are still scored." in page


def test_those_with_a_young_action_wait_and_are_told(hr, company):
    Case.objects.filter(pk__in=Case.objects.order_by("pk").values("pk")[:6]).update(acted_on=date(2026, 7, 1))
    found = evidence(Scope.EVERYONE, company)
    assert found.matched.waiting == found.naive.waiting == 6
    text = "Not counted yet: 6 people whose talk or action is less than 3 months old."
    assert hr.get(reverse(PAGE)).text.count(text) == 2


def test_adjusted_points_are_called_so_beside_the_plain_difference_of_the_shares():
    shown = lottery(Comparison(6, Effect(160, 138, 0.25, 0.275, -0.031, -0.172, 0.116), 160, 138, None))
    assert "−3.1 points" in shown["verdict"]
    assert shown["adjusted"] == (
        "Adjusted: people of one draw are compared, as if their risk before had been the same. "
        "Without that, the shares below differ by +2.5 points."
    )
    few = lottery(Comparison(6, Effect(40, 40, 0.1, 0.3, 0.2, 0.1, 0.3), 40, 40, None))  # four people
    assert "shares below" not in few["adjusted"]


def test_those_who_were_met_are_matched_with_those_who_were_not(company):
    found = evidence(Scope.EVERYONE, company)
    assert found.acted == 40
    assert (found.matched.months, found.matched.done) == (3, 40)
    assert found.matched.effect.left_done == 0.1
    assert abs(found.balance["forecast"][1]) <= 0.25


def test_whoever_left_before_anything_was_done_is_not_compared(company):
    case = Case.objects.filter(employee__states__presence=Presence.LEFT).first()
    Case.objects.filter(pk=case.pk).update(acted_on=date(2026, 4, 30))  # the day of the departure
    assert evidence(Scope.EVERYONE, company).matched.done == 39


def test_scope_of_nobody_or_another_department_has_no_evidence(company):
    found = evidence(Scope.of_departments(["Commercial"]), company)
    assert (found.acted, found.lottery.done, found.matched.done) == (0, 0, 0)
    assert found.lottery.effect is None


def test_page_hides_shares_of_few_and_says_what_each_comparison_carries(hr, browse, company):
    for reader in (hr, browse("Auditeur")):
        page = reader.get(reverse(PAGE)).text
        assert "Chance alone decided who was drawn" in page
        assert "Those drawn left less often: by +2" in page
        assert "10.0%" not in page  # four people
        assert "Hidden: on one side fewer than five left" in page
        assert "more of those who left are on the side without" in page


def test_each_comparison_shows_the_risk_before_and_now_of_both_sides(hr, company):
    for number in range(2, 81):
        _scored_in(company, number)
    found = evidence(Scope.EVERYONE, company)
    for comparison in (found.lottery, found.matched, found.naive):
        assert [(side.before, side.now) for side in comparison.risks] == [(pytest.approx(0.4), pytest.approx(0.5))] * 2
    page = hr.get(reverse(PAGE)).text
    assert page.count("Risk now, of those still scored") == 3


def test_share_that_really_left_is_shown_with_its_interval_on_both_sides():
    shown = lottery(Comparison(6, Effect(40, 40, 0.25, 0.5, 0.25, 0.1, 0.4), 40, 40, None))
    assert shown["rows"][-1] == [
        "Really left within 6 months",
        "25.0% (between 14.7% and 39.3%)",
        "50.0% (between 36.0% and 64.0%)",
    ]


def test_matching_that_makes_the_sides_less_alike_says_so():
    def told(after):
        comparison = Comparison(6, None, 40, 40, None)
        return balance(Evidence(40, comparison, comparison, comparison, {"forecast": (0.2, after)}))["verdict"]

    assert told(0.05) == "The two sides are alike."
    assert told(0.15).startswith("The two sides still differ")
    assert told(-0.3).startswith("Matching has made the two sides less alike")


def test_page_says_nothing_of_too_few(hr, run):
    page = hr.get(reverse(PAGE)).text
    assert page.count("Too few to say: it takes 30 people on each side") == 2
    assert "Nobody has been drawn long enough ago" in page


def test_manager_sees_neither_tab_nor_draw(browse, company):
    manager = browse("Manager", INSIDE)
    assert reverse(PAGE) not in manager.get(reverse("cases")).text
    assert DrawnPerson.objects.count() == 80
