"""Writes: a column is switched off, and the features that are made of it become unknown."""

from django.contrib.auth.models import User
from django.db.models import Q

from employees.models import ColumnSwitch
from employees.workforce import switches
from features.models import EmployeeFeatures
from features.schema import made_from
from technova.database.locks import exclusive


def switch_off(*, column: str, reason: str, user: User | None = None) -> ColumnSwitch:
    """Do without a column: what the loads and the features hold of it is erased. Raises as ``employees`` does."""
    with exclusive():
        switch = switches.switch_off(column=column, reason=reason, user=user)
        if made := made_from(column):
            known = Q(*((f"{name}__isnull", False) for name in made), _connector=Q.OR)
            EmployeeFeatures.objects.filter(known).update(**dict.fromkeys(made))
    return switch
