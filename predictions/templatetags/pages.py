"""How templates write numbers: for people in their language, for SVG attributes in the neutral form."""

import re
from collections.abc import Mapping, Sequence

from django import template
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from employees import journal
from predictions import formats
from predictions.pages import icons

register = template.Library()


@register.filter
def percent(share: float | None, decimals: int = 1) -> str:
    """A share of 1 as a percentage in the active language; a dash where there is none."""
    return "–" if share is None else formats.percent(share, decimals)


@register.filter
def client_in_words(client: str) -> str:
    """The API key or the command that the journal names."""
    return journal.client_in_words(client)


@register.filter
def points(share: float) -> str:
    """A difference of two probabilities in percentage points, with its sign."""
    return formats.signed(share * 100, 1)


@register.filter
def grouped(value: float, decimals: int = 0) -> str:
    """A number with its thousands grouped in the active language."""
    return formats.grouped(value, decimals)


@register.filter
def counted(people: int | None) -> str:
    """A number of people; a dash where it may not be told."""
    return "–" if people is None else formats.grouped(people)


@register.filter
def model_name(version: str) -> str:
    """A version of the model by the day on which it was made."""
    return formats.model_name(version)


@register.filter
def decimal(value: float, decimals: int = 3) -> str:
    """A number with decimals in the active language."""
    return formats.decimal(value, decimals)


@register.filter
def money(amount: float) -> str:
    """An amount in whole euros in the active language."""
    return formats.money(amount)


@register.filter
def horizon(months: int | None) -> str:
    """The horizon of a probability, in the active language."""
    return formats.horizon(months)


@register.filter
def svg_percent(share: float) -> str:
    """A share of 1 as a length in a drawing 100 wide, whatever the language."""
    return f"{min(max(share, 0), 1) * 100:.2f}"


@register.filter
def urlencoded(values: Mapping[str, str | int | float]) -> str:
    """Names and values as in an address."""
    return urlencode({name: str(value) for name, value in values.items()})


@register.filter
def page_numbers(page) -> list[int | None]:
    """The pages to link: first, last and those around this one; None stands for a gap."""
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [number if isinstance(number, int) else None for number in pages]


@register.filter
def beside(cells: Sequence[str], headings: Sequence[str]) -> list[tuple[str, str]]:
    """The cells of a row, each with the heading of its column."""
    return list(zip(headings, cells, strict=True))


@register.filter(is_safe=True)
def plain_corners(table: str) -> str:
    """A table whose empty headings are plain cells: an empty heading confuses screen readers."""
    return re.sub(r"<th([^>]*)></th>", r"<td\1></td>", table)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the drawings of ``predictions.pages.icons``."""
    return icons.icon(name)
