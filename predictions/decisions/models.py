"""Decisions: the threshold, the version of the model in use, what departures and actions cost, and the lottery."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from predictions.ml.assessment.thresholds import Costs
from technova.database.fields import account

TRAINED_ANEW = gettext_noop("Trained anew")  # by a command without a reason
BY_THE_SCHEDULE = "schedule"  # in place of an account, and as the reason
_REASONS = {TRAINED_ANEW: TRAINED_ANEW, BY_THE_SCHEDULE: gettext_noop("Trained by the schedule")}


def reason_in_words(reason: str) -> str:
    """A reason as it was written; one that no person wrote, in the active language."""
    return gettext(_REASONS[reason]) if reason in _REASONS else reason


def new_seed() -> str:
    return secrets.token_hex(16)


class ThresholdDecisionQuerySet(models.QuerySet):
    def in_force(self):
        """Those that nobody has undone; the newest one that holds for a version of the model is in force."""
        return self.filter(revoked_at=None)


class ThresholdDecision(models.Model):
    """A threshold set by HR: the rule, who set it, when and why, and when it was undone.

    It holds for later versions of the model too: a value for those with the horizon for which it was set.
    """

    class RuleName(models.TextChoices):
        CAPACITY = "capacity", _("capacity")
        COST = "cost", _("least cost")
        VALUE = "value", _("value")

    # Annotated by the registry: the version of the model in use, whether it came with the program, the day of the works
    # council's opinion, and the newest run under this decision.
    version_in_use: str | None
    is_shipped: bool | None
    consulted_on: str | None
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
    accepts_over_half = models.BooleanField(
        _("flags more than half all the same"),
        default=False,
        help_text=_("Whoever set it was warned that it flags more than half of the people present, and went on."),
    )
    model_version = models.CharField(_("model version"), max_length=40)
    horizon_months = models.PositiveSmallIntegerField(
        _("horizon (months)"), null=True, help_text=_("Of that version; empty for a classification.")
    )
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

    def holds_for(self, horizon: int | None) -> bool:
        """Whether it applies to versions of the model with a horizon: a value is of probabilities within its own."""
        return self.rule != self.RuleName.VALUE or self.horizon_months == horizon

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

    If the company requires two people (``TWO_PEOPLE_PROMOTE``), it waits until somebody else has approved it. What
    speaks against the version (``overridden`` if it was forced) refuses it by itself.
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
    is_refused_by_gates = models.BooleanField(
        _("refused by its tests"), default=False, help_text=_("It was not forced, and something speaks against it.")
    )
    threshold_before = models.FloatField(
        _("threshold before"), null=True, help_text=_("In force before it, unless HR had set one.")
    )
    threshold_after = models.FloatField(_("threshold after"), null=True, help_text=_("In force after it, likewise."))

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
                condition=Q(refused_at=None, is_refused_by_gates=False)
                | Q(refused_at__isnull=False, promoted_at=None, settled_by__isnull=False, is_refused_by_gates=False)
                | Q(refused_at__isnull=False, promoted_at=None, settled_by=None, is_refused_by_gates=True),
                name="promotion_is_refused_by_somebody_or_its_tests",
            ),
            models.CheckConstraint(
                condition=Q(threshold_before=None, threshold_after=None)
                | Q(threshold_before__isnull=False, threshold_after__isnull=False),
                name="promotion_moves_from_and_to_a_threshold",
            ),
        ]

    def __str__(self):
        return self.version

    @property
    def moves_threshold(self) -> bool:
        """Whether another threshold has been in force since, though HR set none."""
        return self.threshold_before != self.threshold_after

    @property
    def is_waiting(self) -> bool:
        return self.promoted_at is None and self.refused_at is None

    @property
    def why(self) -> str:
        return reason_in_words(self.reason)

    @property
    def by(self) -> str:
        """The account that asked for it. One query if the account is not loaded."""
        return str(self.author or self.system_account)


class Training(models.Model):
    """A training that the model's page, the schedule or a command asked for, and what became of it."""

    class Problem(models.TextChoices):
        TOO_LITTLE = "too little", _("There are too few data to train a model.")
        LEAK = "leak", _("The model is too good to be true: a feature seems to know who has left.")
        DOUBTFUL = "doubtful", _("The model did not pass its tests.")
        ANOTHER_WAITS = "another waits", _("Another version waits for approval: approve or refuse it first.")
        UNUSABLE = "unusable", _("The version could not be stored on the server.")
        BROKEN = "broken", _("An internal error stopped the work; it has been recorded.")

    asked_at = models.DateTimeField(_("asked for at"), default=timezone.now, editable=False)
    asked_by = account(_("asked for by"), editable=False)
    system_account = models.CharField(
        _("account of the system"), max_length=150, blank=True, help_text=_("Of a command that named no account.")
    )
    reason = models.TextField(_("reason"))
    promotes = models.BooleanField(
        _("puts in use"), default=True, help_text=_("Whether the version was to be put in use.")
    )
    objections = models.JSONField(
        _("spoke against it"), default=list, blank=True, help_text=_("Overridden if there is a version all the same.")
    )
    finished_at = models.DateTimeField(_("finished at"), null=True, editable=False)
    version = models.CharField(_("model version"), max_length=40, blank=True)
    is_unchanged = models.BooleanField(
        _("nothing has changed"), default=False, help_text=_("It learned the same as the version in use.")
    )
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

    @property
    def why(self) -> str:
        return reason_in_words(self.reason)

    @property
    def by(self) -> str:
        """The account that asked for it; empty for the schedule. One query if the account is not loaded."""
        return str(self.asked_by or self.system_account)


class CostDecision(models.Model):
    """What HR says that a departure costs, and each kind of action: as ranges, since nobody knows better.

    The newest one is in force.
    """

    class Unit(models.TextChoices):
        MONTHS = "months", _("months of pay")
        AMOUNT = "amount", _("euros")

    unit = models.CharField(_("unit of a departure's cost"), max_length=6, choices=Unit.choices)
    departure_low = models.FloatField(_("a departure costs from"))
    departure_high = models.FloatField(_("a departure costs up to"))
    reason = models.TextField(_("reason"))
    decided_at = models.DateTimeField(_("set at"), default=timezone.now, editable=False)
    decided_by = account(_("set by"), null=False)

    class Meta:
        verbose_name = _("costs set")
        verbose_name_plural = _("costs set")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(departure_low__gt=0, departure_high__gte=F("departure_low")),
                name="cost_of_a_departure_is_a_range",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="costs_have_a_reason"),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.decided_at):%Y-%m-%d %H:%M}"


class ActionCost(models.Model):
    """What one action of a kind costs, in euros, by a decision."""

    decision = models.ForeignKey(
        CostDecision, on_delete=models.CASCADE, related_name="actions", verbose_name=_("costs")
    )
    kind = models.ForeignKey(
        "predictions.ActionKind", on_delete=models.PROTECT, related_name="+", verbose_name=_("action")
    )
    low = models.FloatField(_("from"))
    high = models.FloatField(_("up to"))

    class Meta:
        verbose_name = _("cost of a kind of action")
        verbose_name_plural = _("costs of kinds of action")
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "kind"], name="one_cost_a_decision_and_kind"),
            models.CheckConstraint(condition=Q(low__gte=0, high__gte=F("low")), name="cost_of_an_action_is_a_range"),
        ]

    def __str__(self):
        return f"{self.low:g}–{self.high:g}"


class LotteryDecision(models.Model):
    """HR switches the lottery of talks on or off; the newest decision is in force.

    Its seed is drawn with it, before anybody is scored: who is drawn at a run follows from it alone.
    """

    talks = models.PositiveIntegerField(
        _("talks"), null=True, help_text=_("People drawn at a scoring of everyone; empty: no lottery.")
    )
    seed = models.CharField(_("seed"), max_length=32, default=new_seed, editable=False)
    reason = models.TextField(_("reason"))
    decided_at = models.DateTimeField(_("set at"), default=timezone.now, editable=False)
    decided_by = account(_("set by"), null=False)

    class Meta:
        verbose_name = _("lottery of talks")
        verbose_name_plural = _("lotteries of talks")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(talks=None) | Q(talks__gte=1), name="lottery_draws_somebody"),
            models.CheckConstraint(condition=~Q(reason=""), name="lottery_has_a_reason"),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.decided_at):%Y-%m-%d %H:%M} {self.talks or '–'}"
