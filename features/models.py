from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from employees.models import Employee
from features import schema


def column(name: str) -> models.Field:
    """The table column of a feature, as ``schema`` describes it."""
    feature = schema.BY_NAME[name]
    label = _(feature.label)
    choices = [(choice.value, _(choice.label)) for choice in feature.choices] or None
    match feature.kind:
        case schema.FeatureKind.CHOICE:
            return models.CharField(label, max_length=40, choices=choices)
        case schema.FeatureKind.NUMBER:
            return models.FloatField(label)
        case schema.FeatureKind.INTEGER:
            return models.IntegerField(label)
        case _:
            return models.SmallIntegerField(label, choices=choices)


def is_valid(feature: schema.Feature) -> models.CheckConstraint:
    """The bounds or the choices of a feature, held by the database too."""
    if feature.kind == schema.FeatureKind.CHOICE:
        condition = Q(**{f"{feature.name}__in": feature.values})
    else:
        condition = Q(**{f"{feature.name}__gte": feature.minimum, f"{feature.name}__lte": feature.maximum})
    return models.CheckConstraint(condition=condition, name=f"{feature.name}_is_valid")


class EmployeeFeaturesQuerySet(models.QuerySet):
    def newest(self):
        """The newest row of each employee: what the model reads."""
        return self.filter(id=_newest_id(OuterRef("employee")))

    def newest_of(self, employees: models.QuerySet[Employee]):
        """The newest row of each of these employees, found by one look into an index for each of them.

        As ``newest`` limited to them, PostgreSQL would guess that three rows are the newest and join them to the
        employees one by one: five times as long for a thousand.
        """
        return self.filter(id__in=employees.values(newest=_newest_id(OuterRef("pk"))))


def _newest_id(employee: OuterRef) -> Subquery:
    return Subquery(EmployeeFeatures.objects.filter(employee=employee).order_by("-id").values("id")[:1])


class EmployeeFeatures(models.Model):
    """The clean features of an employee, as one build computed them. Rows are never changed: a build adds a new one."""

    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="features", verbose_name=_("employee")
    )
    created_at = models.DateTimeField(_("built at"))

    note_evaluation_precedente = column("note_evaluation_precedente")
    niveau_hierarchique_poste = column("niveau_hierarchique_poste")
    note_evaluation_actuelle = column("note_evaluation_actuelle")
    heures_supplementaires = column("heures_supplementaires")
    augmentation_salaire_precedente = column("augmentation_salaire_precedente")
    age = column("age")
    genre = column("genre")
    revenu_mensuel = column("revenu_mensuel")
    statut_marital = column("statut_marital")
    departement = column("departement")
    poste = column("poste")
    nombre_experiences_precedentes = column("nombre_experiences_precedentes")
    annee_experience_totale = column("annee_experience_totale")
    annees_dans_l_entreprise = column("annees_dans_l_entreprise")
    annees_dans_le_poste_actuel = column("annees_dans_le_poste_actuel")
    nombre_participation_pee = column("nombre_participation_pee")
    nb_formations_suivies = column("nb_formations_suivies")
    distance_domicile_travail = column("distance_domicile_travail")
    niveau_education = column("niveau_education")
    domaine_etude = column("domaine_etude")
    frequence_deplacement = column("frequence_deplacement")
    annees_depuis_la_derniere_promotion = column("annees_depuis_la_derniere_promotion")
    annees_sous_responsable_actuel = column("annees_sous_responsable_actuel")
    satisfaction_moyenne = column("satisfaction_moyenne")
    nonlineaire_participation_pee = column("nonlineaire_participation_pee")
    ratio_heures_sup_salaire = column("ratio_heures_sup_salaire")
    nonlinaire_charge_contrainte = column("nonlinaire_charge_contrainte")
    nonlinaire_surmenage_insatisfaction = column("nonlinaire_surmenage_insatisfaction")
    jeune_surcharge = column("jeune_surcharge")
    anciennete_sans_promotion = column("anciennete_sans_promotion")
    mobilite_carriere = column("mobilite_carriere")
    risque_global = column("risque_global")

    a_quitte_l_entreprise = models.BooleanField(
        _("left the company"), null=True, help_text=_("The outcome, where it is known: what the model learns.")
    )

    objects = EmployeeFeaturesQuerySet.as_manager()

    class Meta:
        verbose_name = _("clean features")
        verbose_name_plural = _("clean features")
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [
            # the newest row of an employee: every prediction by number
            models.Index(fields=["employee", "-id"], name="features_newest"),
        ]
        constraints = [is_valid(feature) for feature in schema.FEATURES]

    def __str__(self):
        return f"{self.employee_id} {self.created_at:%Y-%m-%d}"

    def values(self) -> dict[str, object]:
        """The 32 features by name, in the contract's order."""
        return {name: getattr(self, name) for name in schema.FEATURE_NAMES}
