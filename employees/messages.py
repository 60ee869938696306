"""Sentences of the pure core, which cannot translate: an English message id and what goes into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def gettext_noop(message: str) -> str:
    """Mark a message for extraction; the translation happens where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Message:
    """English as ``str()``; elsewhere ``gettext(message.text) % message.params``."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.params
