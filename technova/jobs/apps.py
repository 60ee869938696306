from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "technova.jobs"
    label = "jobs"
