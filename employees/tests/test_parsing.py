import itertools
import unicodedata
from decimal import Decimal

import pytest

from employees.columns import BY_NAME, COLUMNS, ColumnKind
from employees.extracts import PLAIN
from employees.extracts.parsing import IS_PERCENTAGE, IS_UNAMBIGUOUS, Unreadable, read_number
from employees.extracts.values import UnknownWord, reader_of
from employees.vocabularies import CONTRACT

NBSP, NARROW, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"


def reader(column):
    return reader_of(column, CONTRACT, PLAIN)


def read(name, text):
    return reader(BY_NAME[name])(text)


def rule_broken_by(name, text):
    with pytest.raises(Unreadable) as caught:
        read(name, text)
    return caught.value.rule


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234", "1234"),
        ("0041", "41"),
        ("1 234", "1234"),
        (f"1{NBSP}234", "1234"),
        (f"12{NARROW}345{NARROW}678", "12345678"),
        (f"1{THIN}234", "1234"),
        ("1 234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1,234,567.89", "1234567.89"),
        ("1.234.567", "1234567"),
        ("11,5", "11.5"),
        ("11.5", "11.5"),
        ("0,234", "0.234"),
        ("1234,567", "1234.567"),
        ("1 234,567", "1234.567"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("+3", "3"),
    ],
)
def test_number_in_every_writing_is_read_exactly(text, number):
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12abc",
        "1e3",
        "0x10",
        "1_000",
        "1  234",
        "1 23",
        "0 234",
        f"-0{NBSP}234,5",
        "010 234",
        "12 34",
        "1234 567",
        "1\n234",
        "1\t234",
        "1'234",
        "1,23,456",
        "0,234,567",
        "1,2.3,4",
        "1.",
        ".5",
        ",5",
        "--3",
        "- 3",
        "٤١",
        "４１",
        "nan",
        "inf",
        "1/2",
        "12:30",
        "5993 €",
        "\N{ZERO WIDTH SPACE}41",
        "9" * 41,
    ],
)
def test_text_that_is_no_number_is_none(text):
    assert read_number(text) is None


@pytest.mark.parametrize("text", ["1.234", "1,234", "12,345", "123.456", "-1,234"])
def test_number_that_reads_two_ways_is_refused(text):
    with pytest.raises(Unreadable) as caught:
        read_number(text)
    assert caught.value.rule == IS_UNAMBIGUOUS


@pytest.mark.parametrize("text", ["41", " 41 ", "41.0", "41,00", f"41{NBSP}"])
def test_integer_is_read(text):
    value = read("age", text)
    assert value == 41
    assert isinstance(value, int)


@pytest.mark.parametrize("text", ["15", "81", "-41", "quarante", "41 ans", "#N/A", "NULL"])
def test_text_that_is_no_integer_or_one_out_of_bounds_breaks_the_rule_of_its_column(text):
    assert str(rule_broken_by("age", text)) == "a whole number between 16 and 80"


@pytest.mark.parametrize("column", [column for column in COLUMNS if column.minimum is not None], ids=lambda c: c.source)
def test_bounds_are_included_and_nothing_beyond_them(column):
    parse = reader(column)
    assert parse(f"{column.minimum:.0f}") == column.minimum
    assert parse(f"{column.maximum:.0f}") == column.maximum
    for beyond in (column.minimum - 1, column.maximum + 1):
        with pytest.raises(Unreadable):
            parse(f"{beyond:.0f}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("11 %", 11.0),
        ("11%", 11.0),
        ("11", 11.0),
        (f"11{NBSP}%", 11.0),
        ("11,5 %", 11.5),
        ("11.5%", 11.5),
        ("0,5 %", 0.5),
        ("0", 0.0),
        ("0 %", 0.0),
        ("1", 1.0),
        ("100 %", 100.0),
    ],
)
def test_percentage_is_the_number_before_the_sign(text, value):
    assert read("augmentation_salaire_precedente", text) == value


@pytest.mark.parametrize("text", ["0.11", "0,11", "0.5"])
def test_percentage_written_as_a_fraction_is_refused(text):
    assert rule_broken_by("augmentation_salaire_precedente", text) == IS_PERCENTAGE


@pytest.mark.parametrize("text", ["101 %", "-1 %", "11 %%", "% 11", "%", "onze", "11 % 12 %"])
def test_percentage_out_of_bounds_or_malformed_breaks_the_rule(text):
    assert str(rule_broken_by("augmentation_salaire_precedente", text)) == "a number between 0 and 100"


@pytest.mark.parametrize("text", ["Oui", "oui", "OUI", " Oui ", "o", "O", "Yes", "y", "Y", "true", "Vrai", "1"])
def test_boolean_true(text):
    assert read("heures_supplementaires", text) is True


@pytest.mark.parametrize("text", ["Non", "non", "NON", "n", "N", "No", "false", "FAUX", "0"])
def test_boolean_false(text):
    assert read("heures_supplementaires", text) is False


@pytest.mark.parametrize("text", ["2", "-1", "peut-être", "ouinon", "x", "?"])
def test_boolean_that_is_neither_breaks_the_rule(text):
    assert str(rule_broken_by("heures_supplementaires", text)) == "Oui or Non"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("frequence_deplacement", "Fréquent", "Frequent"),
        ("frequence_deplacement", "frequent", "Frequent"),
        ("frequence_deplacement", "FRÉQUENT", "Frequent"),
        ("frequence_deplacement", unicodedata.normalize("NFD", "Fréquent"), "Frequent"),
        ("statut_marital", "célibataire", "Célibataire"),
        ("statut_marital", "MARIÉ(E)", "Marié(e)"),
        ("poste", "Représentant  commercial", "Représentant Commercial"),
        ("poste", f"Tech{NBSP}Lead", "Tech Lead"),
        ("departement", "ressources humaines", "Ressources Humaines"),
        ("domaine_etude", "infra & cloud", "Infra & Cloud"),
        ("genre", "f", "F"),
    ],
)
def test_choice_is_read_whatever_its_case_and_inner_blanks(name, text, value):
    assert read(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("statut_marital", "Celibataire"),
        ("poste", "Representant commercial"),
        ("domaine_etude", "Infra&Cloud"),
        ("domaine_etude", "infra et cloud"),
        ("departement", "Ventes"),
        ("poste", "Cadre"),
        ("frequence_deplacement", "2"),
    ],
)
def test_choice_of_an_open_vocabulary_that_is_unknown_is_to_be_asked(name, text):
    with pytest.raises(UnknownWord):
        read(name, text)


def test_choice_of_a_closed_vocabulary_that_is_unknown_breaks_the_rule():
    assert str(rule_broken_by("genre", "X")) == "one of: F, M"


def test_choices_of_a_column_cannot_be_mistaken_for_one_another():
    for column in COLUMNS:
        assert [reader(column)(choice) for choice in column.choices] == list(column.choices)


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("E_1", 1), ("e-1", 1), ("E 1", 1), ("E1", 1), ("000001", 1), ("1 234", 1234)]
)
def test_key_is_the_number_without_its_decoration(text, number):
    for column in COLUMNS:
        if column.kind == ColumnKind.KEY:
            assert reader(column)(text) == number


@pytest.mark.parametrize("text", ["0", "-1", "E_", "EE_1", "S_1", "1e3", "1.5", "2147483648", "un", "1;2"])
def test_key_that_is_no_employee_number_breaks_the_rule(text):
    for column in COLUMNS:
        if column.kind == ColumnKind.KEY:
            with pytest.raises(Unreadable):
                reader(column)(text)


def test_every_number_is_read_as_the_same_value_in_every_writing():
    for number, group in itertools.product((7, 41, 5993, 99_999, 1_234_567), (" ", NBSP, NARROW)):
        grouped = f"{number:,}".replace(",", group)
        for text in (f"{number}", grouped, f"{grouped},0", f"{grouped}.00", f"{number:,}.0"):
            assert read_number(text) == number
