import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from employees.workforce import numbers
from employees.workforce.numbers import NUMBER, distinct, is_among

of_few = st.lists(st.integers(1, 2**31 - 1) | st.integers(1, 9)).map(lambda found: np.array(found, dtype=NUMBER))


@settings(deadline=None)
@given(some=of_few, others=of_few)
def test_distinct_numbers_are_those_of_numpy(some, others):
    assert distinct(some, others).tolist() == np.union1d(some, others).tolist()
    assert distinct().tolist() == []


@settings(deadline=None)
@given(some=of_few, others=of_few, part=st.integers(1, 5))
def test_numbers_among_others_are_those_of_numpy(some, others, part):
    before, numbers.PART = numbers.PART, part
    try:
        assert is_among(some, distinct(others)).tolist() == np.isin(some, others).tolist()
    finally:
        numbers.PART = before


def test_sets_of_numbers_take_few_bytes_each():
    everyone = np.arange(1, 10_000_000, 50, dtype=NUMBER)
    tracemalloc.start()
    is_among(distinct(everyone), everyone)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15 * len(everyone)
