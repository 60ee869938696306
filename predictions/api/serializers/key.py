"""What a key may do, and what is left of its limit."""

from rest_framework import serializers

from predictions.api.serializers.fields import InUTC
from predictions.keys.models import SCOPES


class QuotaSerializer(serializers.Serializer):
    limit = serializers.IntegerField(help_text="Requests in one window.")
    window = serializers.IntegerField(help_text="Seconds.")
    remaining = serializers.IntegerField(help_text="Requests left in this window, this one counted.")
    reset = serializers.IntegerField(help_text="Seconds until the next window.")


class KeySerializer(serializers.Serializer):
    """A key with its scopes and limits."""

    name = serializers.CharField()
    owner = serializers.CharField(help_text="The team or the person that answers for it.")
    prefix = serializers.CharField(help_text="The first 8 characters of the key.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES)))
    sees_everyone = serializers.BooleanField(source="scope.sees_everyone")
    departments = serializers.ListField(
        source="scope.names",
        child=serializers.CharField(),
        help_text="Whose employees it sees; empty for a key that sees everyone.",
    )
    expires_at = InUTC(source="expiry_date", allow_null=True)
    rate_limit = QuotaSerializer(source="quota")
