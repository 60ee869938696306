"""Webhooks: where events are sent, with a secret that is shown once, and what became of each."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.admin import ForWhoSeesEveryone, OfEveryoneAdmin
from employees.messages import Message
from predictions.events import services as events
from predictions.events.addresses import Refused, check_host
from predictions.events.models import Event, WebhookDelivery, WebhookEndpoint


class WebhookForm(forms.ModelForm):
    events = forms.MultipleChoiceField(
        label=capfirst(_("events")),
        choices=[(event.value, format_lazy("{}: {}", event.value, event.label)) for event in Event],
        widget=forms.CheckboxSelectMultiple,
    )

    url = forms.URLField(
        label=capfirst(_("address")),
        max_length=500,
        assume_scheme="https",
        widget=AdminURLFieldWidget,
        help_text=_("It begins with https://."),
    )

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            check_host(url)
        except Refused as error:
            raise forms.ValidationError(error.message.said(gettext)) from error
        return url

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "events", "is_active"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    """A secret appears only on the page that follows its making."""

    form = WebhookForm
    list_display = ["name", "url", "events_chosen", "is_active", "created_at", "created_by"]
    list_filter = ["is_active"]
    list_select_related = ["created_by"]
    readonly_fields = ["created_at", "created_by", "previous_until"]
    actions = ["replace_secret"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("secret", "previous_secret")

    def get_fields(self, request, obj=None):
        return [*WebhookForm.Meta.fields, *self.readonly_fields] if obj else WebhookForm.Meta.fields

    def save_model(self, request, obj, form, change):
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def get_deleted_objects(self, objs, request):
        """Its messages go with a webhook, though nobody deletes one of them."""
        listed, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return listed, counts, forbidden - {WebhookDelivery._meta.verbose_name}, protected

    def response_add(self, request, obj, post_url_continue=None):
        return self._show(request, obj, obj.secret)

    @admin.display(description=_("events"))
    def events_chosen(self, endpoint):
        return ", ".join(endpoint.events)

    @admin.action(description=_("Replace the secret of the selected webhook"), permissions=["change"])
    def replace_secret(self, request, queryset) -> HttpResponse | None:
        endpoint = queryset.first()
        if queryset.count() != 1:
            self.message_user(request, _("Select one webhook."), messages.ERROR)
            return None
        secret = endpoint.replace_secret()
        self.log_change(request, endpoint, _("Replaced the secret."))
        return self._show(request, endpoint, secret)

    def _show(self, request, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        context = {"title": _("The secret of a webhook"), "endpoint": endpoint, "secret": secret, "opts": self.opts}
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/predictions/webhookendpoint/secret.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OfEveryoneAdmin):
    list_display: tuple[str, ...] = (
        *("created_at", "endpoint", "event", "state", "attempts"),
        *("last_status", "answer", "next_attempt_at"),
    )
    list_filter = ["state", "event", "endpoint"]
    list_select_related = ["endpoint"]
    date_hierarchy = "created_at"
    fields = (*list_display, "last_attempt_at", "message_id", "body")
    actions = ["send_again"]

    @admin.display(description=_("last answer"))
    def answer(self, delivery):
        failure = delivery.last_failure
        return Message.of(failure).said(gettext) if failure else delivery.last_answer

    @admin.action(description=_("Send the selected messages again"), permissions=["view"])
    def send_again(self, request, queryset):
        if not request.user.has_perm("predictions.change_webhookendpoint"):
            self.message_user(request, _("Only who may change webhooks sends again."), messages.ERROR)
            return
        for delivery in queryset:
            events.send_again(delivery)
        self.message_user(request, _("They are sent again, with the ids that they had."), messages.SUCCESS)
