from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest

from employees import terms
from employees.access import Scope, readable_to
from employees.columns import SATISFACTIONS
from employees.models import Employee
from employees.tests.extracts import load
from employees.tests.factories import DAY, EmployeeStateFactory, WorkforceDayFactory, leave
from employees.workforce.answers import merge_numbers, part_numbers
from features import readable_features
from features.engineering import engineer_one
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions import services
from predictions.decisions.threshold_decisions import Wish, set_threshold
from predictions.models import Prediction, ScoringRun, ThresholdDecision
from predictions.pages.people.forms import what_if_features
from predictions.pages.people.shown_score import ROUNDING
from predictions.registry import card_of, current_model
from predictions.services import Caller
from predictions.tests.factories import PredictionFactory, ScoringRunFactory
from predictions.tests.scoring import merge_words, score, write_figures

pytestmark = pytest.mark.django_db


def make_person(departement="Consulting", **inputs):
    """Somebody whose extracts are those that the features of the factory are made of."""
    load(sirh={1: {"departement": departement}}, eval={1: {}})
    return EmployeeFeaturesFactory(employee=Employee.objects.get(employee_id=1), **inputs)


@pytest.fixture
def person():
    """Somebody whom the scoring of everyone has scored."""
    row = make_person()
    services.score_employees()
    return row


def address(row):
    return f"/employees/{row.employee.employee_id}/"


def values(**changes):
    """The what-if form as a browser sends it."""
    return {feature.name: INPUTS[feature.name] for feature in what_if_features()} | changes


def simulations():
    return Prediction.objects.filter(mode=Prediction.Mode.SIMULATION)


def profile_of(response):
    return {label: value for label, value, _remark in response.context["profile"]}


def test_employee_page_needs_a_login(client, person):
    assert client.get(address(person)).headers["Location"] == f"/login/?next={address(person)}"


def test_employee_page_shows_the_newest_score_and_its_reasons(browse, person):
    page = browse("RH").get(address(person)).content.decode()
    score = Prediction.objects.get()
    assert f"{score.probability * 100:.1f}%" in page
    assert score.model_version in page
    assert "Works overtime" in page
    assert "The average employee" in page
    assert "with 90% confidence" in page


def test_employee_page_says_what_a_score_is_and_what_the_threshold_expects(browse, person):
    page = browse("RH").get(address(person)).content.decode()
    assert "People decide" in page
    assert "over the threshold of" in page
    assert "are expected to leave" in page


def test_employee_page_follows_a_threshold_at_once(browse, person):
    hr, run = browse("RH"), ScoringRun.objects.latest()
    assert run.expected_above_threshold == pytest.approx(run.expected_departures)  # one person, over the threshold
    wish = Wish(ThresholdDecision.RuleName.VALUE, value=0.99)
    set_threshold(wish=wish, reason="Nobody", user=hr.account)
    advice = hr.get(address(person)).context["advice"]
    assert (advice.threshold, advice.leave, advice.found) == (0.99, None, 0)


def test_employee_page_shows_who_it_is_and_nothing_protected(browse, person):
    profile = profile_of(browse("RH").get(address(person)))
    assert profile["Job"] == "Consultant"
    assert profile["Monthly income"] == "€5,993"
    assert profile["Satisfaction with the work itself"] == "4 out of 4"
    assert profile["Current appraisal"] == f"{INPUTS['note_evaluation_actuelle']} out of 4"
    assert not profile.keys() & {"Age", "Sex", "Marital status"}


def test_employee_page_without_a_survey_leaves_the_satisfactions_open(browse):
    row = EmployeeFeaturesFactory()
    response = browse("RH").get(address(row))
    assert profile_of(response)["Satisfaction with the team"] == "–"


def test_employee_page_says_since_when_a_value_is_not_given(browse, person):
    september, october = date(2026, 9, 30), date(2026, 10, 31)
    load(september, sirh={1: {"revenu_mensuel": None}})
    load(october, sirh={1: {"revenu_mensuel": None}}, eval={2: {}}, options={"accept_implausible": True})
    response = browse("RH").get(address(person))
    remarks = {label: remark for label, _value, remark in response.context["profile"] if remark}
    lacks = "value of 30 Jun 2026; not in the extracts since 31 Oct 2026"
    assert remarks["Monthly income"] == "value of 30 Jun 2026; not in the extracts since 30 Sep 2026"
    assert remarks["Satisfaction with the team"] == remarks["Current appraisal"] == lacks
    assert "Job" not in remarks
    assert profile_of(response)["Monthly income"] == "€5,993"


def test_employee_page_names_a_merged_department_and_job_as_the_other_one_at_once(browse, person):
    merge_words("departement", "Consulting", into="Commercial")
    merge_words("poste", "Consultant", into="Manager")
    response = browse("Manager", "Commercial").get(address(person))
    shown = profile_of(response)
    assert (shown["Job"], shown["Department"]) == ("Manager", "Sales")
    assert response.context["summary"] == ["Manager", "Sales"]


def test_employee_page_reads_the_newest_values_of_a_merged_number(browse, person):
    load(date(2026, 9, 30), sirh={1: {}, 2: {}}, eval={2: {"satisfaction_employee_equipe": 2}})
    load(date(2026, 10, 31), sirh={1: {}})
    merge_numbers(number=2, into=1, accept_both_listed=True)
    assert profile_of(browse("RH").get(address(person)))["Satisfaction with the team"] == "2 out of 4"


def test_manager_sees_a_person_of_the_department(browse, person):
    assert browse("Manager", "Consulting").get(address(person)).status_code == 200


@pytest.mark.parametrize("group", ["Manager", "RH"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_person_out_of_scope_does_not_exist(browse, person, group, method):
    response = getattr(browse(group, "Commercial"), method)(address(person), values())
    assert response.status_code == 404
    assert not simulations().exists()


@pytest.fixture
def newcomer():
    """Somebody of Consulting whom the SIRH holds and no evaluation or survey."""
    load(DAY, sirh={3001: {}})
    return Employee.objects.get(employee_id=3001)


def test_whoever_lacks_what_a_score_needs_has_a_page_with_the_presence(browse, newcomer):
    hr = browse("RH")
    text = hr.get("/employees/3001/", headers={"Accept-Language": "en"}).content.decode()
    assert "No score yet" in text
    assert "In the SIRH extracts since" in text
    assert 'href="/clarify/unscored/"' in text
    assert hr.post("/employees/3001/", values()).status_code == 404


@pytest.mark.parametrize(("department", "status"), [("Consulting", 200), ("Commercial", 404)])
def test_page_of_whoever_lacks_something_is_for_the_department(browse, newcomer, department, status):
    assert browse("Manager", department).get("/employees/3001/").status_code == status


def test_merged_number_leads_to_its_person(browse, newcomer):
    load(date(2026, 7, 31), sirh={3001: {}, 3002: {}})
    merge_numbers(number=3002, into=3001, accept_both_listed=True)
    assert browse("RH").get("/employees/3002/").url == "/employees/3001/"
    assert browse("Manager", "Commercial").get("/employees/3002/").status_code == 404


@pytest.mark.parametrize("number", [0, 999_999, 2**31, 2**63, 10**30])
def test_unknown_number_is_not_found(browse, number):
    assert browse("RH").get(f"/employees/{number}/").status_code == 404


def notice_on(browser, row, language="en"):
    return browser.get(address(row), headers={"Accept-Language": language}).context["state"]


@pytest.mark.parametrize(
    ("departure", "notice"),
    [
        ({}, "Had already left the company by 2 March 2026."),
        ({"left_after": date(2026, 3, 2)}, "Left the company on 2 March 2026."),
        ({"left_after": date(2026, 1, 31)}, "Left the company between 31 January 2026 and 2 March 2026."),
        ({"left_after": date(2026, 3, 2), "left_because": "Démission"}, "Left the company on 2 March 2026."),
    ],
)
def test_employee_page_says_when_someone_left(browse, person, departure, notice):
    browser = browse("Manager", "Consulting")
    assert notice_on(browser, person) == ""
    leave(person.employee, day=date(2026, 3, 2), **departure)
    assert notice_on(browser, person) == notice
    assert notice in browser.get(address(person)).content.decode()


def test_employee_page_gives_the_reason_of_a_departure_to_hr_alone(browse, person):
    leave(person.employee, day=date(2026, 3, 2), left_after=date(2026, 3, 2), left_because="Démission")
    assert notice_on(browse("RH"), person) == "Left the company on 2 March 2026. Reason: Resignation."


def test_employee_page_says_since_when_someone_is_absent(browse, person):
    person.employee.states.all().delete()
    Employee.objects.update(presence="absent")
    EmployeeStateFactory(
        employee=person.employee, as_of=date(2026, 3, 2), presence="absent", is_listed=False, departement="Consulting"
    )
    notice = "In no SIRH extract since 2 March 2026, and no departure is known."
    assert notice_on(browse("Manager", "Consulting"), person) == notice


def test_employee_page_of_someone_who_came_back_has_no_notice(browse, person):
    for day, has_left in ((date(2026, 7, 31), True), (date(2026, 8, 31), False)):
        load(day, sondage={1: {"a_quitte_l_entreprise": has_left}})
    page = browse("RH").get(address(person))
    assert page.context["state"] == ""
    assert "Back since 31 August 2026." in page.content.decode()


def spells_on(browser, row, language="en"):
    return browser.get(address(row), headers={"Accept-Language": language}).context["spells"]


def test_employee_page_of_a_rehire_shows_both_spells(browse, person):
    load(date(2026, 7, 31), sirh={2: {}}, sondage={1: {"a_quitte_l_entreprise": True}})
    load(date(2026, 8, 31), sirh={1: {}, 2: {}})
    assert spells_on(browse("Manager", "Consulting"), person) == [
        "In the SIRH extracts since 30 June 2026.",
        "Left the company between 30 June 2026 and 31 July 2026.",
        "Back since 31 August 2026.",
    ]


def test_employee_page_tells_the_day_of_entry_and_the_reason_of_a_departure_to_hr_alone(browse, person):
    entry, exit_ = date(2021, 3, 1), date(2026, 7, 14)
    load(
        date(2026, 7, 31),
        annuaire={1: {"date_entree": entry, "date_sortie": exit_, "motif_sortie": "Démission"}},
        options={"accept_implausible": True},
    )
    assert spells_on(browse("RH"), person) == [
        "With the company since 1 March 2021.",
        "Left the company on 14 July 2026. Reason: Resignation.",
    ]
    assert spells_on(browse("Manager", "Consulting"), person) == [
        "In the SIRH extracts since 30 June 2026.",
        "Left the company on 14 July 2026.",
    ]


def test_employee_page_tells_an_absence_that_is_over(browse, person):
    load(date(2026, 7, 31), sirh={2: {}}, options={"accept_implausible": True})
    load(date(2026, 8, 31), sirh={1: {}, 2: {}})
    assert spells_on(browse("RH"), person)[1:] == [
        "Missing from the SIRH extract of 31 July 2026.",
        "Back since 31 August 2026.",
    ]


def test_employee_page_names_the_departments_of_a_move_within_the_scope_alone(browse, person):
    for month, name in ((7, "Commercial"), (8, "Ressources Humaines"), (9, "Consulting")):
        load(date(2026, month, 30), sirh={1: {"departement": name}})
    changes = [
        "Changed department by 30 July 2026: from Consulting to Sales.",
        "Changed department by 30 August 2026: from Sales to Human resources.",
        "Changed department by 30 September 2026: from Human resources to Consulting.",
    ]
    assert spells_on(browse("RH"), person)[1:] == changes
    for group in ("Manager", "RH"):
        assert spells_on(browse(group, "Consulting"), person)[1:] == [
            "Changed department by 30 July 2026: from Consulting to another department.",
            "Changed department by 30 September 2026: from another department to Consulting.",
        ]


def test_employee_page_tells_merged_numbers_to_hr_alone(browse, person):
    load(date(2026, 7, 31), sirh={number: {} for number in range(1, 5)}, options={"accept_implausible": True})
    for number in (3, 2):
        merge_numbers(number=number, into=1, accept_both_listed=True)
    part_numbers(merge=merge_numbers(number=4, into=1, accept_both_listed=True))
    assert spells_on(browse("RH"), person)[1:] == [
        "Number 2 is merged into this one.",
        "Number 3 is merged into this one.",
    ]
    assert len(spells_on(browse("Manager", "Consulting"), person)) == 1


def test_employee_page_of_someone_who_has_left_without_a_score_says_so_too(browse):
    row = make_person()
    leave(row.employee)
    page = browse("RH").get(address(row)).content.decode()
    assert "Had already left the company by 30 June 2026." in page
    assert "This person left before the first scoring run." in page


@pytest.mark.parametrize(("has_left", "queries"), [(False, 9), (True, 7)])
def test_employee_page_asks_a_fixed_number_of_queries(browse, person, django_assert_num_queries, has_left, queries):
    ScoringRunFactory.create_batch(3)
    for run in ScoringRunFactory.create_batch(3):
        PredictionFactory(scored=True, run=run, employee=person.employee, features=person)
    if has_left:
        leave(person.employee)
    browser = browse("Manager", "Consulting")
    card_of("20260101-00000000")  # a version that is gone is looked for once in a process
    with django_assert_num_queries(queries):
        assert browser.get(address(person)).status_code == 200


def test_employee_page_whose_score_is_outdated_asks_hr_at_most_twelve_queries_the_first_time(
    browse, person, monkeypatch, django_assert_max_num_queries
):
    EmployeeFeaturesFactory(employee=person.employee, as_of=DAY + timedelta(days=30))
    browser = browse("RH")
    monkeypatch.setattr(terms, "_held", terms._NOTHING)
    with django_assert_max_num_queries(12):
        assert "The data changed since this score" in browser.get(address(person)).text


def test_employee_page_of_who_had_left_at_the_first_extract_says_so_and_the_day_of_entry(browse):
    load(sirh={1: {}}, eval={1: {}}, sondage={1: {"a_quitte_l_entreprise": True}})
    load(annuaire={1: {"date_entree": date(2020, 5, 4)}})
    row = EmployeeFeaturesFactory(employee=Employee.objects.get(employee_id=1))
    left = "Had already left the company by 30 June 2026."
    assert spells_on(browse("RH"), row) == ["With the company since 4 May 2020.", left]
    assert spells_on(browse("Manager", "Consulting"), row) == [left]


def test_employee_page_before_the_first_score_offers_what_if(browse):
    row = make_person()
    page = browse("RH").get(address(row)).content.decode()
    assert "No score yet" in page
    assert 'id="what-if"' in page


def test_employee_page_of_who_has_left_offers_no_what_if(browse, person):
    browser = browse("RH")
    assert 'id="what-if"' in browser.get(address(person)).text
    leave(person.employee)
    EmployeeFeaturesFactory(employee=person.employee, as_of=DAY + timedelta(days=1), heures_supplementaires=0)
    page = browser.get(address(person)).text
    assert "Why" in page
    assert 'id="what-if"' not in page
    assert "The data changed since this score" not in page  # no run takes it into account
    assert browser.post(address(person), values(nb_formations_suivies=5)).status_code == 404


def test_employee_page_tells_the_shorter_horizons_with_their_intervals(browse, person):
    score = {"probability": 0.19, "low": 0.0975, "high": 0.36, "horizon_months": 12}
    PredictionFactory(scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, **score)
    page = " ".join(browse("RH").get(address(person)).text.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "5.1% within 3 months (2.5% – 10.6%) · 10.0% within 6 months (5.0% – 20.0%)" in page


def test_employee_page_tells_a_year_whose_horizon_is_six_months(browse, person):
    score = {"probability": 0.1, "low": 0.05, "high": 0.2, "horizon_months": 6}
    PredictionFactory(scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, **score)
    page = " ".join(browse("RH").get(address(person)).text.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "5.1% within 3 months (2.5% – 10.6%) · 19.0% within 12 months (9.8% – 36.0%)" in page


def test_employee_page_of_a_profile_without_enough_data_tells_no_shorter_horizon(browse, person):
    score = {"probability": 0.19, "is_extrapolated": True, "horizon_months": 12}
    PredictionFactory(scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, **score)
    assert "within 3 months" not in browse("RH").get(address(person)).text


def test_employee_page_of_a_profile_without_enough_data_says_so_and_shows_no_level(browse, person):
    score = {"probability": 0.9, "is_extrapolated": True, "horizon_months": 12}
    PredictionFactory(scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, **score)
    page = browse("RH").get(address(person)).text
    risk = " ".join(page[page.index('class="panel is-hero risk-now"') : page.index('class="panel why-panel"')].split())
    assert '<p class="score-value">Not enough data</p>' in risk
    assert "The formula gives 90.0%, a number without meaning for such a profile." in risk
    assert "badge" not in risk
    assert "risk-bar" not in risk


def test_employee_page_of_a_profile_without_enough_data_compares_no_scores_and_knows_of_no_step(browse, person):
    for is_extrapolated in (False, True):
        score = {"probability": 0.2, "is_extrapolated": is_extrapolated, "model_version": current_model().version}
        PredictionFactory(scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, **score)
    with patch("predictions.levers.levers", return_value=[]):
        answer = browse("RH").get(address(person))
    assert answer.context["since"] is None
    assert "No steps are proposed: the model has seen nobody like this" in answer.text
    assert "No single step" not in answer.text


def test_employee_page_draws_only_the_scores_of_one_horizon(browse, person):
    for months in (12, 6, 6):
        PredictionFactory(
            scored=True, run=ScoringRunFactory(), employee=person.employee, features=person, horizon_months=months
        )
    context = browse("RH").get(address(person)).context
    assert len(context["chart"].rows) == 2
    assert len(context["history"]) == 4


def test_employee_page_of_newer_data_warns_that_the_score_is_older(browse, person):
    assert "The data changed since this score" not in browse("RH").get(address(person)).content.decode()
    EmployeeFeaturesFactory(employee=person.employee, as_of=DAY + timedelta(days=1), heures_supplementaires=0)
    page = browse("Manager", "Consulting").get(address(person)).content.decode()
    assert "The data changed since this score" in page
    assert "Works overtime" in page  # the reasons are those of the data that were scored


def test_employee_page_shows_the_scores_of_the_runs_newest_first(browse, person):
    for probability in (0.31, 0.42):
        PredictionFactory(scored=True, employee=person.employee, features=person, probability=probability)
    PredictionFactory(employee=person.employee, features=person, probability=0.99)  # asked by number: no run
    response = browse("RH").get(address(person))
    first = Prediction.objects.earliest().probability
    assert [score.prediction.probability for score in response.context["history"]] == [0.42, 0.31, first]
    assert "Risk over time" in response.content.decode()


def test_employee_page_draws_scores_of_the_same_instant(browse):
    row = make_person()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    PredictionFactory.create_batch(2, scored=True, employee=row.employee, features=row, created_at=now)
    assert "Risk over time" in browse("RH").get(address(row)).content.decode()


def test_employee_page_leads_to_all_predictions_on_the_person(browse, person):
    browser = browse("RH")
    path = f"/history/?employee={person.employee.employee_id}"
    assert f'href="{path}"' in browser.get(address(person)).content.decode()
    assert len(browser.get(path).context["rows"]) == 1


def test_employee_page_of_a_model_that_uses_protected_features_does_not_deny_it(browse, person, monkeypatch):
    browser = browse("RH")
    claim = "Age, sex and marital status are not used."
    assert claim in browser.get(address(person)).content.decode()
    monkeypatch.setitem(current_model().card, "uses_protected", True)
    assert claim not in browser.get(address(person)).content.decode()


def test_employee_page_of_a_score_by_a_model_that_is_not_kept_claims_nothing_of_it(browse):
    row = make_person()
    PredictionFactory(scored=True, employee=row.employee, features=row, model_version="20250101-00000000")
    page = browse("RH").get(address(row)).content.decode()
    assert "People decide" in page
    assert "Of 100 people" not in page
    assert "are not used" not in page


def test_employee_page_links_the_neighbours_in_the_ranked_list(browse):
    run = ScoringRunFactory()
    risks = [0.9, 0.7, 0.7, 0.5]
    rows = [PredictionFactory(scored=True, run=run, probability=risk, low=None) for risk in risks]
    other = PredictionFactory(scored=True, run=run, probability=0.8, employee__departement="Commercial")
    numbers = [row.employee.employee_id for row in rows]
    manager, hr = browse("Manager", "Consulting"), browse("RH")

    def neighbours(browser, place):
        found = browser.get(f"/employees/{numbers[place]}/").context["place"]
        return found.previous, found.following

    assert neighbours(manager, 0) == (None, numbers[1])
    assert neighbours(manager, 1) == (numbers[0], numbers[2])
    assert neighbours(manager, 2) == (numbers[1], numbers[3])
    assert neighbours(manager, 3) == (numbers[2], None)
    assert neighbours(hr, 0) == (None, other.employee.employee_id)


def test_employee_page_links_no_neighbour_who_is_not_present(browse):
    run = ScoringRunFactory()
    risks = [0.9, 0.8, 0.7, 0.6, 0.5]
    rows = [PredictionFactory(scored=True, run=run, probability=risk, low=None) for risk in risks]
    leave(rows[1].employee)
    Employee.objects.filter(pk=rows[3].employee_id).update(presence="absent")
    WorkforceDayFactory()
    browser = browse("RH")
    place = browser.get(address(rows[2])).context["place"]
    assert (place.previous, place.following) == (rows[0].employee_number, rows[4].employee_number)
    assert (place.position, place.total) == (2, 3)
    assert "place" not in browser.get(address(rows[1])).context


@pytest.fixture
def five():
    """A run of five people, the riskiest first, two of them in Commercial and three over the threshold."""
    run = ScoringRunFactory(threshold=0.4)
    places = ("Consulting", "Commercial", "Consulting", "Consulting", "Commercial")
    risks = (0.9, 0.8, 0.7, 0.3, 0.2)
    rows = [
        score(run, n, risk, departement=place)
        for n, (risk, place) in enumerate(zip(risks, places, strict=True), start=11)
    ]
    write_figures()
    return rows


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", (3, 5, 12, 14)),
        ("?sort=number", (3, 5, 12, 14)),
        ("?sort=-number", (3, 5, 14, 12)),
        ("?department=Consulting", (2, 3, 11, 14)),
        ("?department=Consulting&sort=risk", (2, 3, 14, 11)),
        ("?band=over", (3, 3, 12, None)),
        ("?sort=department", (4, 5, 11, 14)),
        ("?sort=-department", (2, 5, 11, 14)),
        ("?sort=job", (3, 5, 12, 14)),
        ("?number=13", (1, 1, None, None)),
    ],
)
def test_employee_page_leads_through_the_list_that_one_came_from(browse, five, query, place):
    context = browse("RH").get(f"/employees/13/{query}").context
    found = context["place"]
    assert (found.position, found.total, found.previous, found.following) == place


def test_employee_page_keeps_the_lists_filters_and_leads_back_to_its_page(browse, five):
    browser = browse("RH")
    listed = browser.get("/employees/?department=Consulting&sort=risk").content.decode()
    assert 'href="/employees/13/?department=Consulting&amp;sort=risk"' in listed
    page = browser.get("/employees/13/?department=Consulting&sort=risk").content.decode()
    assert 'href="/employees/14/?department=Consulting&amp;sort=risk"' in page
    assert 'href="/employees/?department=Consulting&amp;sort=risk"' in page
    assert "2 of 3" in page


@pytest.mark.parametrize("query", ["?department=Commercial", "?band=nothing", "?number=x", "?reason=x"])
def test_employee_page_outside_the_list_shows_no_place(browse, five, query):
    response = browse("RH").get(f"/employees/13/{query}")
    assert response.status_code == 200
    assert "place" not in response.context


def test_place_in_the_list_of_a_manager_counts_those_in_sight(browse, five):
    place = browse("Manager", "Consulting").get("/employees/14/").context["place"]
    assert (place.position, place.total, place.previous, place.following) == (3, 3, 13, None)


def test_what_if_starts_from_the_real_values(browse, person):
    form = browse("RH").get(address(person)).context["form"]
    assert {name: form[name].value() for name in form.fields} == values()


def test_looking_at_a_person_logs_no_prediction(browse, person):
    before = Prediction.objects.count()
    browse("RH").get(address(person))
    assert Prediction.objects.count() == before


def test_what_if_is_logged_as_a_simulation_of_the_account(browse, person):
    browser = browse("Manager", "Consulting")
    browser.post(address(person), values(nb_formations_suivies=5))
    logged = simulations().get()
    assert (logged.user, logged.employee, logged.features) == (browser.account, person.employee, None)
    assert logged.payload == engineer_one(INPUTS | {"nb_formations_suivies": 5})


LEVERS = {
    *("niveau_hierarchique_poste", "nombre_participation_pee", "nb_formations_suivies", "frequence_deplacement"),
    *("heures_supplementaires", "annees_depuis_la_derniere_promotion"),
}
PAY = {"revenu_mensuel", "augmentation_salaire_precedente"}
GRANTS = pytest.mark.parametrize(
    ("granted", "more"),
    [
        ([], set()),
        (["MANAGERS_SEE_PAY"], PAY),
        (["MANAGERS_SEE_SURVEY_ANSWERS"], {*SATISFACTIONS}),
        (["MANAGERS_SEE_PAY", "MANAGERS_SEE_SURVEY_ANSWERS"], {*PAY, *SATISFACTIONS}),
    ],
    ids=["nothing", "pay", "survey answers", "both"],
)


@GRANTS
def test_what_if_offers_a_manager_what_changes_nothing_hidden(browse, person, settings, granted, more):
    for setting in granted:
        setattr(settings, setting, True)
    form = browse("Manager", "Consulting").get(address(person)).context["form"]
    assert form.fields.keys() == LEVERS | more
    assert form.initial.keys() >= form.fields.keys()
    assert "age" not in form.initial


@GRANTS
def test_what_if_of_a_manager_moves_the_score_by_nothing_hidden(browse, person, settings, granted, more):
    for setting in granted:
        setattr(settings, setting, True)
    browser = browse("Manager", "Consulting")
    sent = values(
        heures_supplementaires=0,
        annees_depuis_la_derniere_promotion=INPUTS["annees_dans_l_entreprise"],
        niveau_hierarchique_poste=5,
        nombre_participation_pee=3,
        nb_formations_suivies=6,
        frequence_deplacement=0,
        revenu_mensuel=19_873,
        augmentation_salaire_precedente=25,
        **dict.fromkeys(SATISFACTIONS, 1),
    )
    comparison = browser.post(address(person), sent).context["comparison"]
    before, after = (score.prediction.contributions for score in (comparison.before, comparison.after))
    moved = {name for name in before.keys() | after.keys() if abs(before.get(name, 0) - after.get(name, 0)) > ROUNDING}
    assert moved
    assert [name for name in moved if not readable_features.reads(readable_to(browser.account), name)] == []


@pytest.mark.parametrize("text", ["1", "0", "19873", "many", ""])
def test_what_if_of_a_manager_takes_what_is_not_offered_as_it_is(browse, person, text):
    forged = dict.fromkeys({"revenu_mensuel", "age", "satisfaction_employee_equipe"}, text)
    response = browse("Manager", "Consulting").post(address(person), values(nb_formations_suivies=5) | forged)
    assert response.context["comparison"] is not None
    assert simulations().get().payload == engineer_one(INPUTS | {"nb_formations_suivies": 5})


def test_what_if_equals_the_prediction_by_features(browse, person):
    changes = {"heures_supplementaires": 0, "revenu_mensuel": 7000, "satisfaction_employee_equipe": 4}
    comparison = browse("RH").post(address(person), values(**changes)).context["comparison"]
    by_features = services.predict_for_features(
        values=engineer_one(INPUTS | changes), caller=Caller(scope=Scope.EVERYONE)
    )
    assert comparison.after.prediction.probability == by_features.probability
    assert comparison.before.prediction.probability == pytest.approx(Prediction.objects.earliest().probability)


def test_what_if_of_the_real_values_changes_nothing(browse, person):
    response = browse("RH").post(address(person), values())
    assert response.context["comparison"].difference == pytest.approx(0, abs=1e-12)
    assert "These values change nothing in the score." in response.content.decode()


def test_what_if_shows_the_interval_of_both_risks(browse, person):
    response = browse("RH").post(address(person), values(heures_supplementaires=0), headers={"HX-Request": "true"})
    comparison = response.context["comparison"]
    for each in (comparison.before, comparison.after):
        assert each.interval.startswith("Between ")
        assert each.interval in response.text


def test_what_if_of_a_profile_that_nobody_has_tells_no_risk_and_no_difference(browse, person):
    changes = {"niveau_hierarchique_poste": 1, "revenu_mensuel": 19_999}
    response = browse("RH").post(address(person), values(**changes), headers={"HX-Request": "true"})
    comparison = response.context["comparison"]
    assert comparison.is_unknown
    assert '<p class="score-value is-words">Not enough data</p>' in response.text
    assert "the model has seen nobody like this" in response.text
    assert f"{comparison.after.prediction.probability * 100:.1f}%" not in response.text
    assert "Difference" not in response.text


def test_what_if_compares_with_the_newest_data_and_logs_that_score_once(browse, person):
    row = EmployeeFeaturesFactory(employee=person.employee, as_of=DAY + timedelta(days=1), revenu_mensuel=2000)
    browser = browse("RH")
    for overtime in (0, 1):
        data = values(revenu_mensuel=2000, heures_supplementaires=overtime)
        comparison = browser.post(address(person), data).context["comparison"]
    assert comparison.difference == pytest.approx(0, abs=1e-12)
    score = Prediction.objects.get(features=row)
    assert (score.mode, score.user) == (Prediction.Mode.BY_ID, browser.account)


def test_what_if_compares_with_the_model_in_use(browse):
    row = make_person()
    PredictionFactory(scored=True, employee=row.employee, features=row, model_version="an older one", probability=0.9)
    comparison = browse("RH").post(address(row), values()).context["comparison"]
    assert comparison.before.prediction.model_version == current_model().version
    assert comparison.difference == pytest.approx(0, abs=1e-12)


def test_what_if_without_script_answers_with_the_whole_page(browse, person):
    page = browse("RH").post(address(person), values(heures_supplementaires=0)).content.decode()
    assert "Works no overtime" in page
    assert "<title>" in page


def test_what_if_by_htmx_answers_with_its_part_alone(browse, person):
    response = browse("RH").post(address(person), values(heures_supplementaires=0), headers={"HX-Request": "true"})
    part = response.content.decode()
    assert part.lstrip().startswith('<div id="what-if-answer"')
    assert "Works no overtime" in part
    assert "<title>" not in part


def test_what_if_asks_a_fixed_number_of_queries(browse, person, django_assert_num_queries):
    browser = browse("Manager", "Consulting")
    with django_assert_num_queries(7):
        browser.post(address(person), values(), headers={"HX-Request": "true"})


def test_what_if_that_cannot_be_names_the_field_and_logs_nothing(browse, person):
    before = Prediction.objects.count()
    data = values(annees_depuis_la_derniere_promotion=7)
    part = browse("RH").post(address(person), data, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing was computed" in part
    assert "Cannot exceed “Years with the company”" in part
    assert Prediction.objects.count() == before


def test_what_if_by_htmx_clears_the_errors_that_are_mended(browse, person):
    part = browse("RH").post(address(person), values(), headers={"HX-Request": "true"}).content.decode()
    assert part.count("hx-swap-oob") == len(what_if_features())
    assert "<li>" not in part.split("hx-swap-oob", 1)[1]


@pytest.mark.parametrize("text", ["many", "NaN", "-1", str(2**31), "4\0", ""])
def test_what_if_with_a_bad_value_marks_the_field_and_logs_nothing(browse, person, text):
    before = Prediction.objects.count()
    response = browse("RH").post(address(person), values(revenu_mensuel=text))
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["revenu_mensuel"]
    assert 'id="id_revenu_mensuel_error"' in response.content.decode()
    assert Prediction.objects.count() == before


def test_employee_page_dates_the_score_in_the_sites_time_zone(browse):
    row = make_person()
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    PredictionFactory(scored=True, employee=row.employee, features=row, created_at=late)
    assert "2 March 2026, 00:30" in browse("RH").get(address(row)).content.decode()


def test_employee_page_dates_a_score_by_the_day_that_it_describes(browse, person):
    run = ScoringRunFactory(as_of=date(2026, 1, 31))
    PredictionFactory(scored=True, run=run, employee=person.employee, features=person)
    page = browse("RH").get(address(person)).content.decode()
    assert '<th scope="row">31 Jan 2026</th>' in page


def test_employee_page_orders_the_scores_by_time_whatever_their_numbers(browse, person):
    old = datetime(2026, 3, 1, tzinfo=UTC)
    run = ScoringRunFactory(created_at=old)
    older = PredictionFactory(scored=True, run=run, employee=person.employee, features=person, created_at=old)
    history = browse("RH").get(address(person)).context["history"]
    assert [score.prediction.pk for score in history] == [Prediction.objects.earliest().pk, older.pk]


def test_employee_page_does_not_take_other_methods(browse, person):
    assert browse("RH").put(address(person)).status_code == 405


def test_employee_page_tells_the_five_strongest_reasons_and_what_the_others_add_up_to(browse, person):
    context = browse("RH").get(address(person)).context
    strongest, reasons = context["strongest"], context["score"].reasons
    assert [reason for reason, _length in strongest.rows] == reasons[:5]
    assert next(length for _reason, length in strongest.rows) == 1
    assert strongest.others == len(reasons) - 5
    told = sum(reason.shown for reason, _length in strongest.rows) + strongest.others_shown
    assert told == pytest.approx(sum(reason.shown for reason in reasons))


@pytest.fixture
def twice(person):
    """The same person scored a month later, with less overtime, a rise, a promotion and a better survey."""
    changes = {"heures_supplementaires": 0, "niveau_hierarchique_poste": 3, "revenu_mensuel": 6500}
    later = EmployeeFeaturesFactory(
        employee=person.employee, as_of=DAY + timedelta(days=30), satisfaction_moyenne=3.5, **changes
    )
    WorkforceDayFactory(as_of=DAY + timedelta(days=30))
    services.score_employees()
    return later


def test_employee_page_tells_what_changed_since_the_score_before(browse, person, twice):
    page = browse("RH").get(address(person))
    since, (now, before) = page.context["since"], page.context["history"]
    assert since.day == before.prediction.day
    assert since.was == before.prediction.probability
    assert sum(reason.shown for reason in since.changes) == pytest.approx(since.shown_difference)
    assert "Works no overtime" in [reason.phrase for reason in since.changes]
    assert since.shown_difference == pytest.approx(
        round(now.prediction.probability, 3) - round(before.prediction.probability, 3)
    )


def test_employee_page_compares_no_scores_of_two_models(browse, person):
    PredictionFactory(scored=True, employee=person.employee, features=person, model_version="another")
    assert browse("RH").get(address(person)).context["since"] is None


def test_employee_page_of_a_first_score_has_nothing_since(browse, person):
    assert browse("RH").get(address(person)).context["since"] is None


@pytest.mark.parametrize(
    ("who", "marked"),
    [
        (("RH",), {"Pay rise", "Move or promotion", "New survey"}),
        (("Manager", "Consulting"), {"Move or promotion"}),
    ],
    ids=["hr", "manager"],
)
def test_curve_marks_what_the_reader_may_know(browse, person, twice, who, marked):
    chart = browse(*who).get(address(person)).context["chart"]
    assert {name for _class, name in chart.legend} == {"Risk", "Threshold"} | marked
    assert any("Job level" in row[-1] for row in chart.rows)


def test_employee_page_takes_twelve_queries_at_most(browse, person, twice, django_assert_max_num_queries):
    browser = browse("RH")
    with django_assert_max_num_queries(12):
        browser.get(address(person))


def test_lever_without_a_script_is_tried_by_its_button(browse, person):
    browser = browse("RH")
    lever = browser.get(address(person)).context["levers"][0]
    comparison = browser.post(address(person), values() | {"lever": lever.name}).context["comparison"]
    assert comparison.after.prediction.probability == pytest.approx(lever.probability)
    assert comparison.shown_difference == pytest.approx(lever.points)


def test_lever_that_is_not_offered_changes_nothing(browse, person):
    comparison = browse("RH").post(address(person), values() | {"lever": "age"}).context["comparison"]
    assert comparison.difference == pytest.approx(0, abs=1e-12)
