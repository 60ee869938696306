"""How the files of the company are read, kept from one import to the next."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.extracts import FileMapping
from technova.database.fields import account


class SavedMappingQuerySet(models.QuerySet["SavedMapping"]):
    def newest(self) -> "SavedMapping | None":
        """The one that changed last: an import uses it unless another is chosen."""
        return self.order_by("-changed_at").first()


class SavedMapping(models.Model):
    """Answers to an import's questions about titles, values, scales and units, reused the next month without asking.

    A company normally has one. The first import that asks something and is loaded makes it.
    """

    FIRST = "default"  # the name of the one that an import makes

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("For seed_from_csv --mapping."))
    document = models.JSONField(
        _("document"), default=dict, help_text=_("Titles, values, scales, factors and the like, by column.")
    )
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)
    changed_by = account(_("changed by"), editable=False)

    objects = SavedMappingQuerySet.as_manager()

    class Meta:
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def mapping(self) -> FileMapping:
        return FileMapping.of(self.document)

    def learn(self, *, answers: FileMapping, user) -> None:
        """Add the answers to the known ones, or replace those."""
        self.document = self.mapping.updated(answers).document()
        self.changed_at, self.changed_by = timezone.now(), user
        self.save()
