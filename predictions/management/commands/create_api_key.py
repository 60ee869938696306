from predictions.services import create_api_key
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = "Creates a key for a REST client and prints it once: only its hash is kept."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="what the key is called in the admin")
        parser.add_argument("--owner", default="", help="the team or the person that answers for it (default: NAME)")

    def handle(self, **options):
        _key, secret = create_api_key(name=options["name"], owner=options["owner"] or options["name"])
        self.stdout.write(secret)
