"""A case, its history, the notes of its talks and the actions that were agreed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from employees.access import may_answer, scope_of
from employees.models import Employee
from features import schema
from technova.database.fields import EncryptedTextField, account


class CaseQuerySet(models.QuerySet):
    def is_open(self):
        return self.filter(closed_at=None)

    def visible_to(self, user):
        """Those opened of people in the account's scope: all to HR, to a manager the own and the shared ones."""
        scope = scope_of(user)
        rows = scope.narrow_recorded(scope.narrow(self, "employee__departement"), "departement")
        if may_answer(user):
            return rows
        return rows.filter(Q(owner=user) | Q(opened_by=user) | Q(is_shared=True))


class Case(models.Model):
    """What is done about one person's risk, from its opening to its outcome. One is open for a person at a time."""

    class State(models.TextChoices):
        TO_PLAN = "to_plan", _("to plan")
        PLANNED = "planned", _("talk planned")
        AGREED = "agreed", _("actions agreed")
        WATCHING = "watching", _("watching")
        STAYED = "stayed", _("closed: stayed")
        LEFT = "left", _("closed: left")
        SET_ASIDE = "set_aside", _("closed: set aside")

    class Aside(models.TextChoices):
        """Why a score is set aside."""

        WRONG_DATA = "wrong_data", _("the data are wrong")
        KNOWN = "known", _("already known and settled")
        LEAVING = "leaving", _("the departure is agreed")
        NOT_NOW = "not_now", _("not the moment")
        OTHER = "other", _("another reason")

    OPEN = (State.TO_PLAN, State.PLANNED, State.AGREED, State.WATCHING)

    employee = models.ForeignKey(
        Employee, on_delete=models.PROTECT, related_name="cases", verbose_name=_("employee"), db_index=False
    )
    departement = models.CharField(_("department"), max_length=100, editable=False, help_text=_("When it was opened."))
    prediction = models.ForeignKey(
        "predictions.Prediction",
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # the log may be purged of it; what it said stays
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("prediction"),
        help_text=_("The newest score of the person when the case was opened."),
    )
    probability = models.FloatField(_("risk then"), null=True, editable=False)
    why = models.TextField(_("why"), blank=True, help_text=_("What whoever opened it said; empty: the score."))
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now, editable=False)
    opened_by = account(_("opened by"), null=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.TO_PLAN)
    owner = account(_("responsible"), null=False)
    due = models.DateField(_("due"))
    is_shared = models.BooleanField(
        _("shared"), default=False, help_text=_("With the managers of the person's department.")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    aside = models.CharField(_("why set aside"), max_length=10, choices=Aside.choices, blank=True)
    probability_then = models.FloatField(_("risk when set aside"), null=True, editable=False)

    # Annotated by ``selectors.cases_of``.
    probability_now: float | None
    threshold_now: float | None

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["due", "id"]
        constraints = [
            models.UniqueConstraint(fields=["employee"], condition=Q(closed_at=None), name="one_open_case_a_person"),
            models.CheckConstraint(
                condition=Q(state__in=["to_plan", "planned", "agreed", "watching"], closed_at=None)
                | Q(state__in=["stayed", "left", "set_aside"], closed_at__isnull=False),
                name="case_is_closed_with_its_state",
            ),
            models.CheckConstraint(
                condition=Q(state="set_aside") & ~Q(aside="") | ~Q(state="set_aside") & Q(aside=""),
                name="case_is_set_aside_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(prediction=None) | Q(probability__isnull=False), name="case_keeps_risk"),
        ]
        indexes = [
            models.Index(fields=["owner", "due"], condition=Q(closed_at=None), name="open_case_of_owner"),
            models.Index(fields=["employee", "-id"], name="case_of_employee"),
        ]

    def __str__(self):
        return f"{self.employee_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due < timezone.localdate()


class CaseChange(models.Model):
    """The state of a case after one change, by whom and when: its history. Written once."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="changes", verbose_name=_("case"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"), null=False)
    state = models.CharField(_("state"), max_length=9, choices=Case.State.choices)
    owner = account(_("responsible"), null=False)
    due = models.DateField(_("due"))
    is_shared = models.BooleanField(_("shared"))
    word = models.TextField(_("remark"), blank=True)

    class Meta:
        verbose_name = _("change of a case")
        verbose_name_plural = _("changes of cases")
        ordering = ["id"]

    def __str__(self):
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.state}"


class CaseNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of visible cases: all to HR and to whoever is responsible, to other managers the shared ones."""
        rows = self.filter(case__in=Case.objects.visible_to(user))
        return rows if may_answer(user) else rows.filter(Q(case__owner=user) | Q(by=user) | Q(is_shared=True))


class CaseNote(models.Model):
    """What was said in a talk, encrypted with a key that is not in the database; deleted after a set time."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes", verbose_name=_("case"))
    day = models.DateField(_("day of the talk"))
    who = models.CharField(_("who was there"), max_length=200, blank=True)
    text = EncryptedTextField(_("what was said"))
    is_shared = models.BooleanField(_("shared"), default=False, help_text=_("With managers who see the case."))
    at = models.DateTimeField(_("written at"), default=timezone.now, editable=False)
    by = account(_("written by"), null=False)

    objects = CaseNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note of a talk")
        verbose_name_plural = _("notes of talks")
        ordering = ["-day", "-id"]

    def __str__(self):
        return f"{self.case_id}: {self.day}"


class ActionKind(models.Model):
    """A kind of action that the company agrees on with people; administrators edit the list."""

    french = models.CharField(_("label in French"), max_length=60, unique=True)
    english = models.CharField(_("label in English"), max_length=60)
    lever = models.CharField(
        _("lever"),
        max_length=40,
        blank=True,
        choices=[(feature.name, _(feature.label)) for feature in schema.FEATURES if feature.is_actionable],
        help_text=_("The value of the person that it changes, if any."),
    )
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("kind of action")
        verbose_name_plural = _("kinds of action")
        ordering = ["id"]

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        """In the active language."""
        return self.french if (get_language() or "").startswith("fr") else self.english


class CaseAction(models.Model):
    """An action agreed in a case, with its day and what it costs the company, if known."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="actions", verbose_name=_("case"))
    kind = models.ForeignKey(ActionKind, on_delete=models.PROTECT, related_name="+", verbose_name=_("action"))
    day = models.DateField(_("from"))
    cost = models.DecimalField(_("cost (€)"), max_digits=9, decimal_places=2, null=True, blank=True)
    at = models.DateTimeField(_("noted at"), default=timezone.now, editable=False)
    by = account(_("noted by"), null=False)

    class Meta:
        verbose_name = _("agreed action")
        verbose_name_plural = _("agreed actions")
        ordering = ["day", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0), name="action_cost_not_negative"),
        ]

    def __str__(self):
        return f"{self.case_id}: {self.kind}"
