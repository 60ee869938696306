"""Addresses of the API: exactly the reference's, with or without a trailing slash."""

from predictions.api import cases, probes, views
from technova.web.routes import call

urlpatterns = [
    call("health", probes.HealthView.as_view(), name="health"),
    call("ready", probes.ReadyView.as_view(), name="ready"),
    call("key", views.KeyView.as_view(), name="api-key"),
    call("predict/by-id/<str:employee_id>", views.PredictViewSet.as_view({"post": "by_id"}), name="api-by-id"),
    call("predict/by-features", views.PredictViewSet.as_view({"post": "by_features"}), name="api-by-features"),
    call("predict/batch", views.PredictViewSet.as_view({"post": "batch"}), name="api-batch"),
    call(
        "predictions/latest",
        views.LogViewSet.as_view({"get": "latest"}, pagination_class=None),
        name="api-latest",
    ),
    call("predictions", views.LogViewSet.as_view({"get": "list"}), name="api-predictions"),
    call("predictions/<str:prediction_id>", views.LogViewSet.as_view({"get": "retrieve"}), name="api-prediction"),
    call("runs", views.RunViewSet.as_view({"get": "list"}), name="api-runs"),
    call("scores", views.ScoreViewSet.as_view({"get": "list"}), name="api-scores"),
    call("cases", cases.CaseViewSet.as_view({"get": "list", "post": "open"}), name="api-cases"),
    call("cases/<str:case_id>", cases.CaseViewSet.as_view({"get": "retrieve", "patch": "change"}), name="api-case"),
    call("extracts", views.ExtractViewSet.as_view({"post": "deliver"}), name="api-extracts"),
    call("extracts/<str:import_id>", views.ExtractViewSet.as_view({"get": "retrieve"}), name="api-extract"),
    call("openapi.json", views.SchemaView.as_view(), name="api-schema"),
    call("docs", views.DocsView.as_view(), name="api-docs"),
]
