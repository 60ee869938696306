"""A case with its history, notes and actions; the draws of the lottery; exit interviews."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _in_words
from django.utils.translation import gettext_lazy as _

from employees.access import Scope, may_answer, scope_of, seen_by
from employees.models import Employee
from features import schema
from technova.database.fields import EncryptedTextField, account


class CaseQuerySet(models.QuerySet):
    def is_open(self):
        return self.filter(closed_at=None)

    def within(self, scope: Scope):
        """Those of people who are in the scope, and were when the case was opened."""
        return scope.narrow_recorded(scope.narrow(self), "departement")

    def unseen(self):
        """The open ones whose responsible account does not see the person any more, or is closed: in nobody's week."""
        return self.is_open().exclude(seen_by("owner", "employee"))

    def visible_to(self, user):
        """Those opened of people in the account's scope: all to HR, to a manager the own and the shared ones.

        Whoever was made responsible sees what was opened before the person came into the scope, too.
        """
        scope = scope_of(user)
        rows = scope.narrow(self)
        if not scope.sees_everyone:
            rows = rows.filter(Q(departement__in=scope.recorded_names) | Q(owner=user))
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
    opened_by = account(_("opened by"))  # null: by a key, which the first change names
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.TO_PLAN)
    owner = account(_("responsible"), null=False)
    due = models.DateField(_("due"))
    is_shared = models.BooleanField(
        _("shared"), default=False, help_text=_("With the managers of the person's department.")
    )
    talk_at = models.DateTimeField(_("talk"), null=True, blank=True, help_text=_("When the talk is planned."))
    acted_on = models.DateField(
        _("acted on"), null=True, editable=False, help_text=_("Day of the first talk or action; it outlives the notes.")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    aside = models.CharField(_("why set aside"), max_length=10, choices=Aside.choices, blank=True)
    probability_then = models.FloatField(_("risk when set aside"), null=True, editable=False)

    # Annotated by ``selectors.cases_of``.
    probability_now: float | None
    threshold_now: float | None
    is_unseen: bool

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
    def risk_then(self) -> float | None:
        """The score from which it was opened; None where it is not shown, since the person objects to being scored."""
        return None if self.employee.objected_on else self.probability

    @property
    def score_then(self) -> int | None:
        """The key of that score, likewise."""
        return None if self.employee.objected_on else self.prediction_id

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due < timezone.localdate()

    def is_doubtful(self, state: str) -> bool:
        """Whether the workforce does not know what the case would be closed with. One query without the employee."""
        if state == Case.State.LEFT:
            return not self.employee.has_left
        return state == Case.State.STAYED and not self.employee.is_present


class CaseChange(models.Model):
    """One change of a case, by whom and when, with the state after it: its history. Written once."""

    class What(models.TextChoices):
        CASE = "case", _("case changed")
        TALK = "talk", _("talk noted")
        TALK_DELETED = "deleted", _("note of a talk deleted")
        ACTION = "action", _("action agreed")
        CORRECTED = "corrected", _("action corrected")
        TAKEN_BACK = "taken_back", _("action taken back")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="changes", verbose_name=_("case"))
    what = models.CharField(_("what"), max_length=10, choices=What.choices, default=What.CASE)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = account(_("account"))
    api_key = models.ForeignKey(
        "predictions.APIKey", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("API key")
    )
    state = models.CharField(_("state"), max_length=9, choices=Case.State.choices)
    owner = account(_("responsible"), null=False)
    due = models.DateField(_("due"))
    is_shared = models.BooleanField(_("shared"))
    talk_at = models.DateTimeField(_("talk"), null=True)
    aside = models.CharField(_("why set aside"), max_length=10, choices=Case.Aside.choices, blank=True)
    word = models.TextField(_("remark"), blank=True)
    was_warned = models.BooleanField(
        _("despite a warning"),
        default=False,
        help_text=_("Of words that may not be kept, or of a state that the workforce does not know."),
    )
    day = models.DateField(_("day of the talk"), null=True, help_text=_("Of a note that was written or deleted."))
    note = models.ForeignKey("CaseNote", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("note"))
    action = models.ForeignKey(
        "CaseAction", on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("action")
    )

    class Meta:
        verbose_name = _("change of a case")
        verbose_name_plural = _("changes of cases")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(by=None, api_key__isnull=False) | Q(by__isnull=False, api_key=None),
                name="case_change_has_one_author",
            ),
            models.CheckConstraint(
                condition=Q(what="case", day=None, action=None)
                | Q(what__in=["talk", "deleted"], day__isnull=False, action=None)
                | Q(what__in=["action", "corrected", "taken_back"], day=None, action__isnull=False),
                name="case_change_names_its_matter",
            ),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.state}"

    @property
    def author(self) -> str:
        """The account, or the name of the key. One query if it is not loaded."""
        return str(self.by or self.api_key)

    def is_told_to(self, user) -> bool:
        """Whether an account reads the remark: HR, its author, and whoever was responsible after the change.

        Nobody reads earlier ones by making themselves responsible.
        """
        return may_answer(user) or user.pk in (self.by_id, self.owner_id)


class CaseNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of visible cases: all to HR, to managers the shared and the own ones, whoever is responsible for the case."""
        rows = self.filter(case__in=Case.objects.visible_to(user))
        return rows if may_answer(user) else rows.filter(Q(by=user) | Q(is_shared=True))


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
    is_action = models.BooleanField(
        _("counts as an action"),
        default=True,
        help_text=_("No for one that says that nothing was agreed: it is not counted."),
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

    @property
    def lever_label(self) -> str:
        """The value of the person that it changes, in words; empty for none."""
        return _in_words(schema.BY_NAME[self.lever].label) if self.lever in schema.BY_NAME else ""


class CaseActionQuerySet(models.QuerySet):
    def within(self, scope: Scope):
        return self.filter(case__in=Case.objects.within(scope))

    def in_force(self):
        """Without those that were corrected, and those taken back."""
        return self.filter(correction=None, is_taken_back=False)

    def that_count(self):
        """Those in force, without those that say that nothing was agreed."""
        return self.in_force().filter(kind__is_action=True)


class CaseAction(models.Model):
    """An action agreed in a case, with its day and what it costs the company, if known.

    It is never changed: a correction is a row of its own, which is in force instead.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="actions", verbose_name=_("case"))
    kind = models.ForeignKey(ActionKind, on_delete=models.PROTECT, related_name="+", verbose_name=_("action"))
    day = models.DateField(_("from"))
    cost = models.DecimalField(_("cost (€)"), max_digits=9, decimal_places=2, null=True, blank=True)
    corrects = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, related_name="correction", verbose_name=_("corrects")
    )
    is_taken_back = models.BooleanField(_("taken back"), default=False)
    at = models.DateTimeField(_("noted at"), default=timezone.now, editable=False)
    by = account(_("noted by"), null=False)

    objects = CaseActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreed action")
        verbose_name_plural = _("agreed actions")
        ordering = ["day", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0), name="action_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(is_taken_back=False) | Q(corrects__isnull=False), name="action_taken_back_was_agreed"
            ),
        ]

    def __str__(self):
        return f"{self.case_id}: {self.kind}"

    @property
    def counts(self) -> bool:
        """Whether something was agreed with it, unless it was corrected since. One query if the kind is not loaded."""
        return self.kind.is_action and not self.is_taken_back


class Draw(models.Model):
    """Who was drawn by the lottery at a scoring run, recorded with the run and never again."""

    run = models.OneToOneField(
        "predictions.ScoringRun", on_delete=models.PROTECT, related_name="draw", verbose_name=_("scoring run")
    )
    decision = models.ForeignKey(
        "predictions.LotteryDecision", on_delete=models.PROTECT, related_name="+", verbose_name=_("lottery of talks")
    )
    as_of = models.DateField(_("as of"))
    talks = models.PositiveIntegerField(_("talks"), help_text=_("As many were drawn."))
    at = models.DateTimeField(_("drawn at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.as_of:%Y-%m-%d}: {self.talks}"


class DrawnPerson(models.Model):
    """Somebody who took part in a draw: over the threshold, without a case; drawn or not."""

    draw = models.ForeignKey(Draw, on_delete=models.CASCADE, related_name="people", verbose_name=_("draw"))
    employee = models.ForeignKey(
        Employee, on_delete=models.PROTECT, related_name="draws", verbose_name=_("employee"), db_index=False
    )
    departement = models.CharField(_("department"), max_length=100)
    probability = models.FloatField(_("risk then"))
    is_drawn = models.BooleanField(_("drawn"))

    class Meta:
        verbose_name = _("person in a draw")
        verbose_name_plural = _("people in draws")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "employee"], name="one_place_a_draw_and_person"),
        ]
        indexes = [
            models.Index(fields=["employee", "draw"], name="draws_of_employee"),
        ]

    def __str__(self):
        return f"{self.draw_id}: {self.employee_id}"


class ExitInterviewQuerySet(models.QuerySet):
    def in_force(self):
        """Without those that were written anew."""
        return self.filter(superseded_at=None)

    def within(self, scope: Scope):
        """Those of people who are in the scope, and were when they left."""
        return scope.narrow_recorded(scope.narrow(self), "departement")


class ExitInterview(models.Model):
    """What somebody who leaves says of it: why, what would have kept them, and where they go."""

    class Motive(models.TextChoices):
        PAY = "pay", _("pay")
        CAREER = "career", _("career and training")
        WORKLOAD = "workload", _("workload and hours")
        MANAGER = "manager", _("manager or team")
        WORK = "work", _("the work itself")
        PLACE = "place", _("place, journey, remote work")
        OUTSIDE = "outside", _("reasons outside the company")
        OTHER = "other", _("other")

    class Destination(models.TextChoices):
        COMPETITOR = "competitor", _("same trade, another company")
        SECTOR = "sector", _("another trade")
        SELF_EMPLOYED = "self", _("self-employed")
        STUDY = "study", _("studies or training")
        NONE = "none", _("no job")
        UNKNOWN = "unknown", _("not said")

    employee = models.ForeignKey(
        Employee, on_delete=models.PROTECT, related_name="exit_interviews", verbose_name=_("employee")
    )
    departement = models.CharField(_("department"), max_length=100, editable=False)
    day = models.DateField(_("day of the interview"))
    left_because = models.CharField(
        _("reason of the departure"), max_length=100, blank=True, help_text=_("As the person says it.")
    )
    known_because = models.CharField(
        _("reason known then"),
        max_length=100,
        blank=True,
        help_text=_("As the files gave it, which count."),
    )
    motive = models.CharField(_("main motive"), max_length=10, choices=Motive.choices)
    destination = models.CharField(_("goes to"), max_length=10, choices=Destination.choices)
    would_have_stayed = EncryptedTextField(_("would have stayed if"), blank=True)
    at = models.DateTimeField(_("written at"), default=timezone.now, editable=False)
    by = account(_("written by"), null=False)
    was_warned = models.BooleanField(_("despite a warning"), default=False)
    superseded_at = models.DateTimeField(_("superseded at"), null=True, editable=False)

    objects = ExitInterviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("exit interview")
        verbose_name_plural = _("exit interviews")
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "day"],
                condition=Q(superseded_at=None),
                name="one_exit_interview_a_person_and_day",
            ),
        ]

    def __str__(self):
        return f"{self.employee_id}: {self.day}"
