import pytest

from predictions.ml.support import Support
from predictions.tests.workforce import people


@pytest.fixture(scope="module")
def frame():
    """Directors at the two highest levels, earning more than all others."""
    found, _ = people()
    is_director = found["poste"] == "Directeur Technique"
    level = (
        found["niveau_hierarchique_poste"]
        .where(~is_director, 4 + found.index % 2)
        .where(is_director, found["niveau_hierarchique_poste"].clip(upper=3))
    )
    return found.assign(niveau_hierarchique_poste=level, revenu_mensuel=2_000 + 3_000 * level)


@pytest.fixture(scope="module")
def support(frame):
    return Support.of(frame)


@pytest.fixture
def director(frame):
    return frame[frame["poste"] == "Directeur Technique"].iloc[0].to_dict()


def test_everyone_in_the_training_data_is_held(support, frame):
    assert support.hold(frame).all()
    assert all(support.holds(row) for row in frame.to_dict("records"))


@pytest.mark.parametrize(
    "change", [{"niveau_hierarchique_poste": 1, "revenu_mensuel": 5_000}, {"revenu_mensuel": 2_000}]
)
def test_a_profile_of_seen_values_that_nobody_has_together_is_not_held(support, director, frame, change):
    assert not support.holds(director | change)
    assert not support.hold(frame[:1].assign(**(director | change)))[0]


def test_a_first_level_at_the_pay_of_a_director_is_not_held(support, frame):
    junior = frame[frame["niveau_hierarchique_poste"] == 1].iloc[0].to_dict()
    assert not support.holds(junior | {"revenu_mensuel": 19_999})


def test_a_word_that_nobody_had_limits_nothing(support, director):
    assert support.holds(director | {"poste": "R&D"})


def test_ends_of_a_range_are_nobodys_pay(support, frame):
    low, high = support.ranges["poste", "revenu_mensuel"]["Directeur Technique"]
    pays = frame["revenu_mensuel"]
    assert low not in set(pays)
    assert high not in set(pays)
    assert (low % 100, high % 100) == (0, 0)


def test_fewer_than_five_people_have_no_range(frame):
    few = frame.assign(poste=["Rare"] * 4 + frame["poste"].tolist()[4:])
    assert "Rare" not in Support.of(few).ranges["poste", "revenu_mensuel"]
