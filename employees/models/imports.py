"""Uploaded extracts: a set of files, its state and its rejects."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from employees.extracts import Cost, Reject
from employees.messages import Message
from employees.models.loads import Load
from employees.models.mappings import SavedMapping
from technova.database.fields import account


class ImportQuerySet(models.QuerySet):
    def at_work(self):
        """Imports that a process should be working on."""
        return self.filter(state__in=Import.AT_WORK)

    def move(self, before, after, **values) -> bool:
        """Compare-and-swap the state; return whether it changed."""
        return self.filter(state=before).update(state=after, **values) == 1


class Import(models.Model):
    """An uploaded set of extracts: checked first, loaded after confirmation.

    A detached process works in the states *checking* and *loading*; if it has ended in the same state, it was killed.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        ASKING = "asking", _("questions to answer")
        READY = "ready", _("to be confirmed")
        REFUSED = "refused", _("refused")
        LOADING = "loading", _("being loaded")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    class Source(models.TextChoices):
        """Where the files came from, if nobody uploaded them."""

        FOLDER = "folder", _("the folder of deliveries")
        API = "api", _("the API")

    AT_WORK = (State.CHECKING, State.LOADING)
    WAITING = (State.ASKING, State.READY, State.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("uploaded at"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    source = models.CharField(_("delivered by"), max_length=10, choices=Source.choices, blank=True)
    client = models.CharField(
        _("client"), max_length=60, blank=True, help_text=_("The name and the prefix of the API key that delivered it.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CHECKING)
    started_at = models.DateTimeField(_("started at"), default=timezone.now, help_text=_("The work of its state."))
    checked_at = models.DateTimeField(_("checked at"), null=True)
    as_of = models.DateField(_("as of"), null=True, help_text=_("The day that the files describe."))
    mapping = models.ForeignKey(
        SavedMapping,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("mapping"),
        help_text=_("By which its files are read; empty while none is saved."),
    )
    answers = models.JSONField(
        _("answers"), default=dict, help_text=_("What was answered about its files: saved once they are loaded.")
    )
    questions = models.JSONField(_("questions"), default=list, help_text=_("What its files leave open."))
    basis = models.JSONField(
        _("basis"), null=True, help_text=_("What the raw tables held when the files were checked.")
    )
    summary = models.JSONField(_("summary"), null=True, help_text=_("What loading the files would do, or did."))
    error = models.JSONField(_("error"), null=True, help_text=_("Why the files were refused, or the work failed."))
    confirmed_by = account(_("confirmed by"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    loaded_at = models.DateTimeField(_("loaded at"), null=True)
    load = models.OneToOneField(
        Load, on_delete=models.SET_NULL, null=True, related_name="upload", verbose_name=_("load"), editable=False
    )
    accepts_implausible = models.BooleanField(
        _("alarms overridden"), default=False, help_text=_("Whoever confirmed it saw alarms and went on.")
    )
    finished_at = models.DateTimeField(_("finished at"), null=True)
    deleted_by = account(_("deleted by"), help_text=_("Who deleted its files before they were loaded."))

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="loading"), name="one_import_is_loaded_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["loading", "done"])
                | (Q(confirmed_at__isnull=False) & (Q(confirmed_by__isnull=False) | ~Q(source=""))),
                name="import_is_loaded_when_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, source="") | (Q(user=None) & ~Q(source="")),
                name="import_is_uploaded_or_delivered",
            ),
            models.CheckConstraint(
                condition=(Q(source="api") & ~Q(client="")) | (~Q(source="api") & Q(client="")),
                name="import_by_the_api_names_its_client",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(loaded_at__isnull=False), name="import_is_done_when_loaded"
            ),
            models.CheckConstraint(
                condition=~Q(state="expired") | Q(loaded_at__isnull=True), name="import_expires_before_it_is_loaded"
            ),
            models.CheckConstraint(
                condition=Q(deleted_by=None) | Q(state="expired", finished_at__isnull=False),
                name="import_that_somebody_deleted_has_expired",
            ),
        ]

    def __str__(self):
        return f"{timezone.localtime(self.created_at):%Y-%m-%d %H:%M} ({self.get_state_display()})"

    @property
    def is_at_work(self) -> bool:
        """Whether a process should be working on it."""
        return self.state in self.AT_WORK

    @property
    def brings_nothing_new(self) -> bool:
        """Whether a check found that the content of its files is in force for their day."""
        return (self.summary or {}).get("is_new") is False

    @property
    def by(self) -> str:
        """Who uploaded it, or where it came from by itself. One query if the account is not loaded."""
        source = f"{self.get_source_display()} ({self.client})" if self.client else self.get_source_display()
        return str(self.user or source)


class ImportFile(models.Model):
    """One uploaded file, of one extract or several.

    Its content is personal data, deleted when it is loaded, refused or a day old.
    """

    upload = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files", verbose_name=_("import"))
    name = models.CharField(_("file"), max_length=255)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField(default=b"")
    is_in_folder = models.BooleanField(
        _("in the folder"),
        default=False,
        help_text=_("Whether it lies in the folder of deliveries, from which it is taken once."),
    )

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        ordering = ["id"]

    def __str__(self):
        return self.name


class ImportReject(models.Model):
    """A value in the uploaded files that broke a rule."""

    upload = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects", verbose_name=_("import"))
    file = models.CharField(_("file"), max_length=255)
    line = models.PositiveIntegerField(_("line"))
    column = models.TextField(_("column"), blank=True)
    value = models.TextField(_("value"), blank=True)
    rule = models.JSONField(_("rule"), help_text=_("The English message and what goes into it."))
    costs = models.CharField(
        _("lost"),
        max_length=10,
        choices=[(Cost.CELL.value, _("the cell")), (Cost.ROW.value, _("the row"))],
        default=Cost.ROW.value,
    )

    class Meta:
        verbose_name = _("reject")
        verbose_name_plural = _("rejects")
        ordering = ["id"]

    def __str__(self):
        return f"{self.file}:{self.line} {self.column}"

    def as_reject(self) -> Reject:
        return Reject(self.file, self.line, self.column, self.value, Message.of(self.rule), Cost(self.costs))


class ImportChange(models.Model):
    """One change by loading the files: a person who comes, goes or moves, or a new value of a known person."""

    pk = models.CompositePrimaryKey("upload", "kind", "place")
    objects: models.Manager

    upload = models.ForeignKey(
        Import, on_delete=models.CASCADE, db_index=False, related_name="changes", verbose_name=_("import")
    )
    kind = models.CharField(_("list"), max_length=50, help_text=_("A kind of move, or the column of the value."))
    place = models.PositiveIntegerField(_("place"), help_text=_("In its list, from 0."))
    number = models.PositiveIntegerField(_("employee number"))
    department = models.CharField(_("department"), max_length=100, blank=True)
    old = models.JSONField(_("before"), null=True)
    new = models.JSONField(_("after"), null=True)

    class Meta:
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by imports")
        ordering = ["upload", "kind", "place"]

    def __str__(self):
        return f"{self.kind} {self.number}"
