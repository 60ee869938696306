"""Risk bands: four ranges of probability relative to the threshold. No Django model here."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Band:
    """A range of probabilities: its word in addresses and CSS classes, and its name."""

    slug: str
    label: str | Promise


LOW = Band("low", _("Low"))
MODERATE = Band("moderate", _("Moderate"))
HIGH = Band("high", _("High"))
VERY_HIGH = Band("very-high", _("Very high"))
UNKNOWN = Band("unknown", _("Not enough data"))  # of a profile that the model has learned nothing about
BANDS = (LOW, MODERATE, HIGH, VERY_HIGH)
BY_SLUG = {band.slug: band for band in BANDS}


def edges(threshold: float) -> tuple[float, float, float]:
    """The lower ends of moderate, high and very high: half the threshold, the threshold, and twice the threshold.

    Very high starts midway from the threshold to 1 where that is less than twice the threshold.
    """
    return threshold / 2, threshold, min(2 * threshold, (1 + threshold) / 2)


def band_of(probability: float, threshold: float, *, is_extrapolated: bool = False) -> Band:
    """One of the four; ``UNKNOWN`` where the model has seen nobody like this."""
    if is_extrapolated:
        return UNKNOWN
    return BANDS[sum(probability >= edge for edge in edges(threshold))]


def limits(band: Band, threshold: float) -> tuple[float, float]:
    """The probabilities of a band: from the first, included, to the second, left out (above 1 for the last band)."""
    ends = (0.0, *edges(threshold), 1.01)
    place = BANDS.index(band)
    return ends[place], ends[place + 1]
