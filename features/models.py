from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from employees.models import Employee
from features import schema


def column(feature: schema.Feature) -> models.Field:
    """The table column of a feature."""
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
    """The bounds or choices of a feature as a database constraint."""
    if feature.kind == schema.FeatureKind.CHOICE:
        condition = Q(**{f"{feature.name}__in": feature.values})
    else:
        condition = Q(**{f"{feature.name}__gte": feature.minimum, f"{feature.name}__lte": feature.maximum})
    return models.CheckConstraint(condition=condition, name=f"{feature.name}_is_valid")


class EmployeeFeaturesQuerySet(models.QuerySet):
    def newest(self):
        """The newest row of each employee, which the model reads."""
        return self.filter(id=_newest_id(OuterRef("employee")))

    def newest_of(self, employees: models.QuerySet[Employee]):
        """The newest row of each of these employees, by one index look-up each.

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

    vars().update({feature.name: column(feature) for feature in schema.FEATURES})  # attributes of the class

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
