"""The risk list as a streamed file: the first bytes leave at once, and memory does not grow with the list."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from itertools import chain

import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from employees import terms
from employees.access import Readable
from features import readable_features, schema
from predictions import bands
from predictions.explanation import SUBJECTS, phrase, raising_most
from predictions.formats import csv_delimiter
from predictions.models import Prediction, ScoringRun
from technova.files.spreadsheets import XLSX, streamed_csv, streamed_workbook

CHUNK_SIZE = 2_000
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook counts days, and knows no zones
_REASONS = sorted(set(SUBJECTS.values()))
_FIELDS = (
    *("employee__employee_id", "employee__departement", "features__poste"),
    *("probability", "low", "high", "is_extrapolated"),
)


CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
MOST_AT_ONCE = 10_000  # people; the file of more is made by a task
TOLD = 1_000  # lines between two reports of the progress


def parts(
    kind: str,
    run: ScoringRun,
    predictions: QuerySet[Prediction],
    readable: Readable,
    *,
    tell: Callable[[int], None] | None = None,
) -> Iterator[str] | Iterator[bytes]:
    """The content of a file in the active language, a part at a time; ``tell`` is called with the lines so far.

    CSV is UTF-8 with a mark that Excel understands; in French its separator is ; and its decimals have a comma. In a
    workbook numbers are numbers, probabilities percentages, the date a date.
    """
    language = get_language()
    if kind == "csv":
        return _csv_lines(run, predictions, readable, language, tell)
    scored_at = (_local(run.created_at) - _DAY_ZERO) / timedelta(days=1)
    rows = _counted(_rows(run, predictions, readable, language, scored_at), tell)
    return streamed_workbook(_frame(predictions.count()), rows)


def _counted(rows: Iterator[list], tell: Callable[[int], None] | None) -> Iterator[list]:
    for count, row in enumerate(rows, start=1):
        yield row
        if tell and count % TOLD == 0:
            tell(count)


def _frame(count: int) -> bytes:
    """The workbook of ``count`` rows, with one that is a sample of them."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        number_formats = {"share": "0.0%", "date": "yyyy-mm-dd hh:mm"}
        styles = {kind: workbook.add_format({"num_format": form}) for kind, form in number_formats.items()}
        bold = workbook.add_format({"bold": True})
        sheet = workbook.add_worksheet(_("Employees"))
        sheet.freeze_panes(1, 1)
        columns = _columns()
        for place, (title, kind, width) in enumerate(columns):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, bold)
            sheet.write_number(1, place, 0, styles.get(kind))
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return file.getvalue()


def file_name(run: ScoringRun, extension: str) -> str:
    name = _("risk-list")
    return f"technova-{name}-{timezone.localtime(run.created_at):%Y-%m-%d}.{extension}"


def _columns() -> list[tuple[str, str, int]]:
    """Title, kind and width in characters of each column."""
    return [
        (_("Employee number"), "number", 12),
        (_("Department"), "text", 20),
        (_("Job"), "text", 26),
        (_("Probability"), "share", 12),
        (_("Low end of the interval"), "share", 12),
        (_("High end of the interval"), "share", 12),
        (_("Not enough data for an interval"), "text", 12),
        (_("Risk"), "text", 12),
        (_("Over the threshold"), "text", 12),
        (_("Main reason"), "text", 44),
        (_("Second reason"), "text", 44),
        (_("Scored at"), "date", 18),
        (_("Model version"), "text", 20),
        (_("Within (months)"), "text", 14),
    ]


def _local(instant: datetime) -> datetime:
    """The wall clock's date and time: a spreadsheet knows no time zones."""
    return timezone.localtime(instant).replace(tzinfo=None)


def _csv_lines(
    run: ScoringRun, predictions: QuerySet[Prediction], readable: Readable, language: str, tell
) -> Iterator[str]:
    """Some lines at a time; the language is given, since they are read after the view has answered."""
    with override(language):
        mark, delimiter = get_format("DECIMAL_SEPARATOR"), csv_delimiter()
        columns = _columns()

    def words(row: list) -> list[str]:
        return [
            "" if value is None else f"{value:.4f}".replace(".", mark) if kind == "share" else str(value)
            for value, (_title, kind, _width) in zip(row, columns, strict=True)
        ]

    titles = [title for title, _kind, _width in columns]
    rows = _rows(run, predictions, readable, language, f"{_local(run.created_at):%Y-%m-%d %H:%M}")
    return streamed_csv(chain([titles], map(words, _counted(rows, tell))), delimiter=delimiter)


def _rows(
    run: ScoringRun, predictions: QuerySet[Prediction], readable: Readable, language: str, scored_at: str | float
) -> Iterator[list]:
    """The values of each line, in the order of ``_columns``."""

    @lru_cache(maxsize=50_000)
    def label(name: str, value: str) -> str:
        with override(language):
            return terms.label(name, value)

    @lru_cache(maxsize=50_000)
    def reason(name: str, value: object) -> str:
        with override(language):
            return phrase(schema.BY_NAME[name], value)

    def reasons(why: list, value_of: dict[str, object]) -> list[str]:
        if readable.reads_everything:
            return [reason(name, value_of[name]) for name in why if name]
        with override(language):
            return raising_most(values=value_of, contributions=why[0], readable=readable)

    with override(language):
        names = {band.slug: str(band.label) for band in (*bands.BANDS, bands.UNKNOWN)}
        yes_no = {True: _("Yes"), False: _("No")}
        horizon = str(run.horizon_months or _("no horizon"))
    readable_names = [name for name in _REASONS if readable_features.reads(readable, name)]
    # the log holds the two strongest as HR reads them
    kept = ["main_reason", "second_reason"] if readable.reads_everything else ["contributions"]
    fields = (*_FIELDS, *kept, *(f"features__{name}" for name in readable_names))
    lines = predictions.values_list(*fields).iterator(chunk_size=CHUNK_SIZE)
    for number, department, job, probability, low, high, is_unsure, *rest in lines:
        value_of = dict(zip(readable_names, rest[len(kept) :], strict=True))
        first, other = [*reasons(rest[: len(kept)], value_of), "", ""][:2]
        yield [
            number,
            label("departement", department),
            label("poste", job),
            probability,
            None if is_unsure else low,
            None if is_unsure else high,
            yes_no[is_unsure],
            names[bands.band_of(probability, run.threshold, is_extrapolated=is_unsure).slug],
            yes_no[probability >= run.threshold],
            first,
            other,
            scored_at,
            run.model_version,
            horizon,
        ]
