"""Settings, read from the environment only (and from ``.env`` at the root where there is one).

``.env.example`` lists every variable. With ``DEBUG=False``, the default, a missing ``SECRET_KEY`` or
``ALLOWED_HOSTS`` stops the start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from technova import __version__
from technova.database.pool import PooledConnection
from technova.web.routes import PROBES

BASE_DIR = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32  # characters


class Env(environ.Env):
    """The environment; an invalid value is refused by its variable's name."""

    BOOLEANS = (*environ.Env.BOOLEAN_TRUE_STRINGS, "false", "off", "n", "no", "0")

    @classmethod
    def parse_value(cls, value, cast):
        if cast is bool and value.strip().lower() not in cls.BOOLEANS:
            raise ValueError(f"{value!r} is neither True nor False")
        return super().parse_value(value, cast)

    def get_value(self, var, *args, **kwargs):
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}") from error

    def number(self, var: str, *, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
        number = self.int(var, default=default)
        if not least <= number <= most:
            raise ImproperlyConfigured(f"{var} must be a number from {least} to {most}, not {number}.")
        return number

    def secrets(self, var: str) -> list[str]:
        """Long random values, comma-separated."""
        given = self.list(var, default=[])
        if any(len(each) < SHORTEST_SECRET for each in given):
            raise ImproperlyConfigured(f"{var} must hold random values of {SHORTEST_SECRET} characters or more.")
        return given

    def one_of(self, var: str, choices: Sequence[str], *, default: str) -> str:
        choice = self.str(var, default=default)
        if choice not in choices:
            raise ImproperlyConfigured(f"{var} must be one of {', '.join(choices)}, not {choice!r}.")
        return choice

    def time_zone(self, var: str, *, default: str) -> str:
        name = self.str(var, default=default)
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ImproperlyConfigured(f"{var} must be a time zone like {default}, not {name!r}.") from error

    def database(self, var: str, *, default: str) -> dict:
        url = self.str(var, default=default)
        if not url.startswith(("sqlite://", "postgres://", "postgresql://", "psql://", "pgsql://")):
            raise ImproperlyConfigured(f"{var} must begin with sqlite:/// or postgres://")
        try:
            found = self.db_url_config(url)
        except ValueError as error:  # whose words may hold a part of the password
            rule = (
                "postgres://user:password@host:5432/name, with any of :/?#[]@% in the password written as %3A and so on"
            )
            raise ImproperlyConfigured(f"{var} cannot be read: it must be like {rule}.") from error
        if url.startswith("sqlite"):
            if found.get("OPTIONS") or "\0" in found["NAME"]:
                raise ImproperlyConfigured(f"{var} must name a file and nothing else: sqlite:///path.")
            if found["NAME"] != ":memory:":
                found["NAME"] = str(BASE_DIR / found["NAME"])
        return found


env = Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: put a long random value in the environment or in .env.")
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set: name the hosts that this site answers to, comma-separated.")

INSTALLED_APPS = [
    "technova.jobs",
    "employees",
    "features",
    "predictions",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "technova.server.logs.log_requests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "technova.web.caching.no_store",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "technova.web.routes.ProbeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "employees.access.middleware.ScopeRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "predictions.handlers.PasswordLimits",
]

ROOT_URLCONF = "technova.urls"
WSGI_APPLICATION = "technova.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "predictions.pages.navigation.navigation",
            ],
        },
    },
]

# Database: SQLite beside the code by default, PostgreSQL by DATABASE_URL.
DATABASES = {"default": env.database("DATABASE_URL", default="sqlite:///db.sqlite3")}
_database = DATABASES["default"]
if not _database["ENGINE"].endswith("sqlite3"):
    INSTALLED_APPS.insert(0, "procrastinate.contrib.django")  # the queue, which needs PostgreSQL
# REQUEST_LIMITS are the server's: a request that waits long for a lock or an answer keeps a thread. Commands may wait.
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        # IMMEDIATE takes the write lock at BEGIN, so that a transaction waits instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds a writer waits for another
        # FULL: with NORMAL a power cut can lose a prediction that was answered.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    REQUEST_LIMITS: dict[str, float | str] = {"timeout": 2.5}
else:
    _pool_size = env.number("DATABASE_POOL_MAX", default=8, least=1)
    _database["OPTIONS"] = {
        "connect_timeout": 3,
        "prepare_threshold": 0,  # for the cursors of database.prepared_statements; Django's own prepare nothing
        "tcp_user_timeout": 2000,  # milliseconds until a server that vanished from the network counts as gone
        **_database.get("OPTIONS", {}),  # of the address: ?sslmode=verify-full and its like
        "pool": {
            "connection_class": PooledConnection,
            "min_size": env.number("DATABASE_POOL_MIN", default=1, most=_pool_size),
            "max_size": _pool_size,
            # Seconds a request waits for a connection: one that first waits for a thread is refused within 3, too.
            "timeout": 1.4,
            "reconnect_timeout": 2.5,  # and until an attempt to connect is left to the next request
        },
    }
    _database["CONN_HEALTH_CHECKS"] = True
    _given = _database["OPTIONS"].get("options", "")
    REQUEST_LIMITS = {"options": f"{_given} -c lock_timeout=2500 -c statement_timeout=30000".lstrip()}  # milliseconds
# prediction_ranked includes columns that PostgreSQL reads without the rows; SQLite makes the same index without them.
SILENCED_SYSTEM_CHECKS = ["models.W040"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["predictions.passwords.CountedBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 12 * 3600  # a working day
CSRF_FAILURE_VIEW = "predictions.handlers.csrf_failure"

# What managers may read of the people of their departments; HR reads everything. See employees/access/.
MANAGERS_SEE_PAY = env.bool("MANAGERS_SEE_PAY", default=False)
MANAGERS_SEE_SURVEY_ANSWERS = env.bool("MANAGERS_SEE_SURVEY_ANSWERS", default=False)

# On reports, which are passed on.
COMPANY_NAME = env.str("COMPANY_NAME", default="")
# Notes of talks: the keys that encrypt them, which are not in the database, and the months that they are kept.
NOTES_KEYS = env.secrets("NOTES_KEYS")
NOTES_MONTHS = env.number("NOTES_MONTHS", default=24, least=1)

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "technova.formats"
TIME_ZONE = env.time_zone("TIME_ZONE", default="Europe/Paris")
USE_TZ = True

# Uploads: the largest extract has 10 MB for 147,000 employees.
LARGEST_UPLOAD = 32 * 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FILES = 10  # of one request; there are four extracts
FILE_UPLOAD_HANDLERS = [
    "technova.web.upload_limit.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Where the source systems leave extracts, to be loaded by themselves; empty: nowhere.
EXTRACTS_DIR = env.str("EXTRACTS_DIR", default="")

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "technova" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# HTTPS. A demo on plain http://127.0.0.1 sets HTTPS=False; everything served to people keeps the default.
HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [rf"^{probe[1:]}/?$" for probe in PROBES]  # plain HTTP inside the network
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# On every page: nothing inline, no eval, no other origin.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Where the server listens, and in how many processes.
HOST = env.str("HOST", default="127.0.0.1")
if ":" in HOST and not HOST.startswith("["):
    HOST = f"[{HOST}]"  # as an address with a port writes IPv6
PORT = env.number("PORT", default=8000, most=65_535)
WORKERS = env.number("WEB_CONCURRENCY", default=2, least=1)

# Where people find the site, for links in messages and for what init_technova prints; and the password of the demo's
# accounts (random when empty).
_HERE = "localhost" if HOST in ("0.0.0.0", "[::]", "") else HOST  # noqa: S104 - to be printed
SITE_ADDRESS = env.str("SITE_ADDRESS", default="") or f"http://{_HERE}:{PORT}"
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="")

# The model artifact: the versions and the symbolic link to the current one.
ARTIFACTS_DIR = BASE_DIR / (env.str("ARTIFACTS_DIR", default="") or "artifacts")
# Another version of the model waits for a second person.
TWO_PEOPLE_PROMOTE = env.bool("TWO_PEOPLE_PROMOTE", default=False)

# REST API. Requests a minute: of one key, and with bad keys from one address.
API_KEY_RATE = env.number("API_KEY_RATE", default=6000)
BAD_KEY_RATE = env.number("BAD_KEY_RATE", default=20)
# Wrong passwords a minute from one address; passwords.py has the limits for one account.
BAD_PASSWORD_RATE = env.number("BAD_PASSWORD_RATE", default=10)
# Proxies in front of the site that each append to X-Forwarded-For; with 0 that header means nothing.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", default=0)

# E-mail. By default messages are written to the output of the process.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="technova@localhost")

# Webhooks go to addresses of the Internet alone, unless receivers inside the network are permitted.
WEBHOOKS_TO_PRIVATE_NETWORKS = env.bool("WEBHOOKS_TO_PRIVATE_NETWORKS", default=False)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["predictions.api.authentication.APIKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["predictions.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["predictions.api.renderers.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["predictions.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "predictions.api.parsers.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,  # the API has no OPTIONS: 405
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "predictions.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "TechNova",
    "DESCRIPTION": "Who is at risk of leaving, how much and why. Every prediction is in the log before it is answered.",
    "VERSION": __version__,
    "CONTACT": {"name": "The administrator who made your key"},
    "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    "TAGS": [
        {"name": "predict", "description": "Predictions on request."},
        {"name": "predictions", "description": "The log of every prediction."},
        {"name": "scores", "description": "Everyone's scores, run by run."},
        {"name": "extracts", "description": "Deliveries of extracts by the source systems."},
        {"name": "key", "description": "The key that calls."},
        {"name": "probes", "description": "For operators and orchestrators; no key is needed."},
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    # The plugin is that of static/technova/docs.js.
    "SWAGGER_UI_SETTINGS": "{deepLinking: true, plugins: [AccessiblePlugin], syntaxHighlight: {theme: 'obsidian'}}",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "predictions.api.openapi.complete"],
    "ENUM_NAME_OVERRIDES": {  # three fields are called "mode"
        "ModeEnum": "predictions.models.Prediction.Mode",
        "OfEmployeeModeEnum": ["by_employee_id"],
        "OfFeaturesModeEnum": ["by_features"],
    },
}

# Who may read /metrics: whoever sends this token. Nobody when it is empty.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

_levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "technova.server.logs.JsonFormatter"},
        "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
    },
    "filters": {
        "request_id": {"()": "technova.server.logs.RequestIdFilter"},
        "refusal": {"()": "technova.server.logs.RefusalFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env.one_of("LOG_FORMAT", ("json", "line"), default="json"),
            "filters": ["request_id", "refusal"],
        },
    },
    "root": {"handlers": ["console"], "level": env.one_of("LOG_LEVEL", _levels, default="INFO")},
    # It would write the path of each request that is refused or fails; technova.logs writes those lines without it.
    "loggers": {
        "django.request": {"level": "CRITICAL"},
        "gunicorn.error": {"propagate": True},  # which gunicorn switches off
        "gunicorn.http.wsgi": {"level": "ERROR"},  # a warning for each HEAD, whose body it drops as Django expects
        "procrastinate.blueprints": {"level": "WARNING"},  # at INFO, a line for each process that starts
        "psycopg.pool": {"level": "WARNING"},  # at INFO, two lines each time that a connection is used
    },
}
