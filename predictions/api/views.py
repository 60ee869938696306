"""The calls: each parses, asks one service or one query, and renders."""

import re

from django.http import HttpResponse, HttpResponseNotModified
from django.urls import get_script_prefix
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views import View
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ViewSet

from employees.columns import MAX_EMPLOYEE_ID
from predictions import services
from predictions.api import schema
from predictions.api.authentication import add_rate_limit, caller_of
from predictions.api.errors import Invalid, request_id_of
from predictions.api.filters import LogPagination, PredictionFilter
from predictions.api.parsers import take_chunks
from predictions.api.serializers import (
    BatchSerializer,
    FeaturesSerializer,
    KeySerializer,
    LatestSerializer,
    LimitSerializer,
    LoggedPredictionSerializer,
    LogRowSerializer,
    PredictionSerializer,
    ScoreSerializer,
)
from predictions.models import MAX_PREDICTION_ID, Prediction


class WithoutOptions:
    """Leaves OPTIONS, which is no call of ours, out of the ``Allow`` header of an ``APIView``."""

    http_method_names = [name for name in View.http_method_names if name != "options"]


class Guarded(WithoutOptions):
    """What every call of the API does before and after its own work."""

    def initialize_request(self, request, *args, **kwargs):
        request_id_of(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            take_chunks(request._request)
        if nul := [name for name, value in request.query_params.items() if "\0" in value]:
            raise Invalid({name: [_("Null characters are not allowed.")] for name in nul}, "query")

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        add_rate_limit(response, request._request)
        return response


class KeyView(Guarded, APIView):
    """What a key may do, told to whoever holds it, whatever its scopes."""

    permission_classes: list[type[BasePermission]] = []

    @schema.key
    def get(self, request):
        return Response(KeySerializer().to_representation(request.auth))


class PredictViewSet(Guarded, ViewSet):
    """Predictions on request. Each is in the log before it is answered."""

    scope = "can_predict"

    @schema.by_id
    def by_id(self, request, employee_id: str):
        number = _number(employee_id, "employee_id")
        if not 0 < number <= MAX_EMPLOYEE_ID:
            raise services.UnknownEmployee(employee_id)
        prediction = services.predict_for_employee(employee_id=number, caller=caller_of(request))
        return Response(PredictionSerializer().to_representation(prediction))

    @schema.by_features
    def by_features(self, request):
        body = FeaturesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        prediction = services.predict_for_features(values=body.validated_data, caller=caller_of(request))
        return Response(PredictionSerializer().to_representation(prediction))

    @schema.batch
    def batch(self, request):
        body = BatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        numbers = body.validated_data["employee_ids"]
        predictions, _unknown = services.predict_for_employees(employee_ids=numbers, caller=caller_of(request))
        answer = ScoreSerializer()
        if body.validated_data["reasons"]:
            answer = PredictionSerializer()
            predictions = Prediction.objects.filter(pk__in=[row.pk for row in predictions])
            predictions = predictions.select_related("employee", "features")
        given = {row.employee_number: answer.to_representation(row) for row in predictions}
        detail = _("There are no clean features for this employee number.")
        return Response([given.get(number) or {"employee_id": number, "detail": detail} for number in numbers])


class LogViewSet(Guarded, ListModelMixin, GenericViewSet):
    """The log of predictions, of the employees that the key may see."""

    scope = "can_read"
    queryset = Prediction.objects.select_related("employee", "features")
    serializer_class = LogRowSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = PredictionFilter
    pagination_class = LogPagination

    def get_queryset(self):
        return super().get_queryset().visible_to_key(self.request.auth)

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        known = schema.QUERY_PARAMETERS.get(self.action, request.query_params)
        errors = {name: [_("This parameter is not known.")] for name in request.query_params if name not in known}
        errors |= {
            name: [_("This parameter is empty.")] for name, value in request.query_params.items() if not value.strip()
        }
        if errors:
            raise Invalid(errors, "query")

    @schema.log
    def list(self, request):
        return super().list(request)

    @schema.latest
    def latest(self, request):
        query = LimitSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows = self.get_queryset().select_related(None).select_related("employee").defer("contributions")
        rows = rows.order_by("-created_at", "-id")[: query.validated_data["limit"]]
        return Response(LatestSerializer(rows, many=True).data)

    @schema.logged
    def retrieve(self, request, prediction_id: str):
        number = _number(prediction_id, "prediction_id")
        prediction = self.get_queryset().filter(pk=number).first() if number <= MAX_PREDICTION_ID else None
        if prediction is None:
            raise NotFound
        return Response(LoggedPredictionSerializer().to_representation(prediction))


def _number(text: str, name: str) -> int:
    """The number in a path; one with more digits than any id has is as unknown as the next larger one."""
    if not re.fullmatch("[0-9]+", text):
        raise Invalid({name: [_("A whole number is needed.")]}, "path")
    return int(text) if len(text) < 20 else MAX_PREDICTION_ID + 1


class SchemaView(WithoutOptions, APIView):
    """The OpenAPI 3 description of this API, in English for everyone: its summaries and examples are."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request):
        described = schema.description(get_script_prefix())
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
