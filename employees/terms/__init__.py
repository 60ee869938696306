"""The company's words and the columns that are switched off, cached until the database changes.

One query a request looks for a change (the query of an account's scope includes it), and one more reloads everything
after one: labels and matches cost no query. ``changes`` writes; ``contract`` holds the initial words.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.signals import request_started
from django.db.models import CharField, F, IntegerField, Subquery, Value
from django.utils.translation import get_language

from employees.columns import Column, Extract, readable_in
from employees.models.column_switches import ColumnSwitch
from employees.models.terms import Term, TermRevision
from employees.vocabularies import CONTRACT, Vocabularies, Vocabulary

CLOSED = {name: vocabulary for name, vocabulary in CONTRACT.items() if not vocabulary.is_open}
LISTED = 20  # known values that an error lists


@dataclass(frozen=True)
class Terms:
    """All terms at one revision, and the columns that are switched off. Immutable."""

    revision: UUID | None
    terms: tuple[Term, ...]
    synonyms: tuple[tuple[int, str], ...]  # a term's key and a spelling
    columns_off: frozenset[str]

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """The words to read files with, and those that are closed; merged words are read as the word they stand for."""
        synonyms: dict[str, dict[str, str]] = {name: dict(words) for name, words in self.merged.items()}
        for pk, spelling in self.synonyms:
            term = self._by_pk[pk]
            synonyms.setdefault(term.vocabulary, {})[spelling] = self.resolve(term.vocabulary, term.value)
        known = self._values(lambda term: term.merged_into_id is None)
        names = Term.VocabularyName.values
        return {
            name: Vocabulary(name, known.get(name, ()), synonyms.get(name, {}), self._labels_of(name)) for name in names
        } | CLOSED

    def _labels_of(self, vocabulary: str) -> dict[str, str]:
        """What each label stands for; one that two values share stands for neither."""
        pairs = [
            (label, term.value)
            for term in self.terms
            if term.vocabulary == vocabulary and term.merged_into_id is None
            for label in {term.label_fr, term.label_en} - {""}
        ]
        counts = Counter(label for label, _value in pairs)
        return {label: value for label, value in pairs if counts[label] == 1}

    @cached_property
    def merged(self) -> Mapping[str, Mapping[str, str]]:
        """By vocabulary, what each merged value stands for."""
        merged: dict[str, dict[str, str]] = {}
        for term in self.terms:
            if term.merged_into_id is not None:
                merged.setdefault(term.vocabulary, {})[term.value] = self._root(term).value
        return merged

    def resolve(self, vocabulary: str, value: str) -> str:
        """The value that a merged one stands for; itself otherwise."""
        return self.merged.get(vocabulary, {}).get(value, value)

    def resolved(self, vocabulary: str, values: Iterable[str]) -> frozenset[str]:
        """The values that these stand for."""
        return frozenset(self.resolve(vocabulary, value) for value in values)

    def recorded(self, vocabulary: str, values: Collection[str]) -> frozenset[str]:
        """The values, and those that were merged into them: older rows stand under these."""
        merged = self.merged.get(vocabulary, {})
        return frozenset([*values, *(value for value, into in merged.items() if into in values)])

    def values(self, vocabulary: str) -> tuple[str, ...]:
        """The values that forms offer, in order."""
        return self._offered.get(vocabulary, ())

    def label(self, vocabulary: str, value: str) -> str:
        """A value in the active language; the value itself where it has no label. A merged one is the other."""
        value = self.resolve(vocabulary, value)
        french, english = self._labels.get((vocabulary, value), ("", ""))
        return (french if (get_language() or "").startswith("fr") else english) or value

    @cached_property
    def _by_pk(self) -> dict[int, Term]:
        return {term.pk: term for term in self.terms}

    @cached_property
    def _labels(self) -> dict[tuple[str, str], tuple[str, str]]:
        return {(term.vocabulary, term.value): (term.label_fr, term.label_en) for term in self.terms}

    @cached_property
    def _offered(self) -> dict[str, tuple[str, ...]]:
        return self._values(lambda term: term.is_active and term.merged_into_id is None)

    def _values(self, is_wanted: Callable[[Term], bool]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for term in self.terms:
            if is_wanted(term):
                found.setdefault(term.vocabulary, []).append(term.value)
        return {name: tuple(values) for name, values in found.items()}

    def _root(self, term: Term) -> Term:
        while term.merged_into_id is not None:
            term = self._by_pk[term.merged_into_id]
        return term


REVISION = Subquery(TermRevision.objects.values("revision")[:1])  # for a query of something else to bring it along

_NOTHING = Terms(None, (), (), frozenset())
_held = _NOTHING
_this = threading.local()  # whether what is held was compared with the database in this request


def current() -> Terms:
    """The terms; compared with the database once a request, or where nobody has since ``forget``."""
    return _held if getattr(_this, "is_checked", False) else refreshed()


def refreshed() -> Terms:
    """The terms as they are now. One query, one more after a change."""
    return at(TermRevision.objects.values_list("revision", flat=True).first())


def at(revision: UUID | None) -> Terms:
    """The terms of the revision that a query of this request has just read. One query after a change, else none."""
    global _held
    held = _held
    if revision is None or held.revision != revision:
        held = _held = _read(revision)
    _this.is_checked = True
    return held


_FIELDS = ("id", "vocabulary", "value", "label_fr", "label_en", "is_active", "merged_into_id")


def _read(revision: UUID | None) -> Terms:
    """One query: the terms with their spellings, and the columns that are switched off as rows of no vocabulary."""
    words = Term.objects.order_by().annotate(spelling=F("synonyms__spelling"))
    nothing: dict[str, Any] = {
        "a": Value(0),
        "b": Value(""),
        "c": Value(""),
        "d": Value(""),
        "e": Value(False),
        "f": Value(None, IntegerField()),
        "g": Value(None, CharField()),
    }
    off = ColumnSwitch.objects.in_force().order_by().annotate(**nothing)
    rows = words.values_list(*_FIELDS, "spelling").union(
        off.values_list("a", "b", "column", "c", "d", "e", "f", "g"), all=True
    )
    terms: dict[int, Term] = {}
    synonyms, columns_off = [], set()
    for row in rows.order_by("vocabulary", "value", "spelling"):
        *values, spelling = row
        if not values[1]:
            columns_off.add(values[2])
            continue
        terms.setdefault(values[0], Term(**dict(zip(_FIELDS, values, strict=True))))
        if spelling is not None:
            synonyms.append((values[0], spelling))
    return Terms(revision, tuple(terms.values()), tuple(synonyms), frozenset(columns_off))


def forget(**_signal) -> None:
    """Compare the cached terms with the database at the next use."""
    _this.is_checked = False


request_started.connect(forget)


def vocabularies() -> Vocabularies:
    """The words to read files with, as they are now."""
    return refreshed().vocabularies


def columns_off() -> frozenset[str]:
    """The columns that are switched off."""
    return current().columns_off


def wanted(extract: Extract) -> tuple[Column, ...]:
    """The columns that are read from a file of an extract: all but those that are switched off."""
    return tuple(column for column in readable_in(extract) if column.name not in columns_off())


def values(vocabulary: str) -> tuple[str, ...]:
    """The values that forms offer, in order."""
    return current().values(vocabulary)


def label(vocabulary: str, value: str) -> str:
    """A value in the active language; the value itself where it has no label."""
    return current().label(vocabulary, value)


def match(vocabulary: str, text: str) -> str | None:
    """The value that a text stands for in any of its spellings; None for one that is not known."""
    return current().vocabularies[vocabulary].match(text)


def resolve(vocabulary: str, value: str) -> str:
    """The value that a merged one stands for; itself otherwise."""
    return current().resolve(vocabulary, value)


def recorded(vocabulary: str, values: Collection[str]) -> frozenset[str]:
    """The values, and those that were merged into them: older rows stand under these."""
    return current().recorded(vocabulary, values)


def resolved(vocabulary: str, values: Iterable[str]) -> frozenset[str]:
    """The values that these stand for. No query for none."""
    found = frozenset(values)
    return current().resolved(vocabulary, found) if found else found


def listed(vocabulary: str) -> str:
    """The first known values, for an error: "Commercial, Consulting …"."""
    known = values(vocabulary)
    return ", ".join(known[:LISTED]) + (", …" if len(known) > LISTED else "")


def labelled(vocabulary: str) -> list[tuple[str, str]]:
    """The values that forms offer with their labels, by label."""
    terms = current()
    pairs = ((value, terms.label(vocabulary, value)) for value in terms.values(vocabulary))
    return sorted(pairs, key=lambda pair: pair[1].casefold())
