"""What a machine must have for the tests of the pages, and how they say that it lacks it."""

import pytest

from predictions.tests.browser.conftest import CHROMIUM, DRIVER, absent

LOADER = "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file"


@pytest.mark.parametrize(
    ("chromium", "driver", "named"),
    [
        (None, DRIVER, "apt install chromium-headless-shell"),
        (CHROMIUM, ("sh", "-c", f"echo '{LOADER}' >&2; exit 127"), f"apt install libatomic1 ({LOADER})"),
    ],
)
def test_what_is_missing_is_named_with_its_package(chromium, driver, named):
    assert named in absent(chromium, driver)


def test_nothing_is_missing_where_these_tests_run():
    assert absent(CHROMIUM, DRIVER) is None
