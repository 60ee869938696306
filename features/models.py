from datetime import date

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from employees.models import Employee
from features import schema


def column(feature: schema.Feature) -> models.Field:
    """The table column of a feature."""
    label, is_optional = _(feature.label), feature.name in schema.OPTIONAL_FEATURES
    choices = [(choice.value, _(choice.label)) for choice in feature.choices] or None
    match feature.kind:
        case schema.FeatureKind.CHOICE:
            return models.CharField(label, max_length=100, null=is_optional)
        case schema.FeatureKind.NUMBER:
            return models.FloatField(label)
        case schema.FeatureKind.INTEGER:
            return models.IntegerField(label, null=is_optional)
        case _:
            return models.SmallIntegerField(label, choices=choices, null=is_optional)


def is_valid(feature: schema.Feature) -> models.CheckConstraint:
    """The bounds of a feature as a database constraint."""
    condition = Q(**{f"{feature.name}__gte": feature.minimum, f"{feature.name}__lte": feature.maximum})
    return models.CheckConstraint(condition=condition, name=f"{feature.name}_is_valid")


class EmployeeFeaturesQuerySet(models.QuerySet):
    def in_force(self):
        """Rows that follow from the extracts in force; a later build superseded the others."""
        return self.filter(superseded_at=None)

    def newest_of(self, employees: models.QuerySet[Employee], day: date | None = None):
        """The newest row in force of each of these employees, as of a day, by one index look-up each.

        A filter "is the newest row of its employee" would make PostgreSQL expect few rows and run the other joins row
        by row.
        """
        rows = EmployeeFeatures.objects.in_force().filter(employee=OuterRef("pk")).order_by("-as_of")
        if day:
            rows = rows.filter(as_of__lte=day)
        return self.filter(id__in=employees.values(newest=Subquery(rows.values("id")[:1])))

    def newest_between(self, keys: range, day: date | None = None):
        """As ``newest_of`` for the employees with a key in a range: of many, in half the time."""
        rows = self.in_force().filter(employee__gte=keys.start, employee__lt=keys.stop)
        if day:
            rows = rows.filter(as_of__lte=day)
        return rows.exclude(Exists(rows.filter(employee=OuterRef("employee"), as_of__gt=OuterRef("as_of"))))


class EmployeeFeatures(models.Model):
    """The clean features of an employee from a day on, as one build computed them.

    A row is immutable, except that switching a column off erases its values. When the extracts in force yield other
    values for the day, a build adds a new row and sets ``superseded_at`` on the old one, which stays because
    predictions may refer to it.
    """

    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="features", verbose_name=_("employee")
    )
    as_of = models.DateField(_("as of"), help_text=_("The day from which the values hold."))
    created_at = models.DateTimeField(_("built at"))
    superseded_at = models.DateTimeField(_("superseded at"), null=True)

    vars().update({feature.name: column(feature) for feature in schema.FEATURES})  # attributes of the class

    objects = EmployeeFeaturesQuerySet.as_manager()

    newest_day: date | None = None  # of the workforce, where a selector brings it along

    class Meta:
        verbose_name = _("clean features")
        verbose_name_plural = _("clean features")
        ordering = ["-as_of", "-id"]
        get_latest_by = ["as_of", "id"]
        constraints = [
            # its index finds the newest row of an employee: every prediction by number
            models.UniqueConstraint(
                fields=["employee", "as_of"], condition=Q(superseded_at=None), name="one_row_in_force_a_day"
            ),
            *(is_valid(feature) for feature in schema.FEATURES if not feature.is_open),
        ]

    def __str__(self):
        return f"{self.employee_id} {self.as_of:%Y-%m-%d}"

    def values(self) -> dict[str, object]:
        """The 32 features by name, in the contract's order."""
        return {name: getattr(self, name) for name in schema.FEATURE_NAMES}


class FeatureBuild(models.Model):
    """A day whose features were built, and the revision of the day that they were built from."""

    as_of = models.DateField(_("as of"), unique=True)
    revision = models.UUIDField()

    class Meta:
        verbose_name = _("build of the features")
        verbose_name_plural = _("builds of the features")
        ordering = ["as_of"]

    def __str__(self):
        return f"{self.as_of:%Y-%m-%d}"
