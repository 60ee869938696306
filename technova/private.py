"""Files for the server's account alone: they hold people's data, password hashes, sessions and secrets.

``protect`` is called where a process begins, in ``manage.py`` and in ``technova.wsgi``, before anything is written.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

UMASK = 0o077
# Commands that write files for others: static files for a proxy, sources for whoever builds an image.
PUBLIC = {"collectstatic", "compilemessages", "makemessages", "makemigrations"}


def protect(command: str = "") -> None:
    """Keep what this process writes, and those that it starts, from other accounts; tighten what was looser.

    ``command`` is that of ``manage.py``.
    """
    if command not in PUBLIC:
        os.umask(UMASK)
    with suppress(ImproperlyConfigured):  # which is said by whatever needs the settings
        tighten(private_files())


def tighten(paths: Iterable[Path]) -> None:
    """Take from other accounts the files that they may open, where this account can; ``check`` names the others."""
    for path in paths:
        try:
            status = path.stat()
            if loose := status.st_mode & _others(status):
                path.chmod(status.st_mode & 0o7777 & ~loose)
        except OSError:
            continue


def private_files() -> Iterator[Path]:
    """What is there of the settings' secrets, the SQLite database and the versions of the model."""
    yield from _existing(settings.BASE_DIR / ".env")
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and database["NAME"] != ":memory:":
        path = Path(database["NAME"]).resolve()
        yield from _existing(*(path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")))
    versions = Path(settings.ARTIFACTS_DIR) / "versions"
    yield from _existing(versions, versions.with_name("promotions.jsonl"), *versions.rglob("*"))


def check(app_configs, **options) -> list[CheckWarning]:
    """Warn of files that other accounts may open, and this one could not take from them."""
    loose = [str(path) for path in private_files() if path.stat().st_mode & _others(path.stat())]
    if not loose:
        return []
    hint = "As the owner of each, run chmod go-rwx, or chown it to the account that the server runs as."
    return [CheckWarning(f"Other accounts may open {', '.join(loose)}.", hint=hint, id="technova.W001")]


def _existing(*paths: Path) -> Iterator[Path]:
    yield from (path for path in paths if path.exists())


def _others(status: os.stat_result) -> int:
    """The permissions that are too many: those of all, and of the account's own group.

    A file of another group was given to that group by someone, as a ``.env`` of root is to the server's.
    """
    return 0o077 if status.st_gid == os.getegid() else 0o007
