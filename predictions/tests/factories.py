from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from employees.tests.factories import EmployeeFactory
from features.engineering import engineer_one
from features.tests.factories import INPUTS, EmployeeFeaturesFactory
from predictions.models import APIKey, Prediction, RunGroup, ScoringRun

SHA256 = "0" * 64


class ScoringRunFactory(DjangoModelFactory):
    class Meta:
        model = ScoringRun

    model_version = "20260101-00000000"
    threshold = 0.2
    employee_count = 1
    above_threshold_count = 1
    expected_departures = 0.5
    duration_ms = 1.0


class PredictionFactory(DjangoModelFactory):
    """A prediction by number, from the newest features; see the traits for the other modes."""

    class Meta:
        model = Prediction

    class Params:
        scored = factory.Trait(mode=Prediction.Mode.SCORING, run=factory.SubFactory(ScoringRunFactory))
        ready_made = factory.Trait(
            mode=Prediction.Mode.BY_FEATURES,
            employee=None,
            features=None,
            payload=factory.LazyFunction(lambda: engineer_one(INPUTS)),
        )

    mode = Prediction.Mode.BY_ID
    employee = factory.SubFactory(EmployeeFactory)
    features = factory.SubFactory(EmployeeFeaturesFactory, employee=factory.SelfAttribute("..employee"))
    probability = 0.5
    threshold = 0.2
    predicted_class = factory.LazyAttribute(lambda row: row.probability >= row.threshold)
    model_version = "20260101-00000000"
    model_sha256 = SHA256
    latency_ms = 0.1
    base_value = -1.6
    contributions = factory.LazyFunction(lambda: {"heures_supplementaires": 1.6})
    main_reason = "heures_supplementaires"


class APIKeyFactory(DjangoModelFactory):
    """A key whose secret is at hand as ``secret``."""

    class Meta:
        model = APIKey

    name = "client"
    owner = "the client's team"
    expiry_date = factory.LazyFunction(lambda: timezone.now() + timedelta(days=365))

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        key = model_class(**kwargs)
        key.secret = key.assign_secret()
        key.save(force_insert=True)
        return key


class RunGroupFactory(DjangoModelFactory):
    class Meta:
        model = RunGroup

    run = factory.SubFactory(ScoringRunFactory)
    departement = "Consulting"
    poste = "Consultant"
    employee_count = 10
    above_threshold_count = 3
    expected_departures = 2.0
    histogram = factory.LazyFunction(lambda: {"low": [7] + [0] * 19, "high": [0, 0, 0, 0, 3] + [0] * 15})
    reasons = factory.LazyFunction(lambda: {"heures_supplementaires": 3})
