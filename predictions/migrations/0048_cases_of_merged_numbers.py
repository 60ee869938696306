"""Cases of numbers that were merged before cases followed the person."""

from django.db import migrations
from django.utils import timezone


def follow(apps, schema_editor):
    merges = apps.get_model("employees", "NumberMerge").objects.filter(revoked_at=None)
    cases = apps.get_model("predictions", "Case").objects
    followed = apps.get_model("predictions", "FollowedMerge").objects
    for merge in merges.order_by("pk"):
        moved = list(cases.filter(employee__employee_id=merge.number).order_by("pk"))
        has_open = cases.filter(employee=merge.employee_id, closed_at=None).exists()
        for case in moved:
            if has_open and case.closed_at is None:
                case.state, case.aside, case.closed_at = "set_aside", "other", timezone.now()
            case.employee_id = merge.employee_id
            case.save()
        followed.create(merge=merge, moved={"Case": [case.pk for case in moved]})


class Migration(migrations.Migration):
    dependencies = [("predictions", "0047_followed_merges")]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
