"""Teams by the reporting lines: the tree against a walk upwards from each person, and scopes against the tree."""

import random
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from employees.access import Scope, scope_of, seen_by
from employees.models import Correction, Employee, PresenceAnswer, ReportingLine, TeamAccess, Term
from employees.terms.changes import changing
from employees.tests.extracts import DAY, load
from employees.tests.factories import leave
from employees.workforce.answers import merge_numbers
from employees.workforce.corrections import correct
from employees.workforce.reporting_lines import nested_set

TREES = 10_000


def random_managers(chance: random.Random, most: int) -> dict[int, int | None]:
    """A company with managers who are nobody, with people who lead themselves, and with circles."""
    people = chance.sample(range(1, 3 * most), chance.randint(1, most))
    anybody = [*people, None, 3 * most]
    if chance.random() < 0.5:  # a tree: nobody reports to somebody behind them
        return {person: chance.choice([*people[:place], None]) for place, person in enumerate(people)}
    return {person: chance.choice(anybody) for person in people}


def above(person: int, manager_of: dict[int, int | None]) -> list[int]:
    """Whoever leads a person, going up until nobody is known; nobody for who comes back to themselves."""
    found: list[int] = []
    while (person := manager_of[person]) in manager_of and person not in found:
        found.append(person)
    return found


def leaders(person: int, manager_of: dict[int, int | None]) -> set[int]:
    """The same without those whom a member of a circle would lead from within it."""
    is_circular = {other: other in above(other, manager_of) for other in manager_of}
    found: set[int] = set()
    while not is_circular[person] and (person := manager_of[person]) in manager_of:
        found.add(person)
    return found


def test_no_person_of_10_000_random_companies_is_in_a_team_whose_leader_is_not_above_them():
    chance = random.Random(20)
    for _tree in range(TREES):
        manager_of = random_managers(chance, 12)
        lines = {person: (position, last) for person, position, last in nested_set(manager_of)}
        assert lines.keys() == manager_of.keys()
        for leader, (position, last) in lines.items():
            team = {person for person, (own, _last) in lines.items() if position < own <= last}
            assert team == {person for person in manager_of if leader in leaders(person, manager_of)}


def lead(number: int, *departments: str, group: str = "Manager"):
    """An account that sees the team of a person, as a request finds it."""
    account = get_user_model().objects.create_user(f"{group} {number} {departments} {TeamAccess.objects.count()}")
    account.groups.set(Group.objects.filter(name=group))
    TeamAccess.objects.create(user=account, employee=Employee.objects.get(employee_id=number))
    for departement in departments:
        account.department_accesses.create(departement=departement)
    return account


def numbers_seen(account) -> set[int]:
    people = Employee.objects.visible_to(get_user_model().objects.get(pk=account.pk))
    return set(people.values_list("employee_id", flat=True))


def directory(manager_of) -> dict[int, dict]:
    return {number: {"responsable": manager} for number, manager in manager_of.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(8))
def test_account_sees_its_team_and_its_departments_and_never_itself(seed):
    chance = random.Random(seed)
    manager_of = random_managers(chance, 14)
    of_person = {number: chance.choice(["Consulting", "Commercial"]) for number in manager_of}
    people = {number: {"departement": department} for number, department in of_person.items()}
    load(sirh=people, annuaire=directory(manager_of))
    for leader in manager_of:
        team = {person for person in manager_of if leader in leaders(person, manager_of)}
        assert numbers_seen(lead(leader)) == team
        department = {number for number, name in of_person.items() if name == "Consulting"}
        account = lead(leader, "Consulting")
        assert numbers_seen(account) == (team | department) - {leader}
        scope = scope_of(account)
        for employee in Employee.objects.all():
            assert scope.sees(employee) is (employee.employee_id in (team | department) - {leader})


CHAIN = {1: None, 2: 1, 3: 2, 4: 3}


@pytest.fixture
def chain(db):
    """Four people, each of whom leads the next; and one more, of another department, whom nobody leads."""
    load(sirh={number: {} for number in (*CHAIN, 5)}, annuaire=directory(CHAIN))


def test_newest_directory_decides(chain):
    account = lead(2)
    assert numbers_seen(account) == {3, 4}
    load(DAY + timedelta(days=30), annuaire=directory(CHAIN | {3: 1}))
    assert numbers_seen(account) == set()


def test_directory_that_comes_late_changes_no_team(chain):
    account = lead(2)
    load(DAY - timedelta(days=30), annuaire=directory(CHAIN | {3: 1}))
    assert numbers_seen(account) == {3, 4}


def test_scope_that_was_read_before_the_tree_changed_finds_nobody(chain):
    scope = scope_of(lead(2))
    load(DAY + timedelta(days=30), annuaire=directory(CHAIN | {5: 1}))
    assert not Employee.objects.within(scope).exists()


def test_manager_who_has_left_sees_nobody_and_those_above_see_the_team_still(chain):
    below, top = lead(2), lead(1)
    leave(Employee.objects.get(employee_id=2))
    assert scope_of(get_user_model().objects.get(pk=below.pk)) == Scope.NOBODY
    assert numbers_seen(top) == {2, 3, 4}


def test_manager_of_the_directory_alone_sees_the_team(db):
    load(sirh={1: {}}, annuaire=directory({1: 9, 9: None}))
    assert numbers_seen(lead(9)) == {1}


@pytest.mark.django_db
def test_company_without_managers_has_no_tree_until_a_directory_names_one():
    load(sirh={1: {}, 2: {}, 3: {"departement": "Commercial"}})
    account = lead(1, "Consulting")
    assert not ReportingLine.objects.exists()
    assert numbers_seen(account) == {2}  # nobody sees themselves
    assert len(seen_in_a_query()) == 1
    load(DAY + timedelta(days=1), annuaire=directory({3: 1}))
    assert numbers_seen(account) == {2, 3}
    assert ReportingLine.objects.count() == 3


def test_hr_of_a_team_sees_it_alone(chain):
    account = lead(2, group="RH")
    assert numbers_seen(account) == {3, 4}
    assert not scope_of(account).sees_everyone


def test_auditor_with_a_team_sees_nobody(chain):
    assert scope_of(lead(2, group="Auditeur")) == Scope.NOBODY


def test_merged_number_leads_the_team_of_its_person(chain):
    load(DAY + timedelta(days=1), annuaire=directory(CHAIN | {4: 77, 77: None}))
    account = lead(2)
    assert numbers_seen(account) == {3}
    merge_numbers(number=77, into=3, accept_both_listed=True, user=account)
    assert numbers_seen(account) == {3, 4}


def test_corrected_manager_counts(chain):
    account = lead(2)
    correct(employee=Employee.objects.get(employee_id=4), column="responsable", value=1, as_of=DAY, user=account)
    assert Correction.objects.get().stands
    assert numbers_seen(account) == {3}


def test_scope_of_another_team_covers_no_key_of_everyone(chain):
    scope = scope_of(lead(2, "Consulting"))
    assert scope.covers(Scope.of_departments(["Consulting"]))
    assert not scope.covers(Scope.EVERYONE)
    assert not scope.covers(scope_of(lead(1)))


def test_everyone_has_one_place_in_the_tree(chain):
    assert ReportingLine.objects.count() == Employee.objects.count() == 5


def seen_in_a_query() -> set[tuple[int, int]]:
    """Each account with each employee whom it sees, by a condition on rows, which says the same as the scopes do."""
    PresenceAnswer.objects.all().delete()
    accounts = get_user_model().objects.all()
    for account in accounts:
        for employee in Employee.objects.all():
            PresenceAnswer.objects.create(recorded_by=account, employee=employee, kind="here", as_of=DAY)
    rows = PresenceAnswer.objects.filter(seen_by("recorded_by", "employee"))
    found = set(rows.values_list("recorded_by", "employee"))
    assert found == {
        (account.pk, employee.pk) for account in accounts for employee in Employee.objects.within(scope_of(account))
    }
    return found


def test_whom_an_account_sees_is_the_same_in_a_query(chain, admin_user):
    employees = Employee.objects
    employees.filter(employee_id=4).update(departement="Commercial")
    with changing():
        Term.objects.create(vocabulary="departement", value="Ventes", merged_into=Term.objects.get(value="Commercial"))
    top, nobody, closed = lead(1), get_user_model().objects.create_user("nobody"), lead(2, "Consulting", group="RH")
    lead(2, "Consulting")
    lead(2, group="Auditeur")
    lead(3, "Ventes", group="RH")
    hr = get_user_model().objects.create_user("hr")
    hr.groups.add(Group.objects.get(name="RH"))
    of_departments = get_user_model().objects.create_user("of departments")
    of_departments.groups.add(Group.objects.get(name="Manager"))
    of_departments.department_accesses.create(departement="Ventes")
    get_user_model().objects.filter(pk=closed.pk).update(is_active=False)

    seen = seen_in_a_query()
    some = get_user_model().objects.exclude(pk__in=[nobody.pk, closed.pk]).exclude(groups__name="Auditeur")
    assert {account for account, _employee in seen} == {account.pk for account in some}
    leave(employees.get(employee_id=1))
    assert not any(account == top.pk for account, _employee in seen_in_a_query())
