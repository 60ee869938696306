"""The administration of the mappings, for those who see everyone."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from employees.extracts.mapping import EXAMPLES, FileMapping, faulty_part
from employees.models import SavedMapping

pytestmark = pytest.mark.django_db
ADD = reverse("admin:employees_savedmapping_add")


@pytest.fixture
def client(client, django_user_model):
    editor = django_user_model.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="RH"))
    editor.user_permissions.set(Permission.objects.filter(codename__endswith="_savedmapping"))
    client.force_login(editor)
    client.cookies["django_language"] = "en"
    return client


def test_mapping_is_written_by_hand_and_by_whom(client):
    response = client.post(ADD, {"name": "default", "document": json.dumps(EXAMPLES)})
    assert response.status_code == 302
    saved = SavedMapping.objects.get()
    assert (saved.changed_by.username, saved.mapping) == ("editor", FileMapping.of(EXAMPLES))
    page = client.get(reverse("admin:employees_savedmapping_change", args=[saved.pk])).content.decode()
    assert "Centre de coût" in page


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({"factor": {}}, "factor"),
        ({"headers": {"paie": {}}}, "headers"),
        ({"headers": {"sirh": {"Brut": "salaire"}}}, "headers"),
        ({"headers": {"sirh": {"Brut": ["age"]}}}, "headers"),
        ({"values": {"genre": {"1": 1}}}, "values"),
        ({"scales": {"satisfaction_employee_equipe": [5, 5]}}, "scales"),
        ({"scales": {"satisfaction_employee_equipe": 5}}, "scales"),
        ({"factors": {"revenu_mensuel": "1/0"}}, "factors"),
        ({"factors": {"revenu_mensuel": 12}}, "factors"),
        ({"header_lines": {"sirh": 0}}, "header_lines"),
        ({"decimal": ";"}, "decimal"),
        ({"dates": "ymd"}, "dates"),
        ({"skipped": ["TOTAL"]}, "skipped"),
        ([], "document"),
    ],
)
def test_document_that_is_no_mapping_names_the_part(client, document, part):
    assert faulty_part(document) == part
    if document:
        response = client.post(ADD, {"name": "default", "document": json.dumps(document)})
        assert f"“{part}” cannot be read" in response.content.decode()
        assert not SavedMapping.objects.exists()


def test_examples_are_a_mapping():
    assert faulty_part(EXAMPLES) == faulty_part({}) == ""
    assert EXAMPLES.keys() == FileMapping().document().keys()
