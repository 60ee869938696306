"""Minutes of everything at once: memory, descriptors, and the slowest of a hundred answers of each kind.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/endurance.py [--minutes 10]

gunicorn and a worker serve the demo from a scratch database. Clients read pages as HR, ask for predictions by number
and in batches, and fetch exports, all the time; halfway the extracts of a later day are delivered by the API, loaded
and scored. Printed: by kind the answers, the failed ones, and the median and 99th percentile in milliseconds; each
fifth of the time the memory (MiB) and the open descriptors of the server's processes together. Exits with 1 when an
answer failed, the delivery did not end, or memory or descriptors grew from the third fifth, after the import, to the
last by more than a tenth.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import psycopg
from api import ADDRESS, create_key, serve
from pipeline import DEMO, ROOT, environment, python_of, run, scratch_database
from restarts import children, memory

FORM = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
PASSWORD = re.compile(r"Account +rh +(\S+)")
PAGES = ("/", "/employees/", "/employees/?sort=job&size=100", "/employees/1/", "/history/", "/model/", "/import/")
EXPORT = "/employees/export.csv"
GROWTH = 1.1
BOUNDARY = "technova-benchmark"


@dataclass
class Kind:
    """One kind of request: how often it failed, and the seconds that each answer took."""

    name: str
    seconds: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)


@dataclass
class Client:
    """A kept-alive connection, with a session after ``sign_in``."""

    headers: dict[str, str]

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(ADDRESS, timeout=60)

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, bytes]:
        for is_last in (False, True):
            try:
                self.connection.request(method, path, body, self.headers | headers)
                response = self.connection.getresponse()
                told = response.read()
                break
            except (http.client.HTTPException, ConnectionError):  # an idle connection that the server has closed
                self.connection.close()
                if is_last:
                    raise
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                self._keep(value.partition(";")[0])
        return response.status, told

    def sign_in(self, username: str, password: str) -> None:
        _status, page = self.ask("GET", "/login/")
        form = {"csrfmiddlewaretoken": FORM.search(page.decode())[1], "username": username, "password": password}
        origin = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://{ADDRESS}/login/"}
        status, page = self.ask("POST", "/login/", urlencode(form), **origin)
        if status != 302:
            sys.exit(f"signing in as {username} was answered with {status}")

    def _keep(self, cookie: str) -> None:
        kept = dict(each.split("=", 1) for each in self.headers.get("Cookie", "").split("; ") if each)
        name, value = cookie.split("=", 1)
        self.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in (kept | {name: value}).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["collectstatic", "--noinput"], url)  # which pages name
        manage = [python_of(ROOT), str(ROOT / "manage.py")]
        told = subprocess.check_output([*manage, "init_technova", "--demo"], env=environment(url), text=True)
        load = subprocess.check_output(
            [*manage, "create_api_key", "deliveries", "--scope=load"], env=environment(url), text=True
        )
        with worker(url), serve(url, Path(name)) as master:
            keys = create_key(url), re.search(r"\w{8}\.\w{32}", load)[0]
            sys.exit(endure(options.minutes * 60, url, master, PASSWORD.search(told)[1], *keys))


@contextmanager
def worker(url: str) -> Iterator[None]:
    command = [python_of(ROOT), str(ROOT / "manage.py"), "run_worker"]
    process = subprocess.Popen(command, env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def endure(seconds: float, url: str, master: int, password: str, key: str, load_key: str) -> bool:
    """Whether something was wrong."""
    with psycopg.connect(url) as connection:
        numbers = [row[0] for row in connection.execute("SELECT employee_id FROM employees_employee ORDER BY 1")]
        (newest,) = connection.execute("SELECT max(as_of) FROM employees_workforceday").fetchone()
    has_ended, kinds = threading.Event(), {name: Kind(name) for name in ("pages", "export", "by-id", "batch")}
    hr, api = {"Accept-Language": "fr"}, {"X-API-Key": key, "Content-Type": "application/json"}
    by_turns = cycle(numbers)
    batch = json.dumps({"employee_ids": numbers[:200]})
    loops = [
        *(loop(kinds["pages"], signed_in(hr, password), cycle(PAGES).__next__, 0.2) for _ in range(2)),
        loop(kinds["export"], signed_in(hr, password), lambda: EXPORT, 3),
        *(loop(kinds["by-id"], Client(api.copy()), lambda: f"/predict/by-id/{next(by_turns)}", 0.02) for _ in range(2)),
        loop(kinds["batch"], Client(api.copy()), lambda: "/predict/batch", 1, batch),
    ]
    threads = [threading.Thread(target=each, args=(has_ended,)) for each in loops]
    for thread in threads:
        thread.start()
    samples, state = [], "not delivered"
    try:
        for fifth in range(5):
            if fifth == 2:
                state = deliver(load_key, newest + timedelta(days=28))
            taken = watch(master, seconds / 5)
            samples.append(tuple(map(median, zip(*taken, strict=True))))
            print(f"fifth {fifth + 1}: {samples[-1][0]:,.0f} MiB, {samples[-1][1]:,.0f} descriptors", flush=True)
    finally:
        has_ended.set()
        for thread in threads:
            thread.join()
    for kind in kinds.values():
        p99 = quantiles(kind.seconds, n=100)[-1] if len(kind.seconds) > 1 else 0
        print(
            f"{kind.name}: {len(kind.seconds):,} answers, {len(kind.failed)} failed {sorted(set(kind.failed))}, "
            f"{median(kind.seconds) * 1000:,.0f} ms, p99 {p99 * 1000:,.0f} ms"
        )
    print(f"the delivery: {state}")
    grew = [last / then > GROWTH for then, last in zip(samples[2], samples[4], strict=True)]
    return any(grew) or state != "done" or any(kind.failed for kind in kinds.values())


def signed_in(headers: dict[str, str], password: str) -> Client:
    client = Client(headers.copy())
    client.sign_in("rh", password)
    return client


def loop(kind: Kind, client: Client, path: Callable[[], str], pause: float, body: str | None = None) -> Callable:
    """A client's loop: one request after the other, with a pause in seconds between them."""
    method = "POST" if kind.name in ("by-id", "batch") else "GET"

    def run_until(has_ended: threading.Event) -> None:
        while not has_ended.wait(pause):
            started = time.perf_counter()
            status, _told = client.ask(method, path(), body)
            kind.seconds.append(time.perf_counter() - started)
            if status != 200:
                kind.failed.append(status)

    return run_until


def watch(master: int, seconds: float) -> Sequence[tuple[float, float]]:
    """Memory in MiB and open descriptors of the server's processes together, every two seconds."""
    taken, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        processes = [master, *children(master)]
        descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes)
        taken.append((sum(map(memory, processes)), float(descriptors)))
        time.sleep(2)
    return taken


def deliver(key: str, day: date) -> str:
    """Deliver the demo's extracts as those of a later day; returns the state in which that ended."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="as_of"\r\n\r\n{day}\r\n'.encode()]
    for extract in ("sirh", "eval", "sondage"):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{extract}"; filename="{extract}.csv"\r\n\r\n'
        parts += [head.encode(), (DEMO / f"extrait_{extract}.csv").read_bytes(), b"\r\n"]
    parts.append(f"--{BOUNDARY}--\r\n".encode())
    client = Client({"X-API-Key": key})
    form = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    status, told = client.ask("POST", "/extracts/", b"".join(parts), **form)
    if status != 202:
        return f"{status} {told[:200]!r}"
    state, link = "", json.loads(told)["link"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and state not in ("done", "asking", "ready", "refused", "failed", "expired"):
        time.sleep(1)
        with suppress(KeyError):
            state = json.loads(client.ask("GET", link)[1])["state"]
    return state


if __name__ == "__main__":
    main()
