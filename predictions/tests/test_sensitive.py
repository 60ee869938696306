"""Words in a note that point to what no note may hold: found in realistic sentences, and few others."""

import pytest
from django.core.exceptions import ValidationError

from predictions.followup.sensitive import check_words, sensitive_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Burn-out ? Dépression.", ["Burn-out", "Dépression"]),
        ("Depuis son opération elle voit un médecin chaque mois.", ["médecin"]),
        ("En ARRÊT depuis mai, problèmes de santé", ["En ARRÊT", "santé"]),
        ("Il a une RQTH et demande un poste adapté à son handicap", ["RQTH", "handicap"]),
        ("Elle est enceinte, son congé maternité commence en juin", ["enceinte", "maternité"]),
        ("Sa fille a des crises d’épilepsie, il est sous antidépresseurs", ["épilepsie", "antidépresseurs"]),
        ("Boit beaucoup : alcoolisme ?", ["alcoolisme"]),
        ("Déléguée syndicale CGT, gréviste en mars", ["syndicale", "CGT", "gréviste"]),
        ("Élu FO, deux syndiqués dans l’équipe", ["FO", "syndiqués"]),
        ("Ne travaille pas le vendredi pendant le ramadan, va à la mosquée", ["ramadan", "mosquée"]),
        ("Se dit musulmane et porte le voile", ["musulmane", "porte le voile"]),
        ("D’origine marocaine, attend son titre de séjour", ["origine", "titre de séjour"]),
        (
            "Ses opinions politiques gênent, milite à l’extrême gauche",
            ["opinions politiques", "milite", "extrême gauche"],
        ),
        ("Vient de divorcer ; homosexuel", ["divorcer", "homosexuel"]),
        ("On long-term sick leave after surgery, seeing a therapist", ["sick leave", "surgery", "therapist"]),
        ("member of a trade UNION, pregnant, went on strike", ["UNION", "pregnant", "strike"]),
        ("She is Catholic and goes to church", ["Catholic", "church"]),
        ("struggles with anxiety and alcohol", ["anxiety", "alcohol"]),
        ("Il a de la dépresion, sa grosesse, un handicpa", ["dépresion", "grosesse", "handicpa"]),  # misspelt
        ("des problèmes psycologiques, sindicat", ["psycologiques", "sindicat"]),
    ],
)
def test_sensitive_words_are_found_as_typed(text, words):
    assert sensitive_words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Demande une augmentation et moins de déplacements.",
        "La politique de télétravail, toutes les réunions",
        "La santé financière de l’entreprise l’inquiète, comme la santé du marché.",
        "Réunion avec les équipes de l’Union européenne",
        "À l’origine du projet, elle veut le mener à bien. L’origine du problème est le planning.",
        "Prière de la rappeler ; veut plus de formation et une vraie reconnaissance.",
        "A fait preuve de maladresse devant le client ; la région lui plaît.",
        "Le rn et le fo du tableau ; région Sud, expression libre, répression des fraudes",
        "Wants to strike a better balance between work and travel, sick of overtime.",
        "Knows our health and safety rules; the financial health of the business worries her.",
        "Est médiateur ; doctorat en cours ; hospitalité du site ; parti en formation",
        "Souhaite travailler dans l’enceinte du siège, avec Christian, sans naviguer à la voile.",
    ],
)
def test_ordinary_words_give_no_alarm(text):
    assert sensitive_words(text) == []


@pytest.mark.parametrize("text", [".", "…", "ok", " - ", "42"])
def test_text_that_says_nothing_is_refused(text):
    with pytest.raises(ValidationError):
        check_words(text)


@pytest.mark.parametrize("text", ["", "  ", "fin de projet", "Oui."])
def test_text_in_words_is_taken(text):
    check_words(text)
