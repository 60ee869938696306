from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The rule compared the payload with JSON's null, which no row has, and so refused nothing on PostgreSQL."""

    dependencies = [("predictions", "0015_shipped_model")]

    operations = [
        migrations.RemoveConstraint("prediction", "made_from_features_or_payload"),
        migrations.AddConstraint(
            "prediction",
            models.CheckConstraint(
                condition=Q(features__isnull=False, employee__isnull=False, payload__isnull=True)
                | Q(features__isnull=True, payload__isnull=False),
                name="made_from_features_or_payload",
            ),
        ),
    ]
