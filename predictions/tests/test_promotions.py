"""Another version of the model in use: by whom and why, approved by a second person where the company wants it."""

import getpass
import json
import os
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from predictions import registry, trainings
from predictions.decisions import promotions
from predictions.decisions.promotions import AlreadySettled
from predictions.ml import training
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment import gates
from predictions.models import Promotion, ThresholdDecision, Training
from predictions.pages.model.versions_page import uses
from predictions.tests import published
from predictions.tests.workforce import trained

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("own_model", "started")]


@pytest.fixture
def two(own_model, artifacts, monkeypatch):
    """Two versions of which the second is in use: their names."""
    monkeypatch.setattr(registry, "CHECK_INTERVAL", 0.0)
    first = store.current_version(artifacts)
    content = trained().content
    wider = replace(content.plain.parameters, interval_scale=content.plain.parameters.interval_scale * 1.1)
    second = artifact.write_version(artifacts, replace(content, plain=replace(content.plain, parameters=wider)))
    artifact.promote(artifacts, second)
    return first, second


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def other(django_user_model, hr):
    """Another account of RH, signed in."""
    account = django_user_model.objects.create_user("second")
    account.groups.set(hr.account.groups.all())
    browser = type(hr)(headers={"Accept-Language": "en"})
    browser.force_login(account)
    browser.account = account
    return browser


@pytest.fixture
def two_people(settings):
    settings.TWO_PEOPLE_PROMOTE = True


def promote(*arguments):
    out = StringIO()
    call_command("promote_model", *arguments, stdout=out)
    return out.getvalue()


def train(*arguments):
    call_command("train_model", *arguments, stdout=StringIO(), stderr=StringIO())


def post(browser, name, *args, **data):
    return browser.post(reverse(name, args=args), data, follow=True).content.decode()


def test_command_records_who_promoted_and_why(two, artifacts, hr):
    first, second = two
    promote(first, "--reason", "the newest one forgets travel", "--by", hr.account.username)
    promotion = Promotion.objects.get()
    assert (promotion.version, promotion.before, promotion.reason) == (first, second, "the newest one forgets travel")
    assert (promotion.author, promotion.system_account, promotion.settled_by) == (hr.account, "", None)
    assert registry.current_model().version == first
    newest = uses([promotion])[0]
    assert newest.promotion == promotion
    assert newest.since == promotion.promoted_at


def test_command_without_an_account_records_that_of_the_system(two):
    promote("--previous", "--reason", "a trial")
    assert Promotion.objects.get().by == getpass.getuser()


def test_command_under_a_number_without_a_name_records_the_number(two, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: {}["nobody"])
    assert promotions.author_of(None, root=Path("elsewhere")) == f"uid {os.getuid()}"


@pytest.mark.parametrize("arguments", [[], ["--reason", ""], ["--reason", " "]])
def test_command_without_a_reason_promotes_nothing(two, arguments):
    with pytest.raises(CommandError, match="Give a reason with --reason"):
        promote("--previous", *arguments)
    assert registry.current_model().version == two[1]


def test_command_of_an_unknown_account_promotes_nothing(two):
    with pytest.raises(CommandError, match="no active account 'nobody'"):
        promote("--previous", "--reason", "a trial", "--by", "nobody")
    assert registry.current_model().version == two[1]


def test_promotion_in_another_directory_is_not_recorded(two, tmp_path):
    training.publish(tmp_path, trained())
    version = store.current_version(tmp_path)
    assert promotions.ask(root=tmp_path, version=version, reason="a trial", author="somebody") is None
    assert not Promotion.objects.exists()


def test_version_that_cannot_be_used_leaves_no_record(two, artifacts):
    (artifacts / "versions" / two[0] / store.CARD_FILE).write_text("{}")
    with pytest.raises(CommandError):
        promote("--previous", "--reason", "a trial")
    assert not Promotion.objects.exists()
    assert store.current_version(artifacts) == two[1]


def test_promotion_waits_for_a_second_person(two, two_people, hr, other, started):
    first, second = two
    output = promote(first, "--reason", "better in Sales", "--by", hr.account.username)
    assert "waits until a second person has approved it" in output
    assert registry.current_model().version == second
    page = hr.get("/model/?tab=all").content.decode()
    assert "better in Sales" in page
    assert "Approve" not in page
    key = Promotion.objects.get().pk
    assert "somebody else must approve it" in post(hr, "model_approve", key)
    assert registry.current_model().version == second
    assert f"/model/versions/{key}/approve/" in other.get("/model/?tab=all").content.decode()
    assert " is in use." in post(other, "model_approve", key)
    assert registry.current_model().version == first
    promotion = Promotion.objects.get()
    assert (promotion.settled_by, promotion.before) == (other.account, second)
    assert started == [("rescore",)]
    page = " ".join(hr.get("/model/?tab=all").content.decode().split())
    assert "(approved by second)" in page
    assert "better in Sales" in page


def test_promotion_that_is_refused_changes_nothing(two, two_people, hr, other, started):
    promote("--previous", "--reason", "a trial", "--by", hr.account.username)
    key = Promotion.objects.get().pk
    assert "the one in use stays" in post(other, "model_refuse", key)
    for name in ("model_approve", "model_refuse"):
        assert "approved or refused this version already" in post(other, name, key)
    assert registry.current_model().version == two[1]
    assert started == []
    assert Promotion.objects.get().settled_by == other.account


def test_one_promotion_waits_at_a_time(two, two_people, hr):
    by = ("--reason", "a trial", "--by", hr.account.username)
    promote("--previous", *by)
    with pytest.raises(CommandError, match="Another promotion waits"):
        promote("--previous", *by)
    assert "waits for approval already" in post(hr, "model_back", reason="a trial")


def test_command_without_an_account_is_refused_where_two_people_promote(two, two_people):
    with pytest.raises(CommandError, match="name your account by --by"):
        promote("--previous", "--reason", "a trial")


def test_first_version_waits_for_nobody(two_people, tmp_path, settings):
    settings.ARTIFACTS_DIR = tmp_path
    version = artifact.write_version(tmp_path, trained().content)
    promotion = promotions.ask(
        root=tmp_path, version=version, reason="the first", author=promotions.author_of(None, root=tmp_path)
    )
    assert promotion.promoted_at
    assert store.current_version(tmp_path) == version


def test_going_back_on_the_page_carries_author_and_reason(two, artifacts, hr, started):
    first, second = two
    assert f"Version {first} will be used again" in " ".join(hr.get("/model/?tab=all").content.decode().split())
    assert f"Version {first} is in use." in post(hr, "model_back", reason="too many in Sales")
    assert registry.current_model().version == first
    promotion = Promotion.objects.get()
    assert (promotion.author, promotion.reason, promotion.before) == (hr.account, "too many in Sales", second)
    assert started == [("rescore",)]
    page = hr.get("/model/?tab=all").content.decode()
    assert "too many in Sales" in page


def test_going_back_waits_where_two_people_promote(two, two_people, hr, started):
    assert "waits until somebody else has approved it" in post(hr, "model_back", reason="a trial")
    assert registry.current_model().version == two[1]
    assert started == []


def test_going_back_without_a_reason_changes_nothing(two, hr):
    assert "Nothing was changed: give a reason." in post(hr, "model_back", reason=" ")
    assert registry.current_model().version == two[1]


def test_going_back_where_nothing_can_be_written_says_so(two, artifacts, hr, monkeypatch):
    def refuse(*_arguments, **_options):
        raise store.ArtifactUnwritable("the disk is full")

    monkeypatch.setattr(artifact, "promote", refuse)
    assert "cannot be put in use here" in post(hr, "model_back", reason="a trial")
    assert not Promotion.objects.exists()


def test_page_of_a_lone_version_offers_no_way_back(hr, artifacts):
    (artifacts / "promotions.jsonl").unlink()
    assert "in use again" not in hr.get("/model/?tab=all").content.decode()
    assert "cannot be put in use here" in post(hr, "model_back", reason="a trial")


def test_accounts_of_some_departments_see_no_author_and_go_back_to_nothing(two, browse):
    promote(two[0], "--reason", "better in Sales")
    manager = browse("Manager", "Consulting")
    page = manager.get("/model/?tab=all").content.decode()
    assert "better in Sales" not in page
    assert "in use again" not in page


@pytest.mark.parametrize("fields", [{"reason": ""}, {"system_account": ""}, {"refused_at": "2026-01-01T00:00:00Z"}])
def test_promotion_that_contradicts_itself_is_refused_by_the_database(two, fields):
    promote("--previous", "--reason", "a trial")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.update(**fields)


def test_nobody_approves_an_own_promotion_whatever_the_code_does(two, hr):
    promote("--previous", "--reason", "a trial", "--by", hr.account.username)
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.update(settled_by=hr.account)


def test_approval_of_what_does_not_wait_is_refused(two, artifacts, hr):
    promote("--previous", "--reason", "a trial")
    with pytest.raises(AlreadySettled):
        promotions.approve(root=artifacts, key=Promotion.objects.get().pk, user=hr.account)


@pytest.fixture
def doubted(two, artifacts):
    """The name of the version that is not in use, whose tests had failed."""
    change = published.change(
        artifacts / "versions" / two[0], card=lambda card: card.update(doubts=[gates.IS_CHANCE], leak="0.98")
    )
    return change.name


def test_version_that_failed_its_tests_is_promoted_by_force_alone(two, doubted, browse):
    with pytest.raises(CommandError, match=r"is not promoted: .* may be chance.* --force"):
        promote(doubted, "--reason", "no force")
    assert registry.current_model().version == two[1]
    assert not Promotion.objects.exclude(promoted_at=None).exists()
    promote(doubted, "--reason", "to see it", "--force")
    registry.forget_decisions()
    assert "published by force" in browse("RH").get("/").text


def test_promotion_that_its_tests_refuse_leaves_a_record_that_the_page_shows(doubted, hr):
    with pytest.raises(CommandError):
        promote(doubted, "--reason", "no force", "--by", hr.account.username)
    promotion = Promotion.objects.get()
    assert (promotion.is_refused_by_gates, promotion.is_waiting, promotion.author) == (True, False, hr.account)
    page = versions_of(hr)
    assert f"{doubted}: asked for by {hr.account.username}" in page
    for text in ("refused by its tests", "no force", gates.LOOKS_LEAKY, gates.IS_CHANCE):
        assert text in page
    assert "forced" not in page


@pytest.fixture
def stricter(two, artifacts):
    """The name of the version that is not in use, whose training chose another threshold."""
    value = registry.promoted_model().threshold + 0.1
    directory = artifacts / "versions" / two[0]
    threshold = json.loads((directory / store.THRESHOLD_FILE).read_text()) | {"threshold": value}
    return published.change(
        directory,
        card=lambda card: card["threshold"].update(value=value),
        threshold=json.dumps(threshold).encode(),
    ).name


def test_version_that_moves_the_threshold_says_so(stricter, hr, browse):
    before = registry.promoted_model().threshold
    promote(stricter, "--reason", "a trial")
    promotion = Promotion.objects.get()
    assert (promotion.threshold_before, promotion.threshold_after) == (before, pytest.approx(before + 0.1))
    text = f"Threshold moved from {before:.1%} to {before + 0.1:.1%} by this version"
    for browser, tab in ((hr, ""), (hr, "threshold"), (hr, "versions"), (browse("Manager", "Consulting"), "")):
        assert text in " ".join(browser.get("/model/", {"tab": tab}).text.split())


def test_version_moves_no_threshold_that_hr_has_set(stricter, hr, django_user_model):
    ThresholdDecision.objects.create(
        rule="value",
        threshold=0.3,
        flagged=0,
        people=1,
        model_version="a",
        horizon_months=registry.promoted_model().horizon_months,
        reason="a trial",
        decided_by=hr.account,
    )
    promote(stricter, "--reason", "a trial")
    assert not Promotion.objects.get().moves_threshold
    registry.forget_decisions()
    assert registry.current_model().threshold == 0.3
    assert "Threshold moved" not in hr.get("/model/?tab=all").text


def test_forced_promotion_records_what_spoke_against_the_version_and_shows_it(doubted, hr, browse):
    promote(doubted, "--reason", "to see it", "--force", "--by", hr.account.username)
    assert Promotion.objects.get().overridden == [gates.LOOKS_LEAKY, gates.IS_CHANCE]
    registry.forget_decisions()
    page = versions_of(hr)
    for text in ("forced", hr.account.username, "to see it", gates.LOOKS_LEAKY, gates.IS_CHANCE):
        assert text in page
    assert gates.IS_CHANCE not in versions_of(browse("RH", "Consulting"))


def versions_of(browser):
    """The section on the versions of the model's page."""
    page = " ".join(browser.get("/model/?tab=versions").content.decode().split())
    return page[page.index('aria-labelledby="versions"') :]


def test_promotion_without_objections_is_not_called_forced(two, hr):
    promote("--previous", "--reason", "a trial", "--force")
    assert Promotion.objects.get().overridden == []
    assert "forced" not in versions_of(hr)


def test_forced_promotion_that_waits_tells_who_approves_what_spoke_against_it(doubted, two_people, hr, other):
    promote(doubted, "--reason", "to see it", "--force", "--by", hr.account.username)
    assert gates.IS_CHANCE in versions_of(other)


def test_refused_promotion_stays_on_the_page_with_both_accounts(two, two_people, hr, other, browse):
    promote("--previous", "--reason", "better in Sales", "--by", hr.account.username)
    assert "Versions refused" not in versions_of(hr)
    post(other, "model_refuse", Promotion.objects.get().pk)
    page = versions_of(hr)
    assert f"{two[0]}: asked for by {hr.account.username}" in page
    assert "refused by second" in page
    assert "better in Sales" in page
    assert "Versions refused" not in versions_of(browse("RH", "Consulting"))


def test_training_that_is_forced_records_what_spoke_against_the_model(two, artifacts, monkeypatch):
    doubtful = replace(trained(), doubts=(gates.FLAGS_MOST,))
    card = doubtful.content.card | {"doubts": [gates.FLAGS_MOST]}
    doubtful = replace(doubtful, content=replace(doubtful.content, card=card))
    monkeypatch.setattr(trainings, "fit", lambda **_options: doubtful)
    call_command("train_model", reason="for the board", force=True, stdout=StringIO(), stderr=StringIO())
    promotion = Promotion.objects.get()
    assert (promotion.reason, promotion.overridden) == ("for the board", [gates.FLAGS_MOST])
    assert promotion.version == registry.current_model().version
    training = Training.objects.get()
    assert (training.version, training.objections, training.promotes) == (
        promotion.version,
        [gates.FLAGS_MOST],
        True,
    )


def doubtful(monkeypatch):
    """Have a training end with a model that flags most people."""
    found = replace(trained(), doubts=(gates.FLAGS_MOST,))
    card = found.content.card | {"doubts": [gates.FLAGS_MOST]}
    found = replace(found, content=replace(found.content, card=card))
    monkeypatch.setattr(trainings, "fit", lambda **_options: found)


def test_training_by_command_that_its_tests_refuse_leaves_a_record_that_the_page_shows(two, monkeypatch, hr):
    doubtful(monkeypatch)
    with pytest.raises(CommandError, match="Nothing was written"):
        train("--reason", "more months", "--by", hr.account.username)
    training = Training.objects.get()
    assert (training.problem, training.objections) == (Training.Problem.DOUBTFUL, [gates.FLAGS_MOST])
    page = versions_of(hr)
    for text in ("Trainings", "more months", hr.account.username, "did not pass its tests", gates.FLAGS_MOST):
        assert text in page


def test_training_that_is_forced_and_not_put_in_use_leaves_a_record_that_the_page_shows(two, monkeypatch, hr, browse):
    doubtful(monkeypatch)
    train("--reason", "to look at it", "--force", "--no-promote")
    training = Training.objects.get()
    assert (training.by, training.promotes, training.objections) == (getpass.getuser(), False, [gates.FLAGS_MOST])
    assert not Promotion.objects.exists()
    page = versions_of(hr)
    for text in (f"Version {training.version}, written but not put in use", "forced", gates.FLAGS_MOST):
        assert text in page
    assert "to look at it" not in versions_of(browse("RH", "Consulting"))


def test_training_into_another_directory_leaves_no_record(two, tmp_path, monkeypatch):
    doubtful(monkeypatch)
    train("--output", tmp_path, "--force")
    assert not Training.objects.exists()
