"""The report in words: three sentences, how fair it is, how it is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable, Scope
from employees.disclosure import suppressed
from predictions.explanation import labelled_by_subject
from predictions.formats import grouped, horizon, percent
from predictions.ml.artifacts.card_format import Card
from predictions.models import ScoringRun
from predictions.pages.left_out import own_job
from predictions.pages.model import fairness_findings, out_of_time
from predictions.pages.teams.segment import value_label
from predictions.registry import card_of, promoted_model
from predictions.segments import cube as cubes
from predictions.segments.cube import OTHERS, UNKNOWN, Cube
from predictions.segments.forecast import expected_of
from predictions.segments.turnover import YEAR, Turnover
from predictions.selectors.group_counts import newest_counted

COLUMN = "poste"
FEW = 20  # people in a group that a sentence names


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its paragraphs."""

    title: str
    paragraphs: list[str]


def left_of(turnover: Turnover) -> int | None:
    """Those who left in the last year; None if they are too few to be counted."""
    left = turnover.left(YEAR)
    return None if suppressed({"": left}) else left


def sentences(
    run: ScoringRun, cube: Cube, turnover: Turnover | None, scope: Scope, readable: Readable
) -> Iterator[str]:
    whole = cube.whole
    if turnover and (left := left_of(turnover)) is not None:
        values = {
            "months": min(len(turnover.months), YEAR),
            "left": grouped(cube.counted(left)),
            "rate": percent(cube.rate(left, turnover.mean_people()) or 0),
        }
        text = _("In the last %(months)s months, %(left)s people left: a turnover of %(rate)s.")
        forecast = turnover.left_by_choice(YEAR)
        is_told = run.horizon_months and readable.reads(frozenset({"motif_sortie"}))
        if is_told and not suppressed({True: forecast, False: turnover.left(YEAR) - forecast}):
            text = _(
                "In the last %(months)s months, %(left)s people left, a turnover of %(rate)s: %(forecast)s of them by "
                "resignation or for an unknown reason, the departures that are forecast."
            )
            values["forecast"] = grouped(cube.counted(forecast))
        yield text % values
    expected, low, high = expected_of(run, whole)
    values = {
        "horizon": capfirst(horizon(run.horizon_months)),
        "expected": grouped(expected),
        "low": grouped(low),
        "high": grouped(high),
        "share": percent(expected / whole.people if whole.people else 0),
    }
    text = _(
        "%(horizon)s, %(expected)s departures are expected, between %(low)s and %(high)s: %(share)s of the people."
    )
    yield text % values
    yield from _where(run, cube, scope, readable)


def notes(run: ScoringRun, scope: Scope, *, is_rounded: bool) -> Iterator[str]:
    """What an expected departure is, and, to who sees everyone, how such a forecast held on later months."""
    if is_rounded:
        yield _(
            "Figures are rounded, people to fives and expected departures to whole numbers, so that no group can be "
            "found by subtraction."
        )
    if told := own_job(scope):
        yield told
    if not run.horizon_months:
        return
    yield _(
        "An expected departure is a resignation, or a departure whose reason is not known, somebody who vanished from "
        "the files included. Departures for another known reason, such as retirement, are not forecast."
    )
    if scope.sees_everyone and (test := card_of(run.model_version).get("out_of_time")):
        yield out_of_time.in_a_sentence(test)


def _where(run: ScoringRun, cube: Cube, scope: Scope, readable: Readable) -> Iterator[str]:
    """Where the share is highest, and what sets that group apart."""
    shown = [
        (value, sums)
        for (value,), sums in cube.table((COLUMN,), {}).items()
        if sums is not None and sums.people >= FEW and value not in (OTHERS, UNKNOWN)
    ]
    if len(shown) < 2:
        return
    shown.sort(key=lambda pair: -pair[1].mean)
    (most, highest), (least, lowest) = shown[0], shown[-1]
    everyone, own = cubes.contributions_of_each(run, scope, [{}, {COLUMN: most}])
    people = cube.exact({COLUMN: most}).people
    rest = cube.exact({}).people - people
    apart = {name: own[name] / people - (everyone[name] - own[name]) / rest for name in own}
    raising = [label for label, weight in labelled_by_subject(apart, readable) if weight > 0]
    values = {
        "most": value_label(COLUMN, most),
        "highest": percent(highest.mean),
        "least": value_label(COLUMN, least),
        "lowest": percent(lowest.mean),
        "why": get_text_list([label[:1].lower() + label[1:] for label in raising[:2]], _("and")),
    }
    if raising:
        yield (
            _(
                "By job, the share is highest for “%(most)s” (%(highest)s), set apart most by %(why)s, and lowest for "
                "“%(least)s” (%(lowest)s)."
            )
            % values
        )
    else:
        yield (
            _("By job, the share is highest for “%(most)s” (%(highest)s) and lowest for “%(least)s” (%(lowest)s).")
            % values
        )


def sections(run: ScoringRun, scope: Scope, *, is_rounded: bool) -> Iterator[Section]:
    card, off = cast(Card, card_of(run.model_version) or promoted_model().card), terms.columns_off()
    counted = run if run.group_counts is not None else newest_counted(run.model_version)
    groups = (
        fairness_findings.today(counted, off, is_rounded=is_rounded).groups
        if counted
        else fairness_findings.of_card(card, run.threshold, off)
    )
    found = fairness_findings.findings(groups, sees_rates=scope.sees_everyone)
    yield Section(
        _("Is it fair?"),
        [
            _(
                "The score uses neither sex, age nor family status. It is checked all the same how it treats each "
                "group."
            ),
            _("Compared among the people present in the whole company on %(date)s.")
            % {"date": date_format(counted.day)}
            if counted
            else _("Compared among the people that the model learned from."),
            *(
                _("%(label)s: %(value)s") % {"label": each.attribute, "value": " ".join(each.paragraphs[:1])}
                for each in found
            ),
        ],
    )
    method = [
        _(
            "The probability that someone present leaves %(horizon)s is learned from a history: who was present, what "
            "was known of them then, and who left."
        )
        % {"horizon": horizon(run.horizon_months)}
        if run.horizon_months
        else _(
            "The model in use is a classification without a horizon: its scores tell who resembles those who have "
            "left, not when anyone will leave."
        ),
    ]
    if run.horizon_months:
        method.append(
            _(
                "Expected departures are of the people who are there today: those of people to be hired are no part of "
                "it."
            )
        )
    if test := card["out_of_time"]:
        method.append(
            " ".join(
                [
                    _("It was tested on %(months)s months that it had not seen.") % {"months": test["months"]},
                    *out_of_time.verdicts(test, sees_counts=scope.sees_everyone),
                ]
            )
        )
    method += [
        _("The interval holds what chance and a short history leave open, not a year unlike those before."),
        _("A score is advice: people decide. It does not measure a person's worth."),
    ]
    yield Section(_("How it is made"), method)
