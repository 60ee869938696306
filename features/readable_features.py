"""Which features a caller may read: those derived from readable columns only."""

from collections.abc import Iterable, Mapping

from employees import terms
from employees.access import Readable
from features.schema import made_from, sources_of


def reads(readable: Readable, name: str) -> bool:
    """Whether the value of a feature, or of a column, may be read."""
    return readable.reads(sources_of(name))


def is_off(name: str) -> bool:
    """Whether a feature is a switched-off column or derived from one: then it is unknown for everyone."""
    return not terms.columns_off().isdisjoint(sources_of(name))


def may_try(readable: Readable, name: str, used: Iterable[str]) -> bool:
    """Whether a caller may vary an input in what-if: it must not change a hidden feature.

    ``used`` are the features of the model. The effect of a formula of overtime and pay would reveal the pay.
    """
    return all(reads(readable, moved) for moved in {name, *made_from(name).intersection(used)})


def values_for(readable: Readable, values: Mapping[str, object]) -> dict[str, object]:
    """The values that may be read, by name."""
    return {name: value for name, value in values.items() if reads(readable, name)}


def withheld(readable: Readable, names: Iterable[str]) -> str:
    """The hidden matters of these features, in words; empty if all may be read."""
    return readable.withheld(frozenset[str]().union(*map(sources_of, names)))
