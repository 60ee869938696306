"""Writes: leave a person out of scoring, at their own request, and score them again."""

import uuid
from datetime import date

from employees.models import Employee, WorkforceDay
from technova.database.locks import exclusive


def object_to_scoring(*, employee: Employee, since: date | None) -> None:
    """Leave a person out of every scoring from now on, or with ``since`` None no longer.

    The newest day has another revision: the newest run is outdated, and everyone is scored again. Raises ``Busy``.
    """
    with exclusive():
        Employee.objects.filter(pk=employee.pk).update(objected_on=since)
        if newest := WorkforceDay.objects.last():
            WorkforceDay.objects.filter(pk=newest.pk).update(revision=uuid.uuid4())
    employee.objected_on = since
