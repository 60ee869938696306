"""The floor that by-id is measured against: the application, with one more call, ``POST /floor/{employee_id}``.

A bare DRF view that checks the same key, reads the same row and writes the same log row, by the same fast statements,
with no model, no reasons and no checks of its own: what a prediction costs before there is a prediction.
"""

from technova.wsgi import application as application  # isort: skip - sets Django up

from functools import cache

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from features.selectors import newest_features
from predictions.models import Prediction
from predictions.registry import current_model
from technova import urls
from technova.database.prepared_statements import insert


class FloorView(APIView):
    scope = "predict"

    def post(self, request, employee_id: int):
        row = newest_features(employee_id)
        insert(Prediction(employee=row.employee, features=row, api_key=request.auth, **logged()))
        return Response({"employee_id": employee_id, "turnover_probability": 0.5, "will_leave": True})


@cache
def logged() -> dict[str, object]:
    """What every row says; asked for in the processes that answer, since each counts the model that it loads."""
    model = current_model()
    return {
        "mode": Prediction.Mode.BY_ID,
        "probability": 0.5,
        "low": 0.4,
        "high": 0.6,
        "predicted_class": True,
        "threshold": 0.2,
        "model_version": model.version,
        "model_sha256": model.sha256,
        "latency_ms": 0.5,
        "base_value": -1.6,
        "contributions": dict.fromkeys(model.scorer.features, 0.012345678901234567),
        "main_reason": "heures_supplementaires",
        "second_reason": "age",
    }


urls.urlpatterns.append(path("floor/<int:employee_id>", FloorView.as_view()))
