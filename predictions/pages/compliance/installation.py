"""The facts that the documents state, read from the settings, the card, the schema and the database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Count, Max, Min, Q, Sum
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from employees import terms
from employees.access import ROLES, Role
from employees.columns import Extract
from employees.models import Load
from features.dictionary import Entry, entries
from features.schema import BY_NAME
from predictions.compliance.models import Incident
from predictions.compliance.questions import BY_NAME as QUESTIONS
from predictions.compliance.questions import Kind
from predictions.compliance.services import answers
from predictions.formats import grouped, horizon, percent
from predictions.ml.artifacts.card_format import Card
from predictions.ml.scorer import Model
from predictions.models import Promotion, ScoringRun
from predictions.registry import current_model, is_shipped
from predictions.rights.models import DataRequest
from predictions.selectors import runs
from technova import __version__
from technova.database.subqueries import count_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What the company answered to a question; ``text`` is empty if it has not."""

    name: str
    label: str
    text: str

    @property
    def sentence(self) -> str:
        return _("%(label)s: %(value)s") % {"label": self.label, "value": self.text}


@dataclass(frozen=True, slots=True)
class Installation:
    """This installation on a day. Texts are in the active language."""

    day: date
    given: Mapping[str, str]
    model: Model
    run: ScoringRun | None  # the newest
    first_day: date | None  # of the extracts in force
    last_day: date | None
    loads: int
    runs: int
    scores: int  # written by the runs
    first_scored_on: date | None
    accounts: Mapping[str, int]  # open ones, by the name of their role
    promotions: list[Promotion]  # the newest two that were carried out
    incidents: list[Incident]
    requests: int  # of people about their own data

    @property
    def card(self) -> Card:
        return self.model.card

    @property
    def company(self) -> str:
        return settings.COMPANY_NAME or _("the company")

    @property
    def horizon(self) -> str:
        return horizon(self.card["horizon_months"])

    @property
    def people(self) -> str:
        """How many people are scored, as of when."""
        if self.run is None:
            return _("nobody yet: no scoring has run")
        values = {"people": grouped(self.run.employee_count), "day": date_format(self.run.day)}
        return _("%(people)s people present on %(day)s") % values

    @property
    def identity(self) -> str:
        return _("TechNova %(program)s, model %(version)s") % {"program": __version__, "version": self.model.version}

    @property
    def is_shipped(self) -> bool:
        return is_shipped()

    def answer(self, name: str) -> Answer:
        question = QUESTIONS[name]
        value = self.given.get(name, "")
        if value and question.kind is Kind.DAY:
            value = date_format(date.fromisoformat(value))
        elif value and question.kind is Kind.CHOICE:
            value = _(question.choices[value])
        return Answer(name, _(question.label), value)

    def answers(self, *names: str) -> list[Answer]:
        return [self.answer(name) for name in names]

    def columns(self) -> Iterator[tuple[Entry, bool]]:
        """Every column of the extracts once, and whether it is stored here."""
        off, seen = terms.columns_off(), set()
        for entry in (entry for extract in Extract for entry in entries(extract)):
            if entry.column.name not in seen:
                seen.add(entry.column.name)
                yield entry, entry.column.name not in off

    def columns_off(self) -> list[str]:
        return [entry.label for entry, is_stored in self.columns() if not is_stored]

    def said(self, part: Literal["purpose", "misuse", "method", "limits"]) -> list[str]:
        """The sentences of a part of the card, such as its limits."""
        return [_(text) for text in self.card[part]]

    def labels(self, features: Iterable[str]) -> str:
        """The features by their labels, as a list in a sentence."""
        return get_text_list([_(BY_NAME[name].label) for name in features], _("and"))

    def readers(self) -> list[list[str]]:
        """A row for each role: its name, what its members read, and how many open accounts have it."""
        return [[role.group, _reads(role), grouped(self.accounts.get(role.group, 0))] for role in ROLES.values()]

    def tested(self) -> list[str]:
        """How it did on people and on months that it had not seen."""
        found = self.card["models"][self.card["feature_set"]]["metrics"]
        auc, first = found["roc_auc"], found["precision_top_10"]
        ranks = _(
            "On people whom it had not seen, it puts someone who leaves above someone who stays in %(auc)s of the "
            "pairs (%(low)s to %(high)s); 50%% would be chance. Of the tenth of people at most risk, %(first)s left."
        ) % {
            "auc": percent(auc["mean"], 0),
            "low": percent(auc["low"], 0),
            "high": percent(auc["high"], 0),
            "first": percent(first["mean"], 0),
        }
        return [ranks, self._out_of_time()]

    def _out_of_time(self) -> str:
        test = self.card["out_of_time"]
        if not test:
            return _("The history is too short to test it on later months.")
        return _(
            "Learned up to %(day)s and tested on the %(months)s months after it: %(expected)s departures were expected "
            "(%(low)s to %(high)s), %(left)s happened."
        ) % {
            "day": date_format(date.fromisoformat(str(test["learned_until"]))),
            "months": test["months"],
            "expected": grouped(test["expected"]),
            "low": grouped(test["low"]),
            "high": grouped(test["high"]),
            "left": grouped(test["departures"]),
        }


def _reads(role: Role) -> str:
    if role.audits:
        return _("the model, its fairness, figures of groups, and the journals; no person by name")
    if role.reads_figures:
        return _("the model, its fairness and figures of groups; no person")
    if role.reads_everything:
        return _("every column, for the people in its departments or everyone")
    granted = [matter for matter in role.reads if matter.is_granted]
    named = [_(matter.label) for matter in granted]
    return _("for the people in its departments: %(what)s") % {"what": get_text_list(named, _("and"))}


def read() -> Installation:
    """The facts of this installation now. A dozen queries at most, none over the log of predictions."""
    in_force = Load.objects.in_force()
    loads = in_force.aggregate(
        number=Count("pk"),
        first=Min("as_of"),
        last=Max("as_of"),
        requests=Max(count_of(DataRequest.objects.all())),
    )
    scored = ScoringRun.objects.aggregate(number=Count("pk"), people=Sum("employee_count"), first=Min("created_at"))
    newest, _before = runs.latest_two()
    open_accounts = Count("user", filter=Q(user__is_active=True))
    return Installation(
        day=localdate(),
        given=answers(),
        model=current_model(),
        run=newest,
        first_day=loads["first"],
        last_day=loads["last"],
        loads=loads["number"],
        runs=scored["number"],
        scores=scored["people"] or 0,
        first_scored_on=scored["first"] and localdate(scored["first"]),
        accounts=dict(Group.objects.annotate(open=open_accounts).values_list("name", "open")),
        promotions=list(Promotion.objects.exclude(promoted_at=None).select_related("author")[:2]),
        incidents=list(Incident.objects.all()),
        requests=loads["requests"] or 0,  # without loads there are no people
    )
