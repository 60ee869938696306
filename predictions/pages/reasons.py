"""The field for the reason of a decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy


class ReasonField(forms.CharField):
    """Why somebody decides something: kept with the decision."""

    def __init__(self, *, rows: int = 3, **options):
        usual: dict[str, Any] = {"max_length": 500, "help_text": gettext_lazy("Kept with your name and the time.")}
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **usual | options)
