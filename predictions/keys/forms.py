"""The form of a key, in the administration of Django and on the product's page."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from employees import terms
from employees.access import Scope, departments_of_key, scope_of_key
from predictions.keys import services as keys
from predictions.keys.models import APIKey

EVERYONE = "*"


class APIKeyForm(forms.ModelForm):
    """Create or change a key within ``scope``, that of the account that fills in the form."""

    scope = Scope.NOBODY
    departments = forms.MultipleChoiceField(
        label=capfirst(_("departments")),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The departments whose employees it sees."),
    )

    class Meta:
        model = APIKey
        fields = ["name", "owner", "can_predict", "can_read", "can_load", "can_follow", "departments", "expiry_date"]
        help_texts = {"name": _("The client that uses it; two keys may have the same name.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "departments" in self.fields:
            given = scope_of_key(self.instance) if self.instance.pk else Scope.NOBODY
            offered = terms.values("departement") if self.scope.sees_everyone else self.scope.names
            choices = [(name, terms.label("departement", name)) for name in sorted({*offered, *given.departments})]
            everyone = [(EVERYONE, _("Everyone"))] if self.scope.sees_everyone else []
            field: Any = self.fields["departments"]  # of choices
            field.choices = [*everyone, *choices]
            self.initial["departments"] = [EVERYONE] if given.sees_everyone else given.names

    def clean_departments(self) -> list[str] | None:
        chosen = self.cleaned_data["departments"]
        if EVERYONE in chosen and len(chosen) > 1:
            raise forms.ValidationError(_("Choose everyone, or departments, not both."))
        return departments_of_key(Scope.EVERYONE if EVERYONE in chosen else Scope.of_departments(chosen))

    def clean_expiry_date(self):
        expiry = self.cleaned_data["expiry_date"]
        if expiry and expiry > timezone.now() + keys.LONGEST_LIFETIME:
            raise forms.ValidationError(_("Ten years from now at most."))
        return expiry


class RotationForm(forms.Form):
    overlap = forms.IntegerField(
        label=_("Days that the old key still works"),
        initial=7,
        min_value=0,
        max_value=keys.LONGEST_OVERLAP.days,
        help_text=_("Time for the client to take over the new key; 0 stops the old one at once."),
    )
