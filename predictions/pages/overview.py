"""Today: the people to see first and what would help them, the figures, what waits for an answer, what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees.access import Readable, Scope, figures_of, may_answer, may_follow, readable_to, scope_of
from employees.disclosure import is_small, suppressed
from employees.workforce import clarifying
from features import schema
from predictions import bands, levers
from predictions.followup.selectors import due_of, set_aside
from predictions.formats import grouped, horizon, percent, signed
from predictions.ml.artifacts.store import ArtifactError
from predictions.models import ScoringRun
from predictions.pages import charts
from predictions.pages.imports.import_page import may_import
from predictions.pages.people.risk_list import RiskRow, address, is_comparable, label, rows_of
from predictions.registry import card_of, current_model, promoted_model
from predictions.selectors import departures, drift_check, figures, ranking, runs
from predictions.selectors.figures import BINS, Figures

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
def overview(request: HttpRequest) -> HttpResponse:
    """An auditor gets only the risk by group: the counts of a list are for accounts that may read the list."""
    scope = scope_of(request.user)
    is_audit = scope.is_empty
    if is_audit:
        scope, _readable = figures_of(request.user)
    run, before = runs.latest_two()
    context: dict[str, Any] = {"run": run}
    groups = figures.current_groups(run, scope) if run else ()
    if run and groups:
        context |= _breakdowns(groups, run.threshold, is_listed=not is_audit)
        if not is_audit:
            context |= _figures(request, run, before, groups)
    return render(request, "overview/overview.html", context)


def _figures(
    request: HttpRequest, run: ScoringRun, before: ScoringRun | None, groups: Sequence[figures.AnyGroup]
) -> dict[str, Any]:
    scope, readable = scope_of(request.user), readable_to(request.user)
    now, months = figures.total(groups), figures.trend(scope, RUNS)
    over = ranking.narrowed(run, scope, ranking.Narrowing(band=ranking.OVER)).filter(~set_aside())
    first = rows_of(ranking.page_of(over, before, stop=FIRST, readable=readable), before, readable)
    left = departures.by_month(scope, until=run.day, since=before.day if before else None)
    return {
        "beside_last_year": _beside_last_year(run, now),
        "before": before,
        "people": [First(row, lever) for row, lever in zip(first, _best_levers(first, readable), strict=True)],
        "cards": _cards(run, now, before, months, left),
        "waiting": _waiting(request, run, now, scope),
        "changes": _changes(run, before, scope, left),
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


def _waiting(request: HttpRequest, run: ScoringRun, now: Figures, scope: Scope) -> list[Count]:
    """What waits for this account: its cases, and answers. One query at most."""
    found = []
    due = due_of(request.user, timezone.localdate())
    if may_answer(request.user):
        waiting = clarifying.waiting(scope, due)
        request.count_absent = waiting.absent  # type: ignore[attr-defined]  # for the menu
        found.append(Count(_("cases due within a week, or overdue"), waiting.others, reverse("cases")))
        found.append(Count(_("absent from the newest extract"), waiting.absent, reverse("clarify")))
        if not run.is_outdated:
            unscored = waiting.present - now.people
            found.append(Count(_("present and not scored"), unscored, reverse("clarify_unscored")))
        if may_import(request.user):
            found.append(Count(_("imports with a question or a stop"), waiting.imports, reverse("import")))
    elif may_follow(request.user):
        found.append(Count(_("cases due within a week, or overdue"), due.count(), reverse("cases")))
    return [each for each in found if each.number > 0]


def _changes(run: ScoringRun, before: ScoringRun | None, scope: Scope, left: departures.Months) -> list[Count] | None:
    """Who moved since the run before; None where the two runs cannot be compared. One query over both."""
    if before is None or not is_comparable(run, before):
        return None
    found = ranking.changes(run, before, scope)
    words = {
        ranking.Change.NEWLY_OVER: _("newly over the threshold"),
        ranking.Change.UNDER_AGAIN: _("back under it"),
        ranking.Change.JOINED: _("arrived"),
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
    run: ScoringRun, now: Figures, before: ScoringRun | None, months: Sequence[dict], left: departures.Months
) -> list[FigureCard]:
    then = next((month for month in months if before and month["run"] == before.pk), None)

    def change(
        value: float, old: float | None, *, decimals: int = 0, is_risk: bool = True, is_by_threshold: bool = False
    ) -> dict[str, str]:
        """The change in words and whether it is for the worse, or why there is none; empty before the second run."""
        if before is None or old is None:
            return {}
        if run.model_version != before.model_version:
            return {"delta": _("Another model since %(date)s") % {"date": date_format(run.day)}}
        if is_by_threshold and run.threshold != before.threshold:
            return {"delta": _("Another threshold since %(date)s") % {"date": date_format(run.day)}}
        difference = round(value - old, decimals)
        tone = ("worse" if difference > 0 else "better") if is_risk and difference else ""
        since = date_format(before.day)
        text = _("%(change)s since %(date)s") % {"change": signed(difference, decimals), "date": since}
        return {"delta": text if difference else _("Unchanged since %(date)s") % {"date": since}, "delta_tone": tone}

    shares = {"share": percent(now.above_threshold / now.people), "threshold": percent(run.threshold)}
    return [
        FigureCard(
            _("People scored"),
            grouped(now.people),
            address({}),
            _("Their mean risk is %(mean)s") % {"mean": percent(now.mean_probability)},
            **change(now.people, then["people"] if then else None, is_risk=False),
            spark=sparkline([month["people"] for month in months]),
        ),
        FigureCard(
            _("Over the threshold"),
            grouped(now.above_threshold),
            address({}, band=ranking.OVER),
            _("%(share)s of the people; the threshold is %(threshold)s") % shares,
            **change(now.above_threshold, then["above"] if then else None, is_by_threshold=True),
            spark=sparkline([month["above"] for month in months]),
        ),
        FigureCard(
            _("Expected departures, %(horizon)s") % {"horizon": horizon(run.horizon_months)},
            grouped(now.expected_departures),
            address({}),
            _expected_hint(run, now),
            **change(now.expected_departures, then["expected"] if then else None, decimals=1),
            spark=sparkline([month["expected"] for month in months]),
        ),
        FigureCard(
            _("Left in 12 months"),
            grouped(sum(left.people)),
            f"{reverse('departures')}?{urlencode({'since': str(left.first), 'until': str(run.day)})}",
            _("Really, until %(date)s, for any reason") % {"date": date_format(run.day, "SHORT_DATE_FORMAT")},
            spark=sparkline(left.people),
        ),
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


def _expected_hint(run: ScoringRun, now: Figures) -> str:
    """The interval of the departures, if the figures cover the whole run."""
    if run.expected_low is None or run.expected_high is None or now.people != run.employee_count:
        return _("The sum of everyone's probabilities, %(sum)s") % {"sum": grouped(now.expected_departures, 1)}
    ends = {"low": grouped(run.expected_low), "high": grouped(run.expected_high)}
    return _("Of those present, between %(low)s and %(high)s, with 95%% confidence") % ends


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
        text = _("Of the %(people)s present on %(date)s, %(left)s left within %(months)s months.")
        counts = {"people": grouped(year.people), "left": grouped(year.left), "months": year.months}
        told.append(text % {"date": date_format(year.day), **counts})
    if test := card_of(run.model_version).get("out_of_time"):
        if test["departures"] > test["expected"]:
            text = _(
                "Tested on later months, the model expected %(expected)s (%(low)s to %(high)s) and %(departures)s "
                "left: rather more may leave than expected."
            )
        else:
            text = _(
                "Tested on later months, the model expected %(expected)s (%(low)s to %(high)s) and %(departures)s "
                "left: rather fewer may leave than expected."
            )
        told.append(text % {name: grouped(test[name]) for name in ("expected", "low", "high", "departures")})
    return " ".join(told)


def _breakdown(
    title: str, groups: Sequence[figures.AnyGroup], attribute: str, word: str, threshold: float, *, is_listed: bool
) -> dict:
    """The riskiest groups by department or job; suppressed ones as a single group, unless that is everyone.

    All groups if there is no list of the others.
    """
    members = figures.split(groups, attribute)
    totals = {value: figures.counts(of_value) for value, of_value in members.items()}
    hidden = suppressed({value: total.people for value, total in totals.items()})
    labels = {value: label(attribute, value) for value in totals.keys() - hidden}
    riskiest = sorted(labels, key=lambda value: (-totals[value].mean_probability, labels[value]))
    parts = []
    shown = riskiest[:PARTS] if is_listed else riskiest
    for value in shown:
        hrefs = (address({}, **{word: value}), address({}, **{word: value, "band": ranking.OVER})) if is_listed else ()
        parts.append(_part(labels[value], totals[value], threshold, *hrefs))
    if hidden and parts:
        merged = figures.counts(group for value in hidden for group in members[value])
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
            caption.append(_("Another model since %(date)s.") % day)
        elif row["threshold"] != before["threshold"]:
            times[place] = _("%(time)s, another threshold") % {"time": times[place]}
            caption.append(_("Another threshold since %(date)s.") % day)

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
