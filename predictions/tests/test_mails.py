"""E-mail: who is told what, in which language, without names and scores; and how it ends."""

import re
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from employees.models import Employee, Import
from employees.tests.factories import EmployeeFactory, WorkforceDayFactory
from employees.tests.test_uploads import text_of
from predictions.followup.services import open_cases
from predictions.mails import services as mails
from predictions.models import Mail, MailSubscription
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures
from predictions.tests.test_webhooks import delivered, folder  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def outbox(started):
    return mail.outbox


def subscribed(browser, *, email="someone@technova.example", language="en", weekly=True, deliveries=False):
    browser.account.email = email
    browser.account.save()
    mails.subscribe(user=browser.account, language=language, weekly=weekly, deliveries=deliveries)
    return browser.account.mail_subscription


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def run():
    run = ScoringRunFactory(threshold=0.2, as_of="2026-06-30", employee_count=12)
    for number in range(1, 13):
        score(run, number, 0.9 if number < 7 else 0.1, departement="Consulting" if number % 2 else "Commercial")
    write_figures()
    return run


def digest_of(browser, **wishes):
    subscribed(browser, **wishes)
    mails.write_digests()
    mails.send_waiting()
    [message] = mail.outbox
    return message


def test_digest_holds_counts_with_links(hr, run):
    message = digest_of(hr)
    assert message.to == ["someone@technova.example"]
    assert message.subject == "TechNova: this week"
    assert "Over the threshold: 6 of 12 people, as of 30 Jun 2026." in message.body
    assert "http://127.0.0.1:8000/employees/" in message.body


def test_digest_is_in_the_language_that_was_chosen(hr, run):
    message = digest_of(hr, language="fr")
    assert message.subject == "TechNova\N{NO-BREAK SPACE}: cette semaine"
    assert "Au-dessus du seuil" in message.body


def test_digest_of_a_manager_is_of_the_department(browse):
    run = ScoringRunFactory(threshold=0.2, employee_count=22)
    for number in range(1, 23):
        score(run, number, 0.9 if number < 11 else 0.1, departement="Consulting" if number % 2 else "Commercial")
    write_figures()
    assert "Over the threshold: 5 of 11 people" in digest_of(browse("Manager", "Consulting")).body


def test_digest_leaves_out_what_would_tell_of_few(browse):
    run = ScoringRunFactory(threshold=0.2, employee_count=4)
    for number in range(1, 5):
        score(run, number, 0.9)
    write_figures()
    assert "Over the threshold" not in digest_of(browse("Manager", "Consulting")).body


def test_digest_tells_what_waits(hr):
    EmployeeFactory(presence="absent")
    WorkforceDayFactory()
    Import.objects.create(user=hr.account, state="asking")
    body = digest_of(hr).body
    assert "Absent from the newest extract, to be clarified: 1." in body
    assert "Imports that wait for you: 1." in body


def test_digest_counts_own_cases_and_people_newly_over_without_one(hr, run):
    people = list(Employee.objects.filter(predictions__run=run, predictions__predicted_class=True).order_by("pk"))
    today = timezone.localdate()
    for person, due in zip(people[:2], (today - timedelta(days=1), today), strict=True):
        open_cases(employees=[person], owner=hr.account, due=due, why="", user=hr.account)
    body = digest_of(hr).body
    assert "Your open cases: 2, of which overdue: 1." in body
    assert f"Newly over the threshold or arrived over it, without a case: {len(people) - 2}." in body


def test_digest_without_anything_says_so(hr):
    assert "Nothing waits for you." in digest_of(hr).body


def test_digest_names_nobody_and_no_score(hr, run):
    body = digest_of(hr).body
    assert not re.search(r"0[.,]\d|%|\bEmployee \d", body.replace("127.0.0.1", ""))


def test_digest_is_written_once_a_week(hr, started):
    subscribed(hr)
    for _ in range(2):
        mails.write_digests()
    assert Mail.objects.count() == 1
    assert started == [("send_waiting",)]
    Mail.objects.update(about="digest 2026-W01")
    mails.write_digests()
    assert Mail.objects.count() == 2


def test_digest_goes_to_those_who_wish_it_and_may_see_something(browse, hr, django_user_model):
    subscribed(hr, weekly=False, deliveries=True)
    gone = browse("Manager", "Consulting")
    subscribed(gone)
    gone.account.is_active = False
    gone.account.save()
    without_role = browse("Nobody")
    subscribed(without_role)
    mails.write_digests()
    assert not Mail.objects.exists()


def test_message_is_sent_once(hr):
    subscribed(hr)
    mails.write_digests()
    for _ in range(2):
        mails.send_waiting()
    assert len(mail.outbox) == 1
    assert Mail.objects.get().attempts == 1


def test_message_that_cannot_be_sent_is_tried_again(hr, monkeypatch):
    subscribed(hr)
    mails.write_digests()

    def fail(backend, messages):
        raise SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", fail)
        mails.send_waiting()
    waiting = Mail.objects.get()
    assert (waiting.sent_at, waiting.attempts, waiting.error) == (None, 1, "gone")
    call_command("send_mails")
    assert len(mail.outbox) == 1
    assert Mail.objects.get().sent_at


def test_message_that_never_goes_is_given_up(hr, monkeypatch):
    subscribed(hr)
    mails.write_digests()
    Mail.objects.update(attempts=mails.MOST_ATTEMPTS)
    mails.send_waiting()
    assert mail.outbox == []


def test_account_without_an_address_is_sent_nothing(hr):
    subscribed(hr, email="")
    mails.write_digests()
    mails.send_waiting()
    assert mail.outbox == []
    assert Mail.objects.get().error == "no address"


def test_command_writes_the_digest(hr, capsys):
    subscribed(hr)
    call_command("send_mails", "--digest")
    assert capsys.readouterr().out == "1 e-mails waited; 0 could not be sent\n"
    assert len(mail.outbox) == 1


def link_of(message):
    return re.fullmatch(r"<http://127\.0\.0\.1:8000(/.+)>", message.extra_headers["List-Unsubscribe"])[1]


def test_message_ends_by_its_link_without_signing_in(hr, client):
    message = digest_of(hr)
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = link_of(message)
    assert link in message.body
    assert "receive no more" in client.get(link).text
    assert MailSubscription.objects.exists()  # programs open links
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not MailSubscription.objects.exists()
    for again in (client.get(link), client.post(link)):
        assert "You receive no more of these messages." in again.text


def test_one_click_needs_no_form_of_ours(hr):
    link = link_of(digest_of(hr))
    assert Client(enforce_csrf_checks=True).post(link).status_code == 200
    assert not MailSubscription.objects.exists()


@pytest.mark.parametrize("token", ["1", "1:x:y", "x" * 60])
def test_forged_link_ends_nothing(hr, client, token):
    subscribed(hr)
    assert client.post(f"/account/unsubscribe/{token}/").status_code == 200
    assert MailSubscription.objects.exists()


def test_delivery_that_waits_is_told_to_those_who_wish_it(hr, browse, folder):  # noqa: F811
    subscribed(hr, weekly=False, deliveries=True)
    subscribed(browse("RH", "Consulting"), weekly=True, deliveries=True)  # who may import nothing
    upload = delivered(folder, sirh=text_of("sirh").replace("Commercial,", "Chez Mme Durand,"))
    mails.send_waiting()
    [message] = mail.outbox
    assert message.subject == "TechNova: a delivery of extracts waits for you"
    assert "They leave questions: nothing is loaded until you have answered." in message.body
    assert f"http://127.0.0.1:8000/import/{upload.pk}/" in message.body
    assert "Durand" not in message.body


def test_stop_and_missing_people_are_told(hr, folder):  # noqa: F811
    subscribed(hr, weekly=False, deliveries=True)
    delivered(folder)
    lines = text_of("sirh").splitlines()
    delivered(folder, "2026-07-31", sirh="\n".join([*lines[:2], *lines[3:]]))
    delivered(folder, "2026-08-31", sirh="\n".join(lines[:4]))
    bodies = " ".join(Mail.objects.values_list("body", flat=True))
    assert "people are missing in them" in bodies
    assert "They were stopped: look at why, and decide." in bodies


def test_file_without_a_day_is_told_as_such(hr, folder):  # noqa: F811
    subscribed(hr, weekly=False, deliveries=True)
    delivered(folder, "october")
    for mail_of_a_file in Mail.objects.all():
        assert mail_of_a_file.body.startswith("An extract without a day was delivered by the folder of deliveries.")
    assert Mail.objects.count() == 3


def test_page_sets_what_an_account_is_told(hr):
    assert "no e-mail address" in hr.get("/account/").text
    answer = hr.post("/account/", {"weekly": "on", "deliveries": "on", "language": "fr"}, follow=True)
    assert "You will be told by e-mail." in answer.text
    subscription = MailSubscription.objects.get()
    assert (subscription.user, subscription.language) == (hr.account, "fr")
    assert (subscription.weekly, subscription.deliveries) == (True, True)
    hr.post("/account/", {"weekly": "on", "language": "en"})
    subscription.refresh_from_db()
    assert (subscription.weekly, subscription.deliveries, subscription.language) == (True, False, "en")
    answer = hr.post("/account/", {"language": "en"}, follow=True)
    assert "You will receive no more e-mail." in answer.text
    assert not MailSubscription.objects.exists()


def test_page_of_a_manager_offers_no_word_of_deliveries(browse):
    manager = browse("Manager", "Consulting")
    assert "deliveries" not in manager.get("/account/").text
    manager.post("/account/", {"weekly": "on", "deliveries": "on", "language": "fr"})
    assert not MailSubscription.objects.get().deliveries


def test_page_of_an_account_without_a_role_offers_nothing(browse):
    newcomer = browse("Nobody")
    assert "There is nothing to tell you yet" in newcomer.get("/account/").text
    newcomer.post("/account/", {"weekly": "on", "language": "fr"})
    assert not MailSubscription.objects.exists()


def test_page_refuses_another_language(hr):
    assert hr.post("/account/", {"weekly": "on", "language": "de"}).status_code == 422


def test_messages_are_purged_after_a_month(hr):
    subscribed(hr)
    mails.write_digests()
    Mail.objects.update(created_at=timezone.now() - mails.KEPT - timedelta(seconds=1))
    assert mails.purge() == 1


def test_database_refuses_a_subscription_to_nothing(hr):
    with pytest.raises(IntegrityError):
        MailSubscription.objects.create(user=hr.account, language="fr")
