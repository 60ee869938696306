import re

import pytest
from django.utils.translation import gettext, override

from employees.messages import Message
from employees.reworded import RETIRED, REWORDED

PLACEHOLDER = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize(("old", "new"), REWORDED.items())
def test_text_that_was_reworded_is_that_of_today_and_its_parameters_are_the_same(old, new):
    assert Message.of({"text": old, "params": {}}).text == new
    assert set(PLACEHOLDER.findall(old)) == set(PLACEHOLDER.findall(new))
    with override("fr"):
        assert gettext(new) != new


@pytest.mark.parametrize("text", RETIRED)
def test_text_that_has_no_other_in_its_place_stays_translated(text):
    with override("fr"):
        assert gettext(text) != text
