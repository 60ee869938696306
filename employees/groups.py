"""The two groups of accounts and what each may do; whom each may see is ``models.visible_departments``."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

HR_GROUP = "RH"
MANAGER_GROUP = "Manager"
PERMISSIONS = {HR_GROUP: ("add_employee",), MANAGER_GROUP: ()}


def create_groups(app_config, *, using, apps=installed, **options) -> None:
    """Make the groups that are absent, with their permissions; called after each ``migrate``, and after a flush.

    A group that exists keeps what an administrator gave it.
    """
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:  # auth is not migrated
        return
    create_permissions(app_config, using=using, apps=apps, verbosity=0)
    for name, codenames in PERMISSIONS.items():
        group, is_new = groups.get_or_create(name=name)
        if is_new:
            group.permissions.set(permissions.filter(content_type__app_label=app_config.label, codename__in=codenames))
