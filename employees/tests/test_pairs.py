"""Old and new values that are counted part by part, beside the same of all of them at once."""

import numpy as np
import pytest

from employees.workforce.pairs import JUMP, Pairs


@pytest.mark.parametrize("count", [1, 2, 7, 60, 61])
@pytest.mark.parametrize("largest", [2, 5, 100])
def test_parts_count_what_all_of_them_would(count, largest):
    old, new = np.random.default_rng(count * largest).integers(1, largest, (2, count)) / 4
    pairs = Pairs()
    for start in range(0, count, 7):
        pairs.add(old[start : start + 7], new[start : start + 7])
    assert (pairs.count, pairs.falling) == (count, (new < old).sum())
    assert pairs.jumping == ((new > JUMP * old) | (JUMP * new < old)).sum()
    assert (pairs.old.median, pairs.new.median) == (np.median(old), np.median(new))
    expected = np.corrcoef(old, new)[0, 1] if old.std() and new.std() else np.nan
    assert pairs.correlation == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_of_nobody_the_median_and_the_correlation_are_unknown():
    pairs = Pairs.of(np.empty(0), np.empty(0))
    assert np.isnan([pairs.old.median, pairs.new.median, pairs.correlation]).all()
