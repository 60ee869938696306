"""Amounts in forms, as people of both languages type them: "1 500,50", "1,500.50", "1500 €"."""

from decimal import Decimal

from django import forms
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from employees.extracts.parsing import read_number


class AmountField(forms.DecimalField):
    """An amount of at least zero; a mark that reads two ways is read as the active language has it."""

    widget = forms.TextInput

    def __init__(self, **options):
        super().__init__(min_value=0, max_digits=9, decimal_places=2, **options)
        self.widget.attrs["inputmode"] = "decimal"

    def to_python(self, value: str | Decimal | None) -> Decimal | None:  # type: ignore[override]  # the stubs call it an integer
        if value is None or isinstance(value, Decimal):
            return value
        text = value.strip().strip("€").strip()
        if not text:
            return None
        found = read_number(text, decimal=get_format("DECIMAL_SEPARATOR"))
        if found is None:
            message = _("“%(value)s” is not an amount: write it as 1500 or 1 500,50.")
            raise forms.ValidationError(message % {"value": value})
        return found
