"""The documents of the compliance file, one module each; ``DOCUMENTS`` is their order on the page."""

from collections.abc import Callable, Mapping

from predictions.pages.compliance.document import Document
from predictions.pages.compliance.documents import (
    impact,
    incident_log,
    instructions,
    notice,
    register_entry,
    technical,
    works_council,
)
from predictions.pages.compliance.installation import Installation

DOCUMENTS: Mapping[str, Callable[[Installation], Document]] = {
    "impact-assessment": impact.document,
    "register-entry": register_entry.document,
    "notice": notice.document,
    "works-council": works_council.document,
    "technical-documentation": technical.document,
    "instructions-for-use": instructions.document,
    "incidents": incident_log.document,
}
