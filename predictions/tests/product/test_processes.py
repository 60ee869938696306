"""The commands as they are run: real processes, of which the exit code and what they print count."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from employees.tests.files import write
from technova.tests.conftest import ROOT, Manage

pytestmark = pytest.mark.slow

APPS = ("technova.jobs", "employees", "features", "predictions")
COMMANDS = sorted(name for name, app in get_commands().items() if app in APPS)
# Arguments without which a command has no work.
NEEDED = {
    "seed_from_csv": ["--demo"],
    "withdraw_load": ["1", "--reason", "a wrong file"],
    "create_api_key": ["A client"],
    "dossier": ["1"],
    "erase_employee": ["1", "--reason", "asked for"],
    "purge_predictions": ["--older-than", "365"],
    "record_request": ["1", "access"],
    "reapply_erasures": ["--file", __file__],
    "run_task": ["predictions.import_process.run_import", "00000000-0000-0000-0000-000000000001"],
    "run_worker": ["--once"],
}
WITHOUT_DATABASE = {"promote_model"}

THREADS = """
from threadpoolctl import threadpool_info

print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""

# Imports everything once, since that is most of what a command costs, then starts a process for each list of arguments;
# prints what became of them.
FORK = """
import json, os, sys, tempfile
import django
import manage

django.setup()
import predictions.services
started = []
for arguments in json.loads(sys.argv[1]):
    outputs = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
    process = os.fork()
    if not process:
        os.dup2(outputs[0].fileno(), 1)
        os.dup2(outputs[1].fileno(), 2)
        sys.argv = ["manage.py", *arguments]
        code = 0
        try:
            manage.main()
        except SystemExit as end:
            code = end.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # to tidy up would first copy the memory that the processes share
    started.append((process, outputs))
results = []
for process, outputs in started:
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    results.append((status, *(output.seek(0) or output.read() for output in outputs)))
print(json.dumps(results))
"""


def all_at_once(only, **environment):
    """Run the commands beside one another, since most of them wait; gives exit code and both outputs by name."""
    commands = [(name, *NEEDED.get(name, [])) for name in only]
    process = subprocess.run(
        [sys.executable, "-c", FORK, json.dumps(commands)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return dict(zip(only, json.loads(process.stdout), strict=True))


def assert_one_line(results, expected):
    for name, (code, output, errors) in results.items():
        assert code != 0, name
        assert output == "", name
        lines = errors.splitlines()
        assert len(lines) == 1, (name, errors)
        assert expected in lines[0], (name, errors)


def test_database_that_is_down_is_one_line_of_every_command():
    only = [name for name in COMMANDS if name not in WITHOUT_DATABASE]
    results = all_at_once(only, DATABASE_URL="postgres://technova:hidden@127.0.0.1:1/technova")
    assert_one_line(results, "CommandError: The database technova at 127.0.0.1:1 cannot be reached")
    assert "hidden" not in str(results)


def test_database_that_is_down_is_one_line_of_a_command_of_django():
    only = ["migrate", "createsuperuser"]
    results = all_at_once(only, DATABASE_URL="postgres://technova:hidden@127.0.0.1:1/technova")
    for code, output, errors in results.values():
        assert (code, errors.count("\n")) == (1, 1), errors
        assert errors.startswith("The database technova at 127.0.0.1:1 cannot be reached")
        assert "Traceback" not in output


def test_unmigrated_database_is_one_line(tmp_path):
    only = ["build_features", "create_api_key"]
    results = all_at_once(only, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert_one_line(results, "run `manage.py migrate` first")


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_argument_is_one_line(name, capsys):
    with pytest.raises(SystemExit) as caught:
        load_command_class(get_commands()[name], name).run_from_argv(["manage.py", name, "--nonsense"])
    output, errors = capsys.readouterr()
    assert caught.value.code == 2
    assert output == ""
    assert errors.startswith(f"manage.py {name}: error: ")
    assert errors.count("\n") == 1


def test_wrong_argument_ends_a_process_in_one_line():
    code, output, errors = Manage()("build_features", "--nonsense")
    assert (code, output) == (2, "")
    assert errors == "manage.py build_features: error: unrecognized arguments: --nonsense\n"


def test_file_that_is_missing_is_one_line(manage):
    code, output, errors = manage("seed_from_csv", "--as-of=2026-06-30", "--sirh=absent.csv")
    assert (code, output) == (1, "")
    assert errors == (
        "CommandError: absent.csv: The file cannot be read (No such file or directory). Check its name and that it may "
        "be opened.\n"
    )


def test_extracts_become_scores_and_again_add_nothing(manage):
    steps = [("seed_from_csv", "--demo"), ("build_features",), ("score_employees",)]
    outputs = []
    for step in steps + steps[:2]:
        code, output, errors = manage(*step)
        assert (code, errors) == (0, "")
        outputs.append(output)
    months = [output.splitlines()[:13] for output in (outputs[0], outputs[3])]
    assert [line.startswith("As of ") for line in months[0]] == [True] * 13
    assert ": 1,233 present, " in months[0][-1]
    assert "1,470 employees of the newest day = " in outputs[1]
    assert " + 0 left out" in outputs[1]
    assert "1,233 employees scored = " in outputs[2]
    assert [line.endswith(" present, 0 arrived, 0 left") for line in months[1]] == [True] * 13
    assert "Nothing has changed since the last build" in outputs[4]


def test_score_before_build_says_what_to_run(manage):
    code, output, errors = manage("score_employees")
    assert (code, output) == (1, "")
    assert errors == "CommandError: No employee present has clean features: run seed_from_csv, then build_features.\n"


def test_model_that_is_absent_is_named_once_by_the_commands_that_need_it(manage, tmp_path):
    absent = str(tmp_path / "none")
    code, output, errors = manage("score_employees", ARTIFACTS_DIR=absent)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(f"CommandError: {absent}")
    code, _output, errors = manage("seed_from_csv", "--demo", ARTIFACTS_DIR=absent)
    assert (code, errors) == (0, "")


def test_daily_clearing_says_what_it_deleted_and_nothing_else(manage, tmp_path):
    code, output, errors = manage("purge_imports", TMPDIR=str(tmp_path))
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == "0 uploaded files deleted"


@pytest.mark.parametrize(
    ("redirection", "message"),
    [
        (">/dev/full", "CommandError: A file or the standard output: No space left on device"),
        (">&-", "The standard output is closed: there is nowhere to say what was done."),
    ],
)
def test_output_that_nothing_can_be_written_to_is_one_line(manage, redirection, message):
    code, _output, errors = in_shell(manage, "purge_imports", redirection, PYTHONUNBUFFERED="")
    assert (code, errors) == (1, message + "\n")


def test_text_that_the_output_cannot_encode_is_written_all_the_same(manage, tmp_path):
    files = write(tmp_path, age="12")
    unnameable = Path(files["sirh"]).rename(tmp_path / "sirh_\udce9.csv")
    options = ["--as-of=2026-06-30", "--sirh", unnameable, "--eval", files["eval"], "--sondage", files["sondage"]]
    code, output, errors = in_shell(manage, "seed_from_csv", *options, PYTHONIOENCODING="ascii:strict")
    assert (code, errors) == (0, "")
    assert r"sirh_\udce9.csv, column age. Refused cells: 1" in output


def in_shell(manage, *words, **environment):
    """Run a command of ``manage.py``, redirections among its words: exit code, output and errors."""
    line = shlex.join([sys.executable, str(ROOT / "manage.py")]) + " " + " ".join(map(str, words))
    environment = os.environ | manage.changes | environment
    process = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, timeout=300)
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize(
    "words",
    [["-c", f"import technova.wsgi\n{THREADS}"], ["manage.py", "shell", "-v0", "-c", f"import numpy\n{THREADS}"]],
    ids=["server", "command"],
)
def test_process_computes_in_one_thread_where_others_would_wait_by_spinning(words):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}

    process = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert process.stdout == "{1}\n"
