"""The workforce: its people, and the known state of each on every day."""

import uuid

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.access import THERE, Scope, scope_of
from technova.database.fields import account


class OfEmployeesQuerySet(models.QuerySet):
    """Employees, or rows about one."""

    employee = "employee"  # the way from a row to its employee

    def within(self, scope: Scope):
        """Those that a caller of this scope may see."""
        return scope.narrow(self, self.employee)

    def visible_to(self, user):
        """Those that this account may see."""
        return self.within(scope_of(user))


class Presence(models.TextChoices):
    """The presence of a person as of a day; empty for a number that is in no SIRH extract."""

    PRESENT = "present", _("present")
    LEFT = "left", _("left")
    ABSENT = "absent", _("absent")


class EmployeeQuerySet(OfEmployeesQuerySet):
    employee = ""

    def present(self, day=None):
        """Those present, now or on an earlier day. Every figure, list and ranking counts them alone.

        Of an earlier day by one index look-up each: PostgreSQL, which cannot know how few of the states are of a day,
        would join all states to all employees one by one.
        """
        if day is None:
            return self.filter(presence=Presence.PRESENT)
        states = EmployeeState.objects.filter(employee=OuterRef("pk"), as_of__lte=day).order_by("-as_of")
        return self.alias(presence_then=Subquery(states.values("presence")[:1])).filter(presence_then=Presence.PRESENT)

    def to_score(self):
        """Without those who object to being scored."""
        return self.filter(objected_on=None)

    def of_the_workforce(self):
        """People who are in a SIRH extract in force."""
        return self.exclude(presence="")


class Employee(models.Model):
    """A person under the company's employee number, with their presence as of the newest extract."""

    employee_id = models.PositiveIntegerField(_("employee number"), unique=True)
    departement = models.CharField(
        _("department"),
        max_length=100,
        blank=True,
        help_text=_("The newest department known: it decides who may see this person."),
    )
    presence = models.CharField(_("presence"), max_length=10, choices=Presence.choices, blank=True)
    objected_on = models.DateField(
        _("objects to being scored since"), null=True, help_text=_("Not scored from this day on; empty: scored.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = EmployeeQuerySet.as_manager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["employee_id"]
        indexes = [
            # Of a column with ``db_index`` Django makes a second one, for texts that begin with another.
            models.Index(fields=["departement"], name="employee_by_department"),
            models.Index(fields=["presence"], name="employee_by_presence"),
            # how many are left out of every sum
            models.Index(fields=["objected_on"], condition=~Q(objected_on=None), name="employee_who_objects"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(employee_id__gte=1), name="employee_id_is_positive"),
            models.CheckConstraint(condition=Q(presence__in=["", *Presence.values]), name="presence_is_known"),
        ]

    def __str__(self):
        return str(self.employee_id)

    @property
    def is_present(self) -> bool:
        return self.presence == Presence.PRESENT

    @property
    def is_there(self) -> bool:
        """Present, or in the directory alone: in no SIRH extract."""
        return self.presence in THERE

    @property
    def is_to_be_scored(self) -> bool:
        return self.is_present and self.objected_on is None

    @property
    def has_left(self) -> bool:
        return self.presence == Presence.LEFT


class ReportingLine(models.Model):
    """The place of a person in the tree of reporting lines: a nested set, numbered from the top downwards.

    Whoever reports to the person, directly or through others, has a position after the person's and up to ``last``.
    Derived with the workforce (``workforce.reporting_lines``), each time with positions that were never used before.
    """

    employee = models.OneToOneField(
        Employee, on_delete=models.CASCADE, primary_key=True, related_name="line", verbose_name=_("employee")
    )
    position = models.BigIntegerField(_("position"))
    last = models.BigIntegerField(_("last position"), help_text=_("Of those who report to the person."))

    class Meta:
        verbose_name = _("reporting line")
        verbose_name_plural = _("reporting lines")
        indexes = [
            # the people of a team
            models.Index(fields=["position"], include=["employee"], name="line_by_position"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=F("position")), name="line_ends_after_its_position"),
        ]

    def __str__(self):
        return f"{self.employee_id}: {self.position}–{self.last}"


class EmployeeStateQuerySet(models.QuerySet):
    def on(self, day):
        """The state of everyone on a day."""
        return self.filter(Q(until=None) | Q(until__gt=day), as_of__lte=day)

    def newest(self):
        return self.filter(until=None)


class EmployeeState(models.Model):
    """The known presence of a person from one day until another. Derived: replayed from the extracts in force.

    The columns are those of ``employees.workforce.presence.KNOWN``.
    """

    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="states", db_index=False, verbose_name=_("employee")
    )
    as_of = models.DateField(_("as of"))
    until = models.DateField(_("until"), null=True, help_text=_("The day from which the next state holds."))
    presence = models.CharField(_("presence"), max_length=10, choices=Presence.choices, blank=True)
    since = models.DateField(_("since"), null=True)
    departement = models.CharField(_("department"), max_length=100, blank=True)
    is_listed = models.BooleanField(_("in the newest SIRH extract"))
    is_kept = models.BooleanField(_("present according to HR, not in the SIRH"))
    last_listed = models.DateField(_("last SIRH extract"), null=True)
    says_left = models.BooleanField(_("left according to the survey"), null=True)
    date_entree = models.DateField(_("entry"), null=True)
    date_sortie = models.DateField(_("exit"), null=True)
    motif_sortie = models.CharField(_("reason of the exit"), max_length=100, blank=True)
    is_said_left = models.BooleanField(_("left according to HR"))
    was_unlisted = models.BooleanField(_("in no SIRH extract since the departure"))
    returned_on = models.DateField(_("returned on"), null=True)
    left_after = models.DateField(_("left after"), null=True)
    left_by = models.DateField(_("left by"), null=True)
    left_because = models.CharField(_("reason of the departure"), max_length=100, blank=True)

    objects = EmployeeStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("state of an employee")
        verbose_name_plural = _("states of employees")
        ordering = ["employee", "as_of"]
        indexes = [
            # who left, is absent or is back: the views of their own, and everyone on a day
            models.Index(fields=["presence", "as_of"], name="state_by_presence"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["employee", "as_of"], name="one_state_an_employee_and_day"),
            models.UniqueConstraint(fields=["employee"], condition=Q(until=None), name="one_newest_state_an_employee"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("as_of")), name="state_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(presence="left", left_by__isnull=False) | ~Q(presence="left") & Q(left_by=None),
                name="who_left_has_a_day_of_departure",
            ),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.as_of:%Y-%m-%d} {self.presence}"


class WorkforceDay(models.Model):
    """A day that an extract in force or an answer describes. ``revision`` changes whenever the day is replayed."""

    as_of = models.DateField(_("as of"), unique=True)
    revision = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = _("day of the workforce")
        verbose_name_plural = _("days of the workforce")
        ordering = ["as_of"]
        get_latest_by = "as_of"

    def __str__(self):
        return f"{self.as_of:%Y-%m-%d}"


class AnswerQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(revoked_at=None)


class PresenceAnswer(models.Model):
    """HR's answer about a person absent from the files: has left, or is present."""

    class Kind(models.TextChoices):
        LEFT = "left", _("has left")
        HERE = "here", _("is present")

    employee = models.ForeignKey(Employee, on_delete=models.CASCADE, related_name="answers", verbose_name=_("employee"))
    as_of = models.DateField(_("as of"), help_text=_("The day from which the answer holds."))
    kind = models.CharField(_("answer"), max_length=10, choices=Kind.choices)
    left_after = models.DateField(_("left after"), null=True)
    left_by = models.DateField(_("left by"), null=True)
    left_because = models.CharField(_("reason of the departure"), max_length=100, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("answered by"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    revoked_by = account(_("revoked by"))

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="left", left_by__isnull=False) | Q(kind="here", left_by=None, left_after=None),
                name="answer_dates_a_departure",
            ),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.get_kind_display()} {self.as_of:%Y-%m-%d}"


class NumberMerge(models.Model):
    """Two numbers of one person: rows of ``number`` in the files count for ``employee``."""

    number = models.PositiveIntegerField(_("other number"))
    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="other_numbers", verbose_name=_("employee")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("merged by"))
    revoked_at = models.DateTimeField(_("parted at"), null=True, editable=False)
    revoked_by = account(_("parted by"))

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("merged number")
        verbose_name_plural = _("merged numbers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(revoked_at=None), name="a_number_is_merged_into_one_person"
            ),
        ]

    def __str__(self):
        return f"{self.number} = {self.employee_id}"
