"""The table of roles in words agrees with what accounts may do."""

import pytest
from django.contrib.auth.models import Group

from employees.access import (
    ROLES,
    may_administer,
    may_answer,
    may_audit,
    may_decide,
    may_follow,
    may_read_figures,
    readable_to,
    roles_in_words,
    scope_of,
)

pytestmark = pytest.mark.django_db
CLAIMS = {
    "say who has left": may_answer,
    "open cases": may_follow,
    "read the report, the model": may_read_figures,
    "read the journals": may_audit,
    "set the threshold": may_decide,
    "administer accounts, API keys and the company's words": may_administer,
    "import": lambda user: user.has_perm("employees.add_employee"),
}


@pytest.fixture
def account(django_user_model):
    def made(group):
        account = django_user_model.objects.create_user(group)
        account.groups.add(Group.objects.get(name=group))
        return account

    return made


def test_table_has_every_role_and_the_superuser():
    assert [row.group for row in roles_in_words()] == [*ROLES, "superuser"]


@pytest.mark.parametrize("group", ROLES)
@pytest.mark.parametrize("claim", CLAIMS)
def test_role_may_what_the_table_says_and_nothing_else(account, group, claim):
    row = next(row for row in roles_in_words() if row.group == group)
    assert (claim in row.may) is CLAIMS[claim](account(group))


@pytest.mark.parametrize("group", ROLES)
def test_role_sees_and_reads_what_the_table_says(account, group):
    row, held = next(row for row in roles_in_words() if row.group == group), account(group)
    assert row.sees.startswith("everyone") is scope_of(held).sees_everyone
    assert (row.reads == "every column") is readable_to(held).reads_everything
