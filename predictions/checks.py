"""System checks: report an unusable model or database before a request fails."""

from pathlib import Path

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from employees.access import ROLES
from predictions.ml.artifacts import store
from technova.files import private

_IDS = {
    store.ArtifactMissing: "predictions.W001",
    store.ArtifactCorrupt: "predictions.W002",
    store.ArtifactMismatch: "predictions.W003",
}

register(private.check, "files")


@register("artifacts")
def check_artifact(app_configs, **options):
    """Warn when the current model is absent, corrupt or made for another environment.

    A warning, not an error: `runserver` starts without a model and serves what needs none. Its files are
    verified, not unpickled.
    """
    try:
        store.verify(Path(settings.ARTIFACTS_DIR))
    except store.ArtifactError as error:
        hint = "Run manage.py train_model, or promote a version that works with manage.py promote_model."
        return [CheckWarning(str(error), hint=hint, id=_IDS[type(error)])]
    return []


@register(Tags.security)
def check_roles(app_configs, **options):
    """Refuse a role in the settings of sign-in that does not exist: whoever it is meant for would enter without."""
    known = {"SECOND_FACTOR_ROLES": {*ROLES, "staff"}, "SSO_ROLES": set(ROLES)}
    named = {"SECOND_FACTOR_ROLES": settings.SECOND_FACTOR_ROLES, "SSO_ROLES": settings.SSO_ROLES.values()}
    return [
        Error(
            f"{setting} names {role!r}, which is no role.",
            hint=f"Name {', '.join(sorted(known[setting]))}.",
            id="predictions.E002",
        )
        for setting, roles in named.items()
        for role in sorted(set(roles) - known[setting])
    ]


@register(Tags.database)
def check_history(app_configs, databases=None, **options):
    """Refuse a database with some of the migrations that a squashed one replaces: Django skips the app silently."""
    applied = {key for name in databases or () for key in MigrationRecorder(connections[name]).applied_migrations()}
    return [
        _half_applied(app) for (app, _), new in MigrationLoader(None).replacements.items() if _is_half(new, applied)
    ]


def _is_half(squashed, applied) -> bool:
    return 0 < len(applied.intersection(squashed.replaces)) < len(squashed.replaces)


def _half_applied(app: str) -> Error:
    return Error(
        f"The database has only some of the migrations of {app} from before version 1.0.0.",
        hint="Run manage.py migrate of the last commit that has those migrations, then of this version.",
        id="predictions.E001",
    )
