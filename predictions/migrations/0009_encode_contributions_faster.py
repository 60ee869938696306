from django.db import migrations, models

import technova.documents


class Migration(migrations.Migration):
    """How Python encodes the column; the database has nothing to change, and SQLite no table to make anew."""

    dependencies = [
        ('predictions', '0008_order_the_log_by_probability'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='prediction',
                    name='contributions',
                    field=models.JSONField(encoder=technova.documents.FastJSONEncoder, help_text='Log-odds by feature, zeros left out; with the base value they sum to the score.', verbose_name='contributions'),
                ),
            ],
        ),
    ]
