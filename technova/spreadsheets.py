"""Cells that spreadsheets open: text that cannot become a formula."""

import unicodedata

_FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """The text as it is, or quoted where a spreadsheet would run it: after =, +, -, @ or a control character."""
    starts_formula = text.lstrip().startswith(_FORMULA_SIGNS)
    starts_with_control = bool(text) and unicodedata.category(text[0]) == "Cc"
    return f"'{text}" if starts_formula or starts_with_control else text
