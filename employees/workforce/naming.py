"""People by name, as the directory gives it."""

from collections.abc import Sequence

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat, Trim

from employees.access import Readable
from employees.columns import Extract
from employees.models import AnnuaireRow, Employee, LoadedExtract, NumberMerge

NAMES = frozenset({"prenom", "nom"})
_NOBODY = Value("", output_field=CharField())


def with_names(rows: QuerySet, number: str, readable: Readable) -> QuerySet:
    """Rows about people, by the way to their numbers, with ``name``: that of the newest directory that names them.

    Empty if none names them, or if the reader may not read names. No query.
    """
    if not readable.reads(NAMES):
        return rows.annotate(name=_NOBODY)
    named = AnnuaireRow.objects.filter(number=OuterRef(number), extract__in=LoadedExtract.objects.in_force())
    named = named.exclude(prenom=None, nom=None).order_by("-extract__as_of")
    whole = Trim(Concat(Coalesce("prenom", _NOBODY), Value(" "), Coalesce("nom", _NOBODY)))
    return rows.annotate(name=Coalesce(Subquery(named.values_list(whole)[:1]), _NOBODY))


def in_directories(*, ever: bool = False) -> QuerySet[AnnuaireRow]:
    """The rows of the newest directory; with ``ever`` of any in force: the newest no longer holds whoever has left."""
    directories = LoadedExtract.objects.in_force().filter(kind=Extract.ANNUAIRE).order_by("-as_of")
    return AnnuaireRow.objects.filter(extract__in=directories.values("pk")[: None if ever else 1])


def people_of(rows: QuerySet[AnnuaireRow]) -> QuerySet[Employee]:
    """The people of some rows, also under a number that was merged into theirs."""
    numbers = rows.values("number")
    merged = NumberMerge.objects.in_force().filter(number__in=numbers).values("employee")
    return Employee.objects.filter(Q(employee_id__in=numbers) | Q(pk__in=merged))


def people_named(words: Sequence[str], *, ever: bool = False) -> QuerySet[Employee]:
    """People whose first or last name in the newest directory, or in ``ever`` one, contains each of these words."""
    rows = in_directories(ever=ever)
    for word in words:
        rows = rows.filter(Q(prenom__icontains=word) | Q(nom__icontains=word))
    return people_of(rows)
