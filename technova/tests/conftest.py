import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as project_settings
from django.db import connection

ROOT = Path(project_settings.BASE_DIR)


def another_connection(database: str = "") -> psycopg.Connection:
    """A connection to the tests' PostgreSQL database beside Django's, or to another database of its server."""
    options = connection.settings_dict
    return psycopg.connect(
        host=options["HOST"],
        port=options["PORT"] or None,
        user=options["USER"],
        password=options["PASSWORD"] or None,
        dbname=database or options["NAME"],
        autocommit=True,
    )


@contextmanager
def small_file_system(options: str) -> Iterator[Path]:
    """The directory of a file system in memory, mounted with these options; skips a test that may not mount one."""
    directory = Path(tempfile.mkdtemp(prefix="technova-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        directory.rmdir()
        pytest.skip("only root mounts a file system, and not in every container")
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)
        directory.rmdir()


def fill(directory: Path) -> Path:
    """Take all room of a file system by one file, which is returned."""
    with suppress(OSError), (directory / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    return directory / "filler"


@dataclass(frozen=True)
class Manage:
    """Runs ``manage.py`` as a process of its own, with an environment that differs from the tests' in ``changes``."""

    changes: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        """The exit code, the output and the errors."""
        process = subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env=os.environ | self.changes | changes,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return process.returncode, process.stdout, process.stderr


def address_of_the_database(directory: Path) -> str:
    """DATABASE_URL for another process: the tests' own database; on SQLite, which is in memory, a copy of it."""
    if connection.vendor == "sqlite":
        path = directory / "copy.sqlite3"
        connection.ensure_connection()
        with sqlite3.connect(path) as copy:
            connection.connection.backup(copy)
        copy.close()
        return f"sqlite:///{path}"
    address = connection.settings_dict
    user = address["USER"] + (f":{address['PASSWORD']}" if address["PASSWORD"] else "")
    return f"postgres://{user}@{address['HOST']}:{address['PORT'] or 5432}/{address['NAME']}"


@pytest.fixture
def manage(transactional_db, tmp_path) -> Manage:
    """``manage.py`` on the tests' own database, migrated and empty; on SQLite on a copy of it."""
    return Manage({"DATABASE_URL": address_of_the_database(tmp_path)})
