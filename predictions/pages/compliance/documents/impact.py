"""The impact assessment (GDPR, article 35), in the order of the CNIL's method, whose tool imports it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from employees.disclosure import is_small
from predictions.formats import grouped
from predictions.pages.compliance.document import Document, Section, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Answer, Installation


@dataclass(frozen=True, slots=True)
class Point:
    """A question of the CNIL's method, by its number there, and what is answered.

    ``items`` answer a question that takes a list, ``asked`` are answers of the company.
    """

    number: int
    title: str
    texts: Sequence[str] = ()
    items: Sequence[str] = ()
    asked: Sequence[Answer] = ()

    @property
    def section(self) -> Section:
        return section(self.title, *self.texts, bullets=self.items, ask=self.asked)


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk to the people concerned: its place in the method, and the company's judgement of it."""

    place: int  # 2, 3 or 4 of the third part
    name: str
    title: str
    impacts: Sequence[str] = ()
    threats: Sequence[str] = ()
    sources: Sequence[str] = ()
    measures: Sequence[str] = field(default_factory=list)

    def points(self, facts: Installation) -> Iterator[Point]:
        first = 300 + 10 * self.place
        yield Point(first + 1, _("%(risk)s: what could happen to people") % {"risk": self.title}, items=self.impacts)
        yield Point(first + 2, _("%(risk)s: how it could happen") % {"risk": self.title}, items=self.threats)
        yield Point(first + 3, _("%(risk)s: who or what could cause it") % {"risk": self.title}, items=self.sources)
        yield Point(first + 4, _("%(risk)s: what protects") % {"risk": self.title}, items=self.measures)
        for number, side in ((5, "severity"), (6, "likelihood")):
            asked = facts.answer(f"{self.name}_{side}")
            yield Point(
                first + number, _("%(label)s: %(value)s") % {"label": self.title, "value": asked.label}, asked=[asked]
            )


def document(facts: Installation) -> Document:
    return Document(
        "impact-assessment",
        _("Impact assessment"),
        _(
            "For the data protection officer and the CNIL: what the processing risks for people, and what "
            "protects them."
        ),
        [point.section for point in points(facts)],
    )


def points(facts: Installation) -> Iterator[Point]:
    yield from _context(facts)
    yield from _principles(facts)
    for risk in risks(facts):
        yield from risk.points(facts)


def _context(facts: Installation) -> Iterator[Point]:
    yield Point(
        111,
        _("The processing"),
        [
            _("TechNova estimates, for each person present, the probability of leaving %(horizon)s, with the reasons.")
            % {"horizon": facts.horizon},
            _("It covers %(people)s.") % {"people": facts.people},
            *facts.said("purpose"),
        ],
        asked=facts.answers("need"),
    )
    yield Point(112, _("Who is responsible"), asked=facts.answers("controller", "dpo", "overseers", "processors"))
    yield Point(
        113,
        _("Rules that apply"),
        [
            _("The GDPR. The CNIL's list of 2018 (deliberation 2018-327) names the detection of departures."),
            _(
                "The AI Act, Annex III, point 4, from 2 December 2027: systems that are used for decisions about "
                "workers."
            ),
            _("The Labour Code: the works council is consulted before it is used, and employees are informed."),
        ],
    )
    data = shared.columns(facts)
    yield Point(
        121,
        _("The data"),
        [_("Every column that is stored here, and why.")],
        [_("%(label)s: %(value)s") % {"label": row[0], "value": row[1]} for row in data.rows],
    )
    yield Point(
        122,
        _("The life of the data"),
        [
            _("HR loads extracts of a day. They are checked before anything is written, and a load can be taken back."),
            _("Features are made of them. The model reads the features and gives a score, which is logged with them."),
            _("Pages, exports and the API show scores to whoever may see the person. Old data are deleted every day."),
        ],
    )
    yield Point(
        123,
        _("Where the data are"),
        [
            _("One program and one database (%(engine)s); files only where the program writes its models.")
            % {"engine": "PostgreSQL" if "postgresql" in settings.DATABASES["default"]["ENGINE"] else "SQLite"}
        ],
        asked=facts.answers("hosting"),
    )


def _principles(facts: Installation) -> Iterator[Point]:
    yield Point(
        211,
        _("Purposes"),
        facts.said("purpose"),
        [_("Never: %(use)s") % {"use": use[:1].lower() + use[1:]} for use in facts.said("misuse")],
    )
    yield Point(212, _("Legal basis"), asked=facts.answers("legal_basis", "balance"))
    yield Point(213, _("No more data than needed"), items=list(shared.minimised(facts)))
    yield Point(
        214,
        _("Data that are right and up to date"),
        [
            _(
                "A load that contradicts what is known is stopped until somebody has looked: people missing, pay in "
                "another unit, ages that fall."
            ),
            _("Who has vanished from the files, or lacks a value, is listed under “To clarify” and answered by HR."),
            _("A probability comes with its interval; where too little is known, the page says so and gives none."),
        ],
    )
    yield Point(
        215,
        _("How long data are kept"),
        items=[_("%(label)s: %(value)s") % {"label": row[0], "value": row[1]} for row in shared.kept().rows],
    )
    yield Point(
        221,
        _("How people are informed"),
        [_("By the notice to employees, which is part of this file.")],
        asked=facts.answers("informed_on", "informed_how"),
    )
    yield Point(
        222, _("Consent"), [_("The processing does not rest on consent, which an employee could hardly refuse.")]
    )
    yield Point(
        223,
        _("Access and portability"),
        [
            _("HR hands out, from the person's page, what is held about them, their score and its reasons."),
            _("Each request is recorded with the month in which it is to be answered. So far: %(count)s.")
            % {"count": _("fewer than five") if is_small(facts.requests) else grouped(facts.requests)},
        ],
        asked=facts.answers("contact"),
    )
    yield Point(
        224,
        _("Rectification and erasure"),
        [
            _("A wrong value is corrected in the source and loaded again; the former value is no longer used."),
            _(
                "Until then HR's correction stands over the files: it is recorded, marked, and ends once they say "
                "the same."
            ),
            _(
                "Whoever has left may ask to be erased: refused while a claim may need the data, for %(months)s months "
                "after the departure, or a dispute holds them. Then their data go, and the logs keep their rows "
                "without the person. Each erasure is recorded."
            )
            % {"months": settings.CLAIMS_MONTHS},
        ],
    )
    yield Point(
        225,
        _("Objection and restriction"),
        [
            _(
                "Whoever objects is not scored from the moment when it is recorded, and no page shows an earlier score "
                "as theirs of today."
            ),
            _("A contested score is looked at again by a person, whose decision and reason stand beside it."),
            _(
                "A score can be set aside with a reason: the person is no longer proposed, and no score decides "
                "anything by itself."
            ),
        ],
    )
    yield Point(226, _("Processors' duties"), asked=facts.answers("processors"))
    yield Point(227, _("Transfers outside the European Union"), asked=facts.answers("transfers"))


def risks(facts: Installation) -> list[Risk]:
    measures = list(shared.security())
    people = [
        _("somebody of the company who looks without need"),
        _("somebody who left and whose account was not closed"),
        _("an attacker from outside"),
    ]
    return [
        Risk(
            2,
            "access",
            _("Illegitimate access"),
            [
                _("a manager treats somebody differently because a departure is expected"),
                _("colleagues learn of pay, survey answers or notes of a talk"),
                _("loss of trust in HR and its surveys"),
            ],
            [_("a session left open"), _("a password that was guessed or lent"), _("a file exported and passed on")],
            people,
            measures,
        ),
        Risk(
            3,
            "change",
            _("Unwanted change"),
            [
                _("a score that is wrong brings a talk that nobody needed, or none where one was needed"),
                _("a group of people is flagged more often without a reason"),
            ],
            [
                _("a wrong or old file that is loaded"),
                _("a model that no longer fits the company"),
                _("somebody who alters rows of the database"),
            ],
            [*people, _("a mistake in a source system")],
            [
                _("A load can be taken back, and the state of every day follows from the loads in force."),
                _("Drift and forecasts are checked against what happened, with every scoring run."),
                _("The model's fairness by sex, age and family status is on its page."),
                *measures[-4:],
            ],
        ),
        Risk(
            4,
            "loss",
            _("Disappearance"),
            [_("the answer to a person's request is late"), _("what was agreed in a talk is forgotten")],
            [_("a failed disk"), _("a mistake in operation"), _("malicious encryption")],
            [*people, _("fire, water, power")],
            [_("The database is backed up as the operators' guide says; a restore is tried before it is needed.")],
        ),
    ]
