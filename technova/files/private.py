"""File permissions: personal data, hashes, sessions and secrets are for the server's account alone.

``protect`` is called at the start of a process, in ``manage.py`` and in ``technova.wsgi``, before anything is written.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress

from django.conf import settings
from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

UMASK = 0o077
_tightened: dict[str, int] = {}  # by this process: the permissions that it took away
# Commands that write files for others: static files for a proxy, sources for whoever builds an image.
PUBLIC = {"collectstatic", "compilemessages", "makemessages", "makemigrations"}


def protect(command: str = "") -> None:
    """Set the umask for this process and its children, and tighten existing files.

    ``command`` is that of ``manage.py``.
    """
    if command not in PUBLIC:
        os.umask(UMASK)
    with suppress(ImproperlyConfigured):  # which is said by whatever needs the settings
        _tightened.update(tighten(private_files()))


def tighten(paths: Iterable[str]) -> dict[str, int]:
    """Remove other accounts' permissions where this account can; ``check`` lists the other files.

    Returns the permissions removed from each file.
    """
    lost = {}
    for path in paths:
        if loose := _loose(path):
            with suppress(OSError):
                os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & ~loose)
                lost[path] = loose
    return lost


def private_files() -> Iterator[str]:
    """The files with secrets: ``.env``, the SQLite database, the versions of the model."""
    yield str(settings.BASE_DIR / ".env")
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        path = os.path.realpath(database["NAME"])  # beside which SQLite puts the others
        yield from (path + suffix for suffix in ("", "-wal", "-shm", "-journal"))
    root = settings.ARTIFACTS_DIR
    yield from (os.path.join(root, name) for name in ("versions", "promotions.jsonl"))
    for directory, names, files in os.walk(os.path.join(root, "versions")):
        yield from (os.path.join(directory, name) for name in (*names, *files))


def check(app_configs, **options) -> list[CheckMessage]:
    """Warn of files that other accounts may open and this one cannot tighten; list those that it tightened."""
    found: list[CheckMessage] = []
    if loose := [path for path in private_files() if _loose(path)]:
        hint = "As the owner of each, run chmod go-rwx, or chown it to the account that the server runs as."
        found.append(CheckWarning(f"Other accounts may open {', '.join(loose)}.", hint=hint, id="technova.W001"))
    if _tightened:
        files = ", ".join(f"{path} ({_who(lost)})" for path, lost in _tightened.items())
        hint = (
            "They are for this account alone now. If strangers have accounts on this machine, take what was in them "
            "for known: change the secret key, passwords and API keys."
        )
        found.append(Info(f"Until now other accounts could open {files}.", hint=hint, id="technova.I001"))
    return found


def _who(lost: int) -> str:
    """Who may open a file, by its permissions."""
    return "every account" if lost & 0o007 else "the accounts of its group"


def _loose(path: str) -> int:
    """The excess permissions of a file: others', and those of the account's own group.

    Another group was set on purpose, as for a ``.env`` of root readable by the server's group.
    """
    try:
        status = os.stat(path)
    except OSError:  # most often absent
        return 0
    return status.st_mode & (0o077 if status.st_gid == os.getegid() else 0o007)
