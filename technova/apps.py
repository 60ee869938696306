"""Packages whose name in the administration is for developers."""

from axes.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignInsConfig(AppConfig):
    verbose_name = _("Sign-ins")
