from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS

from employees.models import Employee, LoadedExtract, WorkforceDay
from employees.workforce.replay import replay
from features.services import build_features
from predictions import demo, services
from predictions.clearing import clear
from predictions.decisions import versions
from predictions.ml.artifacts import store
from technova.commands import TechnovaCommand
from technova.database.locks import exclusive, one_after_another


class Command(TechnovaCommand):
    help = (
        "Prepares everything: migrates the database, loads the demonstration (--demo), builds the features, trains "
        "a model if there is none and scores everyone. A second run only does what is new."
    )
    expected_errors = (store.ArtifactError, services.NothingToScore)

    def add_arguments(self, parser):
        parser.add_argument(
            "--demo",
            action="store_true",
            help="load the 1,470 fictional employees if there are none; create and show accounts of HR, a manager, the "
            "management, an auditor and an admin, and an API key",
        )

    def handle(self, **options):
        verbosity = options["verbosity"]
        with one_after_another("migrate"):  # containers start together
            self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
            call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        self.stdout.write("Database ready")
        clear()
        is_new_demo = options["demo"] and not Employee.objects.exists()  # real people are not overwritten
        if is_new_demo:
            call_command("seed_from_csv", demo=True, verbosity=verbosity, stdout=self.stdout, stderr=self.stderr)
        if LoadedExtract.objects.exists() and not WorkforceDay.objects.exists():  # moved from undated rows
            with exclusive():
                replay(since=None, progress=self.progress)
        build_features(progress=self.progress)
        if not Employee.objects.of_the_workforce().exists():
            self.stdout.write("No employee yet: load the extracts with seed_from_csv or on the import page.")
            return
        versions.adopt()
        if not versions.current():
            call_command("train_model", verbosity=verbosity, stdout=self.stdout, stderr=self.stderr)
        if is_new_demo:
            self._score_earlier_days()
        if services.is_scoring_due():
            call_command("score_employees", verbosity=verbosity, stdout=self.stdout, stderr=self.stderr)
        else:
            self.stdout.write("Everyone is scored with the current model")
        if options["demo"]:
            self._show_credentials(with_cases=is_new_demo)

    def _score_earlier_days(self):
        """The demo's trend and everyone's history, which a company's own would have grown month by month."""
        earlier = list(WorkforceDay.objects.values_list("as_of", flat=True))[:-1]
        for place, day in enumerate(earlier, start=1):
            services.score_employees(as_of=day)
            self.progress("Scoring the months before", place, len(earlier))

    def _show_credentials(self, *, with_cases: bool):
        accounts = demo.make_accounts(password=settings.DEMO_PASSWORD)
        if with_cases:
            demo.make_cases()
        key = demo.make_api_key()
        self.stdout.write("")
        self.stdout.write(f"  Pages     {settings.SITE_ADDRESS}/")
        self.stdout.write(f"  Admin     {settings.SITE_ADDRESS}/admin/")
        self.stdout.write(f"  API       {settings.SITE_ADDRESS}/docs")
        for account in accounts:
            shown = account.secret or f"(set earlier; change it: manage.py changepassword {account.name})"
            self.stdout.write(f"  Account   {account.name:<8} {shown}")
        self.stdout.write(
            f"  API key   {key.secret or '(shown when it was made; another: manage.py create_api_key NAME)'}"
        )
        self.stdout.write("")
