"""What an account asked to be told by e-mail, and each message."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MailSubscription(models.Model):
    """What an account wishes to be told by e-mail, at the address of the account; deleted when it wishes nothing."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_subscription", verbose_name=_("account")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    weekly = models.BooleanField(_("the weekly digest"), default=False)
    deliveries = models.BooleanField(_("deliveries of extracts that wait for HR"), default=False)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("subscription to e-mail")
        verbose_name_plural = _("subscriptions to e-mail")
        ordering = ["user__username"]
        constraints = [
            models.CheckConstraint(condition=Q(weekly=True) | Q(deliveries=True), name="subscription_is_to_something"),
        ]

    def __str__(self):
        return str(self.user)


class Mail(models.Model):
    """A message to an account: written when there is something to tell, and sent once."""

    subscription = models.ForeignKey(
        MailSubscription, on_delete=models.CASCADE, related_name="mails", verbose_name=_("account")
    )
    about = models.CharField(_("about"), max_length=100, help_text=_("Each account is told of it once."))
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    created_at = models.DateTimeField(_("written at"), default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "about"], name="one_mail_an_account_and_matter"),
        ]

    def __str__(self):
        return self.subject
