"""Django admin: the clean features are read there and never changed."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from employees.access import HR, MANAGER
from features import schema
from features.models import EmployeeFeatures
from features.tests.factories import EmployeeFeaturesFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:features_employeefeatures_changelist")


def address(page, row):
    return reverse(f"admin:features_employeefeatures_{page}", args=[row.pk])


def listed(response):
    return list(response.context["cl"].result_list)


def test_superuser_may_only_read(rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    of_model = admin.site.get_model_admin(EmployeeFeatures)
    assert of_model.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert of_model.get_actions(request) == {}


def test_row_cannot_be_changed_or_deleted(admin_client):
    row = EmployeeFeaturesFactory(age=41)
    for page in ("change", "delete"):
        assert admin_client.post(address(page, row), {"age": "50", "post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.age == 41


def test_list_of_many_rows_takes_the_queries_of_one_of_few(admin_client, django_assert_max_num_queries):
    EmployeeFeaturesFactory.create_batch(2)
    with django_assert_max_num_queries(6) as few:
        assert len(listed(admin_client.get(LIST))) == 2
    EmployeeFeaturesFactory.create_batch(9)
    with django_assert_max_num_queries(len(few)):
        assert len(listed(admin_client.get(LIST))) == 11


def test_search_finds_every_row_of_an_employee_by_exact_number(admin_client):
    old = EmployeeFeaturesFactory(employee__employee_id=12)
    new = EmployeeFeaturesFactory(employee=old.employee)
    EmployeeFeaturesFactory(employee__employee_id=120)
    assert listed(admin_client.get(LIST, {"q": "12"})) == [new, old]


@pytest.mark.parametrize(
    ("name", "value"),
    [("departement", "Commercial"), ("heures_supplementaires", 0)],
)
def test_list_filters(admin_client, name, value):
    row = EmployeeFeaturesFactory(**{name: value})
    EmployeeFeaturesFactory(departement="Consulting", heures_supplementaires=1)
    lookup = name if name == "departement" else f"{name}__exact"
    assert listed(admin_client.get(LIST, {lookup: value})) == [row]


def test_list_filters_rows_in_force(admin_client):
    row = EmployeeFeaturesFactory()
    EmployeeFeaturesFactory(employee=row.employee, superseded_at=timezone.now())
    assert listed(admin_client.get(LIST, {"superseded_at__isempty": "1"})) == [row]


def test_row_shows_every_feature(admin_client):
    page = admin_client.get(address("change", EmployeeFeaturesFactory()))
    shown = [name for fieldset in page.context["adminform"].fieldsets for name in fieldset[1]["fields"]]
    assert set(shown) == {"employee", "as_of", "created_at", "superseded_at", *schema.FEATURE_NAMES}


@pytest.mark.parametrize(("group", "is_open"), [(HR.group, True), (MANAGER.group, False)])
def test_features_of_a_department_are_open_to_its_hr_and_to_no_manager(client, group, is_open):
    row = EmployeeFeaturesFactory(employee__departement="Commercial")
    other = EmployeeFeaturesFactory(employee__departement="Consulting")
    account = get_user_model().objects.create_user("staff", is_staff=True)
    account.groups.add(Group.objects.get(name=group))
    account.user_permissions.set(Permission.objects.filter(codename="view_employeefeatures"))
    account.department_accesses.create(departement="Commercial")
    client.force_login(account)
    if is_open:
        assert listed(client.get(LIST)) == [row]
        assert client.get(address("change", other)).status_code == 302
    else:
        assert [client.get(path).status_code for path in (LIST, address("change", row))] == [403, 403]
