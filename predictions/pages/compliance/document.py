"""A document of the compliance file as the screen and the PDF show it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Table:
    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A title with what stands under it, in this order. ``missing`` are facts that the company has not given."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    bullets: list[str] = field(default_factory=list)
    table: Table | None = None
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Document:
    """``name`` is its address; ``lead`` says for whom it is."""

    name: str
    title: str
    lead: str
    sections: list[Section]

    @property
    def missing(self) -> list[str]:
        """The facts that it lacks, each once, in order."""
        return list(dict.fromkeys(name for section in self.sections for name in section.missing))


class Answered(Protocol):
    """What the company answered to a question, or that it has not: then ``text`` is empty."""

    @property
    def label(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def sentence(self) -> str: ...


def section(
    title: str,
    *paragraphs: str,
    bullets: Iterable[str] = (),
    table: Table | None = None,
    ask: Iterable[Answered] = (),
) -> Section:
    """A section; ``ask`` are answers of the company: those given stand after the paragraphs. Empty paragraphs go."""
    answers = list(ask)
    return Section(
        title,
        [*filter(None, paragraphs), *(answer.sentence for answer in answers if answer.text)],
        list(bullets),
        table,
        [answer.label for answer in answers if not answer.text],
    )
