"""The threshold on the model's page: what another would do with those present, setting it with a reason, undoing it."""

import re
from itertools import pairwise

import pytest
from django.urls import reverse

from features.tests.factories import EmployeeFeaturesFactory
from predictions.decisions.costs import Range, set_costs
from predictions.models import Prediction, ScoringRun, ThresholdDecision
from predictions.registry import current_model, promoted_model
from predictions.services import score_employees

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_model", "started")]

HTMX = {"HX-Request": "true"}
START = {"capacity": "3", "departure": "30000", "talk": "500", "chance": "20", "value": "25"}


@pytest.fixture
def people():
    """Ten people of ten risks, scored."""
    for number, income in enumerate(range(1_500, 16_500, 1_500), start=1):
        EmployeeFeaturesFactory(employee__employee_id=number, revenu_mensuel=income, heures_supplementaires=number % 2)
    score_employees()


@pytest.fixture
def hr(browse):
    return browse("RH")


def options(browser, **data):
    return {option.rule: option.outlook for option in browser.get("/model/", data).context["options"]}


def post(browser, name, *args, **data):
    return browser.post(reverse(name, args=args), data, follow=True)


def decide(browser, rule="capacity", reason="room for three talks", **data):
    """Whatever it flags: whoever decides has ticked that more than half is accepted."""
    return post(
        browser, "model_threshold", **{"rule": rule, "reason": reason, "accepts_over_half": "on"} | START | data
    )


def test_form_starts_from_what_is_in_use(hr, people, card):
    form = hr.get("/model/?tab=all").context["form"]
    assert {name: form[name].value() for name in form.fields} == {
        "capacity": "10",  # there are no more
        "departure": "30000",
        "talk": "500",
        "chance": "20",
        "value": f"{card['threshold']['value'] * 100:.12g}",
    }


def test_form_starts_from_what_was_set_last(hr, people):
    decide(hr, "cost", talk="750")
    assert hr.get("/model/?tab=all").context["form"]["talk"].value() == "750"
    decide(hr, capacity="4")
    assert hr.get("/model/?tab=all").context["form"]["capacity"].value() == "4"


def test_a_departure_costs_what_the_page_of_costs_says(hr, people):
    set_costs(unit="amount", departure=Range(41_000, 61_490), actions={}, reason="Budget", user=hr.account)
    field = hr.get("/model/?tab=threshold").context["form"]["departure"]
    assert field.value() == "51245"
    assert field.help_text == "Starts from the middle of what “Costs” says: €41,000–61,000."


def test_preview_counts_those_present_over_each_threshold(hr, people):
    found = options(hr, **START)
    risks = list(Prediction.objects.values_list("probability", flat=True))
    assert found["capacity"].flagged == 3
    assert found["cost"].threshold == pytest.approx(500 / 6_000)
    assert found["value"].threshold == 0.25
    for outlook in found.values():
        assert (outlook.people, outlook.flagged) == (10, sum(risk >= outlook.threshold for risk in risks))
        expected = sum(risk for risk in risks if risk >= outlook.threshold) * ScoringRun.objects.get().seen_correction
        assert outlook.reached == pytest.approx(expected)
    assert found["cost"].cost == min(outlook.cost for outlook in found.values())


def test_departures_expected_are_those_of_the_run(hr, people):
    ScoringRun.objects.update(seen_correction=1.25)
    expected = options(hr, **START)["capacity"].expected
    assert expected == pytest.approx(1.25 * sum(Prediction.objects.values_list("probability", flat=True)))


def test_preview_changes_nothing(hr, people):
    options(hr, capacity="2", value="90")
    assert current_model() is promoted_model()
    assert not ThresholdDecision.objects.exists()


def test_curve_of_the_expected_cost_is_least_at_the_closed_form(hr, people):
    chart = hr.get("/model/", START).context["cost"]
    least = next(row for row in chart.rows if row[0] == "Least cost")
    assert least[1] == "8.3%"
    amounts = [float(re.sub(r"\D", "", row[2])) for row in chart.rows if row[0] == "Expected cost"]
    assert min(amounts) >= float(re.sub(r"\D", "", least[2]))


def test_preview_by_htmx_is_its_part_alone(hr, people):
    response = hr.get("/model/", START, headers=HTMX)
    part = response.content.decode()
    assert part.lstrip().startswith('<div id="threshold-answer"')
    assert "How good it is" not in part
    assert part.count("hx-swap-oob") == 5
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("capacity", "0", "greater than or equal to 1"),
        ("capacity", "11", "less than or equal to 10"),
        ("capacity", "many", "whole number"),
        ("capacity", "4\0", "whole number"),
        ("departure", "-1", "greater than or equal to 1"),
        ("departure", "1e400", "Enter a number"),
        ("talk", "NaN", "Enter a number"),
        ("talk", "", "required"),
        ("chance", "101", "less than or equal to 100"),
        ("chance", "0", "greater than or equal to 0.1"),
        ("value", "100", "less than or equal to 99"),
        ("value", "0.5", "greater than or equal to 1"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_form_with_a_bad_value_says_so_beside_the_field(hr, people, name, text, word, headers):
    response = hr.get("/model/", {name: text}, headers=headers)
    page = response.content.decode()
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [name]
    assert word in page[page.index(f'id="id_{name}_error"') :][:300]
    assert "Nothing was computed" in page


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"capacity": "6"}, "For the people that can be met: Flags more than half of the people present: such a list"),
        ({"talk": "10000"}, "At these costs no talk pays for itself."),
    ],
)
def test_preview_warns_of_what_singles_out_nobody_and_of_what_never_pays(hr, people, data, text):
    page = " ".join(hr.get("/model/", START | data).content.decode().split())
    assert text in page
    assert text not in " ".join(hr.get("/model/", START).content.decode().split())


@pytest.mark.parametrize(("rule", "flagged"), [("capacity", 3), ("cost", None), ("value", None)])
def test_threshold_that_is_set_is_the_one_that_was_previewed(hr, people, started, rule, flagged):
    previewed = options(hr, **START)[rule]
    page = decide(hr, rule).content.decode()
    decision = ThresholdDecision.objects.get()
    assert (decision.rule, decision.flagged, decision.people) == (rule, previewed.flagged, 10)
    assert decision.threshold == current_model().threshold == pytest.approx(previewed.threshold)
    assert (decision.decided_by, decision.reason) == (hr.account, "room for three talks")
    assert flagged in (None, decision.flagged)
    assert f"{decision.flagged} of 10 people present are over it." in page
    assert started == [("rescore",)]


@pytest.mark.parametrize("data", [{"reason": ""}, {"reason": "  "}, {"rule": "f2"}, {"rule": ""}, {"capacity": "11"}])
def test_threshold_without_a_rule_or_a_reason_is_not_set(hr, people, started, data):
    response = post(hr, "model_threshold", **{"rule": "capacity", "reason": "why not", **START, **data})
    assert "Nothing was set: choose a threshold and give a reason." in response.content.decode()
    typed = START | {"rule": "capacity", "reason": "why not"} | data
    assert response.redirect_chain == [(f"{reverse('model', query=typed)}#threshold", 302)]
    assert not ThresholdDecision.objects.exists()
    assert started == []


def test_threshold_that_flags_more_than_half_is_set_only_once_that_is_accepted(hr, people, started):
    data = {"rule": "capacity", "reason": "everyone counts", **START, "capacity": "6"}
    assert 'name="accepts_over_half"' in hr.get("/model/", START | {"capacity": "6"}).text
    response = post(hr, "model_threshold", **data)
    assert "this threshold flags 6 of 10 people, more than half. Choose another one, or tick" in response.text
    assert ">everyone counts</textarea>" in response.text
    assert 'value="capacity" required checked' in " ".join(response.text.split())
    assert (ThresholdDecision.objects.exists(), started) == (False, [])
    page = post(hr, "model_threshold", **data, accepts_over_half="on").text
    decision = ThresholdDecision.objects.get()
    assert (decision.flagged, decision.accepts_over_half) == (6, True)
    assert "more than half, accepted" in page


def test_threshold_that_flags_half_or_less_asks_for_no_acceptance_and_records_none(hr, people):
    few = START | {"capacity": "5", "value": "99", "talk": "10000"}
    assert 'name="accepts_over_half"' not in hr.get("/model/", few).text
    decide(hr, **few)
    assert not ThresholdDecision.objects.get().accepts_over_half


def test_threshold_is_undone_by_one_click(hr, people, started):
    trained = current_model().threshold
    decide(hr)
    decision = ThresholdDecision.objects.get()
    assert f"/model/threshold/{decision.pk}/undo/" in hr.get("/model/?tab=all").content.decode()
    page = post(hr, "model_threshold_undo", decision.pk).content.decode()
    assert "Undone: the threshold is" in page
    assert current_model().threshold == trained
    assert len(started) == 2
    assert f"/model/threshold/{decision.pk}/undo/" not in hr.get("/model/?tab=all").content.decode()


def test_undo_of_what_is_not_in_force_says_so(hr, people, started):
    decide(hr)
    decide(hr, "value")
    first = ThresholdDecision.objects.last()
    assert "Nothing was undone" in post(hr, "model_threshold_undo", first.pk).content.decode()
    assert len(started) == 2
    assert current_model().threshold == 0.25


@pytest.mark.parametrize("path", ["/model/?tab=threshold", "/history/"])
def test_thresholds_set_are_listed_with_author_day_and_reason(hr, people, path):
    for rule, reason in (("capacity", "three talks"), ("cost", "what it costs"), ("value", "a trial")):
        decide(hr, rule, reason)
    page = " ".join(hr.get(path).content.decode().split())
    texts = (
        "a threshold of one&#x27;s own",
        "least cost (departure €30,000, talk €500, chance 20%)",
        "the 3 people at most risk",
    )
    table = page[page.rindex('aria-label="Thresholds set"') :].partition("</table>")[0]
    at = [table.lower().index(text.lower()) for text in texts]
    assert all(one < other for one, other in pairwise(at))
    for text in ("three talks", "what it costs", "a trial", str(hr.account), "3 of 10"):
        assert text in table
    assert table.count("in force") == 1
    assert table.count("replaced") == 2


def test_history_of_some_departments_lists_no_threshold(hr, browse, people):
    decide(hr)
    assert "Thresholds set" not in browse("RH", "Consulting").get("/history/").content.decode()


@pytest.mark.parametrize("account", [("RH", "Consulting"), ("Manager", "Consulting")])
def test_accounts_of_some_departments_read_the_threshold_in_use_alone(hr, browse, people, account):
    decide(hr, "value")
    page = browse(*account).get("/model/?tab=all").content.decode()
    assert "A person with a probability of 25.0% or more is considered at risk." in page
    assert "room for three talks" not in page


def test_auditor_reads_who_set_which_threshold_and_why_and_previews_none(hr, browse, people):
    decide(hr)
    auditor = browse("Auditeur")
    for path in ("/model/?tab=threshold", "/history/"):
        page = auditor.get(path).content.decode()
        assert "room for three talks" in page
        assert "/undo/" not in page
    response = auditor.get("/model/", {"capacity": "1"})
    assert "form" not in response.context
    assert "once everyone has been scored" not in response.content.decode()


def of_people(people, flagged, reached, expected):
    """The newest run and the threshold set, as they would be of so many people."""
    ThresholdDecision.objects.update(people=people, flagged=flagged)
    ScoringRun.objects.filter(pk=ScoringRun.objects.latest().pk).update(
        employee_count=people,
        above_threshold_count=flagged,
        expected_above_threshold=reached,
        expected_departures=expected,
    )


@pytest.mark.parametrize(
    ("group", "is_rounded", "told", "leaving", "found"),
    [
        ("RH", False, "51 of 601", "40%", "26%"),
        ("Direction", True, "50 of 600", "40%", "25%"),
        ("Auditeur", True, "50 of 600", "40%", "25%"),
    ],
)
def test_one_person_more_changes_no_page_of_who_reads_figures_alone(
    hr, browse, people, group, is_rounded, told, leaving, found
):
    decide(hr, "value")
    score_employees()
    client = hr if group == "RH" else browse(group)

    def shown():
        """The pages without what differs from request to request: ids and tokens."""
        paths = ["/model/?tab=threshold", "/model/?tab=all", *(["/history/"] if group != "Direction" else [])]
        pages = [re.sub(r"[0-9a-f-]{36}|\w{64}", "", client.get(path).text) for path in paths]
        return [" ".join(page.split()) for page in pages]

    of_people(601, 51, 20.4, 79.6)
    before = shown()
    of_people(602, 52, 19.7, 80.4)
    assert {one == other for one, other in zip(before, shown(), strict=True)} == {is_rounded}
    assert all(told in page for page in before)
    assert f"{leaving} of those over the threshold leave, who are {found} of all departures" in before[1]


def test_threshold_set_with_fewer_than_five_on_a_side_is_told_without_them(hr, browse, people):
    decide(hr, "value")
    score_employees()
    for flagged in (3, 597):
        of_people(600, flagged, 2.1, 79.6)
        page = browse("Auditeur", name=f"auditor of {flagged}").get("/model/?tab=all").text
        assert "– of 600" in " ".join(page.split())
    of_people(600, 3, 2.1, 79.6)
    assert browse("Direction").get("/model/").context["expected"].share_leaving is None
    assert "3 of 600" in " ".join(hr.get("/model/?tab=threshold").text.split())


@pytest.mark.parametrize("account", [("RH", "Consulting"), ("Manager", "Consulting"), ("Manager",), ("Auditeur",)])
def test_accounts_that_do_not_decide_for_the_company_cannot(hr, browse, people, account):
    decide(hr)
    decision = ThresholdDecision.objects.get()
    other = browse(*account)
    for name, args in (("model_threshold", ()), ("model_threshold_undo", (decision.pk,)), ("model_rescore", ())):
        assert post(other, name, *args).status_code == 403
    decision.refresh_from_db()
    assert decision.revoked_at is None


@pytest.mark.parametrize("name", ["model_threshold", "model_rescore"])
def test_deciding_takes_posts_alone(hr, name):
    assert hr.get(reverse(name)).status_code == 405


def test_page_before_anybody_is_scored_offers_no_threshold(hr, started):
    response = hr.get("/model/?tab=all")
    assert "form" not in response.context
    assert "once everyone has been scored by the model in use" in response.content.decode()
    assert "first everyone must be scored" in decide(hr).content.decode()
    assert started == []


def test_page_offers_a_scoring_where_the_lists_are_older_than_the_threshold(hr, people, started):
    text = "The lists are older than the threshold"
    assert text not in hr.get("/model/?tab=all").content.decode()
    decide(hr)
    assert text in hr.get("/model/?tab=all").content.decode()
    post(hr, "model_rescore")
    assert len(started) == 2
    score_employees()
    assert text not in hr.get("/model/?tab=all").content.decode()
    post(hr, "model_rescore")
    assert len(started) == 2


def test_page_says_that_everyone_is_being_scored(hr, people, at_work):
    at_work()
    page = hr.get("/model/?tab=all").content.decode()
    assert "Everyone is being scored again" in page
    assert 'hx-trigger="every 2s"' in page


def test_figures_of_the_page_are_those_of_the_threshold_in_force(hr, people):
    def shown():
        response = hr.get("/model/?tab=all")
        return " ".join(response.content.decode().split()), [figure.value for figure in response.context["plain"]]

    _page, before = shown()
    decide(hr, "value")
    page, after = shown()
    assert "The threshold is the one in force, 25.0%." in page
    assert "Among the people that the model learned from, at the threshold of 25.0%" in page
    assert before[:2] != after[:2]
    assert before[2:] == after[2:]


def test_page_under_a_capacity_counts_on_a_list_of_exactly_so_many(hr, people):
    decide(hr, capacity="3")
    score_employees()
    response = hr.get("/model/?tab=quality")
    assert "Of 100 people on a list of the 3 most at risk" in response.text
    assert "exactly the 3 people most at risk" in response.text


def test_overview_and_list_follow_after_the_scoring(hr, people):
    decide(hr)
    score_employees()
    assert hr.get("/").context["cards"][1].value == "3"
    assert len(hr.get("/employees/?band=over").context["rows"]) == 3
    said = (
        f"Of those present over the threshold of {ThresholdDecision.objects.get().threshold:.1%} in the whole company"
    )
    assert all(said in hr.get(path).text for path in ("/", "/employees/"))
    assert ScoringRun.objects.first().decision == ThresholdDecision.objects.get()


def test_admin_shows_the_thresholds_set_and_changes_none(admin_client, hr, people):
    decide(hr)
    decision = ThresholdDecision.objects.get()
    listed = admin_client.get(reverse("admin:predictions_thresholddecision_changelist"))
    assert "room for three talks" in listed.content.decode()
    page = reverse("admin:predictions_thresholddecision_change", args=[decision.pk])
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"reason": "another"}).status_code == 403


def test_answer_says_how_long_the_list_is_and_what_it_misses(hr, people):
    response = hr.get("/model/", START)
    (option,) = [each for each in response.context["options"] if each.rule == "capacity"]
    reached = option.outlook.precision * option.outlook.flagged
    assert option.missed == pytest.approx(option.outlook.expected - reached)
    assert "on the list" in response.text
    assert f"of {option.outlook.expected:,.0f} expected departures" in response.text


def test_answer_says_in_words_that_a_list_is_empty(hr, people):
    page = hr.get("/model/", START | {"talk": "10000", "value": "99"}).text
    assert page.count("Nobody on the list") == 2
    assert "Nobody present has a probability as high." in page
    assert "of 0 expected departures" not in page


def test_each_parameter_has_a_slider_that_holds_its_value(hr, people):
    page = hr.get("/model/?tab=threshold").text
    assert page.count('type="range"') == len(START)
