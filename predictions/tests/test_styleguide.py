import re
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from predictions.pages import styleguide

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(browse, monkeypatch):
    request = RequestFactory().get("/styleguide/")
    request.user, request.htmx = browse("RH").account, False
    monkeypatch.setattr(styleguide.messages, "success", lambda *_arguments: None)
    return styleguide.styleguide(request).content.decode()


def test_styleguide_is_of_development_alone():
    with pytest.raises(NoReverseMatch):
        reverse("styleguide")


def test_styleguide_has_a_swatch_of_every_colour_and_its_rule(page):
    rules = (Path(styleguide.VARIABLES).parent / "styleguide.css").read_text()
    drawn = re.findall(r"\.swatch-([\w-]+) \{ background: var\(--([\w-]+)\); \}", rules)
    assert drawn == [(name, name) for name in styleguide.colours()]
    for name in styleguide.colours():
        assert f'class="swatch-{name}"' in page


def test_styleguide_has_every_icon(page):
    for name in styleguide.ICONS:
        assert f"</svg> {name}</li>" in page
