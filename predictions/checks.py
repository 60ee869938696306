"""System checks: a model that cannot be used is named before a request meets it."""

from pathlib import Path

from django.conf import settings
from django.core.checks import Warning as CheckWarning
from django.core.checks import register

from predictions.ml import store
from technova import private

_IDS = {
    store.ArtifactMissing: "predictions.W001",
    store.ArtifactCorrupt: "predictions.W002",
    store.ArtifactMismatch: "predictions.W003",
}

register(private.check, "files")


@register("artifacts")
def check_artifact(app_configs, **options):
    """Warn when the current model is absent, corrupt or made for another environment.

    A warning, not an error: `runserver` starts without it, to say so and to take what needs no model. Its files are
    verified, not unpickled.
    """
    try:
        store.verify(Path(settings.ARTIFACTS_DIR))
    except store.ArtifactError as error:
        hint = "Run manage.py train_model, or promote a version that works with manage.py promote_model."
        return [CheckWarning(str(error), hint=hint, id=_IDS[type(error)])]
    return []
