"""Extracts that arrive by themselves: in a folder (``EXTRACTS_DIR``), or by the API.

The files of a day are one import, checked like any other. It is loaded if nothing about it is open: no question, no
alarm, nothing refused as a whole; otherwise it waits for HR. A file of the folder is deleted once it is loaded, or once
a check finds its content in force for its day. A note beside the extracts is set aside: it holds nothing back.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction

from employees.extracts import PLAIN, is_prose
from employees.extracts import File as ExtractFile
from employees.messages import Message, gettext_noop
from employees.models import Import, ImportFile, Load, SavedMapping
from employees.workforce.as_of import date_in
from predictions import import_process, watched_folder
from predictions.events import of_imports
from technova import jobs
from technova.commands import Progress
from technova.database.locks import Busy, exclusive

logger = logging.getLogger(__name__)

OPEN = (*Import.AT_WORK, *Import.WAITING)
ENDED = (Import.State.DONE, Import.State.EXPIRED)
Content = tuple[str, date | None]  # the SHA-256 of a file, and the day that its name holds

WITHOUT_A_DAY = gettext_noop("The file's name holds no day: name it as sirh-2026-10-31.csv and deliver it again.")
NOTE = gettext_noop(
    "The file is a text without a table, so it is no extract and was set aside; the other files of its day are loaded "
    "without it. If it should be an extract, export it again as CSV, XLSX or ODS; else remove it from the folder."
)
LINK = gettext_noop(
    "The file is a link to another file, which is not read, and was set aside; the other files of its day are loaded "
    "without it. Put the extract itself into the folder."
)
TOO_LARGE = gettext_noop("The file is larger than %(limit)s MB.")


@jobs.task
def collect(*, progress: Progress | None = None) -> None:
    """Go on with deliveries that other work held up, take the files that are new, and delete those that are loaded.

    Raises ``OSError`` for a folder that cannot be read.
    """
    import_process.settle()
    import_process.go_on()
    if settings.EXTRACTS_DIR:
        _collect()


def _collect() -> None:
    found = {path: (watched_folder.digest(path), date_in(path.name)) for path in watched_folder.files()}
    taken = _taken(set(found.values()))
    days = defaultdict(list)
    for path, content in found.items():
        upload = taken.get(content)
        if upload and _is_over(upload):
            path.unlink(missing_ok=True)
            upload.files.filter(sha256=content[0]).update(is_in_folder=False)
        elif upload is None or upload.state in ENDED:
            days[content[1]].append(path)
    for day, paths in days.items():
        refused = {path: reason for path in paths if (reason := _reason_to_refuse(path, day))}
        for path, reason in refused.items():
            _refuse(path, found[path][0], reason)
        if rest := [path for path in paths if path not in refused]:
            _receive(day, rest)


def _taken(found: set[Content]) -> dict[Content, Import]:
    """The newest import of each file that was taken and still lies in the folder.

    A file of a finished import that lies there no longer is forgotten: put there again, it is a delivery.
    """
    files = ImportFile.objects.filter(is_in_folder=True).defer("content").select_related("upload").order_by("pk")
    contents = {file: (file.sha256, date_in(file.name)) for file in files}
    gone = [file.pk for file, content in contents.items() if content not in found and file.upload.state not in OPEN]
    ImportFile.objects.filter(pk__in=gone).update(is_in_folder=False)
    return {content: file.upload for file, content in contents.items()}


def _is_over(upload: Import) -> bool:
    """Whether its files may go: somebody deleted them, or they are loaded or brought nothing new.

    The last two only while no load of their day was taken back since.
    """
    if upload.deleted_by_id:
        return True
    if upload.as_of is None or upload.state not in ENDED:
        return False
    is_loaded = upload.state == Import.State.DONE or upload.brings_nothing_new
    return is_loaded and not Load.objects.filter(as_of=upload.as_of, withdrawn_at__gte=upload.created_at).exists()


def _reason_to_refuse(path: Path, day: date | None) -> Message | None:
    """Why a file is not taken into the import of its day, if it is not."""
    if path.is_symlink():
        return Message(LINK)
    if path.stat().st_size > settings.LARGEST_UPLOAD:
        return Message(TOO_LARGE, {"limit": settings.LARGEST_UPLOAD // 2**20})
    if path.suffix.lower() == ".txt" and _is_note(path):
        return Message(NOTE)
    return None if day else Message(WITHOUT_A_DAY)


def _is_note(path: Path) -> bool:
    saved = SavedMapping.objects.newest()
    with watched_folder.opened(path) as file:
        return is_prose(ExtractFile(file, path.name), saved.mapping if saved else PLAIN)


def deliver(*, client: str, as_of: date, files: Sequence[File], mapping: SavedMapping | None = None) -> Import:
    """Take the files that a client of the API sends, and have them checked.

    While the same files wait or are worked on, they are the import that there is; one that failed is started again.
    Raises ``Busy`` where the same files are being taken for longer than a client should wait.
    """
    digests = sorted(hashlib.file_digest(_rewound(file), "sha256").hexdigest() for file in files)
    with exclusive(f"delivery of {as_of}: {digests}"):  # the same files at once are one import, too
        return _waiting(as_of, digests) or _take(client, as_of, files, mapping)


def _waiting(as_of: date, digests: list[str]) -> Import | None:
    """The import of these files that waits or is worked on."""
    unfinished = Import.objects.filter(source=Import.Source.API, as_of=as_of, state__in=OPEN, loaded_at=None)
    for upload in unfinished.filter(files__sha256=digests[0]).distinct():
        if sorted(upload.files.values_list("sha256", flat=True)) == digests:
            try:
                import_process.retry(upload=upload)
            except Busy:
                import_process.retry(upload=upload, from_check=True)
            upload.refresh_from_db()
            return upload
    return None


def _take(client: str, as_of: date, files: Sequence[File], mapping: SavedMapping | None) -> Import:
    for file in files:
        file.seek(0)
    return import_process.receive(
        user=None, source=Import.Source.API, client=client, as_of=as_of, files=files, mapping=mapping
    )


def _rewound(file: File) -> Any:
    file.seek(0)
    return file.file


def _receive(day, paths: list[Path]) -> None:
    files = [File(watched_folder.opened(path), name=path.name) for path in paths]
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
    ImportFile.objects.create(
        upload=upload, name=path.name[-255:], size=path.lstat().st_size, sha256=sha256, is_in_folder=True
    )
    of_imports.tell_of_stop(upload)
    logger.warning("A file of the folder is refused: %s", reason)
