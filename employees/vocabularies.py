"""The words that a company uses for its departments, jobs and the like, and how a new one is proposed. No Django here.

A word is matched after NFC, trimming, folding of case and of inner blanks (``columns.match_key``), and nothing else:
"Celibataire" is not "Célibataire". A word that matches nothing is asked, with a proposal; none is guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property

from employees import columns
from employees.columns import match_key

SHORTEST_MISSPELT = 8  # letters: shorter words that differ by a letter are as often two words ("Est" and "Ouest")
LIKENESS = 0.85  # of two spellings of one long word, as ``SequenceMatcher.ratio`` has it
SHORTEST_ABBREVIATION = 3  # letters
# Its words stand for the numbers of a feature of the contract: they can be spelt otherwise, none can be added.
NUMBERED = frozenset({"frequence_deplacement"})
_ENDINGS = (
    *(("trice", "ter"), ("teur", "ter"), ("euse", "er"), ("eur", "er"), ("ere", "er")),  # manageuse is manager
    *(("esse", "e"), ("enne", "en"), ("ffe", "f"), ("ive", "if")),
)
_BOTH_SEXES = re.compile(r"\b[hf]\s*/\s*[hf]\b")  # as in "Consultant (H/F)"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The proposed meaning of an unknown word: a known value, or a new one as it would be written."""

    value: str
    is_new: bool


@dataclass(frozen=True)
class Vocabulary:
    """The words of one column: the canonical ``values``, and other spellings of them.

    A closed vocabulary accepts only its values: any other word is an error, not a question.
    """

    name: str  # of the column
    values: tuple[str, ...]
    synonyms: Mapping[str, str] = field(default_factory=dict)  # spelling -> canonical value
    labels: Mapping[str, str] = field(default_factory=dict)  # as pages show a value -> canonical value
    is_open: bool = True

    def match(self, text: str) -> str | None:
        """The canonical value of a word, or None for one that is not known."""
        return self._by_key.get(match_key(text))

    def propose(self, text: str) -> Proposal:
        """The likely meaning of an unknown word; a new value if it resembles no known one."""
        for of in (self._labelled, self._usual, self._same_word, self._abbreviation, self._misspelling):
            if value := of(text):
                return Proposal(value, is_new=False)
        return Proposal(" ".join(unicodedata.normalize("NFC", text).split()), is_new=True)

    def learn(self, text: str, value: str) -> "Vocabulary":
        """A copy in which a text stands for this value, which may be new."""
        values = self.values if value in self.values else (*self.values, value)
        return replace(self, values=values, synonyms={**self.synonyms, text: value})

    @cached_property
    def _by_key(self) -> dict[str, str]:
        spellings = {**self.synonyms, **{value: value for value in self.values}}
        return {match_key(spelling): value for spelling, value in spellings.items()}

    @cached_property
    def _by_word(self) -> dict[str, str]:
        return _unambiguous((_words(key), value) for key, value in self._by_key.items())

    @cached_property
    def _by_label(self) -> dict[str, str]:
        return _unambiguous((match_key(label), value) for label, value in self.labels.items())

    def _labelled(self, text: str) -> str | None:
        """The value that pages show under this text: somebody has renamed it."""
        return self._by_label.get(match_key(text))

    def _usual(self, text: str) -> str | None:
        value = USUAL.get(self.name, {}).get(match_key(text))
        return value if value in self.values else None

    def _same_word(self, text: str) -> str | None:
        """The value that differs by accents, gender, plural, blanks or punctuation alone."""
        return self._by_word.get(_words(text))

    def _abbreviation(self, text: str) -> str | None:
        short = _words(text)
        if not short.isalpha() or len(short) < SHORTEST_ABBREVIATION:
            return None
        found = {value for word, value in self._by_word.items() if word.startswith(short) and " " not in word}
        return found.pop() if len(found) == 1 else None

    def _misspelling(self, text: str) -> str | None:
        """The value that it resembles most, word by word."""
        words = _words(text).split()
        found = [
            (likeness, value) for known, value in self._by_word.items() if (likeness := _likeness(words, known.split()))
        ]
        return max(found)[1] if found else None


Vocabularies = Mapping[str, Vocabulary]  # by the name of the column


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The value of each key that stands for one value only; no value for an empty key."""
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: values.pop() for key, values in found.items() if key and len(values) == 1}


def _words(text: str) -> str:
    """A text without accents, punctuation and the endings of gender and plural: ``"Mariée"`` is ``"Marié(e)"``."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    plain = _BOTH_SEXES.sub("", plain)
    plain = re.sub(r"[(·.\-/]?(e|ne|rice|trice|euse)?[)·.]?(?=\W|$)", _without_mark, plain)
    return " ".join(_stem(word) for word in re.findall(r"\w+", plain))


def _without_mark(match: re.Match) -> str:
    """Nothing for an inclusive ending as ``(e)``, ``·e`` or ``/trice``; anything else stays."""
    return "" if match[1] and match[0][0] in "(·.-/" else match[0]


def _stem(word: str) -> str:
    """The root of a word, roughly: it only has to be the same for both genders and for the plural."""
    if len(word) <= SHORTEST_ABBREVIATION:
        return word
    word = word.removesuffix("s")
    for ending, common in _ENDINGS:
        if word.endswith(ending):
            return (word.removesuffix(ending) + common).rstrip("e")
    return word.rstrip("e")


def _likeness(words: list[str], others: list[str]) -> float:
    """How like two texts are, 0 to 1; 0 unless every word is the same or a misspelling of the other's."""
    if len(words) != len(others):
        return 0
    return min((_likeness_of_words(*pair) for pair in zip(words, others, strict=True)), default=0)


def _likeness_of_words(word: str, other: str) -> float:
    if word == other:
        return 1
    if min(len(word), len(other)) < SHORTEST_MISSPELT or not (word.isalpha() and other.isalpha()):
        return 0
    likeness = SequenceMatcher(None, word, other, autojunk=False).ratio()
    return likeness if likeness >= LIKENESS else 0


# Words with the same meaning in many companies: proposed, and read only once somebody has agreed.
USUAL: Mapping[str, Mapping[str, str]] = {
    "frequence_deplacement": {
        **dict.fromkeys(("jamais", "aucune", "non", "never", "none"), "Aucun"),
        **dict.fromkeys(("parfois", "rarement", "rare", "de temps en temps", "sometimes", "rarely"), "Occasionnel"),
        **dict.fromkeys(("souvent", "régulier", "régulièrement", "often", "frequently"), "Frequent"),
    },
    "statut_marital": {
        **dict.fromkeys(("single", "seul(e)"), "Célibataire"),
        "married": "Marié(e)",
        **dict.fromkeys(("divorced", "séparé(e)"), "Divorcé(e)"),
    },
    "motif_sortie": {
        **dict.fromkeys(("démissionnaire", "démission du salarié", "resignation"), "Démission"),
        **dict.fromkeys(("départ en retraite", "départ à la retraite", "mise à la retraite", "retirement"), "Retraite"),
        **dict.fromkeys(("dismissal",), "Licenciement"),
        **dict.fromkeys(("fin de cdd", "fin du contrat", "end of contract"), "Fin de contrat"),
        **dict.fromkeys(("transfert", "mobilité groupe", "transfer"), "Mutation"),
    },
}

# The contract's words, with which every installation starts.
CONTRACT: Vocabularies = {
    vocabulary.name: vocabulary
    for vocabulary in (
        Vocabulary("departement", columns.DEPARTMENTS),
        Vocabulary("poste", columns.JOBS),
        Vocabulary("statut_marital", columns.MARITAL_STATUSES),
        Vocabulary("domaine_etude", columns.FIELDS_OF_STUDY),
        Vocabulary("frequence_deplacement", columns.TRAVEL_FREQUENCIES, {"Fréquent": "Frequent"}),
        Vocabulary("motif_sortie", columns.DEPARTURE_REASONS),
        Vocabulary(
            "genre",
            columns.GENDERS,
            {
                **dict.fromkeys(("Femme", "Féminin", "Feminin", "Mme", "Madame", "Female", "Woman"), "F"),
                **dict.fromkeys(("H", "Homme", "Masculin", "M.", "Monsieur", "Male", "Man"), "M"),
            },
            is_open=False,
        ),
    )
}

# Of the contract's words: the French and the English label.
LABELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "departement": {
        "Commercial": ("Commercial", "Sales"),
        "Consulting": ("Consulting", "Consulting"),
        "Ressources Humaines": ("Ressources humaines", "Human resources"),
    },
    "poste": {
        "Assistant de Direction": ("Assistant de direction", "Executive assistant"),
        "Cadre Commercial": ("Cadre commercial", "Sales executive"),
        "Consultant": ("Consultant", "Consultant"),
        "Directeur Technique": ("Directeur technique", "Technical director"),
        "Manager": ("Manager", "Manager"),
        "Représentant Commercial": ("Représentant commercial", "Sales representative"),
        "Ressources Humaines": ("Chargé des ressources humaines", "Human resources officer"),
        "Senior Manager": ("Senior manager", "Senior manager"),
        "Tech Lead": ("Tech lead", "Tech lead"),
    },
    "domaine_etude": {
        "Autre": ("Autre domaine", "Other field"),
        "Entrepreunariat": ("Entrepreneuriat", "Entrepreneurship"),
        "Infra & Cloud": ("Infrastructure et cloud", "Infrastructure and cloud"),
        "Marketing": ("Marketing", "Marketing"),
        "Ressources Humaines": ("Études de ressources humaines", "Human resources studies"),
        "Transformation Digitale": ("Transformation digitale", "Digital transformation"),
    },
    "statut_marital": {
        "Célibataire": ("Célibataire", "Single"),
        "Marié(e)": ("Marié(e)", "Married"),
        "Divorcé(e)": ("Divorcé(e)", "Divorced"),
    },
    "frequence_deplacement": {
        "Aucun": ("Aucun", "None"),
        "Occasionnel": ("Occasionnel", "Occasional"),
        "Frequent": ("Fréquent", "Frequent"),
    },
    "motif_sortie": {
        "Démission": ("Démission", "Resignation"),
        "Retraite": ("Retraite", "Retirement"),
        "Licenciement": ("Licenciement", "Dismissal"),
        "Fin de contrat": ("Fin de contrat", "End of contract"),
        "Mutation": ("Mutation", "Transfer"),
        "Autre": ("Autre raison", "Other reason"),
    },
}
