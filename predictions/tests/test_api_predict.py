"""The calls that predict: answers, refusals, what they log and what they cost."""

import itertools
import math
import unicodedata
import uuid
from dataclasses import replace
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.serializers import Serializer

from employees.access import Scope
from employees.models import Employee, Term
from employees.terms.changes import add
from employees.tests.factories import EmployeeFactory, WorkforceDayFactory, leave
from employees.workforce.answers import merge_numbers
from features import schema, selectors
from features.models import EmployeeFeatures
from features.tests.factories import EmployeeFeaturesFactory
from predictions import registry, services
from predictions.api.serializers.scores import ExplainedSerializer, PredictionSerializer, ScoreSerializer
from predictions.models import Prediction
from predictions.services import Caller
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory

pytestmark = pytest.mark.django_db


def features(**changed):
    return EmployeeFeaturesFactory.build(employee=EmployeeFactory.build()).values() | changed


def fields(response):
    """The names that a 422 complains about."""
    return [error["loc"][-1] for error in response.json()["detail"]]


def test_predict_by_id_answers_as_the_reference_did(api):
    number = EmployeeFeaturesFactory().employee.employee_id
    response = api.call(f"/predict/by-id/{number}")
    assert response.status_code == 200
    answer = response.json()
    assert answer["employee_id"] == number
    assert 0 < answer["turnover_probability"] < 1
    assert answer["will_leave"] is (answer["turnover_probability"] >= answer["threshold"])


def test_answers_written_by_hand_are_those_of_their_declared_fields():
    row = EmployeeFeaturesFactory()
    caller = Caller(scope=Scope.EVERYONE)
    prediction = services.predict_for_employee(employee_id=row.employee.employee_id, caller=caller)
    payload = services.predict_for_features(values=features(), caller=caller)
    for answer in (PredictionSerializer(), ExplainedSerializer(), ScoreSerializer()):
        for scored in (prediction, payload) if isinstance(answer, PredictionSerializer) else (prediction,):
            declared = Serializer.to_representation(answer, scored)
            assert answer.to_representation(scored) == declared
            assert answer.to_representation(scored).keys() == answer.fields.keys()


def test_predict_by_id_answers_the_same_of_someone_who_has_left(api):
    row = EmployeeFeaturesFactory()
    answers = [api.call(f"/predict/by-id/{row.employee.employee_id}").json()]
    leave(row.employee)
    answers.append(api.call(f"/predict/by-id/{row.employee.employee_id}").json())
    for answer in answers:
        del answer["prediction_id"]
    assert [answer.pop("presence") for answer in answers] == ["present", "left"]
    assert answers[0] == answers[1]


def test_predict_by_id_answers_the_newest_day_of_the_data(api):
    row = EmployeeFeaturesFactory()
    assert api.call(f"/predict/by-id/{row.employee.employee_id}").json()["as_of"] is None
    WorkforceDayFactory(as_of=date(2026, 5, 31))
    WorkforceDayFactory(as_of=date(2026, 6, 30))
    assert api.call(f"/predict/by-id/{row.employee.employee_id}").json()["as_of"] == "2026-06-30"


def test_predict_by_features_is_of_no_day_and_of_nobody(api):
    WorkforceDayFactory()
    answer = api.call("/predict/by-features", features()).json()
    assert (answer["as_of"], answer["presence"]) == (None, None)


def test_predict_tells_three_six_and_twelve_months(api):
    answer = api.call("/predict/by-features", features()).json()
    horizons = {each["months"]: each for each in answer["horizons"]}
    assert list(horizons) == [3, 6, 12]
    own = horizons[answer["horizon_months"]]
    assert [own[name] for name in ("probability", "low", "high")] == pytest.approx(
        [answer[name] for name in ("turnover_probability", "low", "high")]
    )
    assert horizons[3]["probability"] < horizons[6]["probability"] < horizons[12]["probability"]


@pytest.mark.parametrize(
    "changed",
    [
        {"departement": "Commercial", "poste": "Tech Lead"},
        {"annees_dans_le_poste_actuel": 12, "annees_dans_l_entreprise": 5, "annee_experience_totale": 20},
        {"annees_sous_responsable_actuel": 12, "annees_dans_l_entreprise": 5, "annee_experience_totale": 20},
        {"annees_dans_l_entreprise": 12, "annee_experience_totale": 5},
    ],
)
def test_impossible_profile_has_no_interval_and_is_told_why(api, changed):
    answer = api.call("/predict/by-features", features(**changed)).json()
    assert (answer["is_extrapolated"], answer["low"], answer["high"]) == (True, None, None)
    assert all((each["low"], each["high"]) == (None, None) for each in answer["horizons"])
    assert answer["not_enough_data"]
    assert api.call("/predict/by-features", features()).json()["not_enough_data"] == []


def test_points_of_the_reasons_add_up_to_the_shown_probability(api):
    link = registry.current_model().link
    for pay in range(2_000, 8_000, 250):
        answer = api.call("/predict/by-features", features(revenu_mensuel=pay)).json()
        average = round(link.probability(answer["base_value"]), 3)
        points = [each["points"] for each in answer["reasons"]]
        assert round(average + sum(points), 3) == round(answer["turnover_probability"], 3)


def test_predict_by_id_is_logged_under_the_key_and_the_request(api, api_key):
    row = EmployeeFeaturesFactory()
    answer = api.call(f"/predict/by-id/{row.employee.employee_id}").json()
    logged = Prediction.objects.get()
    assert (logged.pk, logged.probability) == (answer["prediction_id"], answer["turnover_probability"])
    assert (logged.api_key, logged.employee, logged.mode) == (api_key, row.employee, Prediction.Mode.BY_ID)
    assert (logged.model_version, logged.threshold) == (answer["model_version"], answer["threshold"])


def test_reasons_and_base_value_sum_to_the_log_of_the_cumulative_hazard(api):
    number = EmployeeFeaturesFactory().employee.employee_id
    answer = api.call(f"/predict/by-id/{number}").json()
    total = answer["base_value"] + math.fsum(reason["contribution"] for reason in answer["reasons"])
    probability = answer["turnover_probability"]
    assert total == pytest.approx(math.log(-math.log1p(-probability)), abs=1e-6)
    names = [reason["feature"] for reason in answer["reasons"]]
    assert len(set(names)) == len(names)
    assert set(names) <= set(schema.FEATURE_NAMES)


@pytest.mark.parametrize(("language", "sentence"), [("en", "Works overtime: +"), ("en-GB", "Works overtime: +")])
def test_reasons_are_sentences_in_the_clients_language(api, language, sentence):
    number = EmployeeFeaturesFactory(heures_supplementaires=1).employee.employee_id
    answer = api.call(f"/predict/by-id/{number}", headers={"Accept-Language": language}).json()
    overtime = next(reason for reason in answer["reasons"] if reason["feature"] == "heures_supplementaires")
    assert overtime["sentence"].startswith(sentence)


def test_predict_by_id_costs_three_round_trips_on_postgresql_and_four_on_sqlite(api):
    number = EmployeeFeaturesFactory().employee.employee_id
    api.call(f"/predict/by-id/{number}")  # notes the key's use, which SQLite does in a statement of its own
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert api.call(f"/predict/by-id/{number}").status_code == 200
    assert len(queries) == (3 if connection.vendor == "postgresql" else 4), [query["sql"] for query in queries]


@pytest.mark.parametrize("number", [999_999, 2**31, 2**63, 10**40, "9" * 5000, 0])
def test_predict_by_id_unknown_employee(api, number):
    response = api.call(f"/predict/by-id/{number}")
    assert response.status_code == 404
    assert response.json()["detail"] == "There are no clean features for this employee number."
    assert uuid.UUID(response.json()["request_id"])
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("number", ["abc", "-1", "1.0", "%00", "%D9%A3", "%ff", "1%20", "1%0A", "true"])
def test_predict_by_id_of_what_is_no_number(api, number):
    response = api.call(f"/predict/by-id/{number}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["path", "employee_id"]


def test_predict_by_id_outside_the_keys_departments_is_unknown():
    number = EmployeeFeaturesFactory(employee__departement="Commercial").employee.employee_id
    limited = APIClient(APIKeyFactory(departments=["Consulting"]).secret)
    assert limited.call(f"/predict/by-id/{number}").status_code == 404


@pytest.fixture
def merged():
    """A number that was merged into another one, whose features are newer; features of its own are still in force."""
    person, other = EmployeeFeaturesFactory(), EmployeeFeaturesFactory(heures_supplementaires=1)
    merge_numbers(number=other.employee.employee_id, into=person.employee.employee_id)
    return other.employee.employee_id, person.employee.employee_id


def test_predict_by_id_of_a_merged_number_answers_for_its_person(api, merged):
    number, of_person = merged
    features_of_number = EmployeeFeatures.objects.filter(employee__employee_id=number)
    for _built in range(2):
        answer = api.call(f"/predict/by-id/{number}").json()
        assert answer["employee_id"] == of_person
        logged = Prediction.objects.select_related("features__employee").get(pk=answer["prediction_id"])
        assert logged.employee.employee_id == logged.features.employee.employee_id == of_person
        features_of_number.update(superseded_at=timezone.now())


def test_merged_number_of_a_person_of_another_department_is_unknown(merged):
    number, of_person = merged
    Employee.objects.filter(employee_id=number).update(departement="Consulting")
    Employee.objects.filter(employee_id=of_person).update(departement="Commercial")
    limited = APIClient(APIKeyFactory(departments=["Consulting"]).secret)
    assert limited.call(f"/predict/by-id/{number}").status_code == 404
    [answer] = limited.call("/predict/batch", {"employee_ids": [number]}).json()
    assert answer == {"employee_id": number, "detail": "There are no clean features for this employee number."}


def test_predict_by_features_answers_with_no_employee_and_keeps_the_payload(api):
    response = api.call("/predict/by-features", features())
    assert response.status_code == 200
    assert response.json()["employee_id"] is None
    assert Prediction.objects.get().payload == features()


def test_predict_by_features_equals_predict_by_id(api):
    row = EmployeeFeaturesFactory()
    by_id = api.call(f"/predict/by-id/{row.employee.employee_id}").json()
    by_features = api.call("/predict/by-features", row.values()).json()
    assert by_features["turnover_probability"] == by_id["turnover_probability"]


@pytest.mark.parametrize("name", schema.FEATURE_NAMES)
def test_predict_by_features_names_the_missing(api, name):
    response = api.call("/predict/by-features", {key: value for key, value in features().items() if key != name})
    assert response.status_code == 422
    [error] = response.json()["detail"]
    assert (error["loc"], error["type"]) == (["body", name], "missing")


def test_predict_by_features_names_the_unknown_and_the_missing_together(api):
    body = features(salaire=1, ville="Paris")
    del body["age"]
    response = api.call("/predict/by-features", body)
    assert response.status_code == 422
    assert fields(response) == ["age", "salaire", "ville"]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in schema.FEATURE_NAMES),
        *((name, True) for name in schema.FEATURE_NAMES),
        *((name, "") for name in schema.FEATURE_NAMES),
        *((name, []) for name in schema.FEATURE_NAMES),
        *((feature.name, feature.maximum + 1) for feature in schema.FEATURES if feature.maximum is not None),
        *((feature.name, feature.minimum - 1) for feature in schema.FEATURES if feature.minimum is not None),
        *((feature.name, "Inconnu") for feature in schema.FEATURES if feature.kind == schema.FeatureKind.CHOICE),
        *((feature.name, feature.minimum + 0.5) for feature in schema.FEATURES if feature.is_integer),
        ("age", "41"),
        ("age", "٤١"),
        ("revenu_mensuel", 2**31),
        ("revenu_mensuel", 2**63),
        ("risque_global", 10**400),
        ("departement", {"a": 1}),
    ],
)
def test_predict_by_features_names_the_bad_value_of(api, name, value):
    response = api.call("/predict/by-features", features(**{name: value}))
    assert (response.status_code, fields(response)) == (422, [name])


def test_predict_by_features_takes_the_words_of_the_references_own_test(api):
    words = {
        "statut_marital": "célibataire",
        "departement": "commercial",
        "poste": "cadre commercial",
        "domaine_etude": "infra & cloud",
    }
    assert api.call("/predict/by-features", features(**words)).status_code == 200
    logged = Prediction.objects.get().payload
    assert {name: logged[name] for name in words} == {
        "statut_marital": "Célibataire",
        "departement": "Commercial",
        "poste": "Cadre Commercial",
        "domaine_etude": "Infra & Cloud",
    }


@pytest.mark.parametrize(
    ("name", "spelt", "canonical"),
    [
        ("statut_marital", unicodedata.normalize("NFD", "Célibataire"), "Célibataire"),
        ("statut_marital", unicodedata.normalize("NFD", "MARIÉ(E)"), "Marié(e)"),
        ("poste", unicodedata.normalize("NFD", "représentant commercial"), "Représentant Commercial"),
        ("poste", "\t CADRE   commercial\n", "Cadre Commercial"),
        ("poste", "Cadre\N{NO-BREAK SPACE}Commercial\N{NARROW NO-BREAK SPACE}", "Cadre Commercial"),
        ("domaine_etude", "INFRA  &  CLOUD", "Infra & Cloud"),
    ],
)
def test_predict_by_features_scores_and_logs_the_canonical_spelling(api, name, spelt, canonical):
    answers = [api.call("/predict/by-features", features(**{name: value})).json() for value in (canonical, spelt)]
    assert answers[0]["turnover_probability"] == answers[1]["turnover_probability"]
    assert [row.payload[name] for row in Prediction.objects.order_by("id")] == [canonical, canonical]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statut_marital", "Celibataire"),
        ("statut_marital", "Marié"),
        ("domaine_etude", "Infra&Cloud"),
        ("domaine_etude", "Infra et Cloud"),
        ("departement", "Commercial."),
        ("departement", "Commer cial"),
        ("departement", "Commercial\N{ZERO WIDTH SPACE}"),
        ("poste", " "),
    ],
)
def test_predict_by_features_folds_nothing_else_away(api, name, value):
    response = api.call("/predict/by-features", features(**{name: value}))
    assert (response.status_code, fields(response)) == (422, [name])


def test_predict_by_features_takes_a_whole_float_for_an_integer(api):
    assert api.call("/predict/by-features", features(age=41.0)).status_code == 200
    assert Prediction.objects.get().payload["age"] == 41


def test_predict_batch_answers_in_the_order_asked_with_the_unknown_in_their_places(api):
    first, second = (row.employee.employee_id for row in EmployeeFeaturesFactory.create_batch(2))
    unknown = max(first, second) + 1
    response = api.call("/predict/batch", {"employee_ids": [second, unknown, first, second]})
    assert response.status_code == 200
    answers = response.json()
    assert [answer["employee_id"] for answer in answers] == [second, unknown, first, second]
    assert answers[1] == {"employee_id": unknown, "detail": "There are no clean features for this employee number."}
    assert {answers[0]["prediction_id"], answers[2]["prediction_id"]} == set(
        Prediction.objects.filter(mode=Prediction.Mode.BATCH).values_list("pk", flat=True)
    )


@pytest.mark.parametrize("reasons", [False, True])
def test_predict_batch_answers_for_the_person_of_a_merged_number(api, merged, reasons):
    number, of_person = merged
    answers = api.call("/predict/batch", {"employee_ids": [number, of_person], "reasons": reasons}).json()
    assert [answer["employee_id"] for answer in answers] == [of_person, of_person]
    assert answers[0] == answers[1]


def test_predict_batch_equals_predict_by_id_with_reasons_when_asked(api):
    number = EmployeeFeaturesFactory().employee.employee_id
    single = api.call(f"/predict/by-id/{number}").json()
    [answer] = api.call("/predict/batch", {"employee_ids": [number], "reasons": True}).json()
    assert answer["turnover_probability"] == pytest.approx(single["turnover_probability"], abs=1e-12)
    assert [reason["sentence"] for reason in answer["reasons"]] == [reason["sentence"] for reason in single["reasons"]]
    [answer] = api.call("/predict/batch", {"employee_ids": [number]}).json()
    assert "reasons" not in answer


def test_predict_batch_costs_the_same_for_one_and_for_many(api):
    rows = EmployeeFeaturesFactory.create_batch(5)
    numbers = [row.employee.employee_id for row in rows]
    api.call("/predict/batch", {"employee_ids": numbers})
    counts = []
    for asked in (numbers[:1], numbers):
        with CaptureQueriesContext(connection) as queries:
            api.call("/predict/batch", {"employee_ids": asked})
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "numbers", [[], "1", 1, None, ["1"], [True], [0], [-1], [2**31], [2**63], [1.5], [None], [[1]], [1] * 1001]
)
def test_predict_batch_refuses(api, numbers):
    response = api.call("/predict/batch", {"employee_ids": numbers})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][:2] == ["body", "employee_ids"]
    assert not Prediction.objects.exists()


def test_predict_batch_leaves_out_other_departments():
    number = EmployeeFeaturesFactory(employee__departement="Commercial").employee.employee_id
    limited = APIClient(APIKeyFactory(departments=["Consulting"]).secret)
    [answer] = limited.call("/predict/batch", {"employee_ids": [number]}).json()
    assert "turnover_probability" not in answer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "body", "status"), [("/predict/by-id/1", None, 404), ("/predict/batch", {"employee_ids": [1]}, 200)]
)
def test_employee_who_vanishes_between_the_read_and_the_write_is_unknown(monkeypatch, path, body, status):
    EmployeeFeaturesFactory(employee__employee_id=1)
    model = registry.current_model()

    def vanish():
        Employee.objects.all().delete()
        return model

    client = APIClient(APIKeyFactory().secret)
    read = {name: getattr(selectors, name) for name in ("newest_features", "newest_frame")}
    for name in read:
        monkeypatch.setattr(selectors, name, lambda *given, name=name: (read[name](*given), vanish())[0])
    response = client.call(path, body)
    assert response.status_code == status
    assert "There are no clean features for this employee number." in response.content.decode()
    assert not Prediction.objects.exists()


def test_each_answer_and_its_log_row_are_of_one_version_when_the_model_is_swapped(api, monkeypatch):
    number = EmployeeFeaturesFactory().employee.employee_id
    model = registry.current_model()
    versions = itertools.count()
    monkeypatch.setattr(
        "predictions.services.current_model",
        lambda: replace(model, version=f"version {(place := next(versions))}", threshold=0.01 + place / 100),
    )
    for place in range(3):
        answer = api.call(f"/predict/by-id/{number}").json()
        logged = Prediction.objects.get(pk=answer["prediction_id"])
        assert answer["model_version"] == logged.model_version == f"version {place}"
        assert answer["threshold"] == logged.threshold == 0.01 + place / 100


def test_word_of_the_company_is_known_to_the_api_in_any_spelling(api):
    add(vocabulary="departement", value="R&D")
    answer = api.call("/predict/by-features", features(departement=" r&d ")).json()
    assert Prediction.objects.get().payload["departement"] == "R&D"
    assert answer["is_extrapolated"]


def test_word_of_a_large_vocabulary_is_refused_with_few_of_the_known_ones(api):
    Term.objects.bulk_create(Term(vocabulary="poste", value=f"Métier {number:04}") for number in range(2_000))
    response = api.call("/predict/by-features", features(poste="Pilote"))
    [error] = response.json()["detail"]
    assert error["loc"] == ["body", "poste"]
    assert "Pilote" in error["msg"]
    assert error["msg"].count("Métier") <= 20
