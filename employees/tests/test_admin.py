"""Django admin: raw data and imports are read there and never changed; accounts and what they see are."""

from datetime import date
from itertools import pairwise

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees.access import HR, MANAGER
from employees.models import DepartmentAccess, Employee, Import, ImportReject, Load
from employees.tests.extracts import load_all
from employees.tests.factories import EmployeeFactory, EmployeeStateFactory, LoadFactory

pytestmark = pytest.mark.django_db
FACTORIES = {Employee: EmployeeFactory}
IMPORTS = [Import, ImportReject]
READ_ONLY = [*FACTORIES, *IMPORTS]


def address(model, page="changelist", *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def listed(response):
    return list(response.context["cl"].result_list)


def row_of(model, employee):
    return employee if model is Employee else FACTORIES[model](employee=employee)


def staff(*groups, departments=()):
    """A staff account that may look at everything which its groups and departments let it see."""
    user = get_user_model().objects.create_user("someone", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for departement in departments:
        DepartmentAccess.objects.create(user=user, departement=departement)
    return user


def make_import():
    user = get_user_model().objects.create_user("uploader")
    upload = Import.objects.create(user=user)
    upload.files.create(name="sirh.csv", size=3, sha256="0" * 64, content=b"a,b")
    rule = {"text": "a whole number between %(minimum)s and %(maximum)s", "params": {"minimum": "16", "maximum": "80"}}
    upload.rejects.create(file="sirh.csv", line=2, column="age", value="12", rule=rule)
    return upload


@pytest.mark.parametrize("model", READ_ONLY)
def test_superuser_may_only_read(model, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    of_model = admin.site.get_model_admin(model)
    assert of_model.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert of_model.get_actions(request) == {}


@pytest.mark.parametrize("model", FACTORIES)
def test_row_cannot_be_changed_or_deleted(model, admin_client):
    row = FACTORIES[model]()
    before = type(row).objects.values().get()
    for page in ("change", "delete"):
        assert admin_client.post(address(model, page, row.pk), {"age": "50", "post": "yes"}).status_code == 403
    assert admin_client.post(address(model, "add"), {"age": "50"}).status_code == 403
    assert type(row).objects.values().get() == before


@pytest.mark.parametrize("model", FACTORIES)
def test_list_of_many_rows_takes_the_queries_of_one_of_few(model, admin_client, django_assert_max_num_queries):
    FACTORIES[model].create_batch(2)
    with django_assert_max_num_queries(7) as one:
        assert len(listed(admin_client.get(address(model)))) == 2
    FACTORIES[model].create_batch(9)
    with django_assert_max_num_queries(len(one)):
        assert len(listed(admin_client.get(address(model)))) == 11


@pytest.mark.parametrize("model", FACTORIES)
def test_search_finds_by_exact_number_and_nothing_else(model, admin_client):
    rows = [row_of(model, EmployeeFactory(employee_id=number)) for number in (12, 120)]
    assert listed(admin_client.get(address(model), {"q": " 12 "})) == [rows[0]]
    for term in ("2", "x", "1" * 30, "²", "-12"):
        assert listed(admin_client.get(address(model), {"q": term})) == []


@pytest.mark.parametrize("model", FACTORIES)
def test_row_shows_all_that_is_known(model, admin_client):
    row = FACTORIES[model]()
    content = admin_client.get(address(model, "change", row.pk)).content.decode()
    assert str(getattr(row, "employee", row).employee_id) in content
    assert '<input type="submit"' not in content


@pytest.mark.parametrize("model", FACTORIES)
def test_list_filters_by_each_of_its_filters(model, admin_client):
    FACTORIES[model]()
    page = admin_client.get(address(model))
    specs = page.context["cl"].filter_specs
    assert specs
    for spec in specs:
        for choice in spec.choices(page.context["cl"]):
            assert admin_client.get(address(model) + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("presence", ["present", "left", "absent"])
def test_employees_are_filtered_by_presence(admin_client, presence):
    found = {each: EmployeeFactory(presence=each) for each in ("present", "left", "absent")}
    assert listed(admin_client.get(address(Employee), {"presence__exact": presence})) == [found[presence]]


def test_loads_are_listed_with_their_extracts_and_never_changed(admin_client):
    load_all(people={1: {}, 2: {}})
    load = Load.objects.get()
    assert listed(admin_client.get(address(Load))) == [load]
    page = admin_client.get(address(Load, "change", load.pk)).content.decode()
    assert "extrait_sirh.csv" in page
    assert admin_client.post(address(Load, "change", load.pk), {"as_of": "2020-01-01"}).status_code == 403


def test_loads_are_for_who_sees_everyone(client):
    LoadFactory()
    client.force_login(staff(HR.group, departments=["Commercial"]))
    assert listed(client.get(address(Load))) == []


@pytest.mark.parametrize("model", FACTORIES)
def test_hr_of_a_department_who_is_staff_sees_its_rows(model, client):
    rows = [row_of(model, EmployeeFactory(departement=name)) for name in ("Commercial", "Consulting")]
    client.force_login(staff(HR.group, departments=["Commercial"]))
    assert listed(client.get(address(model))) == rows[:1]
    assert client.get(address(model, "change", rows[0].pk)).status_code == 200
    assert client.get(address(model, "change", rows[1].pk)).status_code == 302


@pytest.mark.parametrize("groups", [[MANAGER.group], []])
@pytest.mark.parametrize("model", FACTORIES)
def test_staff_that_may_not_read_every_column_sees_no_row_whatever_its_permissions(model, client, groups):
    row = row_of(model, EmployeeFactory(departement="Commercial"))
    client.force_login(staff(*groups, departments=["Commercial"]))
    asked = (address(model), f"{address(model)}?revenu_mensuel__gte=5000", address(model, "change", row.pk))
    assert [client.get(path).status_code for path in asked] == [403] * 3


@pytest.mark.parametrize("model", IMPORTS)
def test_staff_of_no_group_sees_no_import(model, client):
    make_import()
    client.force_login(staff())
    assert listed(client.get(address(model))) == []


def test_hr_who_is_staff_sees_everyone(client):
    EmployeeFactory.create_batch(2)
    client.force_login(staff(HR.group))
    assert len(listed(client.get(address(Employee)))) == 2


def test_employee_page_shows_the_states_newest_first(admin_client, django_assert_max_num_queries):
    employee = EmployeeFactory()
    days = [date(2026, 1, 31), date(2026, 2, 28), None]
    for day, until in pairwise(days):
        EmployeeStateFactory(employee=employee, as_of=day, until=until)
    with django_assert_max_num_queries(11):
        page = admin_client.get(address(Employee, "change", employee.pk))
    states = page.context["inline_admin_formsets"][0].formset.queryset
    assert [state.as_of for state in states] == [date(2026, 2, 28), date(2026, 1, 31)]


# Imports


def test_import_shows_its_files_without_their_content(admin_client):
    upload = make_import()
    content = admin_client.get(address(Import, "change", upload.pk)).content.decode()
    assert "sirh.csv" in content
    assert "a,b" not in content


def test_import_does_not_read_the_content_of_its_files(admin_client):
    upload = make_import()
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(address(Import, "change", upload.pk))
    of_files = [query["sql"] for query in queries if 'FROM "employees_importfile"' in query["sql"]]
    assert len(of_files) == 1
    assert '"content"' not in of_files[0]


def test_rejects_of_imports_are_found_and_their_rule_is_said(admin_client, django_assert_max_num_queries):
    make_import()
    admin_client.cookies["django_language"] = "en"
    with django_assert_max_num_queries(10):
        page = admin_client.get(address(ImportReject), {"q": "age"})
    assert len(listed(page)) == 1
    assert "a whole number between 16 and 80" in page.content.decode()


def test_rejects_of_imports_are_narrowed_by_file_column_and_rule(admin_client):
    upload = make_import()
    upload.rejects.create(file="eval.csv", line=3, column="note", value="x", rule={"text": "Oui or Non", "params": {}})
    admin_client.cookies["django_language"] = "en"
    for narrowing in ({"file": "eval.csv"}, {"column": "note"}, {"rule": "Oui or Non"}):
        page = admin_client.get(address(ImportReject), narrowing)
        assert [reject.line for reject in listed(page)] == [3], narrowing
    assert "a whole number between … and …" in page.content.decode()


@pytest.mark.parametrize("groups", [[], [MANAGER.group]])
def test_manager_who_is_staff_sees_no_import(client, groups):
    make_import()
    client.force_login(staff(*groups, departments=["Commercial"]))
    for model in (Import, ImportReject):
        page = client.get(address(model), headers={"Accept-Language": "en"})
        assert listed(page) == []
        assert "sirh.csv" not in page.text
        assert "a whole number between" not in page.text


# Accounts


def test_administrator_gives_a_manager_a_department_on_the_account(admin_client):
    user = get_user_model().objects.create_user("manager", password="a long enough one")
    page = admin_client.get(address(get_user_model(), "change", user.pk))
    form = page.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if name in form.fields and value not in (None, False)}
    data |= {
        "groups": [],
        "user_permissions": [],
        "department_accesses-TOTAL_FORMS": "1",
        "department_accesses-INITIAL_FORMS": "0",
        "department_accesses-0-departement": "Consulting",
        "department_accesses-0-user": user.pk,
    }
    response = admin_client.post(address(get_user_model(), "change", user.pk), data)
    assert response.status_code == 302, response.context["errors"]
    assert [access.departement for access in user.department_accesses.all()] == ["Consulting"]


def test_new_account_is_asked_for_its_name_and_password_only(admin_client):
    page = admin_client.get(address(get_user_model(), "add"))
    assert page.context["inline_admin_formsets"] == []


def test_accounts_show_groups_and_departments_with_a_constant_number_of_queries(
    admin_client, django_assert_max_num_queries
):
    staff(MANAGER.group, departments=["Consulting", "Commercial"])
    with django_assert_max_num_queries(10) as few:
        page = admin_client.get(address(get_user_model()))
    content = page.content.decode()
    assert "Commercial, Consulting" in content
    for number in range(5):
        user = get_user_model().objects.create_user(f"user{number}")
        user.groups.add(Group.objects.get(name=HR.group))
    with django_assert_max_num_queries(len(few)):
        assert len(listed(admin_client.get(address(get_user_model())))) == 7


def test_accesses_are_listed_and_found_by_account(admin_client, django_assert_max_num_queries):
    staff(MANAGER.group, departments=["Consulting", "Commercial"])
    with django_assert_max_num_queries(6):
        assert len(listed(admin_client.get(address(DepartmentAccess), {"q": "someone"}))) == 2
    assert listed(admin_client.get(address(DepartmentAccess), {"q": "nobody"})) == []
