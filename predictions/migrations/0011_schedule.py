"""What runs by itself where nobody has said otherwise."""

from django.db import migrations

TIMES = {
    "predictions.rescoring.rescore": "0 6 1 * *",
    "predictions.deliveries.collect": "*/10 * * * *",
    "predictions.clearing.clear_daily": "0 3 * * *",
}


def add(apps, schema_editor):
    schedules = apps.get_model("jobs", "Schedule").objects
    for task, cron in TIMES.items():
        schedules.get_or_create(task=task, defaults={"cron": cron})


def remove(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.filter(task__in=TIMES).delete()


class Migration(migrations.Migration):
    dependencies = [("predictions", "0010_expected_over_the_threshold"), ("jobs", "0002_schedule")]

    operations = [migrations.RunPython(add, remove)]
