"""What it costs to look at a load first, to take one back, and to merge two numbers, beside a load.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python benchmarks/corrections.py [--copies N] [--months 3]

The demo is repeated under new employee numbers (100 copies: 147,000 employees) and loaded and built for some months, in
each of which 1 % get a raise. Then each step runs as a process of its own: the check of an upload of the next month,
that load, taking it back, taking the first month back, and the merge of two numbers, each with the build of the
features after it. Printed for each: seconds, the seconds that the process computed, and its peak resident memory.
"""

import argparse
import subprocess
import tempfile
from datetime import date
from pathlib import Path

from pipeline import ROOT, environment, python_of, repeat_demo, run, scratch_database
from year import raise_some

UPLOAD = """
from datetime import date
from pathlib import Path
from django.contrib.auth.models import User
from django.core.files.base import File
from employees import uploads
files = [File(Path(name).open("rb"), name) for name in {files}]
user, _made = User.objects.get_or_create(username="benchmark")
print(uploads.receive(user=user, as_of=date.fromisoformat("{day}"), files=files).pk)
"""
NEWEST_LOAD = """
from employees.models import Load
print(Load.objects.latest("pk").pk)
"""
MERGE = """
from employees.workforce.answers import merge_numbers
merge_numbers(number=1, into=2, accept_both_listed=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=100, help="how many times the 1,470 employees of the demo")
    parser.add_argument("--months", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_database(Path(name)) as url:
        run(["migrate", "-v0"], url)
        files, count = repeat_demo(options.copies, Path(name))
        print(f"{count:,} employees, {options.months} months")
        print(f"{'step':<28}{'seconds':>9}{'computed':>10}{'peak MiB':>10}", flush=True)
        for month in range(1, options.months + 1):
            raise_some(files["sirh"], month)
            run(load_command(files, month), url)
            run(["build_features"], url)
        raise_some(files["sirh"], options.months + 1)
        day = date(2025, options.months + 1, 1)
        upload = printed_by(UPLOAD.format(files=[*map(str, files.values())], day=day), url)
        show("check of the next month", ["run_import", upload], url)
        show("load", load_command(files, options.months + 1), url)
        show("build", ["build_features"], url)
        newest = printed_by(NEWEST_LOAD, url)  # the check took a number and gave it back
        show("take it back", ["withdraw_load", newest, "--reason=benchmark"], url)
        show("build", ["build_features"], url)
        show("take the first month back", ["withdraw_load", "1", "--reason=benchmark"], url)
        show("build", ["build_features"], url)
        show("merge two numbers", ["shell", "-c", MERGE], url)
        show("build", ["build_features"], url)


def load_command(files: dict[str, Path], month: int) -> list[str]:
    return ["seed_from_csv", f"--as-of={date(2025, month, 1)}", *(f"--{kind}={file}" for kind, file in files.items())]


def printed_by(code: str, url: str) -> str:
    """The last line that some code prints in the application."""
    command = [python_of(ROOT), str(ROOT / "manage.py"), "shell", "-c", code]
    return subprocess.check_output(command, env=environment(url), text=True).split()[-1]


def show(step: str, command: list[str], url: str) -> None:
    cost = run(command, url)
    print(f"{step:<28}{cost.seconds:>9.1f}{cost.computed:>10.1f}{cost.peak:>10,.0f}", flush=True)


if __name__ == "__main__":
    main()
