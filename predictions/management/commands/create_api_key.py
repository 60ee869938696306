from django.core.management import CommandError
from django.db import transaction
from django.utils import translation

from employees import terms
from employees.access import Scope
from predictions.keys import services as keys
from predictions.keys.models import SCOPES
from predictions.models import APIKey
from technova.commands import TechnovaCommand, days


class Command(TechnovaCommand):
    help = (
        "Creates a key for a REST client and prints it once: only its hash is stored. With --replaces, the new key "
        "takes the owner, scopes and departments of another, which stays valid for the days of --overlap."
    )
    expected_errors = (keys.RefusedKey,)

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="the key's name in the admin, at most 50 characters")
        parser.add_argument("--owner", help="the team or person responsible (default: NAME)")
        parser.add_argument(
            "--scope",
            action="append",
            choices=list(SCOPES),
            help="request predictions, read the log, deliver extracts or follow cases; repeatable "
            "(default: predict and read)",
        )
        parser.add_argument(
            "--department",
            action="append",
            metavar="DEPARTMENT",
            help="a department whose employees it sees, as Consulting; repeatable (default: all)",
        )
        parser.add_argument(
            "--days",
            type=days,
            default=keys.LIFETIME,
            dest="lifetime",
            help=f"days until it expires (default: {keys.LIFETIME.days})",
        )
        parser.add_argument("--replaces", metavar="PREFIX", help="the first 8 characters of the key that it replaces")
        parser.add_argument(
            "--overlap", type=days, default="7", metavar="DAYS", help="days until the old key expires (default: 7)"
        )

    @translation.override("en")  # the model's messages on a wrong value, too
    @transaction.atomic  # a key that cannot be shown is none
    def handle(self, **options):
        create = self._rotate if options["replaces"] else self._create
        key, secret = create(**options)
        self.stdout.write(secret)
        self.stdout.flush()
        self.stderr.write(f"It expires on {key.expiry_date:%Y-%m-%d} and is shown only now.")

    def _create(self, *, name, owner, scope, department, lifetime, **_options):
        scopes = scope or ["predict", "read"]
        return keys.create_api_key(
            name=name,
            owner=owner or name,
            can_predict="predict" in scopes,
            can_read="read" in scopes,
            can_load="load" in scopes,
            can_follow="cases" in scopes,
            scope=Scope.EVERYONE if department is None else Scope.of_departments(map(_department, department)),
            lifetime=lifetime,
        )

    def _rotate(self, *, name, replaces, overlap, lifetime, **options):
        for option in ("owner", "scope", "department"):
            if options[option]:
                raise CommandError(f"--{option} is taken over from the key that is replaced: leave it out.")
        try:
            key = APIKey.objects.get(prefix=replaces.partition(".")[0])
        except (APIKey.DoesNotExist, UnicodeEncodeError) as error:  # what is no text is no prefix
            raise CommandError(f"There is no key that begins with {replaces.partition('.')[0]}.") from error
        return keys.rotate_api_key(key=key, overlap=overlap, name=name, lifetime=lifetime)


def _department(text: str) -> str:
    """The department that a text stands for."""
    value = terms.match("departement", text)
    if value is None:
        raise CommandError(f"{text!r} is no department. Choose among: {terms.listed('departement')}.")
    return value
