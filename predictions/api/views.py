"""The calls: each parses, asks one service or one query, and renders."""

import re
from collections.abc import Iterable, Sequence
from typing import cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views import View
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAcceptable, NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ViewSet

from employees import journal
from employees.access import scope_of_key
from employees.columns import MAX_EMPLOYEE_ID, Extract
from employees.models import Employee, Import
from predictions import deliveries, import_process, services
from predictions.api import openapi
from predictions.api.authentication import add_rate_limit, caller_of
from predictions.api.errors import BodyTooLarge, InvalidRequest, Objection
from predictions.api.filters import Filters, LogFilters, ScoreFilters
from predictions.api.pagination import LogPagination, RunPagination, ScorePagination
from predictions.api.parsers import Multipart, take_chunks
from predictions.api.renderers import CSV, JSON, NDJSON, csv, ndjson, preferred_type
from predictions.api.serializers.bodies import BatchSerializer, FeaturesSerializer
from predictions.api.serializers.extracts import DeliverySerializer, ExtractsSerializer
from predictions.api.serializers.key import KeySerializer
from predictions.api.serializers.log import LatestSerializer, LoggedPredictionSerializer, LogRowSerializer
from predictions.api.serializers.queries import LimitSerializer, RunQuerySerializer
from predictions.api.serializers.scores import (
    BatchScoreSerializer,
    ExplainedSerializer,
    PredictionSerializer,
    RunSerializer,
    ScoreOfRunSerializer,
    ScoreSerializer,
)
from predictions.models import MAX_PREDICTION_ID, Prediction, PredictionQuerySet, ScoringRun
from predictions.selectors import runs, scores
from technova.database import keyset
from technova.web.json_errors import request_id_of
from technova.web.upload_limit import oversized

CHUNK_SIZE = 2_000  # rows that a stream reads at a time
UUID_FORMAT = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PREDICTION = PredictionSerializer()  # made once: most of a call would go into copying its fields


class WithoutOptions(APIView):
    """An ``APIView`` without OPTIONS in ``Allow``, and with the rate limits on every answer."""

    http_method_names: Sequence[str] = [name for name in View.http_method_names if name != "options"]

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        add_rate_limit(response, request._request)
        return response


class Guarded(WithoutOptions):
    """Common work of every call of the API."""

    @property
    def largest_body(self) -> int:
        """In bytes; of JSON it is Django that refuses a larger one."""
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def initialize_request(self, request, *args, **kwargs):
        request_id_of(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            take_chunks(request._request, self.largest_body)
        if nul := [name for name, value in request.query_params.items() if "\0" in value]:
            raise InvalidRequest({name: [_("Null characters are not allowed.")] for name in nul}, "query")


class KeyView(Guarded):
    """The scopes and limits of the calling key, open to every key."""

    permission_classes: list[type[BasePermission]] = []

    @openapi.key
    def get(self, request):
        return Response(KeySerializer(request.auth).data)


class PredictViewSet(Guarded, ViewSet):
    """Predictions on request. Each is in the log before it is answered."""

    scope = "predict"

    @openapi.by_id
    def by_id(self, request, employee_id: str):
        number = number_in(employee_id, "employee_id")
        if not 0 < number <= MAX_EMPLOYEE_ID:
            raise services.UnknownEmployee(employee_id)
        prediction = services.predict_for_employee(employee_id=number, caller=caller_of(request))
        return Response(PREDICTION.to_representation(prediction))

    @openapi.by_features
    def by_features(self, request):
        body = FeaturesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        prediction = services.predict_for_features(values=body.validated_data, caller=caller_of(request))
        return Response(PREDICTION.to_representation(prediction))

    @openapi.batch
    def batch(self, request):
        body = BatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        numbers = body.validated_data["employee_ids"]
        scores = services.predict_for_employees(employee_ids=numbers, caller=caller_of(request))
        keep_in_journal(request, journal.What.LIST, people=len(scores))
        answer: ScoreSerializer = BatchScoreSerializer()
        logged = {score.pk: score for score in scores.values()}
        if body.validated_data["reasons"]:
            answer = ExplainedSerializer()
            logged = Prediction.objects.select_related("employee", "features").in_bulk(logged)
        given = {number: answer.to_representation(logged[score.pk]) for number, score in scores.items()}
        unknown = _("There are no clean features for this employee number.")
        missing = [number for number in numbers if number not in given]
        details = dict.fromkeys(missing, unknown)
        details |= dict.fromkeys(services.objecting(missing, scope_of_key(request.auth)), str(Objection.default_detail))
        return Response([given.get(number) or {"employee_id": number, "detail": details[number]} for number in numbers])


class ReadViewSet(Guarded, GenericViewSet):
    """Lists within the key's scope. An unknown parameter is refused, since it would filter nothing."""

    scope = "read"
    filters: type[Filters]
    parameters: dict[str, set[str]]  # by action

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        known = self.parameters.get(self.action, request.query_params)
        errors = {name: [_("This parameter is not known.")] for name in request.query_params if name not in known}
        errors |= {
            name: [_("This parameter is empty.")] for name, value in request.query_params.items() if not value.strip()
        }
        if errors:
            raise InvalidRequest(errors, "query")

    def filter_queryset(self, queryset):
        return self.filters(data=self.request.query_params.dict()).narrow(queryset)


class LogViewSet(ReadViewSet):
    """The log of predictions, of the employees that the key may see."""

    queryset = Prediction.objects.select_related("employee", "features")
    serializer_class = LogRowSerializer
    filters = LogFilters
    pagination_class = LogPagination
    parameters = openapi.LOG_PARAMETERS

    def get_queryset(self):
        return cast(PredictionQuerySet, super().get_queryset()).visible_to_key(self.request.auth)

    @openapi.log
    def list(self, request):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        keep_rows_in_journal(request, page)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @openapi.latest
    def latest(self, request):
        query = LimitSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows = self.get_queryset().select_related(None).select_related("employee").defer("contributions")
        rows = rows.order_by("-created_at", "-id")[: query.validated_data["limit"]]
        answer = LatestSerializer(rows, many=True).data
        keep_rows_in_journal(request, rows)
        return Response(answer)

    @openapi.logged
    def retrieve(self, request, prediction_id: str):
        number = number_in(prediction_id, "prediction_id")
        prediction = self.get_queryset().filter(pk=number).first() if number <= MAX_PREDICTION_ID else None
        if prediction is None:
            raise NotFound
        employee = prediction.employee
        keep_in_journal(request, journal.What.PREDICTION, employee=employee, people=int(employee is not None))
        return Response(LoggedPredictionSerializer(prediction).data)


class RunViewSet(ReadViewSet):
    """The scoring runs, with the figures of the key's scope."""

    queryset = ScoringRun.objects.all()
    serializer_class = RunSerializer
    pagination_class = RunPagination
    parameters = openapi.RUN_PARAMETERS

    @openapi.runs
    def list(self, request):
        page = self.paginate_queryset(self.get_queryset()) or []
        figures = runs.figures_within(scope_of_key(request.auth), page)
        keep_in_journal(request, journal.What.FIGURES, people=0)
        rows = [{"run": run, "figures": figures[run.pk]} for run in page]
        return self.get_paginated_response(RunSerializer(rows, many=True).data)


class ScoreViewSet(ReadViewSet):
    """Everyone's scores of one run, in pages or, all of them, as a stream."""

    queryset = Prediction.objects.none()  # until the run is known
    serializer_class = ScoreOfRunSerializer
    filters = ScoreFilters
    pagination_class = ScorePagination
    parameters = openapi.SCORE_PARAMETERS
    run: ScoringRun | None = None

    @openapi.scores
    def list(self, request):
        media_type = preferred_type(request.META.get("HTTP_ACCEPT", ""), [JSON, NDJSON, CSV])
        if media_type is None:
            raise NotAcceptable(_("Scores are given as application/json, application/x-ndjson or text/csv."))
        self.run = self._run(request)
        rows = self.filter_queryset(scores.of_run(self.run, scope_of_key(request.auth)))
        response = self._page(rows) if media_type == JSON else self._stream(rows, media_type)
        patch_vary_headers(response, ["Accept"])
        return response

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "run": self.run}

    def _run(self, request) -> ScoringRun | None:
        """The run that is asked for, else that of the cursor, else the newest. One query."""
        query = RunQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        cursor = ScorePagination().page_cursor(request)
        number = query.validated_data.get("run_id", cursor and cursor.series)
        if number is None:
            return ScoringRun.objects.first()
        run = ScoringRun.objects.filter(pk=number).first()
        if run is None:
            raise NotFound(_("There is no scoring run of this number."))
        return run

    def _page(self, rows: QuerySet) -> Response:
        page = self.paginate_queryset(rows) or []
        keep_rows_in_journal(self.request, page)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _stream(self, rows: QuerySet, media_type: str) -> StreamingHttpResponse:
        if paged := [name for name in ("cursor", "limit") if name in self.request.query_params]:
            raise InvalidRequest({name: [_("This parameter is for pages of JSON.")] for name in paged}, "query")
        if self.request.method == "HEAD":
            rows = rows.none()
        journal.record_file(journal.What.FILE, rows, rows.count(), client=_client_of(self.request))
        row = ScoreOfRunSerializer(context=self.get_serializer_context())
        read = keyset.chunks(rows, scores.RISKIEST_FIRST, CHUNK_SIZE)
        chunks = ([row.to_representation(each) for each in chunk] for chunk in read)
        lines = ndjson(chunks) if media_type == NDJSON else csv(chunks, list(row.fields))
        return StreamingHttpResponse(lines, content_type=f"{media_type}; charset=utf-8")


class ExtractViewSet(Guarded, ViewSet):
    """Deliveries of extracts by the source systems, and what became of them."""

    scope = "load"
    parser_classes = [MultiPartParser]
    content_negotiation_class = Multipart

    @property
    def largest_body(self) -> int:
        """That of one file for each extract, and their form."""
        return len(Extract) * settings.LARGEST_UPLOAD + settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and int(request.META.get("CONTENT_LENGTH") or 0) > self.largest_body:
            raise BodyTooLarge

    @openapi.deliver
    def deliver(self, request):
        body = DeliverySerializer(data=request.data)
        is_valid = body.is_valid()
        if large := sorted(oversized(request._request)):
            limit = filesizeformat(settings.LARGEST_UPLOAD)
            raise BodyTooLarge(_("%(file)s is larger than %(limit)s.") % {"file": ", ".join(large), "limit": limit})
        if not is_valid:
            raise InvalidRequest(body.errors, "body")
        upload = deliveries.deliver(client=f"{request.auth.name}, {request.auth.prefix}", **body.validated_data)
        answer = ExtractsSerializer(upload, context={"request": request}).data
        return Response(answer, status=202, headers={"Location": answer["link"]})

    @openapi.delivery
    def retrieve(self, request, import_id: str):
        import_process.settle()
        delivered = Import.objects.filter(source=Import.Source.API)
        upload = delivered.filter(pk=import_id).first() if UUID_FORMAT.fullmatch(import_id) else None
        if upload is None:
            raise NotFound(_("No delivery has this id."))
        return Response(ExtractsSerializer(upload, context={"request": request}).data)


def keep_in_journal(request, what: journal.What, *, people: int, employee: Employee | None = None) -> None:
    """Into the journal of reads, in the name of the key."""
    journal.record(what, client=_client_of(request), people=people, employee=employee)


def keep_rows_in_journal(request, rows: Iterable[Prediction]) -> None:
    """A list of scores, without those of nobody."""
    named = [row.employee_id for row in rows if row.employee_id]
    journal.record_rows(journal.What.LIST, named, client=_client_of(request))


def _client_of(request) -> str:
    return f"{request.auth.name}, {request.auth.prefix}"


def number_in(text: str, name: str) -> int:
    """The number in a path; one with more digits than any id is replaced by the largest, equally unknown."""
    if not re.fullmatch("[0-9]+", text):
        raise InvalidRequest({name: [_("A whole number is needed.")]}, "path")
    return int(text) if len(text) < 20 else MAX_PREDICTION_ID + 1


class SchemaView(WithoutOptions):
    """The OpenAPI 3 description of this API, in English for everyone: its summaries and examples are."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request):
        described = openapi.description(get_script_prefix())
        known = {etag.removeprefix("W/") for etag in parse_etags(request.headers.get("If-None-Match", ""))}
        headers = {"ETag": described.etag, "Cache-Control": "no-cache", "Content-Language": "en"}
        if known & {described.etag, "*"}:
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(described.document, content_type="application/json", headers=headers)


class DocsView(WithoutOptions, SpectacularSwaggerSplitView):
    authentication_classes = []
    permission_classes = [AllowAny]
    url_name = "api-schema"
    template_name = "api/docs.html"
