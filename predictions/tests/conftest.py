import shutil
import socket
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, connections
from django.test import Client

from employees.demo import months
from employees.management.commands import seed_from_csv
from employees.models import Employee, TeamAccess
from predictions import registry
from predictions.ml import training
from predictions.ml.artifacts import store
from predictions.registry import current_model
from predictions.tests import published, workforce
from predictions.tests.factories import APIKeyFactory
from technova.jobs import State, Task

ARTIFACTS = Path(project_settings.ARTIFACTS_DIR)

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")


@pytest.fixture(scope="session")
def own_artifacts(tmp_path_factory):
    """A small model of a made-up workforce, so that tests do not hang on the one that is published."""
    directory = tmp_path_factory.mktemp("own") / "artifacts"
    training.publish(directory, workforce.trained())
    return directory


@pytest.fixture
def own_model(own_artifacts, settings):
    """The model in use is that small one."""
    settings.ARTIFACTS_DIR = own_artifacts
    registry.forget_model()
    yield
    registry.forget_model()


@pytest.fixture
def artifacts(tmp_path, settings):
    """A copy of the artifacts in use that a test may change; the registry holds none of it before or after."""
    directory = tmp_path / "artifacts"
    shutil.copytree(settings.ARTIFACTS_DIR, directory, symlinks=True)
    settings.ARTIFACTS_DIR = directory
    registry.forget_model()
    yield directory
    registry.forget_model()


class APIClient(Client):
    """A REST client: JSON bodies, a key in its header, and faults as the answers that a client would see."""

    def __init__(self, secret=None, **defaults):
        headers = {"Accept-Language": "en"} | ({"X-API-Key": secret} if secret is not None else {})
        super().__init__(raise_request_exception=False, headers=headers, **defaults)

    def call(self, path, data=None, **options):
        """POST as JSON."""
        return self.post(path, data, content_type="application/json", **options)


@pytest.fixture
def api_key(db):
    return APIKeyFactory(can_load=True, can_follow=True)


@pytest.fixture
def api(api_key):
    """A client with a key that may do everything."""
    return APIClient(api_key.secret)


@pytest.fixture
def minute(monkeypatch):
    """The clock of the throttle stands ten seconds into a minute; ``minute(n)`` sets it to the n-th minute after."""
    now = [1_800_000_010.0]
    monkeypatch.setattr("predictions.keys.services.time.time", lambda: now[0])

    def set_to(number):
        now[0] = 1_800_000_010.0 + 60 * number

    return set_to


def account_of(group, *departments, team_of=None, name=""):
    """An account of a group that sees these departments, or the team of the person with this number."""
    account = get_user_model().objects.create_user(
        name or f"{group} {departments}"[:100] + " of a team" * bool(team_of)
    )
    account.groups.set(Group.objects.filter(name=group))
    for departement in departments:
        account.department_accesses.create(departement=departement)
    if team_of:
        TeamAccess.objects.create(user=account, employee=Employee.objects.get(employee_id=team_of))
    return account


def browser_of(account):
    """A browser that is signed in, reads English and knows its ``account``."""
    assert connection.features.supports_json_field  # asked of SQLite by three queries, once in a process
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(account)
    browser.account = account
    return browser


@pytest.fixture
def browse(db):
    """Makes accounts with a browser, as ``account_of``: ``browse("Manager", "Consulting")``."""
    return lambda *rights, **team: browser_of(account_of(*rights, **team))


@pytest.fixture
def replaced_database():
    """Replace the default connection by one with other settings and a pool of its own, while the test runs."""
    original = connections["default"]

    def replace(**changed):
        other = connections.create_connection("default")
        other.alias = "replaced"  # a pool belongs to the name
        other.settings_dict = original.settings_dict | changed
        connections["default"] = other

    yield replace
    connections["default"].close()
    connections["default"].close_pool()
    connections["default"] = original


@pytest.fixture(params=["pool", "no pool"])
def lose_database(request, replaced_database):
    """``lose_database()`` puts the default connection, with a pool and without, on a port where nothing answers."""

    def lose():
        options = connection.settings_dict["OPTIONS"]
        if request.param == "no pool":
            options = {name: value for name, value in options.items() if name != "pool"}
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        replaced_database(PORT=port, OPTIONS=options)

    return lose


@pytest.fixture
def newest_month_alone(monkeypatch):
    """The demo without its earlier months, whose loads take most of its time."""
    monkeypatch.setattr(seed_from_csv, "months", lambda end: months(end)[-1:])


@pytest.fixture
def card():
    """The card of the model in use."""
    return current_model().card


@pytest.fixture
def change_card(artifacts):
    """Writes another card beside the model in use."""

    def change(edit):
        published.change(store.current_directory(artifacts), card=edit)

    return change


def start_nothing(patch):
    """Returns the tasks that are enqueued from now on, by name and arguments, none of which runs."""
    begun = []

    def enqueue(task, *arguments, if_refused=None):
        begun.append((task.function.__name__, *arguments))

    patch.setattr(Task, "enqueue", enqueue)
    patch.setattr(Task, "state", lambda task, *arguments: None)
    return begun


@pytest.fixture
def started(monkeypatch):
    return start_nothing(monkeypatch)


@pytest.fixture
def at_work(monkeypatch, started):
    """Call it, and every task runs from then on."""
    return lambda: monkeypatch.setattr(Task, "state", lambda task, *arguments: State.RUNNING)
