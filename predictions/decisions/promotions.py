"""Writes: promotions of a version of the model, each by somebody and for a reason."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from predictions.decisions import versions
from predictions.decisions.versions import Place
from predictions.ml.artifacts import artifact, store
from predictions.ml.assessment import gates
from predictions.models import Promotion, ThresholdDecision
from technova.commands import system_account


class SecondPerson(ValueError):
    """A promotion needs an account that requests it, or a second one that approves it; the message is the reason."""


class Objected(ValueError):
    """The version failed its tests or uses protected features; the message gives the reasons."""


class AlreadySettled(LookupError):
    """The promotion has been approved or refused, or another one waits."""


def author_of(name: str | None, *, root: Path) -> User | str:
    """The author of a promotion by command: the active account with this name or, without a name, the system's user.

    Raises ``SecondPerson`` for an unknown account, and for none if a second person must approve.
    """
    if name is not None:
        account = User.objects.filter(username=name, is_active=True).first()
        if account is None:
            raise SecondPerson(f"There is no active account {name!r} to give as --by.")
        return account
    if _needs_two(root):
        raise SecondPerson("Two people promote here (TWO_PEOPLE_PROMOTE): name your account by --by.")
    return system_account()


def _needs_two(root: Path) -> bool:
    """Whether a second person must approve; not of the directory's first version, without which nothing works."""
    return settings.TWO_PEOPLE_PROMOTE and Place(root).is_ours and store.has_current(root)


def ask(
    *, root: Path, version: str, reason: str, author: User | str, waits: bool = False, force: bool = False
) -> Promotion | None:
    """Promote a version, or let it wait for approval: with ``waits``, or if the company requires two people.

    What speaks against the version (``gates.objections``) prevents that, which is recorded; with ``force`` it is
    recorded as overridden. Returns None, without a record, if the version is in use already or in another directory
    than the servers'. Raises ``Objected``, ``AlreadySettled`` while another one waits, and ``ArtifactError``.
    """
    place = Place(root)
    named = {"system_account": author} if isinstance(author, str) else {"author": author}
    objections = gates.objections(store.read(place.directory_of(version)).card)
    if objections and not force:
        if place.is_ours:
            Promotion.objects.create(
                version=version,
                before=versions.current() or "",
                reason=reason,
                overridden=objections,
                refused_at=timezone.now(),
                is_refused_by_gates=True,
                **named,
            )
        raise Objected(f"{version} is not promoted: {' '.join(objections)} --force promotes it all the same.")
    if not place.is_ours:
        artifact.promote(root, version)
        return None
    before = versions.current()
    if version == before and store.has_current(root):
        artifact.promote(root, version)  # which repairs the links
        return None
    promotion = Promotion(version=version, before=before or "", reason=reason, overridden=objections, **named)
    with transaction.atomic():
        if Promotion.objects.waiting().exists():
            raise AlreadySettled("Another promotion waits: approve or refuse it first, on the model's page.")
        if waits or _needs_two(root):
            store.verify(versions.directory_of(version))
            versions.keep(version)  # so that it can be approved on another machine
            promotion.save()
        else:
            _promote(promotion, root)
    return promotion


def approve(*, root: Path, key: int, user: User) -> Promotion:
    """Approve a waiting promotion, which puts its version in use. Raises ``SecondPerson``, ``AlreadySettled`` and
    ``ArtifactError``."""
    with transaction.atomic():
        promotion = _settled(key, user)
        if promotion.author_id == user.pk:
            raise SecondPerson("Whoever asks for a promotion cannot approve it.")
        promotion.before = versions.current() or ""
        _promote(promotion, root)
    return promotion


def _promote(promotion: Promotion, root: Path) -> None:
    """Promote in the database, and last in the directory, which records the same second."""
    promotion.promoted_at = timezone.now().replace(microsecond=0)
    versions.directory_of(promotion.version)
    promotion.threshold_before, promotion.threshold_after = _thresholds(promotion)
    promotion.save()
    versions.put_in_use(promotion.version)
    artifact.promote(root, promotion.version, now=promotion.promoted_at)


def _thresholds(promotion: Promotion) -> tuple[float, float] | tuple[None, None]:
    """The thresholds in force before and after a promotion; none where HR has set one, or without a version before."""
    if not promotion.before:
        return None, None
    try:
        cards = [store.read(versions.directory_of(name)).card for name in (promotion.before, promotion.version)]
    except store.ArtifactError:
        return None, None
    decisions = ThresholdDecision.objects.in_force()
    if any(decision.holds_for(card["horizon_months"]) for decision in decisions for card in cards):
        return None, None
    before, after = (float(card["threshold"]["value"]) for card in cards)
    return before, after


def refuse(*, key: int, user: User) -> None:
    """Refuse a waiting promotion; whoever asked for it may do so too. Raises ``AlreadySettled``."""
    with transaction.atomic():
        promotion = _settled(key, user)
        promotion.refused_at = timezone.now()
        promotion.save()


def _settled(key: int, user: User) -> Promotion:
    """The waiting promotion, locked until the transaction ends and marked as settled by this user."""
    promotion = Promotion.objects.select_for_update().waiting().filter(pk=key).first()
    if promotion is None:
        raise AlreadySettled(key)
    promotion.settled_by = user
    return promotion
