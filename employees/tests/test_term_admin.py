"""The administration of the terms, for those who see everyone."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from employees import terms
from employees.models import DepartmentAccess, Employee, Term, TermSynonym
from employees.terms.changes import add
from employees.tests.extracts import load

pytestmark = pytest.mark.django_db
NO_SYNONYM = {"synonyms-TOTAL_FORMS": 0, "synonyms-INITIAL_FORMS": 0}


@pytest.fixture
def editor(django_user_model):
    user = django_user_model.objects.create_user("editor", is_staff=True)
    user.groups.add(Group.objects.get(name="RH"))
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="employees"))
    return user


@pytest.fixture
def client(client, editor):
    client.force_login(editor)
    client.cookies["django_language"] = "en"
    return client


def change(client, term, **values):
    data = {"label_fr": term.label_fr, "label_en": term.label_en, "is_active": "on", **NO_SYNONYM} | values
    return client.post(reverse("admin:employees_term_change", args=[term.pk]), data)


def test_term_is_added_with_its_labels_and_by_whom(client, editor):
    data = {"vocabulary": "departement", "value": " R&D ", "label_fr": "Recherche", "label_en": "Research"}
    assert client.post(reverse("admin:employees_term_add"), data | {"is_active": "on"}).status_code == 302
    found = Term.objects.get(value="R&D")
    assert (found.label_fr, found.label_en, found.recorded_by) == ("Recherche", "Research", editor)
    assert terms.match("departement", "r&d") == "R&D"


def test_known_word_is_not_added_again(client):
    data = {"vocabulary": "departement", "value": "CONSULTING", "is_active": "on"}
    response = client.post(reverse("admin:employees_term_add"), data)
    assert "“CONSULTING” is known: it stands for “Consulting”." in response.content.decode()


def test_synonym_is_added_and_deleted(client, editor):
    term = Term.objects.get(vocabulary="poste", value="Consultant")
    rows = {"synonyms-TOTAL_FORMS": 1, "synonyms-INITIAL_FORMS": 0, "synonyms-0-term": term.pk}
    change(client, term, **rows, **{"synonyms-0-spelling": "Consultante"})
    assert terms.match("poste", "consultante") == "Consultant"
    synonym = TermSynonym.objects.get(spelling="Consultante")
    assert synonym.recorded_by == editor
    rows |= {"synonyms-INITIAL_FORMS": 1, "synonyms-0-id": synonym.pk, "synonyms-0-DELETE": "on"}
    change(client, term, **rows)
    assert terms.match("poste", "consultante") is None


def test_department_is_merged_and_parted(client):
    add(vocabulary="departement", value="Conseil")
    load(sirh={1: {"departement": "Conseil"}})
    term, into = (Term.objects.get(vocabulary="departement", value=value) for value in ("Conseil", "Consulting"))
    assert change(client, term, merged_into=into.pk).status_code == 302
    assert Employee.objects.get().departement == "Consulting"
    assert change(client, term, merged_into="").status_code == 302
    assert Employee.objects.get().departement == "Conseil"


def test_term_is_never_deleted_and_its_value_never_changed(client):
    term = Term.objects.get(vocabulary="departement", value="Consulting")
    assert client.post(reverse("admin:employees_term_delete", args=[term.pk])).status_code == 403
    change(client, term, value="Conseil", label_en="Advice")
    term.refresh_from_db()
    assert (term.value, term.label_en) == ("Consulting", "Advice")


def test_account_of_some_departments_edits_no_term(client, editor):
    DepartmentAccess.objects.create(user=editor, departement="Consulting")
    assert client.get(reverse("admin:employees_term_changelist")).status_code == 403


def test_list_of_terms_takes_few_queries(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        assert client.get(reverse("admin:employees_term_changelist"), {"q": "consult"}).status_code == 200
