import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from employees.access import Scope
from employees.models import Employee
from employees.tests.extracts import load
from employees.tests.factories import DAY, WorkforceDayFactory, leave
from employees.workforce.answers import answer_left, merge_numbers
from predictions import bands
from predictions.log.purge import purge_predictions
from predictions.log.seals import seal
from predictions.models import ScoringRun
from predictions.pages.people import list_form, risk_list
from predictions.selectors import figures, ranking, runs
from predictions.tests.factories import PredictionFactory, ScoringRunFactory
from predictions.tests.scoring import score, write_figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db):
    return ScoringRunFactory(threshold=0.2)


@pytest.fixture
def hr(browse):
    return browse("RH")


@pytest.fixture
def manager(browse):
    return browse("Manager", "Commercial")


def listed(response):
    """The numbers of the people on the page, in order."""
    return [row.prediction.employee.employee_id for row in response.context.get("rows") or ()]


def get(client, **state):
    write_figures()
    response = client.get(reverse("employees"), state)
    assert response.status_code == 200
    return response


def test_risk_list_riskiest_first(hr, run):
    for number, probability in ((1, 0.3), (2, 0.9), (3, 0.1)):
        score(run, number, probability)
    assert listed(get(hr)) == [2, 1, 3]


HIDDEN = ["revenu_mensuel", "satisfaction_moyenne", "age"]


def offered_reasons(response):
    return [name for name, _text in response.context["form"].fields["reason"].choices[1:]]


def hidden_reasons(run):
    """Three people with a hidden main reason, the first with two of them."""
    for number, (name, second) in enumerate(zip(HIDDEN, ("augmentation_salaire_precedente", "poste", ""), strict=True)):
        score(
            run,
            number + 1,
            0.9 - number / 10,
            "Commercial",
            main_reason=name,
            second_reason=second,
            contributions={name: 0.5} | ({second: 0.3} if second else {}),
        )


def test_risk_list_tells_a_manager_hidden_reasons_together_and_without_their_values(manager, hr, run):
    hidden_reasons(run)
    told = [row.reasons for row in get(manager).context["rows"]]
    assert told == [
        ["Pay and survey answers"],
        ["Pay and survey answers", "Job: Consultant"],
        ["What the law protects (age, sex, family status)"],
    ]
    assert get(hr).context["rows"][0].reasons == ["Monthly income: €5,993", "Last pay rise: 11%"]


def test_risk_list_tells_a_manager_the_reasons_that_the_persons_page_tells(manager, run):
    """What overtime weighs with the pay is the pay's to a manager, overtime's in the log."""
    weights = {
        "heures_supplementaires": 0.1,
        "ratio_heures_sup_salaire": 0.5,
        "satisfaction_moyenne": -0.1,
        "distance_domicile_travail": 0.3,
        "poste": 0.2,
    }
    score(run, 1, 0.9, "Commercial", second_reason="distance_domicile_travail", contributions=weights)
    (row,) = get(manager).context["rows"]
    assert row.reasons == ["Pay and survey answers", "Lives 1\xa0km from work"]
    (first,) = (each.row for each in manager.get(reverse("overview")).context["people"])
    page = manager.get(reverse("employee", args=[1])).context["score"].reasons
    assert first.reasons == row.reasons == [reason.phrase for reason in page if reason.raises_risk][:2]


@pytest.mark.parametrize("is_outdated", [False, True])
@pytest.mark.parametrize("granted", [[], ["MANAGERS_SEE_PAY"], ["MANAGERS_SEE_PAY", "MANAGERS_SEE_SURVEY_ANSWERS"]])
def test_risk_list_has_no_filter_by_reason_for_a_manager(manager, hr, run, settings, granted, is_outdated):
    for setting in granted:
        setattr(settings, setting, True)
    hidden_reasons(run)
    if is_outdated:
        WorkforceDayFactory()
    assert {*HIDDEN, "poste"} <= set(offered_reasons(get(hr)))
    page = get(manager)
    assert "reason" not in [field.name for field in page.context["form"].other_fields]
    assert 'name="reason"' not in page.content.decode()
    for name in (*HIDDEN, "poste"):
        response = get(manager, reason=name)
        assert (listed(response), list(response.context["form"].errors)) == ([], ["reason"])
        assert "Reason: Select a valid choice" in response.content.decode()


@pytest.mark.parametrize(
    ("setting", "reason", "phrase"),
    [
        ("MANAGERS_SEE_PAY", "revenu_mensuel", "Monthly income: €5,993"),
        ("MANAGERS_SEE_SURVEY_ANSWERS", "satisfaction_moyenne", "Mean satisfaction: 2 out of 4"),
    ],
)
def test_risk_list_tells_a_manager_what_a_setting_grants(manager, run, settings, setting, reason, phrase):
    setattr(settings, setting, True)
    hidden_reasons(run)
    response = get(manager)
    assert [phrase in row.reasons for row in response.context["rows"]] == [name == reason for name in HIDDEN]


def test_risk_list_shows_the_newest_run_only(hr, run):
    score(run, 1)
    newest = ScoringRunFactory()
    score(newest, 2)
    PredictionFactory(employee__employee_id=3)  # asked by number: belongs to no run
    assert listed(get(hr)) == [2]


def test_risk_list_on_paper_says_what_it_was_narrowed_by_and_where_it_comes_from(hr, run):
    score(run, 1, 0.9)
    everyone, narrowed = get(hr), get(hr, number="1", department="Consulting", band="over")
    assert everyone.context["form"].set_filters == []
    assert narrowed.context["form"].set_filters == [
        ("Name or number", "1", "/employees/?department=Consulting&band=over"),
        ("Department", "Consulting", "/employees/?number=1&band=over"),
        ("Risk", "Over the threshold", "/employees/?number=1&department=Consulting"),
    ]
    (line,) = re.findall(r'<p class="print-only small.*?</p>', narrowed.content.decode(), re.DOTALL)
    assert "Risk: Over the threshold" in line
    assert run.model_version in line
    assert "No filter" in everyone.content.decode()


def test_risk_list_line_says_who_how_much_and_why(hr, run):
    score(
        run,
        7,
        0.7,
        poste="Manager",
        features__distance_domicile_travail=12,
        main_reason="heures_supplementaires",
        second_reason="distance_domicile_travail",
    )
    page = get(hr).content.decode()
    for text in ("No. 7", "Consulting", "Manager", "70.0%", "Very high", "Works overtime", "Lives 12\xa0km from work"):
        assert text in page


def changes_in(response):
    """What the column of changes says, row by row."""
    cells = re.findall(r'<td class="change">(.*?)</td>', response.text, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def test_risk_list_change_since_the_run_before(hr, run):
    first = score(run, 1, 0.3)
    newest = ScoringRunFactory(threshold=0.2)
    PredictionFactory(
        scored=True, run=newest, employee=first.employee, features=first.features, probability=0.342, threshold=0.2
    )
    score(newest, 2, 0.5)
    page = get(hr)
    assert changes_in(page) == ["new", "+4.2"]
    assert "The change is in points since" in page.text
    assert "+4,2" in changes_in(hr.get(reverse("employees"), headers={"Accept-Language": "fr"}))


@pytest.mark.parametrize(("version", "expected"), [("20260101-00000000", [0.042]), ("newer", [0])])
def test_risk_list_change_is_of_the_same_model(hr, run, version, expected):
    first = score(run, 1, 0.3)
    newest = ScoringRunFactory(threshold=0.3, model_version=version)
    PredictionFactory(
        scored=True,
        run=newest,
        employee=first.employee,
        features=first.features,
        probability=0.342,
        model_version=version,
    )
    rows = get(hr).context["rows"]
    assert [row.change for row in rows] == expected
    assert not rows[0].is_new


def test_risk_list_of_the_first_run_takes_no_other_prediction_for_a_run_before(hr, run):
    scored = score(run, 1, 0.3)
    PredictionFactory(employee=scored.employee, features=scored.features, probability=0.9)
    assert changes_in(get(hr)) == []


def test_risk_list_after_a_purge_of_the_run_before_calls_nobody_new(hr, run):
    first = score(run, 1, 0.3, created_at=timezone.now() - timedelta(days=401))
    seal()
    newest = ScoringRunFactory(threshold=0.2)
    PredictionFactory(scored=True, run=newest, employee=first.employee, features=first.features)
    purge_predictions(older_than=timedelta(days=400))
    assert changes_in(get(hr)) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"number": "2"}, [2]),
        ({"number": "1, 3"}, [3, 1]),
        ({"department": "Commercial"}, [3]),
        ({"job": "Manager"}, [2]),
        ({"band": "over"}, [3, 2]),
        ({"band": "low"}, [1]),
        ({"band": "high"}, [2]),
        ({"band": "very-high"}, [3]),
        ({"reason": "revenu_mensuel"}, [3, 2]),
        ({"reason": "revenu_mensuel", "band": "high"}, [2]),
        ({"department": "Commercial", "job": "Manager"}, []),
    ],
)
def test_risk_list_filters_combine(hr, run, state, expected):
    score(run, 1, 0.05)
    score(run, 2, 0.2, poste="Manager", second_reason="revenu_mensuel")
    score(run, 3, 0.8, departement="Commercial", main_reason="revenu_mensuel")
    assert listed(get(hr, **state)) == expected


@pytest.mark.parametrize(
    "narrowing",
    [
        {},
        {"department": "Commercial"},
        {"job": "Manager"},
        {"department": "Consulting", "job": "Manager"},
        {"reason": "revenu_mensuel"},
        {"reason": "age"},
        {"band": "over"},
        *({"band": band.slug} for band in bands.BANDS),
        {"job": "Manager", "band": "over"},
        {"reason": "revenu_mensuel", "department": "Consulting"},
    ],
)
@pytest.mark.parametrize("is_outdated", [False, True])
def test_sizes_are_what_the_list_holds(run, narrowing, is_outdated):
    for number in range(40):
        score(
            run,
            number + 1,
            number / 40,
            poste=("Consultant", "Manager")[number % 2],
            departement=("Commercial", "Consulting")[number % 3 > 0],
            second_reason=("", "revenu_mensuel")[number % 5 > 0],
            employee__presence="left" if number % 7 == 0 else "present",
        )
    if is_outdated:
        WorkforceDayFactory()
    run, _before = runs.latest_two()
    narrowing = ranking.Narrowing(**narrowing)
    sizes = ranking.sizes(figures.aggregate(run, Scope.EVERYONE), narrowing)
    assert sum(size for _group, size in sizes) == ranking.narrowed(run, Scope.EVERYONE, narrowing).count()


@pytest.mark.parametrize("narrowing", [{"numbers": [1]}, {"band": "low", "reason": "age"}, {"case": "with"}])
def test_sizes_are_unknown_where_the_figures_do_not_say(run, narrowing):
    score(run, 1)
    assert ranking.sizes(figures.aggregate(run, Scope.EVERYONE), ranking.Narrowing(**narrowing)) is None


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", [2, 3, 1]),
        ("risk", [1, 3, 2]),
        ("-risk", [2, 3, 1]),
        ("number", [1, 2, 3]),
        ("-number", [3, 2, 1]),
        ("department", [2, 3, 1]),
        ("-department", [1, 2, 3]),
        ("job", [3, 1, 2]),
        ("-job", [2, 3, 1]),
    ],
)
def test_risk_list_sorts(hr, run, sort, expected):
    score(run, 1, 0.1, departement="Ressources Humaines")
    score(run, 2, 0.9, poste="Manager")
    score(run, 3, 0.5)
    assert listed(get(hr, sort=sort)) == expected


def test_risk_list_heading_tells_the_order_and_offers_the_other(hr, run):
    score(run, 1)
    page = get(hr, department="Consulting").content.decode()
    assert 'aria-sort="descending"' in page
    assert "/employees/?department=Consulting&amp;sort=risk" in page


def test_risk_list_pages_keep_the_state(hr, run):
    for number in range(1, 31):
        score(run, number, 0.5)
    second = get(hr, job="Consultant", size="25", page="2")
    assert len(listed(second)) == 5
    assert "?job=Consultant&amp;size=25&amp;page=1" in second.content.decode()
    assert len(listed(get(hr, size="50"))) == 30


@pytest.mark.parametrize("deep", [ranking.DEEP, 5])
@pytest.mark.parametrize("sort", ["-risk", "risk", "number", "-number", "job", "-job", "department", "-department"])
def test_risk_list_pages_hold_everyone_once_in_order(hr, run, sort, deep, monkeypatch):
    monkeypatch.setattr(ranking, "DEEP", deep)
    ScoringRun.objects.update(employee_count=60)
    for number in range(1, 61):
        job, department = ("Consultant", "Manager")[number % 2], ("Commercial", "Consulting")[number % 3 > 0]
        score(run, number, number % 7 / 10, poste=job, departement=department)
    pages = [listed(get(hr, sort=sort, page=str(page))) for page in (1, 2, 3)]
    whole = [row.employee.employee_id for row in ranking.ordered(run.predictions.all(), sort)]
    assert pages == [whole[:25], whole[25:50], whole[50:]]


@pytest.mark.parametrize("sort", ["job", "department"])
def test_risk_list_pages_follow_whom_a_later_import_moved(hr, run, sort):
    for number in range(1, 31):
        score(run, number, departement=("Commercial", "Consulting")[number % 2])
    write_figures()
    for employee in Employee.objects.filter(departement="Consulting"):
        Employee.objects.filter(pk=employee.pk).update(departement="Commercial")
    WorkforceDayFactory()
    pages = [hr.get(reverse("employees"), {"sort": sort, "department": "Commercial", "page": page}) for page in (1, 2)]
    assert "30 people" in pages[0].content.decode()
    assert sorted(listed(pages[0]) + listed(pages[1])) == list(range(1, 31))


def test_risk_list_has_no_filter_by_presence(hr, run):
    score(run, 1)
    assert "presence" not in get(hr).context["form"].fields
    assert listed(get(hr, presence="left")) == [1]


@pytest.mark.parametrize("presence", ["left", "absent"])
@pytest.mark.parametrize("state", [{}, {"sort": "job"}, {"sort": "department"}, {"band": "over"}])
def test_risk_list_drops_at_once_who_is_not_present_any_more(hr, run, presence, state):
    for number in (1, 2, 3):
        score(run, number)
    write_figures()
    assert listed(hr.get(reverse("employees"), state)) == [1, 2, 3]
    Employee.objects.filter(employee_id=2).update(presence=presence)
    WorkforceDayFactory()
    response = hr.get(reverse("employees"), state)
    assert listed(response) == [1, 3]
    assert response.context["page"].paginator.count == 2
    assert listed(hr.get(reverse("employees"), state | {"number": "2"})) == []


def test_risk_list_pages_are_fewer_once_people_have_left(hr, run):
    for number in range(1, 28):
        score(run, number)
    write_figures()
    assert listed(hr.get(reverse("employees"), {"page": "2"})) == [26, 27]
    for employee in Employee.objects.filter(employee_id__in=(3, 5)):
        leave(employee)
    WorkforceDayFactory()
    response = hr.get(reverse("employees"), {"page": "2"})  # shows the only page
    assert listed(response) == [number for number in range(1, 28) if number not in (3, 5)]
    assert "25 people" in response.content.decode()


def test_risk_list_of_a_manager_drops_their_own_departures(manager, run):
    for number, departement in ((1, "Consulting"), (2, "Commercial"), (3, "Commercial")):
        score(run, number, departement=departement)
    write_figures()
    assert listed(manager.get(reverse("employees"))) == [2, 3]
    for employee in Employee.objects.filter(employee_id__in=(1, 2)):
        leave(employee)
    WorkforceDayFactory()
    response = manager.get(reverse("employees"))
    assert listed(response) == [3]
    assert response.context["page"].paginator.count == 1


def test_risk_list_after_a_departure_offers_what_those_present_have(hr, run):
    score(run, 1)
    gone = score(run, 2, departement="Commercial", poste="Manager", main_reason="age")
    leave(gone.employee)
    WorkforceDayFactory()
    form = get(hr).context["form"]
    offered = [[value for value, _text in form.fields[name].choices[1:]] for name in ("department", "job", "reason")]
    assert offered == [["Consulting"], ["Consultant"], ["heures_supplementaires"]]


@pytest.fixture
def named(run):
    """Two people with names and a third without; a directory before had another one for the first."""
    for number in (1, 2, 3):
        score(run, number)
    load(DAY - timedelta(days=30), annuaire={1: {"prenom": "Nadia", "nom": "Petit"}})
    load(sirh={1: {}, 2: {}, 3: {}}, annuaire={1: {"prenom": "Nadia", "nom": "Le Goff"}, 2: {"prenom": "Paul"}})


def names_in(response):
    return [row.prediction.name for row in response.context["rows"]]


def test_risk_list_names_people_by_the_newest_directory(hr, named):
    response = get(hr, sort="number")
    assert names_in(response) == ["Nadia Le Goff", "Paul", ""]
    assert re.search(r"No\.</span> 1</span>", response.text)


@pytest.mark.parametrize(
    ("words", "found"),
    [("goff", [1]), ("nadia GOFF", [1]), ("goff paul", []), ("petit", []), ("paul", [2]), ("2", [2])],
)
def test_risk_list_is_searched_by_name(hr, named, words, found):
    assert listed(get(hr, number=words)) == found


@pytest.mark.parametrize("words", ["elodie", "ÉLODIE", "E\u0301lodie", "lefevre", "Soeur", "o'brien", "elodie soeur"])
def test_risk_list_is_searched_without_accents(hr, run, words):
    score(run, 1)
    load(sirh={1: {}}, annuaire={1: {"prenom": "Élodie", "nom": "Lefèvre-Sœur O’Brien"}})
    assert listed(get(hr, number=words)) == [1]


def test_risk_list_finds_who_is_named_under_another_number(hr, named):
    load(sirh={1: {}, 3: {}, 9: {}}, annuaire={9: {"prenom": "Odile"}})
    merge_numbers(number=9, into=3, accept_both_listed=True)
    assert listed(get(hr, number="odile")) == [3]


@pytest.fixture
def gone(named):
    """Of the people with names, the first has left and the second is absent; a fourth is present without a score."""
    named_now = {4: {"prenom": "Nadia", "nom": "Morel"}}
    load(DAY + timedelta(days=30), sirh={3: {}, 4: {}}, annuaire=named_now, options={"accept_implausible": True})
    answer_left(numbers=[1])


def elsewhere(response):
    return [(each["person"].employee_id, each["why"], each.get("href")) for each in response.context["elsewhere"]]


@pytest.mark.parametrize(
    ("words", "listed_there", "found"),
    [
        ("1", [], [(1, "has left", "/departures/")]),
        ("2", [], [(2, "is absent from the newest SIRH extract", "/clarify/")]),
        ("1 3", [3], [(1, "has left", "/departures/")]),
        ("nadia", [], [(1, "has left", "/departures/"), (4, "is present and not scored", "/clarify/unscored/")]),
        ("paul", [], [(2, "is absent from the newest SIRH extract", "/clarify/")]),
        ("nobody", [], []),
        ("", [3], []),
    ],
)
def test_search_for_who_is_not_in_the_list_says_where_they_are(hr, gone, words, listed_there, found):
    response = get(hr, number=words)
    assert (listed(response), elsewhere(response)) == (listed_there, found)


def test_search_by_a_merged_number_leads_to_the_person(hr, named):
    load(sirh={1: {}, 3: {}, 9: {}})
    merge_numbers(number=9, into=3, accept_both_listed=True)
    assert elsewhere(get(hr, number="9")) == [(3, "is listed under this number", None)]


@pytest.mark.parametrize(
    ("department", "found"), [("Commercial", []), ("Consulting", [(1, "has left", "/departures/")])]
)
def test_search_for_who_has_left_is_of_the_scope(browse, gone, department, found):
    assert elsewhere(get(browse("Manager", department), number="1")) == found


@pytest.mark.parametrize("page", ["0", "99", "abc", "-1", "1" * 50])
def test_risk_list_page_out_of_range_shows_one(hr, run, page):
    score(run, 1)
    assert listed(get(hr, page=page)) == [1]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ({"department": "Nowhere"}, "Department: Select a valid choice. Nowhere"),
        ({"job": "Pilot"}, "Job: Select a valid choice"),
        ({"band": "extreme"}, "Risk: Select a valid choice"),
        ({"reason": "age' OR 1=1"}, "Reason: Select a valid choice"),
        ({"sort": "password"}, "Order: Select a valid choice"),
        ({"size": "1000000"}, "People per page: Select a valid choice"),
        ({"number": "7a"}, "Name or number: Employee numbers are whole numbers"),
        ({"number": "١٢"}, "Name or number: Employee numbers are whole numbers"),
        ({"number": "9" * 30}, "Name or number: No employee number is that large"),
        ({"number": "1\x00"}, "Name or number: Null characters are not allowed"),
    ],
)
def test_risk_list_invalid_filter_is_named_and_nobody_shown(hr, run, state, word):
    score(run, 1)
    response = get(hr, **state)
    assert word in response.content.decode()
    assert listed(response) == []


def test_risk_list_before_the_first_run_says_what_to_do(hr):
    page = get(hr).content.decode()
    assert "Nobody has been scored yet" in page
    assert 'class="panel"' not in page  # no card in a card


def test_risk_list_nobody_found_offers_everyone(hr, run):
    score(run, 1)
    page = get(hr, number="2").content.decode()
    assert "Nobody matches these filters" in page
    assert "Show everyone" in page


def test_risk_list_of_a_manager_holds_their_departments_only(manager, run):
    score(run, 1)
    score(run, 2, departement="Commercial", poste="Manager")
    response = get(manager)
    page = response.content.decode()
    assert listed(response) == [2]
    assert "1 person" in page
    assert "Consult" not in page  # neither the department nor the job among the filters' choices


@pytest.mark.parametrize("state", [{"department": "Consulting"}, {"number": "1"}, {"job": "Consultant"}])
def test_risk_list_of_a_manager_finds_nobody_elsewhere(manager, run, state):
    score(run, 1)
    score(run, 2, departement="Commercial", poste="Manager")
    assert listed(get(manager, **state)) == []


def test_risk_list_of_a_manager_whose_departments_nobody_scored(manager, run):
    score(run, 1)
    assert "Nobody whom you may see has been scored" in get(manager).content.decode()


def test_risk_list_needs_a_login(client):
    assert client.get(reverse("employees")).status_code == 302


def test_risk_list_for_htmx_is_the_results_and_a_clean_address(hr, run):
    score(run, 1)
    write_figures()
    state = {"job": "Consultant", "reason": "", "page": ""}
    response = hr.get(reverse("employees"), state, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert page.lstrip().startswith('<section id="results"')
    assert response["HX-Push-Url"] == "/employees/?job=Consultant"
    assert "HX-Request" in response["Vary"]


def test_risk_list_for_htmx_keeps_the_page_in_the_address(hr, run):
    response = hr.get(reverse("employees"), {"sort": "job", "page": "2"}, headers={"HX-Request": "true"})
    assert response["HX-Push-Url"] == "/employees/?sort=job&page=2"


def test_risk_list_restored_by_htmx_is_the_whole_page(hr, run):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in hr.get(reverse("employees"), headers=headers).content.decode()


@pytest.mark.parametrize("people", [1, 25])
def test_risk_list_queries_do_not_grow(hr, run, people, django_assert_num_queries):
    for number in range(1, people + 1):
        score(run, number)
    write_figures()
    with django_assert_num_queries(9):
        assert len(listed(hr.get(reverse("employees")))) == people
    with django_assert_num_queries(10):
        assert len(listed(hr.get(reverse("employees"), {"sort": "job"}))) == people


@pytest.mark.parametrize("is_outdated", [False, True])
def test_risk_list_of_a_manager_takes_twelve_queries_at_most(manager, run, is_outdated, django_assert_max_num_queries):
    score(run, 1, departement="Commercial")
    write_figures()
    if is_outdated:
        WorkforceDayFactory()
    with django_assert_max_num_queries(12):
        manager.get(reverse("employees"))


@pytest.mark.parametrize("people", [1, 25])
def test_risk_list_queries_do_not_grow_after_an_import_either(hr, run, people, django_assert_num_queries):
    for number in range(1, people + 1):
        score(run, number)
    WorkforceDayFactory()
    for state, queries in (({}, 9), ({"sort": "job"}, 8)):  # the sites are read once
        with django_assert_num_queries(queries):
            assert len(listed(hr.get(reverse("employees"), state))) == people


def test_risk_list_after_an_import_offers_what_people_have_now(browse, run):
    score(run, 1, main_reason="distance_domicile_travail", second_reason="")
    score(run, 2, departement="Commercial", poste="Manager", main_reason="age", second_reason="")
    score(run, 3, departement="Commercial", main_reason="distance_domicile_travail", second_reason="")
    write_figures()
    for number, department in ((1, "Commercial"), (2, "Consulting")):
        Employee.objects.filter(employee_id=number).update(departement=department)
    WorkforceDayFactory()
    form = browse("RH", "Commercial").get(reverse("employees")).context["form"]
    offered = {name: [value for value, _text in form.fields[name].choices[1:]] for name in ("job", "reason")}
    assert offered == {"job": ["Consultant"], "reason": ["distance_domicile_travail"]}


def test_address_leaves_out_what_is_empty_or_usual():
    state = {"job": "Manager", "band": "", "sort": "-risk", "size": "25", "page": "3"}
    assert list_form.address(state, band="over") == "/employees/?job=Manager&band=over"


@pytest.fixture
def two_runs():
    """Six people in two runs of one model: newly over, back under, up, down, as before, and not there before."""
    before, run = (ScoringRunFactory(threshold=0.2, as_of=DAY - timedelta(days=31 * months)) for months in (1, 0))
    moves = {1: (0.15, 0.3), 2: (0.3, 0.15), 3: (0.5, 0.55), 4: (0.6, 0.5), 5: (0.1, 0.1), 6: (None, 0.4)}
    for number, (was, is_now) in moves.items():
        row = score(run, number, is_now)
        if was is not None:
            PredictionFactory(
                scored=True, run=before, employee=row.employee, features=row.features, probability=was, threshold=0.2
            )
    return run


@pytest.mark.parametrize(
    ("change", "expected"),
    [("newly-over", [1]), ("under-again", [2]), ("up", [3, 1]), ("down", [4, 2]), ("joined", [6])],
)
def test_risk_list_is_filtered_by_change(hr, two_runs, change, expected):
    assert listed(get(hr, change=change)) == expected


@pytest.mark.parametrize(("sort", "expected"), [("-change", [1, 3, 6, 5, 4, 2]), ("change", [2, 4, 6, 5, 3, 1])])
def test_risk_list_sorts_by_change(hr, two_runs, sort, expected):
    assert listed(get(hr, sort=sort)) == expected


def test_risk_list_marks_who_is_newly_over_the_threshold(hr, two_runs):
    marked = [row.prediction.employee_number for row in get(hr).context["rows"] if row.is_newly_over]
    assert marked == [1]


def test_risk_list_of_another_model_offers_no_change(hr, two_runs):
    ScoringRun.objects.filter(pk=two_runs.pk).update(model_version="another")
    response = get(hr, change="up")
    assert listed(response) == []
    assert "change" in response.context["form"].errors


@pytest.mark.parametrize("query", ["?change=up", "?sort=-change", "?change=newly-over&sort=number"])
def test_previous_and_next_follow_a_list_by_change(hr, two_runs, query):
    write_figures()
    numbers = listed(hr.get(f"/employees/{query}"))
    place = hr.get(f"/employees/1/{query}").context["place"]
    here = numbers.index(1)
    assert (place.position, place.total) == (here + 1, len(numbers))
    assert place.following == (numbers[here + 1] if here + 1 < len(numbers) else None)


def test_export_holds_what_is_filtered_by_change(hr, two_runs):
    write_figures()
    lines = b"".join(hr.get("/employees/export.csv?change=down").streaming_content).decode().splitlines()
    assert [line.split(",")[0].strip('"') for line in lines[1:]] == ["4", "2"]


def test_change_since_a_score_of_another_department_is_none_of_a_managers_business(browse):
    before, after = ScoringRunFactory(threshold=0.5), ScoringRunFactory(threshold=0.5)
    person = score(before, 1, 0.3, departement="Commercial").employee
    score(after, 1, 0.8, employee=person, departement="Consulting", features__employee=person)
    person.departement = "Consulting"
    person.save()
    for number, probability in ((2, 0.6), (3, 0.55)):
        moved = score(before, number, probability, departement="Consulting").employee
        score(after, number, probability + 0.1, employee=moved, departement="Consulting", features__employee=moved)
    write_figures()
    manager, everyone = browse("Manager", "Consulting"), browse("RH")
    rows = get(manager).context["rows"]
    changes = {row.prediction.employee_number: (round(row.change, 3), row.is_newly_over) for row in rows}
    assert changes == {1: (0.0, False), 2: (0.1, False), 3: (0.1, False)}
    assert listed(get(manager, change="newly-over")) == []
    assert listed(get(manager, sort="-change")) == [2, 3, 1]
    first = get(everyone).context["rows"][0]
    assert (round(first.change, 3), first.is_newly_over) == (0.5, True)
    assert listed(get(everyone, change="newly-over")) == [1]


@pytest.fixture
def directory(run):
    """Three people at two sites, two of them with one manager, who is a third of them."""
    for number in (1, 2, 3):
        score(run, number, 0.9 - number / 10, departement=("Consulting", "Commercial", "Commercial")[number - 1])
    load(
        sirh={1: {}, 2: {"departement": "Commercial"}, 3: {"departement": "Commercial"}},
        annuaire={
            1: {"prenom": "Nadia", "nom": "Le Goff", "site": "Lyon"},
            2: {"site": "Nantes", "responsable": 1},
            3: {"site": "Lyon", "responsable": 1},
        },
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [({"site": "Lyon"}, [1, 3]), ({"manager": "1"}, [2, 3]), ({"manager": "1", "site": "Lyon"}, [3])],
)
def test_risk_list_is_filtered_by_site_and_manager(hr, directory, state, expected):
    response = get(hr, **state)
    assert listed(response) == expected
    query = "&".join(f"{name}={value}" for name, value in state.items())
    assert hr.get(f"/employees/3/?{query}").context["place"].total == len(expected)


def test_risk_list_offers_sites_and_managers_by_name(hr, directory):
    form = get(hr).context["form"]
    offered = {name: [text for _value, text in form.fields[name].choices[1:]] for name in ("site", "manager")}
    assert offered == {"site": ["Lyon", "Nantes"], "manager": ["Nadia Le Goff"]}


def test_risk_list_offers_hr_of_a_department_its_own_sites(browse, directory):
    form = get(browse("RH", "Consulting")).context["form"]
    assert [value for value, _text in form.fields["site"].choices[1:]] == ["Lyon"]
    assert form.fields["manager"].choices[1:] == []


def test_manager_filters_by_the_places_of_their_own_people_and_reads_of_no_manager_outside(manager, directory):
    form = get(manager).context["form"]
    offered = {name: [text for _value, text in form.fields[name].choices[1:]] for name in ("site", "manager")}
    assert offered == {"site": ["Lyon", "Nantes"], "manager": []}
    assert listed(get(manager, site="Lyon")) == [3]


@pytest.mark.parametrize("words", ["goff", "nadia GOFF", "1"])
def test_managers_too_many_for_a_menu_are_searched_by_name_or_number(hr, directory, monkeypatch, words):
    monkeypatch.setattr(risk_list, "MOST_MANAGERS", 0)
    assert listed(get(hr, manager=words)) == [2, 3]
    assert listed(get(hr, manager="nobody")) == []
    assert hr.get(f"/employees/3/?manager={words}").context["place"].total == 2


def test_manager_finds_nobody_by_a_manager_outside_the_scope(manager, directory, monkeypatch):
    monkeypatch.setattr(risk_list, "MOST_MANAGERS", 0)
    for words in ("goff", "1"):
        assert listed(get(manager, manager=words)) == []


@pytest.mark.parametrize("state", [{}, {"sort": "job"}, {"number": "goff"}, {"site": "Lyon"}, {"manager": "1"}])
@pytest.mark.parametrize("is_outdated", [False, True])
def test_risk_list_with_a_directory_takes_twelve_queries_at_most(
    hr, directory, state, is_outdated, django_assert_max_num_queries
):
    write_figures()
    if is_outdated:
        WorkforceDayFactory()
    for most in (14, 12):  # sites and managers are read once for a state of the workforce
        with django_assert_max_num_queries(most):
            hr.get(reverse("employees"), state)
