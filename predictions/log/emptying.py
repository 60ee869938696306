"""Take people out of the rows of the logs: the rows stay as evidence, and the seals verify."""

import secrets
from collections.abc import Collection

from django.db import connection
from django.db.models import QuerySet

from employees.models import Employee
from predictions.log.canonical import LOGS, Log, commitment
from predictions.log.models import ErasedRow, PersonKey

CHUNK_SIZE = 2_000


def rows_of(employees: QuerySet[Employee]) -> list[tuple[Log, QuerySet]]:
    """The rows of each log that name these people."""
    return [(log, log.model._default_manager.filter(employee__in=employees)) for log in LOGS if log.personal]


def empty(employees: QuerySet[Employee]) -> int:
    """Keep the commitments of the rows that name these people, empty them and destroy the keys; return how many.

    A row that is in no block yet will be sealed by its commitment. Within the caller's transaction.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # the people go last: see ``predictions.log.protection``
            cursor.execute("SET CONSTRAINTS technova_person_is_gone DEFERRED")
    for employee in employees.filter(seal_key=None):
        PersonKey.objects.create(employee=employee, key=secrets.token_bytes(32))
    emptied = 0
    for log, rows in rows_of(employees):
        while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK_SIZE]):
            _empty(log, ids)
            emptied += len(ids)
    PersonKey.objects.filter(employee__in=employees).delete()
    return emptied


def _empty(log: Log, ids: Collection[int]) -> None:
    rows = log.model._default_manager.filter(pk__in=ids)
    names = ["pk", *log.personal, "employee__seal_key__key"]
    ErasedRow.objects.bulk_create(
        ErasedRow(log=log.name, row=key, commitment=commitment(personal, secret).hex())
        for key, *personal, secret in rows.values_list(*names)
    )
    rows.update(**log.personal)
