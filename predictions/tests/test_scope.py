"""Every address of the product, asked by an account and by a key of one department: no trace of anyone outside it.

The people outside carry marks that nothing else holds: their numbers, and an income that every one of them has. The
same requests by those who see everyone do show the marks, so an answer without them says something. An address that
is in no list here fails the first test.
"""

import io
import math
import re
import subprocess
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from types import SimpleNamespace

import pytest
from django.contrib.admin import site as admin_site
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from employees import terms, uploads
from employees.access import Scope, scope_of, scope_of_key
from employees.columns import Extract, columns_of
from employees.models import (
    DepartmentAccess,
    Employee,
    Import,
    ImportReject,
    Load,
    LoadedExtract,
    Presence,
    Purpose,
    SavedMapping,
    SignIn,
    Term,
    WorkforceDay,
)
from employees.terms.changes import merge
from employees.tests.extracts import DAY, load, load_all
from employees.tests.factories import EmployeeFactory, leave
from employees.workforce.answers import answer_left, merge_numbers
from features.engineering import engineer_one
from features.models import EmployeeFeatures
from features.services import build_features
from features.tests.factories import INPUTS
from predictions import registry
from predictions.decisions import versions
from predictions.decisions.costs import Range, set_costs
from predictions.decisions.threshold_decisions import RuleName, Wish, set_threshold
from predictions.exports.services import rights_of
from predictions.followup.lottery import set_lottery
from predictions.followup.services import add_note, agree_action, open_cases
from predictions.models import (
    ActionKind,
    APIKey,
    Case,
    CompanyFact,
    CostDecision,
    DataRequest,
    Export,
    Incident,
    LegalHold,
    LotteryDecision,
    Mail,
    MailSubscription,
    ModelVersion,
    Prediction,
    Promotion,
    RequestCount,
    RunGroup,
    SavedSegment,
    ScoringRun,
    ThresholdDecision,
    Training,
    WebhookDelivery,
    WebhookEndpoint,
    WorkforceCheck,
)
from predictions.pages.compliance.documents import DOCUMENTS
from predictions.pages.people import export_pages
from predictions.registry import current_model, forget_decisions
from predictions.rights.holds import hold
from predictions.rights.services import receive
from predictions.services import Caller, predict_for_employee, predict_for_features, score_employees
from predictions.tests.conftest import APIClient, account_of, browser_of, start_nothing
from predictions.tests.factories import APIKeyFactory, PredictionFactory
from predictions.tests.imports import run_import

pytestmark = pytest.mark.django_db

INSIDE, OUTSIDE = "Consulting", "Commercial"
NUMBERS = range(918_273_641, 918_273_648)  # of the people outside
INCOME = 887_766  # theirs; they are the majority, so a typical employee of everyone has it too
PAST = "Ailleurs"  # another department outside, where somebody inside was before
UNSCORED, ABSENT, GONE, RENUMBERED = 918_273_640, 918_273_648, 918_273_649, 91_827_364  # outside too, not scored
SURNAME = "Zorglub"  # theirs
LEAD = 918_273_639  # outside too, in the directory alone: those inside report to them
NOTES_KEYS = ["a-random-value-of-more-than-32-characters"]
MARKS = re.compile(f"9182736[34]|{INCOME}|{SURNAME}")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; ``refused`` when it names someone outside, so that a limited caller gets that status."""

    path: str
    data: dict | None = None
    method: str = "get"
    refused: int | None = None
    closed_to: tuple[str, ...] = ()  # groups that are refused with 403, whomever it names

    def status(self, group: str) -> int:
        """What a limited account of a group gets."""
        return 403 if group in self.closed_to else self.refused or 200


def asks(name: str, *queries: dict) -> Callable[[SimpleNamespace], list[Ask]]:
    """GET an address without parameters, plainly and with each of the queries."""
    return lambda world: [Ask(reverse(name), query) for query in ({}, *queries)]


def about(name: str, key: str, *, method: str = "get", refused: int = 404) -> Callable[[SimpleNamespace], list[Ask]]:
    """Ask for something of someone outside."""
    return lambda world: [Ask(reverse(name, args=[getattr(world, key)]), method=method, refused=refused)]


def hr_asks(name: str, post: dict | None = None, *args: int, refused: int | None = None) -> Ask:
    """A page that no manager opens, and what HR of a department sends to it about someone outside."""
    return Ask(reverse(name, args=args), post, "get" if post is None else "post", refused, closed_to=("Manager",))


LIST_QUERIES = (
    {"sort": "-number", "size": "100"},
    {"page": "2"},
    {"number": SURNAME.lower()},
)


def exports(name: str) -> Callable[[SimpleNamespace], list[Ask]]:
    """The list's queries, and a department that a manager of another cannot choose: back to the list, which says so."""
    queries = asks(name, *LIST_QUERIES, {"number": str(NUMBERS[0])})
    return lambda world: [*queries(world), Ask(reverse(name), {"department": OUTSIDE}, refused=302)]


TIME_OF_SCORES = {"scores-every": "month", "scores-hour": 6, "scores-weekday": 1, "scores-month_day": 1}
PAGES: dict[str, Callable[[SimpleNamespace], list[Ask]]] = {
    "overview": asks("overview"),
    "employees": asks("employees", *LIST_QUERIES, {"department": OUTSIDE}, {"reason": "heures_supplementaires"}),
    "employees_csv": exports("employees_csv"),
    "employees_xlsx": exports("employees_xlsx"),
    # Those outside are asked for in a test of the page: an address is repeated in the page that it leads to.
    "employees_compare": lambda world: [Ask(reverse("employees_compare"), {"id": world.inside})],
    "employees_save_view": lambda world: [
        Ask(reverse("employees_save_view"), {"name": "x", "query": f"?department={OUTSIDE}"}, "post", refused=302)
    ],
    "employees_delete_view": lambda world: [Ask(reverse("employees_delete_view", args=[1]), {}, "post", refused=404)],
    "employees_export": about("employees_export", "export"),
    "employees_export_again": about("employees_export_again", "export", method="post"),
    "employees_export_file": about("employees_export_file", "export"),
    "employee": lambda world: [
        Ask(reverse("employee", args=[world.outside]), refused=404),
        Ask(reverse("employee", args=[world.outside]), {"heures_supplementaires": "0"}, "post", refused=404),
        *(Ask(reverse("employee", args=[number])) for number in world.inside),
    ],
    "employee_exit": lambda world: [hr_asks("employee_exit", None, world.outside, refused=404)],
    "departures": asks("departures"),
    "departures_csv": lambda world: [
        Ask(reverse("departures_csv")),
        Ask(reverse("departures_csv"), {"department": OUTSIDE}, refused=302),
    ],
    "teams": asks("teams", {"rows": "team"}, {"department": OUTSIDE}, {"rows": "site"}),
    "teams_csv": lambda world: [
        *asks("teams_csv", {"rows": "team"}, {"table": "months"}, {"rows": "level", "columns": "none"})(world),
        Ask(reverse("teams_csv"), {"department": OUTSIDE}, refused=302),
    ],
    "teams_save": lambda world: [
        Ask(f"{reverse('teams_save')}?department={INSIDE}", {"name": "x"}, "post", refused=302)
    ],
    "teams_delete": lambda world: [Ask(reverse("teams_delete", args=[world.segment]), {}, "post", refused=404)],
    "report": asks("report"),
    "employee_sheet": about("employee_sheet", "outside"),
    "report_pdf": asks("report_pdf"),
    "journal": lambda world: [Ask(reverse("journal"), refused=403)],
    "employee_erase": lambda world: [
        hr_asks("employee_erase", None, world.outside, refused=403),
    ],
    "employee_looks": lambda world: [
        hr_asks("employee_looks", None, world.outside, refused=404),
        *(hr_asks("employee_looks", None, number) for number in world.inside),
    ],
    "requests": lambda world: [hr_asks("requests")],
    "requests_request": lambda world: [
        hr_asks("requests_request", None, world.request, refused=404),
        hr_asks("requests_request", {"act": "answer"}, world.request, refused=404),
    ],
    "employee_rights": lambda world: [
        hr_asks("employee_rights", None, world.outside, refused=404),
        *(hr_asks("employee_rights", None, number) for number in world.inside),
    ],
    **{
        name: lambda world, name=name: [hr_asks(name, None, world.outside, refused=403)]
        for name in ("employee_dossier", "employee_dossier_json")
    },
    "cases": asks("cases", {"view": "open"}, {"view": "closed"}),
    "cases_csv": asks("cases_csv", {"view": "open"}, {"view": "closed"}),
    "cases_effect": lambda world: [hr_asks("cases_effect")],
    "cases_costs": lambda world: [hr_asks("cases_costs")],
    "cases_open": lambda world: [
        Ask(reverse("cases_open"), {"number": world.outside, "due": f"{timezone.localdate()}"}, "post", refused=422)
    ],
    "cases_case": lambda world: [Ask(reverse("cases_case", args=[case]), refused=404) for case in world.cases],
    "cases_calendar": about("cases_calendar", "case"),
    "cases_change": about("cases_change", "case", method="post"),
    "cases_note": about("cases_note", "case", method="post"),
    "cases_action": about("cases_action", "case", method="post"),
    "cases_note_delete": lambda world: [
        Ask(reverse("cases_note_delete", args=[world.case, world.note]), {}, "post", refused=404)
    ],
    "cases_action_correct": lambda world: [
        Ask(reverse("cases_action_correct", args=[world.case, world.action]), {}, "post", refused=404)
    ],
    "clarify": lambda world: [
        hr_asks("clarify"),
        hr_asks("clarify", {"number": ABSENT, "answer": "left"}, refused=302),
    ],
    "clarify_refused": lambda world: [hr_asks("clarify_refused")],
    "clarify_unscored": lambda world: [hr_asks("clarify_unscored")],
    "clarify_unanswered": lambda world: [hr_asks("clarify_unanswered")],
    "clarify_answers": lambda world: [
        hr_asks("clarify_answers"),
        hr_asks("clarify_answers", {"answer": world.answer}, refused=302),
    ],
    "clarify_numbers": lambda world: [hr_asks("clarify_numbers")],
    "clarify_part": lambda world: [hr_asks("clarify_part", {}, world.merge, refused=404)],
    "clarify_rescore": lambda world: [hr_asks("clarify_rescore", {}, refused=302)],
    "data": lambda world: [Ask(reverse("data"), refused=403)],
    "data_off": lambda world: [
        Ask(reverse("data_off", args=["age"]), refused=403),
        Ask(reverse("data_off", args=["age"]), {"reason": "not needed"}, "post", refused=403),
    ],
    "data_on": lambda world: [Ask(reverse("data_on", args=["age"]), {}, "post", refused=403)],
    "administration_accounts": lambda world: [Ask(reverse("administration_accounts"), refused=403)],
    "administration_roles": lambda world: [Ask(reverse("administration_roles"), refused=403)],
    "administration_invite": lambda world: [
        Ask(reverse("administration_invite"), refused=403),
        Ask(reverse("administration_invite"), {"email": "x"}, "post", refused=403),
    ],
    "administration_account": lambda world: [
        Ask(reverse("administration_account", args=[world.hr.account.pk]), refused=403)
    ],
    "administration_act": lambda world: [
        Ask(reverse("administration_act", args=[world.hr.account.pk]), {"act": "close"}, "post", refused=403)
    ],
    "administration_keys": lambda world: [Ask(reverse("administration_keys"), refused=403)],
    "administration_new_key": lambda world: [
        Ask(reverse("administration_new_key"), refused=403),
        Ask(reverse("administration_new_key"), {"name": "x"}, "post", refused=403),
    ],
    "administration_key": lambda world: [
        Ask(reverse("administration_key", args=["abcdefgh"]), refused=403),
        Ask(reverse("administration_key", args=["abcdefgh"]), {"name": "x"}, "post", refused=403),
    ],
    "administration_key_act": lambda world: [
        Ask(reverse("administration_key_act", args=["abcdefgh"]), {"act": "revoke"}, "post", refused=403)
    ],
    "administration_words": lambda world: [
        Ask(reverse("administration_words"), refused=403),
        Ask(reverse("administration_words", args=["poste"]), {"value": "x"}, "post", refused=403),
    ],
    "administration_word": lambda world: [
        Ask(reverse("administration_word", args=[1]), refused=403),
        Ask(reverse("administration_word", args=[1]), {"form": "labels"}, "post", refused=403),
    ],
    "administration_word_act": lambda world: [
        Ask(reverse("administration_word_act", args=[1]), {"act": "part"}, "post", refused=403)
    ],
    "compliance": lambda world: [Ask(reverse("compliance"), refused=403)],
    **{
        name: lambda world, name=name: [Ask(reverse(name, args=[document]), refused=403) for document in DOCUMENTS]
        for name in ("compliance_document", "compliance_pdf")
    },
    "compliance_pia": lambda world: [Ask(reverse("compliance_pia"), refused=403)],
    **{
        name: lambda world, name=name: [
            Ask(reverse(name), refused=403, closed_to=("Auditeur",)),
            Ask(reverse(name), {"what": "x"}, "post", refused=403, closed_to=("Auditeur",)),
        ]
        for name in ("compliance_answers", "compliance_incident")
    },
    "schedule": lambda world: [Ask(reverse("schedule"), refused=403, closed_to=("Auditeur",))],
    "schedule_change": lambda world: [
        Ask(reverse("schedule_change", args=["scores"]), TIME_OF_SCORES, "post", refused=403, closed_to=("Auditeur",))
    ],
    "simulate": asks("simulate"),
    "history": asks("history", {"mode": "simulation"}, {"mode": "by_features"}, {"mode": "by_id"}, {"mode": "scoring"}),
    "history_prediction": lambda world: [
        Ask(reverse("history_prediction", args=[prediction]), refused=404) for prediction in world.predictions
    ],
    "model": asks("model", {"capacity": "30"}, {"tab": "all"}),
    "model_effects": asks("model_effects"),
    "model_threshold": lambda world: [
        Ask(reverse("model_threshold"), {"rule": "value", "value": "1", "reason": "x"}, "post", refused=403)
    ],
    "model_threshold_undo": lambda world: [
        Ask(reverse("model_threshold_undo", args=[world.decision]), {}, "post", refused=403)
    ],
    **{
        name: lambda world, name=name: [Ask(reverse(name), {"reason": "x"}, "post", refused=403)]
        for name in ("model_rescore", "model_train", "model_back")
    },
    **{
        name: lambda world, name=name: [Ask(reverse(name, args=[1]), {}, "post", refused=403)]
        for name in ("model_approve", "model_refuse")
    },
    "model_workforce": lambda world: [Ask(reverse("model_workforce"), refused=403)],
    "import": lambda world: [Ask(reverse("import"), refused=403), Ask(reverse("import"), {}, "post", refused=403)],
    "import_template": lambda world: [Ask(reverse("import_template"), refused=403)],
    "import_loads": lambda world: [Ask(reverse("import_loads"), refused=403)],
    "import_withdraw": lambda world: [
        Ask(reverse("import_withdraw", args=[world.load]), refused=403),
        Ask(reverse("import_withdraw", args=[world.load]), {"reason": "wrong"}, "post", refused=403),
    ],
    **{
        name: lambda world, name=name: [Ask(reverse(name, args=[world.load, "forgotten"]), refused=403)]
        for name in ("import_withdraw_list", "import_withdraw_list_csv")
    },
    "import_detail": about("import_detail", "upload", refused=403),
    **{
        name: lambda world, name=name: [Ask(reverse(name, args=[world.upload, "rejects"]), refused=403)]
        for name in ("import_list", "import_list_csv")
    },
    "import_answer": about("import_answer", "upload", method="post", refused=403),
    "import_confirm": about("import_confirm", "upload", method="post", refused=403),
    "import_retry": about("import_retry", "upload", method="post", refused=403),
    "import_discard": about("import_discard", "upload", method="post", refused=403),
}
# Takes a load back, and rolls back, to tell what that changes.
TAKE_BACK = {"import_withdraw", "import_withdraw_list", "import_withdraw_list_csv"}
# All that is kept about one person: from as many tables.
DOSSIERS = {"employee_dossier", "employee_dossier_json"}
# What an account that sees everyone finds the marks in.
SHOWS_PEOPLE = PAGES.keys() - {
    *("model", "model_effects", "model_workforce"),
    *(
        "model_threshold",
        "model_threshold_undo",
        "model_rescore",
        "model_train",
        "model_back",
        "model_approve",
        "model_refuse",
    ),
    *("import", "import_answer", "import_confirm", "import_retry", "import_discard", "import_loads"),
    *("import_template", "report", "report_pdf", "teams_save", "teams_delete", "journal"),
    *("employees_compare", "employees_save_view", "employees_delete_view"),
    *("employees_export", "employees_export_again"),
    "administration_roles",
    *("administration_accounts", "administration_invite", "administration_account", "administration_act"),
    *("administration_keys", "administration_new_key", "administration_key", "administration_key_act"),
    *("administration_words", "administration_word", "administration_word_act"),
    *(f"compliance{part}" for part in ("", "_document", "_pdf", "_pia", "_answers", "_incident")),
    *("cases_open", "cases_note_delete", "cases_action_correct", "cases_costs", "cases_effect"),
    *("clarify_part", "clarify_rescore", "data", "data_off", "data_on", "schedule", "schedule_change"),
}

# Ask for the password again, which the accounts of these tests do not have.
CONFIRMED = {
    *("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_activate_totp"),
    *("mfa_generate_recovery_codes", "mfa_add_webauthn", "mfa_remove_webauthn"),
}

API: dict[str, Callable[[SimpleNamespace], list[Ask]]] = {
    "api-by-id": about("api-by-id", "outside", method="post"),
    "api-batch": lambda world: [Ask(reverse("api-batch"), {"employee_ids": [world.outside, 1]}, "post")],
    "api-scores": asks(
        "api-scores",
        {"min_probability": "0"},
        {"employee_ids": str(NUMBERS[0])},
        {"department": OUTSIDE},
        {"limit": "1"},
    ),
    "api-cases": asks("api-cases", {"employee_id": str(NUMBERS[0])}, {"state": "to_plan"}),
    "api-case": lambda world: [Ask(reverse("api-case", args=[case]), refused=404) for case in world.cases],
    "api-latest": asks("api-latest", {"limit": "200"}),
    "api-predictions": asks("api-predictions", {"ordering": "-predicted_proba"}, {"mode": "simulation"}),
    "api-prediction": lambda world: [
        Ask(reverse("api-prediction", args=[prediction]), refused=404) for prediction in world.predictions
    ],
}
# Hold nobody: accounts, the sender's own values and key, descriptions, the state of the service, figures of the runs
# (test_api_runs.py says of whom), deliveries in words (test_api_extracts.py).
IMPERSONAL = {
    "purpose",
    *("account_login", "account_inactive", "account_reauthenticate", "account_sessions", "account", "unsubscribe"),
    *("mfa_authenticate", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp"),
    *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_login_webauthn", "mfa_add_webauthn"),
    *("mfa_remove_webauthn", "mfa_reauthenticate_webauthn"),
    *("logout", "password_change", "password_forgotten", "password_set", "set_language", "tour"),
    *("api-by-features", "api-extract", "api-extracts", "api-key", "api-runs", "api-schema", "api-docs"),
    *("health", "ready", "metrics"),
}
# Open without an account or a key, since they hold nobody.
PUBLIC = {
    *("account_login", "account_inactive", "mfa_authenticate", "mfa_login_webauthn", "password_forgotten"),
    *("password_set", "unsubscribe"),
    *("set_language", "api-schema", "api-docs", "health", "ready"),
}


def routes(patterns=None, prefix="", namespace=""):
    """The name and an example address of each route, the admin's included."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + example(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", f"/{path}"
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, path, inner)


def example(pattern) -> str:
    """A path that a pattern matches."""
    text = re.sub(r"<uuid:\w+>", "6b9f2a4e-0000-4000-8000-000000000000", str(pattern))
    text = re.sub(r"<(?:int|str|slug|path):\w+>|<\w+>", "1", text)
    text = re.sub(r"\(\?P<\w+>\(?([\w|]+)[^/]*\)", lambda match: match[1].split("|")[0], text)
    return re.sub(r"\(\?P<\w+>.*\)", "anything", text).strip("^$")


ROUTES = dict(routes())
OURS = {name for name in ROUTES if not name.startswith("admin:")}


@pytest.fixture(scope="module")
def everyone(module_db):
    """Five people inside and seven riskier ones outside, scored, simulated and imported by those who see everyone."""
    with pytest.MonkeyPatch.context() as patch, override_settings(NOTES_KEYS=NOTES_KEYS):
        start_nothing(patch)
        return populate()


@pytest.fixture
def world(everyone, db, started, settings):
    """Those people as they were at first, and two browsers: of a manager inside, and of HR."""
    settings.NOTES_KEYS = NOTES_KEYS
    forget_decisions()
    clients = {name: browser_of(get_user_model().objects.get(pk=pk)) for name, pk in everyone.accounts.items()}
    return SimpleNamespace(**vars(everyone), **clients)


def populate():
    people = {number: {"departement": INSIDE, "revenu_mensuel": 5000 + number} for number in range(1, 6)}
    people |= {number: {"departement": OUTSIDE, "revenu_mensuel": INCOME} for number in NUMBERS}
    people = {number: values | {"heures_supplementaires": number in NUMBERS} for number, values in people.items()}
    gone = {number: {"departement": OUTSIDE} for number in (ABSENT, GONE, RENUMBERED)}
    load_all(DAY - timedelta(days=30), people | gone | {5: people[5] | {"departement": PAST}})
    load_all(DAY, people)
    names = {number: {"prenom": "Zoé", "nom": SURNAME} for number in (*NUMBERS, UNSCORED, ABSENT, GONE)}
    teams = {number: {"responsable": LEAD} for number in range(1, 6)}  # the manager of those inside is outside
    teams[LEAD] = {"responsable": NUMBERS[0]}
    led = {number: values | {"responsable": NUMBERS[0]} for number, values in names.items()}
    load(DAY, annuaire=led | teams)
    load(DAY, sirh=people | {UNSCORED: {"departement": OUTSIDE}})
    build_features()
    score_employees(as_of=DAY - timedelta(days=30))
    score_employees()
    newest = LoadedExtract.objects.in_force().get(as_of=DAY, kind=Extract.SIRH)
    rule = {"text": "x", "params": {}}
    newest.refused.create(number=NUMBERS[0], column="revenu_mensuel", value=f"{INCOME} euros", rule=rule)
    hr, manager = account_of("RH", name="hr"), account_of("Manager", INSIDE, name="manager")
    (answer,) = answer_left(numbers=[GONE], user=hr)
    merge = merge_numbers(number=RENUMBERED, into=NUMBERS[1], accept_both_listed=True, user=hr)
    everyone = Caller(user=hr, scope=scope_of(hr))
    outside = Prediction.objects.filter(employee__employee_id=NUMBERS[0]).first()
    elsewhere = Prediction.objects.get(employee__employee_id=5, features__departement=PAST)
    values = engineer_one(INPUTS | {"revenu_mensuel": INCOME})
    made = [
        outside,
        elsewhere,
        PredictionFactory(employee=elsewhere.employee, features=elsewhere.features),
        PredictionFactory(ready_made=True, employee=elsewhere.employee, payload=elsewhere.values()),
        predict_for_employee(employee_id=NUMBERS[0], caller=everyone),
        predict_for_features(
            values=values, caller=everyone, mode=Prediction.Mode.SIMULATION, employee=outside.employee
        ),
        predict_for_features(values=values, caller=everyone, mode=Prediction.Mode.SIMULATION),
    ]
    # The second one is of somebody inside, from when they were outside.
    with_case = [outside.employee, Employee.objects.get(employee_id=5)]
    due = DAY + timedelta(days=7)
    cases = open_cases(employees=with_case, owner=hr, due=due, why=SURNAME, user=hr).cases
    Case.objects.filter(pk=cases[1].pk).update(departement=PAST)
    note = add_note(case=cases[0], day=DAY, who=SURNAME, text="x", is_shared=False, user=hr)
    asked = receive(employee=outside.employee, kind=DataRequest.Kind.ACCESS, received_on=DAY, said=SURNAME, user=hr)
    inside = Employee.objects.get(employee_id=1)
    receive(employee=inside, kind=DataRequest.Kind.ACCESS, received_on=DAY, said="", user=hr)
    action = agree_action(case=cases[0], kind=ActionKind.objects.earliest("pk"), day=DAY, cost=None, user=hr)
    return SimpleNamespace(
        accounts={"hr": hr.pk, "manager": manager.pk},
        request=asked.pk,
        case=cases[0].pk,
        note=note.pk,
        action=action.pk,
        cases=[case.pk for case in cases],
        inside=range(1, 6),
        outside=NUMBERS[0],
        predictions=[prediction.pk for prediction in made],
        load=Load.objects.latest("pk").pk,
        segment=SavedSegment.objects.create(user=hr, name="x", conditions={"department": OUTSIDE}).pk,
        answer=answer.pk,
        merge=merge.pk,
        decision=set_threshold(wish=Wish(RuleName.CAPACITY, capacity=3), reason="room for three", user=hr).pk,
        upload=import_with_a_reject(hr).pk,
        export=export_of_everyone(hr).pk,
    )


def export_of_everyone(account):
    export = Export.objects.create(user=account, rights=rights_of(account), kind="csv", language="en")
    export_pages.make(str(export.pk))
    return export


def import_with_a_reject(account):
    """An upload about someone outside, whose income is no number."""
    row = {
        Extract.SIRH: f"{NUMBERS[0]},41,F,{INCOME} euros,Célibataire,{OUTSIDE},Manager,1,80,8,6,4",
        Extract.EVAL: f"{NUMBERS[0]},1,2,3,4,3,3,2,Oui,11 %",
        Extract.SONDAGE: f"{NUMBERS[0]},Non,0,1,1,5,2,Autre,Oui,Aucun,1,1",
    }
    files = {
        extract: SimpleUploadedFile(
            f"{extract}.csv", f"{','.join(column.source for column in columns_of(extract))}\n{line}\n".encode()
        )
        for extract, line in row.items()
    }
    upload = uploads.receive(user=account, as_of=DAY + timedelta(days=1), files=files.values())
    run_import(upload=upload)
    return upload


def send(client, ask):
    options = {"content_type": "application/json"} if isinstance(client, APIClient) and ask.method == "post" else {}
    return getattr(client, ask.method)(ask.path, ask.data, **options)


def all_of(response) -> str:
    """All that an answer holds, its headers and the parts of a workbook, without its own address."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"\n".join(book.read(name) for name in book.namelist())
    if body.startswith(b"%PDF"):
        body = subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True).stdout
    address = response.request["PATH_INFO"]
    headers = " ".join(f"{name}: {value}" for name, value in response.headers.items())
    return (headers + body.decode()).replace(address, "")


def text_of(response) -> str:
    """The same without the separators that numbers are grouped with."""
    return re.sub(r"[\s,\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]|&nbsp;", "", all_of(response))


def test_every_address_has_a_case():
    assert PAGES.keys() | API.keys() | IMPERSONAL == OURS


@pytest.mark.parametrize("group", ["Manager", "RH"])
@pytest.mark.parametrize("name", PAGES)
def test_account_of_a_department_or_a_team_finds_no_trace_of_anyone_outside(world, browse, name, group):
    of_department = world.manager if group == "Manager" else browse(group, INSIDE)
    for client, own in ((of_department, "no team"), (browse(group, team_of=LEAD), str(LEAD))):
        for ask in PAGES[name](world):
            response = send(client, ask)
            assert response.status_code == ask.status(group), ask
            assert not MARKS.search(text := text_of(response).replace(own, "")), ask
            assert PAST not in text, ask
    assert Employee.objects.get(employee_id=ABSENT).presence == Presence.ABSENT


@pytest.mark.parametrize("name", sorted(SHOWS_PEOPLE))
def test_hr_finds_the_marks_where_the_manager_finds_none(world, name):
    answers = [send(world.hr, ask) for ask in PAGES[name](world)]
    assert all(response.status_code < 400 or response.status_code == 422 for response in answers)
    assert any(MARKS.search(text_of(response)) for response in answers)


# What an auditor opens: the journals, what is kept, the model, and the figures of groups.
AUDITED = {
    "administration_roles",
    "cases_costs",
    "cases_effect",
    "overview",
    "report",
    "report_pdf",
    "teams",
    "history",
    "import_loads",
    "data",
    "compliance",
    "compliance_document",
    "compliance_pdf",
    "compliance_pia",
    "model",
    "model_effects",
    "model_workforce",
}


# What the management opens: the figures of groups, and the model.
DIRECTED = (
    AUDITED
    - {"administration_roles", "history", "import_loads", "data"}
    - {
        *("compliance", "compliance_document", "compliance_pdf", "compliance_pia"),
    }
)
OPEN = {"Auditeur": AUDITED, "Direction": DIRECTED}
each_of_figures = pytest.mark.parametrize(
    ("group", "departments"), [("Auditeur", [INSIDE]), ("Direction", []), ("Direction", [INSIDE])]
)


@each_of_figures
def test_who_reads_figures_finds_no_trace_of_anyone(world, browse, group, departments):
    client = browse(group, *departments)
    for ask in (ask for name in sorted(OPEN[group]) for ask in PAGES[name](world)):
        response = send(client, ask)
        assert response.status_code == 200, ask
        assert not MARKS.search(text_of(response)), ask
        assert not re.search(r'"/(employees|history)/\d', all_of(response)), ask


@each_of_figures
def test_other_pages_are_closed_to_who_reads_figures(world, browse, group, departments):
    client = browse(group, *departments)
    own = {"teams_csv", "teams_save", "teams_delete"}  # figures of groups, and what the account itself saved of them
    others = {"Auditeur": {"journal", "requests"}, "Direction": set()}[group]
    asked = [ask for name in PAGES.keys() - OPEN[group] - own - others for ask in PAGES[name](world)]
    assert {send(client, ask).status_code for ask in asked} == {403}


def test_table_of_teams_of_the_management_names_nobody(world, browse):
    client = browse("Direction")
    assert not any(MARKS.search(text_of(send(client, ask))) for ask in PAGES["teams_csv"](world))


def test_auditor_finds_requests_by_number_without_name_word_or_score(world, browse):
    text = browse("Auditeur", INSIDE).get(reverse("requests")).text
    assert str(world.outside) in text
    assert SURNAME not in text
    assert "/requests/" not in text.partition("<main")[2]
    assert "%" not in text.partition("<main")[2].partition("</main")[0]


def test_hr_finds_the_department_before_where_the_manager_finds_none(world):
    assert PAST in all_of(world.hr.get(reverse("employee", args=[5])))


def test_score_of_somebody_who_has_just_come_from_another_department_waits_for_the_next_run(world):
    """Between a load and the build and scoring after it, what is known of them is of the department before."""
    people = {number: {"departement": INSIDE} for number in world.inside}
    people |= {number: {"departement": INSIDE if number == NUMBERS[0] else OUTSIDE} for number in NUMBERS}
    load(DAY + timedelta(days=1), sirh=people, options={"accept_implausible": True})
    key = APIClient(APIKeyFactory(can_follow=True, departments=[INSIDE]).secret)
    asked = [
        world.manager.get(reverse("employees"), {"size": "100"}),
        world.manager.get(reverse("employees_csv")),
        world.manager.get(reverse("employee", args=[world.outside])),
        key.post(
            reverse("api-batch"), {"employee_ids": [world.outside], "reasons": True}, content_type="application/json"
        ),
        key.get(reverse("api-predictions")),
    ]
    for response in asked:
        assert response.status_code == 200
        assert OUTSIDE not in all_of(response)
    assert key.post(reverse("api-by-id", args=[world.outside])).status_code == 404
    build_features()
    score_employees()
    assert key.post(reverse("api-by-id", args=[world.outside])).status_code == 200
    assert reverse("employee", args=[world.outside]) in world.manager.get(reverse("employees"), {"size": "100"}).text


def test_logged_prediction_stays_visible_when_its_department_is_merged_into_another(world):
    merge(
        term=Term.objects.get(vocabulary="departement", value=INSIDE),
        into=Term.objects.get(vocabulary="departement", value=OUTSIDE),
    )
    scope = scope_of_key(APIKeyFactory(departments=[OUTSIDE]))
    assert Prediction.objects.filter(features__departement=INSIDE).within_then(scope).exists()


@pytest.mark.parametrize(
    "name",
    ["clarify", "clarify_refused", "clarify_unscored", "clarify_answers", "clarify_numbers", "departures", "history"],
)
def test_page_that_lists_people_names_them(world, name):
    assert f"Zoé {SURNAME}" in world.hr.get(reverse(name)).text


def test_preview_of_a_withdrawal_and_a_logged_prediction_name_people(world):
    addresses = [
        reverse("import_withdraw", args=[world.load]),
        reverse("import_withdraw_list", args=[world.load, "forgotten"]),
        reverse("history_prediction", args=[world.predictions[0]]),
    ]
    for address in addresses:
        assert f"Zoé {SURNAME}" in world.hr.get(address).text, address


@pytest.mark.parametrize("is_outdated", [False, True])
@pytest.mark.parametrize("name", sorted(PAGES.keys() - TAKE_BACK - DOSSIERS))
def test_page_asks_at_most_twelve_queries_and_two_more_first_in_a_process(
    world, browse, name, is_outdated, monkeypatch, django_assert_max_num_queries
):
    versions.adopt()
    if is_outdated:
        WorkforceDay.objects.update(revision=uuid.uuid4())
    for client in (world.hr, world.manager, browse("RH", team_of=LEAD), browse("Auditeur")):
        for ask in (ask for ask in PAGES[name](world) if ask.method == "get"):
            monkeypatch.setattr(terms, "_held", terms._NOTHING)
            ContentType.objects.clear_cache()
            forget_decisions()
            current_model()  # as each process of the server does before its first page
            for limit in (14, 12):
                monkeypatch.setattr(registry._decided, "checked_at", -math.inf)
                monkeypatch.setattr(registry._registry, "_checked_at", -math.inf)
                with django_assert_max_num_queries(limit, info=ask):
                    send(client, ask)


def test_no_answer_to_a_signed_in_browser_is_stored(world):
    world.hr.raise_request_exception = False
    asked = [ask for asks_of in PAGES.values() for ask in asks_of(world)]
    for ask in asked:
        for headers in ({}, {"HX-Request": "true"}):
            response = getattr(world.hr, ask.method)(ask.path, ask.data, headers=headers)
            assert "no-store" in response["Cache-Control"], ask


@pytest.mark.parametrize("name", API)
def test_key_of_a_department_finds_no_trace_of_anyone_outside(world, name):
    client = APIClient(APIKeyFactory(can_follow=True, departments=[INSIDE]).secret)
    for ask in API[name](world):
        response = send(client, ask)
        assert response.status_code == (ask.refused or 200), ask
        # In a batch, a number outside is answered as one that nobody has.
        text = text_of(response).replace(f'{{"employee_id":{world.outside}"detail"', "")
        assert not MARKS.search(text), ask
        assert PAST not in text, ask


@pytest.mark.parametrize("name", API)
def test_key_of_everyone_finds_the_marks_where_the_limited_one_finds_none(world, name):
    client = APIClient(APIKeyFactory(can_follow=True).secret)
    answers = [send(client, ask) for ask in API[name](world)]
    assert [response.status_code for response in answers] == [200] * len(answers)
    assert any(MARKS.search(text_of(response).replace('"detail"', "")) for response in answers)


def test_department_that_a_manager_loses_is_gone_at_once(world):
    inside = reverse("employee", args=[1])
    assert world.manager.get(inside).status_code == 200
    world.manager.account.department_accesses.all().delete()
    assert scope_of(world.manager.account) == Scope.NOBODY
    assert world.manager.get(inside).status_code == 403


SEES_NOBODY = {
    ("nobody",): "Your account has no role yet",
    ("nobody", INSIDE): "Your account has no role yet",
    ("Manager",): "Your account sees nobody yet",
}
each_that_sees_nobody = pytest.mark.parametrize(("account", "word"), SEES_NOBODY.items())


@each_that_sees_nobody
def test_page_is_closed_to_an_account_that_sees_nobody_unless_it_is_about_the_account(browse, account, word):
    client = browse(*account)
    answers = {name: (client.get(ROUTES[name]), client.post(ROUTES[name])) for name in sorted(OURS - {"logout"})}
    closed = {name: both for name, both in answers.items() if {answer.status_code for answer in both} == {403}}
    closed = {name: both for name, both in closed.items() if name not in CONFIRMED}
    assert closed.keys() == PAGES.keys()
    for answer in chain(*closed.values()):
        assert word in answer.text
        assert "Ask the administrator of TechNova" in answer.text


@each_that_sees_nobody
def test_account_that_sees_nobody_may_change_its_password_and_language_and_sign_out(browse, account, word):
    client = browse(*account)
    closed = client.get("/")
    for name in ("password_change", "set_language", "logout"):
        assert f'"{reverse(name)}"' in closed.text
    assert reverse("employees") not in closed.text
    assert client.get(reverse("password_change")).status_code == 200
    assert client.post(reverse("set_language"), {"language": "fr"}).status_code == 302
    assert client.post(reverse("logout")).url == reverse("account_login")


def test_staff_without_a_role_enters_the_administration_alone(browse):
    client = browse("nobody")
    client.account.is_staff = True
    client.account.save()
    assert f'href="{reverse("admin:index")}"' in client.get("/").text
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("name", sorted(OURS - PUBLIC))
def test_address_is_closed_without_an_account_or_a_key(name):
    client = Client()
    for response in (client.get(ROUTES[name]), client.post(ROUTES[name], {}, content_type="application/json")):
        if response.status_code == 302:
            assert response.url.startswith(reverse("account_login"))
        else:
            assert response.status_code in (401, 405, 404 if name == "metrics" else 401)


@pytest.mark.parametrize("name", sorted(ROUTES.keys() - OURS - {"admin:logout"}))
def test_admin_is_closed_to_the_groups(browse, name):
    for client in (Client(), browse("Manager", INSIDE), browse("RH")):
        response = client.get(ROUTES[name])
        if name == "admin:login" and client.session.get("_auth_user_id"):  # sign-in would lead back here for ever
            assert response.status_code == 403
            continue
        assert response.status_code == 302
        assert "login" in response.url


# The description holds nobody: a client may keep it, and asks by its ETag whether it changed.
@pytest.mark.parametrize("name", sorted(ROUTES.keys() - {"admin:logout", "logout", "api-schema"}))
def test_no_answer_to_an_administrator_is_stored(admin_client, name):
    admin_client.raise_request_exception = False
    for response in (admin_client.get(ROUTES[name]), admin_client.post(ROUTES[name])):
        assert "no-store" in response["Cache-Control"]


def test_admin_is_walked():
    assert len(ROUTES.keys() - OURS) > 5 * len(admin_site._registry)


# What a staff account of one department, with every permission to view, finds of each model in the administration.
# Of those that hold every column of its people a manager finds nothing either.
OF_DEPARTMENTS = {Employee, EmployeeFeatures, RunGroup, Prediction, DataRequest, LegalHold}
ACCOUNTS = {get_user_model(), Group, DepartmentAccess, SignIn}
DECISIONS = {
    *(ThresholdDecision, Promotion, ModelVersion, Training, CostDecision, LotteryDecision, CompanyFact, Incident)
}
OF_EVERYONE = (
    {Load, Term, Purpose, SavedMapping, Import, ImportReject, ScoringRun, WorkforceCheck, RequestCount, APIKey}
    | ACCOUNTS
    | DECISIONS
    | {WebhookEndpoint, WebhookDelivery, Mail, MailSubscription, ActionKind}
)  # nothing
CASES = OF_DEPARTMENTS | OF_EVERYONE
each_model = pytest.mark.parametrize("model", sorted(CASES, key=lambda model: model._meta.label))


@pytest.fixture
def offices(world):
    """The staff of one department and the staff that sees everyone, with a row at least of every model."""
    leave(EmployeeFactory(employee_id=77, departement=INSIDE))
    leave(Employee.objects.get(employee_id=NUMBERS[0]))
    SavedMapping.objects.create(name="default")
    Promotion.objects.create(version="20260101-0", reason="a trial", author=world.hr.account)
    versions.adopt()
    set_costs(unit="months", departure=Range(3, 9), actions={}, reason="a trial", user=world.hr.account)
    set_lottery(talks=3, reason="a trial", user=world.hr.account)
    Training.objects.create(asked_by=world.hr.account, reason="a trial")
    CompanyFact.objects.create(name="dpo", value="x", recorded_by=world.hr.account)
    Incident.objects.create(
        kind="loss", happened_on=DAY, noticed_on=DAY, what="x", measures="y", recorded_by=world.hr.account
    )
    hold(employee=Employee.objects.get(employee_id=NUMBERS[0]), reason="x", user=world.hr.account)
    hold(employee=Employee.objects.get(employee_id=1), reason="x", user=world.hr.account)
    subscription = MailSubscription.objects.create(user=world.hr.account, language="fr", weekly=True)
    subscription.mails.create(about="digest", subject="TechNova", body="")
    webhook = WebhookEndpoint.objects.create(name="tickets", url="https://technova.example/", events=["run.finished"])
    webhook.deliveries.create(message_id="msg_1", event="run.finished", body="{}")
    RequestCount.objects.create(subject="address 192.0.2.1", minute=1, requests=1)
    colleague = get_user_model().objects.create_user("colleague")
    colleague.department_accesses.create(departement=OUTSIDE)
    APIKeyFactory(departments=[OUTSIDE])
    for client in (world.manager, world.hr):
        client.account.is_staff = True
        client.account.save()
        client.account.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return world


def admin_pages(client, model):
    """The answers of the administration about a model: its list, then the form of each row that exists."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    forms = [reverse(f"{name}_change", args=[quote(pk)]) for pk in model.objects.values_list("pk", flat=True)]
    return client.get(reverse(f"{name}_changelist")), [client.get(form) for form in forms]


def test_every_model_of_the_admin_has_a_case():
    assert admin_site._registry.keys() == CASES


@pytest.mark.parametrize("group", ["Manager", "RH", "Auditeur", "Direction"])
@each_model
def test_staff_of_a_department_finds_no_trace_of_another_in_the_admin(offices, model, group):
    offices.manager.account.groups.set(Group.objects.filter(name=group))
    listing, forms = admin_pages(offices.manager, model)
    shown = [form for form in forms if form.status_code == 200]
    assert not any(MARKS.search(text_of(response)) or PAST in text_of(response) for response in (listing, *forms))
    if model in OF_DEPARTMENTS and group == "RH":
        assert listing.context["cl"].result_count == len(shown)
        assert 0 < len(shown) < len(forms)
    else:
        assert listing.status_code == 403 or not (listing.context["cl"].result_count or model in ACCOUNTS)
        assert shown == []


@each_model
def test_hr_staff_of_a_department_changes_nothing_in_the_admin_with_every_permission(offices, model):
    client = offices.manager
    client.account.groups.set(Group.objects.filter(name="RH"))
    client.account.user_permissions.set(Permission.objects.all())
    name, rows = f"admin:{model._meta.app_label}_{model._meta.model_name}", list(model.objects.values())
    keys = model.objects.values_list("pk", flat=True)
    pages = [reverse(f"{name}_{page}", args=[quote(key)]) for page in ("change", "history", "delete") for key in keys]
    pages += [reverse(f"{name}_add"), f"{reverse(f'{name}_add')}?_popup=1"]
    answers = [ask(page, {"post": "yes", "_saveasnew": "1"}) for page in pages for ask in (client.get, client.post)]
    chosen = {"action": "delete_selected", "_selected_action": list(keys), "post": "yes"}
    answers.append(client.post(reverse(f"{name}_changelist"), chosen))
    assert not any(MARKS.search(text_of(response)) for response in answers)
    assert list(model.objects.values()) == rows


@each_model
def test_staff_that_sees_everyone_finds_every_row_in_the_admin(offices, model):
    listing, forms = admin_pages(offices.hr, model)
    assert listing.context["cl"].result_count == len(forms) > 0
    assert {form.status_code for form in forms} == {200}
    if model in OF_DEPARTMENTS - {RunGroup}:
        assert any(MARKS.search(text_of(response)) for response in (listing, *forms))
        assert model in (DataRequest, LegalHold) or any(PAST in text_of(response) for response in (listing, *forms))
