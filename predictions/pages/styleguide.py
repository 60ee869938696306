"""The design system on one page, in development alone: the tokens, and each part as the pages use it."""

import re
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from employees.access import for_every_account
from predictions import bands
from predictions.pages import charts
from predictions.pages.icons import ICONS

VARIABLES = Path(settings.BASE_DIR) / "technova/static/technova/variables.css"
SIZES = ("xs", "sm", "base", "md", "lg", "xl", "2xl", "3xl")


def colours() -> list[str]:
    """The names of the colours of ``variables.css``."""
    found = re.findall(r"--([\w-]+): (?:light-dark\(#|var\(--)", VARIABLES.read_text())
    return [name for name in found if not name.startswith(("shadow", "rail-"))]


@require_safe
@for_every_account
def styleguide(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Saved: a toast says what the last act did.")
    levels = [(band, probability) for band, probability in zip(bands.BANDS, (0.03, 0.12, 0.21, 0.46), strict=True)]
    bars = [
        charts.Bar(name, [charts.Segment(value, str(value), "raising")]) for name, value in (("One", 8), ("Two", 5))
    ]
    chart = charts.rows(title="A chart", caption="Drawn on the server.", columns=["Name", "Value"], bars=bars)
    context = {"colours": colours(), "sizes": SIZES, "icons": list(ICONS), "levels": levels, "chart": chart}
    return render(request, "styleguide.html", context)
