"""HR's thresholds for later versions, what moved a threshold, and what was trained or refused without a promotion."""

from django.conf import settings
from django.db import migrations, models


def take_horizons_from_runs(apps, schema_editor):
    """A threshold that HR has set was of the horizon of the runs by the same version of the model."""
    runs = apps.get_model("predictions", "ScoringRun").objects
    for decision in apps.get_model("predictions", "ThresholdDecision").objects.all():
        run = runs.filter(model_version=decision.model_version).order_by("-pk").first()
        if run and run.horizon_months:
            decision.horizon_months = run.horizon_months
            decision.save(update_fields=["horizon_months"])


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0030_compliance_file'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='promotion',
            name='promotion_is_refused_by_somebody',
        ),
        migrations.AddField(
            model_name='promotion',
            name='is_refused_by_gates',
            field=models.BooleanField(default=False, help_text='It was not forced, and something speaks against it.', verbose_name='refused by its tests'),
        ),
        migrations.AddField(
            model_name='promotion',
            name='threshold_after',
            field=models.FloatField(help_text='In force after it, likewise.', null=True, verbose_name='threshold after'),
        ),
        migrations.AddField(
            model_name='promotion',
            name='threshold_before',
            field=models.FloatField(help_text='In force before it, unless HR had set one.', null=True, verbose_name='threshold before'),
        ),
        migrations.AddField(
            model_name='thresholddecision',
            name='horizon_months',
            field=models.PositiveSmallIntegerField(help_text='Of that version; empty for a classification.', null=True, verbose_name='horizon (months)'),
        ),
        migrations.AddField(
            model_name='training',
            name='objections',
            field=models.JSONField(blank=True, default=list, help_text='Overridden if there is a version all the same.', verbose_name='spoke against it'),
        ),
        migrations.AddField(
            model_name='training',
            name='promotes',
            field=models.BooleanField(default=True, help_text='Whether the version was to be put in use.', verbose_name='puts in use'),
        ),
        migrations.AddField(
            model_name='training',
            name='system_account',
            field=models.CharField(blank=True, help_text='Of a command that named no account.', max_length=150, verbose_name='account of the system'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_refused_by_gates', False), ('refused_at', None)), models.Q(('is_refused_by_gates', False), ('promoted_at', None), ('refused_at__isnull', False), ('settled_by__isnull', False)), models.Q(('is_refused_by_gates', True), ('promoted_at', None), ('refused_at__isnull', False), ('settled_by', None)), _connector='OR'), name='promotion_is_refused_by_somebody_or_its_tests'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('threshold_after', None), ('threshold_before', None)), models.Q(('threshold_after__isnull', False), ('threshold_before__isnull', False)), _connector='OR'), name='promotion_moves_from_and_to_a_threshold'),
        ),
        migrations.RunPython(take_horizons_from_runs, migrations.RunPython.noop, elidable=True),
    ]
