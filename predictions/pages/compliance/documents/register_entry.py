"""The entry in the register of processing activities (GDPR, article 30)."""

from django.utils.translation import gettext as _

from predictions.pages.compliance.document import Document, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "register-entry",
        _("Entry in the register"),
        _("For the register of processing activities (GDPR, article 30)."),
        [
            section(_("Name"), _("Forecast of departures (TechNova)")),
            section(_("Responsible"), ask=facts.answers("controller", "dpo")),
            section(_("Purposes"), bullets=facts.said("purpose")),
            section(_("Legal basis"), ask=facts.answers("legal_basis")),
            section(
                _("People concerned"),
                _("Employees, and former employees whose departure the model learns from. Now: %(people)s.")
                % {"people": facts.people},
            ),
            section(_("Data"), table=shared.columns(facts)),
            section(
                _("Recipients"),
                _("Accounts by role, and the systems that follow."),
                table=shared.readers(facts),
                ask=facts.answers("processors"),
            ),
            shared.systems(facts),
            section(_("Transfers"), ask=facts.answers("transfers")),
            section(_("How long"), table=shared.kept()),
            section(_("Security"), bullets=shared.security(), ask=facts.answers("organisation")),
        ],
    )
