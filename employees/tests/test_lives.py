"""The year that tests live through holds what it promises, whatever its seed."""

import csv
import io
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest

from employees.extracts import read_extract
from employees.tests.lives import MONTHS, STRANGERS, Why, live, month_end

a_life = cache(live)


@pytest.fixture(params=range(8))
def life(request):
    return a_life(request.param)


def rows(delivery, extract):
    return list(csv.DictReader(io.StringIO(delivery.files[extract].decode())))


def numbers(delivery, extract="sirh", key="id_employee"):
    return {int(row[key].removeprefix("E_")) for row in rows(delivery, extract)}


def only(life, why):
    [found] = [delivery for delivery in life.deliveries if delivery.why is why]
    return found


def test_same_seed_gives_the_same_life():
    assert live(7) == a_life(7)
    assert live(8) != a_life(7)


def test_every_file_is_recognised_and_read_whole(life):
    for delivery in life.deliveries:
        for extract, content in delivery.files.items():
            read = read_extract(content)
            assert read.extract == extract
            assert not read.rejects
            assert not read.questions


def test_truth_parts_the_workforce_in_three(life):
    for truth in (*life.truths, *life.after):
        assert not truth.present & truth.left
        assert not (truth.present | truth.left) & truth.absent
        assert truth.not_scored <= truth.present
        assert set(truth.departments) == set(truth.pay) == truth.present


def test_every_month_is_delivered_and_one_of_each_special_kind(life):
    assert {delivery.as_of for delivery in life.deliveries} == set(map(month_end, range(MONTHS + 1)))
    count = Counter(delivery.why for delivery in life.deliveries)
    assert count.pop(Why.REGULAR) >= MONTHS - 4
    assert count == dict.fromkeys(set(Why) - {Why.REGULAR}, 1)


def test_only_the_late_delivery_is_older_than_the_one_before(life):
    for before, after in pairwise(life.deliveries):
        assert (after.as_of < before.as_of) == (after.why is Why.LATE)


def test_those_present_are_in_the_sirh_and_nobody_else_but_who_leaves_by_the_flag(life):
    truths = {truth.as_of: truth for truth in life.truths}
    for delivery in life.deliveries:
        if delivery.why in (Why.WRONG, Why.CORRECTION):
            continue
        told = {int(row["code_sondage"]) for row in rows(delivery, "sondage") if row["a_quitte_l_entreprise"] == "Oui"}
        assert numbers(delivery) == truths[delivery.as_of].present | told
        assert told <= truths[delivery.as_of].left


def test_those_not_scored_lack_an_evaluation_or_a_survey(life):
    evaluated, asked = set(), set()
    for delivery, truth in zip(life.deliveries, life.after, strict=True):
        if delivery.why is not Why.WRONG:
            evaluated |= numbers(delivery, "eval", "eval_number") if "eval" in delivery.files else set()
            asked |= numbers(delivery, "sondage", "code_sondage") if "sondage" in delivery.files else set()
        assert truth.not_scored == truth.present - (evaluated & asked)


def test_one_leaver_in_five_vanishes_and_two_come_back(life):
    gone = set.union(*(set(truth.left | truth.absent) for truth in life.truths))
    silent = set.union(*(set(truth.absent) for truth in life.truths))
    assert len(gone) == 20
    assert len(silent) == 4
    back = gone & life.truths[-1].present
    assert len(back) == 2
    assert len(back & silent) == 1


def test_late_files_tell_of_departures_that_only_they_know(life):
    place = life.deliveries.index(only(life, Why.LATE))
    before, after = life.after[place - 1], life.after[place]
    assert before.as_of == after.as_of
    assert before.present == after.present
    assert before.left <= after.left
    assert before.absent >= after.absent


def test_last_truth_is_that_after_every_delivery(life):
    assert life.after[-1] == life.truths[-1]


def test_half_survey_leaves_out_half_and_a_newcomer(life):
    half = only(life, Why.HALF_SURVEY)
    asked, listed = numbers(half, "sondage", "code_sondage"), numbers(half)
    assert 0.4 < len(asked) / len(listed) < 0.6
    truth = next(truth for truth in life.truths if truth.as_of == half.as_of)
    assert truth.not_scored - asked


def test_correction_mends_three_departments_at_most(life):
    place = life.deliveries.index(only(life, Why.CORRECTION))
    mistaken, mended = life.after[place - 1], life.after[place]
    assert mistaken.present == mended.present
    wrong = [number for number in mended.present if mistaken.departments[number] != mended.departments[number]]
    assert len(wrong) <= 3
    told = {int(row["id_employee"]): row["departement"] for row in rows(life.deliveries[place], "sirh")}
    assert mended.departments == {number: told[number] for number in mended.present}


def test_wrong_delivery_knows_nobody(life):
    assert min(numbers(only(life, Why.WRONG))) == STRANGERS


def test_pay_and_departments_are_those_of_the_files(life):
    truths = {truth.as_of: truth for truth in life.truths}
    for delivery in life.deliveries:
        if delivery.why in (Why.REGULAR, Why.LATE, Why.HALF_SURVEY):
            told = {int(row["id_employee"]): row for row in rows(delivery, "sirh")}
            truth = truths[delivery.as_of]
            assert truth.pay == {number: int(told[number]["revenu_mensuel"]) for number in truth.present}
            assert truth.departments == {number: told[number]["departement"] for number in truth.present}
