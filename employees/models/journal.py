"""Who looked at whom."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from employees.models.workforce import Employee
from technova.database.fields import account


class Purpose(models.Model):
    """What people's names may be opened for; administrators edit the list."""

    french = models.CharField(_("label in French"), max_length=40, unique=True)
    english = models.CharField(_("label in English"), max_length=40, unique=True)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        ordering = ["id"]

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        """In the active language."""
        return self.french if (get_language() or "").startswith("fr") else self.english

    @classmethod
    def in_words(cls) -> dict[str, str]:
        """Each purpose in the active language, by its words in both. One query."""
        return {words: each.label for each in cls.objects.all() for words in (each.french, each.english)}


class JournalEntry(models.Model):
    """One answer that showed people: when, to whom, what, and of whom or of how many. Written with the answer.

    A prediction asked for by number has no entry beside its row of the prediction log, which says the same.
    """

    class What(models.TextChoices):
        """What was shown."""

        PERSON = "person", _("a person")
        CASE = "case", _("a case")
        PREDICTION = "prediction", _("a logged prediction")
        LIST = "list", _("a list of people")
        FILE = "file", _("a file of people")
        FIGURES = "figures", _("figures of groups")
        RECORD = "record", _("a record in the administration")
        JOURNAL = "journal", _("who looked at a person")

    at = models.DateTimeField(_("when"), default=timezone.now)
    user = account(_("account"), db_index=False)  # journal_of_account
    client = models.CharField(
        _("API key"), max_length=120, blank=True, help_text=_("Its name and prefix, where a key asked.")
    )
    what = models.CharField(_("what"), max_length=10, choices=What.choices)
    employee = models.ForeignKey(
        Employee,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,  # journal_of_employee
        related_name="+",
        verbose_name=_("employee"),
    )
    people = models.PositiveIntegerField(_("people"), help_text=_("How many were shown."))
    purpose = models.CharField(
        _("purpose"), max_length=40, blank=True, help_text=_("In the words of the day; empty where none is asked for.")
    )

    class Meta:
        verbose_name = _("entry of the journal")
        verbose_name_plural = _("entries of the journal")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="journal_by_time"),
            models.Index(fields=["user", "at"], name="journal_of_account"),
            models.Index(fields=["employee", "-id"], condition=~Q(employee=None), name="journal_of_employee"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(employee=None) | Q(people=1), name="journal_one_employee_is_one_person"),
            models.CheckConstraint(condition=~Q(client="") | ~Q(user=None), name="journal_says_who"),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.client or self.user} {self.what}"

    @property
    def what_in_words(self) -> str:
        """What was shown; a list or a file of one person is none of people."""
        of_one = {self.What.LIST: _("a list of this person alone"), self.What.FILE: _("a file about this person")}
        return str(of_one.get(self.What(self.what), "") if self.employee_id else "") or self.get_what_display()
