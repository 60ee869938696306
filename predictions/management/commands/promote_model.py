from pathlib import Path

from django.core.management import CommandError

from predictions.decisions import promotions, versions
from predictions.decisions.versions import Place
from predictions.ml.artifacts import store
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Verifies another published version of the model and makes it the current one, atomically, or lets it wait for "
        "a second person (TWO_PEOPLE_PROMOTE). Running servers load it within seconds. Without arguments, lists the "
        "versions."
    )
    expected_errors = (
        promotions.AlreadySettled,
        promotions.Objected,
        promotions.SecondPerson,
        store.ArtifactError,
    )

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group()
        which.add_argument("version", nargs="?", metavar="VERSION", help="a version, as listed without arguments")
        which.add_argument("--previous", action="store_true", help="go back to the version that was current before")
        parser.add_argument("--reason", help="the reason, kept with the promotion; required to promote")
        parser.add_argument("--by", metavar="ACCOUNT", help="the account of whoever runs this (else the system's user)")
        parser.add_argument("--output", type=Path, metavar="DIR", help="the artifacts directory (ARTIFACTS_DIR)")
        parser.add_argument(
            "--force",
            action="store_true",
            help="promote a model that uses protected features or failed its tests; what speaks against it is recorded",
        )

    def handle(self, **options):
        place = Place(options["output"] or versions.directory())
        if not options["version"] and not options["previous"]:
            self._list(place)
            return
        if not (options["reason"] or "").strip():
            raise CommandError("Give a reason with --reason: it is kept with the promotion.")
        author = promotions.author_of(options["by"], root=place.root)
        before = place.current()
        version = place.previous() if options["previous"] else options["version"]
        promotion = promotions.ask(
            root=place.root, version=version, reason=options["reason"], author=author, force=options["force"]
        )
        if version == before:
            self.stdout.write(f"{version} is current already")
        elif promotion and not promotion.promoted_at:
            self.stdout.write(f"{version} waits until a second person has approved it on the model's page")
        else:
            self.stdout.write(f"{version} is current; before: {before or 'none'}")
            if place.is_ours:
                self.stdout.write(
                    "The lists keep the scores of the version before until everyone is scored again: "
                    "manage.py score_employees, or “Score everyone again” on the model's page"
                )

    def _list(self, place: Place) -> None:
        found, current = place.names(), place.current()
        if not found:
            raise CommandError(f"{place.root} holds no version of the model: train one with manage.py train_model")
        for version in found:
            self.stdout.write(f"{'*' if version == current else ' '} {version}")
