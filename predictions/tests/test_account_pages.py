"""The pages on which accounts are administered: invited, given a role and departments, closed; and links by e-mail."""

import re
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client

from employees.access import Scope, scope_of
from employees.models import Employee, TeamAccess
from employees.tests.extracts import load
from employees.tests.factories import EmployeeFactory, leave
from employees.workforce.answers import merge_numbers
from predictions.accounts import links
from predictions.accounts.single_sign_on import give_team
from predictions.followup.services import open_cases

pytestmark = pytest.mark.django_db
User = get_user_model()
PASSWORD = "a-long-enough-password"
LIST = "/administration/accounts/"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
NEW = {"email": "Zoe@technova.example", "first_name": "Zoé", "role": "Manager", "departments": ["Consulting"]}


@pytest.fixture(autouse=True)
def at_once(settings, monkeypatch):
    """Links are sent by the process itself, at once."""
    monkeypatch.setattr(type(links.send), "enqueue", lambda task, *arguments: task(*arguments))


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def colleague():
    account = User.objects.create_user("colleague", "colleague@technova.example", PASSWORD)
    account.groups.add(Group.objects.get(name="Manager"))
    account.department_accesses.create(departement="Consulting")
    return account


def link_in(message):
    return re.search(r"https?://[^/]+(/password/set/\S+)", message.body)[1]


def follow(path, password=PASSWORD):
    """Set a password by a link, as whoever holds it."""
    client = Client(headers={"Accept-Language": "en"})
    page = client.get(path, follow=True)
    if page.status_code != 200:
        return page
    return client.post(page.request["PATH_INFO"], {"new_password1": password, "new_password2": password}, follow=True)


def can_sign_in(name, password=PASSWORD):
    return Client().post("/login/", {"username": name, "password": password}).status_code == 302


def act(client, account, what):
    return client.post(f"{LIST}{account.pk}/do/", {"act": what}, follow=True)


# Invitations


def test_invited_person_sets_a_password_and_sees_the_departments_given(hr):
    response = hr.post(f"{LIST}invite/", NEW, follow=True)
    assert "Zoe@technova.example is invited" in response.text
    (message,) = mail.outbox
    assert message.to == ["Zoe@technova.example"]
    account = User.objects.get(username="zoe@technova.example")
    assert not account.has_usable_password()
    assert "Your password is set" in follow(link_in(message)).text
    assert can_sign_in("zoe@technova.example")
    assert scope_of(User.objects.get(pk=account.pk)) == Scope.of_departments(["Consulting"])


def test_link_works_once(hr):
    hr.post(f"{LIST}invite/", NEW)
    path = link_in(mail.outbox[0])
    follow(path)
    again = follow(path, "another-long-password")
    assert (again.status_code, "has been used" in again.text) == (410, True)
    assert can_sign_in("zoe@technova.example")


def test_invitation_expires(hr, settings):
    hr.post(f"{LIST}invite/", NEW)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert follow(link_in(mail.outbox[0])).status_code == 410


def test_weak_password_is_refused(hr):
    hr.post(f"{LIST}invite/", NEW)
    assert "at least 12" in follow(link_in(mail.outbox[0]), "short-one").text
    assert not User.objects.get(username="zoe@technova.example").has_usable_password()


@pytest.mark.parametrize("email", ["colleague@TECHNOVA.example", "COLLEAGUE@technova.example"])
def test_address_of_another_account_is_refused(hr, colleague, email):
    response = hr.post(f"{LIST}invite/", NEW | {"email": email})
    assert (response.status_code, "Another account has this address" in response.text) == (422, True)
    assert User.objects.count() == 2
    assert mail.outbox == []


def test_manager_without_a_department_is_not_invited(hr):
    response = hr.post(f"{LIST}invite/", NEW | {"departments": []})
    assert "choose one at least" in response.text
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"email": "x"}, {"role": ""}, {"role": "x"}, {"departments": ["Nowhere"]}, {"email": ""}]
)
def test_wrong_invitation_creates_nothing(hr, change):
    assert hr.post(f"{LIST}invite/", NEW | change).status_code == 422
    assert (User.objects.count(), mail.outbox) == (1, [])


def test_invitation_is_sent_again_until_the_first_sign_in(hr):
    hr.post(f"{LIST}invite/", NEW)
    account = User.objects.get(username="zoe@technova.example")
    act(hr, account, "link")
    assert [message.subject for message in mail.outbox] == ["Your account of TechNova"] * 2


# What may be changed


def test_role_and_departments_are_changed_and_recorded(hr, colleague):
    response = hr.post(f"{LIST}{colleague.pk}/", {"form": "access", "role": "RH", "departments": []}, follow=True)
    assert "colleague sees everyone now." in response.text
    fresh = User.objects.get(pk=colleague.pk)
    assert ([group.name for group in fresh.groups.all()], scope_of(fresh)) == (["RH"], Scope.EVERYONE)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (hr.account, str(colleague.pk), "Made RH.")


def test_group_that_is_no_role_stays(hr, colleague):
    colleague.groups.add(Group.objects.create(name="Operators"))
    hr.post(f"{LIST}{colleague.pk}/", {"form": "access", "role": "", "departments": []})
    assert [group.name for group in colleague.groups.all()] == ["Operators"]


def test_name_and_address_are_changed(hr, colleague):
    new = {"form": "name", "first_name": "Ana", "last_name": "Lopez", "email": "ana@technova.example"}
    hr.post(f"{LIST}{colleague.pk}/", new)
    colleague.refresh_from_db()
    assert (colleague.get_full_name(), colleague.email) == ("Ana Lopez", "ana@technova.example")


def test_closed_account_is_out_at_once_and_enters_again_when_it_is_opened(hr, colleague):
    browser = Client(REMOTE_ADDR="192.0.2.7")
    browser.post("/login/", {"username": "colleague", "password": PASSWORD})
    assert browser.get("/").status_code == 200
    act(hr, colleague, "close")
    assert browser.get("/").status_code == 302
    assert not can_sign_in("colleague")
    act(hr, colleague, "open")
    assert can_sign_in("colleague")
    assert browser.get("/").status_code == 302  # its session is gone


def test_closing_an_account_tells_of_the_open_cases_that_it_leaves(hr, colleague):
    person = EmployeeFactory()
    address = f"{LIST}{colleague.pk}/"
    assert "Responsible for" not in hr.get(address).text
    open_cases(employees=[person], owner=colleague, due=date(2026, 6, 30), why="", user=hr.account)
    assert "Responsible for 1 open case" in hr.get(address).text
    text = act(hr, colleague, "close").text
    assert "1 open case is still its own: make somebody else responsible for it." in text
    link = re.search(r'href="([^"]*view=open[^"]*)"', text)[1].replace("&amp;", "&")
    assert [row["number"] for row in hr.get(link).context["rows"]] == [person.employee_id]


def test_sessions_are_ended(hr, colleague):
    browser = Client(REMOTE_ADDR="192.0.2.7")
    browser.post("/login/", {"username": "colleague", "password": PASSWORD})
    act(hr, colleague, "sessions")
    assert browser.get("/").status_code == 302
    assert can_sign_in("colleague")


def test_second_factor_of_a_lost_phone_is_removed(hr, colleague):
    Authenticator.objects.create(user=colleague, type="totp", data={"secret": "x"})
    assert "Has a second factor" in hr.get(f"{LIST}{colleague.pk}/").text
    act(hr, colleague, "factor")
    assert not Authenticator.objects.exists()


# Who may


def mightier(kind):
    account = User.objects.create_user("mightier", "m@technova.example", PASSWORD, is_staff=kind == "staff")
    account.is_superuser = kind == "superuser"
    account.save()
    if kind == "permissions":
        account.user_permissions.add(Permission.objects.get(codename="delete_session"))
    return account


@pytest.mark.parametrize("kind", ["staff", "superuser", "permissions", "own"])
def test_hr_touches_neither_its_own_account_nor_one_that_may_do_more(hr, kind):
    account = hr.account if kind == "own" else mightier(kind)
    Authenticator.objects.create(user=account, type="totp", data={"secret": "x"})
    assert hr.get(f"{LIST}{account.pk}/").status_code == 200
    sent = [
        hr.post(f"{LIST}{account.pk}/", {"form": "access", "role": "Manager", "departments": ["Consulting"]}),
        hr.post(f"{LIST}{account.pk}/", {"form": "name", "email": "taken@technova.example"}),
        *(act(hr, account, what) for what in ("close", "open", "link", "sessions", "factor")),
    ]
    assert {response.status_code for response in sent} == {403}
    fresh = User.objects.get(pk=account.pk)
    assert (fresh.is_active, fresh.email) == (True, account.email)
    assert Authenticator.objects.exists()
    assert mail.outbox == []


def test_superuser_manages_staff(admin_client):
    account = mightier("staff")
    act(admin_client, account, "close")
    assert not User.objects.get(pk=account.pk).is_active


def test_role_whose_permissions_one_lacks_is_not_given(hr, colleague):
    Group.objects.get(name="Auditeur").permissions.add(Permission.objects.get(codename="delete_session"))
    assert hr.post(f"{LIST}{colleague.pk}/", {"form": "access", "role": "Auditeur"}).status_code == 422
    assert hr.post(f"{LIST}invite/", NEW | {"role": "Auditeur"}).status_code == 422


@pytest.mark.parametrize("account", [("RH", "Consulting"), ("Manager", "Consulting"), ("Auditeur",)])
def test_pages_are_closed_to_who_does_not_see_everyone(browse, colleague, account):
    client = browse(*account)
    assert {client.get(path).status_code for path in (LIST, f"{LIST}invite/", f"{LIST}{colleague.pk}/")} == {403}
    assert client.post(f"{LIST}invite/", NEW).status_code == 403
    assert act(client, colleague, "close").status_code == 403
    assert LIST not in client.get("/").text


def test_menu_leads_hr_to_the_administration(hr):
    assert f'href="{LIST}"' in hr.get("/").text


@pytest.mark.parametrize("what", ["", "x"])
def test_unknown_act_is_not_found(hr, colleague, what):
    assert act(hr, colleague, what).status_code == 404


# The list


def test_list_tells_role_departments_and_state(hr, colleague):
    hr.post(f"{LIST}invite/", NEW)
    rows = {row["name"]: row for row in hr.get(LIST).context["rows"]}
    assert (rows["colleague"]["roles"], rows["colleague"]["departments"]) == ("Manager", "Consulting")
    assert (rows["Zoé"]["state"], rows["Zoé"]["seen"]) == ("invited", None)
    own = next(row for row in rows.values() if row["account"] == hr.account)
    assert (own["departments"], own["state"]) == ("everyone", "open")


@pytest.mark.parametrize("wanted", ["colleague", "COLL", "technova.example", "consulting", "manager coll"])
def test_search_finds_by_name_address_role_and_department(hr, colleague, wanted):
    assert [row["account"] for row in hr.get(LIST, {"q": wanted}).context["rows"]] == [colleague]


def test_list_takes_as_many_queries_for_many_accounts(hr, django_assert_max_num_queries):
    for number in range(60):
        account = User.objects.create_user(f"account {number}")
        account.department_accesses.create(departement="Consulting")
    hr.get(LIST)
    with django_assert_max_num_queries(12):
        page = hr.get(LIST)
    assert len(page.context["rows"]) == 50


# A new password


def ask(email, **options):
    return Client(headers={"Accept-Language": "en"}).post("/password/forgotten/", {"email": email}, **options)


def test_forgotten_password_is_set_anew_by_a_link(colleague):
    assert "a message with a link is on its way" in ask("Colleague@technova.example").text
    (message,) = mail.outbox
    assert message.subject == "TechNova: a new password"
    follow(link_in(message), "another-long-password")
    assert can_sign_in("colleague", "another-long-password")
    assert not can_sign_in("colleague")


def test_answer_does_not_tell_whether_an_account_has_the_address(colleague):
    known, unknown = (re.sub(r"\w{64}", "", ask(f"{name}@technova.example").text) for name in ("colleague", "stranger"))
    assert known.replace("colleague", "stranger") == unknown
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("kind", ["closed", "signs in elsewhere"])
def test_no_link_for_an_account_that_is_closed_or_has_no_password(colleague, kind):
    if kind == "closed":
        colleague.is_active = False
    else:
        colleague.set_unusable_password()
        colleague.last_login = "2026-01-01T00:00:00Z"
    colleague.save()
    ask("colleague@technova.example")
    assert mail.outbox == []


def test_one_address_receives_few_messages(colleague, minute):
    for _time in range(links.MESSAGES_AN_HOUR + 2):
        ask("colleague@technova.example")
    assert len(mail.outbox) == links.MESSAGES_AN_HOUR


def test_one_network_asks_a_few_times_a_minute(settings, minute):
    settings.BAD_PASSWORD_RATE = 2
    assert [ask(f"{place}@technova.example").status_code for place in range(3)] == [200, 200, 429]


def test_wrong_address_is_refused():
    assert ask("x").status_code == 422


# Who does not get the message


def test_invitation_that_could_not_be_sent_is_told_until_it_is_sent(hr, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 9  # nobody listens there
    page = hr.post(f"{LIST}invite/", NEW, follow=True)
    said = "The last message with a link could not be sent"
    assert said in hr.get(page.request["PATH_INFO"]).text
    assert "invited, but the message could not be sent" in hr.get(LIST).text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    act(hr, User.objects.get(username="zoe@technova.example"), "link")
    assert said not in hr.get(page.request["PATH_INFO"]).text
    assert len(mail.outbox) == 1


# Teams


@pytest.fixture
def leader():
    load(sirh={1: {}, 2: {}, 3: {}}, annuaire={1: {}, 2: {"responsable": 1}, 3: {"responsable": 2}})


def test_manager_is_invited_with_a_team(hr, leader):
    page = hr.post(f"{LIST}invite/", NEW | {"departments": [], "team_of": "1"}, follow=True)
    account = User.objects.get(username="zoe@technova.example")
    assert set(Employee.objects.visible_to(account).values_list("employee_id", flat=True)) == {2, 3}
    assert "team of 1: 2 people" in hr.get(LIST).text
    form = page.context["access_form"]
    assert form.initial["team_of"] == 1
    hr.post(f"{LIST}{account.pk}/", {"form": "access", "role": "Manager", "departments": ["Consulting"]})
    assert scope_of(User.objects.get(pk=account.pk)) == Scope.of_departments(["Consulting"])
    assert LogEntry.objects.latest("pk").change_message == "Made Manager of Consulting."


@pytest.fixture
def merged_leader(leader):
    """Number 4 is another one of the leader, 1."""
    load(date(2026, 7, 31), sirh={number: {} for number in (1, 2, 3, 4)}, annuaire={2: {"responsable": 1}})
    merge_numbers(number=4, into=1, accept_both_listed=True)


def test_team_of_a_merged_number_is_that_of_its_person(hr, merged_leader):
    hr.post(f"{LIST}invite/", NEW | {"departments": [], "team_of": "4"})
    assert TeamAccess.objects.get().employee.employee_id == 1


def test_provider_names_the_person_by_a_merged_number(merged_leader, settings):
    settings.SSO_EMPLOYEE_CLAIM = "number"
    account = User.objects.create_user("ana")
    account.groups.set(Group.objects.filter(name="Manager"))
    give_team(account, {"number": "4"})
    assert TeamAccess.objects.get().employee.employee_id == 1


def test_team_of_a_number_that_nobody_has_is_refused(hr, leader):
    response = hr.post(f"{LIST}invite/", NEW | {"departments": [], "team_of": "77"})
    assert (response.status_code, "No employee has this number." in response.text) == (422, True)


def test_account_of_a_manager_who_left_says_that_it_sees_nobody(hr, leader, colleague):
    TeamAccess.objects.create(user=colleague, employee=Employee.objects.get(employee_id=1))
    leave(Employee.objects.get(employee_id=1))
    assert "team of 1, who is not present: nobody" in hr.get(LIST).text


@pytest.mark.parametrize(
    ("group", "claims", "seen"),
    [
        ("Manager", {"number": "2"}, {3}),
        ("Manager", {"number": ["2"]}, {3}),
        ("Manager", {"number": "77"}, set()),
        ("Manager", {}, set()),
        ("RH", {"number": "2"}, {1, 2, 3}),
    ],
)
def test_provider_names_the_person_whose_team_a_manager_sees(leader, settings, group, claims, seen):
    settings.SSO_EMPLOYEE_CLAIM = "number"
    account = User.objects.create_user("ana")
    account.groups.set(Group.objects.filter(name=group))
    give_team(account, claims)
    people = Employee.objects.visible_to(User.objects.get(pk=account.pk))
    assert set(people.values_list("employee_id", flat=True)) == seen
