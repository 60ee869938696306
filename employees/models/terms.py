"""The words that the company uses: departments, jobs and the like, with their labels and other spellings."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.columns import match_key
from technova.database.fields import account


class Term(models.Model):
    """A word of one vocabulary. Its value is stored in the tables and never changes; its labels are shown to people.

    A merged term stays, so that a merge can be undone: until then, rows with its value count under the other term.
    """

    class VocabularyName(models.TextChoices):
        """The column whose words these are."""

        DEPARTEMENT = "departement", _("department")
        POSTE = "poste", _("job")
        DOMAINE_ETUDE = "domaine_etude", _("field of study")
        STATUT_MARITAL = "statut_marital", _("marital status")
        FREQUENCE_DEPLACEMENT = "frequence_deplacement", _("business travel")
        MOTIF_SORTIE = "motif_sortie", _("reason of the departure")

    vocabulary = models.CharField(_("vocabulary"), max_length=30, choices=VocabularyName.choices)
    value = models.CharField(_("value"), max_length=100, help_text=_("As the API and the exports have it; for good."))
    label_fr = models.CharField(
        _("French label"), max_length=100, blank=True, help_text=_("Empty: the value, as it is written.")
    )
    label_en = models.CharField(
        _("English label"), max_length=100, blank=True, help_text=_("Empty: the value, as it is written.")
    )
    is_active = models.BooleanField(
        _("offered"), default=True, help_text=_("Whether forms offer it; files and the API may use it in any case.")
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("merged into")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(
        _("added by"), editable=False, help_text=_("Empty for the first ones and for those added by command.")
    )

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["vocabulary", "value"]
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "value"], name="one_term_a_vocabulary_and_value"),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="no_term_is_merged_into_itself"
            ),
            models.CheckConstraint(condition=~Q(value=""), name="term_has_a_value"),
        ]

    def __str__(self):
        return self.value


class TermSynonym(models.Model):
    """Another spelling of a term: files and the API may use it."""

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="synonyms", verbose_name=_("term"))
    vocabulary = models.CharField(max_length=30, editable=False)  # of its term, for the constraint
    spelling = models.CharField(_("spelling"), max_length=100)
    key = models.CharField(max_length=200, editable=False)  # what matching compares; folding the case may lengthen it
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    recorded_by = account(_("added by"), editable=False)

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering = ["spelling"]
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "key"], name="a_spelling_stands_for_one_term"),
        ]

    def __str__(self):
        return self.spelling

    def save(self, **options):
        self.vocabulary, self.key = self.term.vocabulary, match_key(self.spelling)
        super().save(**options)


class TermRevision(models.Model):
    """One row that changes with any term, so that other processes notice the change."""

    revision = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = _("revision of the terms")
        verbose_name_plural = _("revisions of the terms")

    def __str__(self):
        return str(self.revision)
