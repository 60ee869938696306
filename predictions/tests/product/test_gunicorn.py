"""The server as it is run: two processes of gunicorn, most often with a database that does not answer."""

import http.client
import json
import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from django.conf import settings
from django.db import connection

from features.tests.factories import EmployeeFeaturesFactory
from predictions.tests.factories import APIKeyFactory
from technova.tests.conftest import address_of_the_database, another_connection

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-operator"
START = 60  # seconds
THREADS = 4  # of each process


@dataclass
class Server:
    process: subprocess.Popen
    port: int
    log: Path
    pid_file: Path

    def get(self, path: str, headers=None) -> tuple[int, str]:
        """One request on a connection of its own, so that either process may answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START)
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def metrics(self) -> dict[str, float]:
        _status, text = self.get("/metrics", {"Authorization": f"Bearer {TOKEN}"})
        return {name: float(value) for name, value in re.findall(r"^([^#\n]+) (\S+)$", text, re.MULTILINE)}

    def pid(self) -> int:
        """Of the process that starts the others; another after an upgrade."""
        return int(self.pid_file.read_text())

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid()}/task/{self.pid()}/children")
        return [int(pid) for pid in children.read_text().split()]

    def accepted_by(self, worker: int) -> int:
        """How many open connections to the server this process has taken."""
        table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = {f"socket:[{row[9]}]" for row in table if row[1].endswith(f":{self.port:04X}") and row[3] == "01"}
        return sum(os.path.realpath(file).rpartition("/")[2] in ours for file in Path(f"/proc/{worker}/fd").iterdir())

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def send(self, request: bytes) -> tuple[int, str]:
        """Any bytes, and the status and the body of what they are answered with before the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=START) as connection:
            connection.sendall(request)
            head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).decode().partition("\r\n\r\n")
        return int(head.split()[1]), body

    def wait_until(self, condition) -> None:
        deadline = time.monotonic() + START
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def is_up(self) -> bool:
        """Whether both processes have loaded the model."""
        with suppress(OSError, ValueError):  # no connection yet, or the metrics of a process that is just starting
            return sum(value for name, value in self.metrics().items() if "model_processes" in name) == 2
        return False


@contextmanager
def running_server(directory: Path, database: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log, pid_file = directory / "log", directory / "pid"
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "METRICS_TOKEN": TOKEN,
        "DATABASE_URL": database,
    }
    gunicorn = Path(sys.executable).with_name("gunicorn")  # one that is started by -m cannot start another
    command = [gunicorn, "--config", "python:technova.gunicorn", "--pid", pid_file]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "technova.wsgi"], cwd=settings.BASE_DIR, env=environment, stdout=file, stderr=file
        )
    server = Server(process, port, log, pid_file)
    try:
        server.wait_until(server.is_up)
        yield server
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(server.pid(), signal.SIGTERM)
        process.wait(START)
        server.wait_until(lambda: not pid_file.exists())


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server"), "postgres://nobody@127.0.0.1:1/nothing") as server:
        yield server


def test_health_is_ok_with_the_database_down(server):
    assert server.get("/health") == (200, '{"status":"ok"}')


def test_ready_says_within_three_seconds_that_the_database_is_down(server):
    started = time.monotonic()
    status, body = server.get("/ready")
    assert time.monotonic() - started < 3
    assert (status, json.loads(body)["not_ready"]) == (503, {"database": "does not answer"})


class BusyClients(threading.Thread):
    """Kept-alive connections, twice as many as threads, that each ask again as soon as they are answered."""

    def __init__(self, port: int):
        super().__init__()
        request = f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        self.request, self.port = request.encode(), port
        self.answers = 0
        self.has_ended = threading.Event()

    def run(self):
        address, deadline = ("127.0.0.1", self.port), time.monotonic() + 15
        received = {socket.create_connection(address, timeout=START): b"" for _ in range(4 * THREADS)}
        for client in received:
            client.sendall(self.request)
        while not self.has_ended.is_set() and time.monotonic() < deadline:
            for client in select.select(received, [], [], 0.1)[0]:
                received[client] += client.recv(65536)
                head, _, body = received[client].partition(b"\r\n\r\n")
                if len(body) == int(re.search(rb"(?i)content-length: (\d+)|$", head)[1] or -1):
                    self.answers += 1
                    received[client] = b""
                    client.sendall(self.request)
        for client in received:
            client.close()


def test_new_connection_waits_for_no_more_than_one_turn_of_those_that_are_kept_alive(server):
    others = BusyClients(server.port)
    others.start()
    while others.answers < 8 * THREADS:
        time.sleep(0.01)
    answers = []
    for _ in range(9):
        before = others.answers
        server.get("/health")
        answers.append(others.answers - before)
    others.has_ended.set()
    others.join()
    assert median(answers) <= 8 * THREADS, answers  # a busy machine may hold up one newcomer, not most of them


SECRET = "abcdefgh.0123456789abcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("request_lines", "status"),
    [
        (f"GET /health HTTP/1.1\r\nHost: localhost\r\nX-API-Key={SECRET}", 400),
        (f"X-API-Key: {SECRET}", 400),
        (f"GET /{SECRET * 250} HTTP/1.1\r\nHost: localhost", 414),
        (f"GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: {SECRET}", 417),
        (f"GET /health HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {SECRET * 250}", 431),
        (f"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {SECRET}", 501),
    ],
)
def test_what_is_no_http_is_refused_and_the_log_says_so_without_a_secret(server, request_lines, status):
    def refusals():
        return [line["message"] for line in server.lines()].count("Invalid request")

    before = refusals()
    answered, _body = server.send(f"{request_lines}\r\n\r\n".encode())
    assert answered == status
    assert refusals() == before + 1
    assert SECRET[9:] not in server.log.read_text()


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /x", "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off"])
def test_headers_of_a_proxy_that_there_is_not_change_nothing(server, header):
    request = f"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n"
    assert server.send(request.encode()) == (200, '{"status":"ok"}')


def test_head_writes_one_line(server):
    before = len(server.lines())
    assert server.send(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == (200, "")
    assert len(server.lines()) == before + 1


def test_metrics_are_summed_over_the_processes(server):
    name = 'technova_requests_total{method="GET",route="health",status="200"}'
    before = server.metrics().get(name, 0)
    for _ in range(20):
        server.get("/health")
    assert server.metrics()[name] == before + 20


def test_counts_survive_the_process_that_made_them(server):
    name = 'technova_requests_total{method="GET",route="health",status="200"}'
    server.get("/health")
    before, workers = server.metrics()[name], server.workers()
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    server.wait_until(lambda: len(set(server.workers()) - set(workers)) == 2)
    server.wait_until(lambda: sum(value for key, value in server.metrics().items() if "model_processes" in key) == 2)
    assert server.metrics()[name] == before


def test_log_is_json_with_one_line_a_request(server):
    def requests():
        return [line for line in server.lines() if line.get("route") == "health"]

    before = len(requests())
    for _ in range(5):
        server.get("/health")
    assert len(requests()) == before + 5
    assert [line for line in server.log.read_text().splitlines() if "/health" in line] == []


def test_very_long_address_is_answered_by_the_application(server):
    status, _body = server.get("/predict/by-id/" + "9" * 5000)
    assert status in (401, 404, 405)
    assert [line["status"] for line in server.lines() if "status" in line][-1] == status


class NewClients(threading.Thread):
    """One new connection after the other that asks for /health: the statuses, and the longest wait in seconds."""

    def __init__(self, server: Server):
        super().__init__()
        self.server, self.statuses, self.longest = server, [], 0.0
        self.has_ended = threading.Event()

    def run(self):
        while not self.has_ended.wait(0.02):
            started = time.monotonic()
            try:
                self.statuses.append(self.server.get("/health")[0])
            except OSError as error:
                self.statuses.append(error)
            self.longest = max(self.longest, time.monotonic() - started)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.has_ended.set()
        self.join()


def replace_the_workers(server: Server) -> None:
    workers = server.workers()
    os.kill(server.pid(), signal.SIGHUP)
    server.wait_until(lambda: len(server.workers()) == 2 and not set(workers) & set(server.workers()))


def upgrade(server: Server) -> None:
    """As docs/operations.md says."""
    old, beside = server.pid(), Path(f"{server.pid_file}.2")
    os.kill(old, signal.SIGUSR2)
    server.wait_until(beside.exists)
    time.sleep(5)
    os.kill(old, signal.SIGTERM)
    server.wait_until(lambda: server.pid_file.exists() and server.pid() != old)


@pytest.mark.parametrize("restart", [replace_the_workers, upgrade])
def test_restart_answers_everyone_in_less_time_than_a_start_takes(tmp_path, restart):
    started = time.monotonic()
    with running_server(tmp_path, f"sqlite:///{tmp_path / 'empty.sqlite3'}") as server:
        start = time.monotonic() - started
        with NewClients(server) as clients:
            restart(server)
            server.wait_until(server.is_up)
        assert set(clients.statuses) == {200}
        assert clients.longest < start / 2


@contextmanager
def locked(database: str) -> Iterator[None]:
    """Nobody else can write to the log."""
    if connection.vendor == "postgresql":
        with another_connection() as other, other.transaction():
            other.execute("LOCK TABLE predictions_prediction IN EXCLUSIVE MODE")
            yield
    else:
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


def readiness(server: Server) -> set[tuple[int, str]]:
    """What the probe says, on so many connections at once that either process answers some."""
    with ThreadPoolExecutor(4 * THREADS) as pool:
        answers = pool.map(server.get, ["/ready"] * (4 * THREADS))
        return {(status, str(json.loads(body).get("not_ready"))) for status, body in answers}


@pytest.mark.django_db(transaction=True)
def test_every_process_knows_that_the_log_took_no_row(tmp_path):
    number, key = EmployeeFeaturesFactory().employee.employee_id, APIKeyFactory().secret
    database = address_of_the_database(tmp_path)
    with running_server(tmp_path, database) as server:

        def predict() -> int:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=START)
            client.request("POST", f"/predict/by-id/{number}", headers={"X-API-Key": key})
            return client.getresponse().status

        assert predict() == 200
        assert readiness(server) == {(200, "None")}
        with locked(database):
            assert predict() == 503
            assert readiness(server) == {(503, "{'database': 'is locked by other work'}")}
        assert readiness(server) == {(200, "None")}
        assert predict() == 200


def test_stopping_answers_who_waits_and_removes_the_shared_metrics(server):
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=START) for _ in range(4 * THREADS)]
    for client in waiting:
        client.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    server.wait_until(lambda: sum(map(server.accepted_by, server.workers())) == len(waiting))
    maps = Path(f"/proc/{server.workers()[0]}/maps")
    server.wait_until(lambda: "technova-metrics-" in maps.read_text())
    directory = Path(re.search(r"\S+/technova-metrics-[^/]+", maps.read_text())[0])
    assert directory.is_dir()
    server.process.terminate()
    assert [client.recv(12) for client in waiting] == [b"HTTP/1.1 503"] * len(waiting)
    for client in waiting:
        client.close()
    server.process.wait(START)
    assert not directory.exists()


LIMITS = "-c lock_timeout=2500 -c statement_timeout=30000"  # milliseconds


@pytest.mark.parametrize(
    ("url", "name", "limit"),
    [
        ("sqlite:///x", "timeout", 2.5),
        ("postgres://u@h/x", "options", LIMITS),
        ("postgres://u@h/x?options=-c%20geqo=off", "options", f"-c geqo=off {LIMITS}"),
    ],
)
def test_requests_do_not_wait_long_for_a_locked_database(url, name, limit):
    snippet = f"print(settings.DATABASES['default']['OPTIONS'][{name!r}])"
    command = [sys.executable, "-c", f"from technova import gunicorn, settings; {snippet}; gunicorn.on_exit(None)"]
    environment = os.environ | {"DATABASE_URL": url}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == f"{limit}\n"
