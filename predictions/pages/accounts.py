"""What a person does with their own account."""

from django.contrib.auth import views
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from technova.clients import client_address


class PasswordChangeView(SuccessMessageMixin, views.PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = reverse_lazy("overview")
    success_message = _("Your password was changed.")


def address_of(request) -> str:
    """The address whose failed logins are counted: the same as for API keys."""
    return client_address(request.META)
