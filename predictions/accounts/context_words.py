"""Words that no password may contain, since whoever attacks this site tries them first."""

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

PRODUCT = "technova"
SHORTEST = 4  # letters: a company is not kept from "AG" or "SA"


def words() -> list[str]:
    """The product's name, and the words of the company's."""
    company = re.findall(r"\w+", _plain(settings.COMPANY_NAME))
    return [PRODUCT, *(word for word in company if len(word) >= SHORTEST)]


class ContextWordsValidator:
    """Refuses a password with one of the words in it, whatever its case and accents."""

    def validate(self, password: str, user=None) -> None:
        found = next((word for word in words() if word in _plain(password)), None)
        if found:
            text = _("The password contains “%(word)s”, which is tried first here: choose another one.")
            raise ValidationError(text, code="password_context_word", params={"word": found})

    def get_help_text(self) -> str:
        return _("Your password can’t contain the name of TechNova or of the company.")


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
