"""Writes: terms are added, spelt in other ways, merged and parted. Each change is one transaction."""

import unicodedata
import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from employees import terms
from employees.columns import match_key
from employees.extracts import Question
from employees.models import Term, TermRevision, TermSynonym
from employees.terms import NUMBERED
from employees.workforce.replay import replay
from technova.database.locks import exclusive

LONGEST = 100  # characters of a value, a label or a spelling


class Unacceptable(ValueError):
    """A word that cannot be added or merged; the message says why."""


@transaction.atomic
def touch() -> None:
    """Tell every process that a term has changed; waits for another change to be committed."""
    TermRevision.objects.update_or_create(pk=1, defaults={"revision": uuid.uuid4()})
    terms.forget()


@transaction.atomic
def add(*, vocabulary: str, value: str, label_fr: str = "", label_en: str = "", user: User | None = None) -> Term:
    """Add a word. Raises ``Unacceptable`` for one that is known, empty or too long, or has no number to stand for."""
    touch()
    if vocabulary in NUMBERED:
        raise Unacceptable(f"{value!r} has no number in the model: it can only be another spelling of a known value.")
    term = Term(
        vocabulary=vocabulary,
        value=_new(vocabulary, value),
        label_fr=label_fr,
        label_en=label_en,
        recorded_by=user,
    )
    term.save()
    return term


@transaction.atomic
def add_synonym(*, term: Term, spelling: str, user: User | None = None) -> TermSynonym:
    """Add another spelling of a term. Raises ``Unacceptable`` for one that stands for a term already."""
    touch()
    synonym = TermSynonym(term=term, spelling=_new(term.vocabulary, spelling), recorded_by=user)
    synonym.save()
    return synonym


def _new(vocabulary: str, text: str) -> str:
    """A text as it is stored. Raises ``Unacceptable``."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text or len(text) > LONGEST or not text.isprintable():
        raise Unacceptable(f"{text[:LONGEST]!r} is no word: give 1 to {LONGEST} characters.")
    known = terms.refreshed().vocabularies[vocabulary].match(text)
    if known is not None:
        raise Unacceptable(f"{text!r} is known: it stands for {known!r}.")
    return text


def merge(*, term: Term, into: Term, user: User | None = None) -> Term:
    """Say that a term is another one: whoever has its value has the other one's, on every day.

    Accesses and keys follow. Raises ``Unacceptable`` and ``technova.database.locks.Busy``.
    """
    with exclusive():
        touch()
        held = terms.refreshed()
        if term.vocabulary != into.vocabulary:
            raise Unacceptable("Two terms of different vocabularies cannot be merged.")
        if held.resolve(into.vocabulary, into.value) == held.resolve(term.vocabulary, term.value):
            raise Unacceptable(f"{term.value!r} and {into.value!r} are the same already.")
        _move(term, into)
    return term


def part(*, term: Term) -> Term:
    """Take a merge back: everything is as it would be without it. Raises ``technova.database.locks.Busy``."""
    with exclusive():
        touch()
        _move(term, None)
    return term


def _move(term: Term, into: Term | None) -> None:
    term.merged_into = into
    term.save(update_fields=["merged_into"])
    terms.forget()
    replay(since=None)


@transaction.atomic
def learn(*, vocabulary: str, text: str, value: str, user: User | None = None) -> None:
    """Take a word of a file for a value: another spelling of one that is known, or a new one written so.

    A word that is known by now stays what it is. Raises ``Unacceptable``.
    """
    held = terms.refreshed().vocabularies[vocabulary]
    if held.match(text) is not None:
        return
    known = held.match(value)
    if known is None:
        known = add(vocabulary=vocabulary, value=value, user=user).value
    if match_key(text) != match_key(known):
        add_synonym(term=Term.objects.get(vocabulary=vocabulary, value=known), spelling=text, user=user)


def learn_all(questions: Iterable[Question], *, user: User | None = None) -> list[Question]:
    """Take each unknown word for what is proposed; return those that could not be."""
    refused = []
    for question in questions:
        try:
            learn(vocabulary=question.column, text=question.text, value=question.proposal.value, user=user)
        except Unacceptable:
            refused.append(question)
    return refused
