"""Reads of the employees."""

from collections.abc import Collection, Iterable
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet

from employees.models import Employee, NumberMerge


def employee_ranges(chunk_size: int) -> list[range]:
    """Ranges of primary keys that together hold every employee, ``chunk_size`` in each but the last. One query.

    They bound the memory. Existing keys are counted, since withdrawn loads leave gaps of any size between them.
    """
    pks = Employee.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size)
    return [range(chunk[0], chunk[-1] + 1) for chunk in iter(lambda: list(islice(pks, chunk_size)), [])]


def persons_of(numbers: Iterable[int]) -> dict[int, int]:
    """The person's own number for each of these that is merged into another. One query."""
    merges = NumberMerge.objects.in_force().filter(number__in=list(numbers))
    return dict(merges.values_list("number", "employee__employee_id"))


def own_numbers(numbers: Collection[int]) -> dict[int, int]:
    """The own number of the person whom each number means, in the order given. One query."""
    return {number: number for number in numbers} | persons_of(numbers)


def own_number(number: int) -> int:
    """The own number of the person whom this one means. One query."""
    return own_numbers([number])[number]


def numbers_of(own: int) -> list[int]:
    """The own number of a person, then those merged into it: the logs have the person under each. One query."""
    merged = NumberMerge.objects.in_force().filter(employee__employee_id=own)
    return [own, *merged.values_list("number", flat=True)]


def is_number_of(people: QuerySet[Employee], column: str) -> Q:
    """Whether a column holds the number of one of these people, their own or one that was merged into theirs.

    Each number is looked up: a list of 300,000, too long for a query's memory, PostgreSQL goes through for each row.
    """
    number, others = OuterRef(column), NumberMerge.objects.in_force().filter(employee__in=people)
    return Q(Exists(people.filter(employee_id=number))) | Q(Exists(others.filter(number=number)))
