"""`make screenshots`: every page in French, on a phone and on a desktop, light and dark, into screenshots/."""

from pathlib import Path

import pytest
from django.conf import settings

from predictions.tests.browser.conftest import DESKTOP, PHONE
from predictions.tests.browser.test_pages import PAGES

FOLDER = Path(settings.BASE_DIR) / "screenshots"
SIZES = {"phone": PHONE, "desktop": DESKTOP}
ADMIN = {"administration": ("/admin/", "admin"), "administration list": ("/admin/predictions/prediction/", "admin")}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES | ADMIN)
def test_take(open_page, watch, name, size, theme):
    watch.expect("status of 404", "status of 403")
    path, account = (PAGES | ADMIN)[name]
    page = open_page(path, account, size=SIZES[size], theme=theme)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name.replace(' ', '-')}-{size}-{theme}.png", full_page=True)
