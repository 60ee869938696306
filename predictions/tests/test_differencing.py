"""No pair of queries by a reader of figures alone gives a group under five away, and no sum of several."""

from dataclasses import replace

from employees.disclosure import Crossing
from predictions.segments.cube import Cube, Sums
from predictions.tests.differencing import NAMES, attack, sums_given_away, tied_company


def test_no_random_pair_of_queries_gives_a_small_group_away():
    assert list(attack(pairs=300, seed=7, pairs_a_company=60)) == []


def test_pairs_find_small_groups_where_only_these_are_suppressed(monkeypatch):
    def only_small(self, names):
        return frozenset(group for group, people in self.people(names).items() if 0 < people < 5)

    monkeypatch.setattr(Crossing, "hidden", only_small)
    assert list(attack(pairs=300, seed=7, pairs_a_company=60))


def hr_officers() -> Cube:
    """Forty HR officers on three levels, four of them on the third, where the six managers of HR are too."""
    cells = {
        ("HR", "HR officer", "Lyon", 1): Sums(23, 4, 2.16),
        ("HR", "HR officer", "Lyon", 2): Sums(13, 1, 0.89),
        ("HR", "HR officer", "Lyon", 3): Sums(4, 0, 0.28),
        ("HR", "Manager", "Lyon", 3): Sums(6, 1, 0.5),
        ("Sales", "Executive", "Lyon", 2): Sums(60, 9, 7.4),
    }
    return Cube(NAMES, cells, Crossing({key: sums.people for key, sums in cells.items()}, NAMES))


def left_of_three_tables(cube: Cube) -> tuple[int, float]:
    """The officers, less the people of HR on the first two levels, who are all officers."""
    officers = cube.table(("departement", "poste"), {})["HR", "HR officer"]
    levels = cube.table(("departement", "niveau_hierarchique_poste"), {})
    parts = [levels["HR", level] for level in (1, 2)]
    return officers.people - sum(part.people for part in parts), officers.expected - sum(
        part.expected for part in parts
    )


def test_exact_sums_of_three_tables_would_give_four_people_away_and_rounded_ones_do_not():
    people, expected = left_of_three_tables(hr_officers())
    assert (people, round(expected, 2)) == (4, 0.28)
    assert left_of_three_tables(replace(hr_officers(), is_rounded=True)) == (0, 0)


def test_sums_of_up_to_four_tables_give_no_small_group_away_once_they_are_rounded():
    assert list(sums_given_away(hr_officers()))
    assert not list(sums_given_away(replace(hr_officers(), is_rounded=True)))
    companies = [tied_company(seed) for seed in range(5)]
    assert any(list(sums_given_away(cube)) for cube in companies)
    assert not any(list(sums_given_away(replace(cube, is_rounded=True))) for cube in companies)
