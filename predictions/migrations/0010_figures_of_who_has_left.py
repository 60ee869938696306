
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0009_encode_contributions_faster'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='rungroup',
            options={'ordering': ['run', 'departement', 'poste', 'has_left'], 'verbose_name': 'figures of a group', 'verbose_name_plural': 'figures of groups'},
        ),
        migrations.RemoveConstraint(
            model_name='rungroup',
            name='one_row_a_run_department_and_job',
        ),
        migrations.AddField(
            model_name='rungroup',
            name='has_left',
            field=models.BooleanField(help_text='Known of these people then; empty where both are counted together.', null=True, verbose_name='left the company'),
        ),
        migrations.AddField(
            model_name='scoringrun',
            name='newest_departure',
            field=models.BigIntegerField(help_text='Of the raw data then: a later one may have changed who has left.', null=True, verbose_name='newest departure'),
        ),
        migrations.AddConstraint(
            model_name='rungroup',
            constraint=models.UniqueConstraint(fields=('run', 'departement', 'poste', 'has_left'), name='one_row_a_run_department_job_and_presence'),
        ),
    ]
