"""The words that every installation starts with: the contract's values, their labels, and their usual spellings."""

import uuid

from django.apps import apps as installed

from employees.columns import match_key
from employees.vocabularies import CONTRACT, LABELS


def create_terms(app_config, *, using, apps=installed, **options) -> None:
    """Create the contract's terms that are missing, after each ``migrate`` and flush; the others stay as they are."""
    try:
        terms = apps.get_model("employees", "Term").objects.using(using)
        synonyms = apps.get_model("employees", "TermSynonym").objects.using(using)
        revisions = apps.get_model("employees", "TermRevision").objects.using(using)
    except LookupError:  # not migrated that far
        return
    known = set(terms.values_list("vocabulary", "value"))
    missing = [
        terms.model(vocabulary=name, value=value, label_fr=french, label_en=english)
        for name, words in LABELS.items()
        for value, (french, english) in words.items()
        if (name, value) not in known
    ]
    if not missing:
        return
    terms.bulk_create(missing)
    keys = {(term.vocabulary, term.value): term.pk for term in terms.all()}
    synonyms.bulk_create(
        (
            synonyms.model(term_id=keys[name, value], vocabulary=name, spelling=spelling, key=match_key(spelling))
            for name in LABELS
            for spelling, value in CONTRACT[name].synonyms.items()
        ),
        ignore_conflicts=True,
    )
    revisions.update_or_create(pk=1, defaults={"revision": uuid.uuid4()})
