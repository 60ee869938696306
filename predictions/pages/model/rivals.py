"""The model beside other methods, as tables: on the same folds, and on later months."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from predictions.formats import decimal, grouped
from predictions.ml.assessment import rivals
from predictions.pages.model.card_tables import Table


def tables() -> list[Table]:
    """The two tables of ``rivals.measured``."""
    found = rivals.measured()
    folds, later = found["folds"], found["out_of_time"]
    on_folds = _(
        "On the same %(count)s test parts of %(people)s people, %(left)s of whom left: mean, and spread in brackets"
    ) % {
        "count": folds["folds"] * folds["repeats"],
        "people": grouped(folds["people"]),
        "left": grouped(folds["left"]),
    }
    out_of_time = _(
        "On the %(months)s months after: of %(people)s people, %(left)s left; learned from %(learned)s departures. In "
        "brackets the spread over people drawn anew"
    ) % {
        "months": later["months"],
        "people": grouped(later["people"]),
        "left": grouped(later["left"]),
        "learned": grouped(later["learned_departures"]),
    }
    return [_table(on_folds, folds["models"]), _table(out_of_time, later["models"])]


def _table(caption: str, models: Sequence[Mapping]) -> Table:
    columns = [_("Method"), *(_(text) for text in rivals.FIGURES.values()), _("Expected departures")]
    rows = [
        [
            _(rivals.NAMES[each["model"]]),
            *(_with_spread(each["metrics"][name]) for name in rivals.FIGURES),
            grouped(each["expected"]),
        ]
        for each in models
    ]
    return Table(caption, columns, rows)


def _with_spread(figure: Mapping) -> str:
    return f"{decimal(figure['mean'])} ({decimal(figure['sd'])})"
