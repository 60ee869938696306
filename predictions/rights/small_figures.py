"""Figures of past runs that could tell of an erased person: those of fewer than five people, and the cells.

What counts five people or more stays as it was shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from django.db.models import QuerySet

from employees.columns import Extract
from employees.disclosure import SMALLEST_GROUP
from employees.models import Employee
from employees.workforce.known_values import History
from predictions.bands import BANDS, HIGH, edges
from predictions.models import Prediction, RunCell, RunGroup
from predictions.segments import cube
from predictions.selectors.figures import BINS


def take_out(people: QuerySet[Employee]) -> None:
    """Take people out of the figures, before the rows go from which they were counted. A query for each run, and
    three for the newest one.
    """
    for row, group in small_groups(people):
        _take_out_of_group(row, group)
    for row in in_cells(people):
        _take_out_of_cell(row)
    cube.forget()


def _take_out_of_group(row: Any, group: RunGroup) -> None:
    if group.employee_count == 1:
        group.delete()
        return
    band = int(np.searchsorted(edges(row.run.threshold), row.probability, side="right"))
    group.employee_count -= 1
    group.above_threshold_count -= BANDS[band] in BANDS[BANDS.index(HIGH) :]
    group.expected_departures -= row.probability * row.run.seen_correction
    group.histogram[BANDS[band].slug][min(int(row.probability * BINS), BINS - 1)] -= 1
    for reason in filter(None, (row.main_reason, row.second_reason)):
        group.reasons[reason] = group.reasons.get(reason, 1) - 1
    group.save()


def _take_out_of_cell(row: Any) -> None:
    """Where the cell is not found, the directory has changed since: then all cells of the run go."""
    number, features = row.employee.employee_id, row.features
    known = History.now().values(Extract.ANNUAIRE, row.run.day, np.array([number]), ["site", "responsable"])
    at: Any = known.loc[number] if number in known.index else {"site": None, "responsable": None}
    cells = RunCell.objects.filter(
        run=row.run,
        departement=features.departement,
        poste=features.poste,
        niveau_hierarchique_poste=features.niveau_hierarchique_poste,
        site="" if pd.isna(at["site"]) else at["site"],
        responsable=None if pd.isna(at["responsable"]) else int(at["responsable"]),
    )
    cell = cells.first()
    if cell is None:
        RunCell.objects.filter(run=row.run).delete()
    elif cell.employee_count == 1:
        cell.delete()
    else:
        cell.employee_count -= 1
        cell.above_threshold_count -= row.predicted_class
        cell.expected_departures -= row.probability * row.run.seen_correction
        cell.variance -= row.probability * (1 - row.probability)
        cell.contributions = {
            name: total - row.contributions.get(name, 0.0) for name, total in cell.contributions.items()
        }
        cell.save()


def small_groups(people: QuerySet[Employee]) -> list[tuple[Any, RunGroup]]:
    """The scores of these people that are counted in a group under five, with it. Two queries."""
    rows = list(_scored(people))
    groups = RunGroup.objects.filter(run__in={row.run_id for row in rows}, employee_count__lt=SMALLEST_GROUP)
    by_place = {(group.run_id, group.departement, group.poste): group for group in groups}
    places = [(row, (row.run_id, row.features.departement, row.features.poste)) for row in rows]
    return [(row, by_place[place]) for row, place in places if place in by_place]


def in_cells(people: QuerySet[Employee]) -> QuerySet[Any]:
    """The scores of these people that are counted in the cells of the newest run."""
    return _scored(people).filter(run__in=RunCell.objects.order_by().values("run"))


def _scored(people: QuerySet[Employee]) -> QuerySet[Any]:
    rows = Prediction.objects.filter(employee__in=people, mode=Prediction.Mode.SCORING)
    return rows.select_related("run", "features", "employee")
