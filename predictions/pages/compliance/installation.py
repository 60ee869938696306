"""The facts that the documents state, read from the settings, the card, the schema and the database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Case, Count, F, Max, Min, Q, Subquery, Sum, Value, When
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from employees import terms
from employees.access import ROLES, Role, Scope, reads_rounded, roles_in_words
from employees.columns import KEY, Extract
from employees.disclosure import shown_count
from employees.models import Load, LoadedExtract
from features.dictionary import Entry, entries
from features.schema import BY_NAME, made_from
from predictions.compliance.models import Incident
from predictions.compliance.questions import BY_NAME as QUESTIONS
from predictions.compliance.questions import Kind
from predictions.compliance.services import answers
from predictions.formats import grouped, horizon, percent
from predictions.keys.models import APIKey
from predictions.ml.artifacts.card_format import Card
from predictions.ml.scorer import Model
from predictions.models import Promotion, ScoringRun
from predictions.registry import current_model, is_shipped
from predictions.rights.models import DataRequest
from predictions.selectors import runs
from technova import __version__
from technova.database.subqueries import count_of

SUPERUSERS = ""  # in place of a role


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
    """This installation on a day. Texts are in the active language; ``is_rounded`` is for who reads figures alone."""

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
    has_directory: bool  # among the extracts in force
    accounts: Mapping[str | None, int]  # open ones, by the name of their role; superusers apart from it
    keys: list[APIKey]  # that are accepted
    promotions: list[Promotion]  # the newest two that were carried out
    incidents: list[Incident]
    requests: int  # of people about their own data
    is_rounded: bool

    @property
    def card(self) -> Card:
        return self.model.card

    def counted(self, people: int) -> int:
        """A count of people as it is shown."""
        return shown_count(people, is_rounded=self.is_rounded)

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
        values = {"people": grouped(self.counted(self.run.employee_count)), "day": date_format(self.run.day)}
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

    def beside_scores(self) -> list[str]:
        """The columns that are stored and of which nothing goes into the model's features, used or left out."""
        features = {*self.card["used"], *self.card["left_out"]}
        stored = (entry for entry, is_stored in self.columns() if is_stored and entry.column.name != KEY)
        return [entry.label for entry in stored if features.isdisjoint(made_from(entry.column.name))]

    def said(self, part: Literal["purpose", "misuse", "method", "limits"]) -> list[str]:
        """The sentences of a part of the card, such as its limits."""
        return [_(text) for text in self.card[part]]

    def labels(self, features: Iterable[str]) -> str:
        """The features by their labels, as a list in a sentence."""
        return get_text_list([_(BY_NAME[name].label) for name in features], _("and"))

    def readers(self) -> list[list[str]]:
        """A row for each role and for superusers: whom they see, what they read, and how many open accounts have it."""
        rows = []
        for said in roles_in_words():
            role = ROLES.get(said.group)
            number = self.accounts.get(role.group if role else SUPERUSERS, 0)
            rows.append([said.group, said.sees, _reads(role) if role else said.reads, grouped(number)])
        return rows

    def systems(self) -> list[list[str]]:
        """A row for each API key in force: its name, what it may do and of whom."""
        return [[key.name, key.scopes_in_words, _whom(key.scope)] for key in self.keys]

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


def _whom(scope: Scope) -> str:
    if scope.sees_everyone:
        return _("everyone")
    return ", ".join(terms.label("departement", name) for name in scope.names)


def _reads(role: Role) -> str:
    if role.audits:
        return _("the model, its fairness, figures of groups, and the journals; no person by name")
    if role.reads_figures:
        return _("the model, its fairness and figures of groups; no person")
    if role.reads_everything:
        return _("every column")
    return get_text_list([_(matter.label) for matter in role.reads if matter.is_granted], _("and"))


def read(user: User) -> Installation:
    """The facts of this installation now, as an account reads them.

    A dozen queries at most, none over the log of predictions.
    """
    in_force = Q(withdrawn_at=None)
    scored = ScoringRun.objects.order_by("created_at")
    people = scored.order_by().values(one=Value(1)).annotate(people=Sum("employee_count")).values("people")
    found = Load.objects.aggregate(  # without a load, withdrawn ones included, there is nothing else
        loads=Count("pk", filter=in_force),
        first_day=Min("as_of", filter=in_force),
        last_day=Max("as_of", filter=in_force),
        requests=Max(count_of(DataRequest.objects.all())),
        directories=Max(count_of(LoadedExtract.objects.in_force().filter(kind=Extract.ANNUAIRE))),
        runs=Max(count_of(scored)),
        scores=Max(Subquery(people)),
        first_scored=Min(Subquery(scored.values("created_at")[:1])),
    )
    newest, _before = runs.latest_two()
    role = Case(When(is_superuser=True, then=Value(SUPERUSERS)), default=F("groups__name"))
    open_accounts = User.objects.filter(is_active=True).order_by().annotate(role=role).values_list("role")
    return Installation(
        day=localdate(),
        given=answers(),
        model=current_model(),
        run=newest,
        first_day=found["first_day"],
        last_day=found["last_day"],
        loads=found["loads"],
        runs=found["runs"] or 0,
        scores=found["scores"] or 0,
        first_scored_on=found["first_scored"] and localdate(found["first_scored"]),
        has_directory=bool(found["directories"]),
        accounts=dict(open_accounts.annotate(number=Count("pk", distinct=True))),
        keys=list(APIKey.objects.usable().order_by("name", "created")),
        promotions=list(Promotion.objects.exclude(promoted_at=None).select_related("author")[:2]),
        incidents=list(Incident.objects.all()),
        requests=found["requests"] or 0,
        is_rounded=reads_rounded(user),
    )
