"""A training by the schedule, which nothing starts until somebody sets its time."""

from django.db import migrations

TASK = "predictions.trainings.train_by_schedule"


def add(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.get_or_create(task=TASK, defaults={"cron": ""})


def remove(apps, schema_editor):
    apps.get_model("jobs", "Schedule").objects.filter(task=TASK).delete()


class Migration(migrations.Migration):
    dependencies = [("predictions", "0023_trainings"), ("jobs", "0002_schedule")]

    operations = [migrations.RunPython(add, remove)]
