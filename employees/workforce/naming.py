"""People by name, as the directory gives it."""

from collections.abc import Sequence

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat, Trim

from employees.access import Readable
from employees.columns import Extract, fold
from employees.models import AnnuaireRow, Correction, Employee, LoadedExtract, NumberMerge
from technova.database.subqueries import JSONText

NAMES = frozenset({"prenom", "nom"})
_NOBODY = Value("", output_field=CharField())


def with_names(rows: QuerySet, number: str, readable: Readable) -> QuerySet:
    """Rows about people, by the way to their numbers, with ``name``: that of the newest directory that names them, with
    what was corrected of it.

    Empty if none names them, or if the reader may not read names. No query.
    """
    if not readable.reads(NAMES):
        return rows.annotate(name=_NOBODY)
    named = AnnuaireRow.objects.filter(number=OuterRef(number), extract__in=LoadedExtract.objects.in_force())
    named = named.exclude(prenom=None, nom=None).order_by("-extract__as_of")
    parts = [Coalesce(_corrected(column), column, _NOBODY) for column in ("prenom", "nom")]
    whole = Trim(Concat(parts[0], Value(" "), parts[1]))
    return rows.annotate(name=Coalesce(Subquery(named.values_list(whole)[:1]), _NOBODY))


def _corrected(column: str) -> Subquery:
    """The right value of a column of a directory's row, where HR has given one and the source still says otherwise."""
    standing = Correction.objects.in_force().filter(employee__employee_id=OuterRef("number"), column=column)
    return Subquery(standing.filter(agreed_on=None).order_by("-pk").values_list(JSONText("value"))[:1])


def in_directories(*, ever: bool = False) -> QuerySet[AnnuaireRow]:
    """The rows of the newest directory; with ``ever`` of any in force: the newest no longer holds whoever has left."""
    directories = LoadedExtract.objects.in_force().filter(kind=Extract.ANNUAIRE).order_by("-as_of")
    return AnnuaireRow.objects.filter(extract__in=directories.values("pk")[: None if ever else 1])


def people_of(rows: QuerySet[AnnuaireRow]) -> QuerySet[Employee]:
    """The people of some rows, also under a number that was merged into theirs."""
    numbers = rows.order_by().values("number")
    merged = NumberMerge.objects.in_force().filter(number__in=numbers).order_by().values("employee__employee_id")
    return Employee.objects.filter(employee_id__in=numbers.union(merged, all=True))  # one list, which PostgreSQL joins


def people_named(words: Sequence[str], *, ever: bool = False) -> QuerySet[Employee]:
    """People whose first or last name in the newest directory, or in ``ever`` one, contains each of these words."""
    return people_of(rows_named(words, ever=ever))


def rows_named(words: Sequence[str], *, ever: bool = False) -> QuerySet[AnnuaireRow]:
    """The rows of the newest directory, or of ``ever`` any, whose first or last name contains each of these words, as
    the file has it or as it was corrected.

    Accents and case make no difference. Two queries.
    """
    rows = in_directories(ever=ever)
    standing = Correction.objects.in_force().filter(agreed_on=None, column__in=NAMES)
    corrected = list(standing.values_list("employee__employee_id", "value"))
    for word in map(fold, words):
        numbers = [number for number, value in corrected if word in fold(str(value))]
        rows = rows.filter(Q(prenom_folded__contains=word) | Q(nom_folded__contains=word) | Q(number__in=numbers))
    return rows
