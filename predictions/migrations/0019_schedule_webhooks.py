"""Messages whose next attempt has come are sent by themselves."""

from django.db import migrations

TASK = "predictions.events.services.send_due"


def add(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.get_or_create(task=TASK, defaults={"cron": "*/10 * * * *"})


def remove(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.filter(task=TASK).delete()


class Migration(migrations.Migration):
    dependencies = [("predictions", "0018_webhooks"), ("jobs", "0002_schedule")]

    operations = [migrations.RunPython(add, remove)]
