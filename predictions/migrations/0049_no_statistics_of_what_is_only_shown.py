"""PostgreSQL samples no column that queries only return: nothing filters, sorts or joins by it."""

from django.db import migrations

COLUMNS = [
    *("low", "high", "is_extrapolated", "threshold", "horizon_months"),
    *("base_value", "latency_ms", "model_sha256"),
]


def _sampled(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        changes = ", ".join(f"ALTER COLUMN {column} SET STATISTICS {target}" for column in COLUMNS)
        schema_editor.execute(f"ALTER TABLE predictions_prediction {changes}")


def leave_out(apps, schema_editor):
    _sampled(schema_editor, 0)


def take_in(apps, schema_editor):
    _sampled(schema_editor, -1)


class Migration(migrations.Migration):
    dependencies = [("predictions", "0048_cases_of_merged_numbers")]

    operations = [migrations.RunPython(leave_out, take_in)]
