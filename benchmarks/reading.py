"""How long an extract takes to be read, and how much memory, with the frame that comes of it.

    python benchmarks/reading.py [PEOPLE ...]

The demo's extracts are repeated under new numbers until they hold so many people (147,000 and 1,000,000 unless others
are given), written to a file, and read in a process of their own, once as CSV and, up to 147,000, as XLSX.
"""

import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
LARGEST_WORKBOOK = 147_000  # people
KEYS = {"sirh": ("id_employee", "{}"), "eval": ("eval_number", "E_{}"), "sondage": ("code_sondage", "{:06}")}


def main(counts: list[int]) -> None:
    print(f"{'people':>9} {'extract':8} {'file':5} {'seconds':>8} {'MiB':>6} {'B a person':>10}")
    for people in counts:
        for extract in KEYS:
            rows = list(repeated(extract, people))
            for write in (write_csv, write_workbook):
                if write is write_csv or people <= LARGEST_WORKBOOK:
                    with tempfile.TemporaryDirectory() as folder:
                        path = write(Path(folder), rows)
                        command = [sys.executable, __file__, "--read", str(path)]
                        seconds, mebibytes = map(float, subprocess.check_output(command, text=True).split())
                    each = mebibytes * 2**20 / people
                    print(f"{people:>9,} {extract:8} {path.suffix:5} {seconds:>8.1f} {mebibytes:>6.0f} {each:>10.0f}")


def repeated(extract: str, people: int):
    """The lines of the demo's extract, header first, with the numbers from 1 on."""
    text = (ROOT / "employees" / "demo" / f"extrait_{extract}.csv").read_text(encoding="utf-8")
    header, *lines = [line.split(",") for line in text.splitlines()]
    title, number = KEYS[extract]
    place = header.index(title)
    yield header
    for count, line in enumerate(islice(cycle(lines), people), 1):
        yield [*line[:place], number.format(count), *line[place + 1 :]]


def write_csv(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "extract.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    return path


def write_workbook(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "extract.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": True}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
    return path


def read(path: str) -> None:
    """Read one file, and print the seconds and the MiB that it took."""
    sys.path.insert(0, str(ROOT))
    from employees.extracts import read_extract

    before = peak()
    start = time.process_time()
    read_extract(path)
    seconds = time.process_time() - start
    print(seconds, (peak() - before) / 1024)


def peak() -> int:
    """The most memory that this process has held, in KiB; ``getrusage`` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2])
    else:
        main([int(count) for count in sys.argv[1:]] or [147_000, 1_000_000])
