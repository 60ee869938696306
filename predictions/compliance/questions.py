"""The facts that only the company knows, and that its compliance file needs. Texts are message ids until shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext_noop as _


class Kind(StrEnum):
    LINE = "line"
    TEXT = "text"
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to be asked for: its name in the database, what is asked, and what a good answer says."""

    name: str
    label: str
    help: str = ""
    kind: Kind = Kind.TEXT
    choices: Mapping[str, str] = field(default_factory=dict)


# The scale of the CNIL's method.
LEVELS = {
    "1": _("negligible"),
    "2": _("limited"),
    "3": _("significant"),
    "4": _("maximum"),
}
OPINIONS = {
    "favourable": _("favourable"),
    "reserved": _("favourable with reservations"),
    "unfavourable": _("unfavourable"),
    "none": _("none given within the time allowed"),
}
RISKS = {
    "access": _("somebody sees scores who must not"),
    "change": _("scores or data are wrong or altered"),
    "loss": _("data are lost"),
}

COMPANY = (
    Question("controller", _("Controller"), _("The employer: its name, its address, who represents it.")),
    Question("dpo", _("Data protection officer"), _("Name or function, and how to write to them.")),
    Question("contact", _("Where employees write to exercise their rights"), kind=Kind.LINE),
    Question("overseers", _("Who oversees the forecast"), _("Functions, and how they were trained.")),
)
PURPOSE = (
    Question(
        "need",
        _("Why the company needs it"),
        _("What it does today against unwanted departures, and why less would not do."),
    ),
    Question("legal_basis", _("Legal basis"), _("For instance the legitimate interest, article 6(1)(f) of the GDPR.")),
    Question(
        "balance", _("Weighing of interests"), _("What employees may expect and fear, and why the interest prevails.")
    ),
)
TECHNOLOGY = (
    Question("hosting", _("Where it runs"), _("The servers' place, and who runs them.")),
    Question(
        "processors",
        _("Processors"),
        _("Who works on the data for the company, and under which contract; “none” if nobody."),
    ),
    Question(
        "transfers",
        _("Transfers outside the European Union"),
        _("Where to, and how they are protected; “none” if there are none."),
    ),
    Question(
        "organisation",
        _("Measures beside the program"),
        _("For instance training, a charter, who may enter the rooms."),
    ),
)
CONSULTATION = (
    Question("council_on", _("Day of the works council's opinion"), kind=Kind.DAY),
    Question("council_opinion", _("The works council's opinion"), kind=Kind.CHOICE, choices=OPINIONS),
    Question("council_said", _("What the works council asked for, and what became of it")),
    Question("informed_on", _("Day on which employees were informed"), kind=Kind.DAY),
    Question("informed_how", _("How employees were informed"), kind=Kind.LINE),
    Question("people_said", _("What employees or their representatives think of it")),
    Question("dpo_said", _("The data protection officer's opinion")),
)
ASSESSMENT = tuple(
    Question(f"{risk}_{side}", label, words, kind=Kind.CHOICE, choices=LEVELS)
    for risk, words in RISKS.items()
    for side, label in (("severity", _("Severity")), ("likelihood", _("Likelihood")))
)
GROUPS: Mapping[str, tuple[Question, ...]] = {
    _("The company"): COMPANY,
    _("The purpose"): PURPOSE,
    _("The technology"): TECHNOLOGY,
    _("Consultation"): CONSULTATION,
    _("The risks, as the company judges them"): ASSESSMENT,
}
BY_NAME = {question.name: question for questions in GROUPS.values() for question in questions}
