"""The risk list as a file, written while it is read, so that memory does not grow with the list."""

import csv
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache

import xlsxwriter
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from features import schema
from predictions import bands
from predictions.explanation import TOLD_AS, phrase
from predictions.models import Prediction, ScoringRun
from technova.spreadsheets import inert

CHUNK_SIZE = 2_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_REASONS = sorted(set(TOLD_AS.values()))
_FIELDS = (
    *("employee__employee_id", "employee__departement", "features__poste", "probability", "low", "high"),
    *("main_reason", "second_reason", *(f"features__{name}" for name in _REASONS)),
)


class _Lines:
    """What a streamed CSV is written to: each line is handed on as it comes."""

    def write(self, line: str) -> str:
        return line


def csv_response(run: ScoringRun, predictions: QuerySet[Prediction]) -> HttpResponse:
    """UTF-8 with a mark that Excel understands; in French its separator is ; and its decimals have a comma."""
    language = get_language()
    response = StreamingHttpResponse(_csv_lines(run, predictions, language), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(run, "csv")}"'
    return response


def xlsx_response(run: ScoringRun, predictions: QuerySet[Prediction]) -> HttpResponse:
    """Written to a temporary file row by row; numbers are numbers, probabilities percentages, the date a date."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it when it is sent)
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        write = {
            "text": (xlsxwriter.worksheet.Worksheet.write_string, None),
            "number": (xlsxwriter.worksheet.Worksheet.write_number, None),
            "share": (xlsxwriter.worksheet.Worksheet.write_number, workbook.add_format({"num_format": "0.0%"})),
            "date": (
                xlsxwriter.worksheet.Worksheet.write_datetime,
                workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            ),
        }
        sheet = workbook.add_worksheet(_("Risk list"))
        sheet.freeze_panes(1, 1)
        bold = workbook.add_format({"bold": True})
        columns = _columns()
        for place, (title, _kind, width) in enumerate(columns):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, bold)
        line = 0
        for line, values in enumerate(_rows(run, predictions, get_language()), start=1):
            for place, (value, (_title, kind, _width)) in enumerate(zip(values, columns, strict=True)):
                if value is not None:
                    method, style = write[kind]
                    method(sheet, line, place, value, style)
        sheet.autofilter(0, 0, line, len(columns) - 1)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=file_name(run, "xlsx"), content_type=XLSX)


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
        (_("Risk"), "text", 12),
        (_("Over the threshold"), "text", 12),
        (_("Main reason"), "text", 44),
        (_("Second reason"), "text", 44),
        (_("Scored at"), "date", 18),
        (_("Model version"), "text", 20),
    ]


def _csv_lines(run: ScoringRun, predictions: QuerySet[Prediction], language: str) -> Iterator[str]:
    """The lines; the language is given, since they are read after the view has answered."""
    with override(language):
        mark = get_format("DECIMAL_SEPARATOR")
        columns = _columns()
        writer = csv.writer(_Lines(), delimiter=";" if mark == "," else ",")
        yield "\N{ZERO WIDTH NO-BREAK SPACE}" + writer.writerow([title for title, _kind, _width in columns])
        words: dict[str, Callable] = {
            "share": lambda value: f"{value:.4f}".replace(".", mark),
            "date": lambda value: f"{value:%Y-%m-%d %H:%M}",
        }
        kinds = [words.get(kind, str) for _title, kind, _width in columns]
    for values in _rows(run, predictions, language):
        cells = zip(kinds, values, strict=True)
        yield writer.writerow(["" if value is None else word(value) for word, value in cells])


def _rows(run: ScoringRun, predictions: QuerySet[Prediction], language: str) -> Iterator[list]:
    """The values of each line, in the order of ``_columns``; texts are safe to open in a spreadsheet."""
    scored_at = timezone.localtime(run.created_at).replace(tzinfo=None)

    @lru_cache(maxsize=50_000)
    def words(feature: schema.Feature, value: object, *, is_phrase: bool = False) -> str:
        with override(language):
            return inert(phrase(feature, value) if is_phrase else str(_(feature.label_of(value))))

    with override(language):
        names = {band: str(band.label) for band in bands.BANDS}
        yes_no = {True: _("Yes"), False: _("No")}
    for number, department, job, probability, low, high, main, second, *values in predictions.values_list(
        *_FIELDS
    ).iterator(chunk_size=CHUNK_SIZE):
        known = dict(zip(_REASONS, values, strict=True))
        reasons = [name and words(schema.BY_NAME[name], known[name], is_phrase=True) for name in (main, second)]
        yield [
            number,
            words(schema.BY_NAME["departement"], department),
            words(schema.BY_NAME["poste"], job),
            probability,
            low,
            high,
            names[bands.band_of(probability, run.threshold)],
            yes_no[probability >= run.threshold],
            *reasons,
            scored_at,
            run.model_version,
        ]
