"""Where the time of a prediction by number goes.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/parts.py [--calls 3000]

One thread calls the application without a web server, over the 1,470 employees of the demo, and the functions that do
the parts are watched. Prints the median microseconds of a whole call and of each part, waiting for the database
included. What is in no part is HTTP, middleware, DRF and the log line.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from statistics import median

from api import create_key
from pipeline import ROOT, environment, run, scratch_database
from turns import post

WARM_UP = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3_000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["init_technova", "--demo"], url)
        os.environ |= environment(url) | {"API_KEY": create_key(url), "API_KEY_RATE": "1000000000"}
        sys.path.append(str(ROOT))
        measure(calls)


def measure(calls: int) -> None:
    with redirect_stderr(Path(os.devnull).open("w")):  # where the log lines of the calls go
        from technova.wsgi import application  # isort: skip - sets Django up

    from django.db import connection

    from employees.models import Employee
    from features import selectors
    from predictions import services
    from predictions.api.renderers import FastJSONRenderer
    from predictions.api.serializers import scores as serializers
    from predictions.keys import services as keys
    from predictions.log import writes
    from predictions.ml.scorer import Model

    parts = {
        "the key, its scopes and its count in this minute": watch(keys, "admit"),
        "the newest features and the employee": watch(selectors, "newest_features"),
        "score and interval": watch(Model, "score_one"),
        "the log row as an object": watch(services, "prediction_of"),
        "the log row stored": watch(writes, "insert"),
        "reasons in the client's language": watch(serializers, "reasons"),
        "JSON": watch(FastJSONRenderer, "render"),
    }
    numbers = list(Employee.objects.values_list("employee_id", flat=True))
    whole = []
    for call in range(WARM_UP + calls):
        started = time.perf_counter()
        post(application, f"/predict/by-id/{numbers[call % len(numbers)]}")
        whole.append(time.perf_counter() - started)
    for part, times in parts.items():
        show(part, times)
    show("all else", [call - sum(spent) for call, *spent in zip(whole, *parts.values(), strict=True)])
    show("a call", whole)
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


def watch(owner: object, name: str) -> list[float]:
    """Seconds that each call of a function took, from now on."""
    original: Callable = getattr(owner, name)
    times = []

    def watched(*arguments, **named):
        started = time.perf_counter()
        answer = original(*arguments, **named)
        times.append(time.perf_counter() - started)
        return answer

    setattr(owner, name, watched)
    return times


def show(part: str, times: list[float]) -> None:
    print(f"{part:<50}{median(times[WARM_UP:]) * 1e6:>8,.0f} µs")


if __name__ == "__main__":
    main()
