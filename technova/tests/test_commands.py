from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, OperationalError, ProgrammingError

import manage
from technova import commands
from technova.commands import TechnovaCommand, describe_database
from technova.database.locks import Busy


class Refused(Exception):
    """An error of the domain."""


class Command(TechnovaCommand):
    expected_errors = (Refused,)

    def __init__(self, work, stderr=None):
        super().__init__(stdout=StringIO(), stderr=stderr or StringIO())
        self.work = work

    def handle(self, **options):
        self.work(self)


class Terminal(StringIO):
    def isatty(self):
        return True


def output_of(work, stderr=None):
    command = Command(work, stderr)
    call_command(command)
    return command.stdout.getvalue()


def failing(error):
    def work(command):
        raise error

    with pytest.raises(CommandError) as caught:
        output_of(work)
    return str(caught.value)


@pytest.mark.parametrize("error", [Refused("the file is empty"), Busy("try again")])
def test_expected_error_is_its_message(error):
    assert failing(error) == str(error)


def test_unexpected_error_keeps_its_traceback():
    def work(command):
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        output_of(work)


def test_file_error_names_the_file():
    assert failing(FileNotFoundError(2, "No such file or directory", "/x/y")) == "/x/y: No such file or directory"


def test_system_error_without_a_file_keeps_its_traceback():
    def work(command):
        raise OSError("a defect")

    with pytest.raises(OSError, match="a defect"):
        output_of(work)


@pytest.mark.parametrize("error", [OperationalError("no such table: x"), OperationalError("no such column: x")])
def test_unmigrated_sqlite_says_what_to_run(error):
    assert "run `manage.py migrate` first" in failing(error)


def of_postgresql(error, sqlstate):
    """An error of Django's as PostgreSQL causes it."""
    error.__cause__ = Exception()
    error.__cause__.sqlstate = sqlstate
    return error


@pytest.mark.parametrize("sqlstate", ["42P01", "42703"])
def test_unmigrated_postgresql_says_what_to_run(sqlstate):
    message = failing(of_postgresql(ProgrammingError('relation "x" does not exist\nLINE 1: SELECT'), sqlstate))
    assert "run `manage.py migrate` first" in message
    assert "\n" not in message


def test_database_that_takes_no_writes_is_named():
    error = of_postgresql(InternalError("cannot execute INSERT in a read-only transaction"), "25006")
    assert failing(error) == f"The database {describe_database()} takes no writes: it is a standby, or read-only."


def test_database_that_does_not_answer_is_named():
    message = failing(OperationalError("connection refused\n\tIs the server running?"))
    assert message == f"The database {describe_database()} does not answer: connection refused Is the server running?"


def test_refused_write_says_that_nothing_was_written():
    assert failing(IntegrityError("CHECK constraint failed")) == (
        "The database refused the work, and nothing was written: CHECK constraint failed"
    )


def test_description_of_a_postgresql_holds_no_password(monkeypatch):
    address = {"NAME": "technova", "USER": "u", "PASSWORD": "hidden", "HOST": "", "PORT": ""}
    monkeypatch.setattr(commands, "connection", SimpleNamespace(vendor="postgresql", settings_dict=address))
    assert describe_database() == "technova at localhost:5432"


def test_description_of_sqlite_is_its_file(monkeypatch):
    address = {"NAME": Path("/x/db.sqlite3")}
    monkeypatch.setattr(commands, "connection", SimpleNamespace(vendor="sqlite", settings_dict=address))
    assert describe_database() == "/x/db.sqlite3"


def raising(error):
    def fail(argv):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyboardInterrupt(), "Interrupted: what was not finished is not kept."),
        (ImproperlyConfigured("SECRET_KEY is not set"), "Settings: SECRET_KEY is not set"),
    ],
)
def test_manage_ends_in_one_line(monkeypatch, error, message):
    monkeypatch.setattr("django.core.management.execute_from_command_line", raising(error))
    with pytest.raises(SystemExit) as caught:
        manage.main()
    assert caught.value.code == message


@pytest.mark.parametrize("error", [OperationalError("connection refused"), OperationalError("no such table: x")])
def test_command_of_django_tells_of_the_database_in_one_line(monkeypatch, error):
    monkeypatch.setattr("django.core.management.execute_from_command_line", raising(error))
    with pytest.raises(SystemExit) as caught:
        manage.main()
    assert caught.value.code == commands.explain(error)


def test_command_of_django_keeps_the_traceback_of_a_defect(monkeypatch):
    monkeypatch.setattr("django.core.management.execute_from_command_line", raising(IntegrityError("a defect")))
    with pytest.raises(IntegrityError):
        manage.main()


def test_counts_that_add_up_are_one_line():
    output = output_of(lambda command: command.print_counts("employees read", 1470, loaded=3, left_out=1467))
    assert output == "1,470 employees read = 3 loaded + 1,467 left out\n"


def test_counts_that_do_not_add_up_are_a_defect():
    with pytest.raises(ValueError, match="4 is not the sum"):
        output_of(lambda command: command.print_counts("employees read", 4, loaded=3))


def test_progress_elsewhere_than_on_a_terminal_is_one_line_at_the_end():
    def work(command):
        for done in (10, 20, 30):
            command.progress("Loading", done, 30)

    assert output_of(work) == "Loading: 30\n"


def test_progress_on_a_terminal_is_a_bar_a_step():
    terminal = Terminal()

    def work(command):
        for step in ("Loading", "Scoring"):
            for done in (1, 2):
                command.progress(step, done, 2)
        command.print_counts("employees", 2, loaded=2)

    assert output_of(work, terminal) == "2 employees = 2 loaded\n"
    assert "Loading" in terminal.getvalue()
    assert "Scoring" in terminal.getvalue()


def test_bar_is_closed_before_an_error_is_told():
    seen = []

    def work(command):
        seen.append(command)
        command.progress("Loading", 1, 2)
        raise Refused("stop")

    with pytest.raises(CommandError):
        output_of(work, Terminal())
    assert seen[0]._bar is None
