"""Triggers that keep the logs append-only: no DELETE except of what a recorded purge names, and no UPDATE except one
that takes an erased person out of a row.

A purge first inserts its row into ``LogPurge``, and an erasure first keeps the commitment of each row (``ErasedRow``).
Both can only grow: nothing is deleted or emptied without a trace, also where one database role does everything. On
PostgreSQL a row loses its person only in a transaction after which the person is no longer there: who is not erased
stays in every row.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, models, transaction

from employees.models import Erasure, JournalEntry
from features.schema import FEATURE_NAMES
from predictions.log import roles
from predictions.log.canonical import LOGS
from predictions.log.models import ErasedRow, LogBlock, LogName, LogPurge
from predictions.models import Prediction
from technova.database.set_references import SetReference, check_by_set

# Of features the person is the prediction's; so the person is there too.
_REFERENCES = (SetReference("run"), SetReference("employee"), SetReference("features", shared="employee_id"))
# With the search path no temporary table, which any role may create, stands in for one of these.
_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION technova_log_only_grows() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND TG_NARGS = 2 THEN
        IF EXISTS (SELECT FROM predictions_logpurge
                   WHERE log = TG_ARGV[0] AND after_id < OLD.id AND last_id >= OLD.id) THEN
          RETURN OLD;
        END IF;
      END IF;
      IF TG_OP = 'UPDATE' AND TG_NARGS = 2 THEN
        IF EXISTS (SELECT FROM predictions_erasedrow WHERE log = TG_ARGV[0] AND "row" = OLD.id)
            AND to_jsonb(NEW) = to_jsonb(OLD) || TG_ARGV[1]::jsonb THEN
          RETURN NEW;
        END IF;
      END IF;
      RAISE EXCEPTION 'The % can only grow', CASE TG_TABLE_NAME WHEN 'predictions_prediction' THEN 'prediction log'
        WHEN 'employees_journalentry' THEN 'access journal' ELSE 'proof of the log' END
        USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION technova_person_is_gone() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
    BEGIN
      IF EXISTS (SELECT FROM employees_employee WHERE id = OLD.employee_id) THEN
        RAISE EXCEPTION 'A row of % loses its person, who is not erased', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NULL;
    END $$
    """,
]
_POSTGRESQL_OF_ONE = [
    "DROP TRIGGER IF EXISTS prediction_stays ON {table}",  # the names of earlier releases
    "DROP TRIGGER IF EXISTS prediction_table_stays ON {table}",
    """
    CREATE OR REPLACE TRIGGER technova_row_stays BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION technova_log_only_grows({arguments})
    """,
    """
    CREATE OR REPLACE TRIGGER technova_table_stays BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION technova_log_only_grows()
    """,
]
_POSTGRESQL_OF_PEOPLE = [
    "DROP TRIGGER IF EXISTS technova_person_is_gone ON {table}",
    """
    CREATE CONSTRAINT TRIGGER technova_person_is_gone AFTER UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.employee_id IS DISTINCT FROM NEW.employee_id)
    EXECUTE FUNCTION technova_person_is_gone()
    """,
]
_SQLITE = [
    "DROP TRIGGER IF EXISTS prediction_stays_as_it_is",  # the names of earlier releases
    "DROP TRIGGER IF EXISTS prediction_stays",
    "DROP TRIGGER IF EXISTS prediction_is_not_replaced",
    "DROP TABLE IF EXISTS prediction_purge",
]
_SQLITE_OF_ONE = [
    "DROP TRIGGER IF EXISTS {table}_stays_as_it_is",  # of an earlier release, which let no row be emptied
    """
    CREATE TRIGGER {table}_stays_as_it_is BEFORE UPDATE ON {table} WHEN {is_changed}
    BEGIN SELECT RAISE(ABORT, 'The {name} can only grow'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS {table}_stays BEFORE DELETE ON {table} WHEN {is_kept}
    BEGIN SELECT RAISE(ABORT, 'The {name} can only grow'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS {table}_is_not_replaced BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_same})
    BEGIN SELECT RAISE(ABORT, 'The {name} can only grow'); END
    """,
]
_PURGED = "EXISTS (SELECT 1 FROM predictions_logpurge WHERE log = '{log}' AND after_id < OLD.id AND last_id >= OLD.id)"
_ERASED = "EXISTS (SELECT 1 FROM predictions_erasedrow WHERE log = '{log}' AND \"row\" = OLD.id)"


@dataclass(frozen=True, slots=True)
class Protected:
    """A table that can only grow; the rows of a ``log`` can be purged, others never."""

    model: type[models.Model]
    name: str
    log: str = ""

    @property
    def parts(self) -> dict[str, str]:
        """What the statements above are filled in with."""
        keys = [field.column for field in self.model._meta.pk_fields]
        emptied = json.dumps(self._emptied(as_text=False))
        return {
            "table": self.model._meta.db_table,
            "is_same": " AND ".join(f'"{key}" = NEW."{key}"' for key in keys),
            "name": self.name,
            "arguments": f"'{self.log}', '{emptied}'" if self.log else "",
            "is_kept": f"NOT {_PURGED.format(log=self.log)}" if self.log else "1",
            "is_changed": f"NOT ({self._is_emptying()})" if self.log else "1",
        }

    def _emptied(self, *, as_text: bool) -> dict[str, Any]:
        """What the personal columns hold in a row without its person: documents as text, or as they are."""
        (log,) = (log for log in LOGS if log.name == self.log) if self.log else (None,)
        stored = dict(log.personal) if log else {}
        if "contributions" in stored:
            stored["contributions"] = [None] * len(FEATURE_NAMES)
        if as_text:
            return {
                name: json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else value
                for name, value in stored.items()
            }
        return stored

    def _is_emptying(self) -> str:
        """SQLite: whether an update takes an erased person out of a row, and changes nothing else."""
        emptied = {
            name: "NULL" if value is None else f"'{value}'" for name, value in self._emptied(as_text=True).items()
        }
        columns = [field.column for field in self.model._meta.concrete_fields]
        stays = [f'NEW."{name}" IS {emptied.get(str(name), f"""OLD."{name}" """)}' for name in columns]
        return " AND ".join([_ERASED.format(log=self.log), *stays])


PROTECTED = (
    Protected(Prediction, "prediction log", LogName.PREDICTIONS),
    Protected(JournalEntry, "access journal", LogName.JOURNAL),
    Protected(LogBlock, "proof of the log"),
    Protected(LogPurge, "proof of the log"),
    Protected(Erasure, "proof of the log"),
    Protected(ErasedRow, "proof of the log"),
)


def protect(*, using: str, **_signal) -> None:
    """Create the triggers and grant the roles, after every ``migrate``: SQLite alters a table by replacing it."""
    database = connections[using]
    tables = set(database.introspection.table_names())
    if not {each.model._meta.db_table for each in PROTECTED} <= tables:
        return
    is_postgresql = database.vendor == "postgresql"
    of_one = _POSTGRESQL_OF_ONE if is_postgresql else _SQLITE_OF_ONE
    of_people = _POSTGRESQL_OF_PEOPLE if is_postgresql else []
    with transaction.atomic(using=using), database.cursor() as cursor:
        for statement in _POSTGRESQL if is_postgresql else _SQLITE:
            cursor.execute(statement)
        for each in PROTECTED:
            for statement in [*of_one, *(of_people if each.log else [])]:
                cursor.execute(statement.format(**each.parts))
    check_by_set(Prediction, *_REFERENCES, using=using)
    if is_postgresql:
        roles.grant(using=using)


def may_purge() -> bool:
    """Whether this process's database role may delete from the logs: the application's own may not, see ``roles``."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'DELETE')", [Prediction._meta.db_table])
        return cursor.fetchone()[0]
