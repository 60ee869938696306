import runpy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import ConnectionHandler

from technova.tests.conftest import ROOT, Manage

pytestmark = pytest.mark.slow


@pytest.fixture
def start(monkeypatch):
    """The settings that an environment gives."""

    def start(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "technova" / "settings.py"))

    return start


@pytest.mark.parametrize("debug", ["False", "True"])
def test_start_without_secret_key_is_refused(start, debug):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        start(SECRET_KEY="", DEBUG=debug)


def test_start_without_allowed_hosts_is_refused(start):
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS is not set"):
        start(ALLOWED_HOSTS="", DEBUG="False")


def test_start_without_allowed_hosts_while_debugging(start):
    assert start(ALLOWED_HOSTS="", DEBUG="True")["ALLOWED_HOSTS"] == []


def test_debug_is_off_unless_asked_for(start):
    assert start(DEBUG="False")["DEBUG"] is False


def test_number_that_is_none_is_refused_by_the_name_of_its_variable(start):
    with pytest.raises(ImproperlyConfigured, match=r"^PORT cannot be read: .*'eight'"):
        start(PORT="eight")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS", "ture"),
        ("HTTPS", ""),
        ("DEBUG", "maybe"),
        ("PORT", "99999"),
        ("TRUSTED_PROXIES", "-1"),
        ("WEB_CONCURRENCY", "0"),
        ("DATABASE_POOL_MIN", "9"),
        ("TIME_ZONE", "Mars"),
        ("TIME_ZONE", "../x"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("HORIZON_MONTHS", "5"),
        ("DATABASE_URL", "postgres://user:secret@host:abc/x"),
        ("DATABASE_URL", "postgres://user:se/cret@host/x"),
        ("DATABASE_URL", "postgres://user@[::1/x"),
        ("DATABASE_URL", "sqlite:////tmp/x?mode=ro"),
        ("DATABASE_URL", "sqlite:////tmp/%00"),
    ],
)
def test_value_that_cannot_be_meant_is_refused_by_the_name_of_its_variable(start, monkeypatch, name, value):
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/x")
    with pytest.raises(ImproperlyConfigured, match=f"^{name} ") as refusal:
        start(**{name: value})
    assert "cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "roles"),
    [
        ("", {}),
        ("hr=RH,team-leads=Manager", {"hr": "RH", "team-leads": "Manager"}),
        ('{"CN=hr,OU=Groups": "RH"}', {"CN=hr,OU=Groups": "RH"}),
    ],
)
def test_role_of_a_group_may_be_of_one_whose_name_holds_a_comma(start, value, roles):
    assert start(SSO_ROLES=value)["SSO_ROLES"] == roles


@pytest.mark.parametrize(("value", "months"), [("longest", None), ("3", 3), ("6", 6), ("12", 12)])
def test_horizon_is_one_of_three_or_the_longest_that_the_history_allows(start, value, months):
    assert start(HORIZON_MONTHS=value)["HORIZON_MONTHS"] == months


@pytest.mark.parametrize(
    ("value", "meant"), [("off", False), ("No", False), ("0", False), ("on", True), ("TRUE", True)]
)
def test_truth_is_written_in_many_ways(start, value, meant):
    assert start(HTTPS=value)["HTTPS"] is meant


@pytest.mark.parametrize(
    ("host", "bound", "printed"),
    [
        ("0.0.0.0", "0.0.0.0", "localhost"),
        ("::", "[::]", "localhost"),
        ("[::]", "[::]", "localhost"),
        ("::1", "[::1]", "[::1]"),
        ("10.0.0.7", "10.0.0.7", "10.0.0.7"),
    ],
)
def test_address_that_is_printed_can_be_opened(start, host, bound, printed):
    settings = start(HOST=host, PORT="9000")
    assert (settings["HOST"], settings["SITE_ADDRESS"]) == (bound, f"http://{printed}:9000")


@pytest.mark.parametrize("url", ["mysql://db/technova", "nonsense", "postgre:///x", ""])
def test_database_of_another_kind_is_refused(start, url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must begin with"):
        start(DATABASE_URL=url)


def test_relative_paths_are_of_the_project_wherever_a_command_is_started(start, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = start(DATABASE_URL="sqlite:///x.sqlite3", ARTIFACTS_DIR="models")
    assert settings["DATABASES"]["default"]["NAME"] == str(ROOT / "x.sqlite3")
    assert settings["ARTIFACTS_DIR"] == ROOT / "models"


def test_sqlite_waits_for_its_writer_and_takes_the_lock_at_begin(start):
    database = start(DATABASE_URL="sqlite:////tmp/x.sqlite3")["DATABASES"]["default"]
    assert database["NAME"] == "/tmp/x.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


@pytest.mark.django_db
@pytest.mark.parametrize("is_server", [True, False])
def test_sqlite_connection_syncs_each_commit(start, tmp_path, is_server):
    settings = start(DATABASE_URL=f"sqlite:///{tmp_path}/x.sqlite3")
    database = settings["DATABASES"]["default"]
    if is_server:
        database["OPTIONS"] |= settings["REQUEST_LIMITS"]
    full = 2
    connection = ConnectionHandler({"default": database})["default"]
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (full,)
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_postgresql_has_a_pool_whose_connections_are_checked(start):
    database = start(DATABASE_URL="postgres://u:p@db:5433/technova", DATABASE_POOL_MAX="3")["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5433, "technova")
    assert database["OPTIONS"]["pool"]["max_size"] == 3
    assert database["CONN_HEALTH_CHECKS"]


def test_options_of_the_database_url_reach_the_connection(start):
    url = "postgres://u@db/technova?sslmode=verify-full&connect_timeout=9&pool=no"
    options = start(DATABASE_URL=url)["DATABASES"]["default"]["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"], options["pool"]["max_size"]) == ("verify-full", 9, 8)


def test_https_is_on_in_production_and_can_be_switched_off(start, monkeypatch):
    monkeypatch.delenv("HTTPS")
    monkeypatch.setattr("environ.Env.read_env", lambda *_: None)  # a developer's .env
    production = start(DEBUG="False")
    assert production["SECURE_SSL_REDIRECT"]
    assert production["SESSION_COOKIE_SECURE"]
    assert production["CSRF_COOKIE_SECURE"]
    assert production["LANGUAGE_COOKIE_SECURE"]
    assert production["SECURE_HSTS_SECONDS"] == 31_536_000
    demo = start(DEBUG="False", HTTPS="False")
    assert not demo["SECURE_SSL_REDIRECT"]
    assert demo["SECURE_HSTS_SECONDS"] == 0


@pytest.mark.parametrize("cookie", ["SESSION", "CSRF", "LANGUAGE"])
def test_cookie_belongs_to_the_host_alone_where_there_is_https(start, cookie):
    assert start(DEBUG="False", HTTPS="True")[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
    assert not start(DEBUG="False", HTTPS="False")[f"{cookie}_COOKIE_NAME"].startswith("__")  # refused on plain HTTP


@pytest.mark.parametrize("is_behind", [True, False])
def test_forwarded_protocol_is_believed_only_behind_a_proxy(start, is_behind):
    assert ("SECURE_PROXY_SSL_HEADER" in start(BEHIND_TLS_PROXY=str(is_behind))) is is_behind


def test_command_under_settings_that_refuse_to_start_is_one_line():
    code, output, errors = Manage()("build_features", SECRET_KEY="")
    assert code == 1
    assert output == ""
    assert errors.startswith("Settings: SECRET_KEY is not set")
    assert errors.count("\n") == 1
