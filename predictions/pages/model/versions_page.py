"""The versions on the model's page: the history of use with authors and reasons, rollback, and approval."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from employees.access import may_decide
from predictions import rescoring, trainings
from predictions.decisions import promotions, versions
from predictions.decisions.promotions import AlreadySettled, SecondPerson
from predictions.ml.artifacts import store
from predictions.models import Promotion, Training
from predictions.pages.model.threshold_page import for_deciders
from predictions.pages.reasons import ReasonField
from predictions.registry import decision_in_force, promoted_model
from technova.web.requests import Request

logger = logging.getLogger(__name__)

SHOWN = 20  # trainings shown; the administration lists all of them
GRACE = timedelta(seconds=5)  # between the request for a training and its task being seen

UNUSABLE = gettext_lazy(
    "This version cannot be put in use here, and nothing has changed: the reason is in the server's log."
)


class BackForm(forms.Form):
    reason = ReasonField(label=gettext_lazy("Why go back?"), rows=2)


class TrainForm(forms.Form):
    reason = ReasonField(label=gettext_lazy("Why train anew?"), rows=2)


@dataclass(frozen=True, slots=True)
class Use:
    """A period during which a version was in use; ``until`` is None for the current one.

    ``promotion`` holds the author and the reason; None if the period began before these were recorded.
    """

    version: str
    since: datetime
    until: datetime | None
    promotion: Promotion | None = None


def uses(recorded: Sequence[Promotion]) -> list[Use]:
    """Which version was in use when, the newest first; empty without a recorded promotion."""
    try:
        since = versions.uses(recorded)
    except store.ArtifactError as error:  # only the record is damaged, which no score needs
        logger.warning("No history of the versions: %s", error)
        return []
    known = {(promotion.version, promotion.promoted_at): promotion for promotion in recorded}
    ends = [*(start for _version, start in since[1:]), None]
    found = [Use(*entry, end, known.get(entry)) for entry, end in zip(since, ends, strict=False)]
    return found[::-1]


def section(request: Request, *, sees_everyone: bool) -> dict:
    """The context of the section; authors, trainings and the pending promotion only for those who see everyone.

    ``moved`` is the promotion of the version in use, if that moved the threshold in force. Five queries.
    """
    if not sees_everyone:
        return {"versions": uses(()), "moved": _moved(Promotion.objects.exclude(promoted_at=None)[:1])}
    found = list(Promotion.objects.select_related("author", "settled_by").order_by("pk"))
    refused = [promotion for promotion in reversed(found) if promotion.refused_at]
    trainings = list(Training.objects.select_related("asked_by")[:SHOWN])
    context = {
        "versions": uses(found),
        "moved": _moved([promotion for promotion in found if promotion.promoted_at][-1:]),
        "refused": refused,
        "trainings": [training for training in trainings if training.finished_at],
        "may_decide": may_decide(request.user),
    }
    if not context["may_decide"]:
        return context
    waiting = next((promotion for promotion in found if promotion.is_waiting), None)
    return context | {
        "waiting": waiting,
        "back_to": None if waiting else _previous(found),
        "back_form": BackForm(),
        "two_people_promote": settings.TWO_PEOPLE_PROMOTE,
        "train_form": TrainForm(auto_id="train_%s"),
        **_training(trainings[0] if trainings else None),
    }


def _moved(newest: Iterable[Promotion]) -> Promotion | None:
    """The newest promotion if its version is in use by the threshold of its training, and moved it."""
    model = promoted_model()
    is_decided = decision_in_force(model.horizon_months) is not None
    for promotion in newest:
        if promotion.version == model.version and promotion.moves_threshold and not is_decided:
            return promotion
    return None


def _training(training: Training | None) -> dict:
    """The last training, and how far it is. No query, or two while it is at work."""
    if training is None or training.finished_at:
        return {"training": training, "training_state": ""}
    state = trainings.train.state(str(training.pk))
    if state is None:
        return {"training": training, "training_state": "" if _is_new(training) else "interrupted"}
    return {"training": training, "training_state": state.value, "progress": trainings.train.progress(str(training.pk))}


def _is_new(training: Training) -> bool:
    """Whether its task may not have been seen yet."""
    return training.asked_at > timezone.now() - GRACE


@require_POST
@for_deciders
def train(request: Request) -> HttpResponse:
    """Have a new version trained; one at a time."""
    form = TrainForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing is trained: give a reason."))
    elif _training(Training.objects.first())["training_state"] in ("waiting", "running"):
        messages.info(request, _("A version is being trained already."))
    elif Promotion.objects.waiting().exists():
        messages.info(request, Training.Problem.ANOTHER_WAITS.label)
    else:
        trainings.ask(user=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("A new version is being trained: this page says what becomes of it."))
    return redirect(_place())


def _previous(recorded: Sequence[Promotion]) -> str | None:
    try:
        return versions.previous(recorded, promoted_model().version)
    except store.ArtifactError:
        return None


@require_POST
@for_deciders
def go_back(request: Request) -> HttpResponse:
    """Put the previous version in use again, or let it wait for a second person."""
    form = BackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: give a reason."))
        return redirect(_place())
    try:
        recorded = Promotion.objects.order_by("pk")
        version = versions.previous(recorded, versions.current())
        if store.read(versions.directory_of(version)).card["uses_protected"]:
            messages.error(
                request, _("The previous version uses features protected by law: it is for comparison, not for use.")
            )
            return redirect(_place())
        promotion = promotions.ask(
            root=versions.directory(),
            version=version,
            reason=form.cleaned_data["reason"],
            author=request.user,
            force=True,  # it was in use before: what spoke against it is recorded again
        )
    except AlreadySettled:
        messages.info(request, _("Another version waits for approval already."))
    except (store.ArtifactError, OSError) as error:
        _tell_unusable(request, error)
    else:
        _tell(request, promotion)
    return redirect(_place())


@require_POST
@for_deciders
def approve(request: Request, pk: int) -> HttpResponse:
    try:
        promotion = promotions.approve(root=versions.directory(), key=pk, user=request.user)
    except SecondPerson:
        messages.error(request, _("You asked for this version: somebody else must approve it."))
    except AlreadySettled:
        messages.info(request, _("Somebody has approved or refused this version already."))
    except (store.ArtifactError, OSError) as error:
        _tell_unusable(request, error)
    else:
        _tell(request, promotion)
    return redirect(_place())


@require_POST
@for_deciders
def refuse(request: Request, pk: int) -> HttpResponse:
    try:
        promotions.refuse(key=pk, user=request.user)
    except AlreadySettled:
        messages.info(request, _("Somebody has approved or refused this version already."))
    else:
        messages.success(request, _("The version is refused; the one in use stays."))
    return redirect(_place())


def _tell(request: Request, promotion: Promotion | None) -> None:
    if promotion is None:
        messages.info(request, _("This version is in use already."))
    elif promotion.promoted_at is None:
        text = _("Version %(version)s waits until somebody else has approved it.")
        messages.success(request, text % {"version": promotion.version})
    else:
        text = _("Version %(version)s is in use.")
        messages.success(request, text % {"version": promotion.version})
        rescoring.rescore.enqueue()


def _tell_unusable(request: Request, error: Exception) -> None:
    logger.error("A version could not be promoted: %s", error)
    messages.error(request, UNUSABLE)


def _place() -> str:
    return f"{reverse('model')}?tab=versions"
