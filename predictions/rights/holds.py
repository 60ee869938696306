"""Legal holds: a person's data are kept for a dispute until the hold is lifted, whatever retention says."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from employees.models import Employee
from predictions.rights.models import LegalHold
from predictions.rights.services import Unexpected


@transaction.atomic
def hold(*, employee: Employee, reason: str, user: User | None = None) -> LegalHold:
    """Keep a person's data from now on. Raises ``Unexpected`` where they are held already."""
    Employee.objects.select_for_update().get(pk=employee.pk)
    if LegalHold.objects.in_force().of(employee).exists():
        raise Unexpected
    return LegalHold.objects.create(employee=employee, reason=reason, set_by=user)


@transaction.atomic
def lift(*, held: LegalHold, reason: str, user: User | None = None) -> LegalHold:
    """Let retention and erasure apply again. Raises ``Unexpected`` where it was lifted meanwhile."""
    held = LegalHold.objects.select_for_update().get(pk=held.pk)
    if not held.is_in_force:
        raise Unexpected
    held.lifted_at, held.lifted_by, held.lifted_because = timezone.now(), user, reason
    held.save()
    return held


def hold_of(employee: Employee) -> LegalHold | None:
    """The hold in force. One query."""
    return LegalHold.objects.in_force().of(employee).select_related("set_by").first()
