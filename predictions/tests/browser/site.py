"""The whole product as its users meet it: gunicorn on its own database with the demo, on a port of its own."""

import fcntl
import os
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

PASSWORD = "shown-to-browser-tests-only"
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
    with own_database(directory, worker) as database:
        environment = os.environ | {
            "DATABASE_URL": database,
            "DEMO_PASSWORD": PASSWORD,
            "ARTIFACTS_DIR": str(settings.ARTIFACTS_DIR),
        }
        collect_static(environment, shared)
        run_manage(environment, "init_technova", "--demo")
        # The socket listens before the server starts: no other process can take its port, and no request is refused.
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            listener.set_inheritable(True)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            server = start_server(environment, listener.fileno(), directory / "server.log")
            try:
                wait_for(url, server)
                yield Site(url, environment)
            finally:
                server.send_signal(signal.SIGINT)  # gunicorn's quick stop
                server.wait(timeout=20)


def start_server(environment: dict[str, str], socket_number: int, log: Path) -> subprocess.Popen:
    command: Sequence[str] = (
        *(sys.executable, "-m", "gunicorn", "technova.wsgi", "--bind", f"fd://{socket_number}"),
        *("--workers", "1", "--threads", "4"),
    )
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, pass_fds=[socket_number], stdout=output, stderr=output
        )


def wait_for(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"{url}/login/", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The server for the browser tests did not start.")


def collect_static(environment: dict[str, str], shared: Path) -> None:
    """Collect the static files once, whatever the number of workers."""
    done = shared / "static-files-are-collected"
    with (shared / "static-files.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            run_manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
            done.touch()


@contextmanager
def own_database(directory: Path, worker: str) -> Iterator[str]:
    """A database of the engine that the tests run on; gives its URL and drops it at the end."""
    url = urlsplit(os.environ.get("DATABASE_URL", DEFAULT_DATABASE))
    if url.scheme == "sqlite":
        yield f"sqlite:///{directory / 'browser.sqlite3'}"
        return
    name = f"{url.path.strip('/')}_browser_{worker}"
    address = {"host": url.hostname, "port": url.port or 5432, "user": url.username, "password": url.password}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(url._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
