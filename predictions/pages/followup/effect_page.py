"""Did it help? The comparisons with what each can carry, and the lottery that HR switches on; figures of groups."""

from typing import Any, TypedDict

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from employees.access import Scope, figures_of, may_decide
from employees.disclosure import is_small, suppressed_parts
from features import schema
from predictions.followup.effect import BALANCED, FEWEST, Effect, share_between
from predictions.followup.evidence import FORECAST, Comparison, Evidence, evidence
from predictions.followup.lottery import set_lottery, who_may_take_part
from predictions.followup.models import DrawnPerson
from predictions.followup.sensitive import check_words
from predictions.formats import decimal, grouped, percent, signed
from predictions.models import LotteryDecision, ScoringRun
from predictions.pages.followup.tabs import for_weighers, tabs
from predictions.selectors import runs
from technova.web.requests import Request

SHOWN = 10  # decisions
MOST_TALKS = 10_000


class LotteryForm(forms.Form):
    """How many people are drawn at a scoring, and why; none switches the lottery off."""

    talks = forms.IntegerField(
        label=gettext_lazy("Talks after each scoring"),
        required=False,
        min_value=1,
        max_value=MOST_TALKS,
        help_text=gettext_lazy("As many as your team can hold until the next one. Empty: no lottery."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, validators=[check_words])


class Shown(TypedDict):
    """A comparison in words: its verdict, and rows of figures if they may be shown."""

    title: str
    verdict: str
    helped: bool
    adjusted: str
    counted: str
    carries: str
    caption: str
    columns: list[str]
    rows: list[list[str]]


@require_http_methods(["GET", "HEAD", "POST"])
@for_weighers
def show(request: Request) -> HttpResponse:
    if request.method == "POST" and not may_decide(request.user):
        raise PermissionDenied
    form = LotteryForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        set_lottery(talks=form.cleaned_data["talks"], reason=form.cleaned_data["reason"], user=request.user)
        messages.success(
            request, _("The lottery is on.") if form.cleaned_data["talks"] else _("The lottery is switched off.")
        )
        return redirect("cases_effect")
    scope, _readable = figures_of(request.user)
    newest = runs.latest_two()[0]
    found = evidence(scope, newest) if newest else None
    decisions = list(LotteryDecision.objects.select_related("decided_by")[:SHOWN])
    in_force = decisions[0] if decisions and decisions[0].talks else None
    context: dict[str, Any] = {
        "tabs": tabs(request),
        "shown": [lottery(found.lottery), matched(found), naive(found.naive)] if found else [],
        "balance": balance(found) if found else None,
        "decisions": decisions,
        "lottery": in_force,
        "newest_draw": newest_draw(newest, in_force, scope) if newest and in_force else "",
        "form": form if may_decide(request.user) else None,
    }
    return render(request, "cases/effect.html", context, status=422 if form.errors else 200)


def newest_draw(run: ScoringRun, decision: LotteryDecision, scope: Scope) -> str:
    """Who was drawn after the newest scoring, or why nobody was; how many could be is told to who sees everyone."""
    day = {"day": date_format(run.day, "DATE_FORMAT")}
    people = DrawnPerson.objects.filter(draw__as_of=run.day)
    sides = people.aggregate(drawn=Count("pk", filter=Q(is_drawn=True)), others=Count("pk", filter=Q(is_drawn=False)))
    if sides["drawn"]:
        text = _("After the newest scoring, as of %(day)s, %(drawn)s people were drawn and %(others)s were not.")
        return text % {**day, **{name: grouped(count) for name, count in sides.items()}}
    if run.created_at < decision.decided_at:
        return _("Nobody has been drawn yet: the newest scoring, as of %(day)s, is older than the lottery.") % day
    text = _(
        "Nobody was drawn after the newest scoring, as of %(day)s: a draw needs more people who can take part than"
        " talks. Those can who are over the threshold, have no open case, were not set aside and took part in no draw"
        " within the horizon."
    )
    told = text % day
    if scope.sees_everyone:
        count = who_may_take_part(run).count()
        now = ngettext("Now it is %(count)s person.", "Now it is %(count)s people.", count)
        told = f"{told} {now % {'count': _('fewer than five') if is_small(count) else grouped(count)}}"
    return told


def lottery(found: Comparison) -> Shown:
    if not found.effect:
        verdict = _too_few(found) if found.done or found.alone else _("Nobody has been drawn long enough ago.")
        carries = _(
            "A lottery alone tells what talks cause: switch it on where more people are at risk than can be met."
        )
    elif found.effect.helped:
        verdict = _helped(found.effect, _("Those drawn left less often"))
        carries = _(
            "Chance alone decided who was drawn, so being drawn is the cause, whatever was then done or left undone."
        )
    else:
        verdict = _not_told(found.effect)
        carries = _("Chance alone decided who was drawn, so nothing hides an effect; it may be too small to be seen.")
    adjusted = _("Adjusted: people of one draw are compared, as if their risk before had been the same.")
    return _shown(_("By lot: drawn and not drawn"), found, verdict, carries, by_lot=True, adjusted=adjusted)


def matched(found: Evidence) -> Shown:
    of = found.matched
    if not of.effect:
        verdict, carries = _too_few(of), ""
    elif of.effect.helped:
        verdict = _helped(of.effect, _("Those with a talk or an action left less often"))
        carries = _(
            "They are compared with people of the same job and overtime and about the same forecast. What you knew of"
            " them beyond it is not in the data: they may have been easier to keep. It makes an effect likely, and does"
            " not show it."
        )
    else:
        verdict = _not_told(of.effect)
        carries = _(
            "They are compared with people of the same job and overtime and about the same forecast. If those chosen"
            " were at more risk than their forecast says, an effect may be hidden."
        )
    adjusted = _("Adjusted: what is left of the difference in their forecast is taken out.")
    title = _("Alike: same job, overtime and forecast, with and without")
    return _shown(title, of, verdict, carries, adjusted=adjusted)


def naive(found: Comparison) -> Shown:
    carries = _(
        "Naive: those chosen differ from those who were not, first of all in their risk; and whoever has left can get"
        " no talk or action any more, so that more of those who left are on the side without. It says nothing of the"
        " talks."
    )
    if not found.effect:
        return _shown(_("Naive: everyone with and without"), found, _too_few(found), carries)
    if not may_show(found.effect):
        text = _("Hidden: on one side fewer than five left, or stayed.")
        return _shown(_("Naive: everyone with and without"), found, text, carries)
    text = _("%(points)s points between them (between %(low)s and %(high)s).")
    return _shown(_("Naive: everyone with and without"), found, text % _ends(found.effect), carries)


def _shown(
    title: str, found: Comparison, verdict: str, carries: str, *, by_lot: bool = False, adjusted: str = ""
) -> Shown:
    rows = [[_("People"), grouped(found.done), grouped(found.alone)]]
    if found.risks:
        ours, others = found.risks
        rows.append([_("Risk before"), percent(ours.before), percent(others.before)])
        rows.append([_("Risk now, of those still scored"), percent(ours.now), percent(others.now)])
    if found.effect and may_show(found.effect):
        within = ngettext("Really left within %(count)d month", "Really left within %(count)d months", found.months)
        shares = (found.effect.left_done, found.effect.done), (found.effect.left_alone, found.effect.alone)
        rows.append([within % {"count": found.months}, *(_with_interval(share, people) for share, people in shares)])
    helped = bool(found.effect and found.effect.helped)
    hidden = found.done < FEWEST or found.alone < FEWEST
    sides = [_("Drawn"), _("Not drawn")] if by_lot else [_("With a talk or an action"), _("Without")]
    rows = [] if hidden else rows
    if rows and not found.risks:
        carries = " ".join([carries, _("Their risk before and now is not shown: too few are still scored.")]).strip()
    caption, columns = _("%(title)s: risk, and who left") % {"title": title}, [_("Compared"), *sides]
    return Shown(
        title=title,
        verdict=verdict,
        helped=helped,
        adjusted=_adjusted(found.effect, adjusted) if found.effect and adjusted else "",
        counted=_counted(found, by_lot=by_lot),
        carries=carries,
        caption=caption,
        columns=columns,
        rows=rows,
    )


def _adjusted(effect: Effect, how: str) -> str:
    """How the points were adjusted, and what they would be otherwise: the difference of the shares in the table."""
    if not may_show(effect):
        return how
    plain = _("Without that, the shares below differ by %(points)s points.")
    alone, done = (round(share * 100, 1) for share in (effect.left_alone, effect.left_done))  # as the table has them
    return f"{how} {plain % {'points': signed(alone - done, 1)}}"


def _counted(found: Comparison, *, by_lot: bool) -> str:
    """Which draws and people are counted, and how many wait until enough time has passed."""
    told = []
    if by_lot and found.draws:
        text = ngettext("Counted: %(count)s draw.", "Counted: %(count)s draws.", found.draws)
        told.append(text % {"count": grouped(found.draws)})
    if found.waiting:
        told.append(_waiting(found, by_lot=by_lot))
    return " ".join(told)


def _waiting(found: Comparison, *, by_lot: bool) -> str:
    people = _("fewer than five") if is_small(found.waiting) else grouped(found.waiting)
    if by_lot:
        text = ngettext(
            "%(draws)s draw with %(people)s people waits until it is %(months)s months old.",
            "%(draws)s draws with %(people)s people wait until they are %(months)s months old.",
            found.waiting_draws,
        )
        return text % {"draws": grouped(found.waiting_draws), "people": people, "months": found.months}
    text = _("Not counted yet: %(people)s people whose talk or action is less than %(months)s months old.")
    return text % {"people": people, "months": found.months}


def _with_interval(share: float, people: int) -> str:
    low, high = share_between(share, people)
    text = _("%(share)s (between %(low)s and %(high)s)")
    return text % {"share": percent(share), "low": percent(low), "high": percent(high)}


def may_show(effect: Effect) -> bool:
    """Whether neither side's departures, nor those who stayed, are so few that they must be hidden."""
    sides = {
        "done": (effect.done, round(effect.done * effect.left_done)),
        "alone": (effect.alone, round(effect.alone * effect.left_alone)),
    }
    whole, parts = suppressed_parts(sides)
    return not (whole or parts)


def _too_few(found: Comparison) -> str:
    text = _("Too few to say: it takes %(fewest)s people on each side, and %(months)s months since.")
    return text % {"fewest": FEWEST, "months": found.months}


def _helped(effect: Effect, who: str) -> str:
    text = _("%(who)s: by %(points)s points (between %(low)s and %(high)s).")
    return text % ({"who": who} | _ends(effect))


def _not_told(effect: Effect) -> str:
    text = _("No difference that chance would not make: %(points)s points (between %(low)s and %(high)s).")
    return text % _ends(effect)


def _ends(effect: Effect) -> dict[str, str]:
    names = {"points": effect.points, "low": effect.low, "high": effect.high}
    return {name: signed(value * 100, 1) for name, value in names.items()}


def balance(found: Evidence) -> dict[str, Any] | None:
    """How far the two sides differ before and after matching, in standard deviations."""
    if not found.balance:
        return None
    rows = [[_compared(name), decimal(before, 2), decimal(after, 2)] for name, (before, after) in found.balance.items()]
    worst_before, worst = (max(abs(pair[place]) for pair in found.balance.values()) for place in (0, 1))
    if worst <= BALANCED:
        verdict = _("The two sides are alike.")
    elif worst > worst_before:
        verdict = _("Matching has made the two sides less alike than everyone is: do not rely on this comparison.")
    else:
        verdict = _("The two sides still differ: read the comparison with care.")
    return {
        "columns": [_("Standardised difference"), _("naive"), _("after matching")],
        "rows": [*rows, [_("Job"), "–", _("the same")]],
        "verdict": verdict,
    }


def _compared(name: str) -> str:
    return _("Forecast risk") if name == FORECAST else _(schema.BY_NAME[name].label)
