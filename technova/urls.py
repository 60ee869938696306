from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

# Django's own page checks any number of old passwords.
admin.site.password_change = RedirectView.as_view(pattern_name="password_change")  # type: ignore[assignment,method-assign]

# Django's own sign-in knows no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("technova.server.metrics")),
    path("", include("predictions.api.urls")),
    path("", include("predictions.pages.urls")),
]

handler400 = "predictions.handlers.bad_request"
handler403 = "predictions.handlers.permission_denied"
handler404 = "predictions.handlers.not_found"
handler500 = "predictions.handlers.server_error"
