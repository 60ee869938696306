"""Addresses of the API: the reference's, letter for letter."""

from django.urls import path
from django.views.decorators.common import no_append_slash

from predictions.api import views

urlpatterns = [
    path("key", views.KeyView.as_view(), name="api-key"),
    path("predict/by-id/<str:employee_id>", views.PredictViewSet.as_view({"post": "by_id"}), name="api-by-id"),
    path("predict/by-features", views.PredictViewSet.as_view({"post": "by_features"}), name="api-by-features"),
    path("predict/batch", views.PredictViewSet.as_view({"post": "batch"}), name="api-batch"),
    path(
        "predictions/latest",
        views.LogViewSet.as_view({"get": "latest"}, pagination_class=None, filter_backends=[]),
        name="api-latest",
    ),
    path("predictions/", no_append_slash(views.LogViewSet.as_view({"get": "list"})), name="api-predictions"),
    path("predictions/<str:prediction_id>", views.LogViewSet.as_view({"get": "retrieve"}), name="api-prediction"),
    path("openapi.json", views.SchemaView.as_view(), name="api-schema"),
    path("docs", views.DocsView.as_view(), name="api-docs"),
]
