"""Words in a note that point to what no note may hold: health, union, religion, origin, politics, private life."""

import re
import unicodedata

# Beginnings of words, without accents, in French and English. They warn; a person decides.
_BEGINNINGS = (
    *("malad", "cancer", "depress", "antidepress", "burn", "grossess", "enceinte", "pregnan", "handicap", "disabilit"),
    *("medic", "medecin", "doctor", "therap", "psychi", "psycho", "hospita", "invalid", "illness", "disease", "sante"),
    *("health", "arret de travail", "chirurg", "surger", "bipolair", "bipolar", "alcool", "alcohol", "drogu", "addict"),
    *("mal de dos", "fausse couche", "miscarr", "pma", "fiv", "syndic", "union", "cgt", "cfdt", "cftc", "fo", "cfe"),
    *("greve", "strike", "religi", "musulm", "muslim", "catholi", "juif", "juiv", "jewish", "temoin de jehovah"),
    *(
        "ramadan",
        "priere",
        "prayer",
        "church",
        "eglise",
        "mosque",
        "voile",
        "origine",
        "ethnic",
        "racial",
        "sans-papiers",
    ),
    *("immigr", "politi", "vote", "rn", "lfi", "divorc", "sexuel", "sexual", "homosex", "lesb", "gay"),
)
# Those that are words of their own, and no beginnings.
_WHOLE = {
    "fo",
    "rn",
    "lfi",
    "pma",
    "fiv",
    "cfe",
    "cgt",
    "cfdt",
    "cftc",
    "vote",
    "voile",
    "gay",
}
_WORDS = re.compile("|".join(rf"\b{each}\b" if each in _WHOLE else rf"\b{each}\w*" for each in _BEGINNINGS))
_HARMLESS = frozenset({"unions", "politique", "politiques"})


def sensitive_words(text: str) -> list[str]:
    """The words of a text that a note should not hold, as typed, each once."""
    plain = "".join(_plain(letter) for letter in text)
    found = (text[match.start() : match.end()] for match in _WORDS.finditer(plain) if match[0] not in _HARMLESS)
    return list(dict.fromkeys(found))


def _plain(letter: str) -> str:
    """One letter for one letter, so that places stay: small, without its accent."""
    base = unicodedata.normalize("NFD", letter.lower())[:1]
    return base or letter
