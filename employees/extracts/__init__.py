"""Reading the three extracts: text as HR exports it in, clean rows and named refusals out. No Django here.

Either a value is read for what it says or it is refused with a reason; nothing is guessed. A file that is not
the extract it should be refuses the whole set (``ExtractError``); a row that breaks a rule refuses its employee
(``Reject``) and lets the others through.
"""

from employees.extracts.reader import Extracts, read_extracts
from employees.extracts.refusals import ExtractError, Refusal, Reject
from employees.extracts.table import FileReport, Source

__all__ = ["ExtractError", "Extracts", "FileReport", "Refusal", "Reject", "Source", "read_extracts"]
