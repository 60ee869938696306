"""Pages about a person's own account: sign-in and password."""

from django.contrib.auth import authenticate, forms, views
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


class PasswordChangeForm(forms.PasswordChangeForm):
    """Django's, with the old password counted like any other."""

    def __init__(self, *args, request: HttpRequest, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self):
        old = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old


class PasswordChangeView(SuccessMessageMixin, views.PasswordChangeView):
    form_class = PasswordChangeForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("overview")
    success_message = _("Your password was changed.")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}
