import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('employees', '0001_initial'),
        ('employees', '0002_bounds_of_every_column'),
        ('employees', '0003_import'),
        ('employees', '0004_keep_the_time_of_the_load'),
        ('employees', '0005_keep_who_has_left'),
        ('employees', '0006_loaded_imports_do_not_expire'),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Employee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('employee_id', models.PositiveIntegerField(unique=True, verbose_name='employee number')),
                ('departement', models.CharField(choices=[('Commercial', 'Commercial'), ('Consulting', 'Consulting'), ('Ressources Humaines', 'Ressources Humaines')], db_index=True, help_text='The current department, kept by the import: it decides who may see this person.', max_length=40, verbose_name='department')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created at')),
                ('left_recorded_at', models.DateTimeField(editable=False, help_text='When an extract that says that the person has left was loaded; kept by the import, empty for others.', null=True, verbose_name='departure recorded at')),
            ],
            options={
                'verbose_name': 'employee',
                'verbose_name_plural': 'employees',
                'ordering': ['employee_id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('employee_id__gte', 1)), name='employee_id_is_positive'), models.CheckConstraint(condition=models.Q(('departement__in', ('Commercial', 'Consulting', 'Ressources Humaines'))), name='employee_departement_is_known')],
            },
        ),
        migrations.CreateModel(
            name='DepartmentAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('departement', models.CharField(choices=[('Commercial', 'Commercial'), ('Consulting', 'Consulting'), ('Ressources Humaines', 'Ressources Humaines')], max_length=40, verbose_name='department')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='department_accesses', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'department access',
                'verbose_name_plural': 'department accesses',
                'constraints': [models.UniqueConstraint(fields=('user', 'departement'), name='one_access_a_user_and_department'), models.CheckConstraint(condition=models.Q(('departement__in', ('Commercial', 'Consulting', 'Ressources Humaines'))), name='access_departement_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Departure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('a_quitte_l_entreprise', models.BooleanField(verbose_name='left the company')),
                ('employee', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='employees.employee', verbose_name='employee')),
            ],
            options={
                'verbose_name': 'departure',
                'verbose_name_plural': 'departures',
                'ordering': ['-recorded_at', '-id'],
                'get_latest_by': ['recorded_at', 'id'],
                'default_related_name': 'departures',
                'indexes': [models.Index(fields=['employee', '-recorded_at', '-id'], name='departure_newest')],
            },
        ),
        migrations.CreateModel(
            name='EmployeeSnapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('age', models.PositiveSmallIntegerField(verbose_name='age')),
                ('genre', models.CharField(choices=[('F', 'F'), ('M', 'M')], max_length=1, verbose_name='sex')),
                ('revenu_mensuel', models.PositiveIntegerField(verbose_name='monthly income')),
                ('statut_marital', models.CharField(choices=[('Célibataire', 'Célibataire'), ('Marié(e)', 'Marié(e)'), ('Divorcé(e)', 'Divorcé(e)')], max_length=20, verbose_name='marital status')),
                ('departement', models.CharField(choices=[('Commercial', 'Commercial'), ('Consulting', 'Consulting'), ('Ressources Humaines', 'Ressources Humaines')], max_length=40, verbose_name='department')),
                ('poste', models.CharField(choices=[('Assistant de Direction', 'Assistant de Direction'), ('Cadre Commercial', 'Cadre Commercial'), ('Consultant', 'Consultant'), ('Directeur Technique', 'Directeur Technique'), ('Manager', 'Manager'), ('Représentant Commercial', 'Représentant Commercial'), ('Ressources Humaines', 'Ressources Humaines'), ('Senior Manager', 'Senior Manager'), ('Tech Lead', 'Tech Lead')], max_length=40, verbose_name='job')),
                ('nombre_experiences_precedentes', models.PositiveSmallIntegerField(verbose_name='previous employers')),
                ('nombre_heures_travaillees', models.PositiveSmallIntegerField(verbose_name='hours worked')),
                ('annee_experience_totale', models.PositiveSmallIntegerField(verbose_name='total experience (years)')),
                ('annees_dans_l_entreprise', models.PositiveSmallIntegerField(verbose_name='years with the company')),
                ('annees_dans_le_poste_actuel', models.PositiveSmallIntegerField(verbose_name='years in the current job')),
                ('employee', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='employees.employee', verbose_name='employee')),
            ],
            options={
                'verbose_name': 'employee snapshot',
                'verbose_name_plural': 'employee snapshots',
                'ordering': ['-recorded_at', '-id'],
                'get_latest_by': ['recorded_at', 'id'],
                'default_related_name': 'snapshots',
                'indexes': [models.Index(fields=['employee', '-recorded_at', '-id'], name='snapshot_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('age__gte', 16), ('age__lte', 80)), name='employeesnapshot_age_in_range'), models.CheckConstraint(condition=models.Q(('genre__in', ('F', 'M'))), name='employeesnapshot_genre_is_known'), models.CheckConstraint(condition=models.Q(('revenu_mensuel__gte', 1), ('revenu_mensuel__lte', 1000000)), name='employeesnapshot_revenu_mensuel_in_range'), models.CheckConstraint(condition=models.Q(('statut_marital__in', ('Célibataire', 'Marié(e)', 'Divorcé(e)'))), name='employeesnapshot_statut_marital_is_known'), models.CheckConstraint(condition=models.Q(('departement__in', ('Commercial', 'Consulting', 'Ressources Humaines'))), name='employeesnapshot_departement_is_known'), models.CheckConstraint(condition=models.Q(('poste__in', ('Assistant de Direction', 'Cadre Commercial', 'Consultant', 'Directeur Technique', 'Manager', 'Représentant Commercial', 'Ressources Humaines', 'Senior Manager', 'Tech Lead'))), name='employeesnapshot_poste_is_known'), models.CheckConstraint(condition=models.Q(('nombre_experiences_precedentes__gte', 0), ('nombre_experiences_precedentes__lte', 50)), name='employeesnapshot_nombre_experiences_precedentes_in_range'), models.CheckConstraint(condition=models.Q(('annee_experience_totale__gte', 0), ('annee_experience_totale__lte', 65)), name='employeesnapshot_annee_experience_totale_in_range'), models.CheckConstraint(condition=models.Q(('annees_dans_l_entreprise__gte', 0), ('annees_dans_l_entreprise__lte', 65)), name='employeesnapshot_annees_dans_l_entreprise_in_range'), models.CheckConstraint(condition=models.Q(('annees_dans_le_poste_actuel__lte', models.F('annees_dans_l_entreprise'))), name='time_in_job_within_time_in_company'), models.CheckConstraint(condition=models.Q(('annees_dans_l_entreprise__lte', models.F('annee_experience_totale'))), name='time_in_company_within_experience'), models.CheckConstraint(condition=models.Q(('nombre_heures_travaillees__gte', 0), ('nombre_heures_travaillees__lte', 400)), name='employeesnapshot_nombre_heures_travaillees_in_range'), models.CheckConstraint(condition=models.Q(('annees_dans_le_poste_actuel__gte', 0), ('annees_dans_le_poste_actuel__lte', 65)), name='employeesnapshot_annees_dans_le_poste_actuel_in_range')],
            },
        ),
        migrations.CreateModel(
            name='Survey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('satisfaction_employee_environnement', models.PositiveSmallIntegerField(verbose_name='satisfaction: environment')),
                ('satisfaction_employee_nature_travail', models.PositiveSmallIntegerField(verbose_name='satisfaction: work itself')),
                ('satisfaction_employee_equipe', models.PositiveSmallIntegerField(verbose_name='satisfaction: team')),
                ('satisfaction_employee_equilibre_pro_perso', models.PositiveSmallIntegerField(verbose_name='satisfaction: work-life balance')),
                ('note_evaluation_precedente', models.PositiveSmallIntegerField(verbose_name='previous appraisal')),
                ('note_evaluation_actuelle', models.PositiveSmallIntegerField(verbose_name='current appraisal')),
                ('niveau_hierarchique_poste', models.PositiveSmallIntegerField(verbose_name='job level')),
                ('heures_supplementaires', models.BooleanField(verbose_name='overtime')),
                ('augmentation_salaire_precedente', models.FloatField(verbose_name='last pay rise (percent)')),
                ('nombre_participation_pee', models.PositiveSmallIntegerField(verbose_name='savings plan participations')),
                ('nb_formations_suivies', models.PositiveSmallIntegerField(verbose_name='training courses attended')),
                ('nombre_employee_sous_responsabilite', models.PositiveIntegerField(verbose_name='people managed')),
                ('distance_domicile_travail', models.PositiveSmallIntegerField(verbose_name='home to work distance (km)')),
                ('niveau_education', models.PositiveSmallIntegerField(verbose_name='education level')),
                ('domaine_etude', models.CharField(choices=[('Autre', 'Autre'), ('Entrepreunariat', 'Entrepreunariat'), ('Infra & Cloud', 'Infra & Cloud'), ('Marketing', 'Marketing'), ('Ressources Humaines', 'Ressources Humaines'), ('Transformation Digitale', 'Transformation Digitale')], max_length=40, verbose_name='field of study')),
                ('ayant_enfants', models.BooleanField(verbose_name='has children')),
                ('frequence_deplacement', models.CharField(choices=[('Aucun', 'Aucun'), ('Occasionnel', 'Occasionnel'), ('Frequent', 'Frequent')], max_length=20, verbose_name='business travel')),
                ('annees_depuis_la_derniere_promotion', models.PositiveSmallIntegerField(verbose_name='years since the last promotion')),
                ('annees_sous_responsable_actuel', models.PositiveSmallIntegerField(verbose_name='years with the current manager')),
                ('employee', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='employees.employee', verbose_name='employee')),
            ],
            options={
                'verbose_name': 'survey',
                'verbose_name_plural': 'surveys',
                'ordering': ['-recorded_at', '-id'],
                'get_latest_by': ['recorded_at', 'id'],
                'default_related_name': 'surveys',
                'indexes': [models.Index(fields=['employee', '-recorded_at', '-id'], name='survey_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('satisfaction_employee_environnement__gte', 1), ('satisfaction_employee_environnement__lte', 4)), name='survey_satisfaction_employee_environnement_in_range'), models.CheckConstraint(condition=models.Q(('satisfaction_employee_nature_travail__gte', 1), ('satisfaction_employee_nature_travail__lte', 4)), name='survey_satisfaction_employee_nature_travail_in_range'), models.CheckConstraint(condition=models.Q(('satisfaction_employee_equipe__gte', 1), ('satisfaction_employee_equipe__lte', 4)), name='survey_satisfaction_employee_equipe_in_range'), models.CheckConstraint(condition=models.Q(('satisfaction_employee_equilibre_pro_perso__gte', 1), ('satisfaction_employee_equilibre_pro_perso__lte', 4)), name='survey_satisfaction_employee_equilibre_pro_perso_in_range'), models.CheckConstraint(condition=models.Q(('note_evaluation_precedente__gte', 1), ('note_evaluation_precedente__lte', 4)), name='survey_note_evaluation_precedente_in_range'), models.CheckConstraint(condition=models.Q(('note_evaluation_actuelle__gte', 1), ('note_evaluation_actuelle__lte', 4)), name='survey_note_evaluation_actuelle_in_range'), models.CheckConstraint(condition=models.Q(('niveau_hierarchique_poste__gte', 1), ('niveau_hierarchique_poste__lte', 5)), name='survey_niveau_hierarchique_poste_in_range'), models.CheckConstraint(condition=models.Q(('augmentation_salaire_precedente__gte', 0), ('augmentation_salaire_precedente__lte', 100)), name='survey_augmentation_salaire_precedente_in_range'), models.CheckConstraint(condition=models.Q(('distance_domicile_travail__gte', 0), ('distance_domicile_travail__lte', 1000)), name='survey_distance_domicile_travail_in_range'), models.CheckConstraint(condition=models.Q(('niveau_education__gte', 1), ('niveau_education__lte', 5)), name='survey_niveau_education_in_range'), models.CheckConstraint(condition=models.Q(('domaine_etude__in', ('Autre', 'Entrepreunariat', 'Infra & Cloud', 'Marketing', 'Ressources Humaines', 'Transformation Digitale'))), name='survey_domaine_etude_is_known'), models.CheckConstraint(condition=models.Q(('frequence_deplacement__in', ('Aucun', 'Occasionnel', 'Frequent'))), name='survey_frequence_deplacement_is_known'), models.CheckConstraint(condition=models.Q(('nombre_participation_pee__gte', 0), ('nombre_participation_pee__lte', 50)), name='survey_nombre_participation_pee_in_range'), models.CheckConstraint(condition=models.Q(('nb_formations_suivies__gte', 0), ('nb_formations_suivies__lte', 100)), name='survey_nb_formations_suivies_in_range'), models.CheckConstraint(condition=models.Q(('nombre_employee_sous_responsabilite__gte', 0), ('nombre_employee_sous_responsabilite__lte', 100000)), name='survey_nombre_employee_sous_responsabilite_in_range'), models.CheckConstraint(condition=models.Q(('annees_depuis_la_derniere_promotion__gte', 0), ('annees_depuis_la_derniere_promotion__lte', 65)), name='survey_annees_depuis_la_derniere_promotion_in_range'), models.CheckConstraint(condition=models.Q(('annees_sous_responsable_actuel__gte', 0), ('annees_sous_responsable_actuel__lte', 65)), name='survey_annees_sous_responsable_actuel_in_range')],
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='uploaded at')),
                ('state', models.CharField(choices=[('checking', 'being checked'), ('ready', 'to be confirmed'), ('refused', 'refused'), ('loading', 'being loaded'), ('done', 'done'), ('failed', 'failed'), ('expired', 'expired')], default='checking', max_length=10, verbose_name='state')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, help_text='The work of its state.', verbose_name='started at')),
                ('checked_at', models.DateTimeField(null=True, verbose_name='checked at')),
                ('basis', models.JSONField(help_text='What the raw tables held when the files were checked.', null=True, verbose_name='basis')),
                ('summary', models.JSONField(help_text='What loading the files would do, or did.', null=True, verbose_name='summary')),
                ('error', models.JSONField(help_text='Why the files were refused, or the work failed.', null=True, verbose_name='error')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed at')),
                ('loaded_at', models.DateTimeField(null=True, verbose_name='loaded at')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='uploaded by')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'loading')), fields=('state',), name='one_import_is_loaded_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['loading', 'done']), _negated=True), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='import_is_loaded_when_confirmed'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('loaded_at__isnull', False), _connector='OR'), name='import_is_done_when_loaded'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'expired'), _negated=True), ('loaded_at__isnull', True), _connector='OR'), name='import_expires_before_it_is_loaded')],
            },
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('extract', models.CharField(choices=[('sirh', 'sirh'), ('eval', 'eval'), ('sondage', 'sondage')], max_length=10, verbose_name='extract')),
                ('name', models.CharField(max_length=255, verbose_name='file')),
                ('size', models.PositiveIntegerField(verbose_name='size (bytes)')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('content', models.BinaryField(default=b'')),
                ('upload', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='employees.import', verbose_name='import')),
            ],
            options={
                'verbose_name': 'imported file',
                'verbose_name_plural': 'imported files',
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('upload', 'extract'), name='one_file_an_extract')],
            },
        ),
        migrations.CreateModel(
            name='ImportReject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.CharField(max_length=255, verbose_name='file')),
                ('line', models.PositiveIntegerField(verbose_name='line')),
                ('column', models.TextField(blank=True, verbose_name='column')),
                ('value', models.TextField(blank=True, verbose_name='value')),
                ('rule', models.JSONField(help_text='The English message and what goes into it.', verbose_name='rule')),
                ('upload', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejects', to='employees.import', verbose_name='import')),
            ],
            options={
                'verbose_name': 'reject',
                'verbose_name_plural': 'rejects',
                'ordering': ['id'],
            },
        ),
    ]
