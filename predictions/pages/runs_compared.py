"""In words: how the threshold differs between two scoring runs, and that another model made a run."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from employees.access import may_decide
from predictions.formats import horizon, percent
from predictions.ml.artifacts.store import ArtifactError
from predictions.models import Prediction, ScoringRun
from predictions.registry import promoted_model


def threshold_in_words(before: ScoringRun, run: ScoringRun) -> str:
    """Who or what moved the threshold between two runs, and at which one both are compared; empty if each has its own
    or both have the same.

    The decision of each is loaded, or costs a query.
    """
    if run.threshold_against(before) == before.threshold:
        return ""
    return f"{_move(before, run)} {_comparison(before, run)}".strip()


def _move(before: ScoringRun, run: ScoringRun) -> str:
    thresholds = {"then": percent(before.threshold), "now": percent(run.threshold)}
    if run.decision and run.decision_id != before.decision_id:
        text = _("HR set another threshold on %(date)s: it moved from %(then)s to %(now)s.")
        return text % {"date": _day(run.decision.decided_at), **thresholds}
    if before.decision and run.decision_id != before.decision_id:
        revoked = before.decision.revoked_at
        if revoked:
            text = _("The threshold set by HR was undone on %(date)s: it moved from %(then)s to %(now)s.")
            return text % {"date": _day(revoked), **thresholds}
    if run.model_version != before.model_version:
        text = _("Threshold moved from %(then)s to %(now)s by version %(version)s of the model.")
        return text % {"version": run.model_version, **thresholds}
    return _("The threshold moved from %(then)s to %(now)s.") % thresholds


def _comparison(before: ScoringRun, run: ScoringRun) -> str:
    """Only scores of one model are compared."""
    if run.model_version != before.model_version:
        return ""
    return _("Both scorings are compared at the threshold in force now, %(now)s.") % {"now": percent(run.threshold)}


def _day(instant) -> str:
    return date_format(localtime(instant), "DATE_FORMAT")


@dataclass(frozen=True, slots=True)
class OtherModel:
    """That another model than the one in use gave the scores shown; see ``partials/other_model.html``."""

    text: str
    of_levers: str  # beside what the model in use computes
    href: str  # where everyone is scored again, for those who may


def other_model(scored: ScoringRun | Prediction, user: User) -> OtherModel | None:
    """None where the model in use gave the scores, or cannot be read."""
    try:
        in_use = promoted_model()
    except ArtifactError:
        return None
    if scored.model_version == in_use.version:
        return None
    values = {
        "then": scored.model_version,
        "horizon_then": horizon(scored.horizon_months),
        "now": in_use.version,
        "horizon_now": horizon(in_use.horizon_months),
    }
    return OtherModel(
        text=_(
            "These scores are by version %(then)s of the model (%(horizon_then)s); version %(now)s (%(horizon_now)s) "
            "is in use now: they follow once everyone has been scored again."
        )
        % values,
        of_levers=_(
            "By version %(now)s of the model (%(horizon_now)s), which is in use now: not to be compared with the score "
            "on this page, which is by version %(then)s (%(horizon_then)s)."
        )
        % values,
        href=f"{reverse('model')}?tab=threshold" if may_decide(user) else "",
    )
