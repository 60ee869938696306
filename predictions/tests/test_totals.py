"""What an account of some departments reads does not depend on the others: totals, less its own, say nothing of them.

Each page is read twice, before and after people, departures and counts that the account may not see have changed, and
is the same to the letter. The last test looks for the numbers themselves on the pages of the demo without people.
"""

import copy
import re
from dataclasses import replace
from itertools import combinations

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.urls import reverse

from employees.access import Scope
from employees.columns import DEPARTMENTS
from employees.models import Employee
from employees.tests.factories import WorkforceDayFactory, leave
from predictions import registry
from predictions.ml.artifacts.card_format import ATTRIBUTES
from predictions.models import Prediction, RunGroup, ScoringRun
from predictions.selectors import figures
from predictions.tests.conftest import APIClient
from predictions.tests.factories import APIKeyFactory, ScoringRunFactory
from predictions.tests.scoring import score, write_figures
from predictions.tests.test_scope import text_of

pytestmark = pytest.mark.django_db

OUTSIDE = "Ressources Humaines"
LIMITED = [
    ("Manager", "Consulting"),
    ("Manager", "Consulting", "Commercial"),
    ("RH", "Consulting", "Commercial"),
]
# Ids of requests, tokens against forged ones, and the times of answers.
ONLY_ONCE = re.compile(r'[0-9a-f-]{36}|\w{64}|(?:Expires|Last-Modified):\w+:\w+:\w+GMT|W3CDTF">[^<]+<')


def addresses() -> list[str]:
    """Every page that shows something of the people scored, or of the model."""
    run = ScoringRun.objects.latest()
    inside = Prediction.objects.filter(run=run, employee__departement="Consulting")
    people = [f"/employees/{row.employee.employee_id}/" for row in inside.select_related("employee")[:2]]
    lists = ("/employees/", "/employees/?sort=job", "/employees/?band=over", "/employees/export.csv")
    return [
        *("/", *lists, "/employees/export.xlsx", *people, "/simulate/"),
        *("/departures/", "/departures/export.csv", "/import/loads/"),
        *("/report/", "/teams/", "/teams/?rows=team", "/teams/?department=Consulting", "/teams/export.csv"),
        *("/clarify/", "/clarify/refused/", "/clarify/unscored/", "/clarify/unanswered/"),
        *("/clarify/answers/", "/clarify/numbers/", "/follow-up/costs/", "/follow-up/effect/"),
        *("/history/", "/history/?mode=scoring", f"/history/{inside.earliest('pk').pk}/"),
        *("/model/", "/model/?tab=all", "/model/?capacity=30", "/model/effects/"),
    ]


ADMIN = [reverse(f"admin:predictions_{name}_changelist") for name in ("rungroup", "prediction", "scoringrun")]
CALLS = ["/runs/", "/scores/", "/scores/?min_probability=0.3", "/predictions/", "/predictions/latest"]


def read(client, paths) -> dict[str, str]:
    """The text of each answer, without what differs from request to request."""
    return {path: ONLY_ONCE.sub("", text_of(client.get(path))) for path in paths}


@pytest.fixture
def company():
    """Two runs of a company of three departments, nothing of which has changed since."""
    for run in (ScoringRunFactory(threshold=0.2), ScoringRunFactory(threshold=0.2)):
        number = 0
        for departement, people in (("Consulting", 14), ("Commercial", 11), (OUTSIDE, 9)):
            for place in range(people):
                number += 1
                hired(run, number, departement, place)
    write_figures()


def hired(run, number, departement, place, more=0.0):
    employee = Employee.objects.filter(employee_id=number).first()
    fields = {"employee": employee, "features": employee.features.get()} if employee else {}
    poste = ("Consultant", "Manager", "Tech Lead")[place % 2 if place < 8 else 2]
    risk = 0.05 + place / 20 + number / 1_000_000 + more  # nobody shares a place in the order
    return score(run, number, risk, departement=departement, poste=poste, **fields)


def change_the_others() -> None:
    """Four more people out of sight, riskier than anyone; then some of the department leave, so the run is outdated."""
    for run in ScoringRun.objects.all():
        for number in range(900, 904):
            hired(run, number, OUTSIDE, number - 886)
        ScoringRun.objects.filter(pk=run.pk).update(
            employee_count=500,
            above_threshold_count=300,
            expected_departures=77.7,
            drift_counts={"age": [300, 200]},
            group_counts={"present": {name: {"": (300, 200)} for name in ATTRIBUTES}, "left": None},
        )
    for employee in Employee.objects.filter(departement=OUTSIDE)[:3]:
        leave(employee)
    WorkforceDayFactory()
    RunGroup.objects.filter(departement=OUTSIDE).delete()
    for run in ScoringRun.objects.all():
        RunGroup.objects.bulk_create(figures.aggregate(run, Scope.of_departments([OUTSIDE]), is_of_then=True))


def of_another_company(value):
    """The same object with every number in it another."""
    if isinstance(value, dict):
        return {name: of_another_company(each) for name, each in value.items()}
    if isinstance(value, list):
        return [of_another_company(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value * 3 + 7 if isinstance(value, int) or value > 1 else value * 0.8 + 0.01


def another_card(card):
    """The card of a model as good, from another company: other people, other departments, other curves."""
    changed = copy.deepcopy(card)
    own = card["feature_set"]
    for name in ("training", "models", "uncertainty", "proxies", "drift"):
        changed[name] = of_another_company(card[name])
    changed["threshold"] |= {name: of_another_company(card["threshold"][name]) for name in ("choices", "costs")}
    changed["threshold"]["curve"]["cost"] = of_another_company(card["threshold"]["curve"]["cost"])
    for shape in changed["shapes"]:
        if shape["is_levels"]:
            shape |= {name: of_another_company(shape[name]) for name in ("effect", "low", "high")}
    # What is said of gaps is in ratios.
    changed["models"][own]["fairness"] = {
        name: [entry | {"n": entry["n"] * 3, "leavers": entry["leavers"] * 3} for entry in entries]
        for name, entries in card["models"][own]["fairness"].items()
    }
    return changed


@pytest.fixture
def change_everything(monkeypatch):
    def change():
        change_the_others()
        model = registry.current_model()
        other = replace(model, card=another_card(model.card))
        monkeypatch.setattr("predictions.registry._registry.model", lambda **asks: other)

    return change


@pytest.mark.parametrize("who", LIMITED, ids=" ".join)
def test_pages_of_some_departments_say_nothing_of_the_others(browse, company, change_everything, who):
    browser = browse(*who)
    browser.account.is_staff = True
    browser.account.save()
    views = Permission.objects.filter(content_type__app_label="predictions", codename__startswith="view_")
    browser.account.user_permissions.set(views)
    paths = [*addresses(), *ADMIN]
    before = read(browser, paths)
    change_everything()
    after = read(browser, paths)
    assert [path for path in paths if after[path] != before[path]] == []


def test_calls_with_a_key_of_some_departments_say_nothing_of_the_others(company, change_everything):
    client = APIClient(APIKeyFactory(departments=["Consulting", "Commercial"]).secret)
    before = [answered(client, path) for path in CALLS]
    change_everything()
    assert [answered(client, path) for path in CALLS] == before


def answered(client, path) -> str:
    """The answer without the signature of its cursor, which has the time in it."""
    return re.sub(r"(cursor=[^:%\"]*)[^\"]*", r"\1", client.get(path).content.decode())


def test_pages_of_everyone_do_show_what_the_others_do_not(browse, company, change_everything):
    """Or the pages above were alike because nothing that they could show had changed."""
    browser = browse("RH")
    before = read(browser, addresses())
    change_everything()
    after = read(browser, addresses())
    alike = {path for path in before if after[path] == before[path]}
    assert not alike & {"/", "/employees/", "/employees/export.csv", "/model/", "/model/effects/", "/history/"}


def test_overview_of_an_auditor_tells_the_means_of_groups_alone(browse, company):
    """Others over the threshold, and nobody's score as before, in groups of the same size and mean.

    The count over the threshold is told of the whole company, never of a group.
    """
    hr, auditor = browse("RH"), browse("Auditeur")
    before = [read(client, ["/"]) for client in (hr, auditor)]
    run = ScoringRunFactory(threshold=0.2)
    for number, employee in enumerate(Employee.objects.order_by("employee_id"), start=1):
        place = number - {"Consulting": 1, "Commercial": 15, OUTSIDE: 26}[employee.departement]
        hired(run, number, employee.departement, place, more=0.01 * ((place < 2) - (2 <= place < 4)))
    write_figures()
    after = [read(client, ["/"]) for client in (hr, auditor)]
    assert after[0] != before[0]
    (totals, groups), (totals_before, groups_before) = (
        re.split(r"Risk\s*by\s*department", pages[1]["/"]) for pages in (after, before)
    )
    assert totals != totals_before
    assert groups == groups_before


def test_overview_of_an_auditor_suppresses_small_groups(browse, company):
    for number in range(900, 903):
        score(ScoringRun.objects.latest(), number, 0.9, departement="Consulting", poste="Directeur Technique")
    write_figures()
    labels = {part.label for part in browse("Auditeur").get("/").context["by_job"]["parts"]}
    assert "Smaller groups together" in labels
    assert len(labels) == 3  # with the next smallest of the three other jobs


# The demo


def counts_of(departments) -> dict[str, int]:
    people = Employee.objects.filter(departement__in=departments)
    left = people.filter(presence="left").count()
    over = Prediction.objects.filter(employee__in=people, predicted_class=True).count()
    return {"people": people.count(), "left": left, "stayed": people.count() - left, "over": over}


def telling_numbers(seen: set[str]) -> set[str]:
    """As a page would write them: counts of the departments not seen, of all, of some with those seen, and rates."""
    found = set()
    unseen = set(DEPARTMENTS) - seen
    for hidden in (set(part) for size in range(1, len(unseen) + 1) for part in combinations(sorted(unseen), size)):
        for counts in (counts_of(hidden), counts_of(hidden | seen)):
            found |= {f"{number:,}" for number in counts.values() if number > 50}  # smaller ones stand for much else
            found |= {f"{counts['left'] / counts['people']:.{decimals}%}" for decimals in (1, 2)}
    return found


def numbers_in(response) -> set[str]:
    """The numbers that can be read or heard on a page, without those in the name of a version."""
    page = ONLY_ONCE.sub(" ", response.content.decode())
    page = re.sub(r"<script.*?</script>|\d{8}-[0-9a-f]+", " ", page, flags=re.DOTALL)
    said = re.findall(r'(?:value|max|min|title|aria-label|content)="([^"]*)"', page)
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?%?", re.sub(r"<[^>]*>", " ", page) + " ".join(said)))


def risks_in(response) -> set[str]:
    """The rates on the curves of what moves the score, of a model and not of people: any rate may be among them."""
    curves = response.content.decode().partition("The heaviest features, by their values")[2].partition("</details>")[0]
    return set(re.findall(r"\d[\d.]*%", curves))


@pytest.fixture
def demo(newest_month_alone):
    call_command("seed_from_csv", "--demo", verbosity=0)
    call_command("build_features", verbosity=0)
    call_command("score_employees", verbosity=0)


def test_no_number_of_the_demo_less_the_own_ones_tells_of_another_department(browse, demo):
    assert {"1,470", "237", "63", "19.0%", "16.1%"} <= telling_numbers({"Consulting", "Commercial"})
    everyone = browse("RH")
    card = registry.current_model().card["training"]
    judged = {f"{card['employees']:,}", str(card["leavers"])}
    assert judged <= numbers_in(everyone.get("/model/?tab=all"))
    for who in LIMITED:
        browser, telling = browse(*who), telling_numbers(set(who[1:]))
        large = {number for number in telling if "%" not in number and len(number) > 2}
        for path in ("/model/", "/model/?tab=all", "/model/?capacity=30", "/simulate/"):
            # Rates out of a hundred may equal a count of people.
            response = browser.get(path)
            shown = numbers_in(response) - set(map(str, range(101))) - risks_in(response)
            assert shown & (telling | judged) == set(), (who, path)
        # Among the hundreds of values and risks on its curves is any rate, and any small number.
        assert numbers_in(browser.get("/model/effects/")) & large == set(), who
