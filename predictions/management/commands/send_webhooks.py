from django.utils import timezone

from predictions.events.models import WebhookDelivery
from predictions.events.services import send_due
from technova.commands import TechnovaCommand


class Command(TechnovaCommand):
    help = (
        "Has the messages to other systems sent whose next attempt has come. Workers do it by the schedule; on SQLite "
        "run it every ten minutes where there are webhooks."
    )

    def handle(self, **options):
        waiting = WebhookDelivery.objects.filter(state=WebhookDelivery.State.WAITING)
        due = waiting.filter(next_attempt_at__lte=timezone.now()).count()
        send_due()
        self.stdout.write(f"{due:,} messages are due and are being sent")
