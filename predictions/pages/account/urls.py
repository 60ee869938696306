"""Addresses of the pages of an account about itself; allauth knows those called ``account_`` and ``mfa_``."""

from allauth.account import views as allauth
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from employees.access import for_every_account
from predictions.pages.account import mail_page, purpose_page, security, sign_in


def _own(view, template: str = ""):
    """A page of allauth, in our look, for every account."""
    return for_every_account(view.as_view(template_name=f"accounts/{template}.html"))


urlpatterns = [
    path("login/", sign_in.LoginView.as_view(), name="account_login"),
    path("login/code/", mfa.AuthenticateView.as_view(template_name="accounts/code.html"), name="mfa_authenticate"),
    *(
        [path("login/oidc/", include("allauth.socialaccount.providers.openid_connect.urls"))]
        if settings.OIDC_SERVER
        else []
    ),
    *([path("login/", include("allauth.socialaccount.providers.saml.urls"))] if settings.SAML_METADATA else []),
    path("login/passkey/", webauthn.LoginWebAuthnView.as_view(), name="mfa_login_webauthn"),
    path("login/closed/", login_not_required(sign_in.closed), name="account_inactive"),
    path("logout/", for_every_account(sign_in.LogoutView.as_view()), name="logout"),
    path("password/", for_every_account(sign_in.PasswordChangeView.as_view()), name="password_change"),
    path("password/forgotten/", sign_in.forgotten, name="password_forgotten"),
    path("password/set/<str:uidb64>/<str:token>/", sign_in.PasswordSetView.as_view(), name="password_set"),
    path("account/", for_every_account(mail_page.account), name="account"),
    path("account/unsubscribe/<str:token>/", mail_page.UnsubscribeView.as_view(), name="unsubscribe"),
    path("account/security/", for_every_account(security.security), name="mfa_index"),
    path("account/security/sessions/", for_every_account(security.end_sessions), name="account_sessions"),
    path("account/security/app/", _own(totp.ActivateTOTPView, "app"), name="mfa_activate_totp"),
    path("account/security/app/remove/", _own(totp.DeactivateTOTPView, "app_remove"), name="mfa_deactivate_totp"),
    path("account/security/codes/", _own(codes.ViewRecoveryCodesView, "codes"), name="mfa_view_recovery_codes"),
    path(
        "account/security/codes/new/",
        _own(codes.GenerateRecoveryCodesView, "codes_new"),
        name="mfa_generate_recovery_codes",
    ),
    path("account/security/passkey/", _own(webauthn.AddWebAuthnView, "passkey"), name="mfa_add_webauthn"),
    path(
        "account/security/passkey/<int:pk>/remove/",
        for_every_account(security.PasskeyRemoveView.as_view()),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/confirm/passkey/",
        _own(webauthn.ReauthenticateWebAuthnView, "confirm_passkey"),
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/confirm/", _own(allauth.ReauthenticateView, "confirm"), name="account_reauthenticate"),
    path("account/confirm/code/", _own(mfa.ReauthenticateView, "confirm"), name="mfa_reauthenticate"),
    path("purpose/", for_every_account(purpose_page.ask), name="purpose"),
    path("language/", login_not_required(set_language), name="set_language"),
]
