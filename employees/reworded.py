"""Texts of stored messages that the product no longer writes.

A stored message (an alarm, a refusal) keeps its English text, which is the key of its translation: once reworded, what
is stored would be shown in English. Whoever rewords such a message adds its old text here.
"""

from collections.abc import Mapping


def gettext_noop(message: str) -> str:
    return message


# The old text and the one of today, which has the same parameters.
REWORDED: Mapping[str, str] = {
    "%(count)s people of the files are unknown, beside %(total)s present: is this another company's file?": (
        "%(count)s people in the files are unknown, and %(total)s are present: is this another company's file?"
    ),
    "Whoever answered high on %(column)s answers low now, and the reverse: is the scale turned round?": (
        "High answers to %(column)s have become low, and low ones high: is the scale reversed?"
    ),
    "line %(line)s: the accents are broken (%(text)s): save the file as CSV UTF-8": (
        "On line %(line)s the accents are broken (%(text)s). Export the file again as CSV UTF-8."
    ),
    "the file cannot be read: %(error)s": (
        "The file cannot be read (%(error)s). Check its name and that it may be opened."
    ),
    "it is a file of kind %(kind)s, not CSV text or XLSX: export it as CSV": (
        "This is a file of kind %(kind)s. Export it as CSV, XLSX or ODS."
    ),
    "line %(line)s: a quotation mark opens a cell and is never closed": (
        "On line %(line)s a quotation mark opens a cell and is never closed. Close it or delete it, and load the file "
        "again."
    ),
    "line %(line)s: a cell is longer than %(most)s characters: a quotation mark may never be closed": (
        "On line %(line)s a cell is longer than %(most)s characters. Check that its quotation marks are closed, and "
        "load the file again."
    ),
    "line %(line)s: a quotation mark within a quoted cell is not doubled": (
        "On line %(line)s a quotation mark stands within a quoted cell. Double it or delete it, and load the file "
        "again."
    ),
    "line %(line)s holds a NUL byte": "Line %(line)s holds a NUL byte: the file is damaged. Export it again.",
    "byte %(position)s is neither UTF-8, UTF-16 nor Windows-1252: save the file as CSV UTF-8": (
        "Byte %(position)s is neither UTF-8, UTF-16 nor Windows-1252. Save the file as CSV UTF-8."
    ),
    "the file is empty": (
        "The file is empty. Export it again, with the names of its columns and a row for each employee."
    ),
    "its cells are separated by |, not by a comma, a semicolon or a tab": (
        "Its cells are separated by |. Export the file with a comma, a semicolon or a tab between them."
    ),
    "this is the %(other)s extract, not %(extract)s": (
        "This is the %(other)s extract, not %(extract)s. Choose the %(extract)s file in its place."
    ),
    "missing columns: %(columns)s": (
        "The file lacks columns that a score needs: %(columns)s. Export it again with them, or say on the import page "
        "which of its titles stand for them."
    ),
    "these columns are duplicates: %(columns)s": (
        "Several columns of the file hold the same data: %(columns)s. Keep one of each in the file."
    ),
    "this is the %(extract)s extract, and so is %(other)s: leave one of them out": (
        "This is the %(extract)s extract, and so is %(other)s. Leave one of them out."
    ),
    "several sheets may be meant: %(sheets)s": (
        "Several sheets may be meant: %(sheets)s. Choose one on the import page, or delete the others."
    ),
    "every row is rejected: nothing can be loaded": (
        "Every row is rejected, so that nothing can be loaded. Give each employee one row with their number, and load "
        "the file again."
    ),
    (
        "more than %(most)s rejects; the first found: %(file)s, line %(line)s, %(column)s: %(value)s (expected: "
        "%(rule)s)"
    ): (
        "More than %(most)s values are rejected; the first found: %(file)s, line %(line)s, %(column)s: %(value)s "
        "(expected: %(rule)s). Correct the file, or choose the right one."
    ),
    "the file has a header and no rows": (
        "The file names its columns and has no rows. Export it again with a row for each employee."
    ),
    "most rows do not have as many cells as the header": (
        "Most rows do not have as many cells as the header. Export the file again, with quotation marks around the "
        "cells that hold its separator."
    ),
    "line %(line)s is a mark of a merge conflict (%(mark)s): the file holds two versions of itself": (
        "Line %(line)s is a mark of a merge conflict (%(mark)s): the file holds two versions of itself. Keep one of "
        "them, or export the file again."
    ),
}

# Texts that no other one took the place of: they stay translated.
RETIRED = (
    gettext_noop("an employee number of one row: line %(line)s has it too, with other values"),
    gettext_noop("its first line has more than %(most)s cells"),
    gettext_noop("its first line names no column of any extract"),
    gettext_noop("its first line names no column of the %(extract)s extract"),
    gettext_noop("the workbook is larger than %(most)s MB: export it as CSV"),
    gettext_noop("it is no workbook that can be read: export it as CSV"),
)
