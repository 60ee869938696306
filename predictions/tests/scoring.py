"""A scored workforce without the model: predictions of a run as a test wants them, and the figures they sum to."""

from employees.access import Scope
from employees.models import Employee, Term
from employees.terms.changes import changing
from employees.tests.factories import WorkforceDayFactory
from predictions.models import RunGroup, ScoringRun
from predictions.selectors import figures
from predictions.tests.factories import PredictionFactory


def score(run, number, probability=0.5, departement="Consulting", poste="Consultant", **fields):
    """Someone's prediction in a run, under their employee number."""
    return PredictionFactory(
        scored=True,
        run=run,
        threshold=run.threshold,
        probability=probability,
        employee__employee_id=number,
        employee__departement=departement,
        features__poste=poste,
        **fields,
    )


def merge_words(vocabulary, value, into):
    """Merge two words as the administration does, for people who are in no extract that could be replayed."""
    with changing():
        other = Term.objects.get(vocabulary=vocabulary, value=into)
        Term.objects.filter(vocabulary=vocabulary, value=value).update(merged_into=other)
    if vocabulary == "departement":
        Employee.objects.filter(departement=value).update(departement=into)
    WorkforceDayFactory()


def write_figures():
    """The figures of every run's groups, as a scoring writes them."""
    RunGroup.objects.all().delete()
    for run in ScoringRun.objects.all():
        RunGroup.objects.bulk_create(figures.aggregate(run, Scope.EVERYONE, is_of_then=True))
