import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from predictions.ml.artifacts import store
from predictions.models import Prediction, ScoringRun
from predictions.registry import current_model
from predictions.selectors import log_pages
from predictions.tests.factories import APIKeyFactory, PredictionFactory, ScoringRunFactory
from predictions.tests.published import change
from predictions.tests.scoring import score, write_figures

pytestmark = pytest.mark.django_db


def listed(browser, **filters):
    """The numbers of the predictions on the page."""
    return [row.prediction.pk for row in browser.get("/history/", filters).context["rows"]]


@pytest.mark.parametrize("path", ["/history/", "/history/1/"])
def test_history_needs_a_login(client, path):
    assert client.get(path).headers["Location"] == f"/login/?next={path}"


def test_history_is_newest_first(browse):
    first, second = PredictionFactory(), PredictionFactory()
    older = PredictionFactory(created_at=timezone.now() - timedelta(days=1))
    assert listed(browse("RH")) == [second.pk, first.pk, older.pk]


def test_history_says_how_many_predictions_the_page_holds(browse, monkeypatch):
    PredictionFactory.create_batch(3)
    browser = browse("RH")
    assert "3 predictions, the newest first" in browser.get("/history/").content.decode()
    monkeypatch.setattr(log_pages, "PAGE_SIZE", 2)
    assert "2 predictions on this page" in browser.get("/history/").content.decode()


def test_history_of_a_manager_holds_the_department_and_his_own_tries_on_nobody(browse):
    manager, hr = browse("Manager", "Consulting"), browse("RH")
    inside = PredictionFactory()
    outside = PredictionFactory(employee__departement="Commercial", user=manager.account)
    own = PredictionFactory(ready_made=True, mode="simulation", user=manager.account)
    of_hr = PredictionFactory(ready_made=True, mode="simulation", user=hr.account)
    of_a_client = PredictionFactory(ready_made=True, api_key=APIKeyFactory())
    assert listed(manager) == [own.pk, inside.pk]
    assert listed(hr) == [of_a_client.pk, of_hr.pk, own.pk, outside.pk, inside.pk]


def test_history_shows_a_simulation_to_its_author_and_to_hr_alone(browse):
    manager, other, hr = browse("Manager", "Consulting"), browse("Manager", "Consulting", "Commercial"), browse("RH")
    person = PredictionFactory()
    tries = [
        PredictionFactory(
            ready_made=True,
            mode="simulation",
            employee=person.employee,
            user=each.account,
            created_at=person.created_at,
        )
        for each in (manager, other, hr)
    ]
    own, of_another, of_hr = (row.pk for row in tries)
    assert listed(manager) == [own, person.pk]
    assert listed(other) == [of_another, person.pk]
    assert listed(hr) == [of_hr, of_another, own, person.pk]
    assert listed(manager, mode="simulation") == [own]
    statuses = [manager.get(f"/history/{number}/").status_code for number in (own, of_another, of_hr, person.pk)]
    assert statuses == [200, 404, 404, 200]


@pytest.mark.parametrize("hidden", [{"employee__departement": "Commercial"}, {"ready_made": True}])
def test_prediction_out_of_scope_does_not_exist(browse, hidden):
    prediction = PredictionFactory(**hidden)
    path = f"/history/{prediction.pk}/"
    assert browse("Manager", "Consulting").get(path).status_code == 404
    assert browse("RH").get(path).status_code == 200


def make_log():
    """Three predictions that differ in everything that filters look at."""
    scored = PredictionFactory(
        scored=True,
        run=ScoringRunFactory(model_version="older"),
        model_version="older",
        created_at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC),  # 23:59 in Paris
    )
    low = PredictionFactory(probability=0.1, created_at=datetime(2026, 3, 1, 23, 1, tzinfo=UTC))  # 2 March in Paris
    given = PredictionFactory(ready_made=True, created_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    return {"scored": scored, "low": low, "given": given}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"mode": "scoring"}, ["scored"]),
        ({"predicted_class": "false"}, ["low"]),
        ({"predicted_class": "true"}, ["given", "scored"]),
        ({"model_version": "older"}, ["scored"]),
        ({"since": "2026-03-02"}, ["given", "low"]),
        ({"until": "2026-03-01"}, ["scored"]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, ["low"]),
        ({"predicted_class": "true", "until": "2026-03-02"}, ["scored"]),
        ({"since": "2027-01-01"}, []),
        ({"mode": "all", "before": 10**12}, ["given", "low", "scored"]),
    ],
)
def test_history_filters_combine(browse, filters, expected):
    made = make_log()
    assert listed(browse("RH"), **filters) == [made[name].pk for name in expected]


def test_history_opens_with_what_was_asked_for_and_one_line_a_run(browse):
    rows = make_log()
    run, hr = rows["scored"].run, browse("RH")
    ScoringRun.objects.update(created_at=rows["scored"].created_at)  # its rows share its instant
    page = hr.get("/history/")
    assert [row.prediction.pk for row in page.context["rows"]] == [rows["given"].pk, rows["low"].pk]
    assert [each for each, _figures in page.context["runs"]] == [run]
    assert f"mode=scoring&amp;run={run.pk}" in page.text
    assert listed(hr, mode="scoring", run=run.pk) == [rows["scored"].pk]
    assert listed(hr, mode="scoring", run=ScoringRunFactory().pk) == []
    assert listed(hr, mode="all") == [rows[name].pk for name in ("given", "low", "scored")]
    assert "runs" not in hr.get("/history/", {"mode": "all"}).context


def test_history_suppresses_the_figures_of_a_run_of_few(browse):
    score(ScoringRunFactory(), 1)
    write_figures()
    [(_run, found)] = browse("Manager", "Consulting").get("/history/").context["runs"]
    assert found.employee_count is None
    [(_run, found)] = browse("RH").get("/history/").context["runs"]
    assert found.employee_count == 1


def test_history_tells_a_reader_of_figures_alone_the_run_in_force_of_a_day_in_fives(browse):
    """An objection starts another run of the same day: both together would tell whether that person is over."""
    before, after = (ScoringRunFactory(as_of=datetime(2026, 6, 30, tzinfo=UTC).date()) for _run in range(2))
    for number in range(1, 24):
        for place, run in enumerate((before, after)[: 1 if number == 1 else 2]):
            score(run, 100 * place + number, 0.9 if number < 9 else 0.1)
    write_figures()
    auditor = browse("Auditeur").get("/history/")
    [(run, found)] = auditor.context["runs"]
    assert (run, found.employee_count, found.above_threshold_count) == (after, 20, 5)
    assert "rounded to fives" in auditor.text
    of_hr = [
        (each.employee_count, each.above_threshold_count)
        for _run, each in browse("RH").get("/history/").context["runs"]
    ]
    assert of_hr == [(22, 7), (23, 8)]


def test_history_of_figures_alone_hides_few_on_either_side_of_the_threshold(browse):
    run = ScoringRunFactory()
    for number in range(1, 11):
        score(run, number, 0.9 if number < 4 else 0.1)
    write_figures()
    [(_run, found)] = browse("Auditeur").get("/history/").context["runs"]
    assert (found.employee_count, found.above_threshold_count) == (10, None)


def test_history_filters_by_employee_number(browse):
    wanted, _other = PredictionFactory(), PredictionFactory()
    assert listed(browse("RH"), employee=wanted.employee.employee_id) == [wanted.pk]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("employee", "0"),
        ("employee", "many"),
        ("employee", str(2**31)),
        ("employee", "1\0"),
        ("mode", "guess"),
        ("model_version", "never\0"),
        ("predicted_class", "perhaps"),
        ("since", "yesterday"),
        ("since", "0001-01-01"),
        ("until", "9999-12-31"),
        ("before", str(2**63)),
        ("after", "-1"),
    ],
)
def test_history_with_a_bad_filter_says_so_and_shows_nothing(browse, name, value):
    PredictionFactory()
    response = browse("RH").get("/history/", {name: value})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [name]
    assert response.context["rows"] == []
    assert "Nothing is shown" in response.content.decode()


def test_history_with_days_the_wrong_way_round_says_so(browse):
    response = browse("RH").get("/history/", {"since": "2026-03-02", "until": "2026-03-01"})
    assert response.context["form"].errors == {"until": ["The last day is before the first one."]}


@pytest.mark.parametrize(
    ("filters", "title"), [({}, "No prediction yet"), ({"mode": "batch"}, "No prediction matches")]
)
def test_empty_history_says_what_to_do(browse, filters, title):
    assert title in browse("RH").get("/history/", filters).content.decode()


def test_history_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    PredictionFactory.create_batch(3, api_key=APIKeyFactory())
    manager = browse("Manager", "Consulting")
    anchor = PredictionFactory(user=manager.account)
    with django_assert_num_queries(6):
        manager.get("/history/")
    with django_assert_num_queries(6):
        manager.get("/history/", {"before": anchor.pk})


def test_prediction_page_asks_a_fixed_number_of_queries(browse, django_assert_num_queries):
    prediction = PredictionFactory()
    manager = browse("Manager", "Consulting")
    manager.get(f"/history/{prediction.pk}/")  # a process reads the version in use once
    with django_assert_num_queries(6):
        manager.get(f"/history/{prediction.pk}/")


@pytest.fixture
def ten_rows(monkeypatch):
    """Ten rows in pages of four; the middle ones share one instant, as the rows of a scoring run do."""
    monkeypatch.setattr(log_pages, "PAGE_SIZE", 4)
    instants = [datetime(2026, 1, 1 + max(0, min(place - 2, 1)), tzinfo=UTC) for place in range(10)]
    return [PredictionFactory(created_at=instant).pk for instant in instants][::-1]


def test_history_pages_lead_to_the_end_and_back(browse, ten_rows):
    browser = browse("RH")
    first = browser.get("/history/").context["page"]
    second = browser.get("/history/", {"before": first.older}).context["page"]
    third = browser.get("/history/", {"before": second.older}).context["page"]
    assert [row.pk for page in (first, second, third) for row in page.rows] == ten_rows
    assert (first.newer, third.older) == (None, None)
    back = browser.get("/history/", {"after": third.newer}).context["page"]
    assert [row.pk for row in back.rows] == ten_rows[4:8]
    again = browser.get("/history/", {"after": back.newer}).context["page"]
    assert [row.pk for row in again.rows] == ten_rows[:4]
    assert (again.newer, again.older) == (None, ten_rows[3])


def test_history_page_past_the_newest_is_empty_and_leads_nowhere(browse, ten_rows):
    page = browse("RH").get("/history/", {"after": ten_rows[0]}).context["page"]
    assert (page.rows, page.newer, page.older) == ([], None, None)


def test_history_keeps_the_filters_from_page_to_page(browse, ten_rows):
    page = browse("RH").get("/history/", {"mode": "by_id"}).content.decode()
    assert f"?mode=by_id&amp;before={ten_rows[3]}" in page


def test_history_offers_every_version_that_scored(browse):
    ScoringRunFactory(model_version="older")
    choices = browse("RH").get("/history/").context["form"].fields["model_version"].choices
    assert "older" in dict(choices)


def test_prediction_page_shows_reasons_source_and_asker(browse):
    key = APIKeyFactory(name="payroll")
    prediction = PredictionFactory(ready_made=True, api_key=key, probability=0.731)
    page = browse("RH").get(f"/history/{prediction.pk}/").content.decode()
    assert "73.1%" in page
    assert "Works overtime" in page
    assert "API key payroll" in page
    assert "the values given" in page
    assert "€5,993" in page
    assert str(prediction.request_id) in page


def test_prediction_page_shows_a_dash_for_what_is_unknown(browse):
    row = PredictionFactory(features__age=None, features__statut_marital=None)
    sources = dict(browse("RH").get(f"/history/{row.pk}/").context["sources"])
    assert (sources["Age"], sources["Marital status"], sources["Job"]) == ("–", "–", "Consultant")


def test_prediction_page_leads_to_the_person(browse):
    prediction = PredictionFactory()
    page = browse("RH").get(f"/history/{prediction.pk}/").content.decode()
    assert f'href="/employees/{prediction.employee.employee_id}/"' in page
    assert "the clean data of" in page


@pytest.mark.parametrize("number", [0, 10**6, 2**63, 10**30])
def test_unknown_prediction_is_not_found(browse, number):
    assert browse("RH").get(f"/history/{number}/").status_code == 404


def test_history_changes_nothing(browse):
    prediction = PredictionFactory()
    assert browse("RH").post("/history/").status_code == 405
    browse("Manager", "Consulting").get(f"/history/{prediction.pk}/")
    assert Prediction.objects.count() == 1


def keep_version(artifacts, edit=lambda card: None):
    """The directory of a version that is in the store, with the card as ``edit`` leaves it, and not the current one."""
    draft = shutil.copytree(store.current_directory(artifacts), artifacts / "versions" / "20250101-0")
    return change(draft, card=lambda card: (card.update(created_on="2025-01-01"), edit(card)))


def test_prediction_page_says_what_the_threshold_of_its_run_expects(browse, artifacts):
    def edit(card):
        card["uses_protected"] = True

    threshold = current_model().threshold  # that of both cards
    run = ScoringRunFactory(above_threshold_count=1, expected_above_threshold=0.31)
    version = keep_version(artifacts, edit).name
    older = PredictionFactory(scored=True, run=run, model_version=version, threshold=threshold)
    newer = PredictionFactory(model_version=current_model().version, threshold=threshold)
    browser = browse("RH")
    page = browser.get(f"/history/{older.pk}/").content.decode()
    assert "over the threshold of 20.0%, about 31 are expected to leave and 69 to stay." in page
    assert "about 62 are of people over it and 38 of others" in page
    assert "are not used" not in page
    page = browser.get(f"/history/{newer.pk}/").content.decode()
    assert "about 31 are expected" not in page
    assert "Age, sex and marital status are not used." in page


@pytest.mark.parametrize("version", ["20250101-00000000", "../versions", "."])
def test_prediction_page_of_a_model_that_is_not_kept_says_what_is_true_of_any(browse, version):
    prediction = PredictionFactory(model_version=version)
    page = browse("RH").get(f"/history/{prediction.pk}/").content.decode()
    assert "People decide" in page
    assert "Of 100 people" not in page
    assert "are not used" not in page


def test_prediction_page_of_a_model_whose_card_cannot_be_read_says_what_is_true_of_any(browse, artifacts):
    directory = keep_version(artifacts)
    (directory / store.CARD_FILE).write_text("{")
    prediction = PredictionFactory(model_version=directory.name)
    assert "Of 100 people" not in browse("RH").get(f"/history/{prediction.pk}/").content.decode()
