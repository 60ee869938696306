"""Reads of the employees."""

from collections.abc import Iterable, Iterator

from employees.models import Employee, NumberMerge


def employee_ranges(chunk_size: int) -> Iterator[range]:
    """Ranges of primary keys that together hold every employee, ``chunk_size`` in each but the last. One query.

    They bound the memory. Existing keys are counted, since withdrawn loads leave gaps of any size between them.
    """
    pks = list(Employee.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), chunk_size):
        chunk = pks[start : start + chunk_size]
        yield range(chunk[0], chunk[-1] + 1)


def persons_of(numbers: Iterable[int]) -> dict[int, int]:
    """The person's own number for each of these that is merged into another. One query."""
    merges = NumberMerge.objects.in_force().filter(number__in=list(numbers))
    return dict(merges.values_list("number", "employee__employee_id"))
