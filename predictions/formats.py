"""Numbers in the active language."""

import math
import re
from datetime import datetime

from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

# Sizes of files: the catalogue writes Ko and Mo, as HR does, where Django's French writes Kio and Mio.
gettext_noop("%s KB")
gettext_noop("%s MB")


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1: "12.3%" in English, "12,3 %" in French."""
    return _("%(number)s%%") % {"number": number_format(round(share * 100, decimals), decimal_pos=decimals)}


def signed(value: float, decimals: int = 0) -> str:
    """A number with its sign, thousands grouped: "+1,204", "−3.5", "0"."""
    rounded = round(value, decimals)
    text = number_format(abs(rounded), decimal_pos=decimals, force_grouping=True)
    if rounded == 0:
        return text
    return f"{'+' if rounded > 0 else '−'}{text}"


def signed_percent(share: float, decimals: int = 1) -> str:
    """A change as a share of 1, with its sign: "+12.3%"."""
    return _("%(number)s%%") % {"number": signed(share * 100, decimals)}


def grouped(value: float, decimals: int = 0) -> str:
    """A number with its thousands grouped."""
    return number_format(round(value, decimals), decimal_pos=decimals, force_grouping=True)


def decimal(value: float, decimals: int = 3) -> str:
    """A number with decimals, and a true minus sign."""
    return f"{'−' if round(value, decimals) < 0 else ''}{grouped(abs(value), decimals)}"


def money(amount: float) -> str:
    """An amount in euros, to four digits: "€12,350" in English, "12 350 €" in French."""
    digits = math.floor(math.log10(abs(amount))) if amount else 0
    rounded = round(amount, min(0, 3 - digits))
    return f"{'−' if round(rounded) < 0 else ''}{_('€%(number)s') % {'number': grouped(abs(rounded))}}"


def money_range(low: float, high: float) -> str:
    """Two ends of an amount in euros, short: "€1.2–3.4M", "€190,000–350,000"; one where both are alike."""
    if round(low) == round(high):
        return money(low)
    if high >= 1e6:
        return _("€%(low)s–%(high)sM") % {"low": grouped(low / 1e6, 1), "high": grouped(high / 1e6, 1)}
    step = -3 if high >= 1e4 else 0
    return _("€%(low)s–%(high)s") % {"low": grouped(round(low, step)), "high": grouped(round(high, step))}


def duration(seconds: int) -> str:
    """A time to wait, rounded up: "40 seconds", "1 minute", "12 minutes"."""
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def horizon(months: int | None) -> str:
    """The horizon of a probability, "within 12 months"; for a classification, that it has none."""
    if months is None:
        return _("without a horizon")
    return ngettext("within %(count)d month", "within %(count)d months", months) % {"count": months}


_DATED = re.compile(r"(\d{8})-[0-9a-f]{12,}")


def model_name(version: str) -> str:
    """A version of the model in words, "of 30 November 2026"; one that does not begin with a day as it is."""
    found = _DATED.fullmatch(version)
    if not found:
        return version
    try:
        day = datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day
    except ValueError:
        return version
    return _("of %(date)s") % {"date": date_format(day)}


def csv_delimiter() -> str:
    """Excel's CSV delimiter: ; in a language with decimal commas."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","
