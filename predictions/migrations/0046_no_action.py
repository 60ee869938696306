from django.db import migrations, models


def tell_no_action(apps, _editor):
    """“None” is no action: whoever agreed on nothing else, and had no talk, was not acted on."""
    kinds = apps.get_model("predictions", "ActionKind").objects
    kinds.filter(models.Q(french="Aucune") | models.Q(english="None")).update(is_action=False)
    cases = apps.get_model("predictions", "Case").objects
    for case in cases.filter(actions__kind__is_action=False, acted_on__isnull=False).distinct():
        in_force = case.actions.filter(correction=None, is_taken_back=False)
        none = set(in_force.filter(kind__is_action=False).values_list("day", flat=True))
        days = set(in_force.filter(kind__is_action=True).values_list("day", flat=True))
        days |= set(case.notes.values_list("day", flat=True))
        deleted = case.changes.filter(what="deleted").values("day")
        days |= set(case.changes.filter(what="talk", note=None).exclude(day__in=deleted).values_list("day", flat=True))
        if case.acted_on in none - days:
            case.acted_on = min(days, default=None)
            case.save(update_fields=["acted_on"])


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0045_legal_hold'),
    ]

    operations = [
        migrations.AddField(
            model_name='actionkind',
            name='is_action',
            field=models.BooleanField(default=True, help_text='No for one that says that nothing was agreed: it is not counted.', verbose_name='counts as an action'),
        ),
        migrations.RunPython(tell_no_action, migrations.RunPython.noop),
    ]
