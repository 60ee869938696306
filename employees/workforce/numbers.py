"""Employee numbers of a whole workforce as sorted arrays, four bytes each. Pure."""

import numpy as np

NUMBER = np.int32  # what everyone's numbers are kept as
PART = 2**16  # numbers looked up at a time: their places take eight bytes each


def distinct(*numbers: np.ndarray) -> np.ndarray:
    """All of some arrays, sorted, each number once. ``np.unique`` would keep a hash table, of 44 bytes a number."""
    found = np.concatenate([np.empty(0, dtype=NUMBER), *numbers], dtype=NUMBER)
    found.sort()
    is_first = np.ones(len(found), dtype=bool)
    np.not_equal(found[1:], found[:-1], out=is_first[1:])
    return found if is_first.all() else found[is_first]


def is_among(numbers: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each number is one of the others, which are sorted. ``np.isin`` may take 70 bytes a number."""
    is_found = np.empty(len(numbers), dtype=bool)
    for start in range(0, len(numbers), PART):
        some = numbers[start : start + PART].astype(NUMBER, copy=False)
        is_found[start : start + PART] = np.searchsorted(others, some, "right") > np.searchsorted(others, some)
    return is_found
