"""Exit interviews: who notes and reads them, and how they tell the workforce why somebody left."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from employees.models import Employee, EmployeeState, PresenceAnswer
from employees.tests.extracts import DAY, load, load_all
from predictions import clearing, rescoring
from predictions.followup.exits import tell_reasons
from predictions.followup.models import ExitInterview
from predictions.followup.services import Wanted, change_case, open_cases
from predictions.selectors.person_periods import ends_of_spells

pytestmark = pytest.mark.django_db
INSIDE, OUTSIDE = "Consulting", "Commercial"
LATER = DAY + timedelta(days=31)


@pytest.fixture(autouse=True)
def key(settings):
    settings.NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]


@pytest.fixture
def hr(browse):
    return browse("RH")


def load_both(**left):
    """Two days; on the second the SIRH still lists those who have left, marked so."""
    people = {number: {"departement": INSIDE if number < 3 else OUTSIDE} for number in range(1, 5)}
    load_all(DAY, people)
    gone = {number: values | {"a_quitte_l_entreprise": number in (1, 3)} for number, values in people.items()}
    load_all(LATER, gone, **left)


def keep(browser, number, **given):
    values = {
        "day": timezone.localdate(),
        "left_because": "Retraite",
        "motive": "career",
        "destination": "competitor",
        "would_have_stayed": "more training",
    }
    return browser.post(reverse("employee_exit", args=[number]), values | given)


def because(number):
    return EmployeeState.objects.newest().get(employee__employee_id=number).left_because


def test_interview_gives_a_departure_its_reason(hr):
    load_both()
    assert because(1) == ""
    assert keep(hr, 1).status_code == 302
    assert because(1) == "Retraite"
    ends = ends_of_spells().set_index("person")["event"]
    assert ends[1] != ends[3]  # by choice, as far as is known, is the other alone
    assert PresenceAnswer.objects.get().recorded_by == hr.account


def test_reason_outlives_a_later_extract_and_is_told_once(hr):
    load_both()
    keep(hr, 1)
    assert tell_reasons() == 0
    people = {number: {"departement": INSIDE, "a_quitte_l_entreprise": number == 1} for number in range(1, 5)}
    load_all(LATER + timedelta(days=30), people)
    assert because(1) == "Retraite"


def test_reason_of_somebody_still_there_waits_for_the_departure(hr):
    load_both()
    keep(hr, 2)
    assert because(2) == ""
    people = {number: {"departement": INSIDE, "a_quitte_l_entreprise": number < 4} for number in range(1, 5)}
    load_all(LATER + timedelta(days=30), people)
    rescoring.rescore()
    assert because(2) == "Retraite"


def test_interview_without_a_reason_leaves_it_open(hr):
    load_both()
    keep(hr, 1, left_because="")
    assert because(1) == ""
    assert not PresenceAnswer.objects.exists()


def test_second_interview_of_a_day_supersedes_the_first_and_both_stay(hr):
    load_both()
    keep(hr, 1)
    keep(hr, 1, motive="pay", left_because="Démission")
    assert [each.motive for each in ExitInterview.objects.in_force()] == ["pay"]
    assert ExitInterview.objects.count() == 2
    assert "Replaced on" in hr.get(reverse("employee_exit", args=[1])).text
    assert because(1) == "Démission"


def test_later_interview_corrects_the_reason_that_an_earlier_one_gave(hr):
    load_both()
    keep(hr, 1)
    people = {number: {"departement": INSIDE, "a_quitte_l_entreprise": number == 1} for number in range(1, 5)}
    load_all(LATER + timedelta(days=30), people)
    keep(hr, 1, left_because="Démission")
    assert because(1) == "Démission"
    assert tell_reasons() == 0


def test_reason_that_contradicts_the_files_is_asked_about_and_kept_beside_theirs(hr):
    load_both()
    load(LATER, annuaire={1: {"date_sortie": LATER, "motif_sortie": "Démission"}})
    assert because(1) == "Démission"
    response = keep(hr, 1)
    assert response.status_code == 422
    assert "The files give another reason of this departure: Resignation" in response.text
    assert keep(hr, 1, keeps_both="on").status_code == 302
    found = ExitInterview.objects.get()
    assert (found.left_because, found.known_because, found.was_warned) == ("Retraite", "Démission", True)
    assert because(1) == "Démission"
    page = hr.get(reverse("employee_exit", args=[1])).text
    assert "Reason in the files" in page
    assert "Kept despite a warning" in page


def test_what_was_said_is_encrypted_and_deleted_after_its_time(hr, settings):
    load_both()
    keep(hr, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT would_have_stayed FROM predictions_exitinterview")
        assert "training" not in cursor.fetchone()[0]
    assert "more training" in hr.get(reverse("employee_exit", args=[1])).text
    settings.NOTES_MONTHS = 12
    ExitInterview.objects.update(day=timezone.localdate() - timedelta(days=400))
    assert clearing.clear()["notes"] == 1
    page = " ".join(hr.get(reverse("employee_exit", args=[1])).text.split())
    assert "under the retention rule it is deleted 12 months after the interview" in page
    assert ExitInterview.objects.get().would_have_stayed == ""
    assert clearing.clear()["notes"] == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"motive": "weather"}, "Select a valid choice"),
        ({"left_because": "Ennui"}, "Select a valid choice"),
        ({"day": "2199-01-01"}, "in the future"),
        ({"would_have_stayed": "sans son cancer"}, "Such words may not be kept: cancer"),
    ],
)
def test_wrong_interview_keeps_nothing(hr, wrong, told):
    load_both()
    response = keep(hr, 1, **wrong)
    assert response.status_code == 422
    assert told in response.text
    assert not ExitInterview.objects.exists()


@pytest.mark.parametrize(("number", "told"), [(1, "before the departure, by"), (2, "and the person is still there")])
def test_day_long_before_the_departure_is_asked_about(hr, number, told):
    load_both()
    day = DAY - timedelta(days=370)
    response = keep(hr, number, day=day)
    assert response.status_code == 422
    assert date_format(day) in response.text
    assert told in response.text
    assert keep(hr, number, day=day, is_certain="on").status_code == 302
    assert ExitInterview.objects.get().was_warned


def test_without_a_key_nothing_is_kept(hr, settings):
    load_both()
    settings.NOTES_KEYS = []
    response = keep(hr, 1)
    assert "NOTES_KEYS" in response.text
    assert because(1) == ""


def test_interviews_are_for_hr_of_the_department_alone(browse):
    load_both()
    for group in ("Manager", "Auditeur"):
        assert browse(group, INSIDE).get(reverse("employee_exit", args=[1])).status_code == 403
    limited = browse("RH", INSIDE)
    assert limited.get(reverse("employee_exit", args=[1])).status_code == 200
    assert keep(limited, 3).status_code == 404
    assert keep(limited, 999).status_code == 404


def test_person_and_closed_case_lead_to_the_interview(hr):
    load_both()
    person = Employee.objects.get(employee_id=2)
    (case,) = open_cases(employees=[person], owner=hr.account, due=DAY, why="", user=hr.account).cases
    link = reverse("employee_exit", args=[2])
    assert link not in hr.get(reverse("cases_case", args=[case.pk])).text
    wanted = Wanted(case.State.LEFT, hr.account, DAY, False)
    change_case(case=case, seen=case.changes.get().pk, wanted=wanted, user=hr.account)
    assert link in hr.get(reverse("cases_case", args=[case.pk])).text
