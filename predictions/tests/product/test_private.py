"""What the product writes is for its own account alone: real processes, started with the umask that most have."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from employees.tests.files import write
from technova.files import private
from technova.tests.conftest import ROOT

pytestmark = pytest.mark.slow

USUAL = 0o022
WAIT = 120  # seconds


def mode(path):
    return path.stat().st_mode & 0o777


def open_to_others(directory):
    return {str(path): oct(mode(path)) for path in directory.rglob("*") if not path.is_symlink() and mode(path) & 0o077}


@pytest.fixture
def site(tmp_path):
    """A place for all that a site writes, and the environment that names it."""
    shutil.copytree(ROOT / "artifacts", tmp_path / "artifacts", symlinks=True)
    (tmp_path / "temporary").mkdir()
    for path in (tmp_path, *tmp_path.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    (tmp_path / "temporary").chmod(0o700)  # as /tmp is the system's, it is the tests'
    (tmp_path / "artifacts").chmod(0o700)
    return tmp_path


def environment(site):
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{site / 'db.sqlite3'}",
        "ARTIFACTS_DIR": str(site / "artifacts"),
        "TMPDIR": str(site / "temporary"),
    }


def manage(site, *arguments, program=""):
    return run(site, *arguments, program=program).stdout


def run(site, *arguments, program=""):
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments, *(["-c", program] if program else [])],
        env=environment(site),
        umask=USUAL,
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT,
    )


WRITE = """
from pathlib import Path
from django.contrib.sessions.models import Session
from django.db import connection
Session.objects.count()
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE anything (value)")
database = Path(connection.settings_dict["NAME"])
print(*(oct(path.stat().st_mode & 0o777) for path in database.parent.glob("db.*")))
"""

IMPORT = """
import os, time
from datetime import date
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from employees.models import Import
from predictions import import_process
large = TemporaryUploadedFile("large.csv", "text/csv", 1, "utf-8")
print(oct(os.fstat(large.fileno()).st_mode & 0o777))
files = [SimpleUploadedFile("small.csv", b"a;b")]
upload = import_process.receive(user=User.objects.create(username="rh"), as_of=date(2026, 6, 30), files=files)
while Import.objects.get(pk=upload.pk).state in Import.AT_WORK:
    time.sleep(0.1)
"""

TRAIN = """
from django.conf import settings
from predictions.ml import training
from predictions.tests.workforce import trained
print(training.publish(settings.ARTIFACTS_DIR, trained()))
"""


def test_database_of_the_demonstration_is_for_its_account_alone(site):
    manage(site, "init_technova", "--demo")
    assert open_to_others(site) == {}
    assert manage(site, "shell", "--verbosity", "0", program=WRITE).split() == ["0o600"] * 3  # with -wal and -shm


def test_output_of_a_background_import_is_for_its_account_alone(site):
    manage(site, "migrate", "--verbosity", "0")
    assert manage(site, "shell", "--verbosity", "0", program=IMPORT).split() == ["0o600"]
    (output,) = (site / "temporary").glob("technova-*/run_import-*")
    assert (mode(output), open_to_others(site)) == (0o600, {})


def test_version_that_is_trained_is_for_its_account_alone(site):
    version = manage(site, "shell", "--verbosity", "0", program=TRAIN).strip()
    assert mode(site / "artifacts" / "versions" / version) == 0o700
    assert open_to_others(site) == {}


def test_rejects_are_for_their_account_alone(site):
    manage(site, "migrate", "--verbosity", "0")
    files, rejects = write(site, age="12"), site / "rejects.csv"
    rejects.write_text("of an earlier load")
    rejects.chmod(0o644)
    manage(
        site,
        "seed_from_csv",
        "--as-of=2026-06-30",
        *(f"--{extract}={path}" for extract, path in files.items()),
        "--rejects",
        rejects,
    )
    assert "12" in rejects.read_text()
    assert mode(rejects) == 0o600


def test_what_a_server_writes_is_for_its_account_alone(site):
    manage(site, "migrate", "--verbosity", "0")
    (site / "db.sqlite3").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:technova.gunicorn", "technova.wsgi"],
        cwd=ROOT,
        env=environment(site) | {"PORT": str(port), "WEB_CONCURRENCY": "1"},
        umask=USUAL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        assert open_to_others(site) == {}
        assert umask_of_children(server.pid) == {"0077"}
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(WAIT)


def wait_for(address):
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        with suppress(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=WAIT)
            return
        time.sleep(0.2)
    pytest.fail("The server does not answer")


def umask_of_children(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = [line for child in children for line in Path(f"/proc/{child}/status").read_text().splitlines()]
    return {line.split()[1] for line in lines if line.startswith("Umask:")}


COLLECT = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "technova.settings"
import manage
from django.conf import settings
settings.STATIC_ROOT = sys.argv[1]
sys.argv = ["manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
manage.main()
"""


def test_static_files_are_for_whoever_serves_them(site):
    command = [sys.executable, "-c", COLLECT, site / "static"]
    subprocess.run(command, cwd=ROOT, env=environment(site), umask=USUAL, check=True, timeout=WAIT)
    assert {oct(mode(path)) for path in (site / "static").rglob("*")} == {"0o755", "0o644"}


# Files that were looser


@pytest.fixture
def looser(site, settings, monkeypatch):
    settings.BASE_DIR = site
    settings.ARTIFACTS_DIR = site / "artifacts"
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(site / "db.sqlite3")}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    monkeypatch.setattr(private, "_tightened", {})  # what the start of this process tightened is no file of the test
    for name in (".env", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"):
        (site / name).write_text("")
        (site / name).chmod(0o644)
    return site


def test_looser_files_are_tightened_at_the_start(looser):
    (warning,) = private.check(None)
    assert all(name in warning.msg for name in (".env", "db.sqlite3,", "db.sqlite3-wal", "model_card.json"))
    assert (warning.id, "chmod" in warning.hint) == ("technova.W001", True)
    private.tighten(private.private_files())
    assert open_to_others(looser) == {}
    assert private.check(None) == []


def test_check_names_once_what_its_start_tightened_and_from_whom(site):
    (site / "db.sqlite3").touch()
    (site / "db.sqlite3").chmod(0o644)
    (site / "artifacts" / "promotions.jsonl").chmod(0o640)
    check = ("check", "--tag", "files", "--fail-level", "WARNING")
    first, second = run(site, *check), run(site, *check)
    assert "(technova.I001) Until now other accounts could open" in first.stderr
    assert f"{site / 'db.sqlite3'} (every account)" in first.stderr
    assert f"{site / 'artifacts' / 'promotions.jsonl'} (the accounts of its group)" in first.stderr
    assert "If strangers have accounts on this machine" in first.stderr
    assert mode(site / "db.sqlite3") == 0o600
    assert "no issues" in second.stdout + second.stderr


def test_a_file_that_was_given_to_a_group_stays_with_it(looser):
    if os.getuid():
        pytest.skip("only root gives a file to any group")
    os.chown(looser / ".env", 0, 4)
    (looser / ".env").chmod(0o644)
    private.tighten(private.private_files())
    assert mode(looser / ".env") == 0o640
    assert private.check(None) == []


def test_a_file_that_cannot_be_tightened_is_named(looser, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(1, "Operation not permitted", path)

    private.tighten(private.private_files())
    (looser / ".env").chmod(0o644)
    monkeypatch.setattr(os, "chmod", refuse)
    private.tighten(private.private_files())
    assert [warning.msg for warning in private.check(None)] == [f"Other accounts may open {looser / '.env'}."]
