"""No role reads or writes by the rights of the tables' owner what it may not by its own."""

from django.db import migrations

VIEWS = ("workforce_by_day", "runs", "newest_scores", "departures")


def close(apps, schema_editor):
    """The checks of deletions come back with the signal after ``migrate``, each with a function of its own."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS technova_is_not_referred_to() CASCADE")
    set_barrier(schema_editor, "SET (security_barrier = true)")


def reopen(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        set_barrier(schema_editor, "RESET (security_barrier)")


def set_barrier(schema_editor, change):
    """A condition of the reader is tried on rows that a view holds, on no others of its tables.

    Nothing where the account does not own the views: see docs/data-model.md.
    """
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'bi' AND pg_has_role(viewowner, 'USAGE')")
        for (name,) in cursor.fetchall():
            if name in VIEWS:
                cursor.execute(f"ALTER VIEW bi.{name} {change}")


class Migration(migrations.Migration):
    dependencies = [("predictions", "0050_rights_of_merged_numbers")]

    operations = [migrations.RunPython(close, reopen)]
