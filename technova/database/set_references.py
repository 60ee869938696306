"""Foreign keys that PostgreSQL checks once a statement, for all rows that it adds.

A foreign key looks each row up by itself, in a query of its own that also locks the row referred to, which is written
again for that: half of PostgreSQL's time where a statement adds everyone. Triggers keep the same rule with one query a
statement. SQLite keeps the foreign keys.

- Adding: the key must be there when the statement ends, whether or not a constraint would be deferred.
- Changing: a row refers to the same one as long as it exists, or to none any more, and that one keeps its key.
- Deleting what is referred to: when the transaction commits, as with a deferred foreign key, and by the rights of the
  owner of the tables. It waits for those who add rows meanwhile and have not committed: neither overlooks the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, models, transaction

# With the search path no temporary table, which any role may create, stands in for another.
_PATH = "SET search_path = public, pg_temp"
_COMMON = [
    """
    CREATE OR REPLACE FUNCTION technova_key_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'A key of % does not change', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
    END $$
    """,
]
# Drops the foreign key of a column, whatever its name; there is none any more after the first time.
_WITHOUT_FOREIGN_KEY = """
    DO $$
    DECLARE name text;
    BEGIN
      FOR name IN
        SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE conrelid = '{table}'::regclass AND contype = 'f' AND attname = '{column}'
      LOOP
        EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', name);
      END LOOP;
    END $$
"""
# One expression for all keys of a table, since a query of its own for each would cost a single row more. Of distinct
# values PostgreSQL expects few, and so looks each one up in its index, whether one row is added or many.
_ADDED = f"""
    CREATE OR REPLACE FUNCTION {{table}}_refers() RETURNS trigger LANGUAGE plpgsql {_PATH} AS $$
    BEGIN
      IF {{is_missing}} THEN
        RAISE EXCEPTION 'A row of {{table}} refers to one that is not there' USING ERRCODE = 'foreign_key_violation';
      END IF;
      RETURN NULL;
    END $$
"""
_IS_MISSING = """EXISTS (
        SELECT FROM (SELECT DISTINCT {columns} FROM added WHERE {column} IS NOT NULL) AS added
        WHERE NOT EXISTS (SELECT FROM {parent} AS parent WHERE {match}))"""
_TRIGGERS = [
    """
    CREATE OR REPLACE TRIGGER {table}_refers AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refers()
    """,
]
_TRIGGERS_OF_ONE = [
    """
    CREATE OR REPLACE TRIGGER {table}_{column}_stays BEFORE UPDATE OF {column} ON {table}
    FOR EACH ROW WHEN (OLD.{column} <> NEW.{column} OR OLD.{column} IS NULL AND NEW.{column} IS NOT NULL)
    EXECUTE FUNCTION technova_key_stays()
    """,
    """
    CREATE OR REPLACE TRIGGER {parent}_id_stays BEFORE UPDATE OF id ON {parent}
    FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION technova_key_stays()
    """,
    # By the owner's rights, so whole: what a trigger hands to such a function, whoever creates one could choose.
    f"""
    CREATE OR REPLACE FUNCTION {{table}}_{{column}}_is_free() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER {_PATH} AS $$
    BEGIN
      LOCK TABLE {{table}} IN SHARE ROW EXCLUSIVE MODE;
      IF EXISTS (SELECT FROM {{table}} WHERE {{refers}}) THEN
        RAISE EXCEPTION '{{table}} refers to % of {{parent}}', OLD.id USING ERRCODE = 'foreign_key_violation';
      END IF;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION {table}_{column}_is_free() FROM PUBLIC",
    "DROP TRIGGER IF EXISTS {table}_{column} ON {parent}",
    """
    CREATE CONSTRAINT TRIGGER {table}_{column} AFTER DELETE ON {parent} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {table}_{column}_is_free()
    """,
]


@dataclass(frozen=True, slots=True)
class SetReference:
    """A foreign key; ``shared`` is a column that the row and the one referred to have in common, such as the person.

    The rows that refer to one must be found by an index that begins with the shared column, or else with the key.
    """

    field: str
    shared: str = ""


def check_by_set(model: type[models.Model], *references: SetReference, using: str) -> None:
    """Replace foreign keys of a table by checks of a statement; after every ``migrate``, which may bring one back."""
    database = connections[using]
    if database.vendor != "postgresql" or model._meta.db_table not in database.introspection.table_names():
        return
    with transaction.atomic(using=using), database.cursor() as cursor:
        for statement in _statements(model, references):
            cursor.execute(statement)


def _statements(model: type[models.Model], references: Sequence[SetReference]) -> list[str]:
    table = model._meta.db_table
    names = [_names(model, reference) for reference in references]
    is_missing = " OR ".join(_IS_MISSING.format(**each) for each in names)
    return [
        *_COMMON,
        *(_WITHOUT_FOREIGN_KEY.format(**each) for each in names),
        _ADDED.format(table=table, is_missing=is_missing),
        *(trigger.format(table=table) for trigger in _TRIGGERS),
        *(trigger.format(**each) for each in names for trigger in _TRIGGERS_OF_ONE),
    ]


def _names(model: type[models.Model], reference: SetReference) -> dict[str, str]:
    field: Any = model._meta.get_field(reference.field)
    columns = [str(field.column), *([reference.shared] if reference.shared else [])]
    pairs = list(zip(columns, ["id", *columns[1:]], strict=True))
    return {
        "table": model._meta.db_table,
        "column": columns[0],
        "parent": field.related_model._meta.db_table,
        "columns": ", ".join(columns),
        "match": " AND ".join(f"parent.{theirs} = added.{ours}" for ours, theirs in pairs),
        "refers": " AND ".join(f"{ours} = OLD.{theirs}" for ours, theirs in reversed(pairs)),
    }
