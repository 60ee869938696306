"""The pages on which the company's words are added, labelled, spelt in other ways and merged."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission

from employees import terms
from employees.models import Term
from employees.terms import changes
from technova.database.locks import Busy

pytestmark = pytest.mark.django_db
WORDS = "/administration/words/"


@pytest.fixture
def editor(browse):
    """HR that sees everyone."""
    return browse("RH")


def term(value, vocabulary="departement"):
    return Term.objects.get(vocabulary=vocabulary, value=value)


def history_of(row):
    rows = LogEntry.objects.filter(object_id=row.pk, content_type__model="term").order_by("pk")
    return [entry.change_message for entry in rows]


def send(client, row, **fields):
    return client.post(f"{WORDS}{row.pk}/", fields, follow=True)


def test_added_word_is_known_with_its_labels(editor):
    new = {"value": " R&D ", "label_fr": "Recherche", "label_en": "Research"}
    response = editor.post(f"{WORDS}departement/", new, follow=True)
    assert "“R&amp;D” is known from now on." in response.text
    added = term("R&D")
    assert (terms.match("departement", "r&d"), terms.label("departement", "R&D")) == ("R&D", "Research")
    assert (history_of(added), added.recorded_by.groups.get().name) == (["Added."], "RH")


@pytest.mark.parametrize(("value", "said"), [("consulting", "is known"), ("", "This field is required.")])
def test_word_that_is_known_or_empty_is_refused_and_loses_nothing(editor, value, said):
    response = editor.post(f"{WORDS}departement/", {"value": value, "label_fr": "Conseil d’ici"})
    assert response.status_code == 422
    assert said in response.text
    assert "Conseil d’ici" in response.text


def test_word_that_the_model_reads_as_a_number_cannot_be_added(editor):
    path = f"{WORDS}frequence_deplacement/"
    assert "only be another spelling" in editor.get(path).text
    assert editor.post(path, {"value": "Quotidien"}).status_code == 422


def test_labels_are_changed_and_a_word_is_no_longer_offered(editor):
    consulting = term("Consulting")
    send(editor, consulting, form="labels", label_fr="Conseil", label_en="Advice")
    assert terms.label("departement", "Consulting") == "Advice"
    assert "Consulting" not in terms.values("departement")
    assert history_of(consulting) == ["Changed label_fr, label_en, is_active."]


def test_spelling_is_read_until_it_is_forgotten(editor):
    consulting = term("Consulting")
    page = send(editor, consulting, form="spelling", spelling="Conseil")
    assert "“Conseil” is read as “Consulting”." in page.text
    assert terms.match("departement", "CONSEIL") == "Consulting"
    forget = {"act": "forget", "spelling": consulting.synonyms.get().pk}
    editor.post(f"{WORDS}{consulting.pk}/do/", forget)
    assert terms.match("departement", "Conseil") is None
    assert history_of(consulting) == ["Added the spelling Conseil.", "Removed the spelling Conseil."]


def test_spelling_that_is_another_word_is_refused(editor):
    response = send(editor, term("Consulting"), form="spelling", spelling="commercial")
    assert response.status_code == 422
    assert "it stands for “Commercial”" in response.text


def test_merged_word_counts_under_the_other_until_the_merge_is_taken_back(editor):
    consulting, commercial = term("Consulting"), term("Commercial")
    send(editor, consulting, form="merge", into=commercial.pk)
    assert terms.resolve("departement", "Consulting") == "Commercial"
    assert "counts under Commercial" in editor.get(f"{WORDS}departement/").text
    editor.post(f"{WORDS}{consulting.pk}/do/", {"act": "part"})
    assert terms.resolve("departement", "Consulting") == "Consulting"
    assert history_of(consulting) == ["Merged into Commercial.", "Parted from Commercial."]


def test_merge_into_another_vocabulary_or_itself_is_refused(editor):
    consulting = term("Consulting")
    for into in (consulting, term("Consultant", "poste")):
        assert send(editor, consulting, form="merge", into=into.pk).status_code == 422
    assert term("Consulting").merged_into is None


def test_nothing_is_written_while_the_workforce_is(editor, monkeypatch):
    def busy(**options):
        raise Busy

    monkeypatch.setattr(changes, "save", busy)
    consulting = term("Consulting")
    page = send(editor, consulting, form="labels", label_en="Advice")
    assert page.status_code == 200
    assert history_of(consulting) == []
    assert term("Consulting").label_en == consulting.label_en


@pytest.mark.parametrize("sent", [{"act": "part"}, {"act": "forget", "spelling": "999999"}, {"act": "frame"}])
def test_act_that_makes_no_sense_is_not_found(editor, sent):
    assert editor.post(f"{WORDS}{term('Consulting').pk}/do/", sent).status_code == 404


def test_unknown_vocabulary_word_and_form_are_not_found(editor):
    assert editor.get(f"{WORDS}age/").status_code == 404
    assert editor.get(f"{WORDS}999999/").status_code == 404
    assert send(editor, term("Consulting"), form="frame").status_code == 404


def test_words_are_closed_to_other_roles_and_to_hr_of_some_departments(browse, editor):
    Group.objects.get(name="Manager").permissions.set(Permission.objects.all())
    assert editor.get(WORDS).status_code == 200
    for account in (("RH", "Consulting"), ("Manager", "Consulting"), ("Direction",), ("Auditeur",)):
        assert browse(*account).get(WORDS).status_code == 403
