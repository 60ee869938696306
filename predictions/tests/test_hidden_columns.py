"""Every page, part, export and answer of a form, asked by a manager: nothing of what managers may not read.

It is held twice. The people carry values that nothing else holds, and no answer to a manager has one of them, raw,
derived or in words. And the values are exchanged for others while the log stays as it is: every answer to a manager
stays the same to the letter, so that no choice, order, count or drawing tells one either. HR's answers do differ.
"""

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import reverse

from employees.access import PAY, PROTECTED, SURVEY, Scope
from employees.columns import SATISFACTIONS
from employees.models import ROWS, WorkforceDay
from employees.tests.extracts import load_all
from features import schema
from features.engineering import engineer_one
from features.models import EmployeeFeatures
from features.tests.factories import INPUTS
from predictions.ml.scorer import Model, Score
from predictions.models import Prediction
from predictions.registry import current_model
from predictions.services import Caller, predict_for_features
from predictions.tests.factories import ScoringRunFactory
from predictions.tests.scoring import score, write_figures
from predictions.tests.test_scope import PAGES, Ask, all_of

pytestmark = pytest.mark.django_db

INSIDE = "Consulting"
NUMBERS = range(1, 7)
NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
VALUES = {
    PAY: {"revenu_mensuel": 19_873, "augmentation_salaire_precedente": 23.79},
    SURVEY: dict(zip(SATISFACTIONS, (1, 2, 1, 1), strict=True)),
    PROTECTED: {"age": 63, "genre": 1, "statut_marital": "Divorcé(e)"},
}
OTHERS = {
    PAY: {"revenu_mensuel": 2_217, "augmentation_salaire_precedente": 11.3},
    SURVEY: dict(zip(SATISFACTIONS, (4, 4, 3, 4), strict=True)),
    PROTECTED: {"age": 28, "genre": 0, "statut_marital": "Célibataire"},
}
# As pages and files write them, in both languages.
MARKS = {
    PAY: re.compile(r"19[,\s]?873|23[.,]79|0[.,]00005\b"),
    SURVEY: re.compile(r"\b1[.,]25 (out of|sur) 4"),
    PROTECTED: re.compile(r"\b63\s(years|ans)"),
}
MATTERS = tuple(VALUES)
# What no two answers share: tokens of forms, ids of requests, the time in a workbook.
CHANCE = re.compile(r"\b\w{64}\b|\b\w{8}(-\w{4}){3}-\w{12}\b|\b20\d\d-\d\d-\d\dT[\d:]+Z")
REASONS = ["revenu_mensuel", "satisfaction_moyenne", "age", "distance_domicile_travail"]
# Whatever a score could be made from, each weighing something.
WEIGHTS = {
    feature.name: 0.05 + place / 100 for place, feature in enumerate(schema.FEATURES) if feature.name != "departement"
}


def inputs(values):
    return INPUTS | {name: value for part in values.values() for name, value in part.items()}


@pytest.fixture
def world(browse, monkeypatch):
    """Six people of a department whose scores weigh everything, two with hidden reasons, and simulations by both."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    version = current_model().version
    manager, hr = browse("Manager", INSIDE), browse("RH")
    run = ScoringRunFactory(model_version=version, created_at=NOW)
    for number, reason in zip(NUMBERS, [*REASONS, "poste", "poste"], strict=True):
        score(
            run,
            number,
            0.9 - number / 100,
            INSIDE,
            main_reason=reason,
            second_reason="revenu_mensuel" if number == 2 else "nb_formations_suivies",
            contributions=WEIGHTS,
            model_version=version,
            created_at=NOW,
        )
    load_all(people={number: {"departement": INSIDE} for number in NUMBERS})
    day = WorkforceDay.objects.get()
    run.as_of, run.revision = day.as_of, day.revision
    run.save()
    write_figures()
    give(VALUES)
    person = EmployeeFeatures.objects.get(employee__employee_id=1).employee
    tries = [
        predict_for_features(
            values=engineer_one(inputs(VALUES)),
            caller=Caller(user=each.account, scope=Scope.EVERYONE),
            mode=Prediction.Mode.SIMULATION,
            employee=employee,
        )
        for each in (hr, manager)
        for employee in (person, None)
    ]
    return SimpleNamespace(
        manager=manager,
        hr=hr,
        inside=NUMBERS[:2],
        outside=999,
        predictions=[row.pk for row in tries],
        shown=Prediction.objects.filter(employee__employee_id__in=NUMBERS[:2]).values_list("pk", flat=True),
        **dict.fromkeys(("upload", "export"), "6b9f2a4e-0000-4000-8000-000000000000"),
        cases=[],
        **dict.fromkeys(("load", "answer", "merge", "decision", "segment", "case", "note", "request", "action"), 0),
    )


def give(values):
    """Let everyone have these values, raw and engineered; no prediction changes."""
    given = inputs(values)
    EmployeeFeatures.objects.update(**engineer_one(given))
    for model in ROWS.values():
        names = {field.name for field in model._meta.concrete_fields} & given.keys() - {"departement"}
        words = {"genre": "FM"[given["genre"]], "frequence_deplacement": "Occasionnel"}
        model.objects.update(**{name: words.get(name, given[name]) for name in names})


def asks(world):
    """What a manager can ask: each address of a page, the list by each hidden reason, and then the forms."""
    gets = [ask for name, cases in PAGES.items() for ask in cases(world) if ask.method == "get"]
    gets += [Ask(reverse("history_prediction", args=[number])) for number in world.shown]
    gets += [Ask(reverse("employees"), {"reason": name}) for name in REASONS]
    person = reverse("employee", args=[1])
    changed = INPUTS | {"heures_supplementaires": 0, "nb_formations_suivies": 3}
    posts = [Ask(path, data, "post") for path in (person, reverse("simulate")) for data in (changed, {})]
    return [*gets, *posts]


IN_FRENCH, AS_PART = {"Accept-Language": "fr"}, {"HX-Request": "true"}


def answers(client, world, *ways):
    """Each request and the text of its answer, without what differs from one time to the next. Writes nothing."""
    found = {}
    with rolled_back():
        for ask in asks(world):
            for headers in ({}, *ways):
                response = getattr(client, ask.method)(ask.path, ask.data, headers=headers)
                text = CHANCE.sub("", all_of(response))
                found[str(ask), str(headers)] = f"{response.status_code} {text}"
    return found


@contextmanager
def rolled_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def differing(client, world):
    """By matter the requests whose answers change when its values do."""
    before, found = answers(client, world), {}
    for matter in MATTERS:
        give(VALUES | {matter: OTHERS[matter]})
        after = answers(client, world)
        found[matter] = [request for request in before if before[request] != after[request]]
    return found


@pytest.fixture
def constant_model(monkeypatch):
    """Whatever it is asked, the model gives the same score: what a page says beside the score is looked at alone."""
    fixed = Score(0.7, 0.5, 0.9, is_extrapolated=False, base_value=-1.6, contributions=WEIGHTS)
    monkeypatch.setattr(Model, "score_one", lambda self, values: fixed)


GRANTS = pytest.mark.parametrize("granted", [(), (PAY,), (SURVEY,)], ids=["nothing", "pay", "survey answers"])


@GRANTS
def test_manager_finds_no_mark_of_what_is_not_granted(world, settings, granted):
    for matter in granted:
        setattr(settings, matter.setting, True)
    given = answers(world.manager, world, IN_FRENCH, AS_PART)
    for matter in MATTERS:
        marked = [request for request, text in given.items() if MARKS[matter].search(text)]
        assert bool(marked) is (matter in granted), (matter.label, marked)


def test_hr_finds_every_mark(world):
    given = answers(world.hr, world, IN_FRENCH, AS_PART)
    for matter in MATTERS:
        assert any(MARKS[matter].search(text) for text in given.values()), matter.label


@GRANTS
def test_no_answer_to_a_manager_depends_on_what_is_not_granted(world, settings, constant_model, granted):
    for matter in granted:
        setattr(settings, matter.setting, True)
    for matter, found in differing(world.manager, world).items():
        assert bool(found) is (matter in granted), (matter.label, found)


def test_answers_to_hr_depend_on_everything(world, constant_model):
    assert all(differing(world.hr, world).values())
