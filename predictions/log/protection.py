"""Triggers that keep the prediction log append-only: no UPDATE, and no DELETE except by the purge."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections, transaction

from predictions.models import Prediction

_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION prediction_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP <> 'UPDATE' AND current_setting('technova.purge', true) = 'on' THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'The prediction log can only grow' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER prediction_stays BEFORE UPDATE OR DELETE ON predictions_prediction
    FOR EACH ROW EXECUTE FUNCTION prediction_log_only_grows()
    """,
    """
    CREATE OR REPLACE TRIGGER prediction_table_stays BEFORE TRUNCATE ON predictions_prediction
    FOR EACH STATEMENT EXECUTE FUNCTION prediction_log_only_grows()
    """,
]

# A row in a table of its own marks the purge; no other transaction sees it, since it is deleted before the commit.
_SQLITE = [
    "CREATE TABLE IF NOT EXISTS prediction_purge (since TEXT NOT NULL)",
    """
    CREATE TRIGGER IF NOT EXISTS prediction_stays_as_it_is BEFORE UPDATE ON predictions_prediction
    BEGIN SELECT RAISE(ABORT, 'The prediction log can only grow'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS prediction_stays BEFORE DELETE ON predictions_prediction
    WHEN NOT EXISTS (SELECT 1 FROM prediction_purge)
    BEGIN SELECT RAISE(ABORT, 'The prediction log can only grow'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS prediction_is_not_replaced BEFORE INSERT ON predictions_prediction
    WHEN EXISTS (SELECT 1 FROM predictions_prediction WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'The prediction log can only grow'); END
    """,
]


def protect(*, using: str, **_signal) -> None:
    """Create the triggers, after every ``migrate``: SQLite alters a table by replacing it, without them."""
    database = connections[using]
    if Prediction._meta.db_table not in database.introspection.table_names():
        return
    with transaction.atomic(using=using), database.cursor() as cursor:
        for statement in _POSTGRESQL if database.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


@contextmanager
def deletable() -> Iterator[None]:
    """A transaction in which this connection may delete rows of the log."""
    if connection.vendor == "postgresql":
        allow, refuse = (f"SELECT set_config('technova.purge', '{state}', true)" for state in ("on", "off"))
    else:
        allow, refuse = "INSERT INTO prediction_purge VALUES (datetime('now'))", "DELETE FROM prediction_purge"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(allow)
        yield
        cursor.execute(refuse)
