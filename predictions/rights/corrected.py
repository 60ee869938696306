"""Raw values and corrections in words, as the person's page, the request and the dossier say them."""

from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from employees import terms
from employees.columns import BY_NAME, ColumnKind
from employees.models import ROWS, Correction
from features import schema
from predictions.explanation import in_full

_INPUTS = {feature.name: feature for feature in schema.business_inputs()}


def label_of(column: str) -> str:
    """The name of a column of the extracts, in the active language."""
    field: Any = ROWS[BY_NAME[column].extract]._meta.get_field(column)
    return capfirst(str(field.verbose_name))


def shown(column: str, value: Any) -> str:
    """A value of the extracts in words; a dash for an unknown one."""
    kind = BY_NAME[column].kind
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if column == "genre":
        return _("Female") if value == "F" else _("Male")
    if column in _INPUTS and not _INPUTS[column].choices:
        return in_full(_INPUTS[column], value)
    if isinstance(value, str):
        return capfirst(terms.label(column, value)) if kind == ColumnKind.CHOICE else value
    return number_format(value, force_grouping=kind == ColumnKind.NUMBER)


def corrected_in_words(correction: Correction) -> str:
    """What was corrected, since when, and whether it still stands over the files."""
    values = {
        "what": label_of(correction.column),
        "value": shown(correction.column, correction.value),
        "day": date_format(correction.as_of),
    }
    told = _("%(what)s: %(value)s since %(day)s, corrected by HR.") % values
    if correction.revoked_at:
        lifted = _("The correction was lifted.")
        return f"{told} {lifted}"
    if correction.agreed_on:
        agreed = _("The files say the same since %(day)s.") % {"day": date_format(correction.agreed_on)}
        return f"{told} {agreed}"
    otherwise = _("The files still say otherwise.")
    return f"{told} {otherwise}"
