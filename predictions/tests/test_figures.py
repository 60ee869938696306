import pytest
from django.utils import timezone

from employees.access import Scope
from employees.tests.factories import DepartureFactory, EmployeeFactory, EmployeeSnapshotFactory
from predictions.selectors import figures, runs
from predictions.tests.factories import PredictionFactory, RunGroupFactory, ScoringRunFactory

pytestmark = pytest.mark.django_db


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


def test_aggregate_separates_those_who_have_left():
    run = ScoringRunFactory()
    score(run, 0.5)
    score(run, 0.4)
    score(run, 0.9, employee__left_recorded_at=timezone.now())
    found = {group.has_left: (group.employee_count, group.reasons) for group in figures.aggregate(run, Scope.EVERYONE)}
    assert found == {False: (2, {"heures_supplementaires": 2}), True: (1, {"heures_supplementaires": 1})}


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
    score(run, 0.5, main_reason="revenu_mensuel")
    score(run, 0.02, departement="Commercial", main_reason="")
    total = figures.total(figures.aggregate(run, Scope.EVERYONE))
    assert (total.people, total.above_threshold, total.reasons) == (2, 1, {"revenu_mensuel": 1})
    assert total.mean_probability == pytest.approx(0.26)
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
    run = ScoringRunFactory(newest_snapshot=EmployeeSnapshotFactory().pk)
    RunGroupFactory(run=run, departement="Commercial", employee_count=7)
    RunGroupFactory(run=run, departement="Consulting", employee_count=8)
    groups = figures.current_groups(newest(), Scope.of_departments(["Commercial"]))
    assert [group.employee_count for group in groups] == [7]


@pytest.mark.parametrize("is_known", [True, False])
def test_current_groups_after_a_later_import_count_again(is_known):
    run = ScoringRunFactory(newest_snapshot=EmployeeSnapshotFactory().pk if is_known else None)
    RunGroupFactory(run=run, departement="Commercial", employee_count=7)
    prediction = score(run, 0.5)
    EmployeeSnapshotFactory(employee=prediction.employee)
    assert [group.departement for group in figures.current_groups(newest(), Scope.EVERYONE)] == ["Consulting"]


def test_current_groups_cost_one_query(django_assert_num_queries):
    ScoringRunFactory(newest_snapshot=EmployeeSnapshotFactory().pk)
    run = newest()
    with django_assert_num_queries(1):
        figures.current_groups(run, Scope.EVERYONE)


@pytest.mark.parametrize("scope", [Scope.EVERYONE, Scope.of_departments(["Commercial"]), Scope.NOBODY])
def test_current_kinds_are_those_of_the_current_groups(scope, django_assert_max_num_queries):
    run = ScoringRunFactory()
    score(run, 0.5, main_reason="revenu_mensuel", second_reason="")
    score(run, 0.5, departement="Commercial", poste="Manager", main_reason="age", second_reason="genre")
    EmployeeSnapshotFactory()
    with django_assert_max_num_queries(1):
        kinds = figures.current_kinds(run, scope)
    assert kinds == figures.kinds(figures.current_groups(newest(), scope))


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
def test_departure_after_the_newest_run_is_noticed(is_known, is_later):
    newest_departure = DepartureFactory().pk
    ScoringRunFactory(newest_departure=newest_departure if is_known else None)
    if is_later:
        DepartureFactory()
    assert newest().has_departures is is_later


def test_latest_two_runs_newest_first():
    assert runs.latest_two() == (None, None)
    first = PredictionFactory(scored=True).run
    assert runs.latest_two() == (first, None)
    second = ScoringRunFactory()
    assert runs.latest_two() == (second, first)


def test_employee_without_prediction_is_in_no_group():
    EmployeeFactory()
    assert figures.aggregate(ScoringRunFactory(), Scope.EVERYONE) == []
