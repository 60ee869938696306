import pytest
from django.db import IntegrityError, models

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


def test_table_holds_the_features_in_the_order_of_the_contract_and_then_the_outcome():
    fields = [field.name for field in EmployeeFeatures._meta.concrete_fields]
    assert fields == ["id", "employee", "created_at", *schema.FEATURE_NAMES, schema.TARGET]


@pytest.mark.parametrize("feature", schema.FEATURES, ids=lambda feature: feature.name)
def test_column_has_the_type_label_and_choices_of_its_feature(feature):
    field = EmployeeFeatures._meta.get_field(feature.name)
    assert type(field) is TYPES[feature.kind]
    assert not field.null
    assert str(field.verbose_name)
    assert tuple(value for value, _label in field.choices or ()) == feature.values


@pytest.mark.parametrize(
    ("name", "value"),
    [(f.name, value) for f in schema.FEATURES if not f.values for value in (f.minimum - 1, f.maximum + 1)]
    + [(f.name, value) for f in schema.FEATURES if f.is_integer and f.values for value in (-1, f.maximum + 1)]
    + [(f.name, "Autre chose") for f in schema.FEATURES if f.kind == FeatureKind.CHOICE],
)
def test_database_refuses_a_value_beyond_the_bounds_or_the_choices(name, value):
    row = EmployeeFeaturesFactory()
    with pytest.raises(IntegrityError, match=f"{name}_is_valid"):
        EmployeeFeatures.objects.filter(pk=row.pk).update(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [(f.name, value) for f in schema.FEATURES for value in f.values or (f.minimum, f.maximum)]
)
def test_database_accepts_every_bound_and_every_choice(name, value):
    row = EmployeeFeaturesFactory()
    EmployeeFeatures.objects.filter(pk=row.pk).update(**{name: value})
    row.refresh_from_db()
    assert getattr(row, name) == value


def test_newest_is_the_last_row_of_each_employee():
    old = EmployeeFeaturesFactory()
    new = EmployeeFeaturesFactory(employee=old.employee)
    other = EmployeeFeaturesFactory()
    assert set(EmployeeFeatures.objects.newest()) == {new, other}
    assert set(EmployeeFeatures.objects.newest_of(Employee.objects.filter(pk=old.employee_id))) == {new}
    assert str(new) == f"{new.employee_id} {new.created_at:%Y-%m-%d}"


def test_values_are_the_features_in_the_order_of_the_contract():
    row = EmployeeFeaturesFactory(age=50)
    assert tuple(row.values()) == schema.FEATURE_NAMES
    assert row.values()["age"] == 50
