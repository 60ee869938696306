"""The folder in which source systems leave extracts (``EXTRACTS_DIR``): what lies there, and its deletion."""

import hashlib
import logging
import os
import stat
from datetime import timedelta
from io import BufferedReader
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from employees.extracts import ENDINGS
from employees.models import Import

logger = logging.getLogger(__name__)

SETTLED = timedelta(minutes=1)  # a file that was written since may still be arriving


def files() -> list[Path]:
    """The extracts in the folder that have arrived whole, and links. Raises ``OSError``."""
    latest = (timezone.now() - SETTLED).timestamp()
    listed = sorted(Path(settings.EXTRACTS_DIR).iterdir())
    found = (path for path in listed if path.suffix.lower() in ENDINGS and path.name[0] != ".")
    states = {path: path.lstat() for path in found}
    return [
        path
        for path, state in states.items()
        if (stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)) and state.st_mtime <= latest
    ]


def opened(path: Path) -> BufferedReader:
    """A file of the folder: whoever writes there may read less than this process does, so no link is followed."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW))


def digest(path: Path) -> str:
    """The SHA-256 of a file, or of where a link leads. Raises ``OSError``."""
    if path.is_symlink():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(upload: Import) -> None:
    """Delete the files of an import; what cannot be deleted is left to the next collection, which fails over it."""
    for file in upload.files.filter(is_in_folder=True).defer("content") if settings.EXTRACTS_DIR else ():
        path = Path(settings.EXTRACTS_DIR, file.name)
        try:
            if digest(path) == file.sha256:
                path.unlink()
        except OSError as error:
            logger.warning("A file of the folder is not deleted yet: %s", error)
        else:
            file.is_in_folder = False
            file.save(update_fields=["is_in_folder"])
