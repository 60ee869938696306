"""One person: features, presence and past scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import JSONObject

from employees.access import Readable, Scope
from employees.columns import Extract
from employees.models import ROWS, Correction, Employee, EmployeeState, LoadedExtract, NumberMerge, Presence
from employees.workforce.naming import people_named, with_names
from features import schema
from features.models import EmployeeFeatures
from predictions.followup.selectors import has_cases, with_case
from predictions.models import Prediction, ScoringRun
from predictions.rights.models import DataRequest
from predictions.selectors.figures import DAY, people_of
from predictions.selectors.runs import REVISION_NOW
from technova.database.subqueries import count_of

HISTORY = 60  # scores of a person that a page shows: five years of monthly runs
RAW_KINDS = (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)


@dataclass(frozen=True, slots=True)
class KnownValue:
    """The last known value of a column of the extracts, and the newer extracts that lack it."""

    value: Any
    as_of: date  # of the extract that gives it
    lacked_since: date | None  # the day of the first newer extract
    is_corrected: bool = False  # by HR: the extracts say something else


def clean_features(employee_id: int, scope: Scope, readable: Readable, user) -> EmployeeFeatures | None:
    """The newest clean features of a person in the scope, with the employee, the ``name``, the last case that the
    account sees, and whether they ``has_contest`` or ``is_corrected``; and how many people are ``absent`` in the scope,
    for the menu. One query.

    None where they are still those of a department outside it.
    """
    visible = Employee.objects.within(scope).of_the_workforce().filter(employee_id=employee_id)
    rows = EmployeeFeatures.objects.newest_of(visible).select_related("employee")
    rows = scope.narrow_recorded(rows, "departement")
    contests = DataRequest.objects.filter(employee=OuterRef("employee"), kind=DataRequest.Kind.CONTEST)
    corrections = Correction.objects.in_force().filter(employee=OuterRef("employee"), agreed_on=None)
    rows = rows.annotate(has_contest=Exists(contests), is_corrected=Exists(corrections), has_cases=has_cases(user))
    rows = rows.annotate(absent=count_of(Employee.objects.within(scope).filter(presence=Presence.ABSENT)))
    return with_case(with_names(rows, "employee__employee_id", readable), user).first()


def person(number: int, scope: Scope, readable: Readable) -> Employee | None:
    """The person in the scope who has or had this number, or whose number it was merged into, with the ``name``.

    One query.
    """
    merged = NumberMerge.objects.in_force().filter(number=number).values("employee")
    of_number = Employee.objects.within(scope).filter(Q(employee_id=number) | Q(pk__in=merged))
    return with_names(of_number.of_the_workforce(), "employee_id", readable).first()


def with_page(rows: QuerySet, number: str, readable: Readable) -> QuerySet:
    """Annotate rows about people, given the path to their numbers, with ``has_page``: whether they are in the
    workforce; and with their ``name``."""
    employees = Employee.objects.of_the_workforce().filter(employee_id=OuterRef(number))
    return with_names(rows.annotate(has_page=Exists(employees)), number, readable)


def mark_pages(rows: Collection, readable: Readable) -> None:
    """Set ``has_page`` and ``name`` on rows with a ``number`` that are in no table. One query."""
    numbers = {row.number for row in rows}
    employees = with_names(Employee.objects.of_the_workforce(), "employee_id", readable)
    known = dict(employees.filter(employee_id__in=numbers).values_list("employee_id", "name"))
    for row in rows:
        row.has_page, row.name = row.number in known, known.get(row.number, "")


def known_values(employee: Employee, *, is_corrected: bool = True) -> dict[str, KnownValue]:
    """The last known values of a person in the extracts in force, by column, with the corrections that stand over them.
    Two queries; one where the caller knows that nothing ``is_corrected``."""
    in_force = LoadedExtract.objects.in_force().filter(kind__in=RAW_KINDS)
    others = NumberMerge.objects.in_force().filter(employee=employee).values("number")
    is_own = Q(number=employee.employee_id) | Q(number__in=others)
    rows = in_force.order_by().values_list("pk", Value(0), JSONObject(kind="kind", as_of="as_of"))
    for table in (ROWS[kind] for kind in RAW_KINDS):
        held = table.objects.filter(is_own, extract__in=in_force).order_by()
        values = JSONObject(**{name: name for name in table.value_names()})
        rows = rows.union(held.values_list("extract", "number", values), all=True)
    held_by: dict[int, dict[str, Any]] = {}  # a merged number's row stands for the person's own where that is missing
    extracts: dict[str, list[tuple[date, int]]] = {kind: [] for kind in RAW_KINDS}
    for extract, number, found in sorted(rows, key=lambda row: row[1] == employee.employee_id):
        if number:
            held_by[extract] = found
        else:
            extracts[found["kind"]].append((date.fromisoformat(found["as_of"]), extract))
    known = {
        name: value for kind in RAW_KINDS for name, value in _newest(sorted(extracts[kind])[::-1], held_by).items()
    }
    if not is_corrected:
        return known
    is_merged = Q(employee__employee_id__in=others)
    of_person = Correction.objects.in_force().filter(Q(employee=employee) | is_merged, agreed_on=None).order_by("pk")
    corrected = {each.column: KnownValue(each.value, each.as_of, None, is_corrected=True) for each in of_person}
    return known | corrected


def _newest(extracts: Sequence[tuple[date, int]], held_by: Mapping[int, dict[str, Any]]) -> dict[str, KnownValue]:
    """The values of one kind, whose extracts are given with their days, newest first."""
    known: dict[str, KnownValue] = {}
    lacked_since = None
    for day, extract in extracts:
        for name, value in held_by.get(extract, {}).items():
            if value is not None and name not in known:
                known[name] = KnownValue(value, day, lacked_since)
        lacked_since = day
    return known


def not_listed(
    run: ScoringRun, scope: Scope, readable: Readable, *, numbers: Collection[int], names: Sequence[str]
) -> QuerySet[Employee]:
    """The people of a search whom a run's list lacks, with their ``name``: who has left, is absent or is not scored.

    Also whoever is listed under another number than those searched (``has_other_number``).
    """
    merged = NumberMerge.objects.in_force().filter(number__in=numbers).values("employee")
    people = Employee.objects.within(scope).of_the_workforce()
    people = people.annotate(has_other_number=Q(pk__in=merged) & ~Q(employee_id__in=numbers))
    is_searched = Q(pk__in=people_named(names, ever=True)) if names else Q(employee_id__in=numbers)
    is_listed = Exists(people_of(run, scope).filter(employee=OuterRef("pk")))
    people = people.filter(is_searched & ~is_listed | Q(has_other_number=True))
    return with_names(people.order_by("employee_id"), "employee_id", readable)


def satisfactions(known: Mapping[str, KnownValue]) -> dict[str, float]:
    """The four satisfactions of somebody's known values; empty when one is unknown."""
    names = [feature.name for feature in schema.SATISFACTIONS]
    if not known.keys() >= set(names):
        return {}
    found = {name: known[name].value for name in names}
    return {name: int(value) if value == int(value) else value for name, value in found.items()}


def presence(employee: Employee) -> tuple[list[EmployeeState], list[int]]:
    """The states of a person, oldest first, and the numbers that are merged into theirs. One query."""
    is_in_force = Q(employee__other_numbers__revoked_at=None)
    rows = (
        EmployeeState.objects.filter(employee=employee)
        .order_by("as_of")
        .annotate(merge=FilteredRelation("employee__other_numbers", condition=is_in_force), other=F("merge__number"))
    )
    states = {row.as_of: row for row in rows}
    return list(states.values()), sorted({row.other for row in rows} - {None})


def unscored(scope: Scope) -> QuerySet[EmployeeState]:
    """The people of a scope who are present and lack the features that a score needs, or object to it; ``total`` counts
    them all."""
    has_features = Exists(EmployeeFeatures.objects.in_force().filter(employee=OuterRef("employee")))
    is_unscored = ~has_features | Q(employee__objected_on__isnull=False)
    rows = EmployeeState.objects.newest().filter(is_unscored, presence=Presence.PRESENT)
    rows = scope.narrow(rows).select_related("employee")
    return rows.annotate(total=Window(Count("pk"))).order_by("employee__employee_id")


def left_out(scope: Scope) -> int:
    """How many people of a scope are present and not scored because they object to it. One query."""
    return Employee.objects.within(scope).present().exclude(objected_on=None).count()


def scores(employee: Employee, scope: Scope) -> list[Prediction]:
    """A person's score of each day that was scored, newest first, run and features loaded too. One query.

    None of whoever objects to being scored.

    Of the time in departments of the scope.
    Whether a run is the newest one and is outdated comes along, for ``run_of_list``.
    """
    if employee.objected_on:
        return []
    runs_in_force = ScoringRun.objects.in_force()
    rows = Prediction.objects.filter(employee=employee, run__in=runs_in_force).within_then(scope)
    rows = rows.select_related("run", "features")
    rows = rows.annotate(newest_run=Subquery(runs_in_force.values("pk")[:1]), revision_now=REVISION_NOW)
    return list(rows.order_by(DAY.desc(), "-id")[:HISTORY])


def run_of_list(score: Prediction) -> ScoringRun | None:
    """The run of one of ``scores`` as ``runs.latest_two`` gives it; None where the list shows a newer one."""
    of_person: Any = score
    if of_person.run_id != of_person.newest_run:
        return None
    of_person.run.revision_now = of_person.revision_now
    of_person.run.is_outdated = of_person.run.revision != of_person.revision_now
    return of_person.run


def score_of(features: EmployeeFeatures, model_version: str) -> Prediction | None:
    """The newest logged score of these features by this version of the model. One query."""
    of_person = Prediction.objects.filter(employee=features.employee_id)  # an index has these
    return of_person.filter(features=features, model_version=model_version).order_by("-id").first()
