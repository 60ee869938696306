import re

from django import forms

from technova.web.selects import LongSelect

CHOICES = [("", "All"), ("R&D", "R&D <new>"), ("Conseil", "Conseil")]


def plain(html):
    """Without the blanks between tags, and attributes without a value last."""
    return re.sub(r"( required)([^>]*)>", r"\2\1>", re.sub(r">\s+<", "><", html))


def test_select_renders_what_djangos_does():
    for value in ("", "R&D", None):
        ours, djangos = (
            widget(choices=CHOICES, attrs={"id": "id_job", "required": True}).render("job", value)
            for widget in (LongSelect, forms.Select)
        )
        assert plain(ours) == plain(djangos)
