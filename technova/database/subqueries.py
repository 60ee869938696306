"""Parts of a query: what reads other rows along, and texts out of JSON."""

from django.db.models import CharField, Count, Func, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


class JSONText(Func):
    """The text of a JSON string."""

    output_field = CharField()
    template = "(%(expressions)s #>> '{}')"

    def as_sqlite(self, compiler, connection, **options):
        return self.as_sql(compiler, connection, template="JSON_EXTRACT(%(expressions)s, '$')", **options)


def count_of(rows: QuerySet) -> Coalesce:
    """The number of rows, as a value of another query."""
    counted = rows.order_by().values(one=Value(1)).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
