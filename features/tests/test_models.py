import pytest
from django.db import IntegrityError, models, transaction

from employees.models import Employee
from features import schema
from features.models import EmployeeFeatures
from features.schema import FeatureKind
from features.tests.factories import EmployeeFeaturesFactory

pytestmark = pytest.mark.django_db
TYPES = {
    FeatureKind.CHOICE: models.CharField,
    FeatureKind.NUMBER: models.FloatField,
    FeatureKind.INTEGER: models.IntegerField,
    FeatureKind.BOOLEAN: models.SmallIntegerField,
    FeatureKind.ORDINAL: models.SmallIntegerField,
}


def test_table_holds_the_features_in_the_order_of_the_contract():
    fields = [field.name for field in EmployeeFeatures._meta.concrete_fields]
    assert fields == ["id", "employee", "as_of", "created_at", "superseded_at", *schema.FEATURE_NAMES]


def test_columns_have_the_type_label_and_choices_of_their_features():
    for feature in schema.FEATURES:
        field = EmployeeFeatures._meta.get_field(feature.name)
        assert type(field) is TYPES[feature.kind], feature.name
        assert field.null is (feature.name in schema.OPTIONAL_FEATURES), feature.name
        assert str(field.verbose_name), feature.name
        values = () if feature.kind == FeatureKind.CHOICE else feature.values  # words are the company's own
        assert tuple(value for value, _label in field.choices or ()) == values


def beyond(feature):
    """Values that a feature may not have, as near as can be to those that it may."""
    if feature.kind == FeatureKind.CHOICE:
        return []
    if not feature.values:
        return [feature.minimum - 1, feature.maximum + 1]
    return [-1, feature.maximum + 1]


def test_database_refuses_a_value_beyond_the_bounds():
    row = EmployeeFeaturesFactory()
    for feature in schema.FEATURES:
        for value in beyond(feature):
            with pytest.raises(IntegrityError, match=f"{feature.name}_is_valid"), transaction.atomic():
                EmployeeFeatures.objects.filter(pk=row.pk).update(**{feature.name: value})


def test_database_accepts_every_bound_and_any_word():
    row = EmployeeFeaturesFactory()
    for feature in schema.FEATURES:
        words = ("Fonderie 3",) if feature.kind == FeatureKind.CHOICE else ()
        for value in words or feature.values or (feature.minimum, feature.maximum):
            EmployeeFeatures.objects.filter(pk=row.pk).update(**{feature.name: value})
            row.refresh_from_db()
            assert getattr(row, feature.name) == value, feature.name


def test_newest_is_the_last_row_of_each_employee():
    old = EmployeeFeaturesFactory()
    new = EmployeeFeaturesFactory(employee=old.employee)
    other = EmployeeFeaturesFactory()
    assert set(EmployeeFeatures.objects.newest_of(Employee.objects.all())) == {new, other}
    assert set(EmployeeFeatures.objects.newest_of(Employee.objects.filter(pk=old.employee_id))) == {new}
    keys = range(old.employee_id, other.employee_id)
    assert set(EmployeeFeatures.objects.newest_between(keys)) == {new}
    assert set(EmployeeFeatures.objects.newest_between(keys, old.as_of)) == {old}
    assert str(new) == f"{new.employee_id} {new.as_of:%Y-%m-%d}"


def test_values_are_the_features_in_the_order_of_the_contract():
    row = EmployeeFeaturesFactory(age=50)
    assert tuple(row.values()) == schema.FEATURE_NAMES
    assert row.values()["age"] == 50
