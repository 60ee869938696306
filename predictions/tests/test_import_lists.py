"""The lists of an import, in part on its page and whole: what it changes, and what it changed in the risk list."""

import csv
import io
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from employees import uploads
from employees.columns import SATISFACTIONS, Extract
from employees.extracts import ReadSet
from employees.models import Employee, Import, Load, Presence
from employees.tests.extracts import DAY, extract_of, load, load_all
from employees.tests.test_uploads import files
from employees.workforce.loading import withdraw_load
from features.models import EmployeeFeatures
from features.services import build_features
from predictions.services import score_employees
from predictions.tests.imports import run_import

pytestmark = pytest.mark.django_db

BEFORE = date(2026, 5, 31)
RISKY = {"heures_supplementaires": True, "revenu_mensuel": 1100, **dict.fromkeys(SATISFACTIONS, 1.0)}
CALM = {"heures_supplementaires": False, "revenu_mensuel": 19000, **dict.fromkeys(SATISFACTIONS, 4.0)}
KINDS = (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)


@pytest.fixture
def hr(browse, started):
    return browse("RH")


def of(kind, people):
    names = extract_of(kind, {1: {}}).frame.columns
    return extract_of(kind, {number: {k: v for k, v in row.items() if k in names} for number, row in people.items()})


@pytest.fixture
def checked(hr, monkeypatch):
    """An import of the month after thirty people were scored, checked; what the files hold is given as values."""
    people = dict.fromkeys(range(1, 31), CALM)
    people |= {2: RISKY, 3: RISKY}
    load_all(BEFORE, people)
    build_features()
    score_employees()
    month = people | {31: CALM, 2: CALM, 4: RISKY, 5: CALM | {"revenu_mensuel": 19500, "departement": "Commercial"}}
    month[6] = CALM | {"a_quitte_l_entreprise": True}
    del month[7]
    found = ReadSet({kind: of(kind, month) for kind in KINDS}, questions=())
    monkeypatch.setattr(uploads, "_read", lambda upload: found)
    upload = uploads.receive(user=hr.account, as_of=DAY, files=files())
    run_import(upload=upload)
    return upload


@pytest.fixture
def loaded(checked, hr):
    uploads.confirm(upload=checked, user=hr.account, checked_at=checked.checked_at.isoformat(), accept_implausible=True)
    checked.refresh_from_db()
    run_import(upload=checked)
    return checked


def test_lists_name_people_of_the_directory_on_the_page_and_not_in_the_file(checked, hr):
    load(BEFORE, annuaire={6: {"prenom": "Nadia", "nom": "Petit"}, 7: {"nom": "Roux"}, 2: {"prenom": "Paul"}})
    assert "Nadia Petit" in page(hr, checked).text
    for name, shown_name in (("left", "Nadia Petit"), ("vanished", "Roux"), ("revenu_mensuel", "Paul")):
        assert shown_name in hr.get(reverse("import_list", args=[checked.pk, name])).text
        assert shown_name not in hr.get(reverse("import_list_csv", args=[checked.pk, name])).getvalue().decode()


def test_page_says_that_newer_extracts_stay_in_force_after_a_late_file(checked, hr):
    text = "the newest extracts 31 July 2026. What follows is as of 30 June 2026"
    assert "the newest extracts" not in page(hr, checked).text
    load(date(2026, 7, 31), sirh={number: {} for number in range(1, 31)}, options={"accept_implausible": True})
    assert text in " ".join(page(hr, checked).text.split())


def shown(client, upload, name, **query):
    """What the page of a whole list shows."""
    rows = client.get(reverse("import_list", args=[upload.pk, name]), query).context["rows"]
    return [[text for _title, text in row["cells"]] for row in rows]


def page(client, upload):
    return client.get(reverse("import_detail", args=[upload.pk]))


def test_preview_shows_departures_first_then_arrivals_who_vanished_moves_and_pay(hr, checked):
    parts = page(hr, checked).context["changes"]
    assert [(part["name"], part["count"]) for part in parts] == [
        ("left", 1),
        ("arrived", 1),
        ("vanished", 1),
        ("moved", 1),
        ("revenu_mensuel", 3),
    ]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("left", [["6", "Consulting", "31 May 2026", "30 Jun 2026"]]),
        ("arrived", [["31", "Consulting"]]),
        ("vanished", [["7", "Consulting"]]),
        ("moved", [["5", "Consulting", "Sales"]]),
        ("heures_supplementaires", [["2", "Consulting", "Yes", "No"], ["4", "Consulting", "No", "Yes"]]),
        (
            "revenu_mensuel",
            [
                ["2", "Consulting", "1,100", "19,000", "+1,627.3%"],
                ["4", "Consulting", "19,000", "1,100", "−94.2%"],
                ["5", "Sales", "19,000", "19,500", "+2.6%"],
            ],
        ),
    ],
)
def test_list_of_changes_says_what_changes(hr, checked, name, rows):
    assert shown(hr, checked, name) == rows


def test_list_that_there_is_not_is_not_found(hr, checked):
    for name in ("nothing", "over"):  # nothing was scored after it
        assert hr.get(reverse("import_list", args=[checked.pk, name])).status_code == 404


def test_list_links_those_alone_whose_page_can_be_opened(hr, checked):
    text = hr.get(reverse("import_list", args=[checked.pk, "left"])).text
    assert 'href="/employees/6/"' in text
    assert 'href="/employees/31/"' not in hr.get(reverse("import_list", args=[checked.pk, "arrived"])).text


def test_medians_before_and_after_are_those_of_who_is_compared(hr, checked):
    columns = {column["name"]: column for column in page(hr, checked).context["columns"]}
    assert [columns["age"][name] for name in ("changed", "old", "new")] == [0, "41", "41"]
    assert columns["revenu_mensuel"]["changed"] == 3


def test_list_is_whole_in_pages_and_as_a_file(hr, checked, monkeypatch):
    monkeypatch.setattr("predictions.pages.imports.import_page.LINES_A_PAGE", 2)
    assert [row[0] for row in shown(hr, checked, "revenu_mensuel", page=2)] == ["5"]
    response = hr.get(reverse("import_list_csv", args=[checked.pk, "left"]))
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert rows == [
        ["Employee", "Department", "Left after", "Left by"],
        ["6", "Consulting", "2026-05-31", "2026-06-30"],
    ]


def test_loaded_import_shows_what_it_changed_in_the_risk_list(hr, loaded):
    cards = {card["label"]: (card["value"], card["href"]) for card in page(hr, loaded).context["risk"]}
    over = reverse("import_list", args=[loaded.pk, "over"])
    assert cards["Newly over the threshold"] == ("1", over)
    assert [cards[name][0] for name in ("Under the threshold again", "New in the list", "No longer in the list")] == [
        "1",
        "1",
        "2",
    ]
    (row,) = shown(hr, loaded, "over")
    assert row[:3] == ["4", "Consulting", "Consultant"]
    assert float(row[3].rstrip("%")) < float(row[4].rstrip("%"))
    assert [row[0] for row in shown(hr, loaded, "under")] == ["2"]
    assert [(row[0], row[3]) for row in shown(hr, loaded, "joined")] == [("31", "–")]
    assert sorted((row[0], row[4]) for row in shown(hr, loaded, "gone")) == [("6", "–"), ("7", "–")]


def test_loaded_import_keeps_its_lists_when_its_files_are_a_day_old(hr, loaded):
    Import.objects.update(created_at=loaded.created_at.replace(year=2025))
    uploads.purge()
    assert shown(hr, loaded, "vanished") == [["7", "Consulting"]]


def test_import_that_is_discarded_keeps_no_list(hr, checked):
    uploads.discard(upload=checked)
    assert not checked.changes.exists()


def test_import_shows_the_day_of_its_files_and_who_took_its_load_back_and_why(hr, loaded):
    assert "The files describe 30 June 2026." in " ".join(page(hr, loaded).text.split())
    withdraw_load(load=Load.objects.first().pk, reason="another entity", user=hr.account)
    text = " ".join(page(hr, loaded).text.split())
    assert "This load was taken back" in text
    assert f"by {hr.account.username}: another entity" in text.replace("&#x27;", "'")
    assert "Take this load back" not in text
    listed = " ".join(hr.get(reverse("import")).text.split())
    assert "30 Jun 2026" in listed
    assert "taken back" in listed


def test_pages_of_a_loaded_import_ask_at_most_twelve_queries(hr, loaded, django_assert_max_num_queries):
    names = [("import_detail", []), *(("import_list", [name]) for name in ("left", "over", "rejects"))]
    for name, more in names:
        with django_assert_max_num_queries(12, info=f"{name} {more}"):
            hr.get(reverse(name, args=[loaded.pk, *more]))


def to_clarify(client, upload):
    return [(each["number"], each["href"]) for each in page(client, upload).context["to_clarify"]]


def test_finished_import_leads_to_what_it_leaves_to_clarify(loaded, hr, django_assert_max_num_queries):
    sirh = loaded.load.extracts.get(kind=Extract.SIRH)
    for number, column in ((1, "age"), (6, "age"), (9, "age"), (9, "poste")):  # 6 has left
        sirh.refused.create(number=number, column=column, value="?", rule={"text": "old", "params": {}})
    EmployeeFeatures.objects.filter(employee__employee_id__in=[11, 12]).update(superseded_at=timezone.now())
    Employee.objects.filter(employee_id=12).update(objected_on=DAY)  # asks nothing of anyone
    hr.get("/")  # the model and its threshold are read once a process
    with django_assert_max_num_queries(12):
        found = to_clarify(hr, loaded)
    assert found == [(1, "/clarify/"), (3, "/clarify/refused/"), (1, "/clarify/unscored/")]
    assert "To clarify after this load" in page(hr, loaded).text


def test_finished_import_that_leaves_nothing_open_asks_nothing(loaded, hr):
    Employee.objects.filter(presence=Presence.ABSENT).update(presence=Presence.PRESENT)
    assert "To clarify after this load" not in page(hr, loaded).text


def test_import_that_is_not_the_newest_asks_nothing(loaded, hr):
    load(date(2026, 7, 31), sirh={number: {} for number in range(1, 31)}, options={"accept_implausible": True})
    assert to_clarify(hr, loaded) == []


def test_import_that_was_taken_back_asks_nothing(loaded, hr):
    withdraw_load(load=loaded.load.pk, reason="wrong files", user=hr.account)
    assert to_clarify(hr, loaded) == []
