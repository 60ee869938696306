"""Reads the extracts as HR exports them; returns clean rows, rejects and questions. No Django here.

A value is read, rejected with a reason, or asked; nothing is guessed. A file that is not the expected extract is
refused whole (``ExtractError``).

``grids`` opens a file as rows of text, ``workbooks`` a workbook; ``headers`` finds the header and the extract that it
names, ``rows`` gives the rows below it. ``parsing`` reads a number, ``values`` a cell, ``cell_reader`` a column,
``reading`` one extract; ``questions`` asks, ``proposals`` (with ``titles``) proposes a ``mapping``; ``rejects`` holds
what is refused, ``reports`` how a file was read.
"""

from employees.extracts.grids import ENDINGS, File, Source
from employees.extracts.mapping import PLAIN, FileMapping
from employees.extracts.proposals import ReadSet, answer, is_prose, propose_mapping, read_set
from employees.extracts.questions import Asked, Question
from employees.extracts.reading import ReadExtract, RowCounts, read_extract, read_files
from employees.extracts.rejects import Cause, Cost, ExtractError, Refusal, Reject, causes, visible
from employees.extracts.reports import FileReport

__all__ = [
    "ENDINGS",
    "PLAIN",
    "Asked",
    "Cause",
    "Cost",
    "ExtractError",
    "File",
    "FileMapping",
    "FileReport",
    "Question",
    "ReadExtract",
    "ReadSet",
    "Refusal",
    "Reject",
    "RowCounts",
    "Source",
    "answer",
    "causes",
    "is_prose",
    "propose_mapping",
    "read_extract",
    "read_files",
    "read_set",
    "visible",
]
