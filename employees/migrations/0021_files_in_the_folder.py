from django.db import migrations, models


def note_delivered(apps, schema_editor):
    """Every delivered file may still lie in the folder; the next collection forgets those that do not."""
    apps.get_model("employees", "ImportFile").objects.filter(upload__source="folder").update(is_in_folder=True)


class Migration(migrations.Migration):
    dependencies = [("employees", "0020_deleted_imports")]

    operations = [
        migrations.AddField(
            model_name="importfile",
            name="is_in_folder",
            field=models.BooleanField(
                default=False,
                help_text="Whether it lies in the folder of deliveries, from which it is taken once.",
                verbose_name="in the folder",
            ),
        ),
        migrations.RunPython(note_delivered, migrations.RunPython.noop),
    ]
