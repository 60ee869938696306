"""The risk list: a scoring run's predictions, filtered, sorted and paginated.

The sizes of groups from the run's figures avoid counting and sorting everyone: a manager's list by job takes 85 instead
of 441 ms (``benchmarks/pages.py``)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any

import numpy as np
from django.db.models import Case, Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from employees import terms
from employees.access import Readable, Scope
from employees.models import AnnuaireRow, Employee
from employees.workforce.naming import in_directories, people_named, rows_named, with_names
from employees.workforce.naming import people_of as people_of_directory
from predictions import bands
from predictions.followup import models as followup
from predictions.followup.selectors import with_case
from predictions.models import Prediction, RunGroup, ScoringRun
from predictions.selectors.figures import AnyGroup, people_of
from technova.database import keyset

OVER = "over"  # beside the bands' own words: everyone over the threshold
# What the list sorts by; the riskiest come first among equals.
SORTS = {
    "risk": "probability",
    "number": "employee__employee_id",
    "department": "employee__departement",
    "job": "features__poste",
    "change": "change",  # of the probability since the run before; see ``compared``
}
RISKIEST_FIRST = "-risk"
DEEP = 5_000  # people of the run to go through from the nearer end
GROUPED = {"department": "departement", "job": "poste"}  # sorts by what a run's figures are grouped by

CLEAR = 0.02  # a rise or a fall that is worth a look: two points


class Change(StrEnum):
    """How a score differs from the run before."""

    NEWLY_OVER = "newly-over"  # the threshold
    UNDER_AGAIN = "under-again"
    UP = "up"
    DOWN = "down"
    JOINED = "joined"  # not scored then


class HasCase(StrEnum):
    """Whether somebody has an open case that the reader sees."""

    WITH = "with"
    WITHOUT = "without"


Sizes = Sequence[tuple[AnyGroup, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Filters that combine; an empty one lets everyone pass."""

    numbers: Sequence[int] = ()
    names: Sequence[str] = ()  # words that are each part of a first or last name
    department: str = ""
    job: str = ""
    band: str = ""
    reason: str = ""
    site: str = ""
    manager: int | None = None  # their number
    manager_names: Sequence[str] = ()  # words that are each part of the manager's first or last name
    change: str = ""  # see ``Change``
    case: str = ""  # see ``HasCase``


@dataclass(frozen=True, slots=True)
class Place:
    """A person's place in a list, from 1, of how many; the numbers of the people just before and just after."""

    position: int
    total: int
    previous: int | None
    following: int | None


def narrowed(
    run: ScoringRun, scope: Scope, narrowing: Narrowing, before: ScoringRun | None = None, user=None
) -> QuerySet[Prediction]:
    """The predictions of a run, in the scope, that pass every filter; changes are those since the run ``before``.

    Cases are those that the ``user`` sees.
    """
    rows = people_of(run, scope)
    if narrowing.numbers:
        rows = rows.filter(employee__employee_id__in=narrowing.numbers)
    if narrowing.names:
        rows = rows.filter(employee__in=people_named(narrowing.names))
    if narrowing.department:
        rows = rows.filter(employee__departement=narrowing.department)
    if narrowing.job:
        rows = rows.filter(features__poste__in=terms.recorded("poste", [narrowing.job]))
    if narrowing.band:
        low, high = _limits(narrowing.band, run.threshold)
        rows = rows.filter(probability__gte=low, probability__lt=high)
    if narrowing.reason:
        rows = rows.filter(Q(main_reason=narrowing.reason) | Q(second_reason=narrowing.reason))
    if narrowing.site or narrowing.manager or narrowing.manager_names:
        rows = rows.filter(employee__in=people_of_directory(_placed(narrowing, scope)))
    if narrowing.change and before:
        rows = _changed(rows, Change(narrowing.change), run, before, scope)
    if narrowing.case:
        followed = Q(employee__in=followup.Case.objects.visible_to(user).is_open().order_by().values("employee"))
        rows = rows.filter(followed if narrowing.case == HasCase.WITH else ~followed)
    return rows


def _placed(narrowing: Narrowing, scope: Scope) -> QuerySet[AnnuaireRow]:
    """The rows of the newest directory at a site and of a manager, who is of the scope."""
    placed = {"site": narrowing.site, "responsable": narrowing.manager}
    rows = in_directories().filter(**{name: value for name, value in placed.items() if value})
    if narrowing.manager_names:
        rows = rows.filter(responsable__in=rows_named(narrowing.manager_names).values("number"))
    if (narrowing.manager or narrowing.manager_names) and not scope.sees_everyone:
        rows = rows.filter(responsable__in=Employee.objects.within(scope).values("employee_id"))
    return rows


def _changed(
    rows: QuerySet[Prediction], change: Change, run: ScoringRun, before: ScoringRun, scope: Scope
) -> QuerySet[Prediction]:
    """Rows of the people of a change. Who was over the threshold is one small set: no join of the two runs."""
    then = Prediction.objects.filter(run=before).within_then(scope).order_by().values("employee")
    were_over = then.filter(probability__gte=run.threshold_against(before))
    match change:
        case Change.NEWLY_OVER:
            is_over = rows.filter(probability__gte=run.threshold)
            return is_over.filter(~Q(employee__in=were_over), employee__in=then)
        case Change.UNDER_AGAIN:
            return rows.filter(probability__lt=run.threshold, employee__in=were_over)
        case Change.JOINED:
            return rows.filter(~Q(employee__in=then))
    rows = compared(rows, before, scope)
    is_about = Q(change__gte=CLEAR) if change == Change.UP else Q(change__lte=-CLEAR)
    return rows.filter(is_about)


def compared(rows: QuerySet[Prediction], before: ScoringRun | None, scope: Scope) -> QuerySet[Prediction]:
    """Rows with what the probability of the same person ``was`` in the run before, and the ``change`` since, 0 without
    one, as for who was outside the scope then.

    A join of two runs: for a column of everyone it is three times as fast as a look-up for each. Filters name ``was``:
    one on the relation would join it once more.
    """
    of_before = FilteredRelation("employee__predictions", condition=Q(employee__predictions__run=before))
    was: Any = F("earlier__probability")
    if not scope.sees_everyone:
        was = Case(When(earlier__features__departement__in=scope.recorded_names, then=was))
    rows = rows.alias(earlier=of_before, was=was)
    return rows.alias(change=Coalesce(F("probability") - F("was"), 0.0))


def _limits(band: str, threshold: float) -> tuple[float, float]:
    if band == OVER:
        return threshold, bands.limits(bands.VERY_HIGH, threshold)[1]
    return bands.limits(bands.BY_SLUG[band], threshold)


def ordered(
    rows: QuerySet[Prediction],
    sort: str = RISKIEST_FIRST,
    before: ScoringRun | None = None,
    scope: Scope = Scope.EVERYONE,
) -> QuerySet[Prediction]:
    """Sorted by a word of ``SORTS``, downwards after a minus sign; by the change since the run ``before``, of the
    scores within a scope."""
    sign = "-" if sort.startswith("-") else ""
    field = SORTS[sort.removeprefix("-")]
    if field == "employee__employee_id":
        # everyone; but only so does PostgreSQL go through the employees in their order: the key may be empty
        rows = rows.filter(employee__employee_id__gte=1)
    if field == "change" and "change" not in rows.query.annotations:
        rows = compared(rows, before, scope)
    return rows.order_by(f"{sign}{field}", *([] if field == "probability" else ["-probability"]), "id")


def sizes(groups: Iterable[AnyGroup], narrowing: Narrowing) -> Sizes | None:
    """How many people of each group pass the filters; None if the run's figures do not cover the filter.

    They cover a level or a reason, but not both together, no single people, no site, no manager,
    no change and no case.
    """
    groups = list(groups)
    if narrowing.numbers or narrowing.names or narrowing.site or narrowing.manager or narrowing.manager_names:
        return None
    if narrowing.change or narrowing.case or (narrowing.band and narrowing.reason):
        return None
    return [
        (group, _size(group, narrowing))
        for group in groups
        if narrowing.department in ("", terms.resolve("departement", group.departement))
        and narrowing.job in ("", terms.resolve("poste", group.poste))
    ]


def _size(group: AnyGroup, narrowing: Narrowing) -> int:
    if narrowing.band == OVER:
        return group.above_threshold_count
    if narrowing.band:
        return sum(group.histogram[narrowing.band])
    return group.reasons.get(narrowing.reason, 0) if narrowing.reason else group.employee_count


def page_of(
    rows: QuerySet[Prediction],
    before: ScoringRun | None,
    sort: str = RISKIEST_FIRST,
    *,
    start: int = 0,
    stop: int,
    total: int = 0,
    everyone: int = 0,
    sizes: Sizes | None = None,
    scope: Scope,
    readable: Readable = Readable.NOTHING,
    user=None,
) -> list[Prediction]:
    """Some rows of the list with their employee and features, and the ``previous`` probability: of the run before, if
    they were in the scope then.

    Also their ``name``, where it is ``readable``, and the last case that the ``user``, where one is given, sees.

    One query: the keys of the page are found first, so that a late page does not join what it skips; from the end
    when that is nearer, where ``total``, how many rows there are, is given. The fewer they are of ``everyone`` in the
    run, the more people stand between two of them. With the ``sizes`` of the groups, a list by department or job sorts
    only those on the page, which takes a second query.
    """
    if sizes and sort.removeprefix("-") in GROUPED:
        rows, skipped, total = _parts_between(rows, sort, sizes, start, stop)
        start, stop = start - skipped, stop - skipped
    keys = ordered(rows, sort, before, scope).values("pk")
    is_nearer_the_end = start > total - start > 0
    if is_nearer_the_end:
        keys, start, stop = keys.reverse(), max(total - stop, 0), total - start
    if start * everyone > DEEP * total or "was" in keys.query.annotations:
        keys = _sorted_at_once(keys)
    page = _shown(keys[start:stop], before, scope, readable, user)
    return list(ordered(page, sort, before, scope))


def page_of_keys(
    keys: Sequence[int], before: ScoringRun | None, *, scope: Scope, readable: Readable, user
) -> list[Prediction]:
    """The predictions with these keys, in their order, as ``page_of`` gives them. One query."""
    found = {row.pk: row for row in _shown(keys, before, scope, readable, user)}
    return [found[key] for key in keys if key in found]


def _shown(
    keys: QuerySet | Sequence[int], before: ScoringRun | None, scope: Scope, readable: Readable, user
) -> QuerySet[Prediction]:
    # Not ``run=None``, which other predictions have: a simulation, one by number.
    of_before = Prediction.objects.filter(run=before) if before else Prediction.objects.none()
    previous = of_before.within_then(scope).filter(employee=OuterRef("employee")).values("probability")[:1]
    page = Prediction.objects.filter(pk__in=keys).select_related("employee", "features")
    rows = with_names(page.annotate(previous=Subquery(previous)), "employee__employee_id", readable)
    return with_case(rows, user) if user else rows


def place_of(
    prediction: Prediction,
    rows: QuerySet[Prediction],
    sort: str,
    before: ScoringRun | None = None,
    *,
    scope: Scope,
) -> Place | None:
    """The place of a prediction, its employee loaded, in a list; None if the list does not hold it. Two queries.

    A list by job needs the prediction's features, too; one by change takes a third query.
    """
    rows = ordered(rows, sort, before, scope)
    order = [str(field) for field in rows.query.order_by]
    if "change" in sort:
        of_person: Any = prediction
        of_person.change = rows.filter(pk=prediction.pk).values_list(F("change"), flat=True).first()
    position = [attrgetter(field.lstrip("-").replace("__", "."))(prediction) for field in order]
    around = [_nearest(rows, each, position) for each in (keyset.backwards(order), order)]
    neighbours = rows.filter(pk=prediction.pk).values_list(*around).first()
    if neighbours is None:
        return None
    counts = rows.aggregate(total=Count("pk"), before=Count("pk", filter=keyset.before(order, position)))
    return Place(counts["before"] + 1, counts["total"], *neighbours)


def _nearest(rows: QuerySet[Prediction], order: Sequence[str], position: Sequence[object]) -> Coalesce:
    """The number of the first person after a position: of those alike in the order's first field, if there is one.

    PostgreSQL finds those on its way through the ranked index; to find the first of all others it sorts them.
    """
    first, *others = order
    alike = rows.filter(keyset.after(others, position[1:]), **{first.lstrip("-"): position[0]}).order_by(*others)
    later = rows.filter(keyset.after(order, position)).order_by(*order)
    return Coalesce(*(Subquery(found.values("employee__employee_id")[:1]) for found in (alike, later)))


def place_among(key: int, keys: np.ndarray) -> Place | None:
    """The place of a prediction among the keys of a list; None if the list does not hold it. One query."""
    (found,) = np.nonzero(keys == key)
    if not len(found):
        return None
    place = int(found[0])
    around = [int(other) for other in (*keys[max(place - 1, 0) : place], *keys[place + 1 : place + 2])]
    numbers = dict(Prediction.objects.filter(pk__in=around).values_list("pk", "employee__employee_id"))
    return Place(
        position=place + 1,
        total=len(keys),
        previous=numbers.get(int(keys[place - 1])) if place else None,
        following=numbers.get(int(keys[place + 1])) if place + 1 < len(keys) else None,
    )


def _sorted_at_once(keys: QuerySet) -> QuerySet:
    """The same order by a number that no index has, so that PostgreSQL joins the tables once and sorts.

    It would go through the index and look up each row's employee, or its score in the run before, which takes three
    times as long this deep.
    """
    by = [str(field).replace("probability", "risk") for field in keys.query.order_by]
    return keys.alias(risk=F("probability") + 0).order_by(*by)


def _parts_between(
    rows: QuerySet[Prediction], sort: str, sizes: Sizes, start: int, stop: int
) -> tuple[QuerySet[Prediction], int, int]:
    """The rows of the departments or jobs between two places, how many rows come before those, how many they are.

    The database puts the names in order, as it does with the rows: only it knows how its language sorts.
    """
    word = sort.removeprefix("-")
    name = GROUPED[word]
    order = name if sort == word else f"-{name}"
    people_of_value: Counter[str] = Counter()
    for group, size in sizes:
        people_of_value[getattr(group, name)] += size
    shown, skipped, total = [], 0, 0
    groups = RunGroup.objects.filter(run=sizes[0][0].run_id, **{f"{name}__in": list(people_of_value)})
    for value in groups.order_by(order).values_list(name, flat=True).distinct():
        people = people_of_value[value]
        if skipped + total + people <= start:
            skipped += people
        elif skipped + total < stop:
            shown.append(value)
            total += people
    return rows.filter(**{f"{SORTS[word]}__in": shown}), skipped, total
