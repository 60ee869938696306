import pytest
from django.utils import translation

from employees import columns
from features import schema
from features.tests.factories import INPUTS
from predictions.pages.people import forms
from predictions.pages.people.forms import BusinessForm, form_field, what_if_features

pytestmark = pytest.mark.django_db  # the words to choose from
RANGES = {"revenu_mensuel": (1009.0, 19999.0), "augmentation_salaire_precedente": (11.0, 25.0)}


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def whole(**changes):
    """The form of all the inputs, sent as a browser does."""
    data = {name: str(value) for name, value in (INPUTS | changes).items()}
    return BusinessForm(data, features=schema.business_inputs())


def what_if(data=None, **changes):
    real = INPUTS | changes
    return BusinessForm(data, features=what_if_features(), fixed=real, initial=real, ranges=RANGES)


def rows(form):
    return {row.field.name: row for group in form.groups() for row in group.rows}


def test_layout_holds_each_input_once():
    names = [name for _title, group in forms.GROUPS for name in group]
    assert sorted(names) == sorted(schema.INPUT_NAMES)


@pytest.mark.parametrize("feature", list(schema.business_inputs()), ids=lambda feature: feature.name)
def test_field_has_the_words_and_the_bounds_of_the_schema(feature):
    field = form_field(feature)
    assert field.label == feature.label
    if feature.choices:
        assert {value for value, _label in field.choices} == {
            choice.value for choice in feature.choices if choice.is_offered
        }
    else:
        assert (field.min_value, field.max_value) == (feature.minimum, feature.maximum)


def test_valid_form_gives_the_inputs_as_they_were_typed():
    form = whole()
    assert form.is_valid(), form.errors
    assert form.inputs == INPUTS
    assert {name: type(value) for name, value in form.inputs.items()} == {
        name: type(value) for name, value in INPUTS.items()
    }


@pytest.mark.parametrize("feature", list(schema.business_inputs()), ids=lambda feature: feature.name)
def test_field_without_a_value_is_an_error(feature):
    assert list(whole(**{feature.name: ""}).errors) == [feature.name]


BAD = ["many", "NaN", "inf", "-1", str(2**31), str(10**400), "4\0", "４５０００００", "\0"]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize(
    "name", ["age", "revenu_mensuel", "augmentation_salaire_precedente", "heures_supplementaires", "poste"]
)
def test_bad_value_is_an_error_beside_its_field(name, text):
    assert list(whole(**{name: text}).errors) == [name]


def test_reserved_travel_is_not_offered():
    assert "frequence_deplacement" in whole(frequence_deplacement=3).errors


@pytest.mark.parametrize(("inner", "outer"), columns.ORDERED)
def test_duration_longer_than_the_one_that_holds_it_is_named(inner, outer):
    form = whole(**{name: 3 for pair in columns.ORDERED for name in pair} | {inner: 4, outer: 3})
    label = schema.BY_NAME[outer].label
    assert form.errors[inner] == [f"Cannot exceed “{label}”: 3\N{NO-BREAK SPACE}years."]


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "Cannot exceed 4~years at the age of 18: nobody has worked before 14."),
        (
            "fr",
            "Ne peut pas dépasser 4~ans à l’âge de 18~ans~: personne n’a travaillé avant 14~ans.",
        ),
    ],
)
def test_experience_that_the_age_cannot_hold_is_named(language, message):
    with translation.override(language):
        durations = dict.fromkeys((name for pair in columns.ORDERED for name in pair), 2)
        form = whole(age=18, **durations | {"annee_experience_totale": 40})
        assert form.errors == {"annee_experience_totale": [message.replace("~", "\N{NO-BREAK SPACE}")]}


def test_years_with_the_company_that_the_age_cannot_hold_are_named():
    durations = dict.fromkeys((name for pair in columns.ORDERED for name in pair), 2)
    form = whole(age=18, **durations | {"annees_dans_l_entreprise": 5, "annee_experience_totale": 5})
    assert list(form.errors) == ["annee_experience_totale", "annees_dans_l_entreprise"]


def test_experience_that_the_age_just_holds_is_accepted():
    durations = {name: 2 for pair in columns.ORDERED for name in pair}
    assert whole(age=18, **durations | {"annee_experience_totale": 4}).is_valid()
    assert not whole(age=18, **durations | {"annee_experience_totale": 5}).is_valid()


def test_what_if_does_not_ask_about_an_experience_that_nobody_can_change():
    data = {name: str(INPUTS[name]) for name in what_if().fields}
    assert what_if(data, age=16, annee_experience_totale=8).is_valid()


def test_what_if_asks_only_what_can_be_acted_on():
    assert set(what_if().fields) == {feature.name for feature in schema.business_inputs() if feature.is_actionable}


def test_what_if_keeps_the_rest():
    form = what_if({name: str(INPUTS[name]) for name in what_if().fields} | {"heures_supplementaires": "0"})
    assert form.is_valid(), form.errors
    assert form.inputs == INPUTS | {"heures_supplementaires": 0}


def test_what_if_is_held_by_the_real_seniority():
    data = {name: str(INPUTS[name]) for name in what_if().fields}
    form = what_if(data | {"annees_depuis_la_derniere_promotion": "7"})
    assert form.errors["annees_depuis_la_derniere_promotion"] == [
        "Cannot exceed “Years with the company”: 6\N{NO-BREAK SPACE}years."
    ]


@pytest.mark.parametrize(
    ("name", "changes", "ends"),
    [
        ("augmentation_salaire_precedente", {}, (11, 25)),
        ("augmentation_salaire_precedente", {"augmentation_salaire_precedente": 30.0}, (11, 30)),
        ("revenu_mensuel", {"revenu_mensuel": 4000}, (2000, 8000)),
        ("revenu_mensuel", {"revenu_mensuel": 1500}, (1009, 3000)),
        ("satisfaction_employee_equipe", {}, (1, 4)),
        ("annees_depuis_la_derniere_promotion", {}, (0, 6)),
    ],
)
def test_slider_spans_what_is_usual_around_the_real_value(name, changes, ends):
    slider = rows(what_if(**changes))[name].slider
    assert (slider.low, slider.high) == ends


def test_slider_is_left_out_where_nothing_can_move():
    newcomer = rows(what_if(annees_dans_l_entreprise=0, annees_depuis_la_derniere_promotion=0))
    assert newcomer["annees_depuis_la_derniere_promotion"].slider is None
    assert newcomer["heures_supplementaires"].slider is None


def test_row_names_its_unit_unless_the_label_does():
    shown = rows(whole())
    assert shown["distance_domicile_travail"].unit == "km"
    assert shown["annees_dans_l_entreprise"].unit == ""
    with translation.override("fr"):
        shown = rows(whole())
        assert shown["annees_dans_l_entreprise"].unit == "ans"  # "Ancienneté dans l’entreprise" names none


@pytest.mark.parametrize(("rise", "shown"), [(11.0, "11"), (11.5, "11.5")])
def test_real_value_stands_in_its_field_as_people_type_it(rise, shown):
    row = rows(what_if(augmentation_salaire_precedente=rise))["augmentation_salaire_precedente"]
    assert str(row.field.value()) == shown


def test_what_if_states_the_real_values():
    shown = rows(what_if())
    assert shown["heures_supplementaires"].real == "Yes"
    assert shown["revenu_mensuel"].real == "€5,993"


@pytest.mark.parametrize(("promoted", "in_job"), [(3, 2), (1, 1), (0, 0)])
def test_promotion_later_than_the_last_one_is_a_new_job(promoted, in_job):
    real = {"annees_depuis_la_derniere_promotion": 3, "annees_dans_le_poste_actuel": 2, "annees_dans_l_entreprise": 6}
    data = {name: str((INPUTS | real)[name]) for name in (feature.name for feature in what_if_features())}
    form = what_if(data | {"annees_depuis_la_derniere_promotion": str(promoted)}, **real)
    assert form.is_valid(), form.errors
    assert form.inputs["annees_dans_le_poste_actuel"] == in_job


@pytest.mark.parametrize(("level", "in_job"), [(3, 0), (2, 2), (1, 2)])
def test_higher_level_is_a_new_job(level, in_job):
    real = {"niveau_hierarchique_poste": 2, "annees_dans_le_poste_actuel": 2, "annees_dans_l_entreprise": 6}
    data = {name: str((INPUTS | real)[name]) for name in (feature.name for feature in what_if_features())}
    form = what_if(data | {"niveau_hierarchique_poste": str(level)}, **real)
    assert form.is_valid(), form.errors
    assert form.inputs["annees_dans_le_poste_actuel"] == in_job
