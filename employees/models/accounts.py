"""The departments and the team that an account may see, and its sign-ins."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DepartmentAccess(models.Model):
    """A department that a manager's account may see."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="department_accesses",
        verbose_name=_("account"),
    )
    departement = models.CharField(_("department"), max_length=100)

    class Meta:
        verbose_name = _("department access")
        verbose_name_plural = _("department accesses")
        constraints = [
            models.UniqueConstraint(fields=["user", "departement"], name="one_access_a_user_and_department"),
        ]

    def __str__(self):
        return f"{self.user}: {self.departement}"


class TeamAccess(models.Model):
    """The person of the directory that an account is tied to: it may see everyone who reports to them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_access", verbose_name=_("account")
    )
    employee = models.ForeignKey(
        "employees.Employee", on_delete=models.CASCADE, related_name="+", verbose_name=_("employee")
    )

    class Meta:
        verbose_name = _("team access")
        verbose_name_plural = _("team accesses")

    def __str__(self):
        return f"{self.user}: {self.employee_id}"


class SignIn(models.Model):
    """One check of a password, or a sign-in by other means, and whether it worked. Kept for a month.

    The typed name is stored only if an account has it: people also type their password there.
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
