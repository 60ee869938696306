"""Writes: terms are added, spelt in other ways, merged and parted. Each change is one transaction."""

import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from employees import terms
from employees.columns import BY_NAME, match_key
from employees.extracts import Question
from employees.extracts.rejects import LONGEST_SHOWN
from employees.messages import Message, gettext_noop
from employees.models import ROWS, DepartmentAccess, Load, LoadedExtract, Term, TermRevision, TermSynonym
from employees.vocabularies import CONTRACT, NUMBERED
from employees.workforce.refused import of_words, read_known_words
from employees.workforce.replay import replay
from technova.database.locks import exclusive

ONE_DAY = timedelta(days=1)
LONGEST = 100  # characters of a value, a label or a spelling


class Unacceptable(ValueError):
    """A word that cannot be added or merged; ``message`` is the reason."""

    def __init__(self, text: str, **params):
        self.message = Message(text, params)
        super().__init__(str(self.message))


NO_NUMBER = gettext_noop("“%(word)s” has no number in the model: it can only be another spelling of a known value.")
NO_WORD = gettext_noop("“%(word)s” is no word: give 1 to %(longest)s characters.")
KNOWN = gettext_noop("“%(word)s” is known: it stands for “%(value)s”.")
OTHER_VOCABULARY = gettext_noop("Words of different vocabularies cannot be merged.")
SAME = gettext_noop("“%(word)s” and “%(value)s” are the same already.")


@contextmanager
def changing() -> Iterator[None]:
    """A transaction that changes terms: serialised, and at its end a new revision for every process."""
    with transaction.atomic():
        row, _is_new = TermRevision.objects.select_for_update().get_or_create(pk=1)
        yield
        row.revision = uuid.uuid4()
        row.save()
        terms.forget()


@contextmanager
def learning() -> Iterator[None]:
    """A transaction that adds words; at its end, the cells that were refused because a word was unknown are read.

    Only if there are such cells does it wait for other writers, and may raise ``technova.database.locks.Busy``.
    """
    is_waited_for = of_words().exists()
    with exclusive() if is_waited_for else transaction.atomic():
        yield
        if is_waited_for:
            read_known_words()


def new_word(vocabulary: str, text: str) -> str:
    """A text as it is stored. Raises ``Unacceptable`` for one that is known, empty or too long."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text or len(text) > LONGEST or not text.isprintable():
        raise Unacceptable(NO_WORD, word=text[:LONGEST_SHOWN], longest=LONGEST)
    known = terms.refreshed().vocabularies[vocabulary].match(text)
    if known is not None:
        raise Unacceptable(KNOWN, word=text, value=known)
    return text


def new_value(vocabulary: str, text: str) -> str:
    """A new value as it is stored. Raises ``Unacceptable``, also where a value needs a number in the model."""
    if vocabulary in NUMBERED:
        raise Unacceptable(NO_NUMBER, word=text[:LONGEST_SHOWN])
    return new_word(vocabulary, text)


@changing()
def add(*, vocabulary: str, value: str, label_fr: str = "", label_en: str = "", user: User | None = None) -> Term:
    """Add a value. Raises ``Unacceptable`` as ``new_value`` does."""
    value = new_value(vocabulary, value)
    return Term.objects.create(
        vocabulary=vocabulary, value=value, label_fr=label_fr, label_en=label_en, recorded_by=user
    )


@changing()
def add_synonym(*, term: Term, spelling: str, user: User | None = None) -> TermSynonym:
    """Add another spelling of a term. Raises ``Unacceptable`` for one that stands for a term already."""
    return TermSynonym.objects.create(term=term, spelling=new_word(term.vocabulary, spelling), recorded_by=user)


@changing()
def forget_synonym(*, synonym: TermSynonym) -> Term:
    """Remove another spelling; return its term. Rows read by it stay as they are."""
    synonym.delete()
    return synonym.term


def ensure_mergeable(term: Term, into: Term) -> None:
    """Raise ``Unacceptable`` if the two terms cannot be merged."""
    if term.vocabulary != into.vocabulary:
        raise Unacceptable(OTHER_VOCABULARY)
    held = terms.refreshed()
    if held.resolve(into.vocabulary, into.value) == held.resolve(term.vocabulary, term.value) != into.value:
        raise Unacceptable(SAME, word=term.value, value=into.value)


def save(*, term: Term) -> Term:
    """Store a new or edited term. A change of what it is merged into recomputes everyone's state.

    Raises ``technova.database.locks.Busy``.
    """
    with exclusive(), learning():
        with changing():
            before = Term.objects.filter(pk=term.pk).values_list("merged_into", flat=True).first()
            term.save()
        if term.merged_into_id != before:
            replay(since=None)
    return term


def unlearn(*, load: Load) -> None:
    """Remove the values that were learned for a withdrawn load: no extract in force, access or other term names them.

    A load's words are learned within the day before it, while its files wait to be confirmed.
    """
    learned = Term.objects.filter(
        recorded_at__range=(load.recorded_at - ONE_DAY, load.recorded_at), merged_into=None, merged=None
    )
    contract = Q()
    for name, vocabulary in CONTRACT.items():
        contract |= Q(vocabulary=name, value__in=vocabulary.values)
    unused = [term for term in learned.exclude(contract) if not _is_used(term)]
    if unused:
        with changing():
            Term.objects.filter(pk__in=[term.pk for term in unused]).delete()


def _is_used(term: Term) -> bool:
    if term.vocabulary == "departement" and DepartmentAccess.objects.filter(departement=term.value).exists():
        return True
    rows = ROWS[BY_NAME[term.vocabulary].extract].objects.filter(**{term.vocabulary: term.value})
    return rows.filter(extract__in=LoadedExtract.objects.in_force().values("pk")).exists()


def merge(*, term: Term, into: Term) -> Term:
    """Merge a term into another: every row with its value counts under the other's, on every day.

    Accesses and keys follow. Raises ``Unacceptable`` and ``technova.database.locks.Busy``.
    """
    ensure_mergeable(term, into)
    term.merged_into = into
    return save(term=term)


def part(*, term: Term) -> Term:
    """Undo a merge: the workforce is replayed without it. Raises ``technova.database.locks.Busy``."""
    term.merged_into = None
    return save(term=term)


@transaction.atomic
def learn(*, vocabulary: str, text: str, value: str, user: User | None = None) -> None:
    """Accept a word of a file: as another spelling of a known value, or as a new value.

    A word that has become known meanwhile stays as it is. Inside ``learning``. Raises ``Unacceptable``.
    """
    held = terms.refreshed().vocabularies[vocabulary]
    if held.match(text) is not None:
        return
    known = held.match(value)
    if known is None:
        known = add(vocabulary=vocabulary, value=value, user=user).value
    if match_key(text) != match_key(known):
        add_synonym(term=Term.objects.get(vocabulary=vocabulary, value=known), spelling=text, user=user)


@learning()
def learn_all(questions: Iterable[Question], *, user: User | None = None) -> list[Question]:
    """Accept each unknown word as proposed; return those that cannot be accepted. Raises as ``learning``."""
    refused = []
    for question in questions:
        try:
            learn(vocabulary=question.column, text=question.text, value=question.proposal.value, user=user)
        except Unacceptable:
            refused.append(question)
    return refused
