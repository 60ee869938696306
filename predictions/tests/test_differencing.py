"""No pair of queries by a reader of figures alone gives a group under five away."""

from employees.disclosure import Crossing
from predictions.tests.differencing import attack


def test_no_random_pair_of_queries_gives_a_small_group_away():
    assert list(attack(pairs=300, seed=7, pairs_a_company=60)) == []


def test_pairs_find_small_groups_where_only_these_are_suppressed(monkeypatch):
    def only_small(self, names):
        return frozenset(group for group, people in self.people(names).items() if 0 < people < 5)

    monkeypatch.setattr(Crossing, "hidden", only_small)
    assert list(attack(pairs=300, seed=7, pairs_a_company=60))
