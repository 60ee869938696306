"""Prepared statements for frequent queries: SQL built once, planned by PostgreSQL once a connection.

Django rebuilds the SQL of a query each time and interpolates its parameters, so that the database plans it each time
too. For a wide row, either takes several times as long as the query itself. What this buys: the read of a prediction
takes 80 instead of 974 µs (``benchmarks/parts.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper


def run(sql: str, parameters: Sequence | Mapping) -> list[tuple]:
    """Run a statement, prepared on PostgreSQL, and return its rows.

    The statement must name its columns: one prepared with ``*`` fails after the table gets another column.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]  # the rest uses undocumented parts of Django
    if database.vendor != "postgresql":
        return _run_plainly(database, sql, parameters)
    database.ensure_connection()
    cursor = database._prepare_cursor(database.connection.cursor_of(sql))
    try:
        cursor.execute(sql, parameters)
    except NotSupportedError:  # a migration changed the type of a column after this connection prepared the statement
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

    ``build`` returns the query, with any values as parameters.
    """

    def __init__(self, build: Callable[[], models.QuerySet]):
        self._build = build

    @cached_property
    def _compiled(self) -> tuple[str, dict]:
        compiler = self._build().query.get_compiler(DEFAULT_DB_ALIAS)
        sql, _parameters = compiler.as_sql()
        return sql, compiler.get_converters([column for column, _sql, _name in compiler.select])

    def rows(self, *parameters: object) -> list[tuple]:
        """Run the query, with ``parameters`` in the order of the SQL."""
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
    """Insert a row and set the instance's key: ``save(force_insert=True)`` without signals."""
    fields, sql = _insertion(type(instance))
    database = connections[DEFAULT_DB_ALIAS]  # the proxy ``connection`` would look it up for each attribute
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
