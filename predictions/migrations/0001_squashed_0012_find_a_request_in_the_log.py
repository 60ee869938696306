import django.db.models.deletion
import django.utils.timezone
import predictions.models
import uuid
from django.conf import settings
from django.db import migrations, models


def set_unlogged(apps, schema_editor):
    """A count is worth nothing after a crash, and a request must not wait for the disk to be counted."""
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('ALTER TABLE predictions_requestcount SET UNLOGGED')


class Migration(migrations.Migration):

    replaces = [
        ('predictions', '0001_initial'),
        ('predictions', '0002_request_count'),
        ('predictions', '0003_figures_of_groups'),
        ('predictions', '0004_index_the_log_newest_first'),
        ('predictions', '0005_api_key_limits'),
        ('predictions', '0006_counts_of_a_run_for_drift'),
        ('predictions', '0007_cover_the_ranked_list'),
        ('predictions', '0008_order_the_log_by_probability'),
        ('predictions', '0009_encode_contributions_faster'),
        ('predictions', '0010_figures_of_who_has_left'),
        ('predictions', '0011_name_the_counts_of_requests'),
        ('predictions', '0012_find_a_request_in_the_log'),
    ]

    initial = True

    dependencies = [
        ('employees', '0001_squashed_0006_loaded_imports_do_not_expire'),
        ('features', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='APIKey',
            fields=[
                ('id', models.CharField(editable=False, max_length=150, primary_key=True, serialize=False, unique=True)),
                ('prefix', models.CharField(editable=False, max_length=8, unique=True, verbose_name='prefix')),
                ('hashed_key', models.CharField(editable=False, max_length=150)),
                ('created', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='created at')),
                ('name', models.CharField(help_text='50 characters at most; it need not be unique.', max_length=50, verbose_name='name')),
                ('revoked', models.BooleanField(blank=True, default=False, help_text='Refused for good: this cannot be undone.', verbose_name='revoked')),
                ('expiry_date', models.DateTimeField(blank=True, help_text='The key is refused from then on.', null=True, verbose_name='expires at')),
                ('owner', models.CharField(help_text='The team or the person that answers for it.', max_length=100, verbose_name='owner')),
                ('can_predict', models.BooleanField(default=True, verbose_name='may ask for predictions')),
                ('can_read', models.BooleanField(default=True, verbose_name='may read the log')),
                ('departments', models.JSONField(blank=True, help_text='The departments whose employees it sees; none chosen: all of them.', null=True, validators=[predictions.models.validate_departments], verbose_name='departments')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used at')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ['-created'],
                'constraints': [models.CheckConstraint(condition=models.Q(('can_predict', True), ('can_read', True), _connector='OR'), name='key_has_a_scope', violation_error_message='A key needs at least one of the two scopes.')],
            },
        ),
        migrations.CreateModel(
            name='ScoringRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='scored at')),
                ('model_version', models.CharField(max_length=40, verbose_name='model version')),
                ('threshold', models.FloatField(verbose_name='threshold')),
                ('employee_count', models.PositiveIntegerField(verbose_name='employees')),
                ('above_threshold_count', models.PositiveIntegerField(verbose_name='over the threshold')),
                ('expected_departures', models.FloatField(help_text='The sum of the probabilities.', verbose_name='expected departures')),
                ('duration_ms', models.FloatField(verbose_name='duration (ms)')),
                ('newest_snapshot', models.BigIntegerField(help_text='Of the raw data then: a later one may have moved someone.', null=True, verbose_name='newest snapshot')),
                ('drift_counts', models.JSONField(help_text="People by feature and bin, in the bins of the model's card.", null=True, verbose_name='drift counts')),
                ('newest_departure', models.BigIntegerField(help_text='Of the raw data then: a later one may have changed who has left.', null=True, verbose_name='newest departure')),
            ],
            options={
                'verbose_name': 'scoring run',
                'verbose_name_plural': 'scoring runs',
                'ordering': ['-id'],
                'get_latest_by': 'id',
                'constraints': [models.CheckConstraint(condition=models.Q(('above_threshold_count__lte', models.F('employee_count'))), name='run_counts_add_up')],
            },
        ),
        migrations.CreateModel(
            name='RunGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('departement', models.CharField(max_length=40, verbose_name='department')),
                ('poste', models.CharField(max_length=40, verbose_name='job')),
                ('employee_count', models.PositiveIntegerField(verbose_name='employees')),
                ('above_threshold_count', models.PositiveIntegerField(verbose_name='over the threshold')),
                ('expected_departures', models.FloatField(verbose_name='expected departures')),
                ('histogram', models.JSONField(help_text='People by band, then by twentieth of probability.', verbose_name='histogram')),
                ('reasons', models.JSONField(help_text='People by reason among their two strongest.', verbose_name='reasons')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='predictions.scoringrun', verbose_name='scoring run')),
                ('has_left', models.BooleanField(help_text='Known of these people then; empty where both are counted together.', null=True, verbose_name='left the company')),
            ],
            options={
                'verbose_name': 'figures of a group',
                'verbose_name_plural': 'figures of groups',
                'ordering': ['run', 'departement', 'poste', 'has_left'],
                'constraints': [models.CheckConstraint(condition=models.Q(('above_threshold_count__lte', models.F('employee_count'))), name='group_counts_add_up'), models.UniqueConstraint(fields=('run', 'departement', 'poste', 'has_left'), name='one_row_a_run_department_job_and_presence')],
            },
        ),
        migrations.CreateModel(
            name='Prediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created at')),
                ('request_id', models.UUIDField(default=uuid.uuid4, verbose_name='request')),
                ('mode', models.CharField(choices=[('by_id', 'by number'), ('by_features', 'by features'), ('batch', 'batch'), ('scoring', 'scoring run'), ('simulation', 'simulation')], max_length=12, verbose_name='mode')),
                ('payload', models.JSONField(help_text='The features, when they came ready-made and not from the table.', null=True, verbose_name='payload')),
                ('probability', models.FloatField(verbose_name='probability')),
                ('low', models.FloatField(help_text='Of the 90% interval of the probability.', null=True, verbose_name='low end')),
                ('high', models.FloatField(help_text='Of the 90% interval of the probability.', null=True, verbose_name='high end')),
                ('is_extrapolated', models.BooleanField(default=False, help_text='The model has seen nobody like this.', verbose_name='outside the known profiles')),
                ('predicted_class', models.BooleanField(verbose_name='predicted to leave')),
                ('threshold', models.FloatField(verbose_name='threshold')),
                ('model_version', models.CharField(max_length=40, verbose_name='model version')),
                ('model_sha256', models.CharField(max_length=64, verbose_name='model SHA-256')),
                ('latency_ms', models.FloatField(verbose_name='latency (ms)')),
                ('base_value', models.FloatField(help_text='Log-odds of the average employee.', verbose_name='base value')),
                ('contributions', models.JSONField(help_text='Log-odds by feature, zeros left out; with the base value they sum to the score.', verbose_name='contributions')),
                ('main_reason', models.CharField(blank=True, choices=[('note_evaluation_precedente', 'Previous appraisal'), ('niveau_hierarchique_poste', 'Job level'), ('note_evaluation_actuelle', 'Current appraisal'), ('heures_supplementaires', 'Overtime'), ('augmentation_salaire_precedente', 'Last pay rise'), ('age', 'Age'), ('genre', 'Sex'), ('revenu_mensuel', 'Monthly income'), ('statut_marital', 'Marital status'), ('departement', 'Department'), ('poste', 'Job'), ('nombre_experiences_precedentes', 'Previous employers'), ('annee_experience_totale', 'Total experience'), ('annees_dans_l_entreprise', 'Years with the company'), ('annees_dans_le_poste_actuel', 'Years in the current job'), ('nombre_participation_pee', 'Company savings plan participations'), ('nb_formations_suivies', 'Training courses attended'), ('distance_domicile_travail', 'Home to work distance'), ('niveau_education', 'Education level'), ('domaine_etude', 'Field of study'), ('frequence_deplacement', 'Business travel'), ('annees_depuis_la_derniere_promotion', 'Years since the last promotion'), ('annees_sous_responsable_actuel', 'Years with the current manager'), ('satisfaction_moyenne', 'Mean satisfaction'), ('nonlineaire_participation_pee', 'Savings plan participation for the seniority'), ('ratio_heures_sup_salaire', 'Overtime for the pay'), ('nonlinaire_charge_contrainte', 'Overtime combined with the commute'), ('nonlinaire_surmenage_insatisfaction', 'Overtime combined with the satisfaction'), ('jeune_surcharge', 'Under 30 with overtime'), ('anciennete_sans_promotion', 'Share of the seniority before the last promotion'), ('mobilite_carriere', 'Employers per year of experience'), ('risque_global', 'Combined strain')], max_length=40, verbose_name='main reason')),
                ('second_reason', models.CharField(blank=True, choices=[('note_evaluation_precedente', 'Previous appraisal'), ('niveau_hierarchique_poste', 'Job level'), ('note_evaluation_actuelle', 'Current appraisal'), ('heures_supplementaires', 'Overtime'), ('augmentation_salaire_precedente', 'Last pay rise'), ('age', 'Age'), ('genre', 'Sex'), ('revenu_mensuel', 'Monthly income'), ('statut_marital', 'Marital status'), ('departement', 'Department'), ('poste', 'Job'), ('nombre_experiences_precedentes', 'Previous employers'), ('annee_experience_totale', 'Total experience'), ('annees_dans_l_entreprise', 'Years with the company'), ('annees_dans_le_poste_actuel', 'Years in the current job'), ('nombre_participation_pee', 'Company savings plan participations'), ('nb_formations_suivies', 'Training courses attended'), ('distance_domicile_travail', 'Home to work distance'), ('niveau_education', 'Education level'), ('domaine_etude', 'Field of study'), ('frequence_deplacement', 'Business travel'), ('annees_depuis_la_derniere_promotion', 'Years since the last promotion'), ('annees_sous_responsable_actuel', 'Years with the current manager'), ('satisfaction_moyenne', 'Mean satisfaction'), ('nonlineaire_participation_pee', 'Savings plan participation for the seniority'), ('ratio_heures_sup_salaire', 'Overtime for the pay'), ('nonlinaire_charge_contrainte', 'Overtime combined with the commute'), ('nonlinaire_surmenage_insatisfaction', 'Overtime combined with the satisfaction'), ('jeune_surcharge', 'Under 30 with overtime'), ('anciennete_sans_promotion', 'Share of the seniority before the last promotion'), ('mobilite_carriere', 'Employers per year of experience'), ('risque_global', 'Combined strain')], max_length=40, verbose_name='second reason')),
                ('api_key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='predictions.apikey', verbose_name='API key')),
                ('employee', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predictions', to='employees.employee', verbose_name='employee')),
                ('features', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='features.employeefeatures', verbose_name='clean features')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
                ('run', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predictions', to='predictions.scoringrun', verbose_name='scoring run')),
            ],
            options={
                'verbose_name': 'prediction',
                'verbose_name_plural': 'predictions',
                'ordering': ['-id'],
                'get_latest_by': 'id',
                'indexes': [models.Index(fields=['employee', '-id'], name='prediction_of_employee'), models.Index(fields=['-created_at', '-id'], name='prediction_newest'), models.Index(fields=['mode', '-created_at', '-id'], name='prediction_newest_of_mode'), models.Index(fields=['run', '-probability', 'id'], include=('employee', 'features', 'main_reason', 'second_reason'), name='prediction_ranked'), models.Index(fields=['-probability', '-id'], name='prediction_by_probability'), models.Index(fields=['request_id'], name='prediction_of_request')],
                'constraints': [models.CheckConstraint(condition=models.Q(('probability__gte', 0), ('probability__lte', 1)), name='probability_between_0_and_1'), models.CheckConstraint(condition=models.Q(('threshold__gte', 0), ('threshold__lte', 1)), name='threshold_between_0_and_1'), models.CheckConstraint(condition=models.Q(models.Q(('predicted_class', True), ('probability__gte', models.F('threshold'))), models.Q(('predicted_class', False), ('probability__lt', models.F('threshold'))), _connector='OR'), name='class_follows_threshold'), models.CheckConstraint(condition=models.Q(models.Q(('high', None), ('low', None)), models.Q(('high__gte', models.F('probability')), ('low__lte', models.F('probability'))), _connector='OR'), name='interval_holds_probability'), models.CheckConstraint(condition=models.Q(models.Q(('employee__isnull', False), ('features__isnull', False), ('payload', None)), models.Q(('features__isnull', True), ('payload__isnull', False)), _connector='OR'), name='made_from_features_or_payload'), models.CheckConstraint(condition=models.Q(models.Q(('mode', 'scoring'), ('run__isnull', False)), models.Q(models.Q(('mode', 'scoring'), _negated=True), ('run__isnull', True)), _connector='OR'), name='run_when_scoring'), models.CheckConstraint(condition=models.Q(('latency_ms__gte', 0)), name='latency_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='RequestCount',
            fields=[
                ('subject', models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name='subject')),
                ('minute', models.BigIntegerField(help_text='Minutes since 1970.', verbose_name='minute')),
                ('requests', models.BigIntegerField(verbose_name='requests')),
            ],
            options={
                'verbose_name': 'count of requests',
                'verbose_name_plural': 'counts of requests',
            },
        ),
        migrations.RunPython(set_unlogged, migrations.RunPython.noop),
    ]
