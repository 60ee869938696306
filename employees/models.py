import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees import columns
from employees.access import Scope, scope_of
from employees.columns import ColumnKind, Extract
from employees.extracts import Reject
from employees.messages import Message


def choices_of(name: str) -> list[tuple[str, str]]:
    """Django choices of a raw text column: the source's words are their own labels."""
    return [(value, value) for value in columns.BY_NAME[name].choices]


def is_within(name: str) -> models.CheckConstraint:
    """The bounds or the choices of a raw column, held by the database too."""
    column = columns.BY_NAME[name]
    if column.choices:
        return models.CheckConstraint(condition=Q(**{f"{name}__in": column.choices}), name=f"%(class)s_{name}_is_known")
    return models.CheckConstraint(
        condition=Q(**{f"{name}__gte": column.minimum, f"{name}__lte": column.maximum}),
        name=f"%(class)s_{name}_in_range",
    )


def bounds(extract: Extract) -> list[models.CheckConstraint]:
    """The bounds and the choices of all columns of an extract."""
    names = [column.name for column in columns.columns_of(extract) if column.name in columns.BY_NAME]
    return [is_within(name) for name in names if columns.BY_NAME[name].kind != ColumnKind.BOOLEAN]


class OfDepartmentsQuerySet(models.QuerySet):
    """Employees, or other rows that stand in one department."""

    department = "departement"  # the way from a row to its department

    def within(self, scope: Scope):
        """Those that a caller of this scope may see."""
        return scope.narrow(self, self.department)

    def visible_to(self, user):
        """Those that this account may see."""
        return self.within(scope_of(user))


class Employee(models.Model):
    """A person known to the company, under the number that the SIRH gives."""

    employee_id = models.PositiveIntegerField(_("employee number"), unique=True)
    departement = models.CharField(
        _("department"),
        max_length=40,
        choices=choices_of("departement"),
        db_index=True,
        help_text=_("The current department, kept by the import: it decides who may see this person."),
    )
    left_recorded_at = models.DateTimeField(
        _("departure recorded at"),
        null=True,
        editable=False,
        help_text=_(
            "When an extract that says that the person has left was loaded; kept by the import, empty for others."
        ),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = OfDepartmentsQuerySet.as_manager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["employee_id"]
        constraints = [
            models.CheckConstraint(condition=Q(employee_id__gte=1), name="employee_id_is_positive"),
            is_within("departement"),
        ]

    def __str__(self):
        return str(self.employee_id)

    @property
    def has_left(self) -> bool:
        """Whether the person is known to have left; whoever is not is still here."""
        return self.left_recorded_at is not None


class ExtractRow(models.Model):
    """What one extract said of an employee at an instant; a row is written only when something changed."""

    employee = models.ForeignKey(Employee, on_delete=models.CASCADE, verbose_name=_("employee"))
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        abstract = True
        ordering = ["-recorded_at", "-id"]
        get_latest_by = ["recorded_at", "id"]


class EmployeeSnapshot(ExtractRow):
    """Job, pay and seniority of an employee at an instant (SIRH)."""

    age = models.PositiveSmallIntegerField(_("age"))
    genre = models.CharField(_("sex"), max_length=1, choices=choices_of("genre"))
    revenu_mensuel = models.PositiveIntegerField(_("monthly income"))
    statut_marital = models.CharField(_("marital status"), max_length=20, choices=choices_of("statut_marital"))
    departement = models.CharField(_("department"), max_length=40, choices=choices_of("departement"))
    poste = models.CharField(_("job"), max_length=40, choices=choices_of("poste"))
    nombre_experiences_precedentes = models.PositiveSmallIntegerField(_("previous employers"))
    nombre_heures_travaillees = models.PositiveSmallIntegerField(_("hours worked"))
    annee_experience_totale = models.PositiveSmallIntegerField(_("total experience (years)"))
    annees_dans_l_entreprise = models.PositiveSmallIntegerField(_("years with the company"))
    annees_dans_le_poste_actuel = models.PositiveSmallIntegerField(_("years in the current job"))

    class Meta(ExtractRow.Meta):
        verbose_name = _("employee snapshot")
        verbose_name_plural = _("employee snapshots")
        default_related_name = "snapshots"
        indexes = [
            # the newest snapshot of each employee, for the import and the feature build
            models.Index(fields=["employee", "-recorded_at", "-id"], name="snapshot_newest"),
        ]
        constraints = [
            *bounds(Extract.SIRH),
            models.CheckConstraint(
                condition=Q(annees_dans_le_poste_actuel__lte=F("annees_dans_l_entreprise")),
                name="time_in_job_within_time_in_company",
            ),
            models.CheckConstraint(
                condition=Q(annees_dans_l_entreprise__lte=F("annee_experience_totale")),
                name="time_in_company_within_experience",
            ),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.recorded_at:%Y-%m-%d}"


class Survey(ExtractRow):
    """Appraisals (evaluation extract) and survey answers of an employee at an instant."""

    satisfaction_employee_environnement = models.PositiveSmallIntegerField(_("satisfaction: environment"))
    satisfaction_employee_nature_travail = models.PositiveSmallIntegerField(_("satisfaction: work itself"))
    satisfaction_employee_equipe = models.PositiveSmallIntegerField(_("satisfaction: team"))
    satisfaction_employee_equilibre_pro_perso = models.PositiveSmallIntegerField(_("satisfaction: work-life balance"))
    note_evaluation_precedente = models.PositiveSmallIntegerField(_("previous appraisal"))
    note_evaluation_actuelle = models.PositiveSmallIntegerField(_("current appraisal"))
    niveau_hierarchique_poste = models.PositiveSmallIntegerField(_("job level"))
    heures_supplementaires = models.BooleanField(_("overtime"))
    augmentation_salaire_precedente = models.FloatField(_("last pay rise (percent)"))
    nombre_participation_pee = models.PositiveSmallIntegerField(_("savings plan participations"))
    nb_formations_suivies = models.PositiveSmallIntegerField(_("training courses attended"))
    nombre_employee_sous_responsabilite = models.PositiveIntegerField(_("people managed"))
    distance_domicile_travail = models.PositiveSmallIntegerField(_("home to work distance (km)"))
    niveau_education = models.PositiveSmallIntegerField(_("education level"))
    domaine_etude = models.CharField(_("field of study"), max_length=40, choices=choices_of("domaine_etude"))
    ayant_enfants = models.BooleanField(_("has children"))
    frequence_deplacement = models.CharField(
        _("business travel"), max_length=20, choices=choices_of("frequence_deplacement")
    )
    annees_depuis_la_derniere_promotion = models.PositiveSmallIntegerField(_("years since the last promotion"))
    annees_sous_responsable_actuel = models.PositiveSmallIntegerField(_("years with the current manager"))

    class Meta(ExtractRow.Meta):
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        default_related_name = "surveys"
        indexes = [
            # the newest survey of each employee, for the import and the feature build
            models.Index(fields=["employee", "-recorded_at", "-id"], name="survey_newest"),
        ]
        constraints = [*bounds(Extract.EVAL), *bounds(Extract.SONDAGE)]

    def __str__(self):
        return f"{self.employee_id} {self.recorded_at:%Y-%m-%d}"


class Departure(ExtractRow):
    """Ground truth: whether the employee had left when the extract was made; no row while it is unknown."""

    a_quitte_l_entreprise = models.BooleanField(_("left the company"))

    class Meta(ExtractRow.Meta):
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        default_related_name = "departures"
        indexes = [
            # the newest known outcome of each employee
            models.Index(fields=["employee", "-recorded_at", "-id"], name="departure_newest"),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.recorded_at:%Y-%m-%d}"


class ImportQuerySet(models.QuerySet):
    def at_work(self):
        """Imports that a process should be busy with."""
        return self.filter(state__in=Import.AT_WORK)

    def move(self, before, after, **values) -> bool:
        """Change the state of the one import in this set, if it still is what the caller saw; whether it was."""
        return self.filter(state=before).update(state=after, **values) == 1


class Import(models.Model):
    """A set of extracts that someone uploaded: looked at first, loaded when they confirm.

    A process of its own does the work of the states *checking* and *loading*; when it is gone and the state has not
    changed, it was killed.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        READY = "ready", _("to be confirmed")
        REFUSED = "refused", _("refused")
        LOADING = "loading", _("being loaded")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    AT_WORK = (State.CHECKING, State.LOADING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("uploaded at"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CHECKING)
    started_at = models.DateTimeField(_("started at"), default=timezone.now, help_text=_("The work of its state."))
    checked_at = models.DateTimeField(_("checked at"), null=True)
    basis = models.JSONField(
        _("basis"), null=True, help_text=_("What the raw tables held when the files were checked.")
    )
    summary = models.JSONField(_("summary"), null=True, help_text=_("What loading the files would do, or did."))
    error = models.JSONField(_("error"), null=True, help_text=_("Why the files were refused, or the work failed."))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    loaded_at = models.DateTimeField(_("loaded at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="loading"), name="one_import_is_loaded_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["loading", "done"]) | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="import_is_loaded_when_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(loaded_at__isnull=False), name="import_is_done_when_loaded"
            ),
            models.CheckConstraint(
                condition=~Q(state="expired") | Q(loaded_at__isnull=True), name="import_expires_before_it_is_loaded"
            ),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.created_at):%Y-%m-%d %H:%M} ({self.get_state_display()})"

    @property
    def is_at_work(self) -> bool:
        """Whether a process should be busy with it."""
        return self.state in self.AT_WORK


class ImportFile(models.Model):
    """One uploaded extract. Its content is personal data: it goes when it is loaded, refused or a day old."""

    upload = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files", verbose_name=_("import"))
    extract = models.CharField(
        _("extract"), max_length=10, choices=[(extract.value, extract.value) for extract in Extract]
    )
    name = models.CharField(_("file"), max_length=255)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField(default=b"")

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "extract"], name="one_file_an_extract"),
        ]

    def __str__(self):
        return self.name


class ImportReject(models.Model):
    """A value in the uploaded files that broke a rule."""

    upload = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects", verbose_name=_("import"))
    file = models.CharField(_("file"), max_length=255)
    line = models.PositiveIntegerField(_("line"))
    column = models.TextField(_("column"), blank=True)
    value = models.TextField(_("value"), blank=True)
    rule = models.JSONField(_("rule"), help_text=_("The English message and what goes into it."))

    class Meta:
        verbose_name = _("reject")
        verbose_name_plural = _("rejects")
        ordering = ["id"]

    def __str__(self):
        return f"{self.file}:{self.line} {self.column}"

    def as_reject(self) -> Reject:
        return Reject(self.file, self.line, self.column, self.value, Message.of(self.rule))


class DepartmentAccess(models.Model):
    """A department that a manager's account may see."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="department_accesses",
        verbose_name=_("account"),
    )
    departement = models.CharField(_("department"), max_length=40, choices=choices_of("departement"))

    class Meta:
        verbose_name = _("department access")
        verbose_name_plural = _("department accesses")
        constraints = [
            models.UniqueConstraint(fields=["user", "departement"], name="one_access_a_user_and_department"),
            models.CheckConstraint(
                condition=Q(departement__in=columns.DEPARTMENTS), name="access_departement_is_known"
            ),
        ]

    def __str__(self):
        return f"{self.user}: {self.departement}"


class SignIn(models.Model):
    """One check of a password, or a sign-in by other means, and whether it worked. Kept for a month.

    The name that was typed is not kept where no account has it: people type their password there, too.
    """

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("account"),
        help_text=_("Empty where the name that was typed is no account's."),
    )
    address = models.CharField(_("address"), max_length=45, blank=True)
    has_worked = models.BooleanField(_("worked"))

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        ordering = ["-id"]

    def __str__(self):
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.user or '?'}"
