import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Literal, TextIO

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from employees import terms
from employees.columns import Extract
from employees.demo import last_month_end, months
from employees.extracts import (
    PLAIN,
    Asked,
    ExtractError,
    File,
    FileMapping,
    Question,
    ReadExtract,
    ReadSet,
    Refusal,
    Reject,
    answer,
    causes,
    read_files,
    read_set,
)
from employees.models import SavedMapping
from employees.reject_report import write_rejects
from employees.terms import vocabularies
from employees.terms.changes import learn_all
from employees.vocabularies import NUMBERED
from employees.workforce.as_of import EARLIEST, common_date
from employees.workforce.loading import Implausible, LoadResult, load_extracts
from technova.commands import TechnovaCommand, day
from technova.files.private import tighten

MANY = 50  # causes of rejects, and questions, shown on the terminal
ACCEPT, REJECT = "accept", "reject"
MAY_BE = {
    Asked.HEADER: "is it this column",
    Asked.VALUE: "does it stand for this",
    Asked.FRACTION: "is it a fraction",
    Asked.SCALE: "is it a mark of this scale",
    Asked.UNIT: "is it pay by the year",
    Asked.DECIMAL: "is this the separator of its decimals",
    Asked.DATE: "does the month stand first",
    Asked.ROW: "is it no person",
    Asked.SHEET: "is its sheet the one to read",
}


class Command(TechnovaCommand):
    help = (
        "Loads HR extracts of one day, CSV, XLSX or ODS, one of them or several, all or nothing. The workforce on each "
        "day is what the extracts in force make of it, in whatever order they were loaded; another extract of the same "
        "kind and day replaces the first, and the same rows again change nothing. Prints the number of the load, which "
        "withdraw_load takes back."
    )
    expected_errors = (ExtractError,)

    def add_arguments(self, parser):
        parser.add_argument(
            "files",
            nargs="*",
            metavar="FILE",
            help="extracts recognised by their columns, and so each sheet of a workbook",
        )
        parser.add_argument(
            "--demo", action="store_true", help="load the 1,470 fictional employees shipped here, and a year before"
        )
        for extract in Extract:
            parser.add_argument(f"--{extract}", metavar="FILE", help=f"the {extract} extract")
        parser.add_argument(
            "--mapping", metavar="NAME", help="the saved mapping to read the files by; not needed where there is one"
        )
        parser.add_argument(
            "--as-of",
            metavar="DATE",
            type=day,
            help="the day that the files describe, as 2026-10-31; the one in their names when all agree on it",
        )
        parser.add_argument(
            "--new-values",
            choices=[ACCEPT, REJECT],
            default=REJECT,
            help="what becomes of a word that is not known (a department, a job …): take it for what is proposed, for "
            "good, or reject its cells (default)",
        )
        parser.add_argument(
            "--accept-implausible", action="store_true", help="load what raises an alarm; it is recorded with the load"
        )
        parser.add_argument("--dry-run", action="store_true", help="do all the work, report the changes, keep none")
        parser.add_argument("--rejects", metavar="FILE", help="write the rejected values to this CSV file")
        parser.add_argument("--strict", action="store_true", help="refuse the whole load if any value is rejected")

    def handle(
        self, *, files, demo, as_of, mapping, new_values, accept_implausible, dry_run, rejects, strict, **options
    ):
        named = {extract: Path(options[extract]) for extract in Extract if options[extract]}
        paths = [*map(Path, files), *named.values()]
        every = [File(Path(file)) for file in files] + [File(path, kind=kind) for kind, path in named.items()]
        if demo:
            self._load_demo(every, as_of, dry_run)
            return
        if not every:
            raise CommandError(f"No file: name some, or give {', '.join(f'--{kind}' for kind in Extract)}, or --demo.")
        as_of = as_of or self._day_of(paths)
        if as_of > timezone.localdate():
            raise CommandError(f"{as_of} is still to come: --as-of is the day that the files describe.")
        if as_of < EARLIEST:
            raise CommandError(f"{as_of} is too long ago: --as-of is the day that the files describe.")
        self._spare(rejects, paths)
        if rejects:
            with self._open(rejects, "a"):
                pass  # or a load would be done, to find out at its end that its rejects have no place
        known = self._mapping(mapping)
        with transaction.atomic():  # the words stay as they were when nothing is loaded
            extracts = self._read(every, known)
            if new_values == ACCEPT and self._learn(extracts):
                extracts = self._read(every, known)
            self._report(extracts, rejects, strict)
            self._load(as_of, extracts, accept_implausible, dry_run)
            if dry_run:
                transaction.set_rollback(True)
                terms.forget()

    def _mapping(self, name: str | None) -> FileMapping:
        """The saved mapping of this name, or the only one."""
        saved = {found.name: found for found in SavedMapping.objects.all()}
        if name is None and len(saved) > 1:
            raise CommandError(f"Which mapping reads the files? Add --mapping with one of: {', '.join(saved)}.")
        if name is not None and name not in saved:
            raise CommandError(f"No mapping has the name {name!r}; there are: {', '.join(saved) or 'none'}.")
        found = saved[name] if name is not None else next(iter(saved.values()), None)
        if found:
            self.stdout.write(f"Read by the mapping {found.name!r}")
        return found.mapping if found else PLAIN

    def _read(self, files: Sequence[File], mapping: FileMapping) -> Mapping[Extract, ReadExtract]:
        found = self._read_set(files, mapping)
        self._stop_at_questions(found)
        return found.extracts

    def _read_set(self, files: Sequence[File], mapping: FileMapping) -> ReadSet:
        """Each file as the extract that its option names or, if its columns are those of another one, as that."""
        try:
            return read_set(files, vocabularies=vocabularies(), mapping=mapping, wanted=terms.wanted)
        except ExtractError as error:
            if error.refusal != Refusal.WRONG_EXTRACT:
                raise
        by_columns = [replace(file, kind=None) for file in files]
        found = read_set(by_columns, vocabularies=vocabularies(), mapping=mapping, wanted=terms.wanted)
        for file in files:
            kind = next((kind for kind, read in found.extracts.items() if read.report.name == file.name), file.kind)
            if kind != file.kind:
                self.stdout.write(f"{file.name}: taken as {kind}, by its columns")
        return found

    def _stop_at_questions(self, found: ReadSet) -> None:
        """Print each question that prevents the load, and fail. A title without a proposal is ignored, and reported."""
        asked = [question for question in found.questions if not (question.is_of_words or question.is_correction)]
        asked = [question for question in asked if question.asked != Asked.COLUMN]  # the error is about the whole file
        if found.error is None:
            asked = [question for question in asked if question.asked != Asked.HEADER or question.proposal.value]
        for question in asked:
            self.stdout.write(f"{question.file} line {question.line}: {_open_question(question)}")
        if found.error:
            raise found.error
        if asked:
            raise CommandError(
                "Nothing was loaded: answer the questions above once, on the import page or in the mapping in the "
                "administration, and load again."
            )

    def _learn(self, extracts: Mapping[Extract, ReadExtract]) -> bool:
        """Accept the proposals for the unknown words; return whether there were any."""
        asked = _words(extracts)
        refused = learn_all(asked)
        for question in asked:
            if question not in refused:
                meant = "a new value" if question.proposal.is_new else question.proposal.value
                self.stdout.write(f"{question.column} {question.text!r}: {meant} ({question.count:,} rows)")
        return bool(asked)

    def _load_demo(self, given: Sequence[File], as_of: date | None, dry_run: bool) -> None:
        """Thirteen months, each a load of its own, a line each."""
        if given or dry_run:
            raise CommandError("--demo goes with no file and no --dry-run: give --demo alone or files.")
        every_month = months(as_of or last_month_end(timezone.localdate()))
        for place, month in enumerate(every_month, start=1):
            files = [File(source, kind=kind) for kind, source in month.files.items()]
            extracts = {
                found.extract: found for found in read_files(files, vocabularies=vocabularies(), wanted=terms.wanted)
            }
            load_extracts(as_of=month.as_of, extracts=extracts, tell=self._tell_month)
            self.progress("Loading the demo's months", place, len(every_month))

    def _tell_month(self, result: LoadResult) -> None:
        arrived, left = result.moves.arrived, result.moves.left
        self.stdout.write(f"As of {result.as_of}: {result.present:,} present, {arrived:,} arrived, {left:,} left")

    def _load(
        self, as_of: date, extracts: Mapping[Extract, ReadExtract], accept_implausible: bool, dry_run: bool
    ) -> None:
        try:
            load_extracts(
                as_of=as_of,
                extracts=extracts,
                accept_implausible=accept_implausible,
                dry_run=dry_run,
                progress=self.progress,
                tell=self._tell,
            )
        except Implausible as error:
            for alarm in error.alarms:
                self.stdout.write(f"Implausible: {alarm}")
            raise CommandError("Nothing was loaded: add --accept-implausible if the files are right.") from error

    def _tell(self, result: LoadResult) -> None:
        self._print(result)
        self.stdout.flush()

    def _day_of(self, files: Sequence[Path]) -> date:
        """The day that the files' names hold."""
        if found := common_date(file.name for file in files):
            return found
        raise CommandError("Which day do the files describe? Add --as-of 2026-10-31.")

    def _spare(self, rejects: str | None, files: Sequence[Path]) -> None:
        """Refuse to write the report over one of the extracts."""
        for file in files:
            if rejects and Path(rejects).exists() and file.exists() and Path(rejects).samefile(file):
                raise CommandError(f"--rejects {rejects} is one of the extracts: name another file.")

    def _report(self, extracts: Mapping[Extract, ReadExtract], file: str | None, strict: bool) -> None:
        if file:
            with self._open(file, "w") as report:
                write_rejects(chain.from_iterable(extract.refused for extract in extracts.values()), report)
        self._report_causes([reject for extract in extracts.values() for reject in extract.rejects])
        self._report_questions([question for extract in extracts.values() for question in extract.questions])
        count = sum(extract.refused_count for extract in extracts.values())
        if count:
            where = f"All {count:,} rejects are in {file}." if file else "--rejects FILE writes every reject."
            self.stdout.write(where)
        if strict and count:
            raise CommandError(f"{count:,} values are rejected, and --strict allows none.")

    def _report_causes(self, rejects: Sequence[Reject]) -> None:
        found = causes(rejects)
        for cause in found[:MANY]:
            self.stdout.write(str(cause.sentence))
        if len(found) > MANY:
            self.stdout.write(f"… {len(found) - MANY:,} more causes")

    def _report_questions(self, questions: Sequence[Question]) -> None:
        for question in questions[:MANY]:
            proposed = f"; {_proposed(question)}" if question.asked == Asked.WORD else ""
            self.stdout.write(
                f"{question.file} line {question.line}: {question.header} {question.text!r} is not known "
                f"({question.count:,} rows){proposed}"
            )
        if len(questions) > MANY:
            self.stdout.write(f"… {len(questions) - MANY:,} more that are not known")

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
        self.stdout.write(f"As of {result.as_of}")
        for extract, report in result.reports.items():
            how = ", ".join(filter(None, (report.encoding, report.delimiter)))
            self.stdout.write(f"{report.name}: {report.rows:,} rows ({how})")
            if report.ignored:
                self.stdout.write(f"{report.name}: ignored columns {', '.join(report.ignored)}")
            counts = result.counts[extract]
            people, repeated, lost = counts.people, counts.repeated, counts.lost
            self.print_counts(f"rows of {report.name}", counts.rows, people=people, repeated=repeated, lost=lost)
            if counts.cells or counts.words:
                self.stdout.write(
                    f"{report.name}: {counts.cells:,} cells refused, {counts.words:,} with an unknown word; "
                    "the last known values stay"
                )
            if extract in result.known_already:
                self.stdout.write(f"{report.name}: loaded before, with the same content for this day")
            if extract in result.replaced:
                self.stdout.write(f"{report.name}: replaces what was loaded for this day")
        for alarm in result.alarms:
            self.stdout.write(f"Implausible, {'and' if not result.is_dry_run else 'not'} accepted: {alarm}")
        moves = result.moves
        self.stdout.write(
            f"{result.present:,} present ({result.present_before:,} before): {moves.arrived:,} arrived, "
            f"{moves.left:,} left, {moves.vanished:,} absent without a word, {moves.returned:,} back, "
            f"{moves.moved:,} in another department; {result.changed:,} known people changed"
        )
        if result.is_dry_run:
            self.stdout.write("Dry run: nothing was kept.")
        elif result.load:
            self.stdout.write(
                f"Load {result.load}; take it back with: manage.py withdraw_load {result.load} --reason …"
            )
        else:
            self.stdout.write("Nothing new: everything was loaded before.")


def _open_question(question: Question) -> str:
    """The open question, its proposal, and the entry that a mapping would need."""
    said = answer(PLAIN, question, question.proposal.value).document()
    document = json.dumps({part: value for part, value in said.items() if value}, ensure_ascii=False)
    shown = f"{question.header} {question.text!r}".lstrip()
    if question.asked == Asked.HEADER and not question.proposal.value:
        return f"{shown}: which column is it, if any?"
    return f"{shown}: {MAY_BE[question.asked]}? A mapping says so by {document}"


def _words(extracts: Mapping[Extract, ReadExtract]) -> list[Question]:
    questions = (question for extract in extracts.values() for question in extract.questions)
    return [question for question in questions if question.asked == Asked.WORD]


def _proposed(question: Question) -> str:
    """How to accept a word."""
    if question.column in NUMBERED and question.proposal.is_new:
        return "in the administration, say which known value it spells"
    meant = "it as a new value" if question.proposal.is_new else f"{question.proposal.value!r}"
    return f"--new-values accept takes {meant}"
