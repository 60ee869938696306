from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def keep_who_has_left(apps, schema_editor):
    """What the newest outcome of each employee says, from the history that there is."""
    Employee, Departure = (apps.get_model("employees", name) for name in ("Employee", "Departure"))
    newest = Departure.objects.filter(employee=OuterRef("pk")).order_by("-recorded_at", "-id")
    has_left = Subquery(newest.values("a_quitte_l_entreprise")[:1])
    recorded_at = Subquery(newest.values("recorded_at")[:1])
    Employee.objects.alias(has_left=has_left).filter(has_left=True).update(left_recorded_at=recorded_at)


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0004_keep_the_time_of_the_load'),
    ]

    operations = [
        migrations.AddField(
            model_name='employee',
            name='left_recorded_at',
            field=models.DateTimeField(editable=False, help_text='When an extract that says that the person has left was loaded; kept by the import, empty for others.', null=True, verbose_name='departure recorded at'),
        ),
        migrations.RunPython(keep_who_has_left, migrations.RunPython.noop),
    ]
