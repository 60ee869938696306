from django.db import migrations, models


class Migration(migrations.Migration):
    """In a transaction after that of the rows, which PostgreSQL else refuses to alter their table in."""

    dependencies = [
        ('features', '0002_dated_rows'),
    ]

    operations = [
        migrations.AlterField(
            model_name='employeefeatures',
            name='as_of',
            field=models.DateField(help_text='The day from which the values hold.', verbose_name='as of'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='age',
            field=models.IntegerField(null=True, verbose_name='Age'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='departement',
            field=models.CharField(max_length=100, verbose_name='Department'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='domaine_etude',
            field=models.CharField(max_length=100, verbose_name='Field of study'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='genre',
            field=models.SmallIntegerField(choices=[(0, 'Woman'), (1, 'Man')], null=True, verbose_name='Sex'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='jeune_surcharge',
            field=models.SmallIntegerField(choices=[(0, 'No'), (1, 'Yes')], null=True, verbose_name='Under 30 with overtime'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='poste',
            field=models.CharField(max_length=100, verbose_name='Job'),
        ),
        migrations.AlterField(
            model_name='employeefeatures',
            name='statut_marital',
            field=models.CharField(max_length=100, null=True, verbose_name='Marital status'),
        ),
        migrations.AddConstraint(
            model_name='employeefeatures',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at', None)), fields=('employee', 'as_of'), name='one_row_in_force_a_day'),
        ),
    ]
