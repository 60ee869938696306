"""Predictions while PostgreSQL fails: every 200 is in the log once, and whatever else is answered is JSON within 3 s.

    python benchmarks/outages.py [--seconds 6] [--clients 6]

A PostgreSQL server of its own, started and removed by this script as root on Debian, is restarted, loses all its
connections, is left without room for the log (a small file system), without free connections, and without writes, one
after the other, each under a loop of clients that ask for predictions by number. Printed for each: the answers by
status, the slowest of those that are no 200 in milliseconds, and the faults found: a 200 without its row, a row of two
answers, an answer that is no JSON or took longer than 3 s, and whether the first request after the recovery was served.
Exits with 1 when there is a fault.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from api import ADDRESS, create_key, serve
from pipeline import run

MOST = 3.0  # seconds for an answer that is no 200
LOG_ROOM = "24m"  # of the file system that the log is on
CONNECTIONS = 30  # that the server allows


@dataclass(frozen=True)
class Answer:
    """One answer: its status, the seconds it took, and its body."""

    status: int
    seconds: float
    body: bytes

    def fault(self) -> str:
        """What is wrong with it by itself, if anything."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return f"{self.status} without JSON: {self.body[:80]!r}"
        if self.status == 200:
            return ""
        if not told.get("detail"):
            return f"{self.status} without a detail"
        return f"{self.status} after {self.seconds:.1f} s" if self.seconds > MOST else ""


@dataclass
class Cluster:
    """A PostgreSQL server of our own."""

    directory: Path
    binaries: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/technova"

    def control(self, *command: str) -> None:
        server = ["--pgdata", str(self.directory / "data"), "--log", str(self.directory / "log"), "--wait"]
        as_postgres([str(self.binaries / "pg_ctl"), *server, *command])

    def execute(self, *statements: str, database: str = "postgres") -> None:
        address = self.url.replace("/technova", f"/{database}")
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@dataclass
class Clients:
    """Threads that ask for one prediction after the other, and what they were answered."""

    key: str
    count: int
    answers: list[Answer] = field(default_factory=list)

    def ask(self, number: int) -> Answer:
        """A prediction, on a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection(ADDRESS, timeout=60)
        connection.request("POST", f"/predict/by-id/{number}", headers={"X-API-Key": self.key})
        response = connection.getresponse()
        answer = Answer(response.status, time.monotonic() - started, response.read())
        connection.close()
        return answer

    @contextmanager
    def asking(self) -> Iterator[None]:
        has_ended = threading.Event()

        def loop() -> None:
            number = 1
            while not has_ended.is_set():
                self.answers.append(self.ask(number))
                number = number % 500 + 1
                time.sleep(0.01)

        threads = [threading.Thread(target=loop) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            has_ended.set()
            for thread in threads:
                thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6, help="how long each trouble lasts")
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    if os.geteuid():
        sys.exit("This needs root, to mount a small file system and to run a server as postgres.")
    with tempfile.TemporaryDirectory() as name, cluster_in(Path(name)) as cluster:
        run(["init_technova", "--demo"], cluster.url)
        key = create_key(cluster.url)
        troubles: list[tuple[str, Callable[[Cluster, float], None]]] = [
            ("restarted", restarted),
            ("its connections ended", ended),
            ("no room for the log", without_room),
            ("no free connection", without_connections),
            ("read-only", read_only),
        ]
        served = Path(name, "served")
        served.mkdir()
        with serve(cluster.url, served):
            found = [under(cluster, Clients(key, options.clients), *each, options.seconds) for each in troubles]
    sys.exit(any(found))


def under(cluster: Cluster, clients: Clients, name: str, trouble: Callable, seconds: float) -> list[str]:
    """Bring the trouble about under the clients' load; print what they were answered, and return the faults."""
    with psycopg.connect(cluster.url) as connection:
        (before,) = connection.execute("SELECT count(*) FROM predictions_prediction").fetchone()
    with clients.asking():
        time.sleep(1)
        trouble(cluster, seconds)
        next_one = clients.ask(1)
        time.sleep(1)
    faults = [fault for answer in [*clients.answers, next_one] if (fault := answer.fault())]
    if next_one.status != 200:
        faults.append(f"the first request after the recovery: {next_one.status}")
    given = [json.loads(each.body)["prediction_id"] for each in [*clients.answers, next_one] if each.status == 200]
    with psycopg.connect(cluster.url) as connection:
        query = "SELECT count(*) FROM predictions_prediction WHERE id = ANY(%s)"
        (stored,) = connection.execute(query, [given]).fetchone()
        (after,) = connection.execute("SELECT count(*) FROM predictions_prediction").fetchone()
    if not len(given) == len(set(given)) == stored:
        faults.append(f"{len(given)} answers with 200, {len(set(given))} numbers, {stored} rows")
    statuses = Counter(answer.status for answer in clients.answers)
    slowest = max((answer.seconds for answer in clients.answers if answer.status != 200), default=0)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    more = after - before - len(given)
    print(f"{name}: {told}; the slowest of the others {slowest * 1000:,.0f} ms; {more} rows more than answers")
    for fault, count in Counter(faults).items():
        print(f"  FAULT ({count} times): {fault}")
    return faults


def restarted(cluster: Cluster, seconds: float) -> None:
    cluster.control("stop", "--mode=immediate")
    time.sleep(seconds)
    cluster.control("start")


def ended(cluster: Cluster, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'technova'")
        time.sleep(0.5)


def without_room(cluster: Cluster, seconds: float) -> None:
    ballast = cluster.directory / "small" / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**16))
    time.sleep(seconds)
    ballast.unlink()


def without_connections(cluster: Cluster, seconds: float) -> None:
    """Others take every connection, those of the application, too."""
    address = cluster.url.replace("/technova", "/postgres")
    deadline = time.monotonic() + seconds
    with ExitStack() as others, psycopg.connect(address, autocommit=True) as first:
        while time.monotonic() < deadline:
            first.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'technova'")
            with suppress(psycopg.OperationalError):
                while True:
                    others.enter_context(psycopg.connect(address))
            time.sleep(0.1)


def read_only(cluster: Cluster, seconds: float) -> None:
    cluster.execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    time.sleep(seconds)
    cluster.execute(
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
    )
    time.sleep(0.5)  # until the sessions have read it


@contextmanager
def cluster_in(directory: Path) -> Iterator[Cluster]:
    """A server with an empty database, the log to come on a small file system."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    directory.chmod(0o755)
    home, small = directory / "cluster", directory / "cluster" / "small"
    small.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LOG_ROOM}", "tmpfs", small], check=True)
    cluster = Cluster(home, binaries, port)
    try:
        (small / "space").mkdir()
        for path in (home, small / "space"):
            shutil.chown(path, "postgres")
        as_postgres([str(binaries / "initdb"), "--auth=trust", "--pgdata", str(home / "data"), "--encoding=UTF8"])
        with (home / "data" / "postgresql.conf").open("a") as conf:
            conf.write(f"port = {port}\nmax_connections = {CONNECTIONS}\nunix_socket_directories = '{home}'\n")
        cluster.control("start")
        cluster.execute("CREATE DATABASE technova", f"CREATE TABLESPACE small LOCATION '{small / 'space'}'")
        run(["migrate", "-v0"], cluster.url)
        cluster.execute("ALTER TABLE predictions_prediction SET TABLESPACE small", database="technova")
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.control("stop", "--mode=immediate")
        subprocess.run(["umount", "--lazy", small], check=False)


def as_postgres(command: list[str]) -> None:
    subprocess.run(["runuser", "-u", "postgres", "--", *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


if __name__ == "__main__":
    main()
