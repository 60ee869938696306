from django.db import migrations


def vacuum_by_rows(apps, schema_editor):
    """Have autovacuum come back after so many rows, not after a fifth of a log that holds a year.

    Until it does, lists look up in the table which rows of an index are visible. Runs vacuum by themselves at their end.
    """
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute("""
            ALTER TABLE predictions_prediction SET (
                autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000,
                autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
                autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000
            )
        """)


def vacuum_by_share(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute("""
            ALTER TABLE predictions_prediction RESET (
                autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold,
                autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
                autovacuum_analyze_scale_factor, autovacuum_analyze_threshold
            )
        """)


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0012_compact_log'),
    ]

    operations = [
        migrations.RunPython(vacuum_by_rows, vacuum_by_share),
    ]
