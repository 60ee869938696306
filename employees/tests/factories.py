import factory
from django.utils import timezone

from employees.models import Departure, Employee, EmployeeSnapshot, Survey


class EmployeeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Employee

    employee_id = factory.Sequence(lambda number: number + 1)
    departement = "Consulting"


class EmployeeSnapshotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EmployeeSnapshot

    employee = factory.SubFactory(EmployeeFactory)
    recorded_at = factory.LazyFunction(timezone.now)
    age = 41
    genre = "F"
    revenu_mensuel = 5993
    statut_marital = "Célibataire"
    departement = factory.SelfAttribute("employee.departement")
    poste = "Consultant"
    nombre_experiences_precedentes = 8
    nombre_heures_travaillees = 80
    annee_experience_totale = 8
    annees_dans_l_entreprise = 6
    annees_dans_le_poste_actuel = 4


class SurveyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Survey

    employee = factory.SubFactory(EmployeeFactory)
    recorded_at = factory.LazyFunction(timezone.now)
    satisfaction_employee_environnement = 2
    satisfaction_employee_nature_travail = 4
    satisfaction_employee_equipe = 1
    satisfaction_employee_equilibre_pro_perso = 1
    note_evaluation_precedente = 3
    note_evaluation_actuelle = 3
    niveau_hierarchique_poste = 2
    heures_supplementaires = True
    augmentation_salaire_precedente = 11.0
    nombre_participation_pee = 0
    nb_formations_suivies = 0
    nombre_employee_sous_responsabilite = 1
    distance_domicile_travail = 1
    niveau_education = 2
    domaine_etude = "Infra & Cloud"
    ayant_enfants = True
    frequence_deplacement = "Occasionnel"
    annees_depuis_la_derniere_promotion = 0
    annees_sous_responsable_actuel = 5


class DepartureFactory(factory.django.DjangoModelFactory):
    """What an extract said of someone, kept with the employee as the import keeps it."""

    class Meta:
        model = Departure
        skip_postgeneration_save = True

    employee = factory.SubFactory(EmployeeFactory)
    recorded_at = factory.LazyFunction(timezone.now)
    a_quitte_l_entreprise = False

    @factory.post_generation
    def kept(self, create, extracted):
        if create:
            self.employee.left_recorded_at = self.recorded_at if self.a_quitte_l_entreprise else None
            self.employee.save()
