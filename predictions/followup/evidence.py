"""The people of the cases and draws, and who of them left: what ``effect`` compares."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

import numpy as np
from django.db.models import Q
from django.utils.timezone import localdate

from employees.access import Scope
from employees.models import EmployeeState, Presence
from employees.workforce.spells import ends
from predictions.followup import effect
from predictions.followup.effect import Effect, People
from predictions.followup.models import Case, DrawnPerson
from predictions.ml.assessment.outcomes import HORIZONS
from predictions.ml.periods import months_before
from predictions.models import Prediction, ScoringRun
from predictions.selectors.person_periods import VOLUNTARY

COMPARED = ("annees_dans_l_entreprise", "niveau_hierarchique_poste", "heures_supplementaires")  # beside the forecast
OVERTIME = COMPARED.index("heures_supplementaires")  # shared by pairs, as the job is
FORECAST = "forecast"
_SCORE = (
    "employee",
    "run",
    "run__as_of",
    "probability",
    "features__poste",
    *(f"features__{name}" for name in COMPARED),
)


class Scored(NamedTuple):
    """Somebody over the threshold at a run; ``values`` are those of ``COMPARED``."""

    employee: int
    run: int
    day: date
    forecast: float
    job: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """The ends of somebody's spells, and whether it was by choice, as far as is known."""

    days: tuple[tuple[date, bool], ...] = ()

    def was_gone(self, since: date, day: date) -> bool:
        """Whether a spell ended after one day and by another."""
        return any(since < end <= day for end, _by_choice in self.days)

    def left(self, since: date, until: date) -> bool:
        return any(since < end <= until and by_choice for end, by_choice in self.days)

    def first_after(self, day: date) -> date | None:
        return min((end for end, _by_choice in self.days if end > day), default=None)


STAYED = Gone()


@dataclass(frozen=True, slots=True)
class Risks:
    """The mean risk of one side before and now, of those still scored."""

    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One effect, within how many months; None if there are too few, with how many there are.

    ``risks`` are those of the two sides, where enough people of both are still scored. ``waiting`` people are not
    counted yet, since less time has passed for them; by lot they are of ``waiting_draws``, and ``draws`` are counted.
    """

    months: int
    effect: Effect | None
    done: int
    alone: int
    risks: tuple[Risks, Risks] | None
    waiting: int = 0
    draws: int = 0
    waiting_draws: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be said of some people; ``acted`` is how many had a talk or an action.

    ``balance`` holds standardised mean differences before and after matching.
    """

    acted: int
    naive: Comparison
    matched: Comparison
    lottery: Comparison
    balance: Mapping[str, tuple[float, float]]


def evidence(scope: Scope, newest: ScoringRun) -> Evidence:
    """The evidence of a scope up to the newest run. Five queries; two read everyone who was over the threshold at the
    runs by which cases were opened, then and now."""
    rows = Case.objects.within(scope).order_by("acted_on", "pk")
    score = (f"prediction__{name}" for name in _SCORE[1:])
    values = rows.values_list("employee", *score, "prediction__predicted_class", "opened_at", "acted_on")
    done: dict[int, tuple[Scored, date]] = {}
    acted: set[int] = set()
    opened: dict[int, date] = {}
    for employee, *of_score, is_over, opened_at, acted_on in values:
        day = localdate(opened_at)
        opened[employee] = min(day, opened.get(employee, day))
        if acted_on:
            acted.add(employee)
        if acted_on and is_over and employee not in done:
            found = _scored((employee, *of_score))
            done[employee] = found, max(acted_on, found.day)
    at_runs = {found.run for found, _day in done.values()}
    over = list(_over(at_runs, scope))
    drawn = list(_drawn(scope))
    gone = _gone({each.employee for each in over} | done.keys() | {each.employee for each in drawn})
    now = _now(newest, at_runs)
    pool = [each for each in over if each.employee not in done or done[each.employee][1] > each.day]
    matched, pairs = _matched(done, pool, opened, gone, newest.day, now)
    return Evidence(
        len(acted),
        _naive(done, pool, opened, gone, newest.day, now),
        matched,
        _lottery(drawn, gone, newest.day, now),
        _balance([found for found, _day in done.values()], pool, pairs),
    )


def evidence_by_lot(scope: Scope, newest: ScoringRun) -> Comparison:
    """What the lottery alone tells, without the risks. Two queries."""
    lots = list(_drawn(scope))
    return _lottery(lots, _gone({each.employee for each in lots}), newest.day, {})


def _scored(row: Sequence) -> Scored:
    employee, run, day, forecast, job, *values = row
    known = tuple(np.nan if value is None else float(value) for value in values)
    return Scored(employee, run, day or date.min, forecast, job or "", known)


def _over(runs: Iterable[int], scope: Scope) -> Iterator[Scored]:
    """Everyone who was over the threshold at these runs."""
    if runs := set(runs):
        rows = Prediction.objects.filter(run__in=runs, predicted_class=True).within(scope).within_then(scope)
        yield from map(_scored, rows.order_by("run__as_of", "pk").values_list(*_SCORE).iterator(chunk_size=10_000))


class Lot(NamedTuple):
    employee: int
    draw: int
    day: date
    forecast: float
    is_drawn: bool


def _drawn(scope: Scope) -> Iterator[Lot]:
    rows = scope.narrow_recorded(scope.narrow(DrawnPerson.objects.all()), "departement")
    names = ("employee", "draw", "draw__as_of", "probability", "is_drawn")
    return map(Lot._make, rows.order_by("pk").values_list(*names))


def _gone(employees: set[int]) -> dict[int, Gone]:
    """Of those of some people who have ever not been there. One query, none for nobody."""
    if not employees:
        return {}
    not_there = EmployeeState.objects.exclude(presence=Presence.PRESENT).values("employee")
    states = EmployeeState.objects.filter(employee__in=not_there).order_by("employee_id", "as_of")
    names = ("employee_id", "as_of", "presence", "left_after", "left_by", "left_because")
    rows = states.values_list(*names, named=True).iterator(chunk_size=10_000)
    return {
        employee: Gone(tuple((end.day, end.because in VOLUNTARY) for end in ends(of_one)))
        for employee, of_one in groupby(rows, key=lambda row: row.employee_id)
        if employee in employees
    }


def _after(day: date, months: int) -> date:
    return months_before(day, -months)


def _most_told(people: Mapping[int, int]) -> int:
    """Of some times in months, with the people of the smaller side, the one that tells the most.

    That is the one with the most people times months, which lets the most departures be expected; of equal ones the
    longest, and the shortest where no time has enough people. Who left has no say in it.
    """
    enough = [months for months, number in people.items() if number >= effect.FEWEST]
    return max(enough, key=lambda months: (people[months] * months, months), default=min(people))


def _matched(done, pool, opened, gone, newest: date, now) -> tuple[Comparison, list[tuple[Scored, list[Scored]]]]:
    others = _people(pool, [_alone_until(each, opened, gone) for each in pool])
    found_within = {}
    for months in HORIZONS:
        sides = [
            (found, day)
            for found, day in done.values()
            if _after(day, months) <= newest and not gone.get(found.employee, STAYED).was_gone(found.day, day)
        ]
        of_sides = _people([found for found, _day in sides], [day.toordinal() for _found, day in sides])
        found_within[months] = sides, _once(effect.match(of_sides, others), sides, pool)
    months = _most_told({each: len(places) for each, (_sides, places) in found_within.items()})
    sides, places = found_within[months]
    pairs = [(sides[place][0], [pool[each] for each in beside]) for place, beside in places]
    days = [sides[place][1] for place, _beside in places]

    def left(each: Scored, since: date) -> bool:
        return gone.get(each.employee, STAYED).left(since, _after(since, months))

    found = effect.matched(
        places,
        done=np.array([left(one, day) for (one, _others), day in zip(pairs, days, strict=True)], dtype=float),
        alone=[np.array([left(each, day) for each in others]) for (_one, others), day in zip(pairs, days, strict=True)],
        forecast=np.array([found.forecast for found, _day in sides]),
        others=np.array([each.forecast for each in pool]),
    )
    risks = _risks([one for one, _others in pairs], [each for _one, others in pairs for each in others], now)
    beside = sum(len(others) for _one, others in pairs)
    return Comparison(months, found, len(pairs), beside, risks, _waiting(done, months, newest)), pairs


def _waiting(done: Mapping[int, tuple[Scored, date]], months: int, newest: date) -> int:
    return sum(_after(day, months) > newest for _found, day in done.values())


def _once(places: list[tuple[int, list[int]]], sides, pool: Sequence[Scored]) -> list[tuple[int, list[int]]]:
    """The same with nobody beside two people, as somebody over the threshold at two runs would be."""
    taken: set[int] = set()
    kept = []
    for place, beside in places:
        own = [each for each in beside if pool[each].employee not in taken]
        own = list({pool[each].employee: each for each in own}.values())
        taken.update(pool[each].employee for each in own)
        if own:
            kept.append((place, own))
    return kept


def _people(scored: Sequence[Scored], days: Sequence[int]) -> People:
    group = np.array([f"{each.run} {each.job} {each.values[OVERTIME]}" for each in scored], dtype=object)
    forecast = np.array([each.forecast for each in scored], dtype=float)
    values = np.array([each.values for each in scored], dtype=float).reshape(-1, len(COMPARED))
    return People(group, forecast, np.array(days, dtype=int), values)


def _alone_until(each: Scored, opened: Mapping[int, date], gone: Mapping[int, Gone]) -> int:
    """The last day on which somebody still was there, and without a case."""
    ends_ = [gone.get(each.employee, STAYED).first_after(each.day), opened.get(each.employee)]
    return min((day.toordinal() - 1 for day in ends_ if day), default=date.max.toordinal())


def _naive(done, pool: Sequence[Scored], opened, gone, newest: date, now) -> Comparison:
    """Everyone, each person once."""
    found_within = {}
    for months in HORIZONS:
        ours = [(found, day) for found, day in done.values() if _after(day, months) <= newest]
        others = {
            each.employee: each
            for each in reversed(pool)
            if each.employee not in done
            and _after(each.day, months) <= newest
            and not (each.employee in opened and opened[each.employee] <= each.day)
        }
        found_within[months] = ours, others
    months = _most_told({each: min(map(len, sides)) for each, sides in found_within.items()})
    ours, others = found_within[months]
    found = effect.naive(
        np.array([gone.get(each.employee, STAYED).left(day, _after(day, months)) for each, day in ours]),
        np.array([gone.get(key, STAYED).left(each.day, _after(each.day, months)) for key, each in others.items()]),
    )
    risks = _risks([each for each, _day in ours], list(others.values()), now)
    return Comparison(months, found, len(ours), len(others), risks, _waiting(done, months, newest))


def _lottery(lots: Sequence[Lot], gone: Mapping[int, Gone], newest: date, now) -> Comparison:
    told_within = {months: [each for each in lots if _after(each.day, months) <= newest] for months in HORIZONS}
    months = _most_told({each: min(map(len, _sides(told))) for each, told in told_within.items()})
    told = told_within[months]
    found = effect.drawn(
        is_drawn=np.array([each.is_drawn for each in told], dtype=bool),
        left=np.array([gone.get(each.employee, STAYED).left(each.day, _after(each.day, months)) for each in told]),
        forecast=np.array([each.forecast for each in told], dtype=float),
        draw=np.array([each.draw for each in told], dtype=int),
    )
    ours, others = _sides(told)
    draws, every = ({each.draw for each in some} for some in (told, lots))
    return Comparison(
        months,
        found,
        len(ours),
        len(others),
        _risks(ours, others, now),
        len(lots) - len(told),
        len(draws),
        len(every - draws),
    )


def _sides(lots: Sequence[Lot]) -> tuple[list[Lot], list[Lot]]:
    """Those drawn, and those not drawn."""
    return [each for each in lots if each.is_drawn], [each for each in lots if not each.is_drawn]


def _balance(done: Sequence[Scored], pool: Sequence[Scored], pairs) -> dict[str, tuple[float, float]]:
    """Before and after matching."""
    if not effect.is_enough(len(pairs), len(pairs)):
        return {}
    ours, others = _columns(done), _columns(pool)
    spread = effect.spreads(ours, others)
    before = effect.balance(ours, others, spread)
    kept, beside = _columns([one for one, _others in pairs]), [_columns(alike) for _one, alike in pairs]
    means = {name: np.array([columns[name].mean() for columns in beside]) for name in kept}  # each pair counts once
    after = effect.balance(kept, means, spread)
    return {name: (before[name], after[name]) for name in before}


def _columns(scored: Sequence[Scored]) -> dict[str, np.ndarray]:
    values = np.array([each.values for each in scored], dtype=float).reshape(-1, len(COMPARED))
    columns = {name: values[:, place] for place, name in enumerate(COMPARED)}
    return {FORECAST: np.array([each.forecast for each in scored], dtype=float)} | columns


def _now(newest: ScoringRun, at_runs: Iterable[int]) -> dict[int, float]:
    """The newest risk of those who were over the threshold at some runs, or took part in a draw. One query."""
    over = Prediction.objects.filter(run__in=at_runs, predicted_class=True).order_by().values("employee")
    people = Q(employee__in=over) | Q(employee__in=DrawnPerson.objects.order_by().values("employee"))
    return dict(newest.predictions.filter(people).values_list("employee", "probability"))


def _risks(
    ours: Sequence[Scored | Lot], others: Sequence[Scored | Lot], now: Mapping[int, float]
) -> tuple[Risks, Risks] | None:
    sides = [[(each.forecast, now[each.employee]) for each in side if each.employee in now] for side in (ours, others)]
    if not effect.is_enough(*map(len, sides)):
        return None
    first, second = (Risks(*map(float, np.mean(side, axis=0))) for side in sides)
    return first, second
