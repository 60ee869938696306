"""The database's roles on PostgreSQL: the owner migrates, the application serves, and the purge deletes.

Without the settings one role does everything. The application's role may add to the logs and read them, and take an
erased person out of their rows; it owns nothing, so that it can neither alter a table nor disable a trigger.
"""

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

SEALED = (
    *("predictions_prediction", "employees_journalentry", "predictions_logblock", "predictions_logpurge"),
    *("employees_erasure", "predictions_erasedrow"),
)
PURGED = ("predictions_prediction", "employees_journalentry")
PERSONAL = ("employee_id", "features_id", "payload", "contributions", "main_reason", "second_reason")
_APPLICATION = [
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON {sealed} FROM {role}",
    "REVOKE INSERT ON predictions_logpurge FROM {role}",
    # to take an erased person out of a row; the triggers let nothing else be changed
    f"GRANT UPDATE ({', '.join(PERSONAL)}) ON predictions_prediction TO {{role}}",
    "GRANT UPDATE (employee_id) ON employees_journalentry TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
]
_MAINTAIN = "GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}"  # VACUUM after a run; from PostgreSQL 17 on
_PURGE = [
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT DELETE ON {purged} TO {role}",
    "GRANT INSERT ON predictions_logpurge TO {role}",
    "GRANT USAGE ON SEQUENCE predictions_logpurge_id_seq TO {role}",
]


def grant(*, using: str) -> None:
    """Grant what the settings' roles need, as their owner; nothing without these settings, or for another role.

    Raises ``ProgrammingError`` when a role that a setting names does not exist.
    """
    application, purge = settings.DATABASE_APP_ROLE, settings.DATABASE_PURGE_ROLE
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('server_version_num')::int")
        user, version = cursor.fetchone()
        if application and application != user:
            for statement in [*_APPLICATION, *([_MAINTAIN] if version >= 170_000 else [])]:
                cursor.execute(_with(statement, application))
        if purge and purge != user:
            for statement in _PURGE:
                cursor.execute(_with(statement, purge))


def _with(statement: str, role: str) -> sql.Composed:
    tables = {"sealed": SEALED, "purged": PURGED}
    names = {name: sql.SQL(", ").join(map(sql.Identifier, few)) for name, few in tables.items()}
    return sql.SQL(statement).format(role=sql.Identifier(role), **names)  # type: ignore[arg-type]
