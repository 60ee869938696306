"""The report of rejected values, as CSV in the reader's language."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TextIO

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from employees.extracts import Reject
from technova.files.spreadsheets import streamed_csv


def write_rejects(rejects: Iterable[Reject], file: TextIO) -> None:
    """Write the rejects as CSV in the active language."""
    file.writelines(streamed_csv(reject_rows(rejects)))


def reject_rows(rejects: Iterable[Reject]) -> Iterator[list]:
    """The lines of the report, titles first, in the language that is active now even where they are read later."""
    language = get_language()

    def cells(reject: Reject) -> list:
        with override(language):
            rule = reject.rule.said(_)
            column = reject.column or _("(the whole row)")
        return [reject.file, reject.line, column, reject.value, rule]

    return chain([[_("file"), _("line"), _("column"), _("value"), _("rule")]], map(cells, rejects))
