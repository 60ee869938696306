"""Sequences of what HR does month after month, at random, for property tests."""

from datetime import date, timedelta

from hypothesis import strategies as st

from employees import terms
from employees.columns import Extract
from employees.extracts import Cost, Reject
from employees.messages import Message
from employees.models import PresenceAnswer, Term, WorkforceDay
from employees.terms.changes import save
from employees.tests.extracts import extract_of
from employees.workforce.answers import answer_here, answer_left, revoke
from employees.workforce.loading import load_extracts, withdraw_load

FIRST = date(2026, 1, 31)
DAYS = [FIRST + timedelta(days=28 * place) for place in range(5)]
NUMBERS = st.sampled_from(range(1, 6))


def people(**values):
    return st.dictionaries(NUMBERS, st.fixed_dictionaries({}, optional=values), min_size=1, max_size=5)


dates = st.none() | st.sampled_from([DAYS[0] - timedelta(days=9), DAYS[2] + timedelta(days=3), DAYS[3]])
EXTRACTS = {
    Extract.SIRH: people(
        departement=st.sampled_from(["Commercial", "Consulting", None]), age=st.sampled_from([30, 31, None])
    ),
    Extract.EVAL: people(note_evaluation_actuelle=st.sampled_from([1, 4, None])),
    Extract.SONDAGE: people(a_quitte_l_entreprise=st.sampled_from([True, False, None])),
    Extract.ANNUAIRE: people(date_entree=dates, date_sortie=dates, motif_sortie=st.sampled_from(["démission", None])),
}
loads = st.tuples(
    st.just("load"),
    st.sampled_from(DAYS),
    st.sets(st.sampled_from(list(Extract)), min_size=1).flatmap(
        lambda kinds: st.fixed_dictionaries({kind.value: EXTRACTS[kind] for kind in kinds})
    ),
)
withdrawals = st.tuples(st.just("withdraw"), st.integers(0, 7))
# The content of an earlier load, on its day or on another one, as when hardly anything changes in a month.
again = st.tuples(st.just("again"), st.integers(0, 7), st.none() | st.sampled_from(DAYS))
sequences = st.lists(loads | loads | withdrawals | again, min_size=2, max_size=8)
NEW = "R&D"  # a department that is no known word until it is learned
with_a_word = people(departement=st.sampled_from(["Commercial", NEW, None]), age=st.sampled_from([30, 31]))
loads_of_words = st.tuples(st.just("load"), st.sampled_from(DAYS), st.fixed_dictionaries({"sirh": with_a_word}))
learned = st.just(("learn",))
sequences_with_words = st.lists(loads_of_words | loads | withdrawals | again | learned, min_size=2, max_size=8)
answers = st.tuples(st.sampled_from(["left", "here", "revoke"]), NUMBERS)
sequences_with_answers = st.lists(loads | loads | withdrawals | again | answers, min_size=3, max_size=10)


def perform(steps, between=lambda: None):
    """Do what the steps say, and return the content in force: by day, then by kind."""
    done, in_force = [], []
    for step in steps:
        between()
        if step[0] in ("left", "here", "revoke"):
            answer(*step)
            continue
        if step[0] == "learn":
            learn()
            continue
        if step[0] == "withdraw":
            if in_force:
                number, _day, _content = in_force.pop(step[1] % len(in_force))
                withdraw_load(load=number, reason="test")
            continue
        if step[0] == "again":
            if not done:
                continue
            day, content = done[step[1] % len(done)]
            day = step[2] or day
        else:
            _, day, content = step
        result = read(day, **content)
        done.append((day, content))
        if result.load:
            stored = {kind: rows for kind, rows in content.items() if Extract(kind) not in result.known_already}
            in_force.append((result.load, day, stored))
    standing: dict[date, dict] = {}
    for _number, day, content in sorted(in_force, key=lambda of: of[0]):
        standing.setdefault(day, {}).update(content)
    return standing


def read(day, **content):
    """Load what is said of people as their file is read: the word that is not known is refused."""
    extracts = {Extract(kind): extract_of(Extract(kind), of_kind) for kind, of_kind in content.items()}
    if Extract.SIRH in extracts and terms.match("departement", NEW) is None:
        people = content["sirh"]
        unread = [number for number, values in people.items() if values.get("departement") == NEW]
        known = people | {number: people[number] | {"departement": None} for number in unread}
        rule = Message("a known value")
        rejects = [Reject("sirh.csv", 2, "departement", NEW, rule, Cost.CELL, "departement", n) for n in unread]
        extracts[Extract.SIRH] = extract_of(Extract.SIRH, known, rejects=rejects)
    return load_extracts(as_of=day, extracts=extracts, accept_implausible=True)


def learn():
    if terms.match("departement", NEW) is None:
        save(term=Term(vocabulary="departement", value=NEW))


def answer(said, number):
    if said == "revoke":
        revoke(answers=PresenceAnswer.objects.in_force().filter(employee__employee_id=number))
    elif WorkforceDay.objects.exists():
        (answer_left if said == "left" else answer_here)(numbers=[number])
