"""System checks: a model that cannot be used is named before a request meets it."""

from django.core.checks import Warning as CheckWarning
from django.core.checks import register

from predictions.ml import artifact
from predictions.registry import current_model

_IDS = {
    artifact.ArtifactMissing: "predictions.W001",
    artifact.ArtifactCorrupt: "predictions.W002",
    artifact.ArtifactMismatch: "predictions.W003",
}


@register("artifacts")
def check_artifact(app_configs, **options):
    """Warn when the current model is absent, corrupt or made for another environment.

    A warning, not an error: the command that repairs it must still run.
    """
    try:
        current_model()
    except artifact.ArtifactError as error:
        hint = "Run manage.py train_model, or promote a version that works with manage.py promote_model."
        return [CheckWarning(str(error), hint=hint, id=_IDS[type(error)])]
    return []
