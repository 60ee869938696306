"""The workforce: employees and the history of their extracts."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees import columns
from employees.access import Scope, scope_of
from employees.columns import ColumnKind, Extract


def choices_of(name: str) -> list[tuple[str, str]]:
    """Django choices of a raw text column: the source's words are their own labels."""
    return [(value, value) for value in columns.BY_NAME[name].choices]


def is_within(name: str) -> models.CheckConstraint:
    """The bounds or choices of a raw column as a database constraint."""
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
    """Employees, or other rows with a department."""

    department = "departement"  # the way from a row to its department

    def within(self, scope: Scope):
        """The rows that a caller of this scope may see."""
        return scope.narrow(self, self.department)

    def visible_to(self, user):
        """The rows that this account may see."""
        return self.within(scope_of(user))


class Employee(models.Model):
    """A person known to the company, by the SIRH's number."""

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
        """Whether the person is known to have left; anyone else counts as present."""
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
