"""Signing in, with a code where the account has a second factor; and the password."""

from allauth.account import views as allauth
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth import forms as auth
from django.contrib.auth import views as django
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from predictions.accounts import links, single_sign_on


class LoginView(allauth.LoginView):
    """By name and password; and a link to the company's provider where there is one."""

    template_name = "accounts/login.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        entry = single_sign_on.entry(context["redirect_field_value"] or "")
        return context | {"entry": entry, "entry_name": settings.SSO_NAME}


class LogoutView(django.LogoutView):
    """Also has the browser drop the pages that it keeps for the way back; the theme, which tells of nobody, stays."""

    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
        return response


class PasswordChangeForm(auth.PasswordChangeForm):
    """Django's, with the old password counted like any other."""

    def __init__(self, *args, request: HttpRequest, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self):
        old = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old


class PasswordChangeView(SuccessMessageMixin, django.PasswordChangeView):
    """Ends the account's other sessions: the hash of the password is in each."""

    form_class = PasswordChangeForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("overview")
    success_message = _("Your password was changed.")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form):
        response = super().form_valid(form)
        UserSession.objects.create_from_request(self.request)  # under its new key
        return response


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link to set a new password; the answer is the same whether an account has the address or not."""
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        links.ask_for_new_password(request=request, email=email, language=get_language() or "")
        return render(request, "accounts/forgotten.html", {"sent_to": email})
    return render(request, "accounts/forgotten.html", {"form": form}, status=422 if form.errors else 200)


@method_decorator(login_not_required, name="dispatch")
class PasswordSetView(django.PasswordResetConfirmView):
    """The page of a link by e-mail: an invitation, or a new password."""

    template_name = "accounts/password_set.html"
    success_url = reverse_lazy("account_login")

    def form_valid(self, form):
        messages.success(self.request, say("Your password is set: sign in with it."))
        return super().form_valid(form)

    def render_to_response(self, context, **kwargs):
        kwargs.setdefault("status", 200 if context["validlink"] else 410)
        return super().render_to_response(context, **kwargs)


def closed(request: HttpRequest) -> HttpResponse:
    """Where allauth leads an account that is closed."""
    messages.error(request, say("This account is closed. Your administrator can open it."))
    return redirect("account_login")
