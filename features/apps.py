from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class FeaturesConfig(AppConfig):
    name = "features"
    verbose_name = _("Clean features")

    def ready(self):
        from features.references import check_references

        post_migrate.connect(check_references, sender=self)
