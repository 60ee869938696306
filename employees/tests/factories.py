from datetime import date

import factory

from employees.models import Employee, EmployeeState, Load, LoadedExtract, Presence, WorkforceDay

DAY = date(2026, 6, 30)


class EmployeeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Employee

    employee_id = factory.Sequence(lambda number: number + 1)
    departement = "Consulting"
    presence = Presence.PRESENT


class EmployeeStateFactory(factory.django.DjangoModelFactory):
    """The newest state of an employee, of which the employee's own columns are a copy."""

    class Meta:
        model = EmployeeState

    class Params:
        left = factory.Trait(presence=Presence.LEFT, left_by=factory.SelfAttribute("as_of"))

    employee = factory.SubFactory(
        EmployeeFactory,
        presence=factory.SelfAttribute("..presence"),
        departement=factory.SelfAttribute("..departement"),
    )
    as_of = DAY
    presence = Presence.PRESENT
    since = factory.SelfAttribute("as_of")
    departement = "Consulting"
    is_listed = True
    is_kept = False
    is_said_left = False
    was_unlisted = False


class WorkforceDayFactory(factory.django.DjangoModelFactory):
    """A day that something described: any run of before is outdated."""

    class Meta:
        model = WorkforceDay
        django_get_or_create = ["as_of"]

    as_of = DAY


class LoadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Load

    as_of = DAY


class LoadedExtractFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LoadedExtract

    load = factory.SubFactory(LoadFactory)
    kind = "sirh"
    as_of = factory.SelfAttribute("load.as_of")
    name = "extrait_sirh.csv"
    content_sha256 = "0" * 64
    row_count = 0


def leave(employee: Employee, *, day: date = DAY, **values) -> EmployeeState:
    """Let somebody have left by a day."""
    employee.states.all().delete()
    employee.presence = Presence.LEFT
    employee.save()
    return EmployeeStateFactory(
        employee=employee, departement=employee.departement, as_of=day, left=True, is_listed=False, **values
    )
