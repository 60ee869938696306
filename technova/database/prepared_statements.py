"""Statements that many requests run: their SQL is built once, and PostgreSQL plans them once a connection.

Django builds the SQL of a query anew each time it runs, and sends it with its parameters written into it, so that the
database plans it anew too. For a wide row each takes several times as long as to find or to store it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper


def run(sql: str, parameters: Sequence | Mapping) -> list[tuple]:
    """The rows of a statement that PostgreSQL prepares; another database runs it as it runs any.

    The statement must name its columns: one prepared with ``*`` fails once the table has another column.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]  # what follows uses parts that Django documents nowhere
    if database.vendor != "postgresql":
        return _run_plainly(database, sql, parameters)
    database.ensure_connection()
    cursor = database._prepare_cursor(database.connection.cursor_of(sql))
    try:
        cursor.execute(sql, parameters)
    except NotSupportedError:  # a migration changed the type of a column since this connection prepared the statement
        if database.in_atomic_block:
            raise
        database.connection.close()  # for good, and not back into the pool
        database.close()
        return _run_plainly(database, sql, parameters)
    return cursor.fetchall()


def _run_plainly(database: BaseDatabaseWrapper, sql: str, parameters: Sequence | Mapping) -> list[tuple]:
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


class PreparedSelect:
    """A ``values_list`` query that runs with other parameters than it was built with.

    ``build`` returns the query, with any values in the places of its parameters.
    """

    def __init__(self, build: Callable[[], models.QuerySet]):
        self._build = build

    @cached_property
    def _compiled(self) -> tuple[str, dict]:
        compiler = self._build().query.get_compiler(DEFAULT_DB_ALIAS)
        sql, _parameters = compiler.as_sql()
        return sql, compiler.get_converters([column for column, _sql, _name in compiler.select])

    def rows(self, *parameters: object) -> list[tuple]:
        """Run the query; ``parameters`` come in the order in which they stand in the SQL."""
        sql, converters = self._compiled
        rows = run(sql, parameters)
        return [self._converted(row, converters) for row in rows] if converters else rows

    @staticmethod
    def _converted(row: tuple, converters: dict) -> tuple:
        values = list(row)
        for place, (functions, expression) in converters.items():
            for function in functions:
                values[place] = function(values[place], expression, connection)
        return tuple(values)


def insert(instance: models.Model) -> None:
    """Store a new row and give the instance its key: ``save(force_insert=True)`` without signals."""
    fields, sql = _insertion(type(instance))
    database = connections[DEFAULT_DB_ALIAS]  # what ``connection`` looks up anew for each of its attributes
    values = [field.get_db_prep_save(field.pre_save(instance, True), database) for field in fields]
    ((instance.pk,),) = run(sql, values)
    instance._state.adding = False
    instance._state.db = DEFAULT_DB_ALIAS


@cache
def _insertion(model: type[models.Model]) -> tuple[list[models.Field], str]:
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    names = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return fields, f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608 - names of the model
