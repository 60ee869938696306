"""The queue has no page in the administration: it would show staff of some departments what others have started."""

from django.apps import apps
from django.contrib import admin

if apps.is_installed("procrastinate.contrib.django"):
    from procrastinate.contrib.django.models import ProcrastinateJob

    admin.site.unregister(ProcrastinateJob)
