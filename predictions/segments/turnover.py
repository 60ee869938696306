"""Who came and who left, month by month.

People are counted under what is last known of them: the department, job, site, level and manager that they have now, or
had when they left. So a segment is the same people throughout, and those who moved are in one. Whom the sums of a run
leave out beside somebody's own score (``RunCellQuerySet.within``) is left out here too: a rate is of one set of people.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models import Value as Constant
from django.db.models.functions import ExtractDay, TruncMonth
from django.db.models.lookups import GreaterThan

from employees import terms
from employees.access import Scope
from employees.columns import Extract
from employees.models import AnnuaireRow, EmployeeState, LoadedExtract, Presence, WorkforceDay
from features.models import EmployeeFeatures, FeatureBuild
from predictions.models import ScoringRun
from predictions.segments.cube import Conditions, Value, resolved
from predictions.segments.models import own_scores
from predictions.selectors.departures import year_began
from predictions.selectors.person_periods import VOLUNTARY

MONTHS = 24  # shown at most
YEAR = 12


@dataclass(frozen=True, slots=True)
class Month:
    """The people who came and who left in a month, and how many there were in the middle of it.

    Those late in it are also told apart: after the day of the month on which the newest day falls, so that the months
    up to that day can be counted to the day. None are where that is the last of its month.
    """

    start: date
    left: Mapping[str, int]  # by reason, empty for an unknown one
    arrived: int
    mean_people: float
    left_late: Mapping[str, int] = field(default_factory=dict)
    arrived_late: int = 0

    @property
    def left_in_all(self) -> int:
        return sum(self.left.values())

    @property
    def left_by_choice(self) -> int:
        """Those who resigned, and those whose reason is not known."""
        return _by_choice(self.left)


def _by_choice(left: Mapping[str, int]) -> int:
    return sum(count for reason, count in left.items() if reason in VOLUNTARY)


@dataclass(frozen=True, slots=True)
class Turnover:
    """The months of a segment, the oldest first, up to the newest day of the workforce."""

    months: Sequence[Month]
    until: date

    def left(self, months: int = YEAR) -> int:
        """Those who left in the last months, to the day."""
        return sum(month.left_in_all for month in self.months[-months:]) + self.left_late(months)

    def left_late(self, months: int = YEAR) -> int:
        """Of them those of the month of which only the end counts."""
        return sum(sum(month.left_late.values()) for month in self._begun(months))

    def left_by_choice(self, months: int = YEAR) -> int:
        late = sum(_by_choice(month.left_late) for month in self._begun(months))
        return sum(month.left_by_choice for month in self.months[-months:]) + late

    def arrived(self, months: int = YEAR) -> int:
        late = sum(month.arrived_late for month in self._begun(months))
        return sum(month.arrived for month in self.months[-months:]) + late

    @property
    def since(self) -> date:
        """The first day of the last year; of what is known of it."""
        return max(self.months[0].start, year_began(self.until))

    def _begun(self, months: int) -> Sequence[Month]:
        """The month before the last ones, if it is known."""
        return self.months[-months - 1 : -months]

    def mean_people(self, months: int = YEAR) -> float:
        last = self.months[-months:]
        return sum(month.mean_people for month in last) / len(last) if last else 0.0


@dataclass(frozen=True, slots=True)
class Moves:
    """Who came and who left since the history begins, by month and by the values of some attributes."""

    names: tuple[str, ...]  # of the attributes
    first: date  # the first day that is known: what came before is not
    until: date
    # By month, whether late in it, and for those who left the reason.
    left: Mapping[tuple[date, bool, str, tuple[Value, ...]], int] = field(default_factory=dict)
    arrived: Mapping[tuple[date, bool, tuple[Value, ...]], int] = field(default_factory=dict)

    def turnover(self, people: int, conditions: Conditions) -> Turnover:
        """The months of a segment, of which ``people`` are present at the end."""
        fixed = [(self.names.index(name), value) for name, value in conditions.items()]
        left: dict[date, Counter[str]] = {}
        left_late: dict[date, Counter[str]] = {}
        for (month, is_late, reason, values), count in self.left.items():
            if all(values[place] == value for place, value in fixed):
                left.setdefault(month, Counter())[reason] += count
                if is_late:
                    left_late.setdefault(month, Counter())[reason] += count
        arrived: Counter[date] = Counter()
        arrived_late: Counter[date] = Counter()
        for (month, is_late, values), count in self.arrived.items():
            if all(values[place] == value for place, value in fixed):
                arrived[month] += count
                arrived_late[month] += count * is_late
        months: list[Month] = []
        at_end = people
        for start in reversed(self.months):
            gone = left.get(start, Counter())
            at_start = at_end - arrived[start] + sum(gone.values())
            mean = max(at_start + at_end, 0) / 2
            months.append(Month(start, gone, arrived[start], mean, left_late.get(start, {}), arrived_late[start]))
            at_end = at_start
        return Turnover(months[::-1], self.until)

    @property
    def months(self) -> list[date]:
        """The first days of the months that are known from their beginning; the newest may not be over."""
        after = self.first + timedelta(days=1)
        start = after if after.day == 1 else _next(after)
        found = []
        while start <= self.until:
            found.append(start)
            start = _next(start)
        return found[-MONTHS:]


def _ends_its_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _next(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def moves(scope: Scope, names: Iterable[str]) -> Moves | None:
    """Who came and left within a scope, by some attributes; None without a history.

    One query, and one to three more in a process where the workforce, its features or its scores have changed.
    """
    newest = WorkforceDay.objects.annotate(
        first=Subquery(WorkforceDay.objects.order_by("as_of").values("as_of")[:1]),
        built=Subquery(FeatureBuild.objects.order_by("-as_of").values("revision")[:1]),
        run=Subquery(ScoringRun.objects.in_force().values("pk")[:1]),
    ).last()
    if newest is None:
        return None
    state = (newest.revision, newest.built, terms.current().revision)
    return _moves(scope, tuple(names), newest.first, newest.as_of, newest.run, state)


@lru_cache(maxsize=16)
def _moves(scope: Scope, names: tuple[str, ...], first: date, until: date, run: int | None, _state: tuple) -> Moves:
    known = Moves(names, first, until)
    if not known.months:
        return known
    states = EmployeeState.objects.filter(as_of__lte=known.until)
    next_left = states.filter(employee=OuterRef("employee"), as_of=OuterRef("until"), presence=Presence.LEFT)
    of_months = (known.months[0], known.until)
    counted = _without_own_job(scope.narrow(states), scope, run)
    departures = counted.filter(~Exists(next_left), presence=Presence.LEFT, left_by__range=of_months)
    before = states.filter(employee=OuterRef("employee"), until=OuterRef("as_of"))
    was_there = before.filter(presence__in=(Presence.PRESENT, Presence.ABSENT))
    arrivals = counted.filter(~Exists(was_there), presence=Presence.PRESENT, as_of__gt=known.first)
    came = Case(When(since__gt=known.first, then=F("since")), default=F("as_of"))
    last = _last(names)
    left: Counter[tuple[date, bool, str, tuple[Value, ...]]] = Counter()
    arrived: Counter[tuple[date, bool, tuple[Value, ...]]] = Counter()
    of_departures = _counted(departures, last, F("left_by"), F("left_because"), until, has_left=True)
    of_arrivals = _counted(arrivals, last, came, Constant(""), until, has_left=False)
    for has_left, month, is_late, reason, *values, count in of_departures.union(of_arrivals, all=True):
        if has_left:
            left[month, bool(is_late), reason, _resolved(names, values)] += count
        else:
            arrived[month, bool(is_late), _resolved(names, values)] += count
    return replace(known, left=left, arrived=arrived)


def _resolved(names: Sequence[str], values: Sequence[Value | None]) -> tuple[Value, ...]:
    return tuple(resolved(name, value) for name, value in zip(names, values, strict=True))


def _counted(
    states: QuerySet[EmployeeState],
    last: Mapping[str, F | Subquery],
    day,
    reason,
    until: date,
    *,
    has_left: bool,
) -> QuerySet:
    """People by month, whether late in it, reason and the attributes, after whether they have left."""
    values = {f"last_{name}": value for name, value in last.items()}
    of_month = Constant(31) if _ends_its_month(until) else Constant(until.day)
    is_late = Case(When(GreaterThan(ExtractDay(day), of_month), then=Constant(1)), default=Constant(0))
    keys = {
        "has_left": Constant(has_left),
        "month": TruncMonth(day),
        "is_late": is_late,
        "because": reason,
        **values,
    }
    return states.annotate(**keys).order_by().values_list(*keys).annotate(people=Count("pk"))


def _without_own_job(states: QuerySet[EmployeeState], scope: Scope, run: int | None) -> QuerySet[EmployeeState]:
    """The states of a scope without those of the job and level of whoever has its team, except the team's.

    One query where the scope has departments beside a team.
    """
    if scope.team is None or not scope.departments:
        return states
    names = ("departement", "poste", "niveau_hierarchique_poste")
    of_run = own_scores(scope.team.person).filter(run=run).order_by()
    own = of_run.values_list(*(f"features__{name}" for name in names)).first()
    if own is None:
        return states
    department, job, level = own
    alike = Q(employee__departement=terms.resolve("departement", department))
    alike &= Q(own_job__in=terms.recorded("poste", {terms.resolve("poste", job)}))
    if level is not None:
        alike &= Q(own_level=level)
    last = _last(names[1:])
    known = states.annotate(own_job=last["poste"], own_level=last["niveau_hierarchique_poste"])
    # a case, since a job that is not known is neither alike nor other
    is_alike = Case(When(alike, then=Constant(1)), default=Constant(0))
    in_team = Q(employee__line__position__range=scope.team.positions)
    return known.annotate(is_alike=is_alike).filter(Q(is_alike=0) | in_team)


def _last(names: Iterable[str]) -> dict[str, F | Subquery]:
    """The last known values of a state's person. One query where a directory gives some."""
    features = EmployeeFeatures.objects.in_force().filter(employee=OuterRef("employee")).order_by("-as_of")
    found: dict[str, F | Subquery] = {}
    directories: list[int] | None = None
    for name in names:
        if name == "departement":
            found[name] = F("employee__departement")
        elif name in ("site", "responsable"):
            if directories is None:  # as values: a condition would be asked for each person anew
                extracts = LoadedExtract.objects.in_force().filter(kind=Extract.ANNUAIRE).order_by("-as_of")
                directories = list(extracts.values_list("pk", flat=True))
            rows = AnnuaireRow.objects.filter(number=OuterRef("employee__employee_id"), extract__in=directories)
            age = Case(*(When(extract=pk, then=place) for place, pk in enumerate(directories)), default=0)
            found[name] = Subquery(rows.exclude(**{name: None}).order_by(age).values(name)[:1])
        else:
            found[name] = Subquery(features.values(name)[:1])
    return found
