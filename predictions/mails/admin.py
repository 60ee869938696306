"""E-mail subscriptions and messages."""

from django.contrib import admin

from employees.admin import OfEveryoneAdmin
from predictions.mails.models import Mail, MailSubscription


@admin.register(MailSubscription)
class MailSubscriptionAdmin(OfEveryoneAdmin):
    list_display = ["user", "language", "weekly", "deliveries", "created_at"]
    list_filter = ["weekly", "deliveries", "language"]
    list_select_related = ["user"]


@admin.register(Mail)
class MailAdmin(OfEveryoneAdmin):
    list_display = ["created_at", "subscription", "subject", "sent_at", "attempts", "error"]
    list_select_related = ["subscription__user"]
    date_hierarchy = "created_at"
