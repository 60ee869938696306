import pytest
from django.urls import reverse

from predictions.models import SavedView
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures

pytestmark = pytest.mark.django_db

SAVE = reverse("employees_save_view")


@pytest.fixture
def hr(browse):
    score(ScoringRunFactory(threshold=0.2), 1)
    write_figures()
    return browse("RH")


def kept(client):
    return [(view.name, view.query) for view in SavedView.objects.of(client.account)]


def test_view_is_saved_and_stands_above_the_list(hr):
    answer = hr.post(SAVE, {"name": "Ma liste", "query": "?band=over&sort=job"}, follow=True)
    assert answer.redirect_chain == [("/employees/?band=over&sort=job", 302)]
    (view,) = (view for view in answer.context["views"] if view.saved)
    assert (view.label, view.href, view.is_current) == ("Ma liste", "/employees/?band=over&sort=job", True)


def test_view_holds_only_what_the_list_reads(hr):
    hr.post(SAVE, {"name": "x", "query": "?band=over&page=3&next=//elsewhere.example&size=25"})
    assert kept(hr) == [("x", "?band=over")]


def test_same_name_again_replaces_the_view(hr):
    for query in ("?band=over", "?band=low"):
        hr.post(SAVE, {"name": "x", "query": query})
    assert kept(hr) == [("x", "?band=low")]


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_view_without_a_usable_name_is_not_saved(hr, name):
    page = hr.post(SAVE, {"name": name, "query": "?band=over"}, follow=True)
    assert "The view was not saved" in page.text
    assert kept(hr) == []


def test_views_of_an_account_are_limited(hr):
    SavedView.objects.bulk_create(SavedView(user=hr.account, name=str(place)) for place in range(SavedView.MOST))
    page = hr.post(SAVE, {"name": "one more", "query": ""}, follow=True)
    assert "as many as fit" in page.text
    assert len(kept(hr)) == SavedView.MOST
    hr.post(SAVE, {"name": "3", "query": "?band=over"})
    assert ("3", "?band=over") in kept(hr)


def test_views_are_of_one_account(hr, browse):
    hr.post(SAVE, {"name": "x", "query": "?band=over"})
    other = browse("RH", "Consulting")
    assert [view for view in other.get("/employees/").context["views"] if view.saved] == []
    address = reverse("employees_delete_view", args=[SavedView.objects.get().pk])
    assert other.post(address).status_code == 404
    assert len(kept(hr)) == 1
    assert hr.get(address).status_code == 405
    assert "is deleted" in hr.post(address, follow=True).text
    assert kept(hr) == []


def test_view_goes_with_its_account(hr):
    hr.post(SAVE, {"name": "x", "query": ""})
    hr.account.delete()
    assert not SavedView.objects.exists()
