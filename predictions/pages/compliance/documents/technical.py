"""The technical documentation (AI Act, article 11 and Annex IV), in the order of the annex."""

from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.formats import grouped, percent
from predictions.pages.compliance.document import Document, Table, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "technical-documentation",
        _("Technical documentation"),
        _("For the authorities (AI Act, Annex IV)."),
        [
            section(
                _("1. General description"),
                facts.identity,
                _("Served by gunicorn and Django behind the company's proxy; pages for people, an API for systems."),
                bullets=facts.said("purpose"),
                ask=facts.answers("controller", "hosting"),
            ),
            section(
                _("2. Elements and development"),
                shared.method(facts),
                bullets=facts.said("method"),
                table=_versions(facts),
            ),
            section(
                _("2. Data and their origin"),
                _("%(loads)s loads in force, of days from %(first)s to %(last)s.")
                % {
                    "loads": grouped(facts.loads),
                    "first": date_format(facts.first_day) if facts.first_day else "–",
                    "last": date_format(facts.last_day) if facts.last_day else "–",
                },
                bullets=shared.minimised(facts),
                table=shared.columns(facts),
            ),
            section(_("2. Human oversight"), *shared.oversight(), ask=facts.answers("overseers")),
            section(_("2. Cybersecurity"), bullets=shared.security()),
            section(_("3. Performance and limits"), *facts.tested(), bullets=facts.said("limits")),
            section(_("3. Fairness"), bullets=shared.fairness(facts)),
            section(
                _("4. Why these measures fit"),
                _(
                    "Ranking, calibration and departures counted are judged apart: a list is used for the first, a "
                    "forecast for the others."
                ),
            ),
            section(
                _("5. Risk management"),
                _("The risks to people, their measures and the company's judgement are in the impact assessment."),
            ),
            section(_("6. Changes"), bullets=shared.changes(facts)),
            section(
                _("9. Watching it in use"),
                _(
                    "%(runs)s scoring runs since %(day)s have logged %(scores)s scores, each with the data it was "
                    "made from."
                )
                % {
                    "runs": grouped(facts.runs),
                    "day": date_format(facts.first_scored_on) if facts.first_scored_on else "–",
                    "scores": grouped(facts.counted(facts.scores)),
                },
                _(
                    "Every run is checked for drift, and its forecast is compared with what happened, within 3, 6 and "
                    "12 months."
                ),
                _("Incidents recorded: %(number)s.") % {"number": len(facts.incidents)},
            ),
        ],
    )


def _versions(facts: Installation) -> Table:
    card: Mapping = facts.card
    rows = [
        [_("Trained on"), date_format(date.fromisoformat(str(card["created_on"])))],
        *([name, version] for name, version in card["versions"].items()),
        [_("Share who left, in training"), percent(card["training"]["base_rate"])],
        [_("Threshold in force"), percent(facts.model.threshold)],
    ]
    return Table([_("Fact"), _("Value")], rows)
