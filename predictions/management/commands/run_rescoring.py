from predictions import rescoring
from predictions.ml.artifacts.store import ArtifactError
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Builds the features and scores everyone present, until the newest run is of the workforce as it is. The pages "
        "start it in the background after an answer about a person's presence or the withdrawal of a load."
    )
    expected_errors = (ArtifactError,)

    def handle(self, **options):
        rescoring.run(progress=self.progress)
