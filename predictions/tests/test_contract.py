"""What takes the 32 features takes those of ``features.schema``, in its order."""

import json

import pytest

from features import schema
from features.tests.factories import EmployeeFeaturesFactory
from predictions.api.serializers.bodies import FeaturesSerializer
from predictions.ml.artifacts import store
from predictions.registry import current_model

NAMES = list(schema.FEATURE_NAMES)


def test_payload_of_the_api_has_the_fields_of_the_schema():
    fields = FeaturesSerializer().fields
    assert list(fields) == NAMES
    assert all(field.required and not field.allow_null for field in fields.values())


def test_model_card_lists_the_features_of_the_schema(artifacts):
    assert store.verify(artifacts).card["features"] == NAMES


@pytest.mark.django_db
def test_row_of_the_table_passes_as_payload_and_scores_the_same():
    row = EmployeeFeaturesFactory()
    serializer = FeaturesSerializer(data=json.loads(json.dumps(row.values())))
    assert serializer.is_valid(), serializer.errors
    model = current_model()
    assert model.score_one(serializer.validated_data) == model.score_one(row.values())
