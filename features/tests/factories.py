from datetime import timedelta
from functools import lru_cache

import factory
from django.utils import timezone

from employees.tests.factories import DAY, EmployeeFactory
from features import engineering
from features.models import EmployeeFeatures

# A business input that is not a feature (the satisfactions) is a parameter: its mean is the feature.
INPUTS = {
    "note_evaluation_precedente": 3,
    "niveau_hierarchique_poste": 2,
    "note_evaluation_actuelle": 3,
    "heures_supplementaires": 1,
    "augmentation_salaire_precedente": 11.0,
    "age": 41,
    "genre": 0,
    "revenu_mensuel": 5993,
    "statut_marital": "Célibataire",
    "departement": "Consulting",
    "poste": "Consultant",
    "nombre_experiences_precedentes": 8,
    "annee_experience_totale": 8,
    "annees_dans_l_entreprise": 6,
    "annees_dans_le_poste_actuel": 4,
    "nombre_participation_pee": 0,
    "nb_formations_suivies": 0,
    "distance_domicile_travail": 1,
    "niveau_education": 2,
    "domaine_etude": "Infra & Cloud",
    "frequence_deplacement": 1,
    "annees_depuis_la_derniere_promotion": 0,
    "annees_sous_responsable_actuel": 5,
    "satisfaction_employee_environnement": 2,
    "satisfaction_employee_nature_travail": 4,
    "satisfaction_employee_equipe": 1,
    "satisfaction_employee_equilibre_pro_perso": 1,
}


@lru_cache(maxsize=None, typed=True)
def engineered(**inputs):
    """The clean features of these inputs. Kept, because most tests want the same ones; not to be changed."""
    return engineering.engineer_one(inputs)


def _day_of_next_row(employee):
    """A row in force has a day of its own."""
    return DAY + timedelta(days=employee.features.count() if employee.pk else 0)


class EmployeeFeaturesFactory(factory.django.DjangoModelFactory):
    """A row whose engineered features follow from its business inputs; any of either can be given.

    Rows of one employee need days of their own.
    """

    class Meta:
        model = EmployeeFeatures

    employee = factory.SubFactory(EmployeeFactory)
    as_of = factory.LazyAttribute(lambda row: _day_of_next_row(row.employee))
    created_at = factory.LazyFunction(timezone.now)
    superseded_at = None

    @classmethod
    def _adjust_kwargs(cls, **given):
        inputs = {"departement": given["employee"].departement} | given
        features = engineered(**INPUTS | {name: inputs[name] for name in INPUTS if name in inputs})
        return features | {name: value for name, value in given.items() if not name.startswith("satisfaction_employee")}
