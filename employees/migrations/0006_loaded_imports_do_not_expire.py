from django.db import migrations, models


def start_loaded_ones_again(apps, schema_editor):
    """Imports that were loaded and not scored, and then counted as expired, can be finished."""
    Import = apps.get_model("employees", "Import")
    Import.objects.filter(state="expired", loaded_at__isnull=False).update(state="failed")


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0005_keep_who_has_left'),
    ]

    operations = [
        migrations.RunPython(start_loaded_ones_again, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='import',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'expired'), _negated=True), ('loaded_at__isnull', True), _connector='OR'), name='import_expires_before_it_is_loaded'),
        ),
    ]
