"""Fields that many models have."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def account(verbose_name: Any, *, null: bool = True, **options: Any) -> "models.ForeignKey[User | None, User | None]":
    """The account that did something; null for a command. It cannot be deleted while anything names it."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=null,
        related_name="+",
        verbose_name=verbose_name,
        **options,
    )
