from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from django.core.management.base import CommandError

from employees.columns import JOINED
from employees.extracts import ExtractError, Reject
from employees.services import LoadResult, load_extracts, write_rejects
from technova.commands import TechnovaCommand
from technova.files.private import tighten

DEMO = Path(__file__).resolve().parents[2] / "demo"
FEW = 5  # rejects shown on the terminal


class Command(TechnovaCommand):
    help = (
        "Load the three HR extracts into the raw tables, all or nothing. The files are joined by employee number; "
        "loading the same files again changes nothing. Rows that break a rule are rejected and the others are loaded."
    )
    expected_errors = (ExtractError,)

    def add_arguments(self, parser):
        parser.add_argument("--demo", action="store_true", help="load the 1,470 fictional employees shipped here")
        for extract in JOINED:
            parser.add_argument(f"--{extract}", metavar="FILE", help=f"the {extract} extract (CSV)")
        parser.add_argument(
            "--dry-run", action="store_true", help="do all the work, print what would change, roll back"
        )
        parser.add_argument("--rejects", metavar="FILE", help="write the rejected values to this CSV file")
        parser.add_argument("--strict", action="store_true", help="refuse the whole load if any row is rejected")

    def handle(self, *, demo, dry_run, rejects, strict, **options):
        sources = self._sources(demo, {extract.value: options[extract] for extract in JOINED})
        self._spare(rejects, sources)
        if rejects:
            with self._open(rejects, "a"):
                pass  # or a load would be done, to find out at its end that its rejects have no place

        def tell(result: LoadResult) -> None:
            self._report(result.rejects, rejects)
            self._print(result)
            self.stdout.flush()

        try:
            load_extracts(**sources, strict=strict, dry_run=dry_run, progress=self.progress, tell=tell)
        except ExtractError as error:
            self._report(error.rejects, rejects)
            raise

    def _sources(self, demo: bool, files: dict[str, str | None]) -> dict[str, Path]:
        missing = [f"--{extract}" for extract, file in files.items() if not file]
        if demo:
            if len(missing) < len(files):
                raise CommandError("--demo takes no other file: give --demo alone or the three files.")
            return {extract: DEMO / f"extrait_{extract}.csv" for extract in files}
        if missing:
            raise CommandError(f"Missing {', '.join(missing)}: give the three files together, or --demo.")
        return {extract: Path(file) for extract, file in files.items() if file}

    def _spare(self, rejects: str | None, sources: dict[str, Path]) -> None:
        """Refuse to write the report over one of the extracts."""
        for source in sources.values():
            if rejects and Path(rejects).exists() and source.exists() and Path(rejects).samefile(source):
                raise CommandError(f"--rejects {rejects} is one of the extracts: name another file.")

    def _report(self, rejects: Sequence[Reject], file: str | None) -> None:
        if file:
            with self._open(file, "w") as report:
                write_rejects(rejects, report)
        for reject in rejects[:FEW]:
            value = reject.value[:60]
            what = reject.column or "the row"
            self.stdout.write(f"{reject.file} line {reject.line}: {what} {value!r} is not {reject.rule}")
        if len(rejects) > FEW:
            where = f"all {len(rejects):,} are in {file}" if file else "--rejects FILE writes them all"
            self.stdout.write(f"… {len(rejects) - FEW:,} more rejects; {where}")

    @contextmanager
    def _open(self, file: str, mode: Literal["w", "a"]) -> Iterator[TextIO]:
        try:
            # A file may have a name that is no text.
            with Path(file).open(mode, newline="", encoding="utf-8", errors="backslashreplace") as report:
                if Path(file).is_file():
                    tighten([file])  # it may have been there before
                yield report
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error

    def _print(self, result: LoadResult) -> None:
        for report in result.reports.values():
            self.stdout.write(f"{report.name}: {report.rows:,} rows ({report.encoding}, {report.delimiter})")
            if report.ignored:
                self.stdout.write(f"{report.name}: ignored columns {', '.join(report.ignored)}")
        added = ", ".join(f"{count:,} {name}" for name, count in result.rows.items())
        self.stdout.write(f"Rows added: {added}")
        if result.absent:
            self.stdout.write(
                f"{result.absent:,} known employees have no accepted row in these files and stay as they are"
            )
        if result.unnumbered:
            self.stdout.write(f"Rejected rows whose employee number cannot be read for certain: {result.unnumbered:,}")
        self.print_counts(
            "employees read",
            result.read,
            loaded=result.loaded,
            unchanged=result.unchanged,
            rejected=result.rejected,
        )
        self.stdout.write(f"({result.new:,} new, {result.changed:,} changed)")
        if result.is_dry_run:
            self.stdout.write("Dry run: nothing was kept.")
