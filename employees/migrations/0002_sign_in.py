import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

TABLES = ('axes_accessattemptexpiration', 'axes_accessattempt', 'axes_accessfailurelog', 'axes_accesslog')


def take_over(apps, schema_editor):
    """Keep what django-axes recorded of accounts that exist, and drop its tables: names typed there may be passwords."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
    if 'axes_accesslog' in present:
        copy(schema_editor, 'axes_accesslog', 'TRUE')
    if 'axes_accessattempt' in present:
        copy(schema_editor, 'axes_accessattempt', 'FALSE')
    for table in TABLES:
        schema_editor.execute(f'DROP TABLE IF EXISTS {table}')
    schema_editor.execute("DELETE FROM django_migrations WHERE app = 'axes'")
    apps.get_model('contenttypes', 'ContentType').objects.filter(app_label='axes').delete()  # and its permissions


def copy(schema_editor, table, has_worked):
    address = 'host(ip_address)' if schema_editor.connection.vendor == 'postgresql' else 'ip_address'
    schema_editor.execute(
        f'INSERT INTO employees_signin (at, address, has_worked, user_id) '
        f"SELECT attempt_time, COALESCE({address}, ''), {has_worked}, auth_user.id "
        f'FROM {table} JOIN auth_user ON auth_user.username = {table}.username ORDER BY attempt_time'
    )


class Migration(migrations.Migration):

    replaces = [('employees', '0007_sign_in')]

    dependencies = [
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('employees', '0001_squashed_0006_loaded_imports_do_not_expire'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='when')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('has_worked', models.BooleanField(verbose_name='worked')),
                ('user', models.ForeignKey(help_text="Empty where the name that was typed is no account's.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'sign-in',
                'verbose_name_plural': 'sign-ins',
                'ordering': ['-id'],
            },
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
