from importlib import import_module

from django.db import migrations

VIEW = import_module('predictions.migrations.0014_bi_views').VIEWS['newest_scores']
PRESENT = "employee.presence = 'present'"


def leave_out_objections(apps, schema_editor):
    replace(schema_editor, VIEW.replace(PRESENT, f'{PRESENT} AND employee.objected_on IS NULL'))


def restore(apps, schema_editor):
    replace(schema_editor, VIEW)


def replace(schema_editor, query):
    """Nothing where there is no such view, or where the account does not own it: see docs/data-model.md."""
    if schema_editor.connection.vendor != 'postgresql':
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("""
            SELECT 1 FROM pg_views
            WHERE schemaname = 'bi' AND viewname = 'newest_scores' AND pg_has_role(viewowner, 'USAGE')
        """)
        if cursor.fetchone():
            cursor.execute(f'CREATE OR REPLACE VIEW bi.newest_scores AS {query}')


class Migration(migrations.Migration):
    dependencies = [('predictions', '0040_clearances'), ('employees', '0017_objections')]
    operations = [migrations.RunPython(leave_out_objections, restore)]
