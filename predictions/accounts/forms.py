"""The forms of sign-in: allauth's, with our labels, and every code counted before it is checked."""

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as codes
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from predictions.accounts import second_factor

CODE = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True})


class LoginForm(account.LoginForm):
    """A name and a password. The field is called ``username``, as password managers and clients know it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autofocus": True, "maxlength": 150}
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )

    def add_prefix(self, field_name):
        return "username" if field_name == "login" else super().add_prefix(field_name)


class ReauthenticateForm(account.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
        )


class _Counted:
    """A form's code is counted before it is checked, and accepted once."""

    user: User
    fields: dict[str, forms.Field]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(label=_("Code"), max_length=20, widget=CODE)

    def clean_code(self) -> str:
        second_factor.count_code(self.user)
        code = super().clean_code()  # type: ignore[misc]
        if not second_factor.accept(getattr(self, "authenticator", None), code):
            raise get_adapter().validation_error("incorrect_code")
        second_factor.forgive(self.user)
        return code


class CodeForm(_Counted, codes.AuthenticateForm):
    """The code of an app, or a recovery code, after the password."""


class ReauthenticationCodeForm(_Counted, codes.ReauthenticateForm):
    """The same, before a factor is changed."""


class ActivationForm(_Counted, ActivateTOTPForm):
    """The first code of an app, which proves that it holds the secret."""
