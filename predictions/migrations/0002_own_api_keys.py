from django.db import migrations


class Migration(migrations.Migration):
    """Drop the table of the former library's own keys, which opened nothing here."""

    replaces = [('predictions', '0013_own_api_keys')]

    dependencies = [
        ('predictions', '0001_squashed_0012_find_a_request_in_the_log'),
    ]

    operations = [
        migrations.RunSQL('DROP TABLE IF EXISTS rest_framework_api_key_apikey', migrations.RunSQL.noop),
    ]
