"""Django admin: the log is read and nothing else; a new key is shown once, on the page."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from features.tests.factories import EmployeeFeaturesFactory
from predictions.keys import services as keys
from predictions.keys.forms import EVERYONE
from predictions.keys.quota import MINUTE
from predictions.ml.assessment.drift import Shift
from predictions.ml.assessment.outcomes import Outcome
from predictions.models import (
    APIKey,
    CompanyFact,
    Prediction,
    Promotion,
    RequestCount,
    RunGroup,
    ScoringRun,
    ThresholdDecision,
    WorkforceCheck,
)
from predictions.selectors import figures
from predictions.selectors.drift_check import Found
from predictions.tests.factories import APIKeyFactory, PredictionFactory, RunGroupFactory, ScoringRunFactory
from technova.admin import BoundedPaginator

pytestmark = pytest.mark.django_db

LOG = reverse("admin:predictions_prediction_changelist")
GROUPS = reverse("admin:predictions_rungroup_changelist")
COUNTS = reverse("admin:predictions_requestcount_changelist")
KEYS = reverse("admin:predictions_apikey_changelist")
ADD_KEY = reverse("admin:predictions_apikey_add")


@pytest.fixture
def client(admin_client):
    admin_client.cookies["django_language"] = "en"
    return admin_client


def listed(response):
    return list(response.context["cl"].result_list)


def prediction(**given):
    """A prediction with a payload that an explanation can be told from."""
    features = EmployeeFeaturesFactory()
    return PredictionFactory(employee=features.employee, features=features, **given)


def test_every_model_of_the_apps_has_a_page():
    without = {
        model.__name__
        for name in ("employees", "features", "predictions")
        for model in apps.get_app_config(name).get_models()
        if not admin.site.is_registered(model)
    }
    beside = {
        "ImportFile",
        "LoadedExtract",
        "EmployeeState",
        "TermSynonym",
        "ActionCost",
        "DataRequestChange",
        "Correction",
        "TeamAccess",
    }  # on the page of what they belong to
    rows = {"SirhRow", "EvalRow", "SondageRow", "AnnuaireRow"}  # of composite keys, which the administration lacks
    workings = {"WorkforceDay", "ReportingLine", "TermRevision", "FeatureBuild", "RunCell"}
    on_pages = {"PresenceAnswer", "NumberMerge", "RefusedValue", "ImportChange", "ColumnSwitch"}  # of their own
    workings.add("FollowedMerge")
    contents = {"Export", "ExportPiece"}  # for whoever asked alone
    of_accounts = {"SavedView", "SavedSegment"}  # what one account likes to see
    on_pages |= {"Case", "CaseChange", "CaseNote", "CaseAction", "Draw", "DrawnPerson", "ExitInterview", "JournalEntry"}
    workings |= {"LogBlock", "LogPurge", "PersonKey", "ErasedRow", "Erasure", "Clearance"}  # of verify_log
    assert without == beside | rows | workings | contents | on_pages | of_accounts


@pytest.mark.parametrize(
    "model", [Prediction, ScoringRun, RunGroup, RequestCount, WorkforceCheck, ThresholdDecision, Promotion, CompanyFact]
)
def test_superuser_may_only_read(model, client, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    of_model = admin.site.get_model_admin(model)
    assert of_model.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert of_model.get_actions(request) == {}


def test_log_row_cannot_be_changed_or_deleted(client):
    row = prediction()
    for name in ("change", "delete"):
        address = reverse(f"admin:predictions_prediction_{name}", args=[row.pk])
        assert client.post(address, {"probability": "0.1", "post": "yes"}).status_code == 403
    assert client.post(LOG, {"action": "delete_selected", "_selected_action": [row.pk]}).status_code in (200, 302)
    assert Prediction.objects.get() == row


def test_log_row_shows_its_reasons_and_features(client):
    page = client.get(reverse("admin:predictions_prediction_change", args=[prediction().pk])).content.decode()
    assert "Works overtime: +" in page
    assert "Monthly income: €5,993" in page


def test_log_costs_the_same_queries_for_one_row_and_for_many(client):
    counts = []
    for _round in range(2):
        prediction(scored=True)
        prediction(api_key=APIKeyFactory())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LOG).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_log_offers_no_counts_of_its_filters(client):
    prediction()
    assert "_facets" not in client.get(LOG).text
    with CaptureQueriesContext(connection) as queries:
        client.get(LOG, {"_facets": "True"})
    assert not any(" FILTER " in (query["sql"] or "") for query in queries)  # a prepared statement has none


def test_log_counts_and_shows_its_newest_rows_alone(client, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "LIMIT", 2)
    monkeypatch.setattr(admin.site._registry[Prediction], "list_per_page", 1)
    rows = [prediction() for _ in range(3)]
    pages = [client.get(LOG, {"p": page}).context["cl"] for page in (1, 2)]
    assert [page.result_count for page in pages] == [2, 2]
    assert [row.pk for page in pages for row in page.result_list] == [rows[2].pk, rows[1].pk]


def test_log_is_found_by_employee_number(client):
    row, _other = prediction(), prediction()
    assert listed(client.get(LOG, {"q": str(row.employee.employee_id)})) == [row]


def test_log_is_found_by_request_id(client):
    row, _other = prediction(), prediction()
    assert listed(client.get(LOG, {"q": str(row.request_id)})) == [row]
    assert listed(client.get(LOG, {"q": row.request_id.hex})) == [row]


@pytest.mark.parametrize("term", ["nobody", "9" * 5000, "٣", "%", str(uuid.UUID(int=0)), "1 2", "2147483648"])
def test_log_search_that_means_nothing_finds_nothing(client, term):
    prediction()
    assert listed(client.get(LOG, {"q": term})) == []


@pytest.mark.parametrize(
    "query", [{"mode": "by_id"}, {"predicted_class__exact": "1"}, {"employee__departement__exact": "Consulting"}]
)
def test_log_is_filtered(client, query):
    row = prediction()
    other = EmployeeFeaturesFactory(employee__departement="Commercial")
    PredictionFactory(scored=True, probability=0.1, employee=other.employee, features=other)
    assert listed(client.get(LOG, query)) == [row]


def test_log_is_filtered_by_date(client):
    now = timezone.now()
    row, _older = prediction(created_at=now), prediction(created_at=now - timedelta(days=40))
    query = {
        "created_at__gte": (now - timedelta(days=7)).isoformat(),
        "created_at__lt": (now + timedelta(days=1)).isoformat(),
    }
    assert listed(client.get(LOG, query)) == [row]


def test_log_is_filtered_by_the_versions_that_scored(client):
    ScoringRunFactory(model_version="one")
    row, _other = prediction(model_version="one"), prediction(model_version="two")
    assert listed(client.get(LOG, {"model_version": "one"})) == [row]


def test_scoring_runs_are_listed(client):
    run = ScoringRunFactory()
    assert listed(client.get(reverse("admin:predictions_scoringrun_changelist"))) == [run]


def test_scoring_runs_are_filtered_by_model_version(client):
    ScoringRunFactory(model_version="one")
    run = ScoringRunFactory(model_version="two")
    assert listed(client.get(reverse("admin:predictions_scoringrun_changelist"), {"model_version": "two"})) == [run]
    assert "?model_version=one" in client.get(reverse("admin:predictions_scoringrun_changelist")).text


def test_figures_of_groups_are_listed_filtered_and_searched(client):
    group = RunGroupFactory(departement="Commercial", poste="Manager", run__model_version="two")
    RunGroupFactory(run__model_version="one")
    assert len(listed(client.get(GROUPS))) == 2
    for query in (
        {"departement": "Commercial"},
        {"poste": "Manager"},
        {"run__model_version": "two"},
        {"q": "manager"},
    ):
        assert listed(client.get(GROUPS, query)) == [group], query


def test_figures_of_groups_cost_the_same_queries_for_one_run_and_for_many(client):
    counts = []
    for _round in range(2):
        RunGroupFactory()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(GROUPS).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11


def test_figures_of_a_group_say_their_reasons_in_words(client):
    group = RunGroupFactory(reasons={"heures_supplementaires": 6})
    client.cookies["django_language"] = "fr"
    page = client.get(reverse("admin:predictions_rungroup_change", args=[group.pk])).text
    assert "Heures supplémentaires : 6" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_figures_of_a_small_group_are_suppressed_with_those_of_another(client):
    run = ScoringRunFactory()
    small = RunGroupFactory(run=run, poste="Manager", employee_count=3, expected_departures=0.7)
    beside = RunGroupFactory(run=run, poste="Tech Lead", employee_count=41, expected_departures=4.3)
    RunGroupFactory(run=run, poste="Consultant", employee_count=97, expected_departures=9.1)
    page = client.get(GROUPS).text
    cells = sorted(re.findall('<td class="field-(?:people|expected)">([^<]*)<', page))
    assert cells == ["9.1", "97", *["not shown"] * 4]
    for group in (small, beside):
        form = client.get(reverse("admin:predictions_rungroup_change", args=[group.pk])).text
        assert form.count("not shown") == 3
        assert client.get(GROUPS, {"q": group.poste}).text.count("not shown") == 2


def test_figures_of_groups_add_up_to_no_suppressed_one_of_a_job_or_department():
    """The managers are three, and twenty in all: so those of another department are not counted either."""
    run = ScoringRunFactory()
    for departement, poste, people in (
        ("Consulting", "Manager", 3),
        ("Commercial", "Manager", 17),
        ("Consulting", "Consultant", 90),
        ("Commercial", "Consultant", 80),
        ("Consulting", "Tech Lead", 70),
        ("Commercial", "Tech Lead", 60),
    ):
        RunGroupFactory(run=run, departement=departement, poste=poste, employee_count=people)
    hidden = figures.suppressed_groups(run.groups.all())
    assert {(group.departement, group.poste) for group in hidden} == {
        (departement, poste) for departement in ("Consulting", "Commercial") for poste in ("Manager", "Tech Lead")
    }


def test_counts_of_a_run_by_feature_hide_the_small_ones(client):
    run = ScoringRunFactory(drift_counts={"age": [3, 20, 30, 0, 40]})
    page = client.get(reverse("admin:predictions_scoringrun_change", args=[run.pk])).text
    assert "age: –, –, 30, 0, 40" in page


def workforce_check():
    """A check in which overtime has moved, and more people left than expected."""
    counts = {"people": 1_204, "left": 54, "left_otherwise": 2, "unknown": 1}
    outcome = Outcome(run=1, day=date(2026, 3, 31), version="v", months=6, expected=39.5, low=27, high=53, **counts)
    moved = Shift(
        "heures_supplementaires",
        [0.72, 0.28],
        [0.63, 0.37],
        0.0,
        moved=0.09,
        effect=0.1,
        p_value=0.001,
        adjusted=0.02,
        is_drift=True,
    )
    found = msgspec.to_builtins(Found([moved], [outcome]))
    return WorkforceCheck.objects.create(run=ScoringRunFactory(), is_alarm=True, found=found)


def test_checks_of_the_workforce_say_what_moved_and_what_was_called(client, django_assert_max_num_queries):
    check = workforce_check()
    with django_assert_max_num_queries(8):
        response = client.get(reverse("admin:predictions_workforcecheck_changelist"))
    assert listed(response) == [check]
    assert "Overtime" in response.text
    assert "6 months: more than expected" in response.text
    assert (
        "6 months: more than expected"
        in client.get(reverse("admin:predictions_workforcecheck_change", args=[check.pk])).text
    )


def test_checks_of_the_workforce_are_for_who_sees_everyone(client, django_user_model):
    workforce_check()
    staff(django_user_model, client, "RH")
    assert listed(client.get(reverse("admin:predictions_workforcecheck_changelist"))) == []


def staff(django_user_model, client, *groups, departments=("Commercial",)):
    """A staff account, signed in, that may do everything that groups and departments let it."""
    user = django_user_model.objects.create_user("staff", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    user.user_permissions.set(Permission.objects.all())
    for departement in departments:
        user.department_accesses.create(departement=departement)
    client.force_login(user)


@pytest.mark.parametrize("groups", [["Manager"], []])
def test_figures_and_log_are_closed_to_whom_may_not_read_every_column(client, django_user_model, groups):
    group, prediction = RunGroupFactory(departement="Commercial"), PredictionFactory(employee__departement="Commercial")
    staff(django_user_model, client, *groups)
    for model, row in (("rungroup", group), ("prediction", prediction)):
        listing = reverse(f"admin:predictions_{model}_changelist")
        asked = (listing, f"{listing}?main_reason=revenu_mensuel", f"{listing}?reasons__revenu_mensuel__gte=1")
        for path in (*asked, reverse(f"admin:predictions_{model}_change", args=[row.pk])):
            assert client.get(path).status_code == 403


def test_hr_of_a_department_who_is_staff_sees_its_figures(client, django_user_model):
    group = RunGroupFactory(departement="Commercial")
    RunGroupFactory(departement="Consulting")
    RequestCount.objects.create(subject="address 192.0.2.1", minute=1, requests=1)
    staff(django_user_model, client, "RH")
    assert listed(client.get(GROUPS)) == [group]
    assert listed(client.get(COUNTS)) == []


def test_counts_of_requests_are_listed_newest_first_filtered_and_searched(client):
    minute = int(datetime(2026, 1, 31, 12, 30, tzinfo=UTC).timestamp()) // MINUTE
    of_key = RequestCount.objects.create(subject="key abcd1234", minute=minute, requests=7)
    of_address = RequestCount.objects.create(subject="address 192.0.2.1", minute=minute + 1, requests=3)
    page = client.get(COUNTS)
    assert listed(page) == [of_address, of_key]
    assert "31 January 2026" in page.text
    for query in ({"subject": "key"}, {"q": "abcd"}):
        assert listed(client.get(COUNTS, query)) == [of_key]
    assert listed(client.get(COUNTS, {"subject": "address"})) == [of_address]
    assert client.get(reverse("admin:predictions_requestcount_change", args=[quote(of_key.pk)])).status_code == 200


@pytest.mark.parametrize("language", ["fr", "en"])
def test_counts_of_requests_speak_the_language_of_the_reader(client, language):
    client.cookies["django_language"] = language
    page = client.get(COUNTS).text
    assert ("Adresses des clés refusées" in page) is (language == "fr")
    assert ("Addresses of bad keys" in page) is (language == "en")


def test_the_keys_speak_french_too(client):
    client.cookies["django_language"] = "fr"
    assert "Nom" in client.get(KEYS).text
    form = client.get(ADD_KEY).text
    assert "Nom" in form
    assert "Name" not in form
    assert "free-form" not in form


def form(**changed):
    given = {
        "name": "payroll",
        "owner": "Finance",
        "can_predict": "on",
        "departments": [EVERYONE],
        "expiry_date_0": f"{timezone.localdate() + timedelta(days=100):%Y-%m-%d}",
        "expiry_date_1": "12:00",
    }
    return given | changed


def secret_on(response):
    return response.context["secret"]


def test_new_key_is_shown_on_the_page_and_nowhere_else(client, caplog):
    response = client.post(ADD_KEY, form(departments=["Consulting"]))
    secret = secret_on(response)
    key = keys.admit(secret=secret, address="")
    assert (key.owner, key.can_predict, key.can_read, key.departments) == ("Finance", True, False, ["Consulting"])
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    elsewhere = [str(response.cookies), str(response.headers), caplog.text]
    elsewhere += [str(session.get_decoded()) for session in Session.objects.all()]
    elsewhere += [str(entry.__dict__) for entry in LogEntry.objects.all()]
    elsewhere += [page.content.decode() for page in (client.get(KEYS), client.get(address_of(key)))]
    assert [text for text in elsewhere if secret.partition(".")[2] in text] == []


def address_of(key):
    return reverse("admin:predictions_apikey_change", args=[admin.utils.quote(key.pk)])


def test_new_key_that_shall_see_everyone_has_no_departments(client):
    client.post(ADD_KEY, form(departments=[EVERYONE]))
    key = APIKey.objects.get()
    assert key.departments is None
    assert client.get(address_of(key)).context["adminform"].form["departments"].value() == [EVERYONE]


def test_new_key_proposes_a_year(client):
    proposed = client.get(ADD_KEY).context["adminform"].form["expiry_date"].initial
    assert proposed - timezone.now() == pytest.approx(timedelta(days=365), abs=timedelta(minutes=2))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\x01b"}, "name"),
        ({"owner": ""}, "owner"),
        ({"departments": ["Comptabilité"]}, "departments"),
        ({"departments": []}, "departments"),
        ({"departments": [EVERYONE, "Consulting"]}, "departments"),
        ({"expiry_date_0": "2100-01-01"}, "expiry_date"),
        ({"expiry_date_0": ""}, "expiry_date"),
        ({"can_predict": ""}, "__all__"),
    ],
)
def test_new_key_that_makes_no_sense_is_refused(client, wrong, field):
    response = client.post(ADD_KEY, form(**wrong))
    assert list(response.context["adminform"].form.errors) == [field]
    assert not APIKey.objects.exists()


def test_changing_a_key_keeps_its_secret(client):
    key = APIKeyFactory()
    client.post(address_of(key), form(name="renamed"))
    assert keys.admit(secret=key.secret, address="").name == "renamed"


def test_key_is_revoked_by_an_action(client):
    key = APIKeyFactory()
    client.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]})
    with pytest.raises(keys.InvalidKey):
        keys.admit(secret=key.secret, address="")
    assert LogEntry.objects.get().get_change_message() == "Revoked."


def test_revoked_key_cannot_be_changed(client):
    key = APIKeyFactory(revoked=True)
    client.post(address_of(key), form(name="renamed"))
    key.refresh_from_db()
    assert (key.name, key.revoked) == ("client", True)


def test_key_cannot_be_deleted(client):
    key = APIKeyFactory()
    assert client.post(reverse("admin:predictions_apikey_delete", args=[admin.utils.quote(key.pk)])).status_code == 403


def test_key_is_replaced_by_an_action(client):
    old = APIKeyFactory(departments=["Consulting"])
    question = client.post(KEYS, {"action": "rotate", "_selected_action": [old.pk]})
    assert question.context["form"]["overlap"].initial == 7
    response = client.post(KEYS, {"action": "rotate", "_selected_action": [old.pk], "overlap": "3"})
    assert keys.admit(secret=secret_on(response), address="").departments == ["Consulting"]
    assert "no-store" in response["Cache-Control"]
    old.refresh_from_db()
    assert old.expiry_date < timezone.now() + timedelta(days=3)


@pytest.mark.parametrize("overlap", ["", "-1", "91", "soon"])
def test_replacing_asks_again_for_a_bad_overlap(client, overlap):
    old = APIKeyFactory()
    response = client.post(KEYS, {"action": "rotate", "_selected_action": [old.pk], "overlap": overlap})
    assert list(response.context["form"].errors) == ["overlap"]
    assert APIKey.objects.count() == 1


def test_only_one_usable_key_is_replaced_at_a_time(client):
    several = [key.pk for key in APIKeyFactory.create_batch(2)]
    revoked = [APIKeyFactory(revoked=True).pk]
    for chosen in (several, revoked):
        response = client.post(KEYS, {"action": "rotate", "_selected_action": chosen, "overlap": "1"})
        assert response.status_code == 302
    assert APIKey.objects.count() == 3


@pytest.mark.parametrize("groups", [["Manager"], []])
def test_keys_are_closed_to_whom_is_not_in_hr(client, django_user_model, groups):
    key = APIKeyFactory(departments=["Commercial"])
    staff(django_user_model, client, *groups)
    assert client.get(KEYS).status_code == 403
    assert client.get(address_of(key)).status_code == 403
    assert client.post(ADD_KEY, form()).status_code == 403
    assert client.post(ADD_KEY, form(departments=["Commercial"])).status_code == 403
    assert client.post(address_of(key), form(name="renamed")).status_code == 403
    for action in ("rotate", "revoke"):
        asked = {"action": action, "_selected_action": [key.pk], "overlap": "3"}
        assert client.post(KEYS, asked).status_code == 403
    key.refresh_from_db()
    assert (APIKey.objects.get(), key.name, key.is_usable) == (key, "client", True)
    assert "apikey" not in client.get(reverse("admin:index")).text


def test_keys_are_open_to_staff_that_sees_everyone(client, django_user_model):
    staff(django_user_model, client, "RH", departments=[])
    keys.admit(secret=secret_on(client.post(ADD_KEY, form())), address="")
    assert len(listed(client.get(KEYS))) == 1


def test_hr_of_a_department_makes_keys_for_it_alone(client, django_user_model):
    staff(django_user_model, client, "RH")
    for departments in ([], [EVERYONE], ["Consulting"], ["Commercial", "Consulting"]):
        refused = client.post(ADD_KEY, form(departments=departments))
        assert list(refused.context["adminform"].form.errors) == ["departments"], departments
    secret = secret_on(client.post(ADD_KEY, form(departments=["Commercial"])))
    assert keys.admit(secret=secret, address="").departments == ["Commercial"]


@pytest.mark.parametrize("departments", [None, ["Consulting"], ["Commercial", "Consulting"]])
def test_hr_of_a_department_has_nothing_to_do_with_a_key_that_sees_others(client, django_user_model, departments):
    own, key = APIKeyFactory(departments=["Commercial"]), APIKeyFactory(departments=departments)
    staff(django_user_model, client, "RH")
    assert listed(client.get(KEYS)) == [own]
    for response in (client.get(address_of(key)), client.post(address_of(key), form(departments=["Commercial"]))):
        assert (response.status_code, response.url) == (302, reverse("admin:index"))
    for action in ("rotate", "revoke"):
        client.post(KEYS, {"action": action, "_selected_action": [key.pk], "overlap": "3"})
    key.refresh_from_db()
    assert (APIKey.objects.count(), key.name, key.is_usable, key.departments) == (2, "client", True, departments)


def test_hr_of_a_department_cannot_widen_a_key(client, django_user_model):
    key = APIKeyFactory(departments=["Commercial"])
    staff(django_user_model, client, "RH")
    for departments in ([], [EVERYONE], ["Commercial", "Consulting"]):
        client.post(address_of(key), form(departments=departments))
        key.refresh_from_db()
        assert key.departments == ["Commercial"]


def test_key_list_costs_the_same_queries_for_one_and_for_many(client):
    counts = []
    for _round in range(2):
        APIKeyFactory.create_batch(3)
        with CaptureQueriesContext(connection) as queries:
            client.get(KEYS)
        counts.append(len(queries))
    assert counts[0] == counts[1]
