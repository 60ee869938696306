"""Reads of the employees, in chunks that bound the memory."""

from collections.abc import Iterator

from employees.models import Employee


def employee_ranges(chunk_size: int) -> Iterator[range]:
    """Ranges of primary keys that together hold every employee, ``chunk_size`` in each but the last. One query.

    By the keys that there are, not by their numbers: loads that were taken back leave gaps of any size.
    """
    pks = list(Employee.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), chunk_size):
        chunk = pks[start : start + chunk_size]
        yield range(chunk[0], chunk[-1] + 1)
