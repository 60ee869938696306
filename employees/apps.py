from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class EmployeesConfig(AppConfig):
    name = "employees"
    verbose_name = _("Raw data")

    def ready(self):
        from employees.access import sign_ins  # noqa: F401 - listens to sign-ins, once the models exist
        from employees.access.roles import create_groups
        from employees.terms.contract import create_terms
        from employees.workforce.references import check_references

        post_migrate.connect(create_groups, sender=self)
        post_migrate.connect(create_terms, sender=self)
        post_migrate.connect(check_references, sender=self)
