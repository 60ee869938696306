from django.db import migrations

# A word that was merged into another one counts under that.
WORDS = """
    WITH RECURSIVE word (id, vocabulary, recorded, counted) AS (
        SELECT id, vocabulary, value, value FROM employees_term WHERE merged_into_id IS NULL
        UNION ALL
        SELECT term.id, term.vocabulary, term.value, word.counted
        FROM employees_term term JOIN word ON word.id = term.merged_into_id
    )
"""

VIEWS = {
    'workforce_by_day': WORDS + """
        SELECT day.as_of AS day, coalesce(department.counted, state.departement) AS department,
               count(*) FILTER (WHERE state.presence = 'present') AS present,
               count(*) FILTER (WHERE state.presence = 'absent') AS absent,
               count(*) FILTER (WHERE state.presence = 'left') AS has_left
        FROM employees_workforceday day
        JOIN employees_employeestate state
            ON state.as_of <= day.as_of AND (state.until IS NULL OR state.until > day.as_of)
        LEFT JOIN word department ON department.vocabulary = 'departement' AND department.recorded = state.departement
        WHERE state.presence <> ''
        GROUP BY 1, 2
    """,
    'runs': """
        SELECT run.id AS run, run.created_at AS scored_at, run.as_of AS day, run.model_version, run.horizon_months,
               run.threshold, run.employee_count AS people, run.above_threshold_count AS over_threshold,
               run.expected_departures, run.expected_low, run.expected_high,
               NOT EXISTS (
                   SELECT FROM predictions_scoringrun later WHERE later.id > run.id AND later.as_of <= run.as_of
               ) AS is_in_force
        FROM predictions_scoringrun run
    """,
    'newest_scores': WORDS + """
        SELECT score.run_id AS run, run.as_of AS day, employee.employee_id AS employee_number,
               coalesce(department.counted, employee.departement) AS department,
               coalesce(job.counted, features.poste) AS job, score.probability, score.low, score.high,
               score.horizon_months, score.threshold, score.predicted_class AS is_over_threshold,
               score.is_extrapolated, score.main_reason, score.second_reason, score.model_version
        FROM predictions_scoringrun run
        JOIN predictions_prediction score ON score.run_id = run.id
        JOIN employees_employee employee ON employee.id = score.employee_id AND employee.presence = 'present'
        JOIN features_employeefeatures features ON features.id = score.features_id
        LEFT JOIN word department
            ON department.vocabulary = 'departement' AND department.recorded = employee.departement
        LEFT JOIN word job ON job.vocabulary = 'poste' AND job.recorded = features.poste
        WHERE run.id = (SELECT max(runs.run) FROM bi.runs WHERE is_in_force)
    """,
    'departures': WORDS + """
        SELECT employee.employee_id AS employee_number,
               coalesce(department.counted, state.departement) AS department,
               state.left_after, state.left_by, coalesce(reason.counted, state.left_because) AS reason
        FROM employees_employeestate state
        JOIN employees_employee employee ON employee.id = state.employee_id
        LEFT JOIN word department ON department.vocabulary = 'departement' AND department.recorded = state.departement
        LEFT JOIN word reason ON reason.vocabulary = 'motif_sortie' AND reason.recorded = state.left_because
        WHERE state.until IS NULL AND state.presence = 'left'
    """,
}


def create(apps, schema_editor):
    """Nothing where the account may not create the schema and nobody has done so for it: see docs/data-model.md."""
    if schema_editor.connection.vendor != 'postgresql':
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("""
            SELECT to_regnamespace('bi') IS NOT NULL, has_database_privilege(current_database(), 'CREATE'),
                   coalesce(has_schema_privilege(to_regnamespace('bi'), 'CREATE'), false)
        """)
        exists, may_create_schema, may_create_views = cursor.fetchone()
        if exists and not may_create_views or not exists and not may_create_schema:
            return
        if not exists:
            cursor.execute('CREATE SCHEMA bi')
        for name, query in VIEWS.items():
            cursor.execute(f'CREATE VIEW bi.{name} AS {query}')


def drop(apps, schema_editor):
    """The schema stays, with the rights that were granted on it."""
    if schema_editor.connection.vendor == 'postgresql':
        for name in reversed(VIEWS):
            schema_editor.execute(f'DROP VIEW IF EXISTS bi.{name}')


class Migration(migrations.Migration):
    """Read-only views for BI tools, without what the law protects and without names.

    PostgreSQL refuses to alter or drop a column that a view reads: such a migration drops the view and creates it again.
    """

    dependencies = [
        ('predictions', '0013_vacuum_the_log'),
        ('employees', '0010_deliveries'),
        ('features', '0003_rows_in_force'),
    ]

    operations = [
        migrations.RunPython(create, drop),
    ]
