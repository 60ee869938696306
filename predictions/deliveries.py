"""Extracts that arrive by themselves in a folder (``EXTRACTS_DIR``), where the source systems or SFTP leave them.

The files of a day are one import, checked like any other. It is loaded if nothing about it is open: no question, no
alarm, nothing refused as a whole; otherwise it waits for HR. A file is deleted once it is loaded.
"""

import hashlib
import logging
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from employees.messages import Message, gettext_noop
from employees.models import Import, ImportFile
from employees.workforce.as_of import date_in
from predictions import import_process
from technova import jobs
from technova.commands import Progress
from technova.database.locks import Busy

logger = logging.getLogger(__name__)

SETTLED = timedelta(minutes=1)  # a file that was written since may still be arriving
SUFFIXES = {".csv", ".txt", ".xlsx", ".ods"}

WITHOUT_A_DAY = gettext_noop("The file's name holds no day: name it as sirh-2026-10-31.csv and deliver it again.")
TOO_LARGE = gettext_noop("The file is larger than %(limit)s MB.")


@jobs.task
def collect(*, progress: Progress | None = None) -> None:
    """Take the files that are new, go on with imports that another one held up, and delete files that are loaded.

    Raises ``OSError`` for a folder that cannot be read.
    """
    if not settings.EXTRACTS_DIR:
        return
    import_process.settle()
    for upload in Import.objects.filter(source=Import.Source.FOLDER, state=Import.State.READY):
        try:
            import_process.go_on(upload=upload)
        except Busy:
            break
    digests = {path: _digest(path) for path in _files(Path(settings.EXTRACTS_DIR))}
    known = ImportFile.objects.filter(sha256__in=digests.values())
    is_loaded = Q(upload__state=Import.State.DONE) | Q(upload__summary__is_new=False)
    loaded = set(known.filter(is_loaded).values_list("sha256", flat=True))
    taken = set(known.exclude(upload__state=Import.State.EXPIRED).values_list("sha256", flat=True))
    days = defaultdict(list)
    for path, sha256 in digests.items():
        if sha256 in loaded:
            path.unlink(missing_ok=True)
        elif sha256 not in taken:
            days[date_in(path.name)].append(path)
    for day, paths in days.items():
        large = [path for path in paths if path.stat().st_size > settings.LARGEST_UPLOAD]
        for path in paths if day is None else large:
            _refuse(path, digests[path], Message(WITHOUT_A_DAY) if day is None else _too_large())
        if day and (rest := [path for path in paths if path not in large]):
            _receive(day, rest)


def _files(folder: Path) -> list[Path]:
    """The extracts in the folder that have arrived whole."""
    latest = (timezone.now() - SETTLED).timestamp()
    found = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    return [path for path in found if path.is_file() and path.stat().st_mtime <= latest]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _receive(day, paths: list[Path]) -> None:
    files = [File(path.open("rb"), name=path.name) for path in paths]
    try:
        import_process.receive(user=None, source=Import.Source.FOLDER, as_of=day, files=files)
    finally:
        for file in files:
            file.close()
    logger.info("%d files of %s are taken from the folder", len(paths), day)


@transaction.atomic
def _refuse(path: Path, sha256: str, reason: Message) -> None:
    """Record that a file was not taken, so that HR sees it once."""
    error = {**reason.document(), "file": path.name}
    upload = Import.objects.create(source=Import.Source.FOLDER, state=Import.State.REFUSED, error=error)
    ImportFile.objects.create(upload=upload, name=path.name[-255:], size=path.stat().st_size, sha256=sha256)
    logger.warning("A file of the folder is refused: %s", reason)


def _too_large() -> Message:
    return Message(TOO_LARGE, {"limit": settings.LARGEST_UPLOAD // 2**20})
