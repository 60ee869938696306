"""Reads the extracts as HR exports them; returns clean rows, the rejects and what must be asked. No Django here.

A value is read, rejected with a reason, or asked; nothing is guessed. A file that is not the expected extract is
refused whole (``ExtractError``).

``files`` turns a file into a table of text, ``values`` a cell into a value, ``reading`` a table into one extract;
``rejects`` holds what is refused. ``joining`` (with ``parsing``) reads the three of a set together and joins them.
"""

from employees.extracts.files import FileReport
from employees.extracts.grids import Source
from employees.extracts.joining import Extracts, read_extracts
from employees.extracts.mapping import PLAIN, Mapping
from employees.extracts.questions import Asked, Question
from employees.extracts.reading import ReadExtract, read_extract, read_files
from employees.extracts.rejects import Cost, ExtractError, Refusal, Reject

__all__ = [
    "PLAIN",
    "Asked",
    "Cost",
    "ExtractError",
    "Extracts",
    "FileReport",
    "Mapping",
    "Question",
    "ReadExtract",
    "Refusal",
    "Reject",
    "Source",
    "read_extract",
    "read_extracts",
    "read_files",
]
