"""An upload all the way: checked, or loaded and then everyone's features and scores brought up to date."""

from django.utils import translation

from employees import imports
from employees.models import Import
from features.services import build_features
from predictions.ml.store import ArtifactError
from predictions.outages import outage_of
from predictions.services import NothingToScore, score_employees
from technova.commands import Progress
from technova.database.locks import Busy


def run_import(*, upload: Import, progress: Progress | None = None) -> None:
    """Do the work of the state that an import is in. Each step is a transaction of its own, and can be done again.

    What cannot go on is remembered with the import as failed; a defect is raised as well.
    """
    try:
        if upload.state == Import.State.CHECKING:
            imports.check(upload=upload, progress=progress)
        elif upload.state == Import.State.LOADING:
            _load(upload, progress)
    except (Busy, ArtifactError, NothingToScore) as error:
        imports.fail(upload=upload, reason=str(error))
    except Exception as error:  # whatever broke, the page must not wait for it for ever; the server's log has it all
        imports.fail(upload=upload, reason=_reason_of(error))
        raise


def _reason_of(error: Exception) -> str:
    """An outage by its name, in English, which the page translates; anything else is a fault of ours."""
    outage = outage_of(error)
    if outage is None:
        return imports.BROKE_DOWN
    with translation.override("en"):
        return str(outage.said)


def _load(upload: Import, progress: Progress | None) -> None:
    if not imports.load(upload=upload, progress=progress):
        imports.check_again(upload=upload, progress=progress)
        return
    build_features(progress=progress)
    score_employees(progress=progress)
    imports.finish(upload=upload)
