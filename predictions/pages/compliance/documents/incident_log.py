"""The log of incidents."""

from collections.abc import Iterator
from datetime import date

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from predictions.compliance.models import Incident
from predictions.formats import grouped
from predictions.pages.compliance.document import Document, Section, section
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "incidents",
        _("Log of incidents"),
        _(
            "What went wrong with data or scores, whom it touched and what was done (GDPR, article 33; AI Act, "
            "article 73)."
        ),
        list(_sections(facts)),
    )


def _sections(facts: Installation) -> Iterator[Section]:
    if not facts.incidents:
        yield section(_("No incident is recorded"), _("Record one from the page of this file."))
    for incident in facts.incidents:
        title = f"{date_format(incident.noticed_on)} · {capfirst(str(incident.get_kind_display()))}"
        yield section(title, incident.what, bullets=_about(incident))


def _about(incident: Incident) -> Iterator[str]:
    people = _("not known") if incident.people is None else grouped(incident.people)
    yield _("Happened on: %(day)s") % {"day": date_format(incident.happened_on)}
    yield _("People concerned: %(number)s") % {"number": people}
    yield _("Done: %(measures)s") % {"measures": incident.measures}
    yield _("Authority told on: %(day)s") % {"day": _day(incident.authority_told_on)}
    yield _("People told on: %(day)s") % {"day": _day(incident.people_told_on)}


def _day(day: date | None) -> str:
    return date_format(day) if day else _("not told")
