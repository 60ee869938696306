from pathlib import Path

from django.conf import settings

from employees.models import WorkforceDay
from features import selectors
from features.schema import TARGET
from predictions.ml import training
from predictions.ml.artifacts import artifact, store
from predictions.ml.artifacts.card_format import FEATURE_SETS
from predictions.ml.assessment import thresholds
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Trains the model on the newest clean features of the employees with a known outcome, evaluates it by "
        "nested cross-validation, writes it as a new version with its threshold and card, and makes it the current "
        "one. Published versions are never overwritten."
    )
    expected_errors = (
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
            default="f2",
            metavar="RULE",
            help="f2 (default), capacity:30 (present people that can be met) or "
            "cost:departure=30000,talk=500,chance=0.2",
        )
        parser.add_argument("--no-promote", action="store_true", help="write the version without promoting it")
        parser.add_argument(
            "--force", action="store_true", help="publish a model that looks leaky, proves little or uses all features"
        )

    def handle(self, **options):
        rule = thresholds.parse(options["threshold_rule"])
        root, promote = options["output"] or Path(settings.ARTIFACTS_DIR), not options["no_promote"]
        artifact.check_writable(root, promote=promote)
        if promote and store.is_dangling(root):
            self.stderr.write(
                self.style.WARNING(f"{root / 'current'} leads nowhere: it will lead to the model trained now.")
            )
        frame = selectors.training_frame()
        trained = training.train(
            frame,
            frame[TARGET].to_numpy(),
            features=options["features"],
            rule=rule,
            as_of=WorkforceDay.objects.values_list("as_of", flat=True).last(),
            progress=self.progress,
        )
        if trained.leak:
            self.stderr.write(self.style.WARNING(f"WARNING: {trained.leak}."))
        for doubt in trained.doubts:
            self.stderr.write(self.style.WARNING(f"WARNING: {doubt}"))
        version = training.publish(root, trained, promote=promote, force=options["force"])
        figures = trained.card["metrics"]
        self.stdout.write(
            f"Trained on {trained.card['training']['employees']:,} employees, {trained.card['training']['leavers']:,} "
            f"of whom left: ROC-AUC {figures['roc_auc']['mean']:.3f} ± {figures['roc_auc']['sd']:.3f}, "
            f"average precision {figures['average_precision']['mean']:.3f}, Brier {figures['brier']['mean']:.4f}"
        )
        self.stdout.write(f"Threshold {trained.threshold:g} by {rule}")
        self.stdout.write(f"Version {version} written to {root}{' and current' if promote else ''}")
