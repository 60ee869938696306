from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0011_name_the_counts_of_requests'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(fields=['request_id'], name='prediction_of_request'),
        ),
    ]
