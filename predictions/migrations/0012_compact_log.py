import json

import django.db.models.deletion
import technova.database.fields
from django.conf import settings
from django.db import migrations, models


NAMES = [
    'note_evaluation_precedente',
    'niveau_hierarchique_poste',
    'note_evaluation_actuelle',
    'heures_supplementaires',
    'augmentation_salaire_precedente',
    'age',
    'genre',
    'revenu_mensuel',
    'statut_marital',
    'departement',
    'poste',
    'nombre_experiences_precedentes',
    'annee_experience_totale',
    'annees_dans_l_entreprise',
    'annees_dans_le_poste_actuel',
    'nombre_participation_pee',
    'nb_formations_suivies',
    'distance_domicile_travail',
    'niveau_education',
    'domaine_etude',
    'frequence_deplacement',
    'annees_depuis_la_derniere_promotion',
    'annees_sous_responsable_actuel',
    'satisfaction_moyenne',
    'nonlineaire_participation_pee',
    'ratio_heures_sup_salaire',
    'nonlinaire_charge_contrainte',
    'nonlinaire_surmenage_insatisfaction',
    'jeune_surcharge',
    'anciennete_sans_promotion',
    'mobilite_carriere',
    'risque_global',
]


def to_array(apps, schema_editor):
    """Rewrite the whole log in one statement: past its triggers, in constant memory, and back as it was after an error.

    A row with a name that has no place becomes NULL, which the column refuses.
    """
    if schema_editor.connection.vendor == 'postgresql':
        places = ', '.join(f"(contributions ->> '{name}')::double precision" for name in NAMES)
        known = ', '.join(f"'{name}'" for name in NAMES)
        rewrite(schema_editor, 'double precision[]', f"""
            CASE WHEN contributions - ARRAY[{known}] = '{{}}' THEN ARRAY[{places}] END
        """)
    else:
        update(schema_editor, packed)


def to_document(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        pairs = ', '.join(f"'{name}', contributions[{place}]" for place, name in enumerate(NAMES, 1))
        rewrite(schema_editor, 'jsonb', f'jsonb_strip_nulls(jsonb_build_object({pairs}))')
    else:
        update(schema_editor, unpacked)


def rewrite(schema_editor, kind, value):
    schema_editor.execute(f'ALTER TABLE predictions_prediction ALTER COLUMN contributions TYPE {kind} USING {value}')


def update(schema_editor, function):
    """The log's triggers come back after ``migrate``."""
    connection = schema_editor.connection
    connection.ensure_connection()
    connection.connection.create_function('rewritten', 1, function, deterministic=True)
    schema_editor.execute('DROP TRIGGER IF EXISTS prediction_stays_as_it_is')
    schema_editor.execute('UPDATE predictions_prediction SET contributions = rewritten(contributions)')


def packed(text):
    weights = json.loads(text)
    return json.dumps([weights.get(name) for name in NAMES]) if weights.keys() <= set(NAMES) else None


def unpacked(text):
    pairs = zip(NAMES, json.loads(text), strict=True)
    return json.dumps({name: weight for name, weight in pairs if weight is not None})


class Migration(migrations.Migration):
    """Contributions as an array in the order of the features, and the indexes that queries need."""

    dependencies = [
        ('employees', '0009_saved_mappings'),
        ('features', '0003_rows_in_force'),
        ('predictions', '0011_schedule'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='prediction',
            name='prediction_newest_of_mode',
        ),
        migrations.AlterField(
            model_name='prediction',
            name='api_key',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.apikey', verbose_name='API key'),
        ),
        migrations.AlterField(
            model_name='prediction',
            name='features',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='features.employeefeatures', verbose_name='clean features'),
        ),
        migrations.AlterField(
            model_name='prediction',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(to_array, to_document)],
            state_operations=[
                migrations.AlterField(
                    model_name='prediction',
                    name='contributions',
                    field=technova.database.fields.NamedFloats(help_text='By feature, zeros left out; with the base value they sum to the score: to the log cumulative hazard within the horizon, to the log-odds without one.', names=NAMES, verbose_name='contributions'),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(condition=models.Q(('mode', 'scoring'), _negated=True), fields=['mode', '-created_at', '-id'], name='prediction_newest_of_mode'),
        ),
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(condition=models.Q(('user__isnull', False)), fields=['user'], name='prediction_of_user'),
        ),
    ]
