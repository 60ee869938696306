"""Administration of the saved mappings, to correct by hand."""

import json

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.admin.base import ForWhoSeesEveryone
from employees.extracts.mapping import EXAMPLES, faulty_part
from employees.models import SavedMapping


class PrettyEncoder(json.JSONEncoder):
    def __init__(self, **options):
        super().__init__(**options | {"indent": 2, "ensure_ascii": False})


class MappingForm(forms.ModelForm):
    document = forms.JSONField(
        label=_("Document"),
        help_text=SavedMapping._meta.get_field("document").help_text,
        encoder=PrettyEncoder,
        required=False,
        widget=forms.Textarea(attrs={"cols": 100, "rows": 40}),
    )

    class Meta:
        model = SavedMapping
        fields = ["name", "document"]

    def clean_document(self):
        document = self.cleaned_data["document"] or {}
        part = faulty_part(document)
        if part:
            example = json.dumps(EXAMPLES.get(part, EXAMPLES), ensure_ascii=False)
            text = gettext("“%(part)s” cannot be read. Example of a valid mapping: %(example)s")
            raise ValidationError(text % {"part": part, "example": example})
        return document


@admin.register(SavedMapping)
class SavedMappingAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    form = MappingForm
    list_display = ["name", "changed_at", "changed_by"]
    list_select_related = ["changed_by"]
    search_fields = ["name"]
    fields = ["name", "document", "changed_at", "changed_by"]
    readonly_fields = ["changed_at", "changed_by"]

    def save_model(self, request, obj, form, change):
        obj.changed_at, obj.changed_by = timezone.now(), request.user
        super().save_model(request, obj, form, change)
