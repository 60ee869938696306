"""How long predictions by number take while somebody guesses passwords.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/sign_in.py [--seconds 60] [--rounds 3]

wrk asks for predictions over eight connections: calm, then while eight clients post invented names to the login page
without a pause, from one address, then from a new address each time. Prints the median and the 99th percentile of the
predictions, the median over the rounds of their ratio to the calm turn before, and how many guesses got which status.
Under guesses from one address the ratio may be 3. The limits of an address and of an account count in minutes.
"""

import argparse
import http.client
import json
import os
import random
import re
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import psycopg
from api import ADDRESS, CONNECTIONS, HERE, WrkRun, create_key, median_of, serve
from pipeline import run, scratch_database

GUESSERS = 8
FORM = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="of one turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["TRUSTED_PROXIES"] = "1"  # so that X-Forwarded-For says who guesses
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["collectstatic", "--noinput"], url)  # which pages name
        run(["init_technova", "--demo"], url)
        key, ids = create_key(url), Path(name, "ids")
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT employee_id FROM employees_employee ORDER BY 1")
            ids.write_text("\n".join(str(number) for (number,) in rows))
        with serve(url, Path(name)):
            measure(options, key, ids)


def measure(options: argparse.Namespace, key: str, ids: Path) -> None:
    turns = {"calm": [], "one address": [], "many": []}
    answers = {place: Counter() for place in turns}
    for _ in range(options.rounds):
        for place, loads in turns.items():
            with guessing(place, answers[place]):
                loads.append(predict(options.seconds, key, ids))
    for place, loads in turns.items():
        p50, p99 = median_of(loads, "p50"), median_of(loads, "p99")
        ratio = median(load.p50 / calm.p50 for load, calm in zip(loads, turns["calm"], strict=True))
        guesses = ", ".join(f"{count:,} of {status}" for status, count in sorted(answers[place].items())) or "none"
        print(f"{place:<12} p50 {p50:>7,.1f} ms   p99 {p99:>8,.1f} ms   ratio {ratio:.1f}   guesses: {guesses}")


def predict(seconds: int, key: str, ids: Path) -> WrkRun:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s", "-s", str(HERE / "calls.lua")]
    output = subprocess.check_output([*command, f"http://{ADDRESS}/predict/by-id/", "--", key, str(ids)])
    load = WrkRun(**json.loads(output.splitlines()[-1]))
    assert not load.failed, load
    return load


@contextmanager
def guessing(place: str, answers: Counter) -> Iterator[None]:
    has_ended = threading.Event()
    guessers = [threading.Thread(target=guess, args=(place, answers, has_ended)) for _ in range(GUESSERS)]
    for guesser in guessers if place != "calm" else ():
        guesser.start()
    yield
    has_ended.set()
    for guesser in guessers if place != "calm" else ():
        guesser.join()


def guess(place: str, answers: Counter, has_ended: threading.Event) -> None:
    """Names that no account has, over one kept connection, with the form's token as a browser sends it."""
    connection = http.client.HTTPConnection(ADDRESS, timeout=120)
    connection.request("GET", "/login/")
    page = connection.getresponse()
    token, cookie = FORM.search(page.read().decode())[1], page.getheader("Set-Cookie").partition(";")[0]
    while not has_ended.is_set():
        fields = {"csrfmiddlewaretoken": token, "username": f"name{random.random()}", "password": "guessed"}
        address = "192.0.2.1" if place == "one address" else f"198.18.{random.randrange(256)}.{random.randrange(256)}"
        headers = {"Cookie": cookie, "X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login/", urlencode(fields), headers)
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] += 1


if __name__ == "__main__":
    main()
