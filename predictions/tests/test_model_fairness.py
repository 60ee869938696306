from itertools import chain

import pytest

from predictions import registry
from predictions.ml.assessment.disparity import rate_of
from predictions.pages.model import card_tables
from predictions.pages.model.card_tables import fairness
from predictions.pages.model.fairness_findings import findings, of_card

pytestmark = pytest.mark.django_db


def text_of(browser, path="/model/?tab=all", **data):
    return browser.get(path, data).content.decode()


def test_departures_outside_the_interval_are_marked(browse, change_card):
    browser = browse("RH")
    assert "outside the interval" not in text_of(browser)
    change_card(lambda card: card["models"]["default"]["departures"]["poste"][0].update(is_within=False))
    registry.forget_model()
    assert text_of(browser).count("outside the interval") == 1


def with_people(card, attribute, people):
    """A card whose groups of an attribute hold so many people, in each selection."""
    side = card["models"]["default"]
    selections = {}
    for name, entries in side["fairness"].items():
        number = iter(people)
        selections[name] = [
            entry | {"n": next(number)} if entry["attribute"] == attribute else entry for entry in entries
        ]
    return card | {"models": card["models"] | {"default": side | {"fairness": selections}}}


@pytest.mark.parametrize(
    ("attribute", "people", "shown"),
    [
        ("age", (300, 600, 5, 200), ["Under 30", "30 to 39", "40 to 49", "50 and over"]),
        ("age", (300, 600, 4, 200), ["Under 30", "30 to 39"]),
        ("age", (300, 3, 4, 200), ["Under 30", "50 and over"]),
        ("age", (300, 1, 2, 200), ["Under 30"]),
        ("genre", (4, 900), []),
        ("statut_marital", (900, 4, 300), ["Single"]),
    ],
)
def test_groups_of_fewer_than_five_people_cannot_be_told_by_what_is_missing(card, attribute, people, shown):
    for selection in fairness(with_people(card, attribute, people)):
        titles = dict(zip(("genre", "age", "statut_marital"), ("Sex", "Age", "Family status"), strict=True))
        groups = dict(selection.attributes).get(titles[attribute], [])
        assert [group.group for group in groups] == shown
        assert len(selection.attributes) == (3 if shown else 2)


def test_departures_of_fewer_than_five_people_cannot_be_told_by_what_is_missing(card):
    side = card["models"]["default"]
    rows = [row | {"n": n} for row, n in zip(side["departures"]["departement"], (4, 900, 60), strict=True)]
    changed = side | {"departures": side["departures"] | {"departement": rows}}
    shown = card_tables.departures(card | {"models": card["models"] | {"default": changed}}, "departement")
    assert [row.people for row in shown] == ["900"]


def test_departures_of_fewer_than_five_who_left_are_suppressed_with_those_of_another_group(card):
    shown = card_tables.departures(card, "poste")
    told = {row.group: row.observed for row in shown}
    assert len(told) == 9
    hidden = [group for group, observed in told.items() if observed == "not shown"]
    few = [row["group"] for row in card["models"]["default"]["departures"]["poste"] if row["observed"] < 5]
    assert len(hidden) >= max(2, len(few)) > 0
    assert all((row.interval == "") == (row.observed == "not shown") for row in shown)


# The threshold's form


def test_fairness_shows_every_group_of_both_models_and_selections(card):
    found = fairness(card)
    assert [selection.title for selection in found] == ["At the threshold of each test", "In the riskiest fifth"]
    assert [attribute for attribute, _groups in found[0].attributes] == ["Sex", "Age", "Family status"]
    groups = [group for _attribute, groups in found[0].attributes for group in groups]
    assert len(groups) == len(card["models"]["default"]["fairness"]["threshold"])
    woman = next(entry for entry in card["models"]["all"]["fairness"]["threshold"] if entry["group"] == "Woman")
    assert groups[0].other[1][0] == f"{woman['selection_ratio']['value']:.2f}"


GROUPS = {
    "genre": ("Woman", "Man"),
    "age": ("Under 30", "30 to 39", "40 to 49", "50 and over"),
    "statut_marital": ("Single", "Married", "Divorced"),
}
ALIKE = {group: (30, 60) for groups in GROUPS.values() for group in groups}


MORE = "That is more than chance explains."


def with_rates(card, rates, **of_group):
    """A card whose groups are flagged, and found, in ``{group: (percent, percent)}``; ``of_group`` changes entries."""
    thresholds = len(card["threshold"]["curve"]["threshold"])
    curves = []
    for attribute, groups in GROUPS.items():
        for group in filter(rates.__contains__, groups):
            curve = {"attribute": attribute, "group": group, "n": 600, "leavers": 580, "is_small": False}
            curve |= of_group.get(group, {})
            flagged, caught = (share / 100 for share in rates[group])
            curves.append(
                curve
                | {"flagged": [flagged * curve["n"]] * thresholds, "caught": [caught * curve["leavers"]] * thresholds}
            )
    return card | {"group_curves": curves}


def said(card, rates, *, sees_rates=True, **of_group):
    """What is said of each attribute, by its title."""
    found = findings(of_card(with_rates(card, rates, **of_group), 0.3), sees_rates=sees_rates)
    return {finding.attribute: finding.paragraphs for finding in found}


def test_findings_name_who_is_flagged_more_often_by_how_much_and_the_gap_among_those_who_left(card):
    rates = ALIKE | {"Woman": (40, 80), "Man": (20, 50)}
    broken = f"{MORE} The four-fifths rule is not met."
    assert said(card, rates)["Sex"] == [
        f"The model flags women more often than men: 40% against 20%, a ratio of 0.50 (0.41 to 0.60). {broken}",
        f"Of those who left, it had flagged 80% among women and 50% among men: a gap of 30 points (25 to 35). {MORE}",
    ]


@pytest.mark.parametrize(
    ("attribute", "most", "least", "who"),
    [
        ("Age", "50 and over", "Under 30", "people aged 50 and over most often and people under 30"),
        ("Family status", "Single", "Divorced", "single people most often and divorced people"),
    ],
)
def test_findings_say_of_age_and_family_status_what_they_say_of_sex(card, attribute, most, least, who):
    selection, recall = said(card, ALIKE | {most: (60, 90), least: (20, 30)})[attribute]
    assert selection.startswith(f"The model flags {who} least often: 60% against 20%, a ratio of 0.33 (")
    assert selection.endswith("That is more than chance explains. The four-fifths rule is not met.")
    assert recall.startswith("Of those who left, it had flagged 90% among")
    assert "a gap of 60 points (" in recall


@pytest.mark.parametrize(
    ("men", "rule"),
    [
        (39, "is met."),
        (34, "is met, but not beyond doubt: the interval goes below 0.8."),
        (31, "is not met, but not beyond doubt: the interval goes above 0.8."),
        (26, "is not met."),
    ],
)
def test_findings_say_whether_the_four_fifths_rule_is_met_and_how_surely(card, men, rule):
    many = {"n": 2_300}
    found = said(card, ALIKE | {"Woman": (40, 60), "Man": (men, 60)}, Woman=many, Man=many)["Sex"][0]
    assert found.endswith(f"The four-fifths rule {rule}")


def test_findings_leave_to_chance_what_chance_explains(card):
    selection, recall = said(card, ALIKE | {"Woman": (32, 63)})["Sex"]
    assert "(0.79 to 1.11). Chance may explain that. The four-fifths rule is met, but" in selection
    assert recall.endswith("a gap of 3 points (−3 to 9). Chance may explain that.")


def test_findings_leave_to_chance_what_several_comparisons_explain(card):
    selection, recall = said(card, ALIKE | {"Woman": (36, 66)})["Sex"]
    assert "(0.71 to 0.98). Among several comparisons, chance may explain that." in selection
    assert recall.endswith("a gap of 6 points (0 to 12). Among several comparisons, chance may explain that.")


def test_findings_follow_the_threshold(card):
    """Of women, more are over every threshold but the highest, which nobody reaches."""
    changed = with_rates(card, ALIKE | {"Woman": (40, 80)})
    for curve in changed["group_curves"]:
        curve["flagged"] = [people * (place < 100) for place, people in enumerate(curve["flagged"])]
    (low, *_), (high, *_) = (findings(of_card(changed, at), sees_rates=True)[0].paragraphs for at in (0.3, 0.9))
    assert low.startswith("The model flags women more often than men: 40% against 30%")
    assert high == "Too few people to compare how often the groups are flagged."


def test_findings_of_an_account_of_some_departments_have_no_rate_and_no_small_group(card):
    rates = ALIKE | {"Woman": (40, 80), "Man": (20, 50)}
    found = said(card, rates, sees_rates=False, Married={"is_small": True})
    selection, recall = found["Sex"]
    assert selection.startswith("The model flags women more often than men: a ratio of 0.50 (0.41 to 0.60). ")
    assert recall.startswith(
        "Of those who left, it had flagged a larger share among women than among men: a gap of 30 p"
    )
    text = " ".join(chain.from_iterable(found.values()))
    assert "%" not in text
    assert "married" not in text.lower()


def test_findings_do_not_judge_a_small_group_and_name_it(card):
    found = said(card, ALIKE | {"Single": (90, 90)}, Single={"is_small": True})
    assert "single people" not in found["Family status"][0]
    assert found["Family status"][0].endswith("Too few to judge: Single.")
    assert said(card, ALIKE, Woman={"is_small": True})["Sex"] == [
        "Too few people to compare how often the groups are flagged."
    ]


def test_findings_do_not_tell_a_group_that_is_not_shown(card):
    shown = said(card, ALIKE | {"Single": (90, 90)}, Single={"n": 4, "leavers": 2})["Family status"]
    assert shown == ["Too few people to compare how often the groups are flagged."]


def test_findings_do_not_tell_the_recall_of_a_group_whose_leavers_are_suppressed(card):
    others = {"n": 300, "leavers": 21}
    found = said(card, ALIKE | {"Man": (30, 10)}, Man={"n": 24, "leavers": 21}, Woman=others)["Sex"]
    assert found[1:] == ["Too few have left to compare how many of each group it had flagged."]


def test_findings_say_when_an_attribute_was_unknown_and_when_nobody_is_flagged(card):
    without = {group: figures for group, figures in ALIKE.items() if group not in GROUPS["genre"]}
    assert said(card, without)["Sex"] == ["Unknown for everyone."]
    nobody = {"Woman": (0, 0), "Man": (0, 0)}
    assert said(card, ALIKE | nobody)["Sex"][0].startswith("Too few people to compare")
    assert said(card, ALIKE)["Sex"][0].startswith("The model flags all groups equally often.")


def test_findings_name_a_group_of_the_companys_own_word(card):
    entry = {"attribute": "statut_marital", "group": "Pacsé(e)"}
    found = said(card, ALIKE | {"Divorced": (90, 60)}, Divorced=entry)["Family status"]
    assert found[0].startswith("The model flags people of the group “Pacsé(e)” most often")


def test_model_page_draws_the_groups_with_their_intervals(browse, card):
    response = browse("RH").get("/model/?tab=all")
    selection, recall = response.context["fairness_charts"]
    assert selection.columns == ["Group", "Ratio"]
    assert dict(selection.rows)["Woman"] == "1.00"
    assert recall.columns == ["Group", "Share"]
    woman = next(curve for curve in card["group_curves"] if curve["group"] == "Woman")
    place = card["threshold"]["curve"]["threshold"].index(card["threshold"]["value"])
    shown = "{value:.0%} ({low:.0%} to {high:.0%})".format(**rate_of(woman["caught"][place], woman["leavers"]))
    assert dict(recall.rows)["Woman"] == shown
    at = f"at {card['threshold']['value']:.1%}"
    assert f"Woman, Those it learned from, {at}: {shown}" in response.content.decode()


def test_model_page_of_some_departments_draws_no_group(browse):
    response = browse("Manager", "Consulting").get("/model/?tab=all")
    page = response.content.decode()
    assert "fairness_charts" not in response.context
    assert "The model flags women more often than men: a ratio of" in page
    assert "Flagged among those who left" not in page


def test_fairness_names_the_rule_and_what_is_said_of_chance(browse):
    page = text_of(browse("RH"))
    assert "a rule of thumb of the Equal Employment Opportunity Commission" in page
    assert "Uniform Guidelines on Employee Selection Procedures, 1978), not French law" in page
    assert "one model in twenty still appears to flag one group more often than chance explains" in page


def test_small_groups_are_flagged_on_the_page(browse, change_card):
    def make_one_small(card):
        for rows in card["models"]["default"]["fairness"].values():
            for place, row in enumerate(rows):
                row["is_small"] = place == 0 and rows is card["models"]["default"]["fairness"]["threshold"]

    change_card(make_one_small)
    assert text_of(browse("RH")).count("too few to judge") == 1


def test_fairness_says_that_gaps_remain(browse):
    page = text_of(browse("RH"))
    assert "That does not remove every gap between groups" in page
    assert "Features that are proxies for those left out" in page


# Effects
