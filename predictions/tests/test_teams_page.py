"""The page of the teams: the map, segments, turnover, saved segments, and what each account sees of them."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from employees.access import Readable, Scope, scope_of
from employees.tests.extracts import DAY, load, load_all
from features.services import build_features
from predictions.models import RunCell, SavedSegment, ScoringRun
from predictions.segments import cube as cubes
from predictions.selectors.figures import people_of
from predictions.services import score_employees

pytestmark = pytest.mark.django_db
TEAMS = reverse("teams")
EXPORT = reverse("teams_csv")


@pytest.fixture
def company(started):
    return founded(days=90)


def founded(*, days: int):
    """Forty people: 24 consultants at two sites, 12 in sales, 4 in HR, who must not be told apart; 3 leave."""
    people = {}
    for number in range(1, 41):
        department, job = ("Consulting", "Consultant") if number <= 24 else ("Commercial", "Cadre Commercial")
        if number > 36:
            department, job = "Ressources Humaines", "Ressources Humaines"
        people[number] = {"departement": department, "poste": job, "heures_supplementaires": number % 3 == 0}
    gone = {number: {"departement": "Consulting"} for number in (41, 42, 43)}
    load_all(DAY - timedelta(days=days), people | gone)
    load_all(DAY, people)
    sites = {number: {"site": "Lyon" if number % 2 else "Paris", "responsable": 1 + number % 4} for number in people}
    load(DAY, annuaire=sites | {number: {"date_sortie": DAY - timedelta(days=20)} for number in gone})
    build_features()
    return score_employees()


def lines(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def figures(client, query=None) -> dict[tuple, list[str]]:
    """The lines of the file by the values of their group."""
    heads = 1 if (query or {}).get("columns") == "none" else 2
    return {tuple(line[:heads]): line[heads:] for line in lines(client.get(EXPORT, query))[1:]}


def test_cells_add_up_to_the_run_that_they_are_of(company):
    cube = cubes.cube_of(company, Scope.EVERYONE, Readable.EVERYTHING)
    assert cube.whole.people == company.employee_count == 40
    assert cube.whole.above == company.above_threshold_count
    assert cube.whole.expected == pytest.approx(company.expected_departures)


def test_contributions_of_cells_are_those_of_the_predictions(company):
    inside = company.predictions.filter(employee__departement="Consulting")
    sums = cubes.contributions_of(company, Scope.EVERYONE, {"departement": "Consulting"})
    for name in ("heures_supplementaires", "poste"):
        assert sums[name] == pytest.approx(sum(row.contributions.get(name, 0) for row in inside))


def test_cells_of_earlier_runs_are_replaced(company):
    again = score_employees()
    assert set(RunCell.objects.values_list("run", flat=True)) == {again.pk}


def test_run_of_an_earlier_day_leaves_the_cells_of_the_newest(company):
    score_employees(as_of=DAY - timedelta(days=90))
    assert set(RunCell.objects.values_list("run", flat=True)) == {company.pk}


def test_map_holds_the_groups_and_hides_the_small_one_and_another(company, browse):
    found = figures(browse("RH"), {"columns": "none", "rows": "department"})
    assert found["Consulting",][0] == "24"
    assert found["Human resources",][0] == found["Sales",][0] == "not shown"


def test_cell_leads_to_its_segment(company, browse):
    client = browse("RH")
    page = client.get(TEAMS).content.decode()
    href = re.search(r'href="(/teams/\?[^"]*department=Consulting[^"]*job=Consultant[^"]*)#segment"', page)
    segment = client.get(href[1].replace("&amp;", "&")).context
    assert segment["sums"].people == 24
    assert segment["title"] == "Consulting · Consultant"


def test_segment_of_a_small_group_is_not_shown(company, browse):
    page = browse("RH").get(TEAMS, {"department": "Ressources Humaines"})
    assert page.context["sums"] is None
    assert "This segment is not shown" in page.content.decode()


@pytest.mark.parametrize("who", ["RH", "Direction"])
def test_segment_of_nobody_says_so(company, browse, who):
    client = browse(who)
    nobody = {"department": "Consulting", "job": "Cadre Commercial"}
    response = client.get(TEAMS, nobody)
    assert response.status_code == 200
    assert "Nobody is in this segment" in response.text
    assert "This segment is not shown" not in response.text
    assert not response.context["may_save"]
    by_site = nobody | {"rows": "site", "columns": "none"}
    assert [line[0] for line in lines(client.get(EXPORT, by_site))] == ["Site"]  # the heads alone
    assert client.get(EXPORT, nobody | {"table": "months"}).status_code == 200


def test_saved_segment_of_nobody_counts_none_beside_another(company, browse):
    client = browse("RH")
    query = "department=Consulting&job=Cadre+Commercial"
    client.post(f"{reverse('teams_save')}?{query}", {"name": "Personne"})
    saved = SavedSegment.objects.get(user=client.account)
    chosen, nobody = client.get(TEAMS, {"department": "Consulting", "compare": saved.pk}).context["compared"]
    assert chosen.figures[0] == "24"
    assert nobody.figures[0] == "0"
    assert set(nobody.figures[1:]) == {"–"}
    assert nobody.drivers == []


def test_filter_by_a_word_that_does_not_exist_is_an_error_and_no_file(company, browse):
    client = browse("RH")
    assert "department" in client.get(TEAMS, {"department": "Nowhere"}).context["form"].errors
    assert client.get(EXPORT, {"department": "Nowhere"}).status_code == 302


def test_more_than_three_attributes_are_refused(company, browse):
    query = {"rows": "department", "columns": "job", "site": "Lyon", "level": "2"}
    assert "drop a filter" in browse("RH").get(TEAMS, query).content.decode()


def test_turnover_counts_those_who_left_and_the_share(company, browse):
    client = browse("RH")
    context = client.get(TEAMS).context
    month = next(row for row in context["months"].rows if row[1] != "0")
    assert month[1] == "3"
    assert "3 left" in context["months"].caption
    assert client.get(TEAMS, {"site": "Lyon"}).context["months"].caption.startswith("In 2 months")


def test_past_and_coming_year_are_those_of_the_segment(started, browse):
    founded(days=400)
    client = browse("RH")

    def beside(**query) -> dict[str, tuple[float, str]]:
        rows = client.get(TEAMS, query).context["beside"].rows
        return {name: (float(forecast.split()[0]), left) for name, forecast, left in rows}

    everyone, consultants = beside(rows="site"), beside(rows="site", job="Consultant")
    assert everyone.keys() == consultants.keys() == {"Lyon", "Paris"}
    assert all(consultants[site][0] < everyone[site][0] for site in everyone)
    assert beside(rows="site", site="Lyon") == {"Lyon": everyone["Lyon"]}
    assert beside(department="Consulting")["Consulting"][1] == "3"


def test_past_and_coming_year_of_a_team_are_not_shown(started, browse):
    founded(days=400)
    assert browse("RH").get(TEAMS, {"team": 2}).context["beside"] is None


def test_group_of_few_who_left_is_hidden_by_itself_as_among_others(started, browse):
    founded(days=400)
    auditor = browse("Auditeur")
    for query in ({}, {"department": "Consulting"}):
        assert [row[2] for row in auditor.get(TEAMS, query).context["beside"].rows] == ["–"]


def test_charts_say_whose_they_are_while_segments_are_compared(started, browse):
    founded(days=400)
    client = browse("RH")
    saved = SavedSegment.objects.create(user=client.account, name="Lyon", conditions={"site": "Lyon"})
    context = client.get(TEAMS, {"department": "Consulting", "compare": saved.pk}).context
    assert context["months"].title == "Who left, month by month · Consulting"
    assert context["beside"].title == "The last 12 months and the next 12 · Consulting"
    assert [row[0] for row in context["beside"].rows] == ["Consulting"]


def test_drivers_are_what_a_segment_has_more_of(company, browse):
    context = browse("RH").get(TEAMS, {"department": "Consulting"}).context
    (segment,) = context["compared"]
    sums, others = (
        cubes.contributions_of(company, Scope.EVERYONE, {"departement": name}) for name in ("Consulting", "Commercial")
    )
    assert {driver.label for driver in segment.drivers} & {"Department", "Job"}
    assert sums["departement"] / 24 != pytest.approx(others["departement"] / 12)


def test_segment_is_saved_for_its_account_and_compared(company, browse):
    client = browse("RH")
    assert client.post(f"{reverse('teams_save')}?site=Lyon", {"name": "Ceux de Lyon"}).status_code == 302
    saved = SavedSegment.objects.get(user=client.account)
    assert saved.conditions == {"site": "Lyon"}
    columns = client.get(TEAMS, {"department": "Consulting", "compare": saved.pk}).context["compared"]
    assert [column.title for column in columns] == ["Consulting", "Ceux de Lyon"]
    assert columns[1].figures[0] == "20"


def test_saved_segment_of_another_account_is_neither_shown_nor_deleted(company, browse, django_user_model):
    other = django_user_model.objects.create_user("other")
    saved = SavedSegment.objects.create(user=other, name="theirs", conditions={"site": "Lyon"})
    client = browse("RH")
    assert "theirs" not in client.get(TEAMS).content.decode()
    assert client.get(TEAMS, {"compare": saved.pk}).context["form"].errors
    assert client.post(reverse("teams_delete", args=[saved.pk])).status_code == 404
    assert SavedSegment.objects.count() == 1


def test_nameless_segment_is_not_saved(company, browse):
    client = browse("RH")
    client.post(f"{reverse('teams_save')}?site=Lyon", {"name": " "})
    client.post(reverse("teams_save"), {"name": "everyone"})
    assert not SavedSegment.objects.exists()


def test_saved_segment_is_deleted(company, browse):
    client = browse("RH")
    saved = SavedSegment.objects.create(user=client.account, name="mine", conditions={"site": "Lyon"})
    answer = client.post(f"{reverse('teams_delete', args=[saved.pk])}?compare={saved.pk}&site=Lyon")
    assert "compare" not in answer.url
    assert not SavedSegment.objects.exists()


def test_teams_are_listed_by_manager(company, browse):
    client = browse("RH")
    found = figures(client, {"rows": "team", "columns": "none"})
    assert sorted(figure[0] for figure in found.values()) == ["10"] * 4
    assert client.get(TEAMS, {"team": 2}).context["sums"].people == 10


def test_manager_sees_the_figures_of_the_own_departments_alone(company, browse):
    context = browse("Manager", "Consulting").get(TEAMS).context
    assert context["sums"].people == 24
    assert [head[0] for head, _cells in context["heat"]["rows"]] == ["Consulting"]


@pytest.mark.parametrize(("level", "counted"), [(3, 29), (2, 10)])
def test_own_score_is_in_no_sum_beside_a_list_without_it(started, browse, level, counted):
    """Number 4 leads four people and sees the department too, where 24 are of level 2 and six of level 1."""
    people = {
        number: {
            "departement": "Consulting",
            "poste": "Consultant",
            "niveau_hierarchique_poste": 2 if number < 25 else 1,
            "heures_supplementaires": number % 3 == 0,
        }
        for number in range(1, 31)
    }
    people[4]["niveau_hierarchique_poste"] = level
    load_all(DAY, people)
    load(DAY, annuaire={number: {"responsable": 4 if 5 <= number <= 8 else 1} for number in people if number != 1})
    build_features()
    run = score_employees()
    manager = browse("Manager", "Consulting", team_of=4)
    scope = scope_of(manager.account)
    listed = {row.employee_number: row.probability for row in people_of(run, scope)}
    assert listed.keys() == people.keys() - {4}
    cube = cubes.cube_of(run, scope, Readable.EVERYTHING)
    summed = {number for number in listed if 5 <= number <= 8 or people[number]["niveau_hierarchique_poste"] != level}
    assert cube.whole.people == len(summed) == counted
    assert cube.whole.expected == pytest.approx(sum(listed[number] for number in summed))
    contributions = cubes.contributions_of(run, scope, {})
    rows = run.predictions.filter(employee__employee_id__in=summed)
    for name in ("heures_supplementaires", "niveau_hierarchique_poste"):
        assert contributions[name] == pytest.approx(sum(row.contributions.get(name, 0) for row in rows))
    said = "your own score could be found by subtraction"
    assert said in manager.get(TEAMS).text
    assert said not in browse("Manager", "Consulting").get(TEAMS).text


def test_manager_reads_no_reason_of_a_departure(company, browse):
    columns = browse("Manager", "Consulting").get(TEAMS).context["months"].columns
    assert columns == ["Month", "Left", "Arrived", "People", "Rate"]


def test_auditor_sees_no_team_and_no_count_of_a_list(company, browse):
    client = browse("Auditeur")
    context = client.get(TEAMS).context
    assert context["sums"].people == 40
    assert {value for value, _label in context["form"].fields["rows"].choices}.isdisjoint({"team"})
    assert "Over the threshold" not in " ".join(label for label, *_value in context["cards"])
    assert client.get(TEAMS, {"team": 2}).context["title"] == "Everyone"
    # three left: a group under five, of which every month is one
    assert all(row[1] in ("0", "not shown") for row in context["months"].rows)
    assert context["months"].caption == ""
    withheld = [row for row in context["months"].rows if row[1] == "not shown"]
    assert withheld
    assert context["months"].svg.count("rect is-withheld") == len(withheld)


@pytest.mark.parametrize("group", ["Direction", "Auditeur"])
def test_figures_alone_are_rounded_on_the_page_in_the_comparison_and_in_the_file(company, browse, group):
    exact, client = browse("RH"), browse(group)
    assert figures(exact, {"rows": "site", "columns": "department"})["Lyon", "Consulting"][0] == "12"
    found = figures(client, {"rows": "site", "columns": "department"})
    shown = [line for line in found.values() if line[0] != "not shown"]
    assert found["Lyon", "Consulting"][0] == "10"
    assert {int(people) % 5 for people, _expected, _share in shown} == {0}
    assert all(expected.isdigit() for _people, expected, _share in shown)
    assert all(
        float(share) == pytest.approx(int(expected) / int(people), abs=1e-4) for people, expected, share in shown
    )
    saved = SavedSegment.objects.create(user=client.account, name="Lyon", conditions={"site": "Lyon"})
    page = client.get(TEAMS, {"department": "Consulting", "compare": saved.pk})
    assert [column.figures[0] for column in page.context["compared"]] == ["25", "20"]
    points = [driver.points for column in page.context["compared"] for driver in column.drivers]
    assert not any("." in each for each in points)
    assert "people to fives" in page.text
    assert "people to fives" not in exact.get(TEAMS).text
    report = client.get(reverse("report"))
    assert "people to fives" in report.text
    assert report.context["report"].map_rows[1].cells[0].note == "25"


def test_rounded_departures_add_nothing_by_subtraction(company, browse):
    """Whoever left is counted in fives, month by month and in the year, and rates are made of these."""
    cube = cubes.cube_of(company, Scope.EVERYONE, Readable.EVERYTHING, is_rounded=True)
    assert [cube.counted(people) for people in (0, 5, 7, 8, 13)] == [0, 5, 5, 10, 15]
    assert cube.rate(7, 38.5) == 5 / 40


def test_manager_who_reads_figures_too_reads_those_of_the_company_rounded(company, browse):
    client = browse("Manager", "Consulting")
    client.account.groups.add(Group.objects.get(name="Direction"))
    assert client.get(TEAMS).context["cube"].is_rounded
    assert figures(client, {"columns": "none"})["Consulting",][0] == "25"


def test_page_without_a_run_says_when_figures_come(browse):
    assert "They come with the next scoring run" in browse("RH").get(TEAMS).content.decode()


@pytest.mark.parametrize("name", ["teams", "report"])
def test_empty_page_tells_who_may_not_import_whom_to_ask(browse, name):
    page = browse("Direction").get(reverse(name)).text
    assert "ask them to" in page
    assert reverse("import") not in page
    assert reverse("import") in browse("RH").get(reverse(name)).text


def test_page_of_a_run_from_before_there_were_cells_says_so(company, browse):
    RunCell.objects.all().delete()
    ScoringRun.objects.update(created_at=company.created_at - timedelta(days=1))
    assert "They come with the next scoring run" in browse("RH").get(TEAMS).content.decode()


@pytest.mark.parametrize("query", [{}, {"rows": "site", "department": "Consulting"}, {"rows": "team"}, {"team": 2}])
def test_page_takes_few_queries(company, browse, query):
    client = browse("RH")
    client.get(TEAMS, query)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(TEAMS, query).status_code == 200
    assert len(queries) <= 12


def test_comparison_takes_no_more_queries(company, browse):
    client = browse("RH")
    saved = [
        SavedSegment.objects.create(user=client.account, name=site, conditions={"site": site}).pk
        for site in ("Lyon", "Paris")
    ]
    query = {"department": "Consulting", "compare": saved}
    client.get(TEAMS, query)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(TEAMS, query)
    assert len(page.context["compared"]) == 3
    assert len(queries) <= 12
