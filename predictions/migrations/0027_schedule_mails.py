"""The digest on Monday, and another try for messages that could not be sent."""

from django.db import migrations

TIMES = {
    "predictions.mails.services.write_digests": "0 7 * * 1",
    "predictions.mails.services.send_waiting": "*/10 * * * *",
}


def add(apps, schema_editor):
    for task, cron in TIMES.items():
        apps.get_model("jobs", "Schedule").objects.get_or_create(task=task, defaults={"cron": cron})


def remove(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.filter(task__in=TIMES).delete()


class Migration(migrations.Migration):
    dependencies = [("predictions", "0026_mails"), ("jobs", "0002_schedule")]

    operations = [migrations.RunPython(add, remove)]
