"""The company's words: labels in two languages, other spellings, merges."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.admin.base import ForWhoSeesEveryone
from employees.models import Term, TermSynonym
from employees.terms import changes
from technova.database.locks import Busy


class TermForm(forms.ModelForm):
    class Meta:
        model = Term
        fields = ["vocabulary", "value", "label_fr", "label_en", "is_active", "merged_into"]

    def clean(self):
        values = super().clean() or {}
        try:
            if not self.instance.pk and {"vocabulary", "value"} <= values.keys():
                values["value"] = changes.new_value(values["vocabulary"], values["value"])
            if self.instance.pk and values.get("merged_into"):
                changes.ensure_mergeable(self.instance, values["merged_into"])
        except changes.Unacceptable as error:
            raise ValidationError(error.message.said(gettext)) from error
        return values


class SynonymForm(forms.ModelForm):
    def clean_spelling(self):
        try:
            return changes.new_word(self.instance.term.vocabulary, self.cleaned_data["spelling"])
        except changes.Unacceptable as error:
            raise ValidationError(error.message.said(gettext)) from error


class SynonymInline(ForWhoSeesEveryone, admin.StackedInline):
    """Rows are added or deleted, never edited. Stacked: inputs of Django's tabular inlines have no accessible name."""

    model = TermSynonym
    form = SynonymForm
    fields = ["spelling"]
    extra = 0

    def has_change_permission(self, request, obj=None) -> bool:
        return False


@admin.register(Term)
class TermAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    """Terms are never deleted: a value stored in a table must keep its label."""

    form = TermForm
    list_display = ["value", "vocabulary", "label_fr", "label_en", "spellings", "is_active", "merged_into"]
    list_filter = ["vocabulary", "is_active", ("merged_into", admin.EmptyFieldListFilter)]
    list_select_related = ["merged_into"]
    search_fields = ["value", "label_fr", "label_en", "synonyms__spelling"]
    readonly_fields = ["recorded_at", "recorded_by"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(spellings=Count("synonyms"))

    @admin.display(description=_("synonyms"), ordering="spellings")
    def spellings(self, term):
        return term.spellings

    def get_fields(self, request, obj=None):
        fields = [*TermForm.Meta.fields, *self.readonly_fields]
        return fields if obj else [name for name in fields if name not in ("merged_into", *self.readonly_fields)]

    def get_readonly_fields(self, request, obj=None):
        return ["vocabulary", "value", *self.readonly_fields] if obj else self.readonly_fields

    def get_inlines(self, request, obj):
        return [SynonymInline] if obj else []

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Offer only terms of the same vocabulary for a merge."""
        number = request.resolver_match.kwargs.get("object_id")
        if db_field.name == "merged_into" and number:
            same = Term.objects.filter(pk=number).values("vocabulary")
            kwargs["queryset"] = Term.objects.filter(vocabulary__in=same, merged_into=None).exclude(pk=number)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def changeform_view(self, request, *args, **kwargs):
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Busy as error:
            self.message_user(request, gettext(str(error)), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request, obj, form, change):
        if not change:
            obj.recorded_by = request.user
        changes.save(term=obj)

    def save_formset(self, request, form, formset, change):
        with changes.learning(), changes.changing():
            for synonym in formset.save(commit=False):
                synonym.recorded_by = request.user
                synonym.save()
            for synonym in formset.deleted_objects:
                synonym.delete()
