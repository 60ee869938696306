"""How many predictions a second the API gives, how long each takes, and in how much memory.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/api.py [--rounds 10] [--beside URL]

gunicorn serves the 1,470 employees of the demo from a scratch database on PostgreSQL, as in production: two processes
of four threads, keep-alive. wrk calls it from one thread over eight connections. By-id and its floor (see floor.py)
take turns, so that both meet the same machine, and each turn opens new connections: where one process took nearly all
of them, the other core would idle. URL is another server of the contract, as the replaced system, which takes its turn
too; it knows employees from 1 on. Every 200 must leave exactly one row in the log for each prediction.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from pipeline import ROOT, environment, python_of, run, scratch_database

HERE = Path(__file__).resolve().parent
ADDRESS = f"127.0.0.1:{os.environ.get('PORT', 8732)}"
TOKEN = "benchmark"
GUNICORN = Path(sys.executable).with_name("gunicorn")  # one that is started by -m cannot start another
CONNECTIONS = 8
BATCH = 1_000


@dataclass
class WrkRun:
    """One run of wrk: answers with status 200, those without, and milliseconds of waiting and of processor time."""

    requests: int
    failed: int
    seconds: float
    p50: float
    p99: float
    answers: Sequence[int] = ()  # of each of wrk's threads
    server_ms: float = 0.0  # of the workers, for each answer
    database_ms: float = 0.0  # of their connections' processes, for each answer, when they are on this machine
    busiest: float = 0.0  # what part of the workers' processor time the busiest of them used

    @property
    def rate(self) -> float:
        return (self.requests - self.failed) / self.seconds

    @property
    def computed_ms(self) -> float:
        return self.server_ms + self.database_ms


@dataclass
class Bench:
    """A server under test with its database and the files that wrk reads."""

    url: str
    key: str
    master: int
    directory: Path
    seconds: int

    def call(self, path: str, *arguments: object, connections: int = CONNECTIONS) -> WrkRun:
        """Drive one address, and check that the server's 200s are wrk's and the rows of the log."""
        counted, logged, workers, backends = self.answered(), self.logged(), self.workers(), self.backends()
        server, database = [processor_ms([worker]) for worker in workers], processor_ms(backends)
        load = drive(f"http://{ADDRESS}{path}", self.key, *arguments, connections=connections, seconds=self.seconds)
        each = BATCH if "batch" in path else 1
        self.wait_for_the_last_answers()
        counted, logged = self.answered() - counted, self.logged() - logged
        spent = [processor_ms([worker]) - before for worker, before in zip(workers, server, strict=True)]
        load.server_ms, load.busiest = sum(spent) / counted, max(spent) / sum(spent)
        load.database_ms = (processor_ms(backends) - database) / counted
        if load.failed or logged != counted * each or not 0 <= counted - load.requests <= connections:
            sys.exit(f"{path}: {load}, but {counted} answers by the server and {logged} rows in the log")
        return load

    def wait_for_the_last_answers(self) -> None:
        """wrk leaves without them: wait until the log has not grown for two seconds."""
        before = -1
        while before != (before := self.logged()):
            time.sleep(2)

    def answered(self) -> int:
        """Answers to POST with status 200 since the server started, by its own count."""
        text = read_metrics()
        return sum(int(float(n)) for n in re.findall(r'_requests_total{method="POST".*status="200"} (\S+)', text))

    def logged(self) -> int:
        with psycopg.connect(self.url) as connection:
            return connection.execute("SELECT count(*) FROM predictions_prediction").fetchone()[0]

    def workers(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()]

    def backends(self) -> list[int]:
        """The processes of the database that serve the workers' connections, all of which are open by then."""
        with psycopg.connect(self.url) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            return [row[0] for row in connection.execute(query)]

    def memory(self) -> list[float]:
        """Resident MiB of each worker."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers()]
        return [count * os.sysconf("SC_PAGE_SIZE") / 2**20 for count in pages]


@dataclass
class OtherServer:
    """Another server of the contract, measured beside this one: its address, key and how many people it knows."""

    url: str
    key: str
    people: int

    def call(self, directory: Path, seconds: int) -> WrkRun:
        ids = directory / "ids of the other"
        ids.write_text("\n".join(map(str, range(1, self.people + 1))))
        load = drive(f"{self.url}/predict/by-id/", self.key, ids, connections=CONNECTIONS, seconds=seconds)
        if load.failed:
            sys.exit(f"{self.url}: {load.failed} of {load.requests} calls were not answered with 200")
        return load


def drive(url: str, key: str, *arguments: object, connections: int, seconds: int) -> WrkRun:
    """One run of wrk from one thread."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "calls.lua")]
    output = subprocess.check_output(["wrk", *options, url, "--", key, *map(str, arguments)])
    return WrkRun(**json.loads(output.splitlines()[-1]))


def processor_ms(pids: Iterable[int]) -> float:
    """Milliseconds of processor time that these processes have used; those on another machine count for nothing."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4, help="how long each run of wrk takes")
    parser.add_argument("--rounds", type=int, default=10, help="how often by-id and its floor take turns")
    parser.add_argument("--beside", metavar="URL", help="another server of the contract, to take turns with")
    parser.add_argument("--beside-key", default="", help="its key")
    parser.add_argument("--beside-people", type=int, default=1_470, help="its employees, numbered from 1")
    options = parser.parse_args()
    other = OtherServer(options.beside, options.beside_key, options.beside_people) if options.beside else None
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL must name a PostgreSQL server")
    if shutil.which("wrk") is None:
        parser.error("wrk is not installed; on Debian: apt install wrk")
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["init_technova", "--demo"], url)
        with serve(url, Path(name)) as master:
            measure(Bench(url, create_key(url), master, Path(name), options.seconds), options.rounds, other)


def measure(bench: Bench, rounds: int, other: OtherServer | None = None) -> None:
    with psycopg.connect(bench.url) as connection:
        numbers = [row[0] for row in connection.execute("SELECT employee_id FROM employees_employee ORDER BY 1")]
    ids, body = bench.directory / "ids", bench.directory / "body"
    ids.write_text("\n".join(map(str, numbers)))
    body.write_text(json.dumps({"employee_ids": numbers[:BATCH]}))
    by_id, floor, others = [], [], []
    for _ in range(rounds):
        floor.append(bench.call("/floor/", ids))
        by_id.append(bench.call("/predict/by-id/", ids))
        others += [other.call(bench.directory, bench.seconds)] if other else []
    show("by-id", by_id)
    show("floor", floor)
    rates = median_of(by_id, "rate") / median_of(floor, "rate")
    computed = median_of(floor, "computed_ms") / median_of(by_id, "computed_ms")
    print(f"ratio      {rates:>9.2f} of the rates, {computed:.2f} of the processor times")
    if others:
        best = max(load.rate for load in others)
        print(f"the other  {median_of(others, 'rate'):>9,.0f} requests/s, at best {best:,.0f}")
        print(f"           {', '.join(f'{load.rate:,.0f}' for load in others)}")
        print(f"ratio      {median_of(by_id, 'rate') / best:>9.2f} of by-id's median to its best")
    batch = bench.call("/predict/batch", "body", body, connections=2)
    print(f"batch      {batch.rate * BATCH:>9,.0f} employees/s   p50 {batch.p50:.0f} ms for {BATCH:,}")
    print(f"memory     {', '.join(f'{size:.0f}' for size in bench.memory())} MiB a worker")


def show(name: str, loads: Sequence[WrkRun]) -> None:
    """The medians of the rounds, and of each its rate and how much of the work the busiest process did."""
    rate, p50, p99 = (median_of(loads, field) for field in ("rate", "p50", "p99"))
    server, database = median_of(loads, "server_ms"), median_of(loads, "database_ms")
    print(f"{name:<10} {rate:>9,.0f} requests/s   p50 {p50:.1f} ms   p99 {p99:.1f} ms")
    print(f"{'':<10} {', '.join(f'{load.rate:,.0f} ({load.busiest:.0%})' for load in loads)}")
    print(f"{'':<10} {server:>9.2f} ms of processor time for each in the server, {database:.2f} ms in the database")


def median_of(loads: Sequence[WrkRun], field: str) -> float:
    return median(getattr(load, field) for load in loads)


def create_key(url: str, tree: Path = ROOT) -> str:
    command = [python_of(tree), str(tree / "manage.py"), "create_api_key", "benchmark"]
    output = subprocess.check_output(command, env=environment(url), text=True)
    return re.search(r"\w{8}\.\w{32}", output)[0]


@contextmanager
def serve(url: str, directory: Path, *, tree: Path = ROOT) -> Iterator[int]:
    """gunicorn with the application and the floor, of this checkout or another; gives the process id of its master.

    ``directory`` gets its log and the file with that id, which another server may take over.
    """
    host, port = ADDRESS.split(":")
    limits = {"API_KEY_RATE": "1000000000", "METRICS_TOKEN": TOKEN, "WEB_CONCURRENCY": "2"}
    paths = {"HOST": host, "PORT": port, "PYTHONPATH": f"{tree}:{tree / 'benchmarks'}"}
    command = [GUNICORN, "--config", "python:technova.gunicorn", "--pid", str(directory / "pid"), "floor"]
    with (directory / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tree, env=environment(url) | limits | paths, stdout=log, stderr=log)
    try:
        wait_for_both(server, directory / "log")
        yield server.pid
    finally:
        with suppress(FileNotFoundError):
            os.kill(int((directory / "pid").read_text()), signal.SIGTERM)
        server.wait()
        while (directory / "pid").exists():
            time.sleep(0.1)


def wait_for_both(server: subprocess.Popen, log: Path) -> None:
    """Until each of the two processes has loaded the model."""
    for _ in range(600):
        time.sleep(0.1)
        if server.poll() is not None:
            sys.exit(log.read_text())
        with suppress(OSError):
            if re.search(r"_model_processes{.*} 2\.0", read_metrics()):
                return
    sys.exit("The server did not start within a minute.")


def read_metrics() -> str:
    request = urllib.request.Request(f"http://{ADDRESS}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


if __name__ == "__main__":
    main()
