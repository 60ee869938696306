"""What a person does with their own account."""

from django.contrib.auth import views
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


class PasswordChangeView(SuccessMessageMixin, views.PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = reverse_lazy("overview")
    success_message = _("Your password was changed.")
