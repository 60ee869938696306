"""A company's names and formats for columns and values: stored, and reused the next month without asking."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from math import isfinite
from typing import Any

from employees.columns import BY_NAME, KEY, Extract, match_key

FRENCH_DATES, AMERICAN_DATES = "dmy", "mdy"


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How the files of a company are read. Stored as JSON (``document``, ``of``); the default changes nothing."""

    # Of each extract, by the title in the file, the product's name of the column; empty for one to leave out.
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # By the column's name, what a text of the company stands for: {"genre": {"1": "M"}}.
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # By the column's name, the lowest and the highest mark of the company's scale; the best one stands last.
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    # By the column's name, by what a number is multiplied: "1/12" for pay by the year, "100" for fractions.
    factors: Mapping[str, str] = field(default_factory=dict)
    # The sheet and the header line of an extract, if its columns do not identify them.
    sheets: Mapping[str, str] = field(default_factory=dict)
    header_lines: Mapping[str, int] = field(default_factory=dict)
    decimal: str = ""  # "." or ",": what separates the decimals of "1.299", which is refused otherwise
    dates: str = ""  # FRENCH_DATES or AMERICAN_DATES: the order of 03/04/2026; empty is French
    # What stands for the number in rows that may be no person, as TOTAL, and whether they are skipped.
    skipped: Mapping[str, bool] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "FileMapping":
        """The mapping from its document."""
        scales = {name: tuple(marks) for name, marks in document.get("scales", {}).items()}
        return cls(**{**document, "scales": scales})

    def updated(self, other: "FileMapping") -> "FileMapping":
        """A copy extended and overridden by another mapping."""
        return FileMapping.of(
            _updated(self.document(), {name: said for name, said in other.document().items() if said})
        )

    def with_header(self, extract: Extract, title: str, name: str) -> "FileMapping":
        """A copy that maps a title to a column of the product, or to none if the column is empty."""
        titles = {**self.headers.get(extract, {}), title: name}
        return replace(self, headers={**self.headers, extract.value: titles})

    def with_value(self, name: str, text: str, value: str) -> "FileMapping":
        """A copy that maps a text of a column to a value."""
        return replace(self, values={**self.values, name: {**self.values.get(name, {}), text: value}})

    def with_scale(self, name: str, lowest: float, highest: float) -> "FileMapping":
        """A copy with the company's scale of a column."""
        return replace(self, scales={**self.scales, name: (lowest, highest)})

    def with_factor(self, name: str, factor: str) -> "FileMapping":
        """A copy with the factor by which a column is multiplied; 1 leaves it unchanged."""
        Fraction(factor)  # raises ValueError for what is no number
        return replace(self, factors={**self.factors, name: factor})

    def with_skipped(self, text: str, is_skipped: bool = True) -> "FileMapping":
        """A copy that skips, or keeps, the rows with this text as their number."""
        return replace(self, skipped={**self.skipped, text: is_skipped})

    def knows_row(self, text: str) -> bool:
        """Whether it defines how to treat a row with this text as its number."""
        return match_key(text) in map(match_key, self.skipped)

    @property
    def skipped_keys(self) -> frozenset[str]:
        """The texts, as ``match_key`` keys, in place of the number in rows that are not people."""
        return frozenset(match_key(text) for text, is_skipped in self.skipped.items() if is_skipped)


PLAIN = FileMapping()


def _updated(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _updated(old.get(name), value) for name, value in new.items()}}
    return new


# How each part of a mapping is written.
EXAMPLES: dict[str, Any] = {
    "headers": {"sirh": {"Brut annuel": "revenu_mensuel", "Centre de coût": ""}},
    "values": {"genre": {"1": "M", "2": "F"}},
    "scales": {"satisfaction_employee_equipe": [1, 5]},
    "factors": {"revenu_mensuel": "1/12"},
    "sheets": {"sirh": "Personnel"},
    "header_lines": {"sirh": 3},
    "decimal": ",",
    "dates": FRENCH_DATES,
    "skipped": {"TOTAL": True},
}


def faulty_part(document: Any) -> str:
    """The first invalid part of a document; empty for a valid mapping.

    A document that is not an object is invalid as a whole: "document".
    """
    if not isinstance(document, dict):
        return "document"
    return next((part for part, said in document.items() if part not in _RULES or not _RULES[part](said)), "")


def _table(is_key: Callable[[Any], bool], is_value: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda said: isinstance(said, dict) and all(is_key(key) and is_value(said[key]) for key in said)


def _is_text(said: Any) -> bool:
    return isinstance(said, str)


def _is_extract(said: Any) -> bool:
    return said in list(Extract)


def _is_column(said: Any) -> bool:
    return _is_text(said) and said in BY_NAME


def _is_target(said: Any) -> bool:
    return said in ("", KEY) or _is_column(said)


def _is_scale(said: Any) -> bool:
    return isinstance(said, list | tuple) and len(said) == 2 and all(map(_is_number, said)) and said[0] != said[1]


def _is_number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and isfinite(said)


def _is_factor(said: Any) -> bool:
    return isinstance(said, str) and bool(_FACTOR.fullmatch(said))


def _is_line(said: Any) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said > 0


_FACTOR = re.compile(r"0*[1-9][0-9]{0,6}(/0*[1-9][0-9]{0,6})?")
_RULES: dict[str, Callable[[Any], bool]] = {
    "headers": _table(_is_extract, _table(_is_text, _is_target)),
    "values": _table(_is_column, _table(_is_text, _is_text)),
    "scales": _table(_is_column, _is_scale),
    "factors": _table(_is_column, _is_factor),
    "sheets": _table(_is_extract, _is_text),
    "header_lines": _table(_is_extract, _is_line),
    "decimal": lambda said: said in ("", ".", ","),
    "dates": lambda said: said in ("", FRENCH_DATES, AMERICAN_DATES),
    "skipped": _table(_is_text, lambda said: isinstance(said, bool)),
}
