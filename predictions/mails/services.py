"""Services: subscribe, write messages, send them.

A message is a row in the transaction that made it, and sent by a task; its text holds counts and links, no name and no
score.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException

from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from employees.access import (
    may_add_employees,
    may_answer,
    may_follow,
    may_read_figures,
    readable_to,
    scope_of,
)
from employees.models import Import
from employees.workforce.clarifying import count_absent
from predictions.events.services import address
from predictions.followup.lottery import lottery_in_force
from predictions.followup.models import Case
from predictions.followup.selectors import drawn, newly_over
from predictions.mails.models import Mail, MailSubscription
from predictions.models import Promotion, ScoringRun, WorkforceCheck
from predictions.selectors import runs
from technova import jobs
from technova.commands import Progress

logger = logging.getLogger(__name__)

SALT = "predictions.mails.unsubscribe"
KEPT = timedelta(days=30)
MOST_ATTEMPTS = 10


def may_subscribe(user) -> bool:
    """Whether there is anything to tell an account."""
    return not scope_of(user).is_empty or may_read_figures(user)


def may_import(user) -> bool:
    """Whether an account is one of those on whom deliveries wait."""
    return may_add_employees(user) and scope_of(user).sees_everyone


@transaction.atomic
def subscribe(*, user, language: str, weekly: bool, deliveries: bool) -> None:
    """Set what an account is told; messages that have not been sent are dropped with what it no longer wishes."""
    if not (weekly or deliveries):
        MailSubscription.objects.filter(user=user).delete()
        return
    values = {"language": language, "weekly": weekly, "deliveries": deliveries}
    MailSubscription.objects.update_or_create(user=user, defaults=values)


def token_of(subscription: MailSubscription) -> str:
    """The part of the address by which whoever holds a message ends the subscription, without signing in."""
    return signing.dumps(subscription.pk, salt=SALT)


def subscription_of(token: str) -> MailSubscription | None:
    """The subscription of a token; None if it is ended, or the token none of ours."""
    try:
        key = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return MailSubscription.objects.filter(pk=key).first()


@jobs.quick_task
def write_digests(*, progress: Progress | None = None) -> None:
    """Write the digest of this week for each account that wishes it, once."""
    week = timezone.localdate().strftime("%G-W%V")
    subscribed = MailSubscription.objects.filter(weekly=True, user__is_active=True).select_related("user")
    for subscription in subscribed:
        if may_subscribe(subscription.user):
            with translation.override(subscription.language), transaction.atomic():
                lines = list(_digest(subscription.user))
                _write(subscription, f"digest {week}", _("TechNova: this week"), "mails/digest.txt", {"lines": lines})


def _digest(user) -> Iterable[dict[str, object]]:
    """The lines of a digest: a text with its counts, and the address of the page. Groups under five are left out."""
    scope = scope_of(user)
    run = ScoringRun.objects.first()
    if run and not scope.is_empty:
        figures = runs.figures_within(scope, [run])[run.pk]
        if figures.employee_count is not None and figures.above_threshold_count is not None:
            text = _("Over the threshold: %(above)d of %(people)d people, as of %(day)s.")
            counts = {"above": figures.above_threshold_count, "people": figures.employee_count}
            day = date_format(run.day, "SHORT_DATE_FORMAT")
            yield _line(text % {**counts, "day": day}, "employees")
    if may_follow(user) and not scope.is_empty:
        yield from _about_cases(user)
    if may_answer(user) and (absent := count_absent(scope)):
        yield _line(_("Absent from the newest extract, to be clarified: %(count)d.") % {"count": absent}, "clarify")
    if may_import(user) and (waiting := Import.objects.filter(state__in=Import.WAITING, loaded_at=None).count()):
        yield _line(_("Imports that wait for you: %(count)d.") % {"count": waiting}, "import")
    if scope.sees_everyone or may_read_figures(user):
        yield from _about_model()


def _about_cases(user) -> Iterable[dict[str, object]]:
    own = Case.objects.visible_to(user).is_open().filter(owner=user)
    if count := own.count():
        overdue = own.filter(due__lt=timezone.localdate()).count()
        text = _("Your open cases: %(count)d, of which overdue: %(overdue)d.")
        yield _line(text % {"count": count, "overdue": overdue}, "cases")
    newest, before = runs.latest_two()
    if newest and lottery_in_force() and (lots := drawn(newest, scope_of(user), readable_to(user)).count()):
        yield _line(_("Drawn for a talk, without a case: %(count)d.") % {"count": lots}, "cases")
    if newest and (new := newly_over(newest, before, scope_of(user), readable_to(user)).count()):
        yield _line(
            _("Newly over the threshold or arrived over it, without a case: %(count)d.") % {"count": new}, "cases"
        )


def _about_model() -> Iterable[dict[str, object]]:
    check = WorkforceCheck.objects.first()
    if check and check.is_alarm:
        yield _line(_("The last check of the forecast raised an alarm."), "model_workforce")
    if Promotion.objects.waiting().exists():
        yield _line(_("A version of the model waits for approval."), "model")


def _line(text: str, page: str) -> dict[str, object]:
    return {"text": text, "link": address(page)}


def tell_of_delivery(upload: Import, *, matter: str) -> None:
    """Tell those on whom deliveries wait of a question or a stop, once for each import and matter. One query without
    subscribers."""
    for subscription in MailSubscription.objects.filter(deliveries=True, user__is_active=True).select_related("user"):
        if may_import(subscription.user):
            with translation.override(subscription.language):
                context = {"matter": matter, "upload": upload, "link": address("import_detail", upload.pk)}
                subject = _("TechNova: a delivery of extracts waits for you")
                _write(subscription, f"import {upload.pk} {matter}", subject, "mails/delivery.txt", context)


def _write(subscription: MailSubscription, about: str, subject: str, template: str, context: dict) -> None:
    account_page = address("account")
    body = render_to_string(template, {**context, "account_page": account_page, "subscription": subscription})
    _mail, is_new = Mail.objects.get_or_create(
        subscription=subscription, about=about, defaults={"subject": subject, "body": body.strip() + "\n"}
    )
    if is_new:
        send_waiting.enqueue()


@jobs.quick_task
def send_waiting(*, progress: Progress | None = None) -> None:
    """Send what has not been sent. One that fails is tried again by the schedule, some times."""
    started = timezone.now()
    waiting = Mail.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS, created_at__lte=started)
    for mail in waiting.select_related("subscription__user").order_by("created_at"):
        _send(mail)


def _send(mail: Mail) -> None:
    """Send one, unless another worker has: it is marked first, so that a crash costs a message and doubles none."""
    if not Mail.objects.filter(pk=mail.pk, sent_at=None).update(sent_at=timezone.now(), attempts=F("attempts") + 1):
        return
    try:
        if mail.subscription.user.email:
            _message(mail).send()
        else:
            Mail.objects.filter(pk=mail.pk).update(sent_at=None, attempts=MOST_ATTEMPTS, error="no address")
    except (OSError, SMTPException) as error:
        logger.warning("A message could not be sent: %s", error)
        Mail.objects.filter(pk=mail.pk).update(sent_at=None, error=str(error)[:200])


def _message(mail: Mail) -> EmailMessage:
    link = address("unsubscribe", token_of(mail.subscription))
    headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    with translation.override(mail.subscription.language):
        footer = _("To receive no more of these messages: %(link)s") % {"link": link}
    return EmailMessage(
        mail.subject, f"{mail.body}\n--\n{footer}\n", to=[mail.subscription.user.email], headers=headers
    )


def purge() -> int:
    """Delete the messages of a month ago, and return how many."""
    return Mail.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
