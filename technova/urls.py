from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("technova.health")),
    path("", include("predictions.pages.urls")),
]

handler400 = "predictions.pages.errors.bad_request"
handler403 = "predictions.pages.errors.permission_denied"
handler404 = "predictions.pages.errors.not_found"
handler500 = "predictions.pages.errors.server_error"
