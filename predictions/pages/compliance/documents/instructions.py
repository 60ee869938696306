"""The instructions for use (AI Act, article 13): what whoever uses it has to know."""

from django.utils.translation import gettext as _

from predictions.formats import percent
from predictions.pages.compliance.document import Document, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "instructions-for-use",
        _("Instructions for use"),
        _("For HR staff and managers who read scores (AI Act, article 13)."),
        [
            section(_("What it is for"), facts.identity, bullets=facts.said("purpose")),
            section(_("What it must not be used for"), bullets=facts.said("misuse")),
            section(
                _("How to read a score"),
                _("It is the probability of leaving %(horizon)s. Somebody counts as at risk from %(threshold)s on.")
                % {"horizon": facts.horizon, "threshold": percent(facts.model.threshold)},
                _("Read the reasons and the interval with it. “Not enough data” means that no score can be relied on."),
                _("What goes with departures need not cause them: talk first."),
            ),
            section(_("How often it is right"), *facts.tested(), bullets=facts.said("limits")),
            section(_("Who watches over it"), *shared.oversight(), ask=facts.answers("overseers")),
            section(
                _("Upkeep"),
                bullets=[
                    _("Load the extracts every month, and answer what is under “To clarify”."),
                    _("Look at the model's page after each scoring: whether it drifts, whether its forecasts held."),
                    _("Train it again at least once a year, and when the page says that it drifts."),
                    _("Record an incident when a score led to a wrong decision, or somebody saw what they must not."),
                ],
            ),
            section(_("What is protected and recorded"), bullets=shared.security()),
        ],
    )
