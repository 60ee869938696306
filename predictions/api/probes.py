"""The probes, liveness and readiness: open to everyone, so they reveal no secret."""

import logging
from functools import cache

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.response import Response

from employees import terms
from features.models import EmployeeFeatures
from predictions.api import examples, openapi
from predictions.api.views import WithoutOptions
from predictions.log import writes
from predictions.ml.artifacts.store import ArtifactError, ArtifactMissing
from predictions.outages import OF_MODEL, outage_by
from predictions.registry import promoted_model
from technova import __version__
from technova.database.trouble import Trouble, trouble_of
from technova.web.json_errors import error_body

logger = logging.getLogger(__name__)


class ProbeView(WithoutOptions):
    """Answers in JSON without a key, whatever ``Accept`` prefers."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []

    def perform_content_negotiation(self, request, force=False):
        return super().perform_content_negotiation(request, force=True)


def an_object(meaning: str, **example: str | dict[str, str]) -> OpenApiResponse:
    """The schema of an answer from its example: an object of these texts, and of objects of texts."""
    text = {"type": "string"}
    described = {
        name: text if isinstance(value, str) else {"type": "object", "additionalProperties": text}
        for name, value in example.items()
    }
    answer = {"type": "object", "properties": described, "required": list(described), "additionalProperties": False}
    return OpenApiResponse(answer, meaning, [OpenApiExample("An answer", example)])


class HealthView(ProbeView):
    @extend_schema(
        summary="Whether the process answers",
        tags=["probes"],
        auth=[],
        parameters=openapi.HEADERS,
        responses={200: an_object("It does.", status="ok"), **openapi.errors(405, 500)},
    )
    def get(self, request):
        """Uses neither the database nor the model."""
        return Response({"status": "ok"})


class ReadyView(ProbeView):
    @extend_schema(
        summary="Whether predictions can be made",
        tags=["probes"],
        auth=[],
        parameters=openapi.HEADERS,
        responses={
            200: an_object(
                "They can, by this model.",
                status="ready",
                model_version="20260101-0123456789abcdef0123",
                version=__version__,
            ),
            503: an_object(
                "They cannot; Retry-After says when to ask again.",
                status="not ready",
                detail="Not ready: database.",
                request_id=examples.ERROR["request_id"],
                not_ready={"database": "does not answer"},
            ),
            **openapi.errors(405, 500),
        },
    )
    def get(self, request):
        """A few small queries; names each of the database, the clean features and the model that is not ready."""
        not_ready, wait = problems()
        if not_ready:
            detail = f"Not ready: {', '.join(not_ready)}."
            body = {"status": "not ready", **error_body(request, detail), "not_ready": not_ready}
            return Response(body, status=503, headers={"Retry-After": str(wait)})
        return Response({"status": "ready", "model_version": promoted_model().version, "version": __version__})


def problems() -> tuple[dict[str, str], int]:
    """The parts that are not ready, why (safe to show publicly), and the seconds to wait. The log has the error."""
    found, wait, is_reached = {}, 5, True
    try:
        trouble = Trouble.READ_ONLY if is_read_only() else writes.trouble_now()
        if not is_migrated():
            found["database"] = "has unapplied migrations: run manage.py migrate"
        elif not trouble and not EmployeeFeatures.objects.exists():
            found["clean features"] = "there are none: run manage.py build_features"
        else:
            terms.current()  # the words that every page needs: a server asks this before its first request
    except (DatabaseError, InterfaceError) as error:
        logger.warning("Not ready: %s", " ".join(str(error).split()))
        trouble, is_reached = trouble_of(error) or Trouble.AWAY, False
    if trouble and not found:
        found["database"], wait = trouble.value, outage_by(trouble).wait
    try:
        promoted_model(asks=is_reached)  # or it would wait for the database once more
    except ArtifactError as error:
        logger.warning("Not ready: %s", error)
        wait = max(wait, OF_MODEL.wait)
        is_missing = isinstance(error, ArtifactMissing)
        found["model"] = "there is none: run manage.py train_model" if is_missing else "cannot be used: see the log"
    return found, wait


def is_read_only() -> bool:
    """Whether the database refuses to write, as a standby of PostgreSQL does until it is promoted; one small query."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return cursor.fetchone() == ("on",)


def is_migrated() -> bool:
    """Whether the newest migration of every app is applied; two small queries."""
    return newest_migrations() <= MigrationRecorder(connection).applied_migrations().keys()


@cache
def newest_migrations() -> frozenset[tuple[str, str]]:
    """App and name of the last migration of each app, from the files; they do not change while a process runs."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
