import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.access import Scope, readable_to, scope_of, scope_of_key
from employees.models import Employee, OfEmployeesQuerySet
from features import schema
from features.models import EmployeeFeatures
from predictions.compliance.models import CompanyFact, Incident  # noqa: F401 - models of this app
from predictions.decisions.models import (  # noqa: F401 - models of this app
    ActionCost,
    CostDecision,
    LotteryDecision,
    ModelVersion,
    Promotion,
    ThresholdDecision,
    Training,
)
from predictions.events.models import WebhookDelivery, WebhookEndpoint  # noqa: F401 - models of this app
from predictions.exports.models import Export, ExportPiece  # noqa: F401 - models of this app
from predictions.followup.models import (  # noqa: F401 - models of this app
    ActionKind,
    Case,
    CaseAction,
    CaseChange,
    CaseNote,
    Draw,
    DrawnPerson,
    ExitInterview,
)
from predictions.keys.models import APIKey, RequestCount, validate_departments  # noqa: F401 - models of this app
from predictions.log.models import (  # noqa: F401 - models of this app
    ErasedRow,
    LogBlock,
    LogPurge,
    PersonKey,
)
from predictions.mails.models import Mail, MailSubscription  # noqa: F401 - models of this app
from predictions.ml import links
from predictions.retention.models import Clearance  # noqa: F401 - models of this app
from predictions.rights.models import DataRequest, DataRequestChange, FollowedMerge, LegalHold  # noqa: F401 - models of this app
from predictions.segments.models import RunCell, SavedSegment  # noqa: F401 - models of this app
from technova.database.fields import NamedFloats, account

MAX_PREDICTION_ID = models.BigIntegerField.MAX_BIGINT
REASON_CHOICES = [(feature.name, _(feature.label)) for feature in schema.FEATURES]


class ScoringRunQuerySet(models.QuerySet):
    def in_force(self):
        """Runs without a later run of the same or an earlier day: a withdrawn load moves the newest day back."""
        later = ScoringRun.objects.filter(pk__gt=OuterRef("pk"), as_of__lte=OuterRef("as_of"))
        return self.filter(~Exists(later))


class ScoringRun(models.Model):
    """One scoring of the whole workforce; its predictions are the ranked list of that day.

    A run and its predictions are written in one transaction, so a run that exists is complete.
    """

    # Annotated by ``selectors.runs.latest_two``.
    is_in_log: bool
    is_outdated: bool = False  # the workforce has changed since
    objecting: int = 0  # people who are left out of scoring at their own request
    revision_now: uuid.UUID | None
    talks: int | None  # of the lottery in force

    created_at = models.DateTimeField(_("scored at"), default=timezone.now, db_index=True)
    model_version = models.CharField(_("model version"), max_length=40)
    horizon_months = models.PositiveSmallIntegerField(
        _("horizon (months)"), null=True, help_text=_("Within how many months; empty for a classification.")
    )
    threshold = models.FloatField(_("threshold"))
    decision = models.ForeignKey(
        ThresholdDecision,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("threshold set"),
        help_text=_("By which the threshold is; empty where it is that of the model's training."),
    )
    last_tied = models.PositiveIntegerField(
        _("last of those tied"),
        null=True,
        help_text=_("Of the people at the threshold, those up to this employee number are over it."),
    )
    employee_count = models.PositiveIntegerField(_("employees"))
    above_threshold_count = models.PositiveIntegerField(_("over the threshold"))
    expected_departures = models.FloatField(
        _("expected departures"),
        help_text=_("The sum of the probabilities; of a classification, corrected for people that it was trained on."),
    )
    expected_above_threshold = models.FloatField(
        _("expected departures over the threshold"), null=True, help_text=_("Of those who reach the threshold.")
    )
    expected_low = models.FloatField(_("low end"), null=True, help_text=_("Of the 95% interval of the departures."))
    expected_high = models.FloatField(_("high end"), null=True, help_text=_("Of the 95% interval of the departures."))
    seen_correction = models.FloatField(
        _("correction"), default=1.0, help_text=_("Of probabilities of people on whom the model was trained.")
    )
    duration_ms = models.FloatField(_("duration (ms)"))
    as_of = models.DateField(_("as of"), null=True, help_text=_("The day that the scores describe."))
    revision = models.UUIDField(
        _("revision"), null=True, help_text=_("Of that day: another one may have changed who is there, and where.")
    )
    drift_counts = models.JSONField(
        _("drift counts"), null=True, help_text=_("People by feature and bin, in the bins of the model's card.")
    )
    group_counts = models.JSONField(
        _("counts of fairness"),
        null=True,
        help_text=_("People by sex, age and family status, and those over the threshold."),
    )

    objects = ScoringRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("scoring run")
        verbose_name_plural = _("scoring runs")
        ordering = ["-id"]
        get_latest_by = "id"
        constraints = [
            models.CheckConstraint(
                condition=Q(above_threshold_count__lte=F("employee_count")), name="run_counts_add_up"
            ),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.created_at):%Y-%m-%d %H:%M} ({self.model_version})"

    def threshold_against(self, before: "ScoringRun") -> float:
        """The threshold at which a run before is compared with this one: this run's, so that nobody moves because
        another one was set. Under one decision, a capacity, each list has its own: it holds as many people.
        """
        is_same = self.decision_id is not None and self.decision_id == before.decision_id
        return before.threshold if is_same else self.threshold

    @property
    def day(self) -> date:
        """The day that the scores describe; of a run from before extracts had one, the day of the run."""
        return self.as_of or timezone.localdate(self.created_at)


class RunGroupQuerySet(models.QuerySet):
    def within(self, scope: Scope):
        """Those of whole departments of the scope: a team's figures are counted from its people."""
        return scope.narrow_groups(self)

    def visible_to(self, user):
        """Those that this account may see."""
        return self.within(scope_of(user))


class RunGroup(models.Model):
    """Additive figures of a scoring run, by department and job.

    Written with the run. The overview and the trend sum these few rows instead of everyone's predictions.
    """

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="groups", verbose_name=_("scoring run"))
    departement = models.CharField(_("department"), max_length=100)
    poste = models.CharField(_("job"), max_length=100)
    employee_count = models.PositiveIntegerField(_("employees"))
    above_threshold_count = models.PositiveIntegerField(_("over the threshold"))
    expected_departures = models.FloatField(_("expected departures"))
    histogram = models.JSONField(_("histogram"), help_text=_("People by band, then by twentieth of probability."))
    reasons = models.JSONField(_("reasons"), help_text=_("People by reason among their two strongest."))

    is_suppressed: bool  # set by ``selectors.figures.mark_suppressed``

    objects = RunGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("figures of a group")
        verbose_name_plural = _("figures of groups")
        ordering = ["run", "departement", "poste"]
        constraints = [
            models.UniqueConstraint(fields=["run", "departement", "poste"], name="one_row_a_run_department_and_job"),
            models.CheckConstraint(
                condition=Q(above_threshold_count__lte=F("employee_count")), name="group_counts_add_up"
            ),
        ]

    def __str__(self):
        return f"{self.run_id}: {self.departement}, {self.poste}"


class SavedViewQuerySet(models.QuerySet):
    def of(self, user):
        """Those that an account keeps."""
        return self.filter(user=user)


class SavedView(models.Model):
    """The list of employees as an account likes to see it: its filters and order, under a name."""

    MOST = 20  # an account

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=500, blank=True, help_text=_("As in the address of the list."))

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="one_view_an_account_and_name"),
        ]

    def __str__(self):
        return self.name


class WorkforceCheck(models.Model):
    """A stored check of drift and accuracy, for a scoring run and a state of the workforce."""

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="checks", verbose_name=_("scoring run"))
    created_at = models.DateTimeField(_("checked at"), default=timezone.now)
    revision = models.UUIDField(_("revision"), null=True, help_text=_("Of the newest day when it was made."))
    is_alarm = models.BooleanField(_("alarm"), help_text=_("Something has moved, or more or fewer left than expected."))
    found = models.JSONField(_("found"), help_text=_("See ``selectors.drift_check.Found``."))

    class Meta:
        verbose_name = _("check of the workforce")
        verbose_name_plural = _("checks of the workforce")
        ordering = ["-id"]
        get_latest_by = "id"
        constraints = [
            models.UniqueConstraint(fields=["run", "revision"], name="one_check_a_run_and_revision"),
        ]

    def __str__(self):
        return f"{self.run} {timezone.localtime(self.created_at):%Y-%m-%d}"


class PredictionQuerySet(OfEmployeesQuerySet):
    def within_then(self, scope: Scope):
        """Those made while the person was in a department of the scope: others would reveal the former department."""
        return scope.narrow_recorded(self, "features__departement", "payload__departement")

    def visible_to(self, user):
        """The rows that an account may read: everyone's for HR, else its departments' and its own simulations.

        Of its departments' people those of their time in them.
        A simulation holds every column: only its author and those who read every column may see it.
        """
        seen = self._within_or_own(scope_of(user), Q(user=user))
        if readable_to(user).reads_everything:
            return seen
        return seen.filter(~Q(mode=Prediction.Mode.SIMULATION) | Q(user=user))

    def visible_to_key(self, key):
        """The rows that a key may read: all, or those of its departments' people, of their time in them, and its own
        requests by features.
        """
        return self._within_or_own(scope_of_key(key), Q(api_key=key))

    def _within_or_own(self, scope: Scope, own: Q):
        if scope.sees_everyone:
            return self
        of_people = self.within(scope).within_then(scope)
        return of_people | self.filter(own, employee=None)


class Prediction(models.Model):
    """One prediction as it was returned: time, caller, input, model and reasons. Immutable."""

    class Mode(models.TextChoices):
        BY_ID = "by_id", _("by number")
        BY_FEATURES = "by_features", _("by features")
        BATCH = "batch", _("batch")
        SCORING = "scoring", _("scoring run")
        SIMULATION = "simulation", _("simulation")

    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    request_id = models.UUIDField(_("request"), default=uuid.uuid4)
    mode = models.CharField(_("mode"), max_length=12, choices=Mode.choices)
    run = models.ForeignKey(
        ScoringRun,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # prediction_ranked begins with it
        related_name="predictions",
        verbose_name=_("scoring run"),
    )
    api_key = models.ForeignKey(
        APIKey,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # keys are never deleted, and nothing lists the rows of one
        related_name="+",
        verbose_name=_("API key"),
    )
    user = account(_("account"), db_index=False)  # prediction_of_user
    employee = models.ForeignKey(
        Employee,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # prediction_of_employee begins with it
        related_name="predictions",
        verbose_name=_("employee"),
    )
    features = models.ForeignKey(
        EmployeeFeatures,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # they are never deleted, and the scores of some are among those of their employee
        related_name="+",
        verbose_name=_("clean features"),
    )
    payload = models.JSONField(
        _("payload"), null=True, help_text=_("The features, when they came ready-made and not from the table.")
    )
    probability = models.FloatField(_("probability"))
    low = models.FloatField(_("low end"), null=True, help_text=_("Of the 90% interval of the probability."))
    high = models.FloatField(_("high end"), null=True, help_text=_("Of the 90% interval of the probability."))
    is_extrapolated = models.BooleanField(
        _("outside the known profiles"), default=False, help_text=_("The model has seen nobody like this.")
    )
    predicted_class = models.BooleanField(_("predicted to leave"))
    threshold = models.FloatField(_("threshold"))
    model_version = models.CharField(_("model version"), max_length=40)
    model_sha256 = models.CharField(_("model SHA-256"), max_length=64)
    latency_ms = models.FloatField(_("latency (ms)"))
    horizon_months = models.PositiveSmallIntegerField(
        _("horizon (months)"), null=True, help_text=_("Within how many months; empty for a classification.")
    )
    base_value = models.FloatField(_("base value"), help_text=_("The average employee on the additive scale."))
    contributions = NamedFloats(
        _("contributions"),
        names=schema.FEATURE_NAMES,
        help_text=_(
            "By feature, zeros left out; with the base value they sum to the score: to the log cumulative hazard "
            "within the horizon, to the log-odds without one."
        ),
    )
    main_reason = models.CharField(_("main reason"), max_length=40, blank=True, choices=REASON_CHOICES)
    second_reason = models.CharField(_("second reason"), max_length=40, blank=True, choices=REASON_CHOICES)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [
            # the ranked list of a scoring run; its counts and filters read this alone, not the wide rows
            models.Index(
                fields=["run", "-probability", "id"],
                include=["employee", "features", "main_reason", "second_reason"],
                name="prediction_ranked",
            ),
            # the log, newest first, from any day: a scoring run shares one instant
            models.Index(fields=["-created_at", "-id"], name="prediction_newest"),
            # the same of one mode: a few simulations among millions of scores, which are most of prediction_newest
            models.Index(
                fields=["mode", "-created_at", "-id"],
                condition=~Q(mode="scoring"),
                name="prediction_newest_of_mode",
            ),
            # the API's list by probability, which else sorts the whole log
            models.Index(fields=["-probability", "-id"], name="prediction_by_probability"),
            # the search for the request id that a client reports, which else reads the whole log; it adds less than 1 %
            # to a prediction by number
            models.Index(fields=["request_id"], name="prediction_of_request"),
            # the history of one person's scores
            models.Index(fields=["employee", "-id"], name="prediction_of_employee"),
            # whether an account that is to be deleted asked for any
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="prediction_of_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="probability_between_0_and_1"
            ),
            models.CheckConstraint(condition=Q(threshold__gte=0, threshold__lte=1), name="threshold_between_0_and_1"),
            models.CheckConstraint(
                condition=Q(predicted_class=True, probability__gte=F("threshold"))
                | Q(predicted_class=False, probability__lt=F("threshold")),
                name="class_follows_threshold",
            ),
            models.CheckConstraint(
                condition=Q(low=None, high=None) | Q(low__lte=F("probability"), high__gte=F("probability")),
                name="interval_holds_probability",
            ),
            models.CheckConstraint(
                condition=Q(features__isnull=False, employee__isnull=False, payload__isnull=True)
                | Q(features__isnull=True, payload__isnull=False),
                name="made_from_features_or_payload",
            ),
            models.CheckConstraint(
                condition=Q(mode="scoring", run__isnull=False) | (~Q(mode="scoring") & Q(run__isnull=True)),
                name="run_when_scoring",
            ),
            models.CheckConstraint(condition=Q(latency_ms__gte=0), name="latency_not_negative"),
        ]

    def __str__(self):
        return f"{self.pk}: {self.probability:.3f}"

    @property
    def day(self) -> date:
        """The day that it describes: of its run, or the one on which it was given."""
        return self.run.day if self.run else timezone.localdate(self.created_at)

    @property
    def link(self) -> links.Link:
        """The scale on which its contributions are additive."""
        return links.of_horizon(self.horizon_months)

    @property
    def is_erased(self) -> bool:
        """Whether the person was erased whom it was about: what it was made from and why went with them."""
        return self.features_id is None and not self.payload

    @property
    def employee_number(self) -> int | None:
        """The employee number, None without an employee. One query if the employee is not loaded."""
        return self.employee.employee_id if self.employee else None

    def values(self) -> dict[str, object]:
        """The features of the prediction, in the schema's order. One query if they came from the table and are not
        loaded.
        """
        if self.features is not None:
            return self.features.values()
        payload = self.payload or {}
        return {name: payload[name] for name in schema.FEATURE_NAMES if name in payload}  # jsonb sorts them
