from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0004_move_rows_to_dated_extracts'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='employee',
            name='left_recorded_at',
        ),
        migrations.DeleteModel(
            name='Departure',
        ),
        migrations.DeleteModel(
            name='EmployeeSnapshot',
        ),
        migrations.DeleteModel(
            name='Survey',
        ),
    ]
