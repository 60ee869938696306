from itertools import cycle

import numpy as np
import pytest

from predictions.ml.support import PARTS, Support
from predictions.tests.workforce import people

DEPARTMENTS = ("Commercial", "Consulting")


@pytest.fixture(scope="module")
def frame():
    """Directors at the two highest levels, earning more than all others, whose years are parts of one another."""
    found, _ = people()
    is_director = found["poste"] == "Directeur Technique"
    level = (
        found["niveau_hierarchique_poste"]
        .where(~is_director, 4 + found.index % 2)
        .where(is_director, found["niveau_hierarchique_poste"].clip(upper=3))
    )
    years = {part: found[["annees_dans_l_entreprise", part]].min(axis=1) for part, _whole in PARTS[:3]}
    total = found[["annees_dans_l_entreprise", "annee_experience_totale"]].max(axis=1)
    jobs = dict(zip(sorted(set(found["poste"])), cycle(DEPARTMENTS), strict=False))
    return found.assign(
        niveau_hierarchique_poste=level,
        revenu_mensuel=2_000 + 3_000 * level,
        annee_experience_totale=total,
        departement=found["poste"].map(jobs),
        **years,
    )


def arrays(frame):
    return {name: frame[name].to_numpy() for name in frame}


def of(frame):
    return Support.of(frame, np.arange(len(frame)), list(frame))


@pytest.fixture(scope="module")
def support(frame):
    return of(frame)


@pytest.fixture
def director(frame):
    return frame[frame["poste"] == "Directeur Technique"].iloc[0].to_dict()


def test_everyone_in_the_training_data_is_held(support, frame):
    assert support.hold(arrays(frame)).all()
    assert all(support.holds(row) for row in frame.to_dict("records"))


@pytest.mark.parametrize(
    "change", [{"niveau_hierarchique_poste": 1, "revenu_mensuel": 5_000}, {"revenu_mensuel": 2_000}]
)
def test_a_profile_of_seen_values_that_nobody_has_together_is_not_held(support, director, frame, change):
    assert not support.holds(director | change)
    assert not support.hold(arrays(frame[:1].assign(**(director | change))))[0]


def test_a_first_level_at_the_pay_of_a_director_is_not_held(support, frame):
    junior = frame[frame["niveau_hierarchique_poste"] == 1].iloc[0].to_dict()
    assert not support.holds(junior | {"revenu_mensuel": 19_999})


def test_a_word_that_nobody_had_limits_nothing(support, director):
    assert support.holds(director | {"poste": "R&D", "departement": "R&D"})


def test_a_cell_begins_at_nobodys_pay(support):
    (pay,) = (axis for axis in support.occupancy.axes if axis.features == ("revenu_mensuel",))
    assert {start % 100 for start in pay.starts} == {0}


def test_a_job_of_another_department_is_not_held(support, director, frame):
    (other,) = {*DEPARTMENTS} - {director["departement"]}
    moved = director | {"departement": other}
    assert ("departement", "poste") in support.faults(moved)
    assert not support.hold(arrays(frame[:1].assign(**moved)))[0]


@pytest.fixture(scope="module")
def careers():
    """1,000 people whose other employers took their time: no experience without seniority but with them; half have a
    rise of 20 % and more, with the best appraisal."""
    random = np.random.default_rng(3)
    seniority, earlier = random.integers(0, 30, 1000), random.integers(0, 30, 1000)
    return {
        "annees_dans_l_entreprise": seniority,
        "nombre_experiences_precedentes": np.where(earlier > 0, 1 + earlier % 8, 0),
        "annee_experience_totale": seniority + earlier,
        "note_evaluation_actuelle": np.where(seniority % 2, 4, 3),
        "augmentation_salaire_precedente": np.where(seniority % 2, 20, 11) + random.integers(0, 9, 1000),
        "niveau_hierarchique_poste": 1 + (seniority + earlier) // 12,
    }


@pytest.mark.parametrize(
    ("change", "together"),
    [
        ({"note_evaluation_actuelle": 4, "augmentation_salaire_precedente": 11}, {}),
        ({"note_evaluation_actuelle": 3, "augmentation_salaire_precedente": 28}, {}),
        ({"niveau_hierarchique_poste": 5, "annee_experience_totale": 3}, {"annees_dans_l_entreprise": 1}),
        ({"nombre_experiences_precedentes": 0, "annee_experience_totale": 30}, {"annees_dans_l_entreprise": 2}),
    ],
)
def test_any_two_values_that_nobody_has_together_are_not_held(careers, change, together):
    found = Support.of(careers, np.arange(1000), list(careers))
    profile = {name: values[0] for name, values in careers.items()} | change | together
    assert any(set(change) <= set(fault) for fault in found.faults(profile))
    assert not found.holds(profile)
    assert not found.hold({name: np.array([value]) for name, value in profile.items()})[0]


def test_a_little_further_than_everybody_before_is_held(careers):
    found = Support.of(careers, np.arange(1000), list(careers))
    is_junior = careers["niveau_hierarchique_poste"] == 1
    oldest = np.flatnonzero(is_junior)[careers["annee_experience_totale"][is_junior].argmax()]
    profile = {name: values[oldest] for name, values in careers.items()}
    assert found.occupancy.holds(profile | {"annee_experience_totale": profile["annee_experience_totale"] + 1})
    assert not found.occupancy.holds(profile | {"annee_experience_totale": 40})


def test_few_people_limit_nothing(careers):
    few = {name: values[:40] for name, values in careers.items()}
    assert not Support.of(few, np.arange(40), list(few)).occupancy.void.any()


def test_rows_of_one_person_count_once(careers):
    rows = {name: np.repeat(values[:40], 25) for name, values in careers.items()}
    assert not Support.of(rows, np.repeat(np.arange(40), 25), list(rows)).occupancy.void.any()


def test_two_words_of_fewer_than_five_people_are_not_held(frame):
    few = frame.assign(
        departement=np.where(frame.index < 4, "Commercial", np.where(frame.index % 2, "Commercial", "Consulting")),
        poste=np.where(frame.index < 4, "Rare", np.where(frame.index % 2, "Vendeur", "Rare")),
    )
    assert of(few).faults(few.iloc[0].to_dict()) == [("departement", "poste")]


@pytest.mark.parametrize(("part", "whole"), PARTS)
def test_a_part_longer_than_the_whole_is_not_held(support, director, frame, part, whole):
    longer = director | {part: director[whole] + 1}
    assert (part, whole) in support.faults(longer)
    assert not support.hold(arrays(frame[:1].assign(**longer)))[0]


def test_a_company_that_counts_otherwise_sets_no_such_limit(frame):
    rows = frame.assign(annees_sous_responsable_actuel=frame["annees_dans_l_entreprise"] + 1)
    assert ("annees_sous_responsable_actuel", "annees_dans_l_entreprise") not in of(rows).parts


IMPOSSIBLE = [
    ({"age": 20, "annee_experience_totale": 40}, ("annee_experience_totale", "age")),
    ({"age": 20, "annees_dans_l_entreprise": 7}, ("annees_dans_l_entreprise", "age")),
    ({"satisfaction_moyenne": 2.3}, ("satisfaction_moyenne",)),
    (
        {"nonlineaire_participation_pee": 0.9, "nombre_participation_pee": 0},
        ("nonlineaire_participation_pee", "nombre_participation_pee", "annees_dans_l_entreprise"),
    ),
]


@pytest.mark.parametrize(("change", "fault"), IMPOSSIBLE)
def test_what_nobody_can_have_is_not_held(support, director, frame, change, fault):
    impossible = director | change
    assert fault in support.faults(impossible)
    assert not support.hold(arrays(frame[:1].assign(**impossible)))[0]


def test_what_nobody_can_have_is_not_learned_from_those_who_have_it(frame):
    rows = frame.assign(age=16, annee_experience_totale=40, annees_dans_l_entreprise=30, nombre_participation_pee=49)
    whatever_the_survey = {fault for _change, fault in IMPOSSIBLE if len(fault) > 1}
    assert whatever_the_survey <= set(of(rows).faults(rows.iloc[0].to_dict()))


def test_whose_age_is_unknown_may_have_any_career(support, director, frame):
    unknown = {"age": None, "annee_experience_totale": 60}
    assert ("annee_experience_totale", "age") not in support.faults(director | unknown)
    rows = arrays(frame[:1].assign(**(director | {"annee_experience_totale": 60})))
    assert support.hold(rows | {"age": np.array([np.nan])})[0]
    assert support.hold({name: values for name, values in rows.items() if name != "age"})[0]


@pytest.mark.parametrize(("points", "mean"), [(4, 2.25), (5, 1.1875), (10, 1.75)])
def test_the_scale_of_the_survey_is_learned(frame, points, mean):
    random = np.random.default_rng(1)
    answers = 1 + 3 * random.integers(0, points, (len(frame), 4)) / (points - 1)
    found = of(frame.assign(satisfaction_moyenne=answers.mean(axis=1)))
    assert found.points == points
    assert ("satisfaction_moyenne",) not in found.faults(frame.iloc[0].to_dict() | {"satisfaction_moyenne": mean})


def test_a_survey_without_a_scale_sets_no_limit(frame):
    found = of(frame.assign(satisfaction_moyenne=np.random.default_rng(1).uniform(1, 4, len(frame))))
    assert found.points is None
    assert ("satisfaction_moyenne",) not in found.faults(frame.iloc[0].to_dict() | {"satisfaction_moyenne": 2.3})


def test_a_mean_rounded_to_two_decimals_is_possible(frame):
    answers = 1 + 3 * np.random.default_rng(1).integers(0, 5, (len(frame), 4)) / 4
    found = of(frame.assign(satisfaction_moyenne=answers.mean(axis=1).round(2)))
    assert found.points == 5


def test_an_unknown_feature_limits_nothing(support, director, frame):
    impossible = director | {"departement": None, "revenu_mensuel": 2_000}
    assert not support.holds(impossible)
    assert support.holds(impossible | {"revenu_mensuel": None})
    assert ("revenu_mensuel",) not in [
        axis.features for axis in of(frame.drop(columns="revenu_mensuel")).occupancy.axes
    ]
