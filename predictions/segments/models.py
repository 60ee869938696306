from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.access import Scope
from employees.models import Employee, NumberMerge
from employees.selectors import is_number_of
from features import schema
from technova.database.fields import NamedFloats


class RunCellQuerySet(models.QuerySet):
    def within(self, scope: Scope):
        """Those of the scope: of its departments, and under the managers of its team.

        Of departments without the cells of the job and level of whoever has the team: no list shows these people
        themselves, whose own score would be what the sums have more.
        """
        cells = scope.narrow_groups(self)
        if scope.team is None:
            return cells
        managers = Employee.objects.filter(line__position__range=(scope.team.position, scope.team.last))
        of_team = self.filter(is_number_of(managers, "responsable"))
        level = OuterRef("niveau_hierarchique_poste")
        in_cell = own_scores(scope.team.person).filter(
            Q(features__niveau_hierarchique_poste=level) | Q(features__niveau_hierarchique_poste=None),
            run=OuterRef("run"),
            features__departement=OuterRef("departement"),
            features__poste=OuterRef("poste"),
        )
        return cells.filter(~Exists(in_cell)) | of_team


def own_scores(person: int):
    """The scores of whoever has a team, under each of their numbers: no sum may hold them."""
    numbers = NumberMerge.objects.in_force().filter(employee=person).order_by().values("number")
    scores = apps.get_model("predictions", "Prediction").objects
    return scores.filter(Q(employee=person) | Q(employee__employee_id__in=numbers))


class RunCell(models.Model):
    """Sums over the people of a scoring run who share department, job, site, level and manager.

    Written with the run and kept for the newest one alone: the page of the teams sums these rows, of which there are
    about half as many as people, instead of everyone's predictions.
    """

    run = models.ForeignKey(
        "predictions.ScoringRun", on_delete=models.CASCADE, related_name="cells", verbose_name=_("scoring run")
    )
    departement = models.CharField(_("department"), max_length=100)
    poste = models.CharField(_("job"), max_length=100)
    site = models.CharField(_("site"), max_length=100, blank=True)
    niveau_hierarchique_poste = models.PositiveSmallIntegerField(_("job level"), null=True)
    responsable = models.PositiveIntegerField(_("manager's number"), null=True)
    employee_count = models.PositiveIntegerField(_("employees"))
    above_threshold_count = models.PositiveIntegerField(_("over the threshold"))
    expected_departures = models.FloatField(_("expected departures"))
    variance = models.FloatField(_("variance"), help_text=_("Of the departures, given the probabilities."))
    contributions = NamedFloats(
        _("contributions"), names=schema.FEATURE_NAMES, help_text=_("Summed over the people, by feature.")
    )

    objects = RunCellQuerySet.as_manager()

    class Meta:
        verbose_name = _("sums of a segment")
        verbose_name_plural = _("sums of segments")
        ordering = ["run", "departement", "poste", "site"]
        constraints = [
            models.CheckConstraint(
                condition=Q(above_threshold_count__lte=F("employee_count")), name="cell_counts_add_up"
            ),
        ]

    def __str__(self):
        return f"{self.run_id}: {self.departement}, {self.poste}, {self.site}"


class SavedSegment(models.Model):
    """Conditions that an account saved under a name, to come back to and to compare."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="segments", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=60)
    conditions = models.JSONField(_("conditions"), help_text=_("By attribute, as in the page's address."))
    created_at = models.DateTimeField(_("saved at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("saved segment")
        verbose_name_plural = _("saved segments")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="one_segment_a_user_and_name"),
        ]

    def __str__(self):
        return self.name
