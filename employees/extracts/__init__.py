"""Reads the three extracts as HR exports them; returns clean rows and the rejects. No Django here.

A value is parsed or rejected with a reason; nothing is guessed. A file that is not the expected extract refuses the
whole set (``ExtractError``). A row that breaks a rule is rejected with its employee (``Reject``); the others load.

``files`` turns a file into a table of text, ``parsing`` a cell into a value, ``joining`` the three tables into one
frame; ``rejects`` holds what is refused.
"""

from employees.extracts.files import FileReport, Source
from employees.extracts.joining import Extracts, read_extracts
from employees.extracts.rejects import ExtractError, Refusal, Reject

__all__ = ["ExtractError", "Extracts", "FileReport", "Refusal", "Reject", "Source", "read_extracts"]
