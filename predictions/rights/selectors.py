"""Which requests an account sees."""

from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from employees.access import Readable, Scope, may_answer, may_audit, scope_of
from employees.models import Employee
from employees.workforce.naming import with_names
from predictions.rights.models import DataRequest


def may_read_requests(user) -> bool:
    """Whether an account sees that people asked for something: *RH* of its people, auditors of everyone's."""
    return may_answer(user) or may_audit(user)


def requests_of(user, readable: Readable) -> QuerySet[DataRequest]:
    """The requests that an account sees, with the ``name`` of the person: open ones first, those due first."""
    scope = scope_of(user) if may_answer(user) else Scope.EVERYONE if may_audit(user) else Scope.NOBODY
    rows = DataRequest.objects.within(scope).select_related("employee", "handled_by")
    is_closed = Case(When(state=DataRequest.State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = with_names(rows, "employee__employee_id", readable)
    return rows.order_by(is_closed, "due", F("answered_on").desc(nulls_last=True), "-id")


def open_within(scope: Scope) -> QuerySet[DataRequest]:
    """Those of a scope that wait for an answer."""
    return DataRequest.objects.within(scope).is_open()


def requests_about(employee: Employee) -> QuerySet[DataRequest]:
    """The requests of a person, the newest first."""
    return DataRequest.objects.filter(employee=employee).select_related("handled_by").order_by("-id")
