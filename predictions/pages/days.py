"""Days in forms: one, or the first and the last of a period."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Days that every database and time zone can represent to their end.
DAYS = [
    MinValueValidator(date(2000, 1, 1), message=gettext_lazy("Check the year: the day is before 2000.")),
    MaxValueValidator(date(2199, 12, 31), message=gettext_lazy("Check the year: the day is after 2199.")),
]


class DayField(forms.DateField):
    """An optional day, chosen in the browser's calendar."""

    def __init__(self, **options):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, **options)


class PeriodForm(forms.Form):
    """A filter held in the address, with the fields ``since`` and ``until`` among others."""

    def clean(self):
        super().clean()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day is before the first one."))

    @property
    def is_filtering(self) -> bool:
        return any(self.data.get(name) for name in self.fields)
