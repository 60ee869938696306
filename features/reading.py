"""Which features a caller may read: those that are made of nothing but columns that may be read."""

from collections.abc import Iterable, Mapping

from employees.access import Readable
from features.schema import made_from, sources_of


def reads(readable: Readable, name: str) -> bool:
    """Whether the value of a feature, or of a column, may be read."""
    return readable.reads(sources_of(name))


def may_try(readable: Readable, name: str, used: Iterable[str]) -> bool:
    """Whether a caller may try other values of an input in the place of someone's: it moves no feature that is hidden.

    ``used`` are the features of the model. What a formula of overtime and pay moves by would tell the pay.
    """
    return all(reads(readable, moved) for moved in {name, *made_from(name).intersection(used)})


def values_for(readable: Readable, values: Mapping[str, object]) -> dict[str, object]:
    """The values that may be read, by name."""
    return {name: value for name, value in values.items() if reads(readable, name)}


def withheld(readable: Readable, names: Iterable[str]) -> str:
    """What of these features may not be read, in words; empty when all may be."""
    return readable.withheld(frozenset[str]().union(*map(sources_of, names)))
