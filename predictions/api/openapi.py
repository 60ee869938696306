"""The OpenAPI description: what drf-spectacular cannot derive from the views."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from django.utils import translation
from django.utils.http import quote_etag
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers

from employees.columns import MAX_EMPLOYEE_ID
from predictions.api import examples
from predictions.api.filters import MAX_NUMBERS, CaseFilters, LogFilters, ScoreFilters
from predictions.api.renderers import CSV, NDJSON
from predictions.api.serializers.bodies import BatchSerializer, FeaturesSerializer
from predictions.api.serializers.cases import CaseSerializer, ChangeCaseSerializer, OpenCaseSerializer
from predictions.api.serializers.extracts import DeliverySerializer, ExtractsSerializer
from predictions.api.serializers.key import KeySerializer
from predictions.api.serializers.log import LatestSerializer, LoggedPredictionSerializer, LogRowSerializer
from predictions.api.serializers.queries import LimitSerializer
from predictions.api.serializers.scores import (
    BatchScoreSerializer,
    PredictionSerializer,
    RunSerializer,
    ScoreOfRunSerializer,
    UnknownSerializer,
)
from predictions.models import MAX_PREDICTION_ID
from technova.web.fast_json import dump

# The parameters of each list; any other is refused, since a misspelt filter would filter nothing.
LOG_PARAMETERS = {
    "list": {*LogFilters().fields, "ordering", "limit", "cursor"},
    "latest": {"limit"},
    "retrieve": set(),
}
RUN_PARAMETERS = {"list": {"limit", "cursor"}}
CASE_PARAMETERS = {
    "list": {*CaseFilters().fields, "limit", "cursor"},
    "retrieve": set(),
    "open": set(),
    "change": set(),
}
SCORE_PARAMETERS = {"list": {*ScoreFilters().fields, "run_id", "limit", "cursor"}}


@dataclass(frozen=True, slots=True)
class Description:
    """The OpenAPI document as it is sent, and the ETag that changes with it."""

    document: bytes
    etag: str


@lru_cache(maxsize=4)
def description(prefix: str) -> Description:
    """The description of the API where it is served under ``prefix``, ``/`` or ``/technova/``, in English.

    The first call in a process builds it, in a tenth of a second.
    """
    with translation.override("en"):
        described = SchemaGenerator().get_schema(public=True)
    described["servers"] = [{"url": prefix.rstrip("/") or "/", "description": "This server."}]
    document = dump(described)
    return Description(document, quote_etag(sha256(document).hexdigest()))


def complete(result: dict, **_options) -> dict:
    """drf-spectacular's hook: require the key by default, and add an example to each parameter."""
    result["servers"] = [{"url": "/", "description": "This server."}]
    result["security"] = [{"ApiKey": []}]
    for operations in result["paths"].values():
        for operation in operations.values():
            operation.setdefault("security", [])
            for parameter in operation.get("parameters", []):
                parameter["example"] = examples.PARAMETERS[parameter["name"]]
    return result


class APIKeyScheme(OpenApiAuthenticationExtension):
    target_class = "predictions.api.authentication.APIKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "header", "name": "X-API-Key"}


class StrictScheme(OpenApiSerializerExtension):
    """A body in which an unknown field is an error."""

    target_class = "predictions.api.serializers.bodies.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema, direction):
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return described | {"additionalProperties": False}


class ErrorSerializer(serializers.Serializer):
    """An error that is not about single fields."""

    detail = serializers.CharField()
    request_id = serializers.UUIDField()


class FieldErrorSerializer(serializers.Serializer):
    loc = serializers.ListField(child=serializers.JSONField(), help_text="Where: body, query or path, then the name.")
    msg = serializers.CharField()
    type = serializers.CharField()


class InvalidSerializer(serializers.Serializer):
    """Values that break a rule, each named."""

    detail = FieldErrorSerializer(many=True)
    request_id = serializers.UUIDField()


_WORDS = {
    400: "Not to be understood: another host, over 1,000 parameters, or a body that is not JSON that means one thing.",
    401: "No valid key: absent, malformed, unknown, expired or revoked.",
    403: "The key lacks the scope of the call, which detail names.",
    404: "Nothing of this number that the key may see.",
    405: "The address knows another method.",
    406: "Given in none of the formats that Accept allows.",
    409: "The person objects to being scored.",
    413: "The body is too large.",
    415: "The body is not declared as application/json in UTF-8, uncompressed.",
    422: "Values that break a rule, each named.",
    429: "Too many requests in this minute; Retry-After says how long to wait.",
    500: "A defect of the service; the request id finds it in the log.",
    503: "The database or the model cannot be used; Retry-After says when to try again.",
}
_RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="Seconds."
)
_IDS = [
    OpenApiParameter(
        "X-Request-ID",
        str,
        OpenApiParameter.HEADER,
        response=True,
        description="What the request carried in it, or the same as X-Request-UUID.",
    ),
    OpenApiParameter(
        "X-Request-UUID",
        OpenApiTypes.UUID,
        OpenApiParameter.HEADER,
        response=True,
        description="The request_id of errors and of the log.",
    ),
]
_CHALLENGE = OpenApiParameter("WWW-Authenticate", str, OpenApiParameter.HEADER, response=[401])
_ALLOW = OpenApiParameter("Allow", str, OpenApiParameter.HEADER, response=[405], description="The methods it knows.")
HEADERS = [*_IDS, _RETRY_AFTER, _CHALLENGE, _ALLOW]  # each only where its statuses are
_RATE_LIMIT = [
    OpenApiParameter(
        "RateLimit-Policy",
        str,
        OpenApiParameter.HEADER,
        response=True,
        description='How many requests (q) in how many seconds (w): "key";q=6000;w=60. Of the address for a bad key.',
    ),
    OpenApiParameter(
        "RateLimit",
        str,
        OpenApiParameter.HEADER,
        response=True,
        description='How many are left (r), for how many seconds (t): "key";r=5999;t=42.',
    ),
]

_WITH_A_KEY = {400, 401, 403, 405, 422, 429, 500, 503}  # of any call with a key
_TOO_LONG = OpenApiResponse(description="A request line over 8,190 bytes: refused by the web server, in HTML.")


def errors(*statuses: int, words: Mapping[int, str] = _WORDS) -> dict[int, OpenApiResponse]:
    """The descriptions of these errors."""
    return {
        status: OpenApiResponse(
            InvalidSerializer if status == 422 else ErrorSerializer,
            words[status],
            [OpenApiExample("An error", _error_example(status, words[status]))],
        )
        for status in sorted(statuses)
    }


def _error_example(status: int, detail: str) -> dict:
    return examples.INVALID if status == 422 else examples.ERROR | {"detail": detail}


def _call(
    *,
    answer,
    meaning: str,
    example: object,
    status: int = 200,
    other: object = None,
    body: object = None,
    other_errors=(),
    words: Mapping[int, str] = _WORDS,
    others=None,
    parameters=(),
    **options,
):
    """The description of a call: its answer with its meaning and an example, an example of its body, its errors."""
    shown = [OpenApiExample("An answer", example, response_only=True, status_codes=[str(status)])]
    if other is not None:
        shown.append(OpenApiExample("Another answer", other, response_only=True, status_codes=["200"]))
    if body is not None:
        shown.append(OpenApiExample("A body", body, request_only=True))
    return extend_schema(
        responses={
            status: OpenApiResponse(answer, meaning),
            **(others or {}),
            **errors(*_WITH_A_KEY, *other_errors, words=words),
            414: _TOO_LONG,
        },
        parameters=[*parameters, *HEADERS, *_RATE_LIMIT],
        examples=shown,
        **options,
    )


def _number(name: str, maximum: int, meaning: str, where: Literal["query", "path"] = "query") -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 1, "maximum": maximum}, where, description=meaning)


key = _call(
    operation_id="key",
    summary="What the key may do",
    description="Its scopes, the people it sees, when it expires, and how many requests are left in this minute.",
    tags=["key"],
    answer=KeySerializer,
    meaning="The key and what is left of its minute, this request counted.",
    example=examples.KEY,
)
by_id = _call(
    operation_id="predict_by_id",
    summary="Score one employee",
    description="From the newest clean features of this employee number; of a merged one, its person's.",
    tags=["predict"],
    request=None,
    parameters=[_number("employee_id", MAX_EMPLOYEE_ID, "The company's number.", "path")],
    answer=PredictionSerializer,
    meaning="The score, and why.",
    example=examples.PREDICTION,
    other_errors=[404, 409],
)
by_features = _call(
    operation_id="predict_by_features",
    summary="Score 32 features",
    description="All of them and no other; 422 names each that is missing, unknown or out of range.",
    tags=["predict"],
    request=FeaturesSerializer,
    answer=PredictionSerializer,
    meaning="The score, and why.",
    example=examples.PREDICTION_OF_NOBODY,
    body=examples.FEATURES,
    other_errors=[413, 415],
)
batch = _call(
    operation_id="predict_batch",
    summary="Score up to 1,000 employees",
    description=(
        "One answer for each number, in the order asked; one that is unknown, or whose person objects to being scored, "
        "is reported in its place."
    ),
    tags=["predict"],
    request=BatchSerializer,
    answer=PolymorphicProxySerializer(
        component_name="BatchAnswer",
        serializers=[BatchScoreSerializer, UnknownSerializer],
        resource_type_field_name=None,
        many=True,
    ),
    meaning="One answer for each number, in the order asked.",
    example=examples.SCORE,
    other=examples.UNKNOWN,
    body=examples.BATCH,
    other_errors=[413, 415],
)
latest = _call(
    operation_id="predictions_latest",
    summary="The newest predictions",
    tags=["predictions"],
    parameters=[LimitSerializer],
    answer=LatestSerializer(many=True),
    meaning="The newest rows of the log, in the order they were written, the last first.",
    example=examples.LATEST,
    other=examples.LATEST_OF_NOBODY,
)
log = _call(
    operation_id="predictions_list",
    summary="The log, in pages and filtered",
    tags=["predictions"],
    parameters=[
        LogFilters,
        OpenApiParameter("mode", {"$ref": "#/components/schemas/ModeEnum"}, description="How it was asked for."),
        OpenApiParameter(
            "model_version",
            {"type": "string", "pattern": r"^[^\x00]+$", "maxLength": 40},
            description="By this model.",
        ),
    ],
    answer=LogRowSerializer(many=True),
    other_errors=[404],
    meaning="One page, and the addresses of the next and the previous one.",
    example=examples.ROW,
)
logged = _call(
    operation_id="predictions_retrieve",
    summary="One prediction with its explanation",
    tags=["predictions"],
    parameters=[_number("prediction_id", MAX_PREDICTION_ID, "The number in the log.", "path")],
    answer=LoggedPredictionSerializer,
    meaning="The row, and why.",
    example=examples.LOGGED,
    other_errors=[404],
)
runs = _call(
    operation_id="runs_list",
    summary="The scoring runs",
    description=(
        "The newest first. Each has the figures of the people present then within the key's scope; null where a figure "
        "would be of fewer than five people."
    ),
    tags=["scores"],
    answer=RunSerializer(many=True),
    meaning="One page, and the addresses of the next and the previous one.",
    example=examples.RUN,
)
_SCORES_IN_LINES = {
    (200, media_type): OpenApiResponse(
        OpenApiTypes.STR, meaning, [OpenApiExample("Lines", lines, media_type=media_type)]
    )
    for media_type, meaning, lines in (
        (NDJSON, "Everyone: one object a line, with the fields of a result.", examples.SCORES_AS_NDJSON),
        (CSV, "Everyone: a line of the names of the fields, then one a person.", examples.SCORES_AS_CSV),
    )
}
scores = _call(
    operation_id="scores_list",
    summary="Everyone's scores of the newest scoring run",
    description=(
        "The riskiest first, of those present unless others are asked for. In pages of JSON; with Accept "
        "application/x-ndjson or text/csv everyone at once, sent while it is read. All pages that follow one another, "
        "and all lines of a stream, are of one run, though a newer one may have ended meanwhile."
    ),
    tags=["scores"],
    parameters=[
        ScoreFilters,
        OpenApiParameter(
            "employee_ids",
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": MAX_EMPLOYEE_ID},
                "minItems": 1,
                "maxItems": MAX_NUMBERS,
            },
            explode=False,
            description="Of these employees, with commas between their numbers; a merged one is its person's.",
        ),
        OpenApiParameter(
            "department",
            {"$ref": "#/components/schemas/DepartementEnum"},
            description="Of those who are in this department now.",
        ),
        _number("run_id", MAX_PREDICTION_ID, "Of this scoring run instead of the newest."),
    ],
    answer=ScoreOfRunSerializer(many=True),
    others=_SCORES_IN_LINES,
    other_errors=[404, 406],
    meaning="One page, and the addresses of the next and the previous one.",
    example=examples.SCORE_OF_RUN,
)
_LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201, 202], description="The address of what was made."
)
_OF_FILES = _WORDS | {
    400: "Not to be understood: another host, or a form that did not arrive whole or holds over 10 files.",
    413: "A file is larger than 32 MB, or all of them are larger than four such files.",
    415: "The body is not declared as multipart/form-data.",
}
deliver = _call(
    operation_id="extracts_deliver",
    summary="Deliver the extracts of a day",
    description=(
        "One file or several, CSV, XLSX or ODS, recognised by their columns. They are checked like an upload of HR and "
        "loaded where they leave no question and no alarm; otherwise they wait for HR. The same files again change "
        "nothing."
    ),
    tags=["extracts"],
    request={"multipart/form-data": DeliverySerializer},
    status=202,
    parameters=[_LOCATION],
    answer=ExtractsSerializer,
    meaning="Taken, and being checked: the link tells what becomes of it.",
    example=examples.DELIVERY,
    other_errors=[413, 415],
    words=_OF_FILES,
)
delivery = _call(
    operation_id="extracts_retrieve",
    summary="What became of a delivery",
    description="Its state, counts, open questions and alarms, without a value of anybody. Of any delivery by the API.",
    tags=["extracts"],
    parameters=[OpenApiParameter("import_id", OpenApiTypes.UUID, "path", description="The id of the delivery.")],
    answer=ExtractsSerializer,
    meaning="Where it stands, and what it waits for.",
    example=examples.CHECKED_DELIVERY,
    other_errors=[404],
)
cases = _call(
    operation_id="cases_list",
    summary="Cases",
    description="The newest first, of the people that the key sees, without notes, remarks and costs.",
    tags=["cases"],
    parameters=[
        CaseFilters,
        OpenApiParameter("state", {"$ref": "#/components/schemas/CaseStateEnum"}, description="In this state."),
    ],
    answer=CaseSerializer(many=True),
    meaning="One page, and the addresses of the next and the previous one.",
    example=examples.CASE,
)
_CASE = _number("case_id", MAX_PREDICTION_ID, "The number of the case.", "path")
case = _call(
    operation_id="cases_retrieve",
    summary="One case",
    tags=["cases"],
    parameters=[_CASE],
    answer=CaseSerializer,
    meaning="The case, without notes, remarks and costs.",
    example=examples.CASE,
    other_errors=[404],
)
open_case = _call(
    operation_id="cases_open",
    summary="Open a case",
    description="From the newest score of somebody present; 422 if one is open. The key is kept as the author.",
    tags=["cases"],
    request=OpenCaseSerializer,
    status=201,
    parameters=[_LOCATION],
    answer=CaseSerializer,
    meaning="The case.",
    example=examples.CASE,
    body=examples.OPEN_CASE,
    other_errors=[404, 413, 415],
)
change_case = _call(
    operation_id="cases_change",
    summary="Change or close a case",
    description="What is left out stays. The key is kept as the author of the change.",
    tags=["cases"],
    request=ChangeCaseSerializer,
    parameters=[_CASE],
    answer=CaseSerializer,
    meaning="The case as it is now.",
    example=examples.CASE,
    body=examples.CHANGE_CASE,
    other_errors=[404, 413, 415],
)
