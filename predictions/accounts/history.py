"""What an account did in the product's administration: a line in the history that Django's administration shows."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Model


def record(actor: User, row: Model, action: int, words: str) -> None:
    LogEntry.objects.log_actions(actor.pk, [row], action, change_message=words, single_object=True)
