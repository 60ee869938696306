"""Whom the runs flag by sex, age and family status: what they keep of it, and what the model's page says."""

from datetime import date, timedelta

import pytest

from employees.tests.factories import DAY, EmployeeStateFactory, WorkforceDayFactory, leave
from features.services import switch_off
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.log.purge import purge_predictions
from predictions.log.seals import seal
from predictions.pages.model import fairness_findings, in_short
from predictions.registry import current_model
from predictions.selectors.group_counts import group_counts, newest_counted
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score

pytestmark = pytest.mark.django_db


def run_of(day, **fields):
    return ScoringRunFactory(as_of=day, **fields)


def counts_of(women, men, left=None, **others):
    """What a run keeps: ``(people, flagged)`` of women and of men, present and ``left``."""

    def by_group(women, men):
        return {"genre": {"Woman": women, "Man": men} | others, "age": {"": women}, "statut_marital": {"": women}}

    gone = {"counts": by_group(*left), "since": "2026-01-31", "version": "a", "is_hindsight": False} if left else None
    return {"present": by_group(women, men), "left": gone}


def said_of_sex(counts, off=()):
    today = fairness_findings.today(ScoringRunFactory.build(group_counts=counts), off)
    return fairness_findings.findings(today.groups, sees_rates=True)[0].paragraphs


# What a run keeps


def test_a_run_counts_those_present_and_flagged_by_group(monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZE", 2)
    EmployeeFeaturesFactory.create_batch(2, genre=0, age=29)
    EmployeeFeaturesFactory(genre=1, age=30, statut_marital="Pacsé(e)")
    EmployeeFeaturesFactory(genre=None, age=None, statut_marital=None, jeune_surcharge=None)
    leave(EmployeeFeaturesFactory(genre=1).employee)
    run = services.score_employees()
    run.refresh_from_db()
    counts = run.group_counts["present"]
    people = {attribute: {name: pair[0] for name, pair in groups.items()} for attribute, groups in counts.items()}
    assert people["genre"] == {"Woman": 2, "Man": 1, "": 1}
    assert people["age"] == {"Under 30": 2, "30 to 39": 1, "": 1}
    assert people["statut_marital"]["Pacsé(e)"] == people["statut_marital"][""] == 1
    for groups in counts.values():
        assert sum(flagged for _people, flagged in groups.values()) == run.above_threshold_count
    assert run.group_counts["left"] is None


def gone(run, number, probability, *, day=DAY, because="", **features):
    """Somebody whom a run scored, and who left."""
    fields = {f"features__{name}": value for name, value in features.items()}
    leave(score(run, number, probability, **fields).employee, day=day, left_because=because)


def test_a_run_counts_who_resigned_since_an_earlier_one_and_who_was_over_its_own_threshold():
    earlier = run_of(DAY - timedelta(days=200), model_version="20250101-0")
    gone(earlier, 1, 0.9, genre=0)
    gone(earlier, 2, 0.3, genre=0, because="Démission")
    gone(earlier, 3, 0.9, genre=1)
    gone(earlier, 4, 0.9, genre=1, because="Retraite")
    gone(earlier, 5, 0.9, genre=1, day=earlier.as_of)
    gone(earlier, 6, 0.9, genre=1, day=DAY + timedelta(days=1))
    score(earlier, 7, 0.9)
    left = group_counts(run_of(DAY, threshold=0.5), {})["left"]
    assert left["counts"]["genre"] == {"Woman": (2, 1), "Man": (1, 1)}
    assert (left["since"], left["version"]) == ("2025-12-12", "20250101-0")


def test_a_run_counts_who_left_until_its_own_day():
    """A return, and a departure later, are nothing to a run of an earlier day."""
    earlier = run_of(DAY - timedelta(days=200))
    gone(earlier, 1, 0.9, genre=0, day=DAY - timedelta(days=50))
    earlier.predictions.get().employee.states.update(until=DAY + timedelta(days=5))
    EmployeeStateFactory(employee=earlier.predictions.get().employee, as_of=DAY + timedelta(days=5))
    assert group_counts(run_of(DAY), {})["left"]["counts"]["genre"] == {"Woman": (1, 1)}
    assert group_counts(run_of(DAY + timedelta(days=5)), {})["left"]["counts"]["genre"] == {}


@pytest.mark.parametrize(("days", "since"), [((89,), None), ((366, 200, 90), 366), ((367, 90), 90), ((500,), None)])
def test_earlier_run_is_the_oldest_of_a_year_and_three_months_before_at_least(days, since):
    for before in days:
        score(run_of(DAY - timedelta(days=before)), before)
    left = group_counts(run_of(DAY), {})["left"]
    assert (left and left["since"]) == (since and f"{DAY - timedelta(days=since)}")


def test_earlier_run_whose_predictions_were_purged_is_none():
    score(run_of(DAY - timedelta(days=200)), 1)
    seal()
    run = run_of(DAY)
    purge_predictions(older_than=timedelta(0), is_forced=True)
    assert group_counts(run, {})["left"] is None


def test_a_run_without_a_day_has_no_earlier_one():
    score(run_of(DAY - timedelta(days=200)), 1)
    assert group_counts(run_of(None), {}) == {"present": {}, "left": None}


def test_counts_of_the_newest_run_by_the_version_are_shown():
    newest = run_of(DAY, group_counts=counts_of((60, 6), (60, 30)), model_version="a")
    run_of(DAY, group_counts=counts_of((60, 6), (60, 30)), model_version="b")
    run_of(DAY, model_version="a")  # from before runs counted them
    assert newest_counted("a") == newest
    assert newest_counted("c") is None


# What is said of it


def test_finding_of_those_present_compares_flagged_and_found():
    selection, recall = said_of_sex(counts_of((200, 60), (400, 60), left=((40, 30), (60, 15))))
    assert selection.startswith("The model flags women more often than men: 30% against 15%, a ratio of 0.50 (")
    assert selection.endswith("That is more than chance explains. The four-fifths rule is not met.")
    assert recall.startswith(
        "Of those who left, it had flagged 75% among women and 25% among men: a gap of 50 points ("
    )


@pytest.mark.parametrize(
    ("women", "said"),
    [
        ((200, 60), "By sex, it flags some groups clearly more often than others. "),
        ((200, 25), "By sex, it flags some groups more often, but chance may explain that. "),
        ((200, 31), "By sex, it flags the groups about equally often. "),
    ],
)
def test_page_in_short_keeps_apart_what_chance_may_explain(women, said):
    today = fairness_findings.today(ScoringRunFactory.build(group_counts=counts_of(women, (400, 65))), ())
    assert in_short._fair(today.groups).startswith(said)


def test_page_in_short_names_the_attributes_that_cannot_be_compared():
    other = {"age": {"Under 30": (60, 3), "30 to 39": (300, 50)}, "statut_marital": {"": (600, 90)}}
    counts = counts_of((200, 60), (400, 65))
    counts["present"] |= other
    today = fairness_findings.today(ScoringRunFactory.build(group_counts=counts), ())
    assert "By age, too few people are flagged to compare the groups." in in_short._fair(today.groups)


def test_finding_without_an_earlier_run_says_nothing_of_those_who_left():
    (selection,) = said_of_sex(counts_of((200, 60), (400, 60)))
    assert "flags women more often" in selection


@pytest.mark.parametrize(
    ("counts", "paragraphs"),
    [
        (counts_of((49, 20), (400, 60)), ["Too few people to compare how often the groups are flagged."]),
        (counts_of((4, 2), (400, 60)), ["Too few people to compare how often the groups are flagged."]),
        (counts_of((90, 3), (400, 60)), ["Too few people to compare how often the groups are flagged."]),
    ],
)
def test_finding_of_too_few_people_or_too_few_flagged_compares_nothing(counts, paragraphs):
    assert said_of_sex(counts) == paragraphs


def test_finding_of_nobody_whose_group_is_known_says_so():
    today = fairness_findings.today(ScoringRunFactory.build(group_counts=counts_of((200, 60), (400, 60))), ())
    assert fairness_findings.findings(today.groups, sees_rates=True)[1].paragraphs == ["Unknown for everyone."]


def test_finding_of_too_few_departures_says_so():
    paragraphs = said_of_sex(counts_of((200, 60), (400, 60), left=((19, 10), (60, 30))))
    assert paragraphs[1:] == ["Too few have left to compare how many of each group it had flagged."]


def test_finding_says_of_how_many_people_the_group_is_unknown():
    many, few = (said_of_sex(counts_of((200, 60), (400, 60), **{"": (people, 1)})) for people in (20, 4))
    assert many[0] == "Unknown for 20 people."
    assert many[1] == few[0]


def test_finding_of_a_column_that_is_switched_off_says_so_alone():
    assert said_of_sex(counts_of((200, 60), (400, 60)), off={"genre"}) == [
        "Not compared, since the column is switched off."
    ]


@pytest.mark.parametrize(("day", "is_hindsight"), [(date(2026, 11, 25), True), (date(2026, 11, 26), False)])
def test_departures_from_before_a_model_learned_are_hindsight(day, is_hindsight, monkeypatch):
    card = current_model().card
    monkeypatch.setitem(card["drift"], "as_of", "2026-11-26")
    score(run_of(day, model_version=current_model().version), 1)
    left = group_counts(run_of(day + timedelta(days=100)), {})["left"]
    assert left["is_hindsight"] == is_hindsight
    counts = counts_of((200, 60), (400, 60), left=((40, 30), (60, 15)))
    counts["left"]["is_hindsight"] = is_hindsight
    assert fairness_findings.today(ScoringRunFactory.build(group_counts=counts), ()).is_hindsight == is_hindsight


# The page


def text_of(browser):
    return browser.get("/model/?tab=all").content.decode()


@pytest.fixture
def counted():
    run_of(
        DAY,
        model_version=current_model().version,
        employee_count=600,
        group_counts=counts_of((200, 60), (400, 60), left=((40, 30), (60, 15))),
    )


def test_model_page_compares_those_present(browse, counted):
    response = browse("RH").get("/model/?tab=all")
    page = response.content.decode()
    assert "Among the 600 people present on 30 June 2026" in page
    assert "30% against 15%" in page
    assert "since 31 January 2026" in page
    selection, recall = response.context["fairness_charts"]
    learned, now = f"Those it learned from, at {current_model().threshold:.1%}", "at 20.0%"
    assert selection.columns == ["Group", learned, f"Those present, {now}"]
    assert recall.columns == ["Group", learned, f"Those who have left since, {now}"]
    assert next(row for row in selection.rows if row[0] == "Man")[2].startswith("0.50 (")


def test_model_page_of_some_departments_has_only_ratios_of_those_present(browse, counted):
    for who in (("RH", "Consulting"), ("Manager", "Consulting")):
        page = " ".join(text_of(browse(*who)).split())
        assert "Among the people present in the whole company on 30 June 2026" in page
        assert "The model flags women more often than men: a ratio of 0.50" in page
        assert "Compared among the people present in the whole company on 30 June 2026." in page
        for count in ("600 people", "30% against 15%"):
            assert count not in page


def test_model_page_names_the_people_compared_before_the_first_run(browse):
    assert "Compared among the people that the model learned from." in text_of(browse("Manager", "Consulting"))


def test_model_page_of_an_auditor_compares_those_present(browse, counted):
    page = text_of(browse("Auditeur"))
    assert "Among the 600 people present on 30 June 2026" in page
    assert "30% against 15%" in page


@pytest.mark.parametrize(
    ("role", "people", "rates"),
    [("RH", "603", "29% against 13%"), ("Direction", "605", "30% against 14%"), ("Auditeur", "605", "30% against 14%")],
)
def test_who_reads_figures_alone_reads_those_present_in_fives(browse, role, people, rates):
    run = run_of(DAY, model_version=current_model().version, employee_count=603)
    run.group_counts = counts_of((198, 58), (402, 53), left=((38, 28), (62, 17)))
    run.save()
    page = text_of(browse(role))
    assert f"Among the {people} people present on 30 June 2026" in page
    assert rates in page


def test_rounding_reveals_no_group_that_is_hidden_or_too_small():
    run = ScoringRunFactory.build(group_counts=counts_of((4, 4), (400, 60)), employee_count=404)
    exact, rounded = (fairness_findings.today(run, (), is_rounded=is_rounded) for is_rounded in (False, True))
    for of_exact, of_rounded in zip(exact.groups, rounded.groups, strict=True):
        assert of_exact.selected.keys() == of_rounded.selected.keys()
        assert of_exact.small == of_rounded.small


def test_model_page_before_the_first_run_says_that_nobody_is_counted(browse):
    assert "the next scoring run counts the people present that it flags" in text_of(browse("RH"))


def test_model_page_of_a_column_switched_off_counts_nobody_by_it(browse, counted):
    WorkforceDayFactory()
    switch_off(column="genre", reason="asked by the works council")
    page = text_of(browse("RH"))
    assert "Not compared, since the column is switched off." in page
    assert "30% against 15%" not in page
