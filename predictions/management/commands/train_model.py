from pathlib import Path

from predictions import trainings
from predictions.decisions import promotions, versions
from predictions.decisions.models import TRAINED_ANEW
from predictions.decisions.versions import Place
from predictions.ml import training
from predictions.ml.artifacts import artifact, store
from predictions.ml.artifacts.card_format import FEATURE_SETS, Card
from predictions.ml.assessment import gates, thresholds
from predictions.models import Promotion
from predictions.registry import decision_in_force, forget_decisions
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Trains the forecast on the history: on who left in which quarter, given what was known at its start. Where "
        "the extracts span less than three months, trains a classification without a horizon on who has left. "
        "Evaluates it by nested cross-validation and on the months after an earlier day, writes it as a new version "
        "with its threshold and card, and makes it the current one. Published versions are never overwritten."
    )
    expected_errors = (
        promotions.AlreadySettled,
        promotions.SecondPerson,
        store.ArtifactError,
        thresholds.InvalidRule,
        training.Doubtful,
        training.LeakSuspected,
        training.ProtectedFeatures,
        training.TrainingError,
    )

    def add_arguments(self, parser):
        parser.add_argument("--output", type=Path, metavar="DIR", help="the artifacts directory (ARTIFACTS_DIR)")
        parser.add_argument(
            "--features",
            choices=FEATURE_SETS,
            default="default",
            help="default leaves out protected features; all is for comparison and is not promoted without --force",
        )
        parser.add_argument(
            "--threshold-rule",
            default=trainings.RULE,
            metavar="RULE",
            help="the threshold until HR sets another on the model's page: f2 (default), capacity:30 (present people "
            "that can be met) or cost:departure=30000,talk=500,chance=0.2",
        )
        parser.add_argument(
            "--horizon",
            type=int,
            choices=sorted(training.HORIZONS),
            metavar="MONTHS",
            help="within how many months: 3, 6 or 12; by default HORIZON_MONTHS, or else the most of them that the "
            "history allows to judge",
        )
        parser.add_argument("--no-promote", action="store_true", help="write the version without promoting it")
        parser.add_argument("--reason", default=TRAINED_ANEW, help="why it is promoted, kept with the promotion")
        parser.add_argument("--by", metavar="ACCOUNT", help="the account of whoever runs this (else the system's user)")
        parser.add_argument(
            "--force",
            action="store_true",
            help="publish a model that looks leaky, proves little or uses all features; this is recorded",
        )

    def handle(self, **options):
        rule = thresholds.parse(options["threshold_rule"])
        place, promote = Place(options["output"] or versions.directory()), not options["no_promote"]
        root = place.root
        artifact.check_writable(root, promote=promote)
        if promote and store.is_dangling(root):
            self.stderr.write(
                self.style.WARNING(f"{root / 'current'} leads nowhere: it will lead to the model trained now.")
            )
        author = promotions.author_of(options["by"], root=root)
        record = {"author": author, "reason": options["reason"], "promotes": promote, "is_ours": place.is_ours}
        with trainings.recorded(**record) as recorded:
            trained = trainings.fit(
                rule=rule,
                horizon=options["horizon"],
                features=options["features"],
                warn=lambda text: self.stderr.write(self.style.WARNING(text)),
                progress=self.progress,
            )
            recorded.objections = gates.objections(trained.card)
            recorded.is_unchanged = place.is_ours and trainings.repeats(trained)
            before = place.current()
            if trained.leak:
                self.stderr.write(self.style.WARNING(f"WARNING: {trained.leak}."))
            for doubt in trained.doubts:
                self.stderr.write(self.style.WARNING(f"WARNING: {doubt}"))
            version = training.publish(
                root,
                trained,
                promote=promote,
                force=options["force"],
                promoter=lambda root, version: promotions.ask(
                    root=root, version=version, reason=options["reason"], author=author, force=options["force"]
                ),
            )
            place.keep(version)
            recorded.version = version
        if recorded.is_unchanged:
            self.stdout.write(f"Nothing has changed: it learned the same as version {before}, which was in use")
        is_current = version == place.current()
        self._describe(trained.card)
        self.stdout.write(f"Threshold {trained.threshold:g} by {rule}")
        if is_current and place.is_ours:
            self._tell_threshold(version, trained.card["horizon_months"])
        self.stdout.write(f"Version {version} written to {root}{' and current' if is_current else ''}")
        if promote and not is_current:
            self.stdout.write("It waits until a second person has approved it on the model's page")

    def _tell_threshold(self, version: str, horizon: int | None) -> None:
        """Whether the version moved the threshold in force, or HR's stays."""
        forget_decisions()
        if decision := decision_in_force(horizon):
            self.stdout.write(
                f"The threshold in force stays the one that HR set on {decision.decided_at:%Y-%m-%d} ({decision.rule})"
            )
            return
        promotion = Promotion.objects.filter(version=version).exclude(promoted_at=None).first()
        if promotion and promotion.moves_threshold:
            self.stdout.write(
                f"Threshold moved from {promotion.threshold_before:g} to {promotion.threshold_after:g} by this version"
            )

    def _describe(self, card: Card) -> None:
        figures, people = card["metrics"], card["training"]
        within = f" within {card['horizon_months']} months" if card["horizon_months"] else ""
        if history := card["history"]:
            self.stdout.write(
                f"Trained on {history['periods']:,} quarters of {history['people']:,} people since {history['since']}: "
                f"{history['left']:,} left, {history['vanished']:,} vanished"
            )
        self.stdout.write(
            f"Judged on {people['employees']:,} employees, {people['leavers']:,} of whom left{within}: "
            f"ROC-AUC {figures['roc_auc']['mean']:.3f} ± {figures['roc_auc']['sd']:.3f}, "
            f"average precision {figures['average_precision']['mean']:.3f}, Brier {figures['brier']['mean']:.4f}"
        )
        if test := card["out_of_time"]:
            self.stdout.write(
                f"Out of time, learned until {test['learned_until']}: {test['expected']:.0f} expected "
                f"({test['low']:.0f} to {test['high']:.0f}) and {test['departures']:,} gone within {test['months']} "
                f"months, ROC-AUC {test['metrics']['roc_auc']['mean']:.3f}"
            )
