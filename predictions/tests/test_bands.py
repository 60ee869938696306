import pytest

from predictions.bands import UNKNOWN, band_of, edges


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.16, (0.08, 0.16, 0.32)),
        (0.4, (0.2, 0.4, 0.7)),  # twice 0.4 is nearer to 1 than midway
        (0.9, (0.45, 0.9, 0.95)),
    ],
)
def test_very_high_starts_at_twice_the_threshold_or_midway_to_one(threshold, expected):
    assert edges(threshold) == pytest.approx(expected)


def test_band_includes_its_lower_end():
    assert [band_of(edge, 0.2).slug for edge in (0.0, *edges(0.2))] == ["low", "moderate", "high", "very-high"]


def test_profile_without_enough_data_has_none_of_the_four_bands():
    assert band_of(0.9, 0.2, is_extrapolated=True) == UNKNOWN
