from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PredictionsConfig(AppConfig):
    name = "predictions"
    verbose_name = _("Predictions")

    def ready(self):
        from predictions import checks  # noqa: F401 - checks register themselves, once the models exist
        from predictions.accounts import second_factor, sessions, single_sign_on  # noqa: F401 - listen to sign-ins
        from predictions.log.protection import protect
        from predictions.rights import merged  # noqa: F401 - listens to merged numbers

        post_migrate.connect(protect, sender=self)
