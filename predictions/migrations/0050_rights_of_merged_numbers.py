"""Requests, holds, draws, exit interviews and teams of numbers that were merged before these followed the person.

As ``predictions.rights.merged.follow`` does: what the person can have once and has stays. These merges are those of which
0048 kept the keys of cases alone; with the keys of what follows now they are parted as others are.
"""

import uuid

from django.db import migrations
from django.db.models import Exists, OuterRef, Q

OBJECTING = Q(kind="objection", state__in=("open", "granted"))


def follow(apps, schema_editor):
    employees = apps.get_model("employees", "Employee").objects
    days = apps.get_model("employees", "WorkforceDay").objects
    followed = apps.get_model("predictions", "FollowedMerge").objects.filter(merge__revoked_at=None)
    for each in followed.exclude(moved__has_key="DataRequest").select_related("merge__employee").order_by("pk"):
        person, former = each.merge.employee, employees.filter(employee_id=each.merge.number).first()
        if former is None:
            continue
        for rows in _rows(apps, person, former):
            keys = list(rows.order_by("pk").values_list("pk", flat=True))
            rows.model.objects.filter(pk__in=keys).update(employee=person)
            each.moved[rows.model.__name__] = keys
        each.save()
        if former.objected_on and not person.objected_on:
            employees.filter(pk=person.pk).update(objected_on=former.objected_on)
            if newest := days.order_by("as_of").last():
                days.filter(pk=newest.pk).update(revision=uuid.uuid4())  # the scores are outdated


def _rows(apps, person, former):
    requests, holds, draws, interviews = (
        apps.get_model("predictions", name).objects
        for name in ("DataRequest", "LegalHold", "DrawnPerson", "ExitInterview")
    )
    same_draw = draws.filter(employee=person, draw=OuterRef("draw"))
    same_day = interviews.filter(employee=person, day=OuterRef("day"), superseded_at=None)
    objects = requests.filter(OBJECTING, employee=person)
    held = holds.filter(employee=person, lifted_at=None)
    return [
        draws.filter(~Exists(same_draw), employee=former),
        interviews.filter(~Exists(same_day) | ~Q(superseded_at=None), employee=former),
        requests.filter(~Exists(objects) | ~OBJECTING, employee=former),
        holds.filter(~Exists(held) | ~Q(lifted_at=None), employee=former),
        apps.get_model("employees", "TeamAccess").objects.filter(employee=former),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("employees", "0019_reporting_lines"),
        ("predictions", "0049_no_statistics_of_what_is_only_shown"),
    ]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
