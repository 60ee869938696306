from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PredictionsConfig(AppConfig):
    name = "predictions"
    verbose_name = _("Predictions")

    def ready(self):
        from predictions import checks, log  # noqa: F401 - checks register themselves, once the models exist

        post_migrate.connect(log.protect, sender=self)
