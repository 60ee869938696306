"""Decisions about the model: the threshold, and the version in use."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from predictions.ml.assessment.thresholds import Costs
from technova.database.fields import account


class ThresholdDecisionQuerySet(models.QuerySet):
    def in_force(self):
        """Those that nobody has undone; the newest one that holds for a version of the model is in force."""
        return self.filter(revoked_at=None)


class ThresholdDecision(models.Model):
    """A threshold set by HR: the rule, who set it, when and why, and when it was undone.

    A capacity and costs hold for later versions of the model too; a value for the one for which it was set.
    """

    class RuleName(models.TextChoices):
        CAPACITY = "capacity", _("capacity")
        COST = "cost", _("least cost")
        VALUE = "value", _("value")

    # Annotated by the registry: the version of the model in use, whether it came with the program, and the newest run
    # under this decision.
    version_in_use: str | None
    is_shipped: bool | None
    run_model_version: str | None
    run_threshold: float
    run_last_tied: int | None

    rule = models.CharField(_("rule"), max_length=8, choices=RuleName.choices)
    capacity = models.PositiveIntegerField(_("people that can be met"), null=True)
    departure = models.FloatField(_("cost of a departure"), null=True)
    talk = models.FloatField(_("cost of a talk"), null=True)
    chance = models.FloatField(_("chance that a talk keeps someone"), null=True)
    threshold = models.FloatField(_("threshold"), help_text=_("What the rule came to when it was set."))
    last_tied = models.PositiveIntegerField(
        _("last of those tied"),
        null=True,
        help_text=_("Of the people at the threshold, those up to this employee number are over it."),
    )
    flagged = models.PositiveIntegerField(_("over the threshold"), help_text=_("Of those present when it was set."))
    people = models.PositiveIntegerField(_("people present"))
    model_version = models.CharField(_("model version"), max_length=40)
    reason = models.TextField(_("reason"))
    decided_at = models.DateTimeField(_("set at"), default=timezone.now, editable=False)
    decided_by = account(_("set by"), null=False)
    revoked_at = models.DateTimeField(_("undone at"), null=True, editable=False)
    revoked_by = account(_("undone by"))

    objects = ThresholdDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("threshold set")
        verbose_name_plural = _("thresholds set")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                # a comparison with NULL is unknown, which satisfies a constraint
                condition=Q(rule="capacity", capacity__isnull=False, departure=None, talk=None, chance=None)
                | Q(rule="cost", capacity=None, departure__isnull=False, talk__isnull=False, chance__isnull=False)
                | Q(rule="value", capacity=None, departure=None, talk=None, chance=None),
                name="decision_has_the_parameters_of_its_rule",
            ),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(capacity__gte=1), name="decision_lets_somebody_be_met"
            ),
            models.CheckConstraint(
                condition=Q(chance=None) | Q(departure__gt=0, talk__gt=0, chance__gt=0, chance__lte=1),
                name="decision_has_costs_and_a_chance",
            ),
            models.CheckConstraint(condition=Q(threshold__gte=0, threshold__lte=1), name="decided_between_0_and_1"),
            models.CheckConstraint(condition=Q(flagged__lte=F("people")), name="decision_flags_those_present"),
            models.CheckConstraint(condition=~Q(reason=""), name="decision_has_a_reason"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="decision_is_undone_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.decided_at):%Y-%m-%d %H:%M} {self.rule}"

    def holds_for(self, version: str) -> bool:
        """Whether it applies to a version of the model."""
        return self.rule != self.RuleName.VALUE or self.model_version == version

    @property
    def costs(self) -> Costs | None:
        """Of the rule of the least cost; None for the others."""
        if self.departure is None or self.talk is None or self.chance is None:
            return None
        return Costs(self.departure, self.talk, self.chance)


class ModelVersionQuerySet(models.QuerySet):
    def in_use(self):
        """The one that every machine uses, if any."""
        return self.exclude(in_use_since=None).order_by("-in_use_since").only("name", "is_shipped")[:1]


class ModelVersion(models.Model):
    """The files of a version of the model, under the name that holds their digest: any machine can serve it.

    The one in use is the one whose ``in_use_since`` is the latest. See ``predictions.ml.artifacts.store``.
    """

    name = models.CharField(_("model version"), max_length=40, primary_key=True)
    model = models.BinaryField(_("fitted estimator"))
    parameters = models.BinaryField(_("parameters"))
    threshold = models.BinaryField(_("threshold"))
    card = models.BinaryField(_("card"))
    added_at = models.DateTimeField(_("added at"), default=timezone.now, editable=False)
    in_use_since = models.DateTimeField(_("in use since"), null=True, editable=False)
    is_shipped = models.BooleanField(
        _("came with the program"), default=False, help_text=_("Learned from the demonstration's fictional employees.")
    )

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of the model")
        verbose_name_plural = _("versions of the model")
        ordering = ["-added_at"]

    def __str__(self):
        return self.name


class PromotionQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(promoted_at=None, refused_at=None)


class Promotion(models.Model):
    """A request to put a version of the model in use: who made it and why, and its outcome.

    If the company requires two people (``TWO_PEOPLE_PROMOTE``), it waits until somebody else has approved it.
    """

    version = models.CharField(_("model version"), max_length=40)
    before = models.CharField(_("in use before"), max_length=40, blank=True)
    reason = models.TextField(_("reason"))
    overridden = models.JSONField(
        _("overridden"), default=list, blank=True, help_text=_("What spoke against the version when it was forced.")
    )
    asked_at = models.DateTimeField(_("asked for at"), default=timezone.now, editable=False)
    author = account(_("asked for by"))
    system_account = models.CharField(
        _("account of the system"), max_length=150, blank=True, help_text=_("Of a command that named no account.")
    )
    settled_by = account(_("approved or refused by"))
    promoted_at = models.DateTimeField(_("in use since"), null=True, editable=False)
    refused_at = models.DateTimeField(_("refused at"), null=True, editable=False)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="promotion_has_a_reason"),
            models.CheckConstraint(
                condition=Q(author__isnull=False, system_account="") | (Q(author=None) & ~Q(system_account="")),
                name="promotion_has_one_author",
            ),
            models.CheckConstraint(
                condition=Q(settled_by=None) | Q(author=None) | ~Q(settled_by=F("author")) | Q(promoted_at=None),
                name="approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None) | Q(promoted_at=None, settled_by__isnull=False),
                name="promotion_is_refused_by_somebody",
            ),
        ]

    def __str__(self):
        return self.version

    @property
    def is_waiting(self) -> bool:
        return self.promoted_at is None and self.refused_at is None

    @property
    def by(self) -> str:
        """The account that asked for it. One query if the account is not loaded."""
        return str(self.author or self.system_account)


class Training(models.Model):
    """A training that the model's page or the schedule asked for, and what became of it."""

    class Problem(models.TextChoices):
        TOO_LITTLE = "too little", _("There are too few data to train a model.")
        LEAK = "leak", _("The model is too good to be true: a feature seems to know who has left.")
        DOUBTFUL = "doubtful", _("The model did not pass its tests.")
        ANOTHER_WAITS = "another waits", _("Another version waits for approval: approve or refuse it first.")
        UNUSABLE = "unusable", _("The version could not be stored on the server.")
        BROKEN = "broken", _("An internal error stopped the work; it has been recorded.")

    asked_at = models.DateTimeField(_("asked for at"), default=timezone.now, editable=False)
    asked_by = account(_("asked for by"), editable=False)
    reason = models.TextField(_("reason"))
    finished_at = models.DateTimeField(_("finished at"), null=True, editable=False)
    version = models.CharField(_("model version"), max_length=40, blank=True)
    problem = models.CharField(_("problem"), max_length=20, choices=Problem.choices, blank=True)
    error = models.TextField(_("error"), blank=True, help_text=_("In English, for the administrator."))

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="training_has_a_reason"),
            models.CheckConstraint(
                condition=Q(finished_at=None, version="", problem="")
                | (Q(finished_at__isnull=False) & (Q(version="") ^ Q(problem=""))),
                name="training_ends_with_a_version_or_a_problem",
            ),
        ]

    def __str__(self):
        return self.version or f"{timezone.localtime(self.asked_at):%Y-%m-%d %H:%M}"
