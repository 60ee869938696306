import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from employees.access import Readable, scope_of
from employees.models import Employee, Import
from employees.tests.factories import EmployeeFactory, WorkforceDayFactory, leave
from predictions.levers import levers
from predictions.ml.artifacts.store import ArtifactError
from predictions.ml.assessment.outcomes import Outcome
from predictions.models import ScoringRun
from predictions.pages import overview
from predictions.registry import current_model
from predictions.selectors import drift_check, figures
from predictions.selectors.departures import Months
from predictions.selectors.drift_check import Found
from predictions.tests.factories import PredictionFactory, RunGroupFactory, ScoringRunFactory
from predictions.tests.scoring import merge_words, score, write_figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return ScoringRunFactory(threshold=0.2)


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def manager(browse):
    return browse("Manager", "Commercial")


def workforce(run, start=1):
    """Twenty-six people: risks at both sides of every edge, two departments, jobs of 12, 9 and 5 people."""
    probabilities = [0.05, 0.1, 0.2, 0.6, 0.95, 0.3]
    jobs = ["Consultant"] * 12 + ["Manager"] * 9 + ["Tech Lead"] * 5
    for place, job in enumerate(jobs):
        reason = ("heures_supplementaires", "distance_domicile_travail")[place % 2]
        department = ("Consulting", "Commercial")[place % 2]
        score(run, start + place, probabilities[place % 6], department, job, main_reason=reason)


def move(employee, department):
    """Give someone another department, as an import does."""
    WorkforceDayFactory()
    employee.departement = department
    employee.save()


def page_of(client):
    write_figures()
    response = client.get(reverse("overview"))
    assert response.status_code == 200
    return response


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def count(client, href):
    """How many people the list at this address holds."""
    return client.get(href).context["page"].paginator.count


def test_overview_of_each_card_links_to_the_list_that_it_counts(hr, run):
    workforce(run)
    cards = {card.label: card for card in page_of(hr).context["cards"]}
    assert cards["People scored"].value == "26"
    assert cards["Over the threshold"].value == "16"
    for name in ("People scored", "Over the threshold"):
        assert count(hr, cards[name].href) == int(cards[name].value)


def test_overview_expected_departures_is_the_sum_of_the_list(hr, run):
    workforce(run)
    (card,) = (card for card in page_of(hr).context["cards"] if card.label == "Expected departures, without a horizon")
    listed = hr.get(card.href, {"size": 100}).context["rows"]
    total = sum(row.prediction.probability for row in listed)
    assert card.value == f"{total:.0f}"
    assert card.hint == f"The sum of everyone's probabilities, {total:.1f}"


@pytest.mark.parametrize("breakdown", ["by_department", "by_job"])
def test_overview_every_part_links_to_the_list_that_it_counts(hr, run, breakdown):
    workforce(run)
    parts = page_of(hr).context[breakdown]["parts"]
    assert len(parts) == {"by_department": 2, "by_job": 3}[breakdown]
    for part in parts:
        assert count(hr, part.href) == part.figures.people
        assert count(hr, part.over_href) == part.figures.above_threshold


def test_overview_every_level_and_driver_links_to_the_list_that_it_counts(hr, run):
    workforce(run)
    context = page_of(hr).context
    for _band, number, href in context["levels"]:
        assert count(hr, href) == number
    hrefs = re.findall(r'href="([^"]+)"', context["drivers"].svg)
    assert [count(hr, href) for href in hrefs] == [int(row[1]) for row in context["drivers"].rows]


def test_overview_counts_no_reasons_for_a_manager(manager, hr, run, settings):
    settings.MANAGERS_SEE_PAY = settings.MANAGERS_SEE_SURVEY_ANSWERS = True
    for number, reason in enumerate(["satisfaction_moyenne", "poste"] * 6):
        score(run, number + 1, 0.9, "Commercial", main_reason=reason, second_reason="")
    response = page_of(manager)
    assert response.context["drivers"] is None
    assert "What weighs most" not in words(response)
    assert {row[0] for row in page_of(hr).context["drivers"].rows} == {"Job", "Mean satisfaction"}


def test_overview_of_a_manager_counts_and_shows_their_departments_only(manager, run):
    workforce(run)
    response = page_of(manager)
    context = response.context
    assert {card.label: card.value for card in context["cards"]}["People scored"] == "13"
    assert [part.label for part in context["by_department"]["parts"]] == ["Sales"]
    assert sum(number for _band, number, _href in context["levels"]) == 13
    assert {each.row.department for each in context["people"]} == {"Sales"}
    assert "Consulting" not in response.content.decode()
    for card in context["cards"]:
        if card.label != "Expected departures, without a horizon":
            assert count(manager, card.href) == int(card.value)


def test_overview_of_a_manager_counts_who_has_moved_there_from_the_next_run_on(manager, run):
    workforce(run)
    write_figures()
    moved = run.predictions.filter(employee__departement="Consulting").first().employee
    move(moved, "Commercial")
    context = manager.get(reverse("overview")).context
    headcount = next(card for card in context["cards"] if card.label == "People scored")
    assert (headcount.value, count(manager, headcount.href)) == ("13", 13)


@pytest.mark.parametrize("group", ["RH", "Manager"])
def test_overview_every_link_holds_after_people_moved_with_what_was_new_to_their_department(browse, run, group):
    workforce(run)
    for number in range(101, 111):
        score(run, number, 0.4, "Consulting", "Assistant de Direction", main_reason="distance_domicile_travail")
    write_figures()
    for prediction in run.predictions.filter(employee__employee_id__gt=100).select_related("employee"):
        move(prediction.employee, "Ressources Humaines")
    client = browse(group, "Consulting", "Ressources Humaines")
    context = client.get(reverse("overview")).context
    parts = {part.label: part for name in ("by_department", "by_job") for part in context[name]["parts"]}
    assert parts["Human resources"].figures.people == parts["Executive assistant"].figures.people == 10
    for part in filter(lambda part: part.href, parts.values()):
        assert count(client, part.href) == part.figures.people
        assert count(client, part.over_href) == part.figures.above_threshold
    if group == "RH":
        hrefs = re.findall(r'href="([^"]+)"', context["drivers"].svg)
        assert any("distance_domicile_travail" in href for href in hrefs)
        assert [count(client, href) for href in hrefs] == [int(row[1]) for row in context["drivers"].rows]


def test_overview_names_six_people_over_the_threshold_riskiest_first(hr, run):
    for number in range(1, 13):
        score(run, number, 0.2 + number / 100)
    score(run, 13, 0.19)
    numbers = [each.row.prediction.employee.employee_id for each in page_of(hr).context["people"]]
    assert numbers == list(range(12, 6, -1))


def test_overview_names_only_people_who_are_still_here(hr, run):
    for number in range(1, 15):
        score(run, number, number / 20, employee__presence="left" if number > 11 else "present")
    WorkforceDayFactory()
    context = page_of(hr).context
    numbers = [each.row.prediction.employee.employee_id for each in context["people"]]
    assert numbers == [11, 10, 9, 8, 7, 6]
    assert context["first_href"] == "/employees/?band=over"
    assert count(hr, context["first_href"]) == 8


def test_overview_drops_whom_a_later_import_says_to_have_left(hr, run):
    score(run, 1)
    score(run, 2)
    write_figures()
    leave(run.predictions.first().employee)
    WorkforceDayFactory()
    numbers = [each.row.prediction.employee.employee_id for each in hr.get(reverse("overview")).context["people"]]
    assert numbers == [run.predictions.last().employee.employee_id]


@pytest.mark.parametrize("who", [("RH",), ("Manager", "Commercial")], ids=" ".join)
def test_overview_every_figure_drops_at_once_who_is_not_present_any_more(browse, run, who):
    workforce(run)
    workforce(run, start=101)
    write_figures()
    client = browse(*who)
    people = {card.label: card for card in client.get(reverse("overview")).context["cards"]}["People scored"].value
    gone = list(run.predictions.filter(employee__departement="Commercial", probability__gt=0.5)[:2])
    leave(gone[0].employee)
    Employee.objects.filter(pk=gone[1].employee_id).update(presence="absent")
    WorkforceDayFactory()
    context = client.get(reverse("overview")).context
    cards = {card.label: card for card in context["cards"]}
    assert int(cards["People scored"].value) == int(people) - 2
    for name in ("People scored", "Over the threshold"):
        assert count(client, cards[name].href) == int(cards[name].value)
    for parts in (context["by_department"]["parts"], context["by_job"]["parts"]):
        assert sum(part.figures.people for part in parts) == int(people) - 2
    assert sum(number for _band, number, _href in context["levels"]) == int(people) - 2
    rows = context["distribution"].rows
    assert sum(int(cell) for row in rows for cell in row[1:]) == int(people) - 2


def test_overview_when_only_people_who_have_left_are_over_the_threshold(hr, run):
    score(run, 1, 0.9, employee__presence="left")
    score(run, 2, 0.1)
    WorkforceDayFactory()
    assert "Nobody who is still here is over the threshold." in words(page_of(hr))


def test_overview_when_nobody_is_over_the_threshold(hr, run):
    score(run, 1, 0.1)
    assert "Nobody who is still here is over the threshold." in words(page_of(hr))


def test_overview_cards_change_since_the_run_before(hr, run):
    for number in range(1, 4):
        score(run, number, 0.1)
    newest = ScoringRunFactory(threshold=0.2)
    for number, probability in ((11, 0.3), (12, 0.7), (13, 0.1)):
        score(newest, number, probability)
    cards = {card.label: card for card in page_of(hr).context["cards"]}
    assert cards["Over the threshold"].delta.startswith("+2 since")
    assert cards["Over the threshold"].delta_tone == "worse"
    assert cards["Expected departures, without a horizon"].delta.startswith("+0.8 since")
    assert (cards["People scored"].delta[:9], cards["People scored"].delta_tone) == ("Unchanged", "")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Unchanged since 2 January 2026",
                "+1 since 2 January 2026",
                "+0.1 since 2 January 2026",
            ],
        ),
        (
            "fr",
            [
                "Inchangé depuis le 2 janvier 2026",
                "+1 depuis le 2 janvier 2026",
                "+0,1 depuis le 2 janvier 2026",
            ],
        ),
    ],
)
def test_overview_compares_both_runs_at_the_threshold_in_force_and_says_so(hr, language, expected):
    """The first person is over the newer threshold in both runs, the second one only under it before."""
    before = ScoringRunFactory(threshold=0.25, created_at=datetime(2026, 1, 2, 12, tzinfo=UTC))
    after = ScoringRunFactory(threshold=0.17, created_at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    for number, (then, now) in enumerate([(0.2, 0.2), (0.1, 0.2)], start=1):
        earlier = score(before, number, then)
        score(after, number, now, employee=earlier.employee)
    write_figures()
    page = page_of(hr)
    assert [count.number for count in page.context["changes"][:2]] == [1, 0]
    moved = "The threshold moved from 25.0% to 17.0%. Both scorings are compared at the threshold in force now, 17.0%."
    assert moved in words(page)
    cards = hr.get(reverse("overview"), headers={"Accept-Language": language}).context["cards"]
    assert [card.delta for card in cards[:3]] == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "By another model on 2 January 2026"), ("fr", "Par un autre modèle le 2 janvier 2026")],
)
def test_overview_cards_of_another_model_compare_nothing(hr, language, expected):
    score(ScoringRunFactory(threshold=0.2, created_at=datetime(2026, 1, 2, 12, tzinfo=UTC)), 1, 0.1)
    newest = ScoringRunFactory(threshold=0.2, model_version="newer", created_at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    score(newest, 2, 0.7)
    write_figures()
    cards = hr.get(reverse("overview"), headers={"Accept-Language": language}).context["cards"]
    assert {(card.delta, card.delta_tone) for card in cards[:3]} == {(expected, "")}


def test_overview_dates_figures_by_the_days_that_they_describe(hr):
    """The months before were all scored on one day when the extracts of a year were loaded at once."""
    for number, day in enumerate((date(2026, 1, 31), date(2026, 2, 28)), start=1):
        score(ScoringRunFactory(threshold=0.2, as_of=day), number, number / 10)
    write_figures()
    page = page_of(hr)
    assert "As of 28 February 2026, by the model" in words(page)
    assert {card.delta.partition(" since ")[2] for card in page.context["cards"][:3]} == {"31 January 2026"}
    assert [row[0] for row in page.context["trend"].rows] == ["31 Jan 2026", "28 Feb 2026"]


def test_overview_trend_says_where_the_model_or_the_threshold_changed(hr):
    runs = [("older", 0.2), ("older", 0.25), ("newer", 0.25), ("newer", 0.25)]
    for number, (version, threshold) in enumerate(runs, start=1):
        instant = datetime(2026, number, 2, 12, tzinfo=UTC)
        score(ScoringRunFactory(model_version=version, threshold=threshold, created_at=instant), number)
    trend = page_of(hr).context["trend"]
    told = [row[0].split(", ")[-1] for row in trend.rows[1:3]]
    assert told == ["another threshold", "another model"]
    assert "another" not in trend.rows[0][0] + trend.rows[3][0]
    told = "From 2 February 2026 on, counted at a threshold of 25.0% instead of 20.0%. From 2 March 2026 on, by another"
    assert told in trend.caption
    assert "another model: 1" in trend.svg


def test_overview_cards_of_the_first_run_have_no_change(hr, run):
    score(run, 1)
    assert {card.delta for card in page_of(hr).context["cards"]} == {""}


def test_overview_fewer_risks_are_better(hr, run):
    score(run, 1, 0.5)
    score(ScoringRunFactory(threshold=0.2), 2, 0.1)
    cards = {card.label: card for card in page_of(hr).context["cards"]}
    assert (cards["Over the threshold"].delta[:2], cards["Over the threshold"].delta_tone) == ("−1", "better")


def test_overview_merges_groups_of_fewer_than_five(hr, run):
    for number in range(1, 6):
        score(run, number, poste="Consultant")
    for number in range(6, 9):
        score(run, number, poste="Manager")
    for number in range(9, 12):
        score(run, number, poste="Tech Lead")
    parts = page_of(hr).context["by_job"]["parts"]
    assert [(part.label, part.figures.people, part.href != "") for part in parts] == [
        ("Consultant", 5, True),
        ("Smaller groups together", 6, False),
    ]


def test_overview_merges_the_next_smallest_group_with_one_of_fewer_than_five(hr, run):
    for number in range(1, 11):
        score(run, number, poste="Consultant")
    for number in range(11, 17):
        score(run, number, poste="Tech Lead")
    for number in range(17, 21):
        score(run, number, poste="Manager")
    parts = page_of(hr).context["by_job"]["parts"]
    assert [(part.label, part.figures.people) for part in parts] == [
        ("Consultant", 10),
        ("Smaller groups together", 10),
    ]


def test_overview_hides_every_group_where_one_of_two_has_fewer_than_five(hr, run):
    for number in range(1, 6):
        score(run, number, poste="Consultant")
    for number in range(6, 10):
        score(run, number, poste="Manager")
    response = page_of(hr)
    assert response.context["by_job"]["parts"] == []
    assert "Groups of fewer than five people are not shown." in words(response)


def test_overview_hides_drivers_of_fewer_than_five(hr, run):
    for number in range(1, 5):
        score(run, number)
    assert page_of(hr).context["drivers"] is None


def test_overview_distribution_holds_everyone_once(hr, run):
    workforce(run)
    rows = page_of(hr).context["distribution"].rows
    assert sum(int(cell) for row in rows for cell in row[1:]) == 26
    assert rows[6] == ["30% to 35%", "0", "0", "4", "0"]
    assert rows[12] == ["60% to 65%", "0", "0", "0", "4"]  # very high: from 0.4, twice the threshold


def test_overview_trend_from_the_second_run_on(hr, run):
    score(run, 1, 0.5)
    response = page_of(hr)
    assert response.context["trend"] is None
    assert "The trend is drawn from the second scoring run on." in words(response)
    score(ScoringRunFactory(threshold=0.2), 2, 0.1)
    trend = page_of(hr).context["trend"]
    assert trend.columns == ["As of", "Over the threshold", "Expected departures"]
    assert [row[1:] for row in trend.rows] == [["1", "0.5"], ["0", "0.1"]]


def test_overview_trend_shows_the_last_runs_only(hr, monkeypatch):
    monkeypatch.setattr(overview, "RUNS", 2)
    for number in (1, 2, 3):
        score(ScoringRunFactory(threshold=0.2), number)
    assert len(page_of(hr).context["trend"].rows) == 2


def test_overview_before_the_first_run_says_what_to_do(hr, manager):
    assert "Import the extracts" in words(page_of(hr))
    assert "ask them to" in words(page_of(manager))


def test_overview_of_a_manager_whose_departments_nobody_scored(manager, run):
    score(run, 1)
    assert "Nobody whom you may see has been scored" in words(page_of(manager))


def test_overview_needs_a_login(client):
    assert client.get(reverse("overview")).status_code == 302


@pytest.mark.parametrize("people", [1, 26])
def test_overview_queries_do_not_grow(hr, run, people, django_assert_num_queries):
    before = ScoringRunFactory(threshold=0.2)
    newest = ScoringRunFactory(threshold=0.2)
    workforce(before, 100)
    for number in range(1, people + 1):
        score(newest, number)
    write_figures()
    with django_assert_num_queries(10):
        hr.get(reverse("overview"))


@pytest.mark.parametrize("is_outdated", [False, True])
def test_overview_of_a_forecast_takes_twelve_queries_at_most(hr, run, is_outdated, django_assert_max_num_queries):
    workforce(ScoringRunFactory(threshold=0.2, horizon_months=12), 100)
    newest = ScoringRunFactory(threshold=0.2, horizon_months=12, employee_count=26)
    workforce(newest)
    write_figures()
    if is_outdated:
        WorkforceDayFactory()
    with django_assert_max_num_queries(12):
        told = hr.get(reverse("overview")).context["beside_last_year"]
    assert bool(told) is not is_outdated


def test_overview_of_a_manager_takes_twelve_queries_at_most(manager, run, django_assert_max_num_queries):
    workforce(run)
    workforce(ScoringRunFactory(threshold=0.2, horizon_months=12), 100)
    write_figures()
    with django_assert_max_num_queries(12):
        manager.get(reverse("overview"))


@pytest.mark.parametrize("who", [("RH",), ("Manager", "Consulting"), ("Manager", "Commercial")], ids=" ".join)
def test_overview_follows_merged_departments_and_jobs_at_once(browse, who):
    for start, day in ((1, date(2026, 1, 31)), (100, date(2026, 2, 28))):
        workforce(ScoringRunFactory(threshold=0.2, as_of=day), start)
    merge_words("departement", "Commercial", into="Consulting")
    merge_words("poste", "Tech Lead", into="Manager")
    page = page_of(browse(*who))
    assert [(part.label, part.figures.people) for part in page.context["by_department"]["parts"]] == [
        ("Consulting", 26)
    ]
    assert {part.label: part.figures.people for part in page.context["by_job"]["parts"]} == {
        "Consultant": 12,
        "Manager": 14,
    }
    assert [card.delta for card in page.context["cards"][:3]] == ["Unchanged since 31 January 2026"] * 3
    assert [row["people"] for row in figures.trend(scope_of(page.wsgi_request.user), 12)] == [26, 26]
    (manager,) = (part for part in page.context["by_job"]["parts"] if part.label == "Manager")
    assert count(page.client, manager.href) == 14


def test_overview_has_one_page_for_reading(hr, run):
    assert hr.post(reverse("overview")).status_code == 405


def test_overview_shows_the_riskiest_of_many_jobs_and_leads_to_the_others(hr):
    run = ScoringRunFactory(revision=WorkforceDayFactory().revision)
    for place in range(overview.PARTS + 3):
        RunGroupFactory(run=run, poste=f"Job {place:02}", expected_departures=place / 10)
    score(run, 1)
    page = hr.get("/")
    shown = page.context["by_job"]
    assert [part.label for part in shown["parts"]] == [f"Job {place:02}" for place in range(overview.PARTS + 2, 2, -1)]
    assert '<a href="/employees/?sort=job">3 more are in the list</a>' in page.content.decode()


def test_overview_tells_the_interval_of_a_forecasts_departures(hr, run):
    score(run, 1, 0.4)
    run.horizon_months, run.expected_low, run.expected_high, run.employee_count = 12, 0.2, 2.6, 1
    run.save()
    (card,) = (card for card in page_of(hr).context["cards"] if card.label.startswith("Expected departures"))
    assert card.label == "Expected departures, within 12 months"
    assert card.hint == "Of those present, between 0 and 3, with 95% confidence"


def expected_hint(browser):
    (hint,) = (card.hint for card in page_of(browser).context["cards"] if card.label.startswith("Expected departures"))
    return hint


@pytest.fixture
def forecast():
    return ScoringRunFactory(horizon_months=12, employee_count=20, revision=WorkforceDayFactory().revision)


def test_overview_of_a_part_of_the_run_says_where_the_interval_of_its_departures_is(manager, forecast):
    for number in range(1, 11):
        score(forecast, number, 0.4, "Commercial")
    assert expected_hint(manager) == "The sum of everyone's probabilities, 4.0; its interval is in the report"


def test_overview_of_fewer_than_five_people_says_why_there_is_no_interval(manager, forecast):
    for number in range(1, 5):
        score(forecast, number, 0.4, "Commercial")
    assert expected_hint(manager) == "No interval: of fewer than five people it would tell single ones"


LAST_YEAR = Outcome(
    run=1, day=date(2025, 10, 31), version="v", months=12, people=1_378, left=173, left_otherwise=0, unknown=0
)


@pytest.fixture
def tested(monkeypatch):
    """A model that was tested on later months, and followed forecasts: the figures of both."""

    def tested(*followed, expected=68.2, departures=89):
        test = {"months": 6, "expected": expected, "low": 47.2, "high": 89.3, "departures": departures}
        test["vanished"] = 6
        monkeypatch.setattr(overview, "card_of", lambda _version: {"out_of_time": test})
        monkeypatch.setattr(drift_check, "newest", lambda _model: "a check")
        monkeypatch.setattr(drift_check, "read", lambda _check: Found([], list(followed)))

    return tested


def forecast_of_all(run):
    workforce(run)
    run.horizon_months, run.employee_count = 12, 26
    run.save()


@pytest.mark.parametrize(("expected", "words"), [(68.2, "Rather more may leave"), (95.0, "Rather fewer may leave")])
def test_overview_tells_the_last_year_and_the_test_beside_the_departures_expected(hr, run, tested, expected, words):
    forecast_of_all(run)
    tested(LAST_YEAR, expected=expected)
    said = page_of(hr).context["beside_last_year"]
    assert "those of the 26 people present alone: nobody to be hired is counted." in said
    assert re.search(r"Of the 1,378 present on [^,]*2025, 173 resigned or left for an unknown reason", said)
    assert f"on 6 later months, the model expected {expected:.0f} departures (47 to 89); 89 left or vanished" in said
    assert f"from the files: 83 left and 6 vanished. {words}" in said


@pytest.mark.parametrize("change", [{"months": 6}, {"left": 3}])
def test_overview_tells_no_last_year_that_is_not_one_or_counts_fewer_than_five(hr, run, tested, change):
    forecast_of_all(run)
    tested(replace(LAST_YEAR, **change))
    assert "present on" not in page_of(hr).context["beside_last_year"]


def test_overview_of_a_part_of_the_run_or_without_a_horizon_tells_nothing_of_the_company(hr, manager, run, tested):
    forecast_of_all(run)
    tested(LAST_YEAR)
    assert page_of(manager).context["beside_last_year"] == ""
    run.horizon_months = None
    run.save()
    assert page_of(hr).context["beside_last_year"] == ""


def test_overview_tells_the_reason_and_the_step_that_would_help_most(hr, run):
    score(run, 1, 0.9)
    (first,) = page_of(hr).context["people"]
    best = levers(first.row.prediction.values(), current_model(), Readable.EVERYTHING)[0]
    assert first.lever == best
    page = words(hr.get(reverse("overview")))
    assert first.row.reasons[0] in page
    assert best.label in page


def test_overview_without_a_model_has_no_levers(hr, run, monkeypatch):
    def fail():
        raise ArtifactError("no model")

    score(run, 1, 0.9)
    monkeypatch.setattr(overview, "current_model", fail)
    assert [first.lever for first in page_of(hr).context["people"]] == [None]


@pytest.fixture
def two_months():
    """Of five people, one newly over the threshold, one back under it, one arrived; one who left, two absent."""
    days = [date(2026, 1, 31), date(2026, 2, 28)]
    before, run = (ScoringRunFactory(threshold=0.2, as_of=day) for day in days)
    for number, (was, is_now) in {1: (0.1, 0.3), 2: (0.3, 0.1), 3: (None, 0.5), 4: (0.6, 0.6)}.items():
        row = score(run, number, is_now)
        if was is not None:
            PredictionFactory(scored=True, run=before, employee=row.employee, features=row.features, probability=was)
    for number, day in ((5, date(2026, 2, 10)), (6, date(2025, 6, 30)), (7, date(2025, 1, 1))):
        leave(EmployeeFactory(employee_id=number, departement="Consulting"), day=day, left_after=day, left_by=day)
    return run


def counted(counts):
    return {count.label: count.number for count in counts}


def test_overview_tells_who_moved_since_the_run_before_and_leads_to_them(hr, two_months):
    changes = page_of(hr).context["changes"]
    told = counted(changes)
    assert told == {"newly over the threshold": 1, "back under it": 1, "arrived, at any risk": 1, "left the company": 1}
    for change in changes[:3]:
        assert count(hr, change.href) == change.number
    assert hr.get(changes[3].href).context["page"].paginator.count == 1


def test_overview_counts_who_left_within_twelve_months(hr, two_months):
    card = next(card for card in page_of(hr).context["cards"] if card.label == "Left in 12 months")
    assert card.value == "2"
    assert hr.get(card.href).context["page"].paginator.count == 2
    assert card.spark


@pytest.mark.parametrize(("forecast", "is_told"), [(12, True), (17, False), (3, False)])  # of 20 who left
def test_overview_tells_who_left_as_forecast_unless_that_is_few_people(forecast, is_told):
    run = ScoringRun(as_of=date(2026, 6, 30), horizon_months=12)
    hint = overview._left_hint(run, Months(date(2025, 7, 1), [20], 0, forecast))
    assert ("for an unknown reason: 12" in hint) is is_told
    assert "for any reason" in hint


@pytest.mark.parametrize("group", ["Direction", "Auditeur"])
def test_overview_of_figures_alone_tells_those_of_the_company_without_lists(browse, hr, run, group):
    workforce(run)
    reader = browse(group)
    cards = page_of(reader).context["cards"]
    assert [card.label for card in cards[:3]] == [card.label for card in page_of(hr).context["cards"][:3]]
    assert [card.value for card in page_of(hr).context["cards"][:3]] == ["26", "16", "9"]
    assert [card.value for card in cards[:3]] == ["25", "15", "9"]
    assert {part.figures.people % 5 for part in page_of(reader).context["by_job"]["parts"]} == {0}
    assert [card.label for card in cards][3:] == ["Left in 12 months"]
    assert not any(card.href or card.spark or card.delta for card in cards)
    shown = words(page_of(reader))
    assert "People scored 25 Their mean risk is 36.0%" in shown  # 9 of 25
    assert "rounded, people to fives" in shown
    assert "Talk to them this week" not in shown


def test_overview_of_figures_alone_hides_counts_of_fewer_than_five(browse, two_months):
    cards = {card.label: card for card in page_of(browse("Direction")).context["cards"]}
    assert cards["Left in 12 months"].value == "not shown"


@pytest.mark.parametrize("over", [3, 9])
def test_overview_of_figures_alone_hides_few_on_either_side_of_the_threshold(browse, run, over):
    for number in range(1, 13):
        score(run, number, 0.5 if number <= over else 0.1, "Consulting", "Consultant")
    card = page_of(browse("Direction")).context["cards"][1]
    assert (card.label, card.value, card.hint) == ("Over the threshold", "not shown", "")


def test_overview_of_figures_alone_takes_twelve_queries_at_most(browse, run, django_assert_max_num_queries):
    workforce(run)
    reader = browse("Direction")
    page_of(reader)
    with django_assert_max_num_queries(12):
        page_of(reader)


def test_overview_of_another_model_tells_no_changes(hr, two_months):
    ScoringRun.objects.filter(pk=two_months.pk).update(model_version="another")
    page = page_of(hr)
    assert page.context["changes"] is None
    assert "Another model is in use since" in words(page)


def test_overview_tells_hr_what_waits_for_an_answer(browse, hr, manager, run):
    score(run, 90_001, 0.9)
    EmployeeFactory.create_batch(2, presence="absent", departement="Consulting")
    EmployeeFactory(presence="present", departement="Consulting")
    waiting = page_of(hr).context["waiting"]
    assert counted(waiting) == {"absent from the newest extract": 2, "present and not scored": 1}
    Import.objects.create(state=Import.State.ASKING, source="sirh")
    assert counted(page_of(hr).context["waiting"])["import with a question or a stop"] == 1
    score(run, 90_002, 0.9, "Commercial")  # a number that no factory has given out
    assert page_of(manager).context["waiting"] == []


@pytest.mark.parametrize(
    ("values", "path"),
    [([], ""), ([3], ""), ([0, 2], "M0.00 23.00 L100.00 1.00"), ([0, 0], "M0.00 23.00 L100.00 23.00")],
)
def test_sparkline_goes_from_nought_to_the_highest(values, path):
    assert overview.sparkline(values) == path
