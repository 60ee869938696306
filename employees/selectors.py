"""Reads of the employees."""

from collections.abc import Iterable, Iterator

from employees.models import Employee, NumberMerge


def employee_ranges(chunk_size: int) -> Iterator[range]:
    """Ranges of primary keys that together hold every employee, ``chunk_size`` in each but the last. One query.

    They bound the memory. By the keys that there are, not by their numbers: loads taken back leave gaps of any size.
    """
    pks = list(Employee.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), chunk_size):
        chunk = pks[start : start + chunk_size]
        yield range(chunk[0], chunk[-1] + 1)


def persons_of(numbers: Iterable[int]) -> dict[int, int]:
    """Of the numbers that are merged into somebody's: that person's own number. One query."""
    merges = NumberMerge.objects.in_force().filter(number__in=list(numbers))
    return dict(merges.values_list("number", "employee__employee_id"))
