"""The calls about cases, for tools of HR."""

from datetime import date
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from employees import journal
from employees.access import scope_of, scope_of_key
from employees.models import Employee, Presence
from predictions.api import openapi
from predictions.api.errors import InvalidRequest
from predictions.api.filters import CaseFilters
from predictions.api.pagination import CasePagination
from predictions.api.serializers.cases import CaseSerializer, ChangeCaseSerializer, OpenCaseSerializer
from predictions.api.views import ReadViewSet, keep_in_journal, number_in
from predictions.followup import services
from predictions.followup.days import check_due
from predictions.followup.models import Case, CaseChange, CaseQuerySet
from predictions.models import MAX_PREDICTION_ID

LAST_CHANGE = Subquery(CaseChange.objects.filter(case=OuterRef("pk")).order_by("-pk").values("pk")[:1])


class CaseViewSet(ListModelMixin, ReadViewSet):
    """The cases of the people that the key sees."""

    scope = "cases"
    queryset = Case.objects.select_related("employee", "owner").annotate(last_change=LAST_CHANGE)
    serializer_class = CaseSerializer
    filters = CaseFilters
    pagination_class = CasePagination
    parameters = openapi.CASE_PARAMETERS

    def get_queryset(self):
        return cast(CaseQuerySet, super().get_queryset()).within(scope_of_key(self.request.auth))

    @openapi.cases
    def list(self, request):
        response = super().list(request)
        keep_in_journal(request, journal.What.LIST, people=len(response.data["results"]))
        return response

    @openapi.case
    def retrieve(self, request, case_id: str):
        return Response(self._shown(self._case(case_id)))

    @openapi.open_case
    def open(self, request):
        body = OpenCaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        number = given["employee_id"]
        seen = Employee.objects.within(scope_of_key(request.auth)).of_the_workforce()
        person = seen.exclude(presence=Presence.LEFT).filter(employee_id=number).first()
        if person is None:
            raise NotFound(_("Nobody present of this number is among those that the key sees."))
        _check_owner(given["owner"], person)
        opened = services.open_cases(
            employees=[person], owner=given["owner"], due=given["due"], why=given["why"].strip(), key=request.auth
        )
        if not opened.cases:
            raise InvalidRequest({"employee_id": [_("A case of this person is open already.")]}, "body")
        answer = self._shown(self.get_queryset().get(pk=opened.cases[0].pk))
        location = request.build_absolute_uri(reverse("api-case", args=[answer["case_id"]]))
        return Response(answer, status=201, headers={"Location": location})

    @openapi.change_case
    def change(self, request, case_id: str):
        found = self._case(case_id)
        body = ChangeCaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        owner = given.get("owner", found.owner)
        if owner != found.owner:
            _check_owner(owner, found.employee)
        state = Case.State(given.get("state", found.state))
        is_doubtful = state != found.state and found.is_doubtful(state)
        if is_doubtful and not given["is_certain"]:
            text = _("The files do not have it so: correct the state, or send is_certain to say that you know better.")
            raise InvalidRequest({"state": [text]}, "body")
        if state in Case.OPEN and given.get("due", found.due) != found.due:
            _check_due(given["due"])
        wanted = services.Wanted(
            state,
            owner,
            given.get("due", found.due),
            found.is_shared,
            given.get("set_aside_because", found.aside if state == found.state else ""),
            given["remark"],
            found.talk_at,
            is_doubtful,
        )
        try:
            services.change_case(case=found, seen=given["last_change"], wanted=wanted, key=request.auth)
        except services.Unseen as error:
            text = _("Somebody else has changed this case meanwhile: ask for it again.")
            raise InvalidRequest({"last_change": [text]}, "body") from error
        except services.AnotherIsOpen as error:
            text = _("Another case of this person is open, and one is open at a time: go on there, or close it first.")
            raise InvalidRequest({"state": [text]}, "body") from error
        return Response(self._shown(self._case(case_id)))

    def _shown(self, case: Case) -> dict[str, Any]:
        """As it is answered, which goes into the journal of reads."""
        keep_in_journal(self.request, journal.What.CASE, people=1, employee=case.employee)
        return CaseSerializer(case).data

    def _case(self, case_id: str) -> Case:
        number = number_in(case_id, "case_id")
        found = self.get_queryset().filter(pk=number).first() if number <= MAX_PREDICTION_ID else None
        if found is None:
            raise NotFound
        return found


def _check_due(day: date) -> None:
    try:
        check_due(day)
    except ValidationError as error:
        raise InvalidRequest({"due": error.messages}, "body") from error


def _check_owner(owner, person: Employee) -> None:
    if not scope_of(owner).sees(person):
        raise InvalidRequest({"owner": [_("%(owner)s does not see this person.") % {"owner": owner}]}, "body")
