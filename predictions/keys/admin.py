"""Create, replace and revoke API keys; read the counts of requests."""

from datetime import UTC, datetime, timedelta
from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from employees.access import scope_of, scope_of_key
from employees.admin import ForWhoReadsEverything, OfEveryoneAdmin
from predictions.keys import services as keys
from predictions.keys.forms import APIKeyForm, RotationForm
from predictions.keys.models import APIKeyQuerySet
from predictions.keys.quota import MINUTE
from predictions.models import APIKey, RequestCount
from technova.admin import NamedDateTime


class SubjectFilter(admin.SimpleListFilter):
    title = _("subject")
    parameter_name = "subject"

    def lookups(self, request, model_admin):
        return [
            ("key", capfirst(_("API keys"))),
            ("address", _("Addresses of bad keys")),
            ("network", _("Addresses of wrong passwords")),
        ]

    def queryset(self, request, queryset):
        return queryset.filter(subject__startswith=f"{self.value()} ") if self.value() else queryset


@admin.register(RequestCount)
class RequestCountAdmin(OfEveryoneAdmin):
    list_display: tuple[str, ...] = ("subject", "begun_at", "requests")
    list_filter = [SubjectFilter]
    ordering = ["-minute", "-requests"]
    search_fields = ["subject"]
    search_help_text = _("The first characters of a key, or an address.")
    fields = list_display

    @admin.display(description=_("minute"), ordering="minute")
    def begun_at(self, count):
        return datetime.fromtimestamp(count.minute * MINUTE, tz=UTC)


class APIKeyAdminForm(APIKeyForm):
    expiry_date = forms.SplitDateTimeField(
        label=capfirst(_("expires at")), widget=NamedDateTime, help_text=_("Ten years from now at most.")
    )


@admin.register(APIKey)
class APIKeyAdmin(ForWhoReadsEverything, admin.ModelAdmin):
    """The keys within the account's scope: a key reads every column of the people it sees.

    A secret appears only on the page that follows its creation, and in no message, cookie, session or log.
    """

    form = APIKeyAdminForm
    list_display = ["name", "prefix", "owner", "scopes", "sees", "created", "expiry_date", "last_used_at", "is_usable"]
    list_filter = ["revoked", "can_predict", "can_read", "can_load", "can_follow"]
    search_fields = ["name", "owner", "prefix"]
    readonly_fields = ["prefix", "created", "last_used_at", "revoked"]
    actions = ["rotate", "revoke"]

    def get_queryset(self, request):
        return cast(APIKeyQuerySet, super().get_queryset(request)).within(scope_of(request.user))

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"scope": scope_of(request.user)})

    def get_fields(self, request, obj=None):
        fields = list(APIKeyForm.Meta.fields)
        return [*fields, *self.readonly_fields] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        """A revoked key is read-only."""
        return self.get_fields(request, obj) if obj and obj.revoked else self.readonly_fields

    def get_changeform_initial_data(self, request):
        expiry = timezone.localtime() + keys.LIFETIME
        return {"expiry_date": expiry.replace(second=0, microsecond=0)} | super().get_changeform_initial_data(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        """Keys are revoked, not deleted: the log refers to them."""
        return False

    def save_model(self, request, obj, form, change):
        if not change:
            request.api_key_secret = obj.assign_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        return self._show(request, obj, request.api_key_secret)

    @admin.action(description=_("Replace the selected key by a new one"), permissions=["add"])
    def rotate(self, request, queryset) -> HttpResponse | None:
        key = queryset.first()
        if queryset.count() != 1:
            self.message_user(request, _("Select one key to replace."), messages.ERROR)
            return None
        form = RotationForm(request.POST if "overlap" in request.POST else None)
        if form.is_valid():
            try:
                new, secret = keys.rotate_api_key(key=key, overlap=timedelta(days=form.cleaned_data["overlap"]))
            except keys.RefusedKey:
                self.message_user(request, _("This key is revoked or has expired: make a new one."), messages.ERROR)
                return None
            self.log_addition(request, new, _("Replaces %(prefix)s.") % {"prefix": key.prefix})
            return self._show(request, new, secret)
        context = {"title": _("Replace an API key"), "form": form, "key": key}
        context |= {"action_checkbox_name": helpers.ACTION_CHECKBOX_NAME}
        return self._page(request, "admin/predictions/apikey/rotate.html", context)

    @admin.action(description=_("Revoke the selected keys, for good"), permissions=["change"])
    def revoke(self, request, queryset):
        for key in queryset.filter(revoked=False):
            key.revoke()
            self.log_change(request, key, _("Revoked."))
            self.message_user(request, _("%(key)s is revoked.") % {"key": key}, messages.SUCCESS)

    @admin.display(description=pgettext_lazy("what a key may do", "may"))
    def scopes(self, key):
        return key.scopes_in_words

    @admin.display(description=_("departments"))
    def sees(self, key):
        scope = scope_of_key(key)
        return _("all") if scope.sees_everyone else ", ".join(scope.names)

    @admin.display(description=_("works"), boolean=True)
    def is_usable(self, key):
        return key.is_usable

    def _show(self, request, key: APIKey, secret: str) -> HttpResponse:
        context = {"title": _("The new API key"), "key": key, "secret": secret}
        return self._page(request, "admin/predictions/apikey/created.html", context)

    def _page(self, request, template: str, context: dict) -> TemplateResponse:
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, context)
