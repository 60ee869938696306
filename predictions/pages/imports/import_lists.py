"""The lists of an import: what it changes, what was rejected, what it changed in the risk list; in part and whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees import terms
from employees.access import Readable
from employees.columns import BY_NAME, ColumnKind
from employees.extracts import Cause, Reject
from employees.messages import Message
from employees.models import ROWS, Import, ImportChange, ImportReject
from predictions import formats
from predictions.pages.listings import Cell, Listing, shown_cell
from predictions.selectors import people, risk_changes
from predictions.selectors.risk_changes import RiskChange, RunPair

FIRST = 5  # lines of each list that the page of the import shows
PAY = "revenu_mensuel"
REJECTS = "rejects"
MOVES = {
    "left": gettext_lazy("Departures"),
    "arrived": gettext_lazy("Arrivals"),
    "vanished": gettext_lazy("Missing without a word"),
    "returned": gettext_lazy("Back"),
    "moved": gettext_lazy("In another department"),
    "forgotten": gettext_lazy("In no extract any more"),
}
RISKS = {
    RiskChange.OVER: gettext_lazy("Newly over the threshold"),
    RiskChange.UNDER: gettext_lazy("Under the threshold again"),
    RiskChange.JOINED: gettext_lazy("New in the list"),
    RiskChange.GONE: gettext_lazy("No longer in the list"),
}
LABELS = {field.name: field.verbose_name for table in ROWS.values() for field in table._meta.fields}


def listing(upload: Import, name: str, readable: Readable) -> Listing | None:
    """The list of an import by its name; None if there is none. With the names of people that are ``readable``."""
    if name == REJECTS:
        return _of_rejects(upload)
    if name in RISKS:
        pair = runs_around(upload)
        return _of_risk(pair, RiskChange(name), readable) if pair else None
    return _of_changes(name, _of_kind(upload, name, readable)) if name in MOVES or name in BY_NAME else None


def move_listings(changes: pd.DataFrame) -> dict[str, Listing]:
    """Each list of moves that is not empty, by name, departures first; ``changes`` are as ``comparison.listed``."""
    rows: dict[str, list[ImportChange]] = {}
    for values in changes.itertuples(index=False):
        rows.setdefault(values.kind, []).append(ImportChange(**values._asdict()))
    return {name: _of_changes(name, rows[name]) for name in MOVES if name in rows}


def first_changes(upload: Import, readable: Readable) -> list[dict]:
    """The first lines of each move, departures first, and of the changes of pay, with their counts. One query."""
    counts = {name: count for name, count in _counts(upload).items() if count}
    names = [name for name in (*MOVES, PAY) if name in counts]
    rows = _changes(upload, readable).filter(kind__in=names, place__lt=FIRST).order_by("kind", "place")
    first = {kind: list(lines) for kind, lines in groupby(rows, key=lambda row: row.kind)}
    lists = {name: _of_changes(name, _of_kind(upload, name, readable)) for name in names}
    return [
        {
            "name": name,
            "title": _("The largest changes of pay") if name == PAY else found.title,
            "count": counts[name],
            "columns": found.columns,
            "rows": found.shown(first.get(name, [])),
            "href": reverse("import_list", args=[upload.pk, name]),
            "csv_href": reverse("import_list_csv", args=[upload.pk, name]),
        }
        for name, found in lists.items()
    ]


def _counts(upload: Import) -> dict[str, int]:
    """How many lines each list of changes has."""
    summary = upload.summary or {}
    moves = {name: move["count"] for name, move in summary.get("moves", {}).items()}
    return moves | {column["name"]: column["changed"] for column in summary.get("columns", ())}


def columns_changed(upload: Import) -> list[dict]:
    """The columns that change, with their medians where those are meaningful."""
    return [
        column
        | {"label": capfirst(LABELS[column["name"]])}
        | {name: shown_cell(column[name]) for name in ("old", "new")}
        for column in (upload.summary or {}).get("columns", ())
    ]


def alarms_in_words(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Stored alarms in the active language, with the labels of their columns."""
    alarms = [Message.of(document) for document in documents]
    labels = [{name: LABELS.get(str(value), value) for name, value in alarm.params.items()} for alarm in alarms]
    return [capfirst(Message(alarm.text, params).said(_)) for alarm, params in zip(alarms, labels, strict=True)]


def causes(upload: Import) -> list[str]:
    """The rejects in a sentence for each cause, the most frequent one first. One query."""
    same = [F("file"), F("column"), F("costs"), F("rule__text")]
    place, count = Window(RowNumber(), same, order_by="pk"), Window(Count("pk"), same)
    first = upload.rejects.annotate(place=place, count=count).filter(place=1).order_by("-count", "pk")
    return [_cause(row.count, row.as_reject()) for row in first]


def _cause(count: int, first: Reject) -> str:
    return Cause(count, first.rule, first.column, first).sentence.said(_)


def runs_around(upload: Import) -> RunPair | None:
    """The scoring runs before and after the load; None without the two. One query."""
    return risk_changes.around(upload.loaded_at) if upload.loaded_at else None


def risk_cards(upload: Import, pair: RunPair) -> list[dict]:
    """How many people each change of the risk list is about, with the address of the list. One query."""
    return [
        {
            "label": RISKS[change],
            "value": formats.grouped(count),
            "href": reverse("import_list", args=[upload.pk, change]) if count else "",
        }
        for change, count in pair.counts().items()
    ]


def _of_changes(name: str, rows: QuerySet | Sequence) -> Listing:
    """A list of ``ImportChange``: each column of it shows an attribute as a column of the extracts."""
    department = (_("Department"), "department", "departement")
    match name:
        case "moved":
            columns = [(_("Previous department"), "old", "departement"), (_("New department"), "new", "departement")]
        case "left":
            columns = [department, (_("Left after"), "old", "date_sortie"), (_("Left by"), "new", "date_sortie")]
        case _ if name in MOVES:
            columns = [department]
        case _:
            columns = [department, (_("Before"), "old", name), (_("In the files"), "new", name)]

    def cells(row: ImportChange) -> list[Cell]:
        difference = [_difference(row)] if name == PAY else []
        return [row.number, *(_value(column, getattr(row, field)) for _title, field, column in columns), *difference]

    titles = [
        _("Employee"),
        *(title for title, _field, _column in columns),
        *([_("Difference")] if name == PAY else []),
    ]
    title = MOVES.get(name) or capfirst(LABELS[name])
    return Listing(str(title), titles, rows, cells)


def _of_kind(upload: Import, name: str, readable: Readable) -> QuerySet[ImportChange]:
    return _changes(upload, readable).filter(kind=name).order_by("place")


def _changes(upload: Import, readable: Readable) -> QuerySet[ImportChange]:
    return people.with_page(upload.changes.all(), "number", readable)


def _value(column: str, value: Any) -> Cell:
    """A stored value of a column, its words with their labels."""
    kind = BY_NAME[column].kind
    if not value and not isinstance(value, int | float):
        return None
    if kind == ColumnKind.CHOICE:
        return terms.label(column, value)
    if kind == ColumnKind.BOOLEAN:
        return _("Yes") if value else _("No")
    return date.fromisoformat(value) if kind == ColumnKind.DATE else value


def _difference(row: ImportChange) -> str | None:
    return formats.signed_percent(row.new / row.old - 1) if row.old else None


def _of_risk(pair: RunPair, change: RiskChange, readable: Readable) -> Listing:
    columns = [_("Employee"), _("Department"), _("Job"), _("Risk before"), _("Risk after")]
    rows = people.with_page(pair.people(change), "employee__employee_id", readable)
    return Listing(str(RISKS[change]), columns, rows, _risk_cells)


def _risk_cells(row: Any) -> list[Cell]:
    """Those of a prediction as ``RunPair.people`` gives it."""
    features = row.features
    return [
        row.employee_number,
        terms.label("departement", features.departement) if features else None,
        terms.label("poste", features.poste) if features else None,
        *(None if risk is None else formats.percent(risk) for risk in (row.previous, row.risk)),
    ]


def _of_rejects(upload: Import) -> Listing:
    columns = [_("File"), _("Line"), _("Column"), _("Value"), _("What is expected")]
    return Listing(_("Rejected values"), columns, upload.rejects.all(), _reject_cells)


def _reject_cells(row: ImportReject) -> list[Cell]:
    rule = row.as_reject().rule.said(_)
    return [row.file, row.line, row.column or _("(the whole row)"), row.value or None, rule]
