"""What people ask about their own data, and what became of it."""

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.models import Correction, Employee, NumberMerge, OfEmployeesQuerySet
from technova.database.fields import account


class DataRequestQuerySet(OfEmployeesQuerySet):
    def is_open(self):
        return self.filter(state=DataRequest.State.OPEN)


class DataRequest(models.Model):
    """A person's request about their own data (GDPR, articles 15 to 22), with the day by which it is to be answered."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("to see their data")
        CORRECTION = "correction", _("to have data corrected")
        OBJECTION = "objection", _("not to be scored")
        CONTEST = "contest", _("to have a score looked at again")
        ERASURE = "erasure", _("to have data erased")

    class State(models.TextChoices):
        OPEN = "open", _("to be answered")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        ENDED = "ended", _("ended")

    employee = models.ForeignKey(
        Employee, on_delete=models.PROTECT, related_name="data_requests", verbose_name=_("employee")
    )
    kind = models.CharField(_("request"), max_length=10, choices=Kind.choices)
    said = models.TextField(_("what the person said"), blank=True)
    received_on = models.DateField(_("received on"))
    due = models.DateField(_("to be answered by"))
    is_extended = models.BooleanField(_("extended"), default=False, help_text=_("By two months, for a reason."))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    answered_on = models.DateField(_("answered on"), null=True, editable=False)
    answer = models.TextField(_("answer"), blank=True)
    handled_by = account(_("handled by"))
    prediction = models.ForeignKey(
        "predictions.Prediction",
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # the log may be purged of it; what it said stays
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("prediction"),
        help_text=_("The score that is contested: the newest one of the person when the request was recorded."),
    )
    probability = models.FloatField(_("risk then"), null=True, editable=False)
    correction = models.OneToOneField(
        Correction,
        on_delete=models.SET_NULL,  # a column that is switched off takes its corrections along
        null=True,
        related_name="request",
        verbose_name=_("correction"),
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("recorded by"))

    objects = DataRequestQuerySet.as_manager()

    name: str  # by ``with_names``

    class Meta:
        verbose_name = _("request of a person")
        verbose_name_plural = _("requests of people")
        ordering = ["-id"]
        indexes = [
            # those that wait, the most urgent first
            models.Index(fields=["due"], condition=Q(state="open"), name="open_request_by_day"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(due__gt=F("received_on")), name="request_is_due_after_it_came"),
            models.CheckConstraint(
                condition=Q(state="open", answered_on=None) | ~Q(state="open") & Q(answered_on__isnull=False),
                name="request_is_answered_with_its_state",
            ),
            models.UniqueConstraint(
                fields=["employee"],
                condition=Q(kind="objection", state__in=["open", "granted"]),
                name="one_objection_a_person",
            ),
        ]

    def __str__(self):
        return f"{self.employee_id}: {self.kind} {self.received_on:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def may_end(self) -> bool:
        """Whether it was granted, with an effect that lasts."""
        lasts = self.kind == self.Kind.OBJECTION or self.correction_id is not None
        return self.state == self.State.GRANTED and lasts

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due < timezone.localdate()


class DataRequestChange(models.Model):
    """The state of a request after one change, by whom, when and why. Written once."""

    request = models.ForeignKey(
        DataRequest, on_delete=models.CASCADE, related_name="changes", verbose_name=_("request")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"), help_text=_("Empty where the program did it."))
    state = models.CharField(_("state"), max_length=8, choices=DataRequest.State.choices)
    due = models.DateField(_("to be answered by"))
    word = models.TextField(_("why"), blank=True)

    class Meta:
        verbose_name = _("change of a request")
        verbose_name_plural = _("changes of requests")
        ordering = ["id"]

    def __str__(self):
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.state}"


class LegalHoldQuerySet(OfEmployeesQuerySet):
    def in_force(self):
        return self.filter(lifted_at=None)

    def of(self, employee: Employee):
        """Those of a person, under any of their numbers."""
        others = NumberMerge.objects.in_force().filter(employee=employee).values("number")
        return self.filter(Q(employee=employee) | Q(employee__employee_id__in=others))

    def people(self) -> list[int]:
        """The keys of everyone held, with those of their other numbers. Two queries; one where nobody is."""
        keys = set(self.in_force().values_list("employee", flat=True))
        if not keys:
            return []
        merges = NumberMerge.objects.in_force().filter(
            Q(employee__in=keys) | Q(number__in=Employee.objects.filter(pk__in=keys).values("employee_id"))
        )
        of_number = Employee.objects.filter(employee_id=OuterRef("number")).values("pk")
        for person, other in merges.values_list("employee", Subquery(of_number)):
            keys.update({person, other} - {None})
        return sorted(keys)


class LegalHold(models.Model):
    """A dispute for which a person's data are kept (GDPR, article 17(3)(e)), until somebody lifts it with a reason."""

    employee = models.ForeignKey(Employee, on_delete=models.PROTECT, related_name="holds", verbose_name=_("employee"))
    reason = models.TextField(_("reason"))
    set_at = models.DateTimeField(_("held since"), default=timezone.now, editable=False)
    set_by = account(_("held by"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, editable=False)
    lifted_by = account(_("lifted by"))
    lifted_because = models.TextField(_("why it was lifted"), blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["employee"], condition=Q(lifted_at=None), name="one_hold_a_person"),
            models.CheckConstraint(
                condition=~Q(lifted_at=None) | Q(lifted_by=None, lifted_because=""), name="only_a_lifted_hold_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.employee_id}: {timezone.localtime(self.set_at):%Y-%m-%d}"

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None


class FollowedMerge(models.Model):
    """What followed a person when a number was merged into theirs, so that it goes back when the two are parted."""

    merge = models.OneToOneField(
        NumberMerge, on_delete=models.CASCADE, related_name="+", verbose_name=_("merged number")
    )
    moved = models.JSONField(_("moved"), help_text=_("Keys of rows, by table."))

    class Meta:
        verbose_name = _("what followed a merged number")
        verbose_name_plural = _("what followed merged numbers")

    def __str__(self):
        return str(self.merge)
