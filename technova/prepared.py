"""Statements that many requests run: their SQL is built once, and PostgreSQL plans them once a connection.

Django builds the SQL of a query anew each time it runs, and sends it with its parameters written into it, so that the
database plans it anew too. For a wide row each takes several times as long as to find or to store it.
"""

from collections.abc import Callable
from functools import cache, cached_property

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """A cursor whose statements PostgreSQL prepares; elsewhere the usual one.

    A statement must name its columns: one prepared with ``*`` fails once the table has another column.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    return connection._prepare_cursor(ServerBindingCursor(connection.connection))


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
        with prepared_cursor() as cursor:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
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
    values = [field.get_db_prep_save(field.pre_save(instance, True), connection) for field in fields]
    with prepared_cursor() as cursor:
        cursor.execute(sql, values)
        (instance.pk,) = cursor.fetchone()
    instance._state.adding = False
    instance._state.db = DEFAULT_DB_ALIAS


@cache
def _insertion(model: type[models.Model]) -> tuple[list[models.Field], str]:
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    table, key = quote(model._meta.db_table), quote(model._meta.pk.column)
    names = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return fields, f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608 - names of the model
