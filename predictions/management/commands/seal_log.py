from predictions.log.seals import seal
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Seals what the prediction log and the access journal have got since, in blocks chained by SHA-256. Workers do "
        "it each minute; on SQLite let a scheduler run this command each minute."
    )

    def handle(self, **options):
        made = seal(progress=self.progress)
        self.stdout.write(f"{made:,} blocks sealed")
