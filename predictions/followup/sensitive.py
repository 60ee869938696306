"""Words in a note that point to what no note may hold: health, union, religion, origin, politics, private life."""

import re
import unicodedata

# Beginnings of words, without accents, in French and English. They warn; a person decides.
_BEGINNINGS = (
    *("malad", "cancer", "depress", "burn", "grossess", "enceinte", "pregnan", "handicap", "disabilit", "medic"),
    *("therap", "psychi", "psycho", "hospita", "invalid", "illness", "disease", "sante", "health", "arret de travail"),
    *("syndic", "union", "cgt", "cfdt", "greve", "strike", "religi", "musulm", "muslim", "catholi", "juif", "jewish"),
    *("ramadan", "priere", "prayer", "church", "eglise", "mosque", "origine ethn", "ethnic", "racial", "politi"),
    *("divorc", "sexuel", "sexual", "homosex", "lesb", "gay"),
)
_WORDS = re.compile(rf"\b(?:{'|'.join(_BEGINNINGS)})\w*")
_HARMLESS = frozenset({"unions", "politique", "policy", "policies", "poli", "polie"})


def sensitive_words(text: str) -> list[str]:
    """The words of a text that a note should not hold, as typed, each once."""
    plain = "".join(_plain(letter) for letter in text)
    found = (text[match.start() : match.end()] for match in _WORDS.finditer(plain) if match[0] not in _HARMLESS)
    return list(dict.fromkeys(found))


def _plain(letter: str) -> str:
    """One letter for one letter, so that places stay: small, without its accent."""
    base = unicodedata.normalize("NFD", letter.lower())[:1]
    return base or letter
