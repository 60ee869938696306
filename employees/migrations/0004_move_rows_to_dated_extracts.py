from collections.abc import Iterable
from datetime import date, datetime

from django.db import migrations

from django.utils import timezone

SIRH = (
    'age', 'genre', 'revenu_mensuel', 'statut_marital', 'departement', 'poste', 'nombre_experiences_precedentes',
    'nombre_heures_travaillees', 'annee_experience_totale', 'annees_dans_l_entreprise', 'annees_dans_le_poste_actuel',
)
EVAL = (
    'satisfaction_employee_environnement', 'satisfaction_employee_nature_travail', 'satisfaction_employee_equipe',
    'satisfaction_employee_equilibre_pro_perso', 'note_evaluation_precedente', 'note_evaluation_actuelle',
    'niveau_hierarchique_poste', 'heures_supplementaires', 'augmentation_salaire_precedente',
)
SONDAGE = (
    'nombre_participation_pee', 'nb_formations_suivies', 'nombre_employee_sous_responsabilite',
    'distance_domicile_travail', 'niveau_education', 'domaine_etude', 'ayant_enfants', 'frequence_deplacement',
    'annees_depuis_la_derniere_promotion', 'annees_sous_responsable_actuel',
)
DEPARTURE = ('a_quitte_l_entreprise',)
TABLES = {'sirh': 'sirhrow', 'eval': 'evalrow', 'sondage': 'sondagerow'}


def move(apps, schema_editor):
    """Each day on which something was recorded becomes a load as of that day.

    A row was kept only where something had changed, and nobody was ever missing: so whom such an extract does not hold
    is not missing (``is_complete``), and of several loads of one day a person's newest row counts.
    """
    for day, instants in days(apps):
        load = apps.get_model('employees', 'Load').objects.create(as_of=day, recorded_at=max(instants))
        for kind, columns in (('sirh', SIRH), ('eval', EVAL), ('sondage', SONDAGE + DEPARTURE)):
            move_extract(apps, schema_editor, load, kind, columns, instants)
    employees = apps.get_model('employees', 'Employee').objects
    employees.filter(left_recorded_at=None).update(presence='present')
    employees.exclude(left_recorded_at=None).update(presence='left')


def days(apps) -> Iterable[tuple[date, list[datetime]]]:
    instants = set()
    for name in ('EmployeeSnapshot', 'Survey', 'Departure'):
        instants.update(apps.get_model('employees', name).objects.values_list('recorded_at', flat=True).distinct())
    by_day = {}
    for instant in sorted(instants):
        by_day.setdefault(timezone.localdate(instant), []).append(instant)
    return by_day.items()


def move_extract(apps, schema_editor, load, kind, columns, instants):
    extract = apps.get_model('employees', 'LoadedExtract').objects.create(
        load=load, kind=kind, as_of=load.as_of, name=f'extrait_{kind}.csv', given=list(columns), is_complete=False, row_count=0
    )
    source = 'employees_employeesnapshot' if kind == 'sirh' else 'employees_survey'
    copy(schema_editor, extract, kind, source, [name for name in columns if name not in DEPARTURE], instants)
    if kind == 'sondage':
        copy(schema_editor, extract, kind, 'employees_departure', DEPARTURE, instants)
    rows = apps.get_model('employees', TABLES[kind]).objects.filter(extract=extract)
    extract.row_count = rows.count()
    extract.save() if extract.row_count else extract.delete()


def copy(schema_editor, extract, kind, source, columns, instants):
    names = ', '.join(columns)
    updates = ', '.join(f'{name} = excluded.{name}' for name in columns)
    first, last = (schema_editor.connection.ops.adapt_datetimefield_value(instants[place]) for place in (0, -1))
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO employees_{TABLES[kind]} (extract_id, number, {names})
            SELECT %s, person.employee_id, {', '.join(f'said.{name}' for name in columns)}
            FROM {source} said JOIN employees_employee person ON person.id = said.employee_id
            WHERE said.recorded_at BETWEEN %s AND %s AND NOT EXISTS (
                SELECT 1 FROM {source} later
                WHERE later.employee_id = said.employee_id AND later.recorded_at <= %s
                AND (later.recorded_at > said.recorded_at OR later.recorded_at = said.recorded_at AND later.id > said.id)
            )
            ON CONFLICT (extract_id, number) DO UPDATE SET {updates}
            """,
            [extract.pk, first, last, last],
        )


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0003_dated_extracts'),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop, elidable=True),
    ]
