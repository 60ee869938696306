"""Secrets of sign-in in the database: encrypted like notes, with ``NOTES_KEYS``, where that is set."""

from django.conf import settings

from technova.database.fields import decrypted, encrypted

SEALED = "encrypted:"


def seal(text: str) -> str:
    return f"{SEALED}{encrypted(text)}" if settings.NOTES_KEYS else text


def unseal(text: str) -> str:
    """The text back. Raises ``NoKey`` without the key that encrypted it."""
    return decrypted(text.removeprefix(SEALED)) if text.startswith(SEALED) else text
