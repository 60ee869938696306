"""Messages of the pure core, which cannot translate: an English message id and its parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from employees.reworded import REWORDED


def gettext_noop(message: str) -> str:
    """Mark a message for extraction; the translation happens where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Message:
    """English as ``str()``, translated by ``said(gettext)``. Parameters may be messages too."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said()

    def said(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its text as ``translate`` gives it.

        A text without params is not interpolated: stored messages may quote an error whose text contains a literal
        ``%``.
        """
        text = translate(self.text)
        if not self.params:
            return text.replace("%%", "%")
        return text % {
            name: value.said(translate) if isinstance(value, Message) else value for name, value in self.params.items()
        }

    def document(self) -> dict[str, object]:
        """As JSON, with parameters as numbers, texts and documents."""
        params = {
            name: value.document() if isinstance(value, Message) else value if isinstance(value, int) else str(value)
            for name, value in self.params.items()
        }
        return {"text": self.text, "params": params}

    @classmethod
    def of(cls, document: Mapping) -> "Message":
        """The message of a document, with its text as it is worded today."""
        params = {
            name: cls.of(value) if isinstance(value, Mapping) else value for name, value in document["params"].items()
        }
        return cls(REWORDED.get(document["text"], document["text"]), params)
