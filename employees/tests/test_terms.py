"""The company's words: what is asked, what is learned, and what a merge changes."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from employees import terms
from employees.access import Scope, scope_of
from employees.messages import Message
from employees.models import (
    DepartmentAccess,
    Employee,
    EmployeeState,
    Load,
    RefusedValue,
    SirhRow,
    Term,
    TermRevision,
    TermSynonym,
)
from employees.terms.changes import Unacceptable, add, add_synonym, learn, learning, merge, part, save
from employees.tests.extracts import load, load_all
from employees.tests.files import write
from employees.tests.test_seed_from_csv import seed
from employees.vocabularies import CONTRACT, LABELS
from employees.workforce.known_values import History
from employees.workforce.loading import withdraw_load
from employees.workforce.refused import refused

pytestmark = pytest.mark.django_db


def term(value, vocabulary="departement"):
    return Term.objects.get(vocabulary=vocabulary, value=value)


def test_first_terms_are_the_words_of_the_contract_with_their_labels():
    assert {name: set(vocabulary.values) for name, vocabulary in terms.vocabularies().items()} == {
        name: set(vocabulary.values) for name, vocabulary in CONTRACT.items()
    }
    assert {name: set(words) for name, words in LABELS.items()} == {
        name: set(vocabulary.values) for name, vocabulary in CONTRACT.items() if vocabulary.is_open
    }
    assert terms.match("frequence_deplacement", " fréquent ") == "Frequent"


@pytest.mark.parametrize(("language", "label"), [("fr", "Entrepreneuriat"), ("en", "Entrepreneurship")])
def test_label_is_that_of_the_active_language(language, label):
    with translation.override(language):
        assert terms.label("domaine_etude", "Entrepreunariat") == label


def test_value_without_a_label_is_its_own():
    add(vocabulary="departement", value="  R&D ")
    assert terms.label("departement", "R&D") == "R&D"
    assert terms.label("departement", "Nowhere") == "Nowhere"


def test_edited_label_shows_at_once():
    found = term("Commercial")
    found.label_en = "Sales force"
    save(term=found)
    with translation.override("en"):
        assert terms.label("departement", "Commercial") == "Sales force"


def test_edited_label_is_proposed_for_a_text_of_the_files():
    found = term("Commercial")
    found.label_fr = "Ventes & Réseau"
    save(term=found)
    proposal = terms.vocabularies()["departement"].propose("ventes & réseau")
    assert (proposal.value, proposal.is_new) == ("Commercial", False)


def test_label_of_two_values_is_proposed_for_neither():
    for value in ("Commercial", "Consulting"):
        found = term(value)
        found.label_fr = "Siège"
        save(term=found)
    assert terms.vocabularies()["departement"].propose("Siège").is_new


def test_any_spelling_of_a_value_matches_it():
    add_synonym(term=term("Consultant", "poste"), spelling="Consultante")
    assert terms.match("poste", " CONSULTANTE") == terms.match("poste", "consultant") == "Consultant"
    assert terms.match("poste", "Consultants") is None


@pytest.mark.parametrize("text", ["commercial ", "", "a" * 101, "a\x01b"])
def test_word_that_is_known_or_none_is_not_added(text):
    with pytest.raises(Unacceptable):
        add(vocabulary="departement", value=text)
    with pytest.raises(Unacceptable):
        add_synonym(term=term("Consulting"), spelling=text)


def test_travel_frequency_stands_for_a_number_so_none_is_added():
    with pytest.raises(Unacceptable):
        add(vocabulary="frequence_deplacement", value="Mensuel")
    add_synonym(term=term("Occasionnel", "frequence_deplacement"), spelling="Mensuel")
    assert terms.match("frequence_deplacement", "mensuel") == "Occasionnel"


def test_spelling_stands_for_one_term_in_the_database_too():
    add_synonym(term=term("Consulting"), spelling="Conseil")
    with pytest.raises(IntegrityError):
        TermSynonym.objects.create(term=term("Commercial"), spelling=" conseil")


def test_term_that_is_no_longer_offered_is_still_read():
    found = term("Commercial")
    found.is_active = False
    save(term=found)
    assert "Commercial" not in terms.values("departement")
    assert terms.match("departement", "commercial") == "Commercial"


def test_change_of_another_process_is_seen_by_the_next_request():
    """Another process has its own copy: only the database tells."""
    assert terms.match("departement", "R&D") is None
    Term.objects.create(vocabulary="departement", value="R&D")
    TermRevision.objects.update(revision="00000000-0000-0000-0000-000000000001")
    assert terms.match("departement", "R&D") is None  # this request goes on with what it began with
    terms.forget()
    assert terms.match("departement", "R&D") == "R&D"


def test_labels_cost_one_query_a_request_however_many_there_are():
    Term.objects.bulk_create(Term(vocabulary="poste", value=f"Métier {number}") for number in range(2_000))
    TermRevision.objects.update(revision="00000000-0000-0000-0000-000000000002")
    terms.vocabularies()
    terms.forget()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len({terms.label("poste", value) for value in terms.values("poste")}) == 2_009
    assert len(queries) == 1


def test_merged_department_is_the_other_one_in_files_states_and_scopes():
    add(vocabulary="departement", value="Conseil")
    load(sirh={1: {"departement": "Conseil"}, 2: {}})
    merge(term=term("Conseil"), into=term("Consulting"))
    assert terms.match("departement", "conseil") == "Consulting"
    assert "Conseil" not in terms.values("departement")
    assert set(Employee.objects.values_list("departement", flat=True)) == {"Consulting"}
    assert set(EmployeeState.objects.values_list("departement", flat=True)) == {"Consulting"}


def test_parted_department_is_as_if_it_had_never_been_merged():
    add(vocabulary="departement", value="Conseil")
    load(sirh={1: {"departement": "Conseil"}, 2: {}})
    before = list(Employee.objects.values_list("employee_id", "departement"))
    merge(term=term("Conseil"), into=term("Consulting"))
    part(term=term("Conseil"))
    assert list(Employee.objects.values_list("employee_id", "departement")) == before


def test_merge_of_departments_is_no_change_of_the_next_extract():
    add(vocabulary="departement", value="Conseil")
    load(sirh={1: {"departement": "Conseil"}, 2: {}})
    merge(term=term("Conseil"), into=term("Consulting"))
    result = load(date(2026, 7, 31), sirh={1: {"departement": "Consulting"}, 2: {}})
    assert (result.changed, result.moves.moved) == (0, 0)


def test_chain_of_merges_ends_at_its_last_term_and_closes_no_circle():
    for value in ("Conseil", "Conseils"):
        add(vocabulary="departement", value=value)
    merge(term=term("Conseils"), into=term("Conseil"))
    merge(term=term("Conseil"), into=term("Consulting"))
    assert terms.resolve("departement", "Conseils") == "Consulting"
    with pytest.raises(Unacceptable):
        merge(term=term("Consulting"), into=term("Conseils"))
    with pytest.raises(Unacceptable):
        merge(term=term("Consulting"), into=term("Manager", "poste"))


def test_access_to_a_merged_department_is_one_to_the_other():
    add(vocabulary="departement", value="Conseil")
    manager = get_user_model().objects.create_user("manager")
    manager.groups.add(Group.objects.get(name="Manager"))
    DepartmentAccess.objects.create(user=manager, departement="Conseil")
    merge(term=term("Conseil"), into=term("Consulting"))
    assert scope_of(get_user_model().objects.get(pk=manager.pk)) == Scope.of_departments(["Consulting"])
    part(term=term("Conseil"))
    assert scope_of(get_user_model().objects.get(pk=manager.pk)) == Scope.of_departments(["Conseil"])


def test_who_answered_is_recorded():
    user = get_user_model().objects.create_user("hr")
    learn(vocabulary="departement", text="R&D", value="R&D", user=user)
    learn(vocabulary="poste", text="Consultante", value="consultant", user=user)
    assert term("R&D").recorded_by == user
    assert TermSynonym.objects.get(spelling="Consultante").recorded_by == user


CASES = [
    ("departement", "R&D", "R&D", True),
    ("poste", "Consultante", "Consultant", False),
    ("statut_marital", "Pacsé(e)", "Pacsé(e)", True),
    ("statut_marital", "Marié", "Marié(e)", False),
    ("domaine_etude", "Entrepreneuriat", "Entrepreunariat", False),
    ("departement", "Consulting ?", "Consulting", False),
]


@pytest.mark.parametrize(("column", "text", "value", "is_new"), CASES)
def test_unknown_word_is_left_unknown_and_the_line_says_how_to_accept_it(tmp_path, column, text, value, is_new):
    output = seed(write(tmp_path, **{column: text}))
    meant = "it as a new value" if is_new else repr(value)
    assert f"line 3: {column} {text!r} is not known (1 rows); --new-values accept takes {meant}\n" in output
    assert Employee.objects.present().count() == 3
    assert terms.match(column, text) is None


@pytest.mark.parametrize(("column", "text", "value", "is_new"), CASES)
def test_accepted_word_is_known_for_good(tmp_path, column, text, value, is_new):
    output = seed(write(tmp_path, **{column: text}), new_values="accept")
    assert f"{column} {text!r}: {'a new value' if is_new else value} (1 rows)\n" in output
    assert "is not known" not in output
    assert terms.match(column, text) == value
    assert "is not known" not in seed(write(tmp_path, **{column: text}), as_of=date(2026, 7, 31))


def test_unknown_word_is_in_the_rejects_with_how_to_accept_it(tmp_path):
    report = tmp_path / "rejects.csv"
    output = seed(write(tmp_path, departement="R&D", age="12"), rejects=str(report))
    assert f"All 2 rejects are in {report}." in output
    _title, age, word = report.read_text("utf-8-sig").splitlines()
    assert '"age","12"' in age
    assert word.startswith('"extrait_sirh.csv","3","departement","R&D","')
    assert "--new-values accept" in word


def test_strict_load_refuses_an_unknown_word(tmp_path):
    with pytest.raises(CommandError, match="1 values are rejected, and --strict allows none"):
        seed(write(tmp_path, departement="R&D"), strict=True)
    assert not Employee.objects.exists()
    assert "3 present" in seed(write(tmp_path, departement="R&D"), strict=True, new_values="accept")


def test_unknown_word_is_refused_of_its_person_until_it_is_loaded_as_a_known_one(tmp_path):
    seed(write(tmp_path))
    july = date(2026, 7, 31)
    seed(write(tmp_path, departement="R&D"), as_of=july)
    (value,) = refused(Scope.EVERYONE, History.now())
    assert (value.number, value.column, value.value, value.extract.as_of) == (2, "departement", "R&D", july)
    assert "--new-values accept" in str(Message.of(value.rule))
    assert value.extract.reject_count == 1
    assert Employee.objects.get(employee_id=2).departement == "Commercial"
    seed(write(tmp_path, departement="R&D"), as_of=july, new_values="accept")
    assert not refused(Scope.EVERYONE, History.now())
    assert Employee.objects.get(employee_id=2).departement == "R&D"


def test_word_that_becomes_known_is_read_where_it_was_refused(tmp_path):
    june, july, august = date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)
    seed(write(tmp_path), as_of=june)
    seed(write(tmp_path, departement="R&D", poste="Lab head"), as_of=july)
    add(vocabulary="poste", value="Chercheur")
    seed(write(tmp_path, departement="R&D"), as_of=august, new_values="accept")
    departments = EmployeeState.objects.filter(employee__employee_id=2).order_by("as_of")
    assert list(departments.values_list("as_of", "departement")) == [(june, "Commercial"), (july, "R&D")]
    assert [row.column for row in RefusedValue.objects.all()] == ["poste"]
    with learning():
        learn(vocabulary="poste", text="lab  HEAD", value="chercheur")
    assert not RefusedValue.objects.exists()
    assert SirhRow.objects.get(extract__as_of=july, number=2).poste == "Chercheur"


def test_word_that_becomes_known_is_read_in_an_extract_that_comes_into_force_again(tmp_path):
    seed(write(tmp_path, departement="R&D"))
    seed(write(tmp_path))
    save(term=Term(vocabulary="departement", value="R&D"))
    assert Employee.objects.get(employee_id=2).departement == "Commercial"
    withdraw_load(load=Load.objects.latest("pk").pk, reason="wrong")
    assert Employee.objects.get(employee_id=2).departement == "R&D"


def test_learning_waits_for_nobody_where_nothing_was_refused(tmp_path):
    with CaptureQueriesContext(connection) as queries, learning():
        pass
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 1


def test_words_are_not_learned_by_a_dry_run_nor_by_a_load_that_fails(tmp_path):
    assert "R&D" in seed(write(tmp_path, departement="R&D"), new_values="accept", dry_run=True)
    assert terms.match("departement", "R&D") is None
    load_all(people={number: {} for number in range(100, 140)})
    with pytest.raises(Exception, match="Nothing was loaded"):
        seed(write(tmp_path, departement="R&D"), new_values="accept", as_of=date(2026, 7, 31))
    terms.forget()
    assert terms.match("departement", "R&D") is None


def test_travel_frequency_that_is_nothing_known_stays_unknown(tmp_path):
    output = seed(write(tmp_path, frequence_deplacement="Une fois par trimestre"), new_values="accept")
    assert "in the administration, say which known value it spells" in output
