"""Settings, read from the environment only (and from ``.env`` at the root where there is one).

``.env.example`` lists every variable. With ``DEBUG=False``, the default, a missing ``SECRET_KEY`` or
``ALLOWED_HOSTS`` stops the start.
"""

import json
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

    def mapping(self, var: str) -> dict[str, str]:
        """A text for each name: ``name=text`` pairs, comma-separated, or a JSON object where a name holds a comma."""
        given = self.str(var, default="").strip()
        if not given.startswith("{"):
            return self.dict(var, default={})
        try:
            found = json.loads(given)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} begins with a brace and is no JSON: {error}") from error
        if not all(isinstance(text, str) for text in found.values()):
            raise ImproperlyConfigured(f"{var} must hold a text for each name.")
        return found

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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
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
    "predictions.accounts.middleware.SessionLifetime",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "predictions.accounts.middleware.SingleSignOnConfirmed",
    "predictions.accounts.middleware.SecondFactorRequired",
    "employees.access.middleware.ScopeRequiredMiddleware",
    "predictions.accounts.purpose.PurposeRequired",
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
    {"NAME": "predictions.accounts.context_words.ContextWordsValidator"},
]
AUTHENTICATION_BACKENDS = ["predictions.passwords.CountedBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds that the link in an invitation, or for a new password, works
# A session ends so long after the last page, and so long after its sign-in whatever it does. See predictions/accounts/.
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", default=120, least=2)
SESSION_COOKIE_AGE = 3600 * env.number("SESSION_HOURS", default=12, least=1, most=24 * 30)

# Sign-in by django-allauth. Limits on what may be tried are our own (decision 23): its count in a cache a process.
ACCOUNT_ADAPTER = "predictions.accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by others, who enter the address
ACCOUNT_FORMS = {
    "login": "predictions.accounts.forms.LoginForm",
    "reauthenticate": "predictions.accounts.forms.ReauthenticateForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SESSION_COOKIE_AGE = min(60 * SESSION_IDLE_MINUTES, SESSION_COOKIE_AGE)
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # not used: nobody signs up
MFA_ADAPTER = "predictions.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "predictions.accounts.forms.CodeForm",
    "reauthenticate": "predictions.accounts.forms.ReauthenticationCodeForm",
    "activate_totp": "predictions.accounts.forms.ActivationForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "TechNova"
MFA_TOTP_TOLERANCE = 1  # the codes just before and after, for clocks that differ
CSRF_FAILURE_VIEW = "predictions.handlers.csrf_failure"

# Single sign-on by OpenID Connect or SAML, whose libraries are loaded where one is set: see predictions/accounts/.
SSO_NAME = env.str("SSO_NAME", default="")
SSO_ROLES = env.mapping("SSO_ROLES")  # a role by group
SSO_GROUPS_CLAIM = env.str("SSO_GROUPS_CLAIM", default="groups")
SSO_EMPLOYEE_CLAIM = env.str("SSO_EMPLOYEE_CLAIM", default="")
SOCIALACCOUNT_ADAPTER = "predictions.accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form may post to this site alone
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 3  # seconds, within which a page waits for the provider
OIDC_SERVER = env.str("OIDC_SERVER", default="")
if OIDC_SERVER:
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": SSO_NAME or "OpenID Connect",
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {
                    "server_url": OIDC_SERVER,
                    "scope": env.list("OIDC_SCOPES", default=["openid", "profile", "email", "offline_access"]),
                },
            }
        ],
    }
SAML_METADATA = env.str("SAML_METADATA", default="")
# By the names that identity providers give: of the standards, of Microsoft, and in plain words.
SAML_ATTRIBUTES = {
    "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"],
    "email": [
        "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "mail",
        "email",
    ],
    "first_name": [
        "urn:oid:2.5.4.42",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "givenName",
    ],
    "last_name": ["urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "sn"],
}
if SAML_METADATA and OIDC_SERVER:
    raise ImproperlyConfigured("OIDC_SERVER and SAML_METADATA are both set: single sign-on is by one of the two.")
if SAML_METADATA:
    INSTALLED_APPS.append("allauth.socialaccount.providers.saml")
    SOCIALACCOUNT_PROVIDERS["saml"] = {
        "APPS": [
            {
                "provider_id": env.str("SAML_ENTITY_ID"),
                "client_id": "company",
                "name": SSO_NAME or "SAML",
                "settings": {
                    "attribute_mapping": SAML_ATTRIBUTES,
                    "idp": {
                        "entity_id": env.str("SAML_ENTITY_ID"),
                        "metadata_url": SAML_METADATA,
                        "metadata_request_timeout": SOCIALACCOUNT_REQUESTS_TIMEOUT,
                    },
                    "advanced": {"want_assertion_signed": True, "want_name_id": True},
                },
            }
        ],
    }

# What managers may read of the people whom they see; HR reads everything. See employees/access/.
MANAGERS_SEE_PAY = env.bool("MANAGERS_SEE_PAY", default=False)
MANAGERS_SEE_SURVEY_ANSWERS = env.bool("MANAGERS_SEE_SURVEY_ANSWERS", default=False)

# Within how many months departures are forecast; None for the longest horizon that the history allows to judge.
_HORIZON = env.one_of("HORIZON_MONTHS", ("longest", "3", "6", "12"), default="longest")
HORIZON_MONTHS = None if _HORIZON == "longest" else int(_HORIZON)

# On reports, which are passed on.
COMPANY_NAME = env.str("COMPANY_NAME", default="")
# Notes of talks: the keys that encrypt them, which are not in the database, and the months that they are kept.
NOTES_KEYS = env.secrets("NOTES_KEYS")
NOTES_MONTHS = env.number("NOTES_MONTHS", default=24, least=1)

# On PostgreSQL: the roles of the application and of the purge, which the owner's migrate grants what they need.
DATABASE_APP_ROLE = env.str("DATABASE_APP_ROLE", default="")
DATABASE_PURGE_ROLE = env.str("DATABASE_PURGE_ROLE", default="")
# The journal of reads is kept so many months; and a file outside of the database for the heads of the sealed blocks.
JOURNAL_MONTHS = env.number("JOURNAL_MONTHS", default=12, least=1)
SEAL_HEADS = env.str("SEAL_HEADS", default="")
# Erased people: the key of their pseudonyms, and a file outside of the database for what was erased. Who has left can
# be erased after so many months, in which claims may need the data, and is erased after the longer time. The prediction
# log is purged of rows as old as its own months.
ERASURE_KEY = next(iter(env.secrets("ERASURE_KEY")), "")
ERASURES = env.str("ERASURES", default="")
CLAIMS_MONTHS = env.number("CLAIMS_MONTHS", default=24)
PREDICTION_MONTHS = env.number("PREDICTION_MONTHS", default=60, least=6)
LEFT_MONTHS = env.number("LEFT_MONTHS", default=60, least=1)

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
# The roles, and "staff", whose accounts need a second factor: HR and administrators, except in a demo on plain HTTP.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # on http://localhost; browsers have no passkeys on any other plain HTTP
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=["RH", "staff"] if HTTPS else [])
# Whether a session is asked what people's names are opened for: everywhere except in a demo on plain HTTP.
PURPOSE_REQUIRED = env.bool("PURPOSE_REQUIRED", default=HTTPS)
SECURE_REDIRECT_EXEMPT = [rf"^{probe[1:]}/?$" for probe in PROBES]  # plain HTTP inside the network
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
# Browsers take such a name from this host over HTTPS alone: no other site under the domain can set the cookie.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_HTTPONLY = True  # forms hold the token
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a cookie would keep names in the browser
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# On every page: nothing inline, no eval, no other origin.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
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
        {"name": "cases", "description": "What is done about the risk of single people."},
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
        "CaseStateEnum": "predictions.followup.models.Case.State",
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
