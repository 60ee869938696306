"""What departures and actions cost: by the company's figures, as ranges, of nobody alone."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from employees.access import Scope
from employees.models import Employee
from employees.tests.extracts import DAY, load_all
from features.services import build_features
from predictions.decisions import versions
from predictions.decisions.costs import Range, cost_of_a_departure, costs_in_force, set_costs
from predictions.followup.costs import actions_until, saved_by_lot
from predictions.followup.effect import Effect
from predictions.followup.evidence import Comparison
from predictions.followup.lottery import set_lottery
from predictions.followup.services import agree_action, correct_action, open_cases
from predictions.models import ActionKind, Case, CaseAction, CostDecision, Draw, DrawnPerson
from predictions.pages.followup import cost_page
from predictions.registry import forget_decisions
from predictions.selectors import runs
from predictions.services import score_employees

pytestmark = pytest.mark.django_db
PAGE = "cases_costs"
INSIDE, OUTSIDE = "Consulting", "Commercial"


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def people():
    """Eight people who earn 2,000, five of them in one department, and two who earn 8,000 in another."""
    pay = {number: 2_000 if number < 7 else 8_000 for number in range(1, 9)}
    load_all(
        DAY,
        {
            number: {"departement": INSIDE if number < 7 else OUTSIDE, "revenu_mensuel": amount}
            for number, amount in pay.items()
        },
    )
    build_features()
    score_employees()
    return {row.employee_id: row for row in Employee.objects.all()}


def decide(user, unit="amount", low=10_000, high=20_000, **actions):
    kinds = {ActionKind.objects.get(english=name): Range(*ends) for name, ends in actions.items()}
    return set_costs(unit=unit, departure=Range(low, high), actions=kinds, reason="as measured", user=user)


def values(**given):
    return {"unit": "months", "low": "3", "high": "9,5", "reason": "three vacancies of last year"} | given


def test_costs_are_set_with_author_and_reason(hr, people):
    training = ActionKind.objects.get(english="Training")
    given = values(**{f"low_{training.pk}": "1 500", f"high_{training.pk}": "2,500"})
    assert hr.post(reverse(PAGE), given).status_code == 302
    found = costs_in_force()
    assert (found.unit, found.departure_low, found.departure_high) == ("months", 3, 9.5)
    assert (found.decided_by, found.reason) == (hr.account, "three vacancies of last year")
    assert [(each.kind, each.low, each.high) for each in found.actions.all()] == [(training, 1500, 2500)]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"high": "2"}, "less than the lower end"),
        ({"low": "0"}, "more than 0"),
        ({"low": "three"}, "“three” is not an amount"),
        ({"reason": ""}, "required"),
        ({"low_1": "5"}, "Give both ends, or none"),
        ({"unit": "years"}, "Select a valid choice"),
    ],
)
def test_wrong_costs_are_refused_and_the_old_ones_stay(hr, people, wrong, told):
    before = decide(hr.account)
    response = hr.post(reverse(PAGE), values(**wrong))
    assert response.status_code == 422
    assert told in response.text
    assert costs_in_force() == before


def test_database_refuses_a_range_that_is_none(hr):
    with pytest.raises(IntegrityError), transaction.atomic():
        decide(hr.account, low=2, high=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        decide(hr.account, low=0, high=1)


def test_months_of_pay_are_those_of_the_scope(hr, people):
    decision, run = decide(hr.account, "months", 2, 4), runs.latest_two()[0]
    mean = (6 * 2_000 + 2 * 8_000) / 8
    assert cost_of_a_departure(decision, run, Scope.EVERYONE) == Range(2 * mean, 4 * mean)
    assert cost_of_a_departure(decision, run, Scope.of_departments([INSIDE])) == Range(4_000, 8_000)


def test_pay_of_fewer_than_five_people_is_not_told(hr, people):
    decision, run = decide(hr.account, "months", 2, 4), runs.latest_two()[0]
    assert cost_of_a_departure(decision, run, Scope.of_departments([OUTSIDE])) is None
    assert cost_of_a_departure(decide(hr.account), run, Scope.of_departments([OUTSIDE])) == Range(10_000, 20_000)


def agreed(people, user, number, day, cost, kind="Training"):
    (case,) = open_cases(employees=[people[number]], owner=user, due=day, why="", user=user).cases
    agree_action(case=case, kind=ActionKind.objects.get(english=kind), day=day, cost=cost, user=user)


def test_actions_cost_what_is_noted_or_else_what_their_kind_does(hr, people):
    today = timezone.localdate()
    decision = decide(hr.account, Training=(100, 300))
    for number, cost in zip(range(1, 6), (50, None, None, 50, None), strict=True):
        agreed(people, hr.account, number, today, cost)
    found = actions_until(today, Scope.EVERYONE, decision)
    assert (found.number, found.has_unknown) == (5, False)
    assert found.cost == Range(0, 1_000)  # 400 to 1,000, of whom one person may be 300
    assert actions_until(today, Scope.EVERYONE, None).has_unknown
    assert actions_until(today + timedelta(days=400), Scope.EVERYONE, decision).number == 0


def test_actions_of_fewer_than_five_people_are_not_told(hr, people):
    today = timezone.localdate()
    for number in range(1, 5):
        agreed(people, hr.account, number, today, 123_456)
    assert actions_until(today, Scope.EVERYONE, decide(hr.account)).cost is None
    assert "493" not in hr.get(reverse(PAGE)).text  # thousand, the sum


def test_one_action_more_is_not_read_from_two_totals(hr, people):
    today, decision = timezone.localdate(), decide(hr.account)
    for number in range(1, 7):
        agreed(people, hr.account, number, today, 1_000)
    before = actions_until(today, Scope.EVERYONE, decision)
    agreed(people, hr.account, 7, today, 987)
    after = actions_until(today, Scope.EVERYONE, decision)
    assert before.number == after.number == 5
    assert {after.cost.low - before.cost.low, after.cost.high - before.cost.high} <= {0, 1_000}
    assert 987 not in {after.cost.low - before.cost.low, after.cost.high - before.cost.high}


def test_none_is_no_action(hr, people):
    today = timezone.localdate()
    for number in range(1, 7):
        agreed(people, hr.account, number, today, None, kind="None")
    assert set(Case.objects.values_list("acted_on", flat=True)) == {None}
    assert actions_until(today, Scope.EVERYONE, None).number == 0
    page = hr.get(reverse(PAGE)).text
    assert "without a known cost" not in page
    assert "None, from (€)" not in page
    for case in Case.objects.all():
        agree_action(case=case, kind=ActionKind.objects.get(english="Pay"), day=today, cost=100, user=hr.account)
    assert set(Case.objects.values_list("acted_on", flat=True)) == {today}
    assert actions_until(today, Scope.EVERYONE, None).number == 5
    wrong = CaseAction.objects.filter(kind__english="Pay").latest("pk")
    nothing = ActionKind.objects.get(english="None")
    correct_action(
        action=wrong, kind=nothing, day=today, cost=None, word="nothing", is_taken_back=False, user=hr.account
    )
    assert Case.objects.latest("pk").acted_on is None


def test_cases_with_none_alone_are_no_longer_acted_on_after_the_migration(hr, people):
    today = timezone.localdate()
    for number, kind in ((1, "None"), (2, "Training")):
        agreed(people, hr.account, number, today, None, kind=kind)
    Case.objects.update(acted_on=today)
    import_module("predictions.migrations.0046_no_action").tell_no_action(apps, None)
    assert list(Case.objects.order_by("pk").values_list("acted_on", flat=True)) == [None, today]


def test_action_that_was_taken_back_costs_nothing(hr, people):
    today = timezone.localdate()
    for number in range(1, 7):
        agreed(people, hr.account, number, today, 1_000)
    action = CaseAction.objects.latest("pk")
    correct_action(
        action=action, kind=action.kind, day=today, cost=None, word="not agreed", is_taken_back=True, user=hr.account
    )
    assert actions_until(today, Scope.EVERYONE, None).cost == Range(5_000, 5_000)


EACH = Range(10_000, 20_000)


def lots(points, low, high):
    return Comparison(6, Effect(40, 40, 0.2, 0.4, points, low, high), 40, 40, None)


def test_lottery_that_helped_tells_what_was_saved():
    found = saved_by_lot(lots(0.2, 0.05, 0.35), EACH, Scope.EVERYONE, None)
    assert found.departures == Range(pytest.approx(2), pytest.approx(14))
    assert found.cost == Range(pytest.approx(20_000), pytest.approx(280_000))
    assert found.net == found.cost  # no action was agreed


def test_lottery_that_shows_nothing_tells_no_saving():
    assert saved_by_lot(lots(0.1, -0.05, 0.25), EACH, Scope.EVERYONE, None) is None
    assert saved_by_lot(Comparison(6, None, 10, 10, None), EACH, Scope.EVERYONE, None) is None


def test_cost_of_the_actions_is_taken_off_what_was_saved(hr, people):
    today = timezone.localdate()
    run = runs.latest_two()[0]
    found = Draw.objects.create(
        run=run, decision=set_lottery(talks=8, reason="a trial", user=hr.account), as_of=today, talks=8
    )
    for number in range(1, 7):
        person = people[number]
        DrawnPerson.objects.create(
            draw=found, employee=person, departement=person.departement, probability=0.3, is_drawn=number < 6
        )
        agreed(people, hr.account, number, today, 1_000)
    saved = saved_by_lot(lots(0.2, 0.05, 0.35), EACH, Scope.EVERYONE, None)
    assert saved.net == Range(pytest.approx(15_000), pytest.approx(275_000))  # of the five who were drawn


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        (Comparison(3, None, 0, 0, None), "only a lottery of talks shows it"),
        (lots(0.1, -0.05, 0.25), "not more than chance would make"),
        (lots(0.2, 0.05, 0.35), "Departures avoided among 40 people drawn for a talk, within 6 months"),
    ],
)
def test_page_tells_what_is_saved_or_why_it_cannot_be_told(hr, people, monkeypatch, comparison, told):
    decide(hr.account)
    monkeypatch.setattr(cost_page, "evidence_by_lot", lambda _scope, _run: comparison)
    assert told in hr.get(reverse(PAGE), {"view": "saved"}).text


def test_page_asks_at_most_twelve_queries_for_all_that_it_shows(hr, people, artifacts, django_assert_max_num_queries):
    versions.adopt()
    decide(hr.account, unit="months", low=3, high=9, Training=(1_500, 2_500))
    for number in range(1, 7):
        agreed(people, hr.account, number, timezone.localdate(), None)
    hr.get(reverse(PAGE))
    forget_decisions()
    with django_assert_max_num_queries(12):
        page = hr.get(reverse(PAGE))
    assert "about 5" in page.text


def test_page_shows_ranges(hr, people):
    decide(hr.account)
    page = hr.get(reverse(PAGE)).text
    assert "€10,000 to €20,000" in page
    assert "as measured" in page


def test_auditor_reads_the_figures_and_sets_none(browse, hr, people):
    decide(hr.account)
    auditor = browse("Auditeur")
    page = auditor.get(reverse(PAGE)).text
    assert "€10,000 to €20,000" in page
    assert 'name="reason"' not in page
    assert reverse("cases_effect") in auditor.get(reverse("overview")).text  # the menu
    assert auditor.post(reverse(PAGE), values()).status_code == 403
    assert CostDecision.objects.count() == 1


def test_hr_of_a_department_sets_none(browse, people):
    assert browse("RH", INSIDE).post(reverse(PAGE), values()).status_code == 403
    assert not CostDecision.objects.exists()


def test_manager_has_no_costs(browse, people):
    manager = browse("Manager", INSIDE)
    assert manager.get(reverse(PAGE)).status_code == 403
    assert reverse(PAGE) not in manager.get(reverse("cases")).text


def test_levers_of_a_person_tell_what_such_an_action_costs(hr, browse, people, django_user_model):
    overtime = ActionKind.objects.filter(lever="heures_supplementaires").first()
    decide(django_user_model.objects.first(), **{overtime.english: (500, 1_500)})
    path = reverse("employee", args=[1])
    told = {lever.name: lever.cost_in_words for lever in hr.get(path).context["levers"]}
    assert told["overtime"] == "costs €500–1,500"
    assert {name for name, cost in told.items() if cost} <= {"overtime", "rise"}
    assert not any(lever.cost for lever in browse("Manager", INSIDE).get(path).context["levers"])
