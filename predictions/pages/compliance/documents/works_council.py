"""The file for the works council: what, why, which data, which model, how fair, who sees, what has changed."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from predictions.pages.compliance.document import Document, Section, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "works-council",
        _("File for the works council"),
        _("What employees' representatives are given before it is used, and after each change."),
        list(_sections(facts)),
    )


def _sections(facts: Installation) -> Iterator[Section]:
    yield section(
        _("What"),
        _("TechNova estimates, for each person present, the probability of leaving %(horizon)s, with the reasons.")
        % {"horizon": facts.horizon},
        _("It covers %(people)s.") % {"people": facts.people},
        _("HR sees a list of people, opens talks, and notes what was agreed."),
    )
    yield section(_("Why"), bullets=facts.said("purpose"), ask=facts.answers("need"))
    yield section(_("What is forbidden"), bullets=facts.said("misuse"))
    yield section(_("Which data"), bullets=shared.minimised(facts), table=shared.columns(facts))
    yield section(
        _("Which model"),
        facts.identity,
        shared.method(facts),
        _("It came with the program and has learned from fictional employees.") if facts.is_shipped else "",
        *facts.tested(),
        bullets=facts.said("limits"),
    )
    yield section(
        _("How fair"),
        _("The score uses neither sex, age nor family status. It is checked all the same how it treats each group."),
        bullets=shared.fairness(facts),
    )
    yield section(_("Who sees what"), table=shared.readers(facts), ask=facts.answers("overseers"))
    yield shared.systems(facts)
    yield section(_("What has changed since the last version"), bullets=shared.changes(facts))
    yield section(_("Your opinion"), ask=facts.answers("council_on", "council_opinion", "council_said", "informed_on"))
