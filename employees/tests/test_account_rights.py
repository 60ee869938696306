"""Who may do what with accounts and groups in the administration: direct, by actions, popups and forged fields."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from employees.access import AUDITOR, DIRECTION, HR, MANAGER
from employees.models import DepartmentAccess, SignIn

pytestmark = pytest.mark.django_db

User = get_user_model()
PASSWORD = "a long enough password"
RIGHTS = ("is_active", "is_staff", "is_superuser")
DATES = ("last_login", "date_joined")
FORGED = {"": "2026-01-31 12:00", "_0": "2026-01-31", "_1": "12:00:00"}  # in one input or in two


def make(name, *groups, departments=(), permissions=(), **flags):
    account = User.objects.create_user(name, password=PASSWORD, **flags)
    account.groups.set(Group.objects.filter(name__in=groups))
    account.user_permissions.set(permissions)
    for departement in departments:
        account.department_accesses.create(departement=departement)
    return account


def staff(*groups, departments=()):
    """A staff account with every permission there is, and no superuser."""
    return make("staff", *groups, departments=departments, permissions=Permission.objects.all(), is_staff=True)


@pytest.fixture
def colleague():
    return make("colleague", MANAGER.group, departments=["Commercial"])


@pytest.fixture
def superuser():
    return make("root", is_staff=True, is_superuser=True, email="root@example.com")


@pytest.fixture
def signed_in(client):
    """Signs an account in, and speaks English to it."""

    def sign_in(account):
        client.force_login(account)
        client.cookies["django_language"] = "en"
        return client

    return sign_in


def address(page, *arguments, model="auth_user"):
    return reverse(f"admin:{model}_{page}", args=[getattr(argument, "pk", argument) for argument in arguments])


def rights_of(account):
    """All that an account may do, as the database holds it."""
    account = User.objects.get(pk=account.pk)
    return (
        [getattr(account, name) for name in RIGHTS],
        sorted(group.name for group in account.groups.all()),
        account.user_permissions.count(),
        sorted(access.departement for access in account.department_accesses.all()),
        account.password,
    )


def form(account, **changed):
    """What the page of an account sends, with every right forged into it."""
    existing = list(account.department_accesses.all())
    return {
        "username": account.username,
        "last_name": "Changed",
        **{f"{date}{part}": value for date in DATES for part, value in FORGED.items()},
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": list(Group.objects.values_list("pk", flat=True)),
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
        "department_accesses-TOTAL_FORMS": len(existing) + 1,
        "department_accesses-INITIAL_FORMS": len(existing),
        **{f"department_accesses-{place}-id": access.pk for place, access in enumerate(existing)},
        **{f"department_accesses-{place}-user": account.pk for place in range(len(existing) + 1)},
        **{f"department_accesses-{place}-departement": access.departement for place, access in enumerate(existing)},
        f"department_accesses-{len(existing)}-departement": "Consulting",
    } | changed


# Accounts that do not see everyone

LIMITED = [((), ()), ((MANAGER.group,), ("Commercial",)), ((HR.group,), ("Commercial",)), ((), ("Commercial",))]
each_limited = pytest.mark.parametrize(("groups", "departments"), LIMITED)


def pages_of_accounts(account):
    group = Group.objects.get(name=HR.group)
    access = account.department_accesses.get()
    sign_in = SignIn.objects.create(user=account, has_worked=True)
    autocomplete = f"{reverse('admin:autocomplete')}?app_label=employees&model_name=departmentaccess&field_name=user"
    return [
        *(address(page) for page in ("changelist", "add")),
        *(address(page, account) for page in ("change", "delete", "history", "password_change")),
        *(address(page, model="auth_group") for page in ("changelist", "add")),
        *(address(page, group, model="auth_group") for page in ("change", "delete", "history")),
        *(address(page, model="employees_departmentaccess") for page in ("changelist", "add")),
        *(address(page, access, model="employees_departmentaccess") for page in ("change", "delete", "history")),
        address("changelist", model="employees_signin"),
        address("change", sign_in, model="employees_signin"),
        autocomplete,
    ]


@each_limited
def test_limited_staff_opens_no_page_of_accounts_and_groups(signed_in, colleague, groups, departments):
    account = staff(*groups, departments=departments)
    client = signed_in(account)
    before = rights_of(account), rights_of(colleague), User.objects.count(), Group.objects.count()
    for page in pages_of_accounts(colleague):
        for path in (page, f"{page}{'&' if '?' in page else '?'}_popup=1&_to_field=id"):
            asked, sent = client.get(path), client.post(path, form(colleague, post="yes"))
            assert asked.status_code == 403, path
            assert sent.status_code == (405 if "autocomplete" in path else 403), path
            assert "colleague" not in asked.text + sent.text
    assert (rights_of(account), rights_of(colleague), User.objects.count(), Group.objects.count()) == before
    index = client.get(reverse("admin:index")).text
    assert address("changelist") not in index
    assert address("changelist", model="auth_group") not in index


@each_limited
def test_limited_staff_gives_itself_no_right(signed_in, groups, departments):
    account = staff(*groups, departments=departments)
    client, before = signed_in(account), rights_of(account)
    for button in ("_save", "_saveasnew", "_continue", "_addanother", "_popup"):
        assert client.post(address("change", account), form(account, **{button: "1"})).status_code == 403
    password = {"password1": "another long password", "password2": "another long password", "usable_password": "true"}
    assert client.post(address("password_change", account), password).status_code == 403
    assert (rights_of(account), User.objects.count()) == (before, 1)


# Staff that sees everyone, with every permission, and no superuser


@pytest.fixture
def hr(signed_in):
    client = signed_in(staff(HR.group))
    client.account = User.objects.get(username="staff")
    return client


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother", "_popup"])
def test_staff_changes_a_name_and_gives_no_status_group_or_permission(hr, colleague, button):
    flags, groups, permissions, _departments, password = rights_of(colleague)
    hr.post(address("change", colleague), form(colleague, **{button: "1"}))
    colleague.refresh_from_db()
    assert colleague.last_name == "Changed"
    assert rights_of(colleague) == (flags, groups, permissions, ["Commercial", "Consulting"], password)
    assert User.objects.count() == 2


def test_staff_makes_no_second_account_of_another(hr, colleague):
    before = rights_of(colleague)
    hr.post(address("change", colleague), form(colleague, username="copy", _saveasnew="1"))
    assert (rights_of(colleague), User.objects.count()) == (before, 2)


def test_staff_is_not_asked_for_the_rights_of_others(hr, colleague):
    page = hr.get(address("change", colleague))
    fields = page.context["adminform"].form.fields
    assert {"is_staff", "is_superuser", "groups", "user_permissions"}.isdisjoint(fields)
    assert {"username", "last_name", "email", "is_active"} <= fields.keys()


def test_staff_changes_none_of_its_own_rights(hr):
    before = rights_of(hr.account)
    response = hr.post(address("change", hr.account), form(hr.account, is_active=""))
    assert response.status_code == 302
    assert rights_of(hr.account) == before
    assert User.objects.get(pk=hr.account.pk).last_name == "Changed"


@pytest.mark.parametrize("button", ["_save", "_saveasnew", "_popup"])
def test_staff_adds_accounts_that_may_do_nothing(hr, button):
    password = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    hr.post(address("add"), form(hr.account, username="new", **password, **{button: "1"}))
    flags, groups, permissions, departments, _password = rights_of(User.objects.get(username="new"))
    assert (flags, groups, permissions, departments) == ([True, False, False], [], 0, [])


def passwords(new="another long password"):
    return {"password1": new, "password2": new, "usable_password": "true"}


@pytest.fixture(params=["superuser", "sleeping superuser", "more permissions", "more by a group", "sleeping staff"])
def mightier(request):
    """An account that may do more than the staff account, which lacks one permission."""
    permission = Permission.objects.get(codename="delete_session")
    User.objects.get(username="staff").user_permissions.remove(permission)
    if "superuser" in request.param:
        return make("mightier", is_staff=True, is_superuser=True, is_active=request.param == "superuser")
    if request.param == "more by a group":
        group = Group.objects.create(name="Operators")
        group.permissions.add(permission)
        return make("mightier", "Operators")
    return make("mightier", permissions=[permission], is_staff=True, is_active=request.param != "sleeping staff")


def test_staff_touches_no_account_that_may_do_more(hr, mightier):
    before = rights_of(mightier), mightier.email
    assert hr.get(address("change", mightier)).status_code == 200  # to look at
    asked = [
        hr.post(address("change", mightier), form(mightier, is_active="", email="taken@example.com")),
        hr.post(address("password_change", mightier), passwords()),
        hr.get(address("password_change", mightier)),
        hr.post(address("delete", mightier), {"post": "yes"}),
    ]
    assert [response.status_code for response in asked] == [403] * 4
    hr.post(address("changelist"), {"action": "delete_selected", "_selected_action": [mightier.pk], "post": "yes"})
    mightier.refresh_from_db()
    assert (rights_of(mightier), mightier.email) == before


def test_staff_sets_the_password_of_whom_may_do_no_more(hr, colleague):
    assert hr.post(address("password_change", colleague), passwords("a quite long password")).status_code == 302
    colleague.refresh_from_db()
    assert colleague.check_password("a quite long password")


def test_staff_deletes_others_and_not_itself(hr, colleague):
    SignIn.objects.create(user=colleague, has_worked=True)
    assert hr.post(address("delete", hr.account), {"post": "yes"}).status_code == 403
    chosen = [hr.account.pk, colleague.pk]
    hr.post(address("changelist"), {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert User.objects.count() == 2  # all or none
    assert hr.post(address("delete", colleague), {"post": "yes"}).status_code == 302
    assert [account.username for account in User.objects.all()] == ["staff"]


def test_groups_are_only_looked_at_by_staff(hr):
    group = Group.objects.get(name=MANAGER.group)
    data = {"name": "RH2", "permissions": list(Permission.objects.values_list("pk", flat=True)), "_saveasnew": "1"}
    assert hr.get(address("change", group, model="auth_group")).status_code == 200
    asked = [
        hr.post(address("change", group, model="auth_group"), data),
        hr.post(address("add", model="auth_group"), data),
        hr.post(f"{address('add', model='auth_group')}?_popup=1", data),
        hr.post(address("delete", group, model="auth_group"), {"post": "yes"}),
    ]
    assert [response.status_code for response in asked] == [403] * 4
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    hr.post(address("changelist", model="auth_group"), chosen)
    group.refresh_from_db()
    assert (group.name, group.permissions.count(), Group.objects.count()) == (MANAGER.group, 0, 4)


# Departments


def test_staff_takes_a_department_from_others_and_not_from_itself(hr, colleague):
    own = make("other", HR.group, departments=["Consulting"]).department_accesses.get()
    DepartmentAccess.objects.filter(pk=own.pk).update(user=colleague)
    chosen = {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"}
    hr.post(address("changelist", model="employees_departmentaccess"), chosen)
    assert [access.departement for access in colleague.department_accesses.all()] == ["Commercial"]


def test_department_of_an_account_that_may_do_more_stays(hr, superuser):
    access = superuser.department_accesses.create(departement="Commercial")
    delete = address("delete", access, model="employees_departmentaccess")
    assert hr.post(delete, {"post": "yes"}).status_code == 403
    assert superuser.department_accesses.exists()


@pytest.mark.parametrize(("group", "is_told"), [(HR.group, True), (MANAGER.group, False)])
def test_account_that_sees_everyone_from_now_on_is_named(hr, group, is_told):
    account = make("other", group, departments=["Commercial"])
    data = form(account) | {"department_accesses-0-DELETE": "on", "department_accesses-1-departement": ""}
    page = hr.post(address("change", account), data, follow=True)
    assert not account.department_accesses.exists()
    assert ("other sees everyone now." in map(str, page.context["messages"])) is is_told


# Evidence


@pytest.mark.parametrize(
    "make_editor", [lambda: staff(HR.group), lambda: make("root", is_staff=True, is_superuser=True)]
)
@pytest.mark.parametrize("last_login", [None, datetime(2026, 3, 4, 5, 6, tzinfo=UTC)], ids=["never", "once"])
def test_nobody_changes_when_an_account_joined_or_signed_in(signed_in, colleague, make_editor, last_login):
    User.objects.filter(pk=colleague.pk).update(last_login=last_login)
    joined = colleague.date_joined
    client = signed_in(make_editor())
    assert client.post(address("change", colleague), form(colleague)).status_code == 302
    colleague.refresh_from_db()
    assert (colleague.last_name, colleague.last_login, colleague.date_joined) == ("Changed", last_login, joined)
    assert set(DATES).isdisjoint(client.get(address("change", colleague)).context["adminform"].form.fields)


# Superusers


def test_superuser_gives_and_takes_the_rights_of_others(signed_in, superuser, colleague):
    client = signed_in(superuser)
    client.post(address("change", colleague), form(colleague))
    flags, groups, permissions, _departments, _password = rights_of(colleague)
    everything = [True] * 3, [AUDITOR.group, DIRECTION.group, MANAGER.group, HR.group], Permission.objects.count()
    assert (flags, groups, permissions) == everything
    nothing = {"is_staff": "", "is_superuser": "", "groups": [], "user_permissions": []}
    client.post(address("change", colleague), form(colleague, **nothing) | {"department_accesses-2-departement": ""})
    assert rights_of(colleague)[:3] == ([True, False, False], [], 0)


def test_superuser_changes_none_of_its_own_rights(signed_in, superuser):
    client, before = signed_in(superuser), rights_of(superuser)
    data = form(superuser, is_superuser="", is_staff="", is_active="")
    assert client.post(address("change", superuser), data).status_code == 302
    assert rights_of(superuser) == before
    assert client.post(address("delete", superuser), {"post": "yes"}).status_code == 403
    superuser.refresh_from_db()
    assert superuser.last_name == "Changed"
