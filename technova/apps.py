"""Packages whose name in the administration is for developers, and the project's own system check."""

from axes.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from technova import private

register(private.check, "files")


class SignInsConfig(AppConfig):
    verbose_name = _("Sign-ins")
