import re

import pytest
from django.urls import reverse

from employees.models import JournalEntry
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    run = ScoringRunFactory(threshold=0.2)
    for number in range(1, 6):
        score(run, number, number / 10, departement="Commercial" if number == 5 else "Consulting", poste="Consultant")
    write_figures()


def compare(client, *numbers):
    return client.get(reverse("employees_compare"), {"id": numbers})


def compared(response):
    return [each.row.prediction.employee_number for each in response.context["people"]]


def test_people_stand_side_by_side_riskiest_first(browse, people):
    page = compare(browse("RH"), 1, 3, 5)
    assert compared(page) == [5, 3, 1]
    department = next(line for line in page.context["profile"] if line[0] == "Department")
    assert department == ("Department", [("No. 5", "Sales"), ("No. 3", "Consulting"), ("No. 1", "Consulting")], True)
    assert next(line for line in page.context["profile"] if line[0] == "Job")[2] is False


def test_more_than_four_are_told_how_many_fit_and_keep_their_ticks(browse, people):
    client = browse("RH")
    page = compare(client, 1, 2, 3, 4, 5, 99)
    assert "5 people are ticked and at most 4 fit side by side" in page.text
    assert "Nobody to compare" not in page.text
    ticks = re.findall(r'<input type="checkbox"\s+name="id"\s+value="(\d+)"\s+checked', page.text)
    assert ticks == ["5", "4", "3", "2", "1"]
    entry = JournalEntry.objects.latest("pk")
    assert (entry.what, entry.people, entry.employee) == ("list", 5, None)
    assert compared(compare(client, *ticks[:4])) == [5, 4, 3, 2]


def test_people_whom_the_account_does_not_see_are_not_too_many(browse, people):
    manager = browse("Manager", "Consulting")
    assert compared(compare(manager, 1, 2, 3, 4, 5)) == [4, 3, 2, 1]


@pytest.mark.parametrize("asked", [[], [1], [1, 1], ["x", 1], [1, 99], ["٣", 1], ["9" * 40, 1]])
def test_fewer_than_two_are_not_compared(browse, people, asked):
    page = compare(browse("RH"), *asked)
    assert page.status_code == 200
    assert page.context["people"] == []
    assert "Select two to four people in the list" in page.text


def test_manager_compares_their_own_people_without_pay_and_survey(browse, people):
    manager = browse("Manager", "Consulting")
    page = compare(manager, 1, 2, 5)
    assert compared(page) == [2, 1]
    labels = {label for label, _values, _differ in page.context["profile"]}
    assert "Job" in labels
    assert labels.isdisjoint({"Monthly income", "Last pay rise"})
    assert "Not shown to your account" in page.text
    assert compare(manager, 1, 5).context["people"] == []


def test_compare_takes_a_fixed_number_of_queries(browse, people, django_assert_max_num_queries):
    client = browse("RH")
    with django_assert_max_num_queries(8):
        compare(client, 1, 2)
    with django_assert_max_num_queries(8):
        compare(client, 1, 2, 3, 4)
    with django_assert_max_num_queries(8):
        compare(client, 1, 2, 3, 4, 5)
