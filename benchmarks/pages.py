"""How long the server takes for each page, with how many queries and bytes, as HR and as managers see it.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/pages.py [--copies 1 100]

The demo is repeated under new employee numbers (100 copies: 147,000 employees), loaded and scored twice in a scratch
database that is dropped at the end, with a directory in which eight people report to each manager. The managers are one
of a department, one of the largest team of 5,000 people at most, and one of the largest of all, who has no limit. Each
page is then asked for several times in this process, middleware, session and template included, the network left out:
the median is printed, and the best, which other work on the machine disturbs least. Exits with 1 when a page's median
is over its limit.
"""

import argparse
import csv
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline import ROOT, repeat_demo, scratch_database
from pipeline import run as run_command

QUERIES = 12
MILLISECONDS = {1: 200, 100: 400, 680: 1_000}  # by copies
FIRST_VIEW = 350_000  # bytes, the page and everything that it loads
REPEATS = 7
REPORTS = 8  # to one manager
DEPARTMENTS, JOBS, KEPT = 300, 2_000, 3  # with --words
PAGES = (
    ("overview", "/"),
    ("risk list", "/employees/"),
    ("a department", "/employees/?department=Consulting"),
    ("four filters", "/employees/?department=Commercial&job=Cadre+Commercial&band=over&reason=heures_supplementaires"),
    ("a number", "/employees/?number=1"),
    ("by job, 100 a page", "/employees/?sort=job&size=100"),
    ("middle page", "/employees/?page=middle"),
    ("last page", "/employees/?page=last"),
    ("largest rise first", "/employees/?sort=-change"),
    ("newly over", "/employees/?change=newly-over"),
    ("side by side", "/employees/compare/?id=1&id=2&id=4"),
    ("one person", "/employees/1/"),
    ("one in the list", "/employees/2/"),
    ("one in it by job", "/employees/2/?sort=job"),
    ("one in it by change", "/employees/2/?sort=-change"),
    ("teams", "/teams/"),
    ("teams by manager", "/teams/?rows=team"),
    ("simulate", "/simulate/"),
    ("history", "/history/"),
    ("history of a person", "/history/?employee=1"),
    ("import", "/import/"),
    ("data", "/data/"),
    ("the model", "/model/"),
    ("its effects", "/model/effects/"),
    ("the workforce", "/model/workforce/"),
)
EXPORTS = (("export CSV", "/employees/export.csv"), ("export Excel", "/employees/export.xlsx"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 100], help="of the 1,470 employees of the demo")
    parser.add_argument("--filled", action="store_true", help="measure the database of DATABASE_URL as it is")
    parser.add_argument("--words", action="store_true", help="spread everyone over 300 departments and 2,000 jobs")
    options = parser.parse_args()
    if options.filled:
        sys.exit(measure(max(options.copies)))
    failures = 0
    for copies in options.copies:
        with tempfile.TemporaryDirectory() as directory, scratch_database(Path(directory)) as url:
            fill(url, copies, Path(directory), has_many_words=options.words)
            command = [sys.executable, __file__, "--filled", "--copies", str(copies)]
            failures += subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=False).returncode
    sys.exit(failures > 0)


def fill(url: str, copies: int, directory: Path, *, has_many_words: bool = False) -> None:
    """Load the demo, repeated, and score it twice; what a run leaves is measured, autovacuum or not."""
    files, _count = repeat_demo(copies, directory)
    files["annuaire"] = reporting_lines(files["sirh"], directory / "annuaire.csv")
    if has_many_words:
        spread(files["sirh"])
    load = [
        "seed_from_csv",
        "--as-of=2026-06-30",
        "--new-values=accept",
        *(f"--{extract}={file}" for extract, file in files.items()),
    ]
    for command in (["migrate", "-v0"], load, ["init_technova"], ["score_employees"]):
        run_command(command, url)


def reporting_lines(sirh: Path, file: Path) -> Path:
    """Write a directory of the people of an extract: as many report to each, level by level."""
    with sirh.open(encoding="utf-8", newline="") as lines:
        numbers = [row["id_employee"] for row in csv.DictReader(lines)]
    leaders = ["", *(numbers[(place - 1) // REPORTS] for place in range(1, len(numbers)))]
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("id_employee", "responsable"), *zip(numbers, leaders, strict=True)])
    return file


def spread(file: Path) -> None:
    """Move most people to other departments and jobs; some stay where the pages above look for them."""
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    department, job = header.index("departement"), header.index("poste")
    for place, row in enumerate(rows):
        if place % DEPARTMENTS >= KEPT:
            row[department] = f"Direction {place % DEPARTMENTS:03}"
            row[job] = f"Poste {place % JOBS:04}"
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])


def measure(copies: int) -> int:
    """Print a line for each page of each account; returns how many pages are over a limit."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "technova.settings",
        "SECRET_KEY": "benchmark",
        "ALLOWED_HOSTS": "testserver",
        "HTTPS": "False",
        "LOG_LEVEL": "ERROR",
    }
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.db import connection, transaction
    from django.db.models import F
    from django.test import Client
    from django.test.utils import setup_test_environment

    from employees.models import Employee, TeamAccess

    setup_test_environment()
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    logging.disable(logging.WARNING)
    print(f"\n{Employee.objects.count():,} employees on {connection.vendor}")
    print(f"{'page':<24}{'account':<10}{'queries':>8}{'ms':>8}{'best':>8}{'kB':>8}{'first view kB':>15}")
    failures = 0
    with transaction.atomic():  # the accounts of the benchmark are not left behind
        present = Employee.objects.present().annotate(people=F("line__last") - F("line__position"))
        leaders = [present.filter(people__lte=most).latest("people") for most in (5_000, 10**9)]
        of_accounts = (("HR", None), ("manager", None), *zip(("team", "top"), leaders, strict=True))
        print("people in the teams:", *(f"{leader.people:,}" for leader in leaders))
        for account, leader in of_accounts:
            user = get_user_model().objects.create_user(f"benchmark {account}")
            user.groups.add(Group.objects.get(name="RH" if account == "HR" else "Manager"))
            if account == "manager":
                user.department_accesses.create(departement="Consulting")
            if leader:
                TeamAccess.objects.create(user=user, employee=leader)
            client = Client(headers={"Accept-Language": "fr"})
            client.force_login(user)
            client.get("/ready")  # as each process of the server warms up (technova/gunicorn.py)
            for page in PAGES:
                failures += show_page(client, account, *page, MILLISECONDS.get(copies) if account != "top" else None)
            for page in EXPORTS:
                show_export(client, account, *page)
        transaction.set_rollback(True)
    return failures


def show_page(client, account: str, name: str, address: str, limit: int | None) -> bool:
    """Ask for a page, print what it took and say whether that is over a limit; of an absent page, its status."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    name_of_page = address.partition("page=")[2]
    if name_of_page in ("middle", "last"):
        pages = client.get("/employees/").context["page"].paginator.num_pages
        address = address.replace(name_of_page, str(pages if name_of_page == "last" else pages // 2))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(address)
    count = len(queries)
    if response.status_code != 200:
        print(f"{name:<24}{account:<10}{response.status_code:>8}")
        return False
    times = []
    for _repeat in range(REPEATS):
        started = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - started) * 1000)
    milliseconds, size = statistics.median(times), len(response.content)
    first_view = size + sum(
        size_of(path) for path in set(re.findall(rb'(?:href|src)="/static/([^"]+)"', response.content))
    )
    is_over = count > QUERIES or (limit and milliseconds > limit) or first_view > FIRST_VIEW
    print(
        f"{name:<24}{account:<10}{count:>8}{milliseconds:>8.0f}{min(times):>8.0f}{size / 1000:>8.0f}"
        f"{first_view / 1000:>15.0f}{'  over the limit' if is_over else ''}",
        flush=True,
    )
    return bool(is_over)


def show_export(client, account: str, name: str, address: str) -> None:
    """Ask for a file and print how long the whole of it took, and how long its first bytes."""
    started = time.perf_counter()
    response = client.get(address)
    if not response.streaming:  # of so many people it is made in the background
        print(f"{name:<24}{account:<10}{response.status_code:>8}")
        return
    parts = iter(response.streaming_content)
    size, first = len(next(parts)), time.perf_counter()
    size += sum(map(len, parts))
    whole = time.perf_counter()
    print(
        f"{name:<24}{account:<10}{'':>8}{(whole - started) * 1000:>8.0f}{'':>8}{size / 1000:>8.0f}"
        f"  first bytes after {(first - started) * 1000:.0f} ms",
        flush=True,
    )


def size_of(path: bytes) -> int:
    """Bytes of a static file, before compression."""
    from django.contrib.staticfiles import finders

    return Path(finders.find(path.decode())).stat().st_size


if __name__ == "__main__":
    main()
