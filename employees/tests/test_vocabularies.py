import unicodedata

import pytest

from employees.columns import BY_NAME
from employees.vocabularies import CONTRACT, USUAL, Proposal, Vocabulary

JOBS = Vocabulary(
    "poste",
    (
        "Hôte de caisse",
        "Ingénieur",
        "Acheteur",
        "Technicien N1",
        "Usinage Est",
        "Chef de projet",
        "Chargé administratif",
        "Infirmier",
    ),
    {"Dev": "Ingénieur"},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ingénieur", "Ingénieur"),
        ("  HÔTE  de\N{NO-BREAK SPACE}caisse ", "Hôte de caisse"),
        (unicodedata.normalize("NFD", "Ingénieur"), "Ingénieur"),
        ("dev", "Ingénieur"),
    ],
)
def test_word_is_matched_whatever_its_case_composition_and_blanks_or_as_a_synonym(text, value):
    assert JOBS.match(text) == value


@pytest.mark.parametrize("text", ["Ingenieur", "Ingénieure", "Ingénieur ?", "Hôte-de-caisse", "", "Technicien"])
def test_word_is_not_matched_when_anything_else_differs(text):
    assert JOBS.match(text) is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("poste", "Consultante", "Consultant"),
        ("poste", "Directrice technique", "Directeur Technique"),
        ("poste", "Représentante Commerciale", "Représentant Commercial"),
        ("poste", "Cadre commerciale", "Cadre Commercial"),
        ("poste", "Manageuse", "Manager"),
        ("poste", "Consultant (H/F)", "Consultant"),
        ("poste", "Tech-Lead", "Tech Lead"),
        ("poste", "Managers", "Manager"),
        ("poste", "Consultant(e)", "Consultant"),
        ("statut_marital", "Marié", "Marié(e)"),
        ("statut_marital", "Mariée", "Marié(e)"),
        ("statut_marital", "marié·e", "Marié(e)"),
        ("statut_marital", "MAR", "Marié(e)"),
        ("statut_marital", "Celibataire", "Célibataire"),
        ("domaine_etude", "Entrepreneuriat", "Entrepreunariat"),
        ("domaine_etude", "Infra&Cloud", "Infra & Cloud"),
        ("departement", "Consulting ?", "Consulting"),
        ("departement", "Ressource humaine", "Ressources Humaines"),
        ("frequence_deplacement", "souvent", "Frequent"),
        ("motif_sortie", "demission", "Démission"),
    ],
)
def test_other_spelling_of_a_known_word_is_proposed_as_that_word(name, text, value):
    assert CONTRACT[name].match(text) is None
    assert CONTRACT[name].propose(text) == Proposal(value, is_new=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hôtesse de caisse", "Hôte de caisse"),
        ("Acheteuse", "Acheteur"),
        ("Ingénieur·e", "Ingénieur"),
        ("Ingénieure (H/F)", "Ingénieur"),
        ("Acheteur F/H", "Acheteur"),
        ("Cheffe de projet", "Chef de projet"),
        ("Chargée administrative", "Chargé administratif"),
        ("Infirmière", "Infirmier"),
    ],
)
def test_feminine_of_a_word_of_the_company_is_proposed_as_that_word(text, value):
    assert JOBS.propose(text) == Proposal(value, is_new=False)


@pytest.mark.parametrize("text", ["R&D", "Technicien N2", "Usinage Ouest", "Acheteur confirmé", "Ac"])
def test_word_that_resembles_none_is_proposed_as_a_new_one(text):
    assert JOBS.propose(f" {text}  ") == Proposal(text, is_new=True)


def test_word_that_may_be_two_others_is_proposed_as_a_new_one():
    assert Vocabulary("site", ("Lyon Nord", "Lyon-Nord")).propose("LYON.NORD").is_new
    assert Vocabulary("site", ("Lyonnais", "Lyonnaise")).propose("lyonn").is_new


@pytest.mark.parametrize("text", ["H", "homme", "Masculin", "M"])
def test_men_in_the_usual_words(text):
    assert CONTRACT["genre"].match(text) == "M"


@pytest.mark.parametrize("text", ["F", "Femme", "FÉMININ"])
def test_women_in_the_usual_words(text):
    assert CONTRACT["genre"].match(text) == "F"


def test_contract_holds_the_choices_of_every_column():
    assert {name: vocabulary.values for name, vocabulary in CONTRACT.items()} == {
        name: column.choices for name, column in BY_NAME.items() if column.choices
    }


def test_usual_words_stand_for_values_of_the_contract():
    for name, words in USUAL.items():
        for word, value in words.items():
            assert value in CONTRACT[name].values
            assert CONTRACT[name].propose(word).value == value


def test_label_that_pages_show_is_proposed():
    renamed = Vocabulary("departement", ("Commercial",), labels={"Ventes & Réseau": "Commercial"})
    assert renamed.match("Ventes & Réseau") is None
    assert renamed.propose("ventes &  réseau") == Proposal("Commercial", is_new=False)
