"""Record the company's answers and incidents."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from predictions.compliance.models import CompanyFact
from predictions.compliance.questions import BY_NAME


def answers() -> dict[str, str]:
    """The answers that hold, by the names of their questions, in the order of the questions. One query."""
    newest = dict(CompanyFact.objects.order_by("id").values_list("name", "value"))
    return {name: newest[name] for name in BY_NAME if newest.get(name)}


@transaction.atomic
def record_answers(*, given: Mapping[str, str], user: User) -> list[CompanyFact]:
    """Record those answers that differ from the ones that hold; an empty one takes an answer back."""
    held = answers()
    changed = {name: value for name, value in given.items() if name in BY_NAME and value != held.get(name, "")}
    rows = [CompanyFact(name=name, value=value, recorded_by=user) for name, value in changed.items()]
    return CompanyFact.objects.bulk_create(rows)
