"""What a company calls its columns and values, and how it writes them: kept, and used silently the next month."""

from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

from employees.columns import Extract, match_key

FRENCH_DATES, AMERICAN_DATES = "dmy", "mdy"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the files of a company are read. JSON by ``document`` and ``of``; a plain one changes nothing."""

    # Of each extract, by the title in the file, the product's name of the column; empty for one to leave out.
    headers: Dict[str, Dict[str, str]] = field(default_factory=dict)
    # By the column's name, what a text of the company stands for: {"genre": {"1": "M"}}.
    values: Dict[str, Dict[str, str]] = field(default_factory=dict)
    # By the column's name, the lowest and the highest mark of the company's scale; the best one stands last.
    scales: Dict[str, tuple[float, float]] = field(default_factory=dict)
    # By the column's name, by what a number is multiplied: "1/12" for pay by the year, "100" for fractions.
    factors: Dict[str, str] = field(default_factory=dict)
    # The sheet and the line of the header of an extract, where its columns do not tell.
    sheets: Dict[str, str] = field(default_factory=dict)
    header_lines: Dict[str, int] = field(default_factory=dict)
    decimal: str = ""  # "." or ",": what separates the decimals of "1.299", which is refused otherwise
    dates: str = FRENCH_DATES
    skipped: tuple[str, ...] = ()  # what stands for the number in rows that are no person: TOTAL

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Dict[str, Any]) -> "Mapping":
        """The mapping that a document was made of."""
        scales = {name: tuple(marks) for name, marks in document.get("scales", {}).items()}
        return cls(**{**document, "scales": scales, "skipped": tuple(document.get("skipped", ()))})

    def with_header(self, extract: Extract, title: str, name: str) -> "Mapping":
        """A copy that maps a title to a column of the product, or to none if the column is empty."""
        titles = {**self.headers.get(extract, {}), title: name}
        return replace(self, headers={**self.headers, extract.value: titles})

    def with_value(self, name: str, text: str, value: str) -> "Mapping":
        """A copy that maps a text of a column to a value."""
        return replace(self, values={**self.values, name: {**self.values.get(name, {}), text: value}})

    def with_scale(self, name: str, lowest: float, highest: float) -> "Mapping":
        """The same with the company's scale of a column."""
        return replace(self, scales={**self.scales, name: (lowest, highest)})

    def with_factor(self, name: str, factor: str) -> "Mapping":
        """The same with the number by which a column is multiplied; 1 says that it stays as it is."""
        Fraction(factor)  # raises ValueError for what is no number
        return replace(self, factors={**self.factors, name: factor})

    def with_skipped(self, text: str) -> "Mapping":
        """The same with rows to skip: those that have this text for a number."""
        return replace(self, skipped=(*self.skipped, text))

    def skips(self, text: str) -> bool:
        """Whether a row with this text for a number is no person."""
        return bool(self.skipped) and match_key(text) in map(match_key, self.skipped)


PLAIN = Mapping()
