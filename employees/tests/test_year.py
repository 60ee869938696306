"""A year of a small company, in the order in which its files came and in any other, against its truth."""

import random

import pytest

from employees.extracts import read_extract
from employees.models import EmployeeState
from employees.tests.lives import Why, live
from employees.workforce.listing import people_on
from employees.workforce.loading import Implausible, load_extracts, withdraw_load

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def deliver(delivery, **options):
    extracts = {kind: read_extract(content, extract=kind) for kind, content in delivery.files.items()}
    return load_extracts(as_of=delivery.as_of, extracts=extracts, **options)


def assert_is(truth):
    people = {person.number: person for person in people_on(truth.as_of)}
    for presence in ("present", "left", "absent"):
        found = {number for number, person in people.items() if person.presence == presence}
        assert found == getattr(truth, presence), (truth.as_of, presence)
    assert {number for number, person in people.items() if person.why_not_scored} == truth.not_scored
    departments = {number: person.department for number, person in people.items() if number in truth.departments}
    assert departments == truth.departments


@pytest.mark.parametrize("seed", [1, 2])
def test_year_is_what_it_was_after_each_delivery(seed):
    life = live(seed)
    for delivery, truth in zip(life.deliveries, life.after, strict=True):
        if delivery.why == Why.WRONG:
            with pytest.raises(Implausible):
                deliver(delivery)
            withdraw_load(load=deliver(delivery, accept_implausible=True).load, reason="another company's")
        else:
            deliver(delivery, accept_implausible=delivery.why != Why.REGULAR)
        assert_is(truth)
    for truth in life.truths:
        assert_is(truth)


def test_year_is_the_same_in_any_order_of_its_files():
    life = live(3)
    order = [delivery for delivery in life.deliveries if delivery.why != Why.CORRECTION]
    random.Random(5).shuffle(order)
    for delivery in [*order, *(each for each in life.deliveries if each.why == Why.CORRECTION)]:
        loaded = deliver(delivery, accept_implausible=True)
        if delivery.why == Why.WRONG:
            withdraw_load(load=loaded.load, reason="another company's")
    for truth in life.truths:
        assert_is(truth)
    assert not EmployeeState.objects.filter(presence="left", left_by=None).exists()
