"""The whole product as its users meet it: gunicorn on its own database with the demo, on a port of its own.

Each worker of the tests has a server and a database. What is the same for all of them is made once, by the first.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from django.conf import settings
from psycopg import sql

PASSWORD = "shown-to-browser-tests-only"
# An account in no group.
NEWCOMER = f"""
from django.contrib.auth.models import User
User.objects.create_user("newcomer", password="{PASSWORD}")
"""
REQUEST = """
from datetime import date
from django.contrib.auth.models import User
from employees.models import Employee
from predictions.rights.models import DataRequest
from predictions.rights.services import receive
receive(
    employee=Employee.objects.get(employee_id=4), kind=DataRequest.Kind.ACCESS, received_on=date.today(),
    said="All that is kept.", user=User.objects.get(username="rh"),
)
"""
HR = f"""
from django.contrib.auth.models import Group, User
User.objects.create_user("hr", password="{PASSWORD}").groups.add(Group.objects.get(name="RH"))
"""
DEFAULT_DATABASE = "sqlite:///db.sqlite3"


@dataclass(frozen=True, slots=True)
class Site:
    """A running server: its address and the environment that its commands share with it."""

    url: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> None:
        run_manage(self.environment, *arguments)


def run_manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def serve(directory: Path, shared: Path, worker: str) -> Iterator[Site]:
    """Serve the demo from ``directory`` until the block ends; ``shared`` is where workers agree on common work."""
    # A test that sends wrong passwords closes the address to no other.
    limits = {"BAD_PASSWORD_RATE": "1000", "NOTES_KEYS": "a-random-value-of-more-than-32-characters"}
    environment = os.environ | limits | {"DEMO_PASSWORD": PASSWORD, "ARTIFACTS_DIR": str(settings.ARTIFACTS_DIR)}
    with (
        demo_database(environment, shared) as demo,
        copy_of(demo, database_url(worker, directory)) as database,
        running(environment | {"DATABASE_URL": database}, directory) as site,
    ):
        yield site


@contextmanager
def serve_empty(directory: Path, worker: str) -> Iterator[Site]:
    """Serve a database without anybody, and with one account of *RH*, until the block ends."""
    url = database_url(f"empty_{worker}", directory)
    environment = os.environ | {"DATABASE_URL": url, "ARTIFACTS_DIR": str(settings.ARTIFACTS_DIR)}
    create_database(url)
    try:
        run_manage(environment, "migrate")
        run_manage(environment, "shell", "--command", HR)
        with running(environment, directory) as site:
            yield site
    finally:
        drop_database(url)


@contextmanager
def running(environment: dict[str, str], directory: Path) -> Iterator[Site]:
    """The server on the database of an environment, and a worker where it needs one, until the block ends."""
    # The socket listens before the server starts: no other process can take its port, and no request is refused.
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.set_inheritable(True)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = start_server(environment, listener.fileno(), directory / "server.log")
        worker = None if is_sqlite(environment["DATABASE_URL"]) else start_worker(environment, directory / "worker.log")
        try:
            wait_for(url, server)
            yield Site(url, environment)
        finally:
            if worker:
                worker.kill()
                worker.wait()
            server.send_signal(signal.SIGINT)  # gunicorn's quick stop, which a busy machine may hold up all the same
            server.wait(timeout=90)


def start_server(environment: dict[str, str], socket_number: int, log: Path) -> subprocess.Popen:
    command: Sequence[str] = (
        *(sys.executable, "-m", "gunicorn", "technova.wsgi", "--bind", f"fd://{socket_number}"),
        *("--workers", "1", "--threads", "4"),
    )
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, pass_fds=[socket_number], stdout=output, stderr=output
        )


def start_worker(environment: dict[str, str], log: Path) -> subprocess.Popen:
    command = [sys.executable, "manage.py", "run_worker"]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)


def wait_for(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{url}/login/", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The server for the browser tests did not start.")


@contextmanager
def demo_database(environment: dict[str, str], shared: Path) -> Iterator[str]:
    """The database that servers copy: made, with the static files, by the first worker; dropped by the last."""
    url = database_url("demo", shared)
    with counted(shared / "servers", +1) as servers:
        if servers == 1:
            create_database(url)
            # As `make run` does: files that are up to date are not collected and compressed again.
            subprocess.run(["make", "--silent", "staticfiles/staticfiles.json"], cwd=settings.BASE_DIR, check=True)
            for command in (["init_technova", "--demo"], ["score_employees"]):  # twice scored, there is a trend
                run_manage(environment | {"DATABASE_URL": url}, *command)
            for script in (NEWCOMER, REQUEST):
                run_manage(environment | {"DATABASE_URL": url}, "shell", "--command", script)
    try:
        yield url
    finally:
        with counted(shared / "servers", -1) as servers:
            if servers == 0:
                drop_database(url)


@contextmanager
def counted(path: Path, step: int) -> Iterator[int]:
    """Add ``step`` to the number in a file; other processes that count there wait until the block ends."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0) + step
        yield number
        file.truncate(0)
        file.write(str(number))


def database_url(name: str, directory: Path) -> str:
    """A database of the engine that the tests run on, a file in ``directory`` on SQLite."""
    url = urlsplit(os.environ.get("DATABASE_URL", DEFAULT_DATABASE))
    if url.scheme == "sqlite":
        return f"sqlite:///{directory / name}.sqlite3"
    return urlunsplit(url._replace(path=f"{url.path}_browser_{name}"))


def create_database(url: str, template: str | None = None) -> None:
    """Create an empty database, or a copy of ``template``."""
    if is_sqlite(url):
        if template:
            shutil.copyfile(sqlite_path(template), sqlite_path(url))
        return
    drop_database(url)
    execute(url, "CREATE DATABASE {} TEMPLATE {}", name_of(url), name_of(template) if template else "template1")


def drop_database(url: str) -> None:
    if is_sqlite(url):
        sqlite_path(url).unlink()
    else:
        execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name_of(url))


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def name_of(url: str) -> str:
    return urlsplit(url).path.strip("/")


def execute(url: str, statement: str, *names: str) -> None:
    """Run a statement about the databases ``names`` on the server of ``url``."""
    with psycopg.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def copy_of(demo: str, copy: str) -> Iterator[str]:
    """A database like ``demo`` until the block ends."""
    create_database(copy, template=demo)
    try:
        yield copy
    finally:
        drop_database(copy)
