from predictions.mails.models import Mail
from predictions.mails.services import MOST_ATTEMPTS, send_waiting, write_digests
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Sends e-mail that could not be sent before and, with --digest, writes this week's digest first, once for each "
        "account that asked for it. Workers do both by the schedule; on SQLite run it where accounts asked for e-mail."
    )

    def add_arguments(self, parser):
        parser.add_argument("--digest", action="store_true", help="write this week's digest, too")

    def handle(self, **options):
        if options["digest"]:
            write_digests()
        before = Mail.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS).count()
        send_waiting()
        left = Mail.objects.filter(sent_at=None).count()
        self.stdout.write(f"{before:,} e-mails waited; {left:,} could not be sent")
