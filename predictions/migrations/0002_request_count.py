from django.db import migrations, models


def set_unlogged(apps, schema_editor):
    """A count is worth nothing after a crash, and a request must not wait for the disk to be counted."""
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('ALTER TABLE predictions_requestcount SET UNLOGGED')


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RequestCount',
            fields=[
                ('subject', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('minute', models.BigIntegerField(help_text='Minutes since 1970.')),
                ('requests', models.BigIntegerField()),
            ],
        ),
        migrations.RunPython(set_unlogged, migrations.RunPython.noop),
    ]
