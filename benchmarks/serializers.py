"""What the serializers written by hand save beside their declared fields, in microseconds of processor time a row.

    python benchmarks/serializers.py

No database: the rows are made here. The declared fields read what the hand-written method made, under their own names.
"""

import os
import sys
import time
import uuid
from collections.abc import Callable

from pipeline import ROOT, environment

sys.path.insert(0, str(ROOT))
ROWS, TURNS = 200, 50


def main() -> None:
    os.environ.update(environment("sqlite://:memory:") | {"DJANGO_SETTINGS_MODULE": "technova.settings"})
    import django

    django.setup()
    from rest_framework.serializers import Serializer

    from predictions.api import serializers

    for kind in (serializers.ScoreSerializer, serializers.LatestSerializer, serializers.LogRowSerializer):
        declared = type("Declared", (kind,), {"to_representation": Serializer.to_representation})()
        by_hand = kind().to_representation
        row = prediction()
        spent = microseconds(by_hand, row), microseconds(declared.to_representation, by_hand(row))
        print(f"{kind.__name__}: by hand {spent[0]:.1f}, declared {spent[1]:.1f}")


def prediction():
    from django.utils import timezone

    from predictions.api.examples import FEATURES
    from predictions.models import Prediction

    return Prediction(
        pk=1,
        request_id=uuid.uuid4(),
        created_at=timezone.now(),
        mode=Prediction.Mode.BY_FEATURES,
        payload=FEATURES,
        probability=0.6118039,
        low=0.4,
        high=0.8,
        is_extrapolated=False,
        predicted_class=True,
        threshold=0.19,
        model_version="20260101-0123456789abcdef0123",
        latency_ms=2.1,
    )


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
