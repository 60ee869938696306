"""What a worker of the server holds once it has predicted and shown every page.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/memory.py

gunicorn serves the demo from a scratch database: two workers, as in production. wrk asks both for predictions by
number, then HR opens each page so often that both have shown it. Printed: the resident MiB of each worker after each
step, of which a part is shared with the other. Exits with 1 when one holds more than its limit.
"""

import argparse
import os
import re
import sys
import tempfile
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import psycopg
from api import ADDRESS, Bench, create_key, serve
from pages import PAGES
from pipeline import run, scratch_database

PASSWORD = "benchmark-0123456789"
TIMES = 12  # that a page is opened: that one worker shows it never has a chance of one in two thousand
MIB = 140


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    os.environ["DEMO_PASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["collectstatic", "--verbosity=0", "--no-input"], url)
        run(["init_technova", "--demo"], url)
        ids = Path(name, "ids")
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT employee_id FROM employees_employee WHERE presence = 'present'")
            ids.write_text("\n".join(str(number) for (number,) in rows))
        with serve(url, Path(name)) as master:
            bench = Bench(url, create_key(url), master, Path(name), seconds=4)
            show("started", bench)
            bench.call("/predict/by-id/", ids)
            show("by-id", bench)
            session = signed_in()
            for _name, address in PAGES:
                for _time in range(TIMES):
                    session.open(f"http://{ADDRESS}{re.sub('middle|last', '2', address)}").read()
            show("every page", bench)
            sys.exit(max(bench.memory()) > MIB)


def show(step: str, bench: Bench) -> None:
    print(f"{step:<12}{', '.join(f'{size:.0f}' for size in bench.memory())} MiB", flush=True)


def signed_in() -> urllib.request.OpenerDirector:
    """The session of HR's account of the demo."""
    session = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address = f"http://{ADDRESS}/login/"
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', session.open(address).read())[1].decode()
    form = {"username": "rh", "password": PASSWORD, "csrfmiddlewaretoken": token}
    request = urllib.request.Request(address, urllib.parse.urlencode(form).encode(), {"Referer": address})
    if session.open(request).url == address:
        sys.exit("HR could not sign in")
    return session


if __name__ == "__main__":
    main()
