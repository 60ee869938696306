from django.db import migrations, models

from employees.columns import fold


def fold_names(apps, schema_editor):
    """Each name once, by a table that the transaction forgets: a directory has many rows of a few names."""
    table = schema_editor.quote_name(apps.get_model("employees", "AnnuaireRow")._meta.db_table)
    with schema_editor.connection.cursor() as cursor:
        for name in ("nom", "prenom"):
            cursor.execute(f"SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL")
            pairs = [(text, fold(text)) for (text,) in cursor.fetchall()]
            cursor.execute("CREATE TEMPORARY TABLE folded (name text PRIMARY KEY, folded text)")
            cursor.executemany("INSERT INTO folded VALUES (%s, %s)", pairs)
            found = f"SELECT folded FROM folded WHERE folded.name = {table}.{name}"
            cursor.execute(f"UPDATE {table} SET {name}_folded = ({found}) WHERE {name} IS NOT NULL")
            cursor.execute("DROP TABLE folded")


class Migration(migrations.Migration):
    dependencies = [("employees", "0014_purposes")]

    operations = [
        migrations.AddField(
            model_name="annuairerow",
            name="nom_folded",
            field=models.TextField(editable=False, null=True, verbose_name="last name, without accents"),
        ),
        migrations.AddField(
            model_name="annuairerow",
            name="prenom_folded",
            field=models.TextField(editable=False, null=True, verbose_name="first name, without accents"),
        ),
        migrations.RunPython(fold_names, migrations.RunPython.noop),
    ]
