"""The base of the project's commands: one line for a foreseeable failure, progress, counts that add up."""

import getpass
import logging
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import TextIOWrapper
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from psycopg_pool import PoolTimeout
from tqdm import tqdm

from technova.database.locks import Busy
from technova.database.trouble import Trouble, sqlstate_of, trouble_of

# Called by services while they work: step, done, total.
Progress = Callable[[str, int, int], None]


def days(text: str) -> timedelta:
    """The type of an argument in days, up to a century."""
    number = int(text)
    if not 0 <= number <= 36_500:
        raise ArgumentTypeError(f"{text} is not a number of days between 0 and 36,500")
    return timedelta(days=number)


def day(text: str) -> date:
    """A day on the command line, as 2026-10-31. Raises ``CommandError``."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is no day: write it as 2026-10-31.") from error


def system_account() -> str:
    """The system's account that runs this process: the author of what a command does."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a uid without an account
        return f"uid {os.getuid()}"


class TechnovaCommand(BaseCommand):
    """A command that fails with one line and a non-zero exit code, and shows its progress.

    A subclass names in ``expected_errors`` the exceptions of its domain whose message is meant for the person
    at the terminal; any other exception is a defect and keeps its traceback.
    """

    expected_errors: tuple[type[Exception], ...] = ()
    # System checks are for `manage.py check`: the commands that need a model report its faults themselves.
    requires_system_checks = ()

    def create_parser(self, prog_name, subcommand, **kwargs):
        parser: Any = super().create_parser(prog_name, subcommand, **kwargs)  # one of its methods is replaced
        parser.print_usage = lambda file=None: None  # a wrong argument is one line; --help has the rest
        return parser

    def run_from_argv(self, argv):
        if sys.stdout is None:
            sys.exit("The standard output is closed: there is nowhere to say what was done.")
        if isinstance(sys.stdout, TextIOWrapper):  # not a caller's replacement
            sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold what it cannot encode
        try:
            super().run_from_argv(argv)
        finally:
            _discard_what_cannot_be_written()

    def execute(self, *args, **options):
        self._bar: tqdm | None = None
        foreseeable: tuple[type[Exception], ...] = (Busy, *self.expected_errors)
        try:
            output = super().execute(*args, **options)
            self.stdout.flush()
            return output
        except foreseeable as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(explain(error)) from error
        except OSError as error:
            if error.strerror is None:
                raise
            where = error.filename or "A file or the standard output"
            raise CommandError(f"{where}: {error.strerror}") from error
        finally:
            self._close_bar()

    def progress(self, step: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done: a bar on a terminal, one line when the step ends elsewhere."""
        if self.stderr.isatty():
            if self._bar is None or self._bar.desc != step:
                self._close_bar()
                self._bar = tqdm(desc=step, total=total, file=self.stderr._out, unit_scale=True, leave=False)
            self._bar.update(done - self._bar.n)
        elif total and done >= total:
            self.stdout.write(f"{step}: {done:,}")

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def print_counts(self, what: str, total: int, **parts: int) -> None:
        """One line: ``1,470 rows read = 3 loaded + 1,467 unchanged + 0 rejected``. The parts must add up."""
        if total != sum(parts.values()):
            raise ValueError(f"{what}: {total} is not the sum of {parts}")
        self._close_bar()
        shares = " + ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items())
        self.stdout.write(f"{total:,} {what} = {shares}")


def _discard_what_cannot_be_written() -> None:
    """Prevent the BrokenPipe traceback that Python prints at shutdown."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def database_in_one_line() -> Iterator[None]:
    """Fail one of Django's commands with the project's one line for an unusable database.

    Any other database error is a defect, perhaps of a migration, and keeps its traceback.
    """
    # The pool logs each attempt to connect, even after the last line, which reports it once.
    logging.getLogger("psycopg.pool").addFilter(lambda record: False)
    try:
        yield
    except DatabaseError as error:
        if trouble_of(error) is None and not is_unmigrated(error):
            raise
        sys.exit(explain(error))


def explain(error: DatabaseError) -> str:
    """One line for the person who ran a command: what is wrong with the database and what to do."""
    message = " ".join(str(error).split())
    if is_unmigrated(error):
        return f"The database lacks a table or a column of this version: run `manage.py migrate` first. ({message})"
    if isinstance(error.__cause__, PoolTimeout):
        return f"The database {describe_database()} cannot be reached: {why_no_connection()}"
    trouble = trouble_of(error)
    if trouble is Trouble.READ_ONLY:
        return f"The database {describe_database()} takes no writes: it is a standby, or read-only."
    if trouble is not None:
        return f"The database {describe_database()} {trouble.value}: {message}"
    return f"The database refused the work, and nothing was written: {message}"


def why_no_connection() -> str:
    """The error of one more attempt to connect; the pool only reports its timeout."""
    try:
        psycopg.connect(**connection.get_connection_params()).close()
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return "it was too busy, try again"


def is_unmigrated(error: DatabaseError) -> bool:
    """Whether the error is a missing table or column."""
    undefined_table, undefined_column = "42P01", "42703"
    return sqlstate_of(error) in (undefined_table, undefined_column) or str(error).startswith(
        ("no such table", "no such column")
    )


def describe_database() -> str:
    """The database's address, without its password."""
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(options["NAME"])
    return f"{options['NAME']} at {options['HOST'] or 'localhost'}:{options['PORT'] or 5432}"
