"""The groups and the cells of a scoring run, counted chunk by chunk while it scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from employees.columns import Extract
from employees.workforce.known_values import History
from features import schema
from predictions.bands import BANDS, HIGH, edges
from predictions.ml.scorer import ScoreFrame
from predictions.models import RunCell, RunGroup, ScoringRun
from predictions.selectors.figures import BINS, empty_group
from technova.database.bulk import insert_blocks

ATTRIBUTES = ["departement", "poste", "site", "niveau_hierarchique_poste", "responsable"]
_SUMS = ["employee_count", "above_threshold_count", "expected_departures", "variance"]
_UNKNOWN = -1  # a level or a manager: groups have no missing keys


class CellCounter:
    """Adds up the people of a run by what they share. Holds the sums, some hundred bytes a cell.

    ``day`` is the day that is scored. Three queries or more a chunk, of the directory.
    """

    def __init__(self, day: date):
        self._history, self._day = History.now(), day
        self._parts: list[pd.DataFrame] = []

    def add(self, frame: pd.DataFrame, scores: ScoreFrame, is_over: np.ndarray) -> None:
        """The people of a chunk, as ``feature_chunks`` gives them, with their scores."""
        numbers = frame["employee_id"].to_numpy()
        in_order = np.sort(numbers)
        directory = self._history.values(Extract.ANNUAIRE, self._day, in_order, ["site", "responsable"])
        known = directory.reindex(numbers)
        keys = pd.DataFrame(
            {
                "departement": frame["departement"].to_numpy(object),
                "poste": frame["poste"].to_numpy(object),
                "site": known["site"].fillna("").to_numpy(object),
                "niveau_hierarchique_poste": frame["niveau_hierarchique_poste"].fillna(_UNKNOWN).to_numpy(int),
                "responsable": pd.to_numeric(known["responsable"]).fillna(_UNKNOWN).to_numpy(int),
            }
        )
        probability = scores.probability
        sums = np.column_stack(
            [np.ones(len(frame)), is_over, probability, probability * (1 - probability), scores.contributions]
        )
        of_chunk = pd.DataFrame(sums, columns=[*_SUMS, *schema.FEATURE_NAMES]).add_prefix("sum_")
        self._parts.append(pd.concat([keys, of_chunk], axis=1).groupby(ATTRIBUTES, sort=False).sum())

    def store(self, run: ScoringRun) -> None:
        """Replace the cells of earlier runs by those of this one."""
        RunCell.objects.all().delete()
        cells = pd.concat(self._parts).groupby(level=ATTRIBUTES).sum()
        keys = {name: cells.index.get_level_values(name) for name in ATTRIBUTES}
        people, over, expected, variance, *contributions = cells.to_numpy().T
        insert_blocks(
            RunCell,
            [
                {
                    "run_id": run.pk,
                    **{name: keys[name].to_numpy(object) for name in ("departement", "poste", "site")},
                    "niveau_hierarchique_poste": _known(keys["niveau_hierarchique_poste"]),
                    "responsable": _known(keys["responsable"]),
                    "employee_count": people.astype(int),
                    "above_threshold_count": over.astype(int),
                    "expected_departures": expected * run.seen_correction,
                    "variance": variance,
                    "contributions": np.column_stack(contributions),
                }
            ],
            ["run_id", *ATTRIBUTES, *_SUMS, "contributions"],
        )


def _known(numbers: pd.Index) -> pd.Series:
    """Numbers of which some are unknown."""
    column = numbers.to_series().astype("Int64")
    return column.mask(column == _UNKNOWN)


class GroupCounter:
    """The groups of a run, counted chunk by chunk while it scores, by department and job of the day scored."""

    def __init__(self, run: ScoringRun) -> None:
        self.run = run
        self.groups: dict[tuple[str, str], RunGroup] = {}

    def add(self, frame: pd.DataFrame, probability: np.ndarray, *reasons: Sequence[str]) -> None:
        """People of a frame with their features; ``reasons`` are their main ones, and their second ones."""
        of_pairs = frame.groupby(["departement", "poste"], sort=False)
        group, count = of_pairs.ngroup().to_numpy(), of_pairs.ngroups
        band = np.searchsorted(edges(self.run.threshold), probability, side="right")
        place = np.minimum((probability * BINS).astype(int), BINS - 1) + BINS * (band + len(BANDS) * group)
        histograms = np.bincount(place, minlength=count * len(BANDS) * BINS).reshape(count, len(BANDS), BINS)
        expected = np.bincount(group, probability, minlength=count) * self.run.seen_correction
        for number, (department, job) in enumerate(of_pairs.groups):
            histogram = histograms[number]
            found = self._group(str(department), str(job))
            found.employee_count += int(histogram.sum())
            found.above_threshold_count += int(histogram[BANDS.index(HIGH) :].sum())
            found.expected_departures += float(expected[number])
            for band_of, bins in zip(BANDS, histogram, strict=True):
                found.histogram[band_of.slug] = (bins + found.histogram[band_of.slug]).tolist()
        named = pd.DataFrame({"group": np.tile(group, len(reasons)), "reason": np.concatenate(reasons)})
        groups = list(of_pairs.groups)
        for (number, reason), people in named[named["reason"] != ""].value_counts().items():
            of_group = self._group(*map(str, groups[number])).reasons
            of_group[reason] = of_group.get(reason, 0) + people

    def _group(self, department: str, job: str) -> RunGroup:
        return self.groups.setdefault((department, job), empty_group(self.run, departement=department, poste=job))
