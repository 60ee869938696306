"""Sentences of the pure core, which cannot translate: an English message id and what goes into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def gettext_noop(message: str) -> str:
    """Mark a message for extraction; the translation happens where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Message:
    """English as ``str()``; in the words of a reader as ``said(gettext)``."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said()

    def said(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its text as ``translate`` gives it.

        Nothing is put into a text without params: there are stored ones that hold an error's own words, with a % in
        them that is no more than a %.
        """
        text = translate(self.text)
        return text % self.params if self.params else text.replace("%%", "%")
