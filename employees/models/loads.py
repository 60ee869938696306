"""The raw store: each extract of each load, with a full row for each person. Its rows are immutable."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees import columns
from employees.columns import ColumnKind, Extract
from technova.database.fields import account


class LoadQuerySet(models.QuerySet):
    def in_force(self):
        """Loads that were not withdrawn; a later load of the same day may have replaced some of their extracts."""
        return self.filter(withdrawn_at=None)


class Load(models.Model):
    """One load: the extracts of one day, the account and the time. A withdrawn load has no effect."""

    as_of = models.DateField(_("as of"), db_index=True, help_text=_("The day that the extracts describe."))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("loaded by"), help_text=_("Empty for a load by command."))
    overridden = models.JSONField(
        _("alarms overridden"), default=list, help_text=_("What seemed implausible and was loaded all the same.")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, editable=False)
    withdrawn_by = account(_("withdrawn by"))
    withdrawal_reason = models.TextField(_("reason of the withdrawal"), blank=True)

    objects = LoadQuerySet.as_manager()

    class Meta:
        verbose_name = _("load")
        verbose_name_plural = _("loads")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(withdrawn_at=None) | Q(withdrawn_by=None, withdrawal_reason=""),
                name="only_a_withdrawn_load_has_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.pk} ({self.as_of:%Y-%m-%d})"


class LoadedExtractQuerySet(models.QuerySet):
    def in_force(self, recorded_before: datetime | None = None):
        """For each kind and day, the newest extract that was not withdrawn: it corrects the others.

        With a moment, as recorded by then; extracts withdrawn later are left out all the same.
        """
        if recorded_before is None:
            return self.filter(~_is_corrected(), load__withdrawn_at=None)
        is_corrected = _is_corrected(load__recorded_at__lt=recorded_before)
        return self.filter(~is_corrected, load__withdrawn_at=None, load__recorded_at__lt=recorded_before)

    def marked(self):
        """Each with ``is_replaced``: whether another one corrects it."""
        return self.annotate(is_replaced=_is_corrected())


def _is_corrected(**conditions: datetime) -> Exists:
    later = LoadedExtract.objects.filter(
        kind=OuterRef("kind"), as_of=OuterRef("as_of"), pk__gt=OuterRef("pk"), load__withdrawn_at=None, **conditions
    )
    return Exists(later)


class LoadedExtract(models.Model):
    """One extract of a load: its kind, the file that it came from, and which columns that file gave."""

    load = models.ForeignKey(Load, on_delete=models.CASCADE, related_name="extracts", verbose_name=_("load"))
    kind = models.CharField(
        _("extract"), max_length=10, choices=[(extract.value, extract.value) for extract in Extract]
    )
    as_of = models.DateField(_("as of"), help_text=_("The day of its load."))
    name = models.CharField(_("file"), max_length=255)
    content_sha256 = models.CharField(
        "SHA-256", max_length=64, help_text=_("Of what was read: the same rows again change nothing.")
    )
    given = models.JSONField(_("columns"), default=list, help_text=_("The columns that the file gave."))
    is_complete = models.BooleanField(
        _("complete"), default=True, help_text=_("Whether a person whom it does not hold is missing.")
    )
    is_replaced: bool  # by ``marked``
    row_count = models.PositiveIntegerField(_("rows"))
    reject_count = models.PositiveIntegerField(_("rejected cells and rows"), default=0)

    objects = LoadedExtractQuerySet.as_manager()

    class Meta:
        verbose_name = _("loaded extract")
        verbose_name_plural = _("loaded extracts")
        ordering = ["as_of", "id"]
        constraints = [models.UniqueConstraint(fields=["load", "kind"], name="one_extract_a_load_and_kind")]
        indexes = [
            # the extract in force of a kind and day
            models.Index(fields=["kind", "as_of", "id"], name="loaded_extract_of_day"),
        ]

    def __str__(self):
        return f"{self.kind} {self.as_of:%Y-%m-%d}"

    @property
    def table(self) -> type["ExtractRow"]:
        """The table that holds its rows."""
        return ROWS[Extract(self.kind)]


class RefusedValue(models.Model):
    """A refused cell or row of an extract: a refused cell keeps the last known value, a refused row is lost."""

    pk = models.CompositePrimaryKey("extract", "number", "column")
    objects: models.Manager

    extract = models.ForeignKey(
        LoadedExtract, on_delete=models.CASCADE, db_index=False, related_name="refused", verbose_name=_("extract")
    )
    number = models.PositiveIntegerField(_("employee number"))
    column = models.CharField(_("column"), max_length=100, blank=True, help_text=_("Empty for a whole row."))
    value = models.TextField(_("value"), blank=True)
    rule = models.JSONField(_("rule"), help_text=_("The English message and what goes into it."))

    class Meta:
        verbose_name = _("refused value")
        verbose_name_plural = _("refused values")
        ordering = ["extract", "number", "column"]

    def __str__(self):
        return f"{self.extract_id} {self.number} {self.column}"


def in_range(name: str) -> models.CheckConstraint:
    """The bounds of a raw column as a database constraint; NULL is allowed."""
    column = columns.BY_NAME[name]
    return models.CheckConstraint(
        condition=Q(**{f"{name}__gte": column.minimum, f"{name}__lte": column.maximum}),
        name=f"%(class)s_{name}_in_range",
    )


def bounds(extract: Extract) -> list[models.CheckConstraint]:
    """The bounds of all columns of an extract that have some."""
    kinds = (ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.PERCENT)
    return [in_range(column.name) for column in columns.columns_of(extract) if column.kind in kinds]


OF_THE_ROW = ("extract", "number")


class ExtractRow(models.Model):
    """The row of one employee number in an extract. NULL: the cell was empty or refused."""

    pk = models.CompositePrimaryKey("extract", "number")
    objects: models.Manager

    extract = models.ForeignKey(LoadedExtract, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(_("employee number"))

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.extract_id} {self.number}"

    @classmethod
    def value_names(cls) -> list[str]:
        """The columns with values from the file."""
        return [field.name for field in cls._meta.concrete_fields if field.editable and field.name not in OF_THE_ROW]


def small(label) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(label, null=True)


def words(label) -> models.CharField:
    return models.CharField(label, max_length=100, null=True)


class SirhRow(ExtractRow):
    """Job, pay and seniority (SIRH)."""

    age = small(_("age"))
    genre = models.CharField(_("sex"), max_length=1, null=True)  # noqa: DJ001
    revenu_mensuel = models.PositiveIntegerField(_("monthly income"), null=True)
    statut_marital = words(_("marital status"))
    departement = words(_("department"))
    poste = words(_("job"))
    nombre_experiences_precedentes = small(_("previous employers"))
    nombre_heures_travaillees = small(_("hours worked"))
    annee_experience_totale = small(_("total experience (years)"))
    annees_dans_l_entreprise = small(_("years with the company"))
    annees_dans_le_poste_actuel = small(_("years in the current job"))

    class Meta:
        verbose_name = _("SIRH row")
        verbose_name_plural = _("SIRH rows")
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


class EvalRow(ExtractRow):
    """Appraisals and satisfactions (evaluations)."""

    satisfaction_employee_environnement = models.FloatField(_("satisfaction: environment"), null=True)
    satisfaction_employee_nature_travail = models.FloatField(_("satisfaction: work itself"), null=True)
    satisfaction_employee_equipe = models.FloatField(_("satisfaction: team"), null=True)
    satisfaction_employee_equilibre_pro_perso = models.FloatField(_("satisfaction: work-life balance"), null=True)
    note_evaluation_precedente = small(_("previous appraisal"))
    note_evaluation_actuelle = small(_("current appraisal"))
    niveau_hierarchique_poste = small(_("job level"))
    heures_supplementaires = models.BooleanField(_("overtime"), null=True)
    augmentation_salaire_precedente = models.FloatField(_("last pay rise (percent)"), null=True)

    class Meta:
        verbose_name = _("evaluation row")
        verbose_name_plural = _("evaluation rows")
        constraints = [*bounds(Extract.EVAL)]


class SondageRow(ExtractRow):
    """Training, travel, education and whether the person has left (survey)."""

    a_quitte_l_entreprise = models.BooleanField(_("left the company"), null=True)
    nombre_participation_pee = small(_("savings plan participations"))
    nb_formations_suivies = small(_("training courses attended"))
    nombre_employee_sous_responsabilite = models.PositiveIntegerField(_("people managed"), null=True)
    distance_domicile_travail = small(_("home to work distance (km)"))
    niveau_education = small(_("education level"))
    domaine_etude = words(_("field of study"))
    ayant_enfants = models.BooleanField(_("has children"), null=True)
    frequence_deplacement = words(_("business travel"))
    annees_depuis_la_derniere_promotion = small(_("years since the last promotion"))
    annees_sous_responsable_actuel = small(_("years with the current manager"))

    class Meta:
        verbose_name = _("survey row")
        verbose_name_plural = _("survey rows")
        constraints = [*bounds(Extract.SONDAGE)]


def folded(label) -> models.TextField:
    """A name as searches compare it (``columns.fold``), which may lengthen it."""
    return models.TextField(label, null=True, editable=False)


class AnnuaireRow(ExtractRow):
    """Name, manager, site, entry and exit (directory)."""

    FOLDED = {"nom": "nom_folded", "prenom": "prenom_folded"}  # what is stored beside a name, to search it

    nom = words(_("last name"))
    prenom = words(_("first name"))
    responsable = models.PositiveIntegerField(_("manager's number"), null=True)
    site = words(_("site"))
    date_entree = models.DateField(_("entry"), null=True)
    date_sortie = models.DateField(_("exit"), null=True)
    motif_sortie = words(_("reason of the exit"))
    nom_folded = folded(_("last name, without accents"))
    prenom_folded = folded(_("first name, without accents"))

    class Meta:
        verbose_name = _("directory row")
        verbose_name_plural = _("directory rows")


ROWS: dict[Extract, type[ExtractRow]] = {
    Extract.SIRH: SirhRow,
    Extract.EVAL: EvalRow,
    Extract.SONDAGE: SondageRow,
    Extract.ANNUAIRE: AnnuaireRow,
}
