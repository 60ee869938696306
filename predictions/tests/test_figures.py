from datetime import date
from uuid import uuid4

import pytest
from django.utils import timezone

from employees import terms
from employees.access import Scope
from employees.models import WorkforceDay
from employees.tests.factories import EmployeeFactory, WorkforceDayFactory, leave
from predictions.selectors import figures, runs
from predictions.tests.factories import PredictionFactory, RunGroupFactory, ScoringRunFactory
from predictions.tests.scoring import merge_words

pytestmark = pytest.mark.django_db

LATER = date(2026, 7, 31)  # than the day of the factories


def score(run, probability, departement="Consulting", poste="Consultant", **fields):
    return PredictionFactory(
        scored=True,
        run=run,
        threshold=run.threshold,
        probability=probability,
        employee__departement=departement,
        features__poste=poste,
        **fields,
    )


def group_of(run, scope=Scope.EVERYONE):
    (group,) = figures.aggregate(run, scope)
    return group


def test_aggregate_counts_people_and_sums_probabilities():
    run = ScoringRunFactory(threshold=0.2)
    for probability in (0.05, 0.2, 0.7):
        score(run, probability)
    group = group_of(run)
    assert (group.employee_count, group.above_threshold_count) == (3, 2)
    assert group.expected_departures == pytest.approx(0.95)


def test_aggregate_separates_departments_and_jobs():
    run = ScoringRunFactory()
    score(run, 0.5)
    score(run, 0.5, poste="Manager")
    score(run, 0.5, departement="Commercial", poste="Manager")
    found = {(group.departement, group.poste): group.employee_count for group in figures.aggregate(run, Scope.EVERYONE)}
    assert found == {("Consulting", "Consultant"): 1, ("Consulting", "Manager"): 1, ("Commercial", "Manager"): 1}


@pytest.mark.parametrize("presence", ["left", "absent"])
def test_aggregate_once_the_workforce_has_changed_counts_those_present(presence):
    run = ScoringRunFactory()
    score(run, 0.5)
    score(run, 0.4)
    score(run, 0.9, employee__presence=presence)
    assert group_of(run).employee_count == 3
    WorkforceDayFactory()
    group = group_of(newest())
    assert (group.employee_count, group.reasons) == (2, {"heures_supplementaires": 2})
    assert group.expected_departures == pytest.approx(0.9)
    assert sum(map(sum, group.histogram.values())) == 2


def test_aggregate_leaves_out_other_runs_and_departments():
    run = ScoringRunFactory()
    score(run, 0.5)
    score(run, 0.5, departement="Commercial")
    score(ScoringRunFactory(), 0.5)
    assert group_of(run, Scope.of_departments(["Consulting"])).employee_count == 1
    assert figures.aggregate(run, Scope.NOBODY) == []


@pytest.mark.parametrize(
    ("probability", "band", "place"),
    [
        (0, "low", 0),
        (0.0999, "low", 1),
        (0.1, "moderate", 2),
        (0.2, "high", 4),
        (0.6, "very-high", 12),
        (1, "very-high", 19),
    ],
)
def test_aggregate_histogram_at_the_edges_of_bands_and_bins(probability, band, place):
    run = ScoringRunFactory(threshold=0.2)
    score(run, probability)
    histogram = group_of(run).histogram
    assert histogram[band][place] == 1
    assert sum(map(sum, histogram.values())) == 1


def test_aggregate_counts_people_by_either_reason():
    run = ScoringRunFactory()
    score(run, 0.5, main_reason="heures_supplementaires", second_reason="revenu_mensuel")
    score(run, 0.5, main_reason="revenu_mensuel", second_reason="")
    assert group_of(run).reasons == {"heures_supplementaires": 1, "revenu_mensuel": 2}


def test_total_sums_every_figure():
    run = ScoringRunFactory(threshold=0.2)
    score(run, 0.3, main_reason="revenu_mensuel")
    score(run, 0.02, departement="Commercial", main_reason="")
    total = figures.total(figures.aggregate(run, Scope.EVERYONE))
    assert (total.people, total.above_threshold, total.reasons) == (2, 1, {"revenu_mensuel": 1})
    assert total.mean_probability == pytest.approx(0.16)
    assert (total.in_band("high"), total.in_band("low"), total.in_band("very-high")) == (1, 1, 0)


def test_total_of_nobody():
    total = figures.total([])
    assert (total.people, total.mean_probability, total.in_band("high")) == (0, 0.0, 0)


def test_split_by_department():
    run = ScoringRunFactory()
    score(run, 0.5)
    score(run, 0.5, poste="Manager")
    score(run, 0.5, departement="Commercial")
    parts = figures.split(figures.aggregate(run, Scope.EVERYONE), "departement")
    assert {name: figures.total(part).people for name, part in parts.items()} == {"Consulting": 2, "Commercial": 1}


def newest():
    return runs.latest_two()[0]


def test_current_groups_are_those_written_with_the_run():
    run = ScoringRunFactory(revision=WorkforceDayFactory().revision)
    RunGroupFactory(run=run, departement="Commercial", employee_count=7)
    RunGroupFactory(run=run, departement="Consulting", employee_count=8)
    groups = figures.current_groups(newest(), Scope.of_departments(["Commercial"]))
    assert [group.employee_count for group in groups] == [7]


@pytest.mark.parametrize("is_known", [True, False])
def test_current_groups_after_a_later_load_count_again(is_known):
    run = ScoringRunFactory(revision=WorkforceDayFactory().revision if is_known else None)
    RunGroupFactory(run=run, departement="Commercial", employee_count=7)
    score(run, 0.5)
    WorkforceDayFactory(as_of=LATER)
    assert [group.departement for group in figures.current_groups(newest(), Scope.EVERYONE)] == ["Consulting"]


@pytest.mark.parametrize("scope", [Scope.EVERYONE, Scope.of_departments(["Consulting"])])
def test_current_groups_drop_whom_a_later_load_says_to_have_left(scope):
    run = ScoringRunFactory()
    score(run, 0.5)
    gone = score(run, 0.9, poste="Manager").employee
    leave(gone)
    WorkforceDayFactory()
    (group,) = figures.current_groups(newest(), scope)
    assert (group.poste, group.employee_count, group.above_threshold_count) == ("Consultant", 1, 1)


def test_current_groups_cost_one_query(django_assert_num_queries):
    ScoringRunFactory(revision=WorkforceDayFactory().revision)
    run = newest()
    with django_assert_num_queries(1):
        figures.current_groups(run, Scope.EVERYONE)


@pytest.mark.parametrize("scope", [Scope.EVERYONE, Scope.of_departments(["Commercial"]), Scope.NOBODY])
def test_current_kinds_are_those_of_the_current_groups(scope, django_assert_max_num_queries):
    run = ScoringRunFactory()
    score(run, 0.5, main_reason="revenu_mensuel", second_reason="")
    score(run, 0.5, departement="Commercial", poste="Manager", main_reason="age", second_reason="genre")
    score(run, 0.5, departement="Commercial", poste="Directeur", main_reason="poste", employee__presence="left")
    WorkforceDayFactory()
    run = newest()
    terms.current()  # read once a request
    with django_assert_max_num_queries(1):
        kinds = figures.current_kinds(run, scope)
    assert kinds == figures.kinds(figures.current_groups(run, scope))
    assert "Directeur" not in kinds.jobs


def test_aggregate_costs_two_queries(django_assert_num_queries):
    run = ScoringRunFactory()
    score(run, 0.5)
    with django_assert_num_queries(2):
        figures.aggregate(run, Scope.EVERYONE)


def test_trend_sums_each_run_oldest_first():
    first, second = ScoringRunFactory(), ScoringRunFactory(created_at=timezone.now())
    for run, count in ((first, 5), (second, 6)):
        RunGroupFactory(run=run, departement="Commercial", employee_count=count)
        RunGroupFactory(run=run, departement="Consulting", employee_count=100)
    rows = figures.trend(Scope.of_departments(["Commercial"]), limit=12)
    assert [(row["run"], row["people"]) for row in rows] == [(first.pk, 5), (second.pk, 6)]
    assert [row["people"] for row in figures.trend(Scope.EVERYONE, limit=1)] == [106]


@pytest.mark.parametrize(("is_known", "is_later"), [(True, False), (True, True), (False, True)])
def test_day_after_that_of_the_newest_run_is_noticed(is_known, is_later):
    ScoringRunFactory(revision=WorkforceDayFactory().revision if is_known else None)
    if is_later:
        WorkforceDayFactory(as_of=LATER)
    assert newest().is_outdated is is_later


def test_correction_of_the_day_of_the_newest_run_is_noticed():
    ScoringRunFactory(revision=WorkforceDayFactory().revision)
    WorkforceDay.objects.update(revision=uuid4())
    assert newest().is_outdated


def test_run_of_no_day_is_up_to_date_where_there_is_none():
    ScoringRunFactory()
    assert not newest().is_outdated


def test_latest_two_runs_newest_first():
    assert runs.latest_two() == (None, None)
    first = PredictionFactory(scored=True).run
    assert runs.latest_two() == (first, None)
    second = ScoringRunFactory()
    assert runs.latest_two() == (second, first)


def test_employee_without_prediction_is_in_no_group():
    EmployeeFactory()
    assert figures.aggregate(ScoringRunFactory(), Scope.EVERYONE) == []


def test_small_group_of_a_merged_department_is_protected_from_the_total_of_both():
    run = ScoringRunFactory()
    for departement, people in (("Consulting", 10), ("Commercial", 3), ("Ressources Humaines", 9)):
        RunGroupFactory(run=run, departement=departement, employee_count=people)
    merge_words("departement", "Commercial", into="Consulting")
    hidden = {group.departement for group in figures.suppressed_groups(run.groups.all())}
    assert hidden >= {"Consulting", "Commercial"}
