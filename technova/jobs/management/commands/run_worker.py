from django.core.management.base import CommandError
from django.db import connection

from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Does the imports, scorings and other tasks that pages start, one at a time and messages beside it, until it "
        "is stopped. Start as many as wanted, on any machine. Only on PostgreSQL: on SQLite the server starts a "
        "process for each task."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="end when nothing is left to do")

    def handle(self, **options):
        if connection.vendor != "postgresql":
            raise CommandError("On SQLite there are no workers: the server starts a process for each task itself.")
        connection.ensure_connection()  # or say in one line why it cannot be reached
        from technova.jobs import workers

        workers.serve(wait=not options["once"])
