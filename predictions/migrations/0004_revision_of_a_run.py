from django.db import migrations, models


class Migration(migrations.Migration):
    """In a transaction after that of the rows, which PostgreSQL else refuses to alter their table in."""

    dependencies = [
        ('predictions', '0003_dated_runs'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='rungroup',
            name='has_left',
        ),
        migrations.AddField(
            model_name='scoringrun',
            name='revision',
            field=models.UUIDField(help_text='Of that day: another one may have changed who is there, and where.', null=True, verbose_name='revision'),
        ),
        migrations.AlterField(
            model_name='rungroup',
            name='departement',
            field=models.CharField(max_length=100, verbose_name='department'),
        ),
        migrations.AlterField(
            model_name='rungroup',
            name='poste',
            field=models.CharField(max_length=100, verbose_name='job'),
        ),
        migrations.AddConstraint(
            model_name='rungroup',
            constraint=models.UniqueConstraint(fields=('run', 'departement', 'poste'), name='one_row_a_run_department_and_job'),
        ),
    ]
