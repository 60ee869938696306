"""Files of many people: made by a task, kept for a day, and fetched by whoever asked alone."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from predictions.exports import services as kept
from predictions.models import Export, ExportPiece
from predictions.pages.people import export_pages, exports
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures
from predictions.tests.test_exports import sheet_of

pytestmark = pytest.mark.django_db

PEOPLE = 5


@pytest.fixture(autouse=True)
def many(monkeypatch, started):
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 3)
    run = ScoringRunFactory(threshold=0.2, employee_count=PEOPLE)
    for number in range(1, PEOPLE + 1):
        score(run, number, number / 10)
    write_figures()


@pytest.fixture
def hr(browse):
    return browse("RH")


def ask(client, kind="csv", **state):
    """Ask for a file, and return its export and the address of its page."""
    response = client.get(reverse(f"employees_{kind}"), state)
    assert response.status_code == 302
    return Export.objects.latest("created_at"), response["Location"]


def make(export, **arguments):
    export_pages.make(str(export.pk), **arguments)
    export.refresh_from_db()


def file_of(client, export):
    return client.get(reverse("employees_export_file", args=[export.pk]))


def numbers_in(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return [int(row["Employee number"]) for row in csv.DictReader(io.StringIO(text))]


def test_file_of_many_people_is_made_by_a_task_and_fetched(hr, started):
    export, page = ask(hr, sort="risk")
    assert started == [("make", str(export.pk))]
    assert "The file is being made" in hr.get(page).text
    assert file_of(hr, export).status_code == 404
    make(export)
    shown = hr.get(page).text
    assert "The file is ready" in shown
    assert export.name in shown
    response = file_of(hr, export)
    assert response["Content-Disposition"] == f'attachment; filename="{export.name}"'
    assert int(response["Content-Length"]) == export.size
    assert numbers_in(response) == [1, 2, 3, 4, 5]


def test_workbook_of_many_people_is_made_too(hr):
    export, _page = ask(hr, "xlsx")
    make(export)
    rows = list(sheet_of(file_of(hr, export)).iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [5, 4, 3, 2, 1]


def test_few_people_are_answered_at_once(hr, started):
    response = hr.get(reverse("employees_csv"), {"number": "1 2"})
    assert numbers_in(response) == [2, 1]
    assert started == []


def test_list_says_which_link_leads_to_a_page(hr):  # and not to a file
    assert "download>" not in " ".join(hr.get(reverse("employees")).text.split())
    assert "download>" in " ".join(hr.get(reverse("employees"), {"number": "1"}).text.split())


def test_same_file_is_not_asked_for_twice(hr, started):
    (first, _page), (again, _page) = ask(hr), ask(hr)
    assert first == again
    assert len(started) == 1
    other, _page = ask(hr, sort="risk")
    assert other != first


def test_file_is_in_the_language_and_by_the_filters_of_the_question(hr):
    hr.get(reverse("employees_csv"), {"band": "over"}, headers={"Accept-Language": "fr"})
    export = Export.objects.get()
    make(export)
    lines = b"".join(file_of(hr, export).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"Matricule";')
    assert len(lines) == 1 + 4


def test_progress_is_told(hr, monkeypatch):
    monkeypatch.setattr(exports, "TOLD", 2)
    told = []
    export, _page = ask(hr)
    make(export, progress=lambda *step: told.append(step))
    assert told == [("Exporting", 2, PEOPLE), ("Exporting", 4, PEOPLE)]


def test_content_comes_back_in_pieces(hr, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(kept, "PIECE", 100)
    export, _page = ask(hr)
    make(export)
    pieces = ExportPiece.objects.filter(export=export)
    assert pieces.count() == -(-export.size // 100) > 2
    assert b"".join(kept.parts_of(export)) == b"".join(bytes(piece.content) for piece in pieces)
    assert numbers_in(file_of(hr, export)) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("page", ["employees_export", "employees_export_file", "employees_export_again"])
def test_nobody_else_opens_it(hr, browse, admin_client, page):
    export, _page = ask(hr)
    make(export)
    for other in (browse("RH", "Consulting"), browse("Manager", "Consulting"), admin_client):
        method = other.post if page.endswith("again") else other.get
        assert method(reverse(page, args=[export.pk])).status_code == 404


def test_account_whose_rights_have_changed_gets_nothing_of_before(hr):
    export, page = ask(hr)
    make(export)
    hr.account.department_accesses.create(departement="Consulting")
    assert hr.get(page).status_code == 404
    assert file_of(hr, export).status_code == 404


def test_task_of_an_account_whose_rights_have_changed_makes_nothing(hr):
    export, _page = ask(hr)
    hr.account.groups.set(Group.objects.filter(name="Manager"))
    make(export)
    assert (export.state, export.pieces.count()) == ("waiting", 0)


def test_manager_gets_the_people_of_the_department_alone(browse, monkeypatch):
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 0)
    run = ScoringRunFactory(threshold=0.2, employee_count=PEOPLE + 1)
    score(run, 77, 0.5, departement="Commercial")
    score(run, 78, 0.5, departement="Consulting")
    write_figures()
    manager = browse("Manager", "Consulting")
    export, _page = ask(manager)
    make(export)
    assert numbers_in(file_of(manager, export)) == [78]


def test_file_is_gone_after_a_day(hr):
    export, page = ask(hr)
    make(export)
    Export.objects.update(created_at=timezone.now() - kept.KEPT - timedelta(seconds=1))
    assert hr.get(page).status_code == 404
    assert kept.purge() == 1
    assert not ExportPiece.objects.exists()


def test_failure_is_told_and_the_work_started_again(hr, monkeypatch, started):
    export, page = ask(hr)
    with monkeypatch.context() as patch:
        patch.setattr(export_pages.exports, "parts", lambda *given, **named: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make(export)
    export.refresh_from_db()
    assert export.state == "failed"
    assert "The file could not be made" in hr.get(page).text
    started.clear()
    hr.post(reverse("employees_export_again", args=[export.pk]))
    assert started == [("make", str(export.pk))]
    make(export)
    assert "The file is ready" in hr.get(page).text


def test_work_that_was_interrupted_is_told(hr):
    _export, page = ask(hr)
    assert "The file is being made" in hr.get(page).text
    Export.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    assert "The file could not be made" in hr.get(page).text


def test_filters_that_no_longer_hold_are_a_failure_without_a_defect(hr):
    export, _page = ask(hr)
    Export.objects.update(query="department=Nowhere")
    make(export)
    assert export.state == "failed"


def test_work_that_is_done_again_changes_nothing(hr):
    export, _page = ask(hr)
    make(export)
    pieces = list(export.pieces.values_list("pk", flat=True))
    make(export)
    assert list(export.pieces.values_list("pk", flat=True)) == pieces


def test_page_takes_few_queries(hr, django_assert_max_num_queries):
    export, page = ask(hr)
    make(export)
    hr.get(page)
    with django_assert_max_num_queries(12):
        hr.get(page)
