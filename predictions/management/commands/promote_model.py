from pathlib import Path

from django.core.management import CommandError

from predictions.decisions import promotions, versions
from predictions.ml.artifacts import store
from predictions.models import Promotion
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Verifies another published version of the model and makes it the current one, atomically, or lets it wait for "
        "a second person (TWO_PEOPLE_PROMOTE). Running servers load it within seconds. Without arguments, lists the "
        "versions."
    )
    expected_errors = (store.ArtifactError, promotions.SecondPerson, promotions.AlreadySettled)

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group()
        which.add_argument("version", nargs="?", metavar="VERSION", help="a version, as listed without arguments")
        which.add_argument("--previous", action="store_true", help="go back to the version that was current before")
        parser.add_argument("--reason", help="the reason, kept with the promotion; required to promote")
        parser.add_argument("--by", metavar="ACCOUNT", help="the account of whoever runs this (else the system's user)")
        parser.add_argument("--output", type=Path, metavar="DIR", help="the artifacts directory (ARTIFACTS_DIR)")
        parser.add_argument(
            "--force", action="store_true", help="promote a model that uses protected features or failed its tests"
        )

    def handle(self, **options):
        root = options["output"] or versions.directory()
        if not options["version"] and not options["previous"]:
            self._list(root)
            return
        if not (options["reason"] or "").strip():
            raise CommandError("Give a reason with --reason: it is kept with the promotion.")
        author = promotions.author_of(options["by"], root=root)
        is_ours = promotions.is_ours(root)
        before = versions.current() if is_ours else store.current_version(root)
        version = options["version"]
        if options["previous"]:
            recorded = Promotion.objects.order_by("pk")
            version = versions.previous(recorded, before) if is_ours else store.previous_version(root)
        card = store.read(versions.directory_of(version) if is_ours else store.version_directory(root, version)).card
        if card["uses_protected"] and not options["force"]:
            raise CommandError(f"{version} uses protected features; --force promotes it all the same")
        if (card["leak"] or card["doubts"]) and not options["force"]:
            raise CommandError(f"{version} failed its tests when it was trained; --force promotes it all the same")
        promotion = promotions.ask(root=root, version=version, reason=options["reason"], author=author)
        if version == before:
            self.stdout.write(f"{version} is current already")
        elif promotion and not promotion.promoted_at:
            self.stdout.write(f"{version} waits until a second person has approved it on the model's page")
        else:
            self.stdout.write(f"{version} is current; before: {before or 'none'}")

    def _list(self, root: Path) -> None:
        is_ours = promotions.is_ours(root)
        current = versions.current() if is_ours else store.current_version(root)
        found = versions.names() if is_ours else store.versions(root)
        if not found:
            raise CommandError(f"{root} holds no version of the model: train one with manage.py train_model")
        for version in found:
            self.stdout.write(f"{'*' if version == current else ' '} {version}")
