"""A document of a page as PDF."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from predictions.pages.compliance.document import Document
from technova.files import typesetting
from technova.web.requests import Request

logger = logging.getLogger(__name__)

DOCUMENT = Path(settings.BASE_DIR, "templates/compliance/document.typ")  # the source of a ``Document``


def data_of(document: Document) -> dict[str, Any]:
    """What the source of a document shows, in the active language."""
    return asdict(document) | {
        "language": get_language() or settings.LANGUAGE_CODE,
        "company": settings.COMPANY_NAME,
        "prepared": date_format(localdate()),
        "missing_text": _("To be completed by the company: %(what)s") % {"what": "{what}"},
        "page_of": _("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
    }


def typeset(request: Request, source: Path, data: Mapping[str, Any], *, failed: str) -> bytes | None:
    """The PDF of a typst source; None where it cannot be made: that is logged, and the next page says ``failed``."""
    try:
        return typesetting.pdf(source, data)
    except typesetting.TypesettingError:
        logger.exception("%s could not be set", source.name)
        messages.error(request, failed)
        return None
