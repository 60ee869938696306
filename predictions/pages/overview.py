"""Today: the people to see first and what would help them, the figures, what waits for an answer, what has changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import Readable, Scope, figures_of, may_answer, may_follow, readable_to, scope_of
from employees.disclosure import is_small, shown_count, suppressed
from employees.workforce import clarifying
from features import schema
from predictions import bands, levers
from predictions.accounts import purpose
from predictions.decisions.threshold_decisions import InForce
from predictions.followup.models import Case
from predictions.followup.selectors import drawn, due_of, in_no_draw, set_aside
from predictions.formats import grouped, horizon, percent, signed
from predictions.ml.artifacts.store import ArtifactError
from predictions.models import ScoringRun
from predictions.pages import charts, tour
from predictions.pages.imports.import_page import may_import
from predictions.pages.left_out import left_out
from predictions.pages.model import out_of_time
from predictions.pages.people.list_form import address, label
from predictions.pages.people.risk_list import RiskRow, is_comparable, rows_of
from predictions.pages.runs_compared import other_model, threshold_in_words
from predictions.registry import card_of, current_model, promoted_model
from predictions.rights.selectors import open_within
from predictions.selectors import departures, drift_check, figures, ranking, runs
from predictions.selectors.compared_runs import compared
from predictions.selectors.figures import BINS, Figures
from technova.web.requests import Request

FIRST = 6  # people to see first
RUNS = 12  # of the trend
DRIVERS = 8
PARTS = 20  # departments or jobs of a breakdown; the list has the others


@dataclass(frozen=True, slots=True)
class FigureCard:
    """A figure, the list that it counts and how it changed since the run before; see ``partials/card.html``."""

    label: str
    value: str
    href: str
    hint: str
    delta: str = ""
    delta_tone: str = ""
    spark: str = ""  # the last months, as the path of a line


@dataclass(frozen=True, slots=True)
class Part:
    """A department's or a job's people; no link where several are merged."""

    label: str
    figures: Figures
    band: bands.Band
    href: str
    over_href: str


@dataclass(frozen=True, slots=True)
class First:
    """Somebody to see first: a line of the list, and the step that would lower the risk most."""

    row: RiskRow
    lever: levers.Lever | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many people or things a line is about, and where they are."""

    label: str
    number: int
    href: str


@require_safe
def overview(request: Request) -> HttpResponse:
    """An account that reads figures alone gets those of the whole company and the risk by group: no list, no person."""
    scope = scope_of(request.user)
    is_audit = scope.is_empty
    if is_audit:
        scope, _readable = figures_of(request.user)
    run, before = runs.latest_two()
    context: dict[str, Any] = {"run": run, "tour": tour.steps(request), "is_audit": is_audit}
    context["is_tour_asked"] = "tour" in request.GET
    groups = figures.current_groups(run, scope) if run else ()
    if run and groups:
        context["other_model"] = other_model(run, request.user)
        context |= _breakdowns(groups, run.threshold, is_listed=not is_audit)
        context |= {"cards": _cards_of_company(run, groups)} if is_audit else _figures(request, run, before, groups)
    people = context.get("people", ())
    what = journal.What.LIST if people else journal.What.FIGURES
    journal.record_rows(what, [each.row.prediction.employee_id for each in people], user=request.user)
    return render(request, "overview/overview.html", context)


def _figures(
    request: Request, run: ScoringRun, before: ScoringRun | None, groups: Sequence[figures.AnyGroup]
) -> dict[str, Any]:
    scope, readable = scope_of(request.user), readable_to(request.user)
    now, months = figures.total(groups), figures.trend(scope, RUNS)
    over = ranking.narrowed(run, scope, ranking.Narrowing(band=ranking.OVER)).filter(~set_aside())
    names_closed = purpose.is_missing(request)
    stop = 0 if names_closed else FIRST

    def page(rows: QuerySet, stop: int) -> list:
        return ranking.page_of(rows, before, stop=stop, scope=scope, readable=readable, user=request.user)

    has_lottery = stop > 0 and run.talks is not None
    if has_lottery:  # those drawn first, and none of those who were not
        found = page(over.filter(employee__in=drawn(run, scope, readable).order_by().values("employee")), stop)
        chosen = [each.pk for each in found]
        found += page(in_no_draw(over.exclude(pk__in=chosen), run), stop - len(found))
    else:
        found = page(over, stop)
    first = rows_of(found, run, before, readable)
    left = departures.by_month(scope, until=run.day, since=before.day if before else None)
    return {
        "beside_last_year": _beside_last_year(run, now),
        "before": before,
        "expected": InForce.of(run),
        "names_closed": names_closed,
        "has_lottery": has_lottery,
        "people": [First(row, lever) for row, lever in zip(first, _best_levers(first, readable), strict=True)],
        "cards": _cards(run, now, before, months, left, scope),
        "waiting": _waiting(request, run, now, scope),
        "changes": _changes(run, before, scope, left),
        "threshold_moved": threshold_in_words(before, run) if before else "",
        "first_href": address({}, band=ranking.OVER),
        "distribution": _distribution(now, run.threshold),
        "levels": [(band, now.in_band(band.slug), address({}, band=band.slug)) for band in bands.BANDS[::-1]],
        "drivers": _drivers(now) if readable.reads_everything else None,  # counted as HR reads the reasons
        "trend": _trend(months),
    }


def _best_levers(rows: Sequence[RiskRow], readable: Readable) -> list[levers.Lever | None]:
    try:
        model = current_model()
    except ArtifactError:
        return [None] * len(rows)
    found = (levers.levers(row.prediction.values(), model, readable) for row in rows)
    return [next(iter(best), None) for best in found]


def _waiting(request: Request, run: ScoringRun, now: Figures, scope: Scope) -> list[Count]:
    """What waits for this account: its cases, and answers. One query at most."""
    found = []
    due = due_of(request.user, timezone.localdate())
    if may_answer(request.user):
        unseen = Case.objects.visible_to(request.user).unseen()
        waiting = clarifying.waiting(scope, due=due, unseen=unseen, requests=open_within(scope))
        request.count_absent = waiting.absent  # type: ignore[attr-defined]  # for the menu
        found.append(_cases_due(waiting.others["due"]))
        found.append(_cases_unseen(waiting.others["unseen"]))
        found.append(_requests_open(waiting.others["requests"]))
        found.append(Count(_("absent from the newest extract"), waiting.absent, reverse("clarify")))
        if not run.is_outdated:
            unscored = waiting.present - now.people
            found.append(Count(_("present and not scored"), unscored, reverse("clarify_unscored")))
        if may_import(request.user):
            found.append(_imports(waiting.imports))
    elif may_follow(request.user):
        found.append(_cases_due(due.count()))
    return [each for each in found if each.number > 0]


def _cases_due(number: int) -> Count:
    label = ngettext("case due within a week, or overdue", "cases due within a week, or overdue", number)
    return Count(label, number, reverse("cases"))


def _imports(number: int) -> Count:
    label = ngettext("import with a question or a stop", "imports with a question or a stop", number)
    return Count(label, number, reverse("import"))


def _cases_unseen(number: int) -> Count:
    label = ngettext("case that its responsible does not see", "cases that their responsible does not see", number)
    return Count(label, number, f"{reverse('cases')}?view=open&unseen=on")


def _requests_open(number: int) -> Count:
    label = ngettext("person asks something about their data", "people ask something about their data", number)
    return Count(label, number, reverse("requests"))


def _changes(run: ScoringRun, before: ScoringRun | None, scope: Scope, left: departures.Months) -> list[Count] | None:
    """Who moved since the run before; None where the two runs cannot be compared. One query over both."""
    if before is None or not is_comparable(run, before):
        return None
    found = compared(run, before, scope).counts
    words = {
        ranking.Change.NEWLY_OVER: _("newly over the threshold"),
        ranking.Change.UNDER_AGAIN: _("back under it"),
        ranking.Change.JOINED: _("arrived, at any risk"),
    }
    counts = [Count(label, found[change], address({}, change=change)) for change, label in words.items()]
    since = f"{reverse('departures')}?{urlencode({'since': str(before.day + timedelta(days=1))})}"
    return [*counts, Count(_("left the company"), left.since, since)]


def _breakdowns(groups: Sequence[figures.AnyGroup], threshold: float, *, is_listed: bool) -> dict[str, dict]:
    def breakdown(title: str, attribute: str, word: str) -> dict:
        return _breakdown(title, groups, attribute, word, threshold, is_listed=is_listed)

    return {
        "by_department": breakdown(_("Risk by department"), "departement", "department"),
        "by_job": breakdown(_("Risk by job"), "poste", "job"),
    }


def _cards(
    run: ScoringRun,
    now: Figures,
    before: ScoringRun | None,
    months: Sequence[dict],
    left: departures.Months,
    scope: Scope,
    *,
    sees_people: bool = True,
) -> list[FigureCard]:
    """Rounded for who sees no people. A query of those left out, and one more where the threshold has moved since the
    run before."""
    shown = now if sees_people else now.rounded()
    counted: Callable[[int], int] = partial(shown_count, is_rounded=not sees_people)
    then = next((month for month in months if before and month["run"] == before.pk), None)
    over_then = then["above"] if then else None
    if before and then and is_comparable(run, before) and run.threshold_against(before) != before.threshold:
        over_then = figures.people_of(before, scope).filter(probability__gte=run.threshold).count()

    def change(value: float, old: float | None, *, decimals: int = 0, is_risk: bool = True) -> dict[str, str]:
        """The change in words and whether it is for the worse, or why there is none; empty before the second run."""
        if before is None or old is None:
            return {}
        if run.model_version != before.model_version:
            return {"delta": _("By another model on %(date)s") % {"date": date_format(before.day)}}
        difference = round(value - old, decimals)
        tone = ("worse" if difference > 0 else "better") if is_risk and difference else ""
        since = date_format(before.day)
        text = _("%(change)s since %(date)s") % {"change": signed(difference, decimals), "date": since}
        return {"delta": text if difference else _("Unchanged since %(date)s") % {"date": since}, "delta_tone": tone}

    mean = {"mean": percent(shown.mean_probability)}
    others = left_out(run, scope, sees_people=sees_people)
    shares = {"share": percent(shown.above_threshold / (shown.people or 1)), "threshold": percent(run.threshold)}
    return [
        FigureCard(
            _("People scored"),
            grouped(shown.people),
            address({}),
            " · ".join(filter(None, [_("Their mean risk is %(mean)s") % mean, others])),
            **change(now.people, then["people"] if then else None, is_risk=False),
            spark=sparkline([month["people"] for month in months]),
        ),
        FigureCard(
            _("Over the threshold"),
            grouped(shown.above_threshold),
            address({}, band=ranking.OVER),
            _("%(share)s of the people; the threshold is %(threshold)s") % shares,
            **change(now.above_threshold, over_then),
            spark=sparkline([month["above"] for month in months]),
        ),
        FigureCard(
            _("Expected departures, %(horizon)s") % {"horizon": horizon(run.horizon_months)},
            grouped(now.expected_departures),
            address({}),
            _expected_hint(run, now, decimals=1 if sees_people else 0),
            **change(now.expected_departures, then["expected"] if then else None, decimals=1),
            spark=sparkline([month["expected"] for month in months]),
        ),
        FigureCard(
            _("Left in 12 months"),
            grouped(counted(sum(left.people))),
            f"{reverse('departures')}?{urlencode({'since': str(left.first), 'until': str(run.day)})}",
            _left_hint(run, left, counted),
            spark=sparkline(left.people),
        ),
    ]


def _cards_of_company(run: ScoringRun, groups: Sequence[figures.AnyGroup]) -> list[FigureCard]:
    """The cards for accounts that read figures alone: rounded, without a way to a list, without the months, whose
    differences are of few people, and without a figure of fewer than five. One query."""
    now = figures.counts(groups)
    left = departures.by_month(Scope.EVERYONE, until=run.day)
    cards = _cards(run, now, None, [], left, Scope.EVERYONE, sees_people=False)
    parts = suppressed({True: now.above_threshold, False: now.people - now.above_threshold})
    is_none_shown = is_small(now.people)
    hidden = [is_none_shown, is_none_shown or True in parts, is_none_shown, is_small(sum(left.people))]
    nothing = {"value": _("not shown"), "hint": ""}
    return [
        replace(card, href="", spark="", **(nothing if is_hidden else {}))
        for card, is_hidden in zip(cards, hidden, strict=True)
    ]


SPARK = (100, 24)  # the drawing of a sparkline


def sparkline(values: Sequence[float]) -> str:
    """The path of a line through some values from 0 to the highest; empty for fewer than two."""
    if len(values) < 2:
        return ""
    width, height = SPARK
    step, scale = width / (len(values) - 1), (height - 2) / (max(values) or 1)
    ends = [f"{place * step:.2f} {height - 1 - value * scale:.2f}" for place, value in enumerate(values)]
    return f"M{' L'.join(ends)}"


def _expected_hint(run: ScoringRun, now: Figures, *, decimals: int = 1) -> str:
    """The interval of the departures if the figures cover the whole run, or where it is, or why there is none."""
    total = {"sum": grouped(now.expected_departures, decimals)}
    if now.people != run.employee_count and run.horizon_months:
        if is_small(now.people):
            return _("No interval: of fewer than five people it would tell single ones")
        return _("The sum of everyone's probabilities, %(sum)s; its interval is in the report") % total
    if run.expected_low is None or run.expected_high is None or now.people != run.employee_count:
        return _("The sum of everyone's probabilities, %(sum)s") % total
    ends = {"low": grouped(run.expected_low), "high": grouped(run.expected_high)}
    return _("Of those present, between %(low)s and %(high)s, with 95%% confidence") % ends


def _left_hint(run: ScoringRun, left: departures.Months, counted: Callable[[int], int] = int) -> str:
    """Until when they left, and how many of them in the way that is forecast, where that tells no single ones."""
    everyone, forecast = sum(left.people), left.forecast
    until = {"date": date_format(run.day, "SHORT_DATE_FORMAT")}
    if not run.horizon_months or is_small(forecast) or is_small(everyone - forecast):
        return _("Really, until %(date)s, for any reason") % until
    text = _("Really, until %(date)s, for any reason; as forecast, by resignation or for an unknown reason: %(people)s")
    return text % {**until, "people": grouped(counted(forecast))}


def _beside_last_year(run: ScoringRun, now: Figures) -> str:
    """The departures expected beside those of the people of a year ago and the model's test on later months, in words.

    Empty for figures of a part of the run, while everyone is to be scored again, and for a model without a horizon. One
    query.
    """
    if run.is_outdated or now.people != run.employee_count or not run.horizon_months:
        return ""
    text = _("The departures expected are those of the %(people)s people present alone: nobody to be hired is counted.")
    told = [text % {"people": grouped(now.people)}]
    check = drift_check.newest(promoted_model())
    followed = drift_check.read(check).newest if check else []
    year = next((each for each in followed if each.months == run.horizon_months), None)
    if year and not is_small(year.left):
        text = _(
            "Of the %(people)s present on %(date)s, %(left)s resigned or left for an unknown reason within %(months)s "
            "months."
        )
        counts = {"people": grouped(year.people), "left": grouped(year.left), "months": year.months}
        told.append(text % {"date": date_format(year.day), **counts})
    if test := card_of(run.model_version).get("out_of_time"):
        told.append(out_of_time.in_a_sentence(test))
    return " ".join(told)


def _breakdown(
    title: str, groups: Sequence[figures.AnyGroup], attribute: str, word: str, threshold: float, *, is_listed: bool
) -> dict:
    """The riskiest groups by department or job; suppressed ones as a single group, unless that is everyone.

    All groups, with rounded figures, if there is no list of the others.
    """
    members = figures.split(groups, attribute)
    totals = {value: figures.counts(of_value) for value, of_value in members.items()}
    hidden = suppressed({value: total.people for value, total in totals.items()})
    labels = {value: label(attribute, value) for value in totals.keys() - hidden}
    if not is_listed:
        totals = {value: total.rounded() for value, total in totals.items()}
    riskiest = sorted(labels, key=lambda value: (-totals[value].mean_probability, labels[value]))
    parts = []
    shown = riskiest[:PARTS] if is_listed else riskiest
    for value in shown:
        hrefs = (address({}, **{word: value}), address({}, **{word: value, "band": ranking.OVER})) if is_listed else ()
        parts.append(_part(labels[value], totals[value], threshold, *hrefs))
    if hidden and parts:
        merged = figures.counts(group for value in hidden for group in members[value])
        merged = merged if is_listed else merged.rounded()
        parts.append(_part(_("Smaller groups together"), merged, threshold))
    more = len(riskiest) - len(shown)
    return {"title": title, "parts": parts, "more": more, "href": address({}, sort=word), "is_listed": is_listed}


def _part(name: str, total: Figures, threshold: float, href: str = "", over_href: str = "") -> Part:
    return Part(name, total, bands.band_of(total.mean_probability, threshold), href, over_href)


def _distribution(now: Figures, threshold: float) -> charts.Chart:
    bars = []
    for place in range(BINS):
        segments = [
            charts.Segment(now.histogram[band.slug][place], grouped(now.histogram[band.slug][place]), band.slug)
            for band in bands.BANDS
        ]
        ends = {"low": percent(place / BINS, 0), "high": percent((place + 1) / BINS, 0)}
        bars.append(charts.Bar(_("%(low)s to %(high)s") % ends, segments))
    names = [str(band.label) for band in bands.BANDS]
    return charts.columns(
        title=_("How the risk is spread"),
        caption=_("People by probability of leaving."),
        columns=[_("Probability"), *names],
        names=names,
        bars=bars,
        axis=grouped,
        ticks=[(place, percent(place / BINS, 0)) for place in range(0, BINS + 1, BINS // 5)],
        x_title=_("Probability of leaving"),
        line=(threshold * BINS, _("Threshold")),
    )


def _drivers(now: Figures) -> charts.Chart | None:
    """The reasons that raise the risk of most people."""
    hidden = suppressed(now.reasons)
    shown = [(name, people) for name, people in now.reasons.items() if name not in hidden]
    heaviest = sorted(shown, key=lambda item: -item[1])
    bars = [
        charts.Bar(
            _(schema.BY_NAME[name].label),
            [charts.Segment(people, grouped(people), "raising", address({}, reason=name))],
            cells=[percent(people / now.people)],
        )
        for name, people in heaviest[:DRIVERS]
    ]
    if not bars:
        return None
    return charts.rows(
        title=_("What weighs most"),
        caption=_("People for whom it is one of the two strongest reasons."),
        columns=[_("Reason"), _("People"), _("Share")],
        bars=bars,
    )


def _trend(rows: Sequence[dict]) -> charts.Chart | None:
    """The last runs; None until there are two to compare."""
    if len(rows) < 2:
        return None
    days = [row["day"] for row in rows]
    times = [date_format(day, "SHORT_DATE_FORMAT") for day in days]
    caption = [_("The days that were scored, with the people who were in the departments then.")]
    for place, (before, row) in enumerate(pairwise(rows), start=1):
        day = {"date": date_format(row["day"])}
        if row["model_version"] != before["model_version"]:
            times[place] = _("%(time)s, another model") % {"time": times[place]}
            caption.append(_("From %(date)s on, by another model.") % day)
        if row["threshold"] != before["threshold"]:
            if row["model_version"] == before["model_version"]:
                times[place] = _("%(time)s, another threshold") % {"time": times[place]}
            text = _("From %(date)s on, counted at a threshold of %(now)s instead of %(then)s.")
            caption.append(text % {**day, "now": percent(row["threshold"]), "then": percent(before["threshold"])})

    def curve(name: str, figure: str, decimals: int) -> charts.Line:
        points = [
            charts.Point(place, row[figure], times[place], grouped(row[figure], decimals))
            for place, row in enumerate(rows)
        ]
        return charts.Line(name, points)

    shown = sorted({0, len(rows) // 2, len(rows) - 1})
    return charts.curves(
        title=_("Trend"),
        caption=" ".join(caption),
        columns=[_("As of")],
        curves=[curve(_("Over the threshold"), "above", 0), curve(_("Expected departures"), "expected", 1)],
        x_axis=str,
        y_axis=grouped,
        ticks=[(place, date_format(days[place], "SHORT_DATE_FORMAT")) for place in shown],
    )
