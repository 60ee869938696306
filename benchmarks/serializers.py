"""What the serializers written by hand save beside their declared fields, in microseconds of processor time a row.

    python benchmarks/serializers.py

No database: the rows are made here. The declared fields read what the hand-written method made.
"""

import os
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

from pipeline import ROOT, environment

sys.path.insert(0, str(ROOT))
ROWS, TURNS = 200, 50
SCORE = {
    "probability": 0.6118039,
    "low": 0.4,
    "high": 0.8,
    "is_extrapolated": False,
    "predicted_class": True,
}


def main() -> None:
    os.environ.update(environment("sqlite://:memory:") | {"DJANGO_SETTINGS_MODULE": "technova.settings"})
    import django

    django.setup()
    from predictions.api.serializers import scores as serializers
    from predictions.log.row_builder import BatchScore

    version = {"threshold": 0.19, "model_version": "20260101-0123456789abcdef0123", "horizon_months": 12}
    compare(serializers.BatchScoreSerializer(), BatchScore(pk=1, employee_number=1, **SCORE, **version))
    compare(serializers.ScoreOfRunSerializer(context={"run": run(version)}), row_of_run())


def compare(serializer, row) -> None:
    from rest_framework.serializers import Serializer

    def declared(given: dict) -> dict:
        return Serializer.to_representation(serializer, given)

    made = serializer.to_representation(row)
    given = {field.source: made[name] for name, field in serializer.fields.items() if name in made}
    spent = microseconds(serializer.to_representation, row), microseconds(declared, given)
    print(f"{type(serializer).__name__}: by hand {spent[0]:.1f}, declared {spent[1]:.1f}")


def run(version: dict):
    from django.utils import timezone

    from predictions.models import ScoringRun

    return ScoringRun(pk=1, created_at=timezone.now(), **version)


def row_of_run():
    people = {"employee__employee_id": 1, "employee__departement": "Consulting", "employee__presence": "present"}
    values = SCORE | people | {"id": 1, "main_reason": "age", "second_reason": "poste"}
    return SimpleNamespace(**values)


def microseconds(render: Callable, row: object) -> float:
    """The best of the turns, of one row."""
    spent = []
    for _ in range(TURNS):
        started = time.process_time()
        for _ in range(ROWS):
            render(row)
        spent.append(time.process_time() - started)
    return min(spent) * 1e6 / ROWS


if __name__ == "__main__":
    main()
