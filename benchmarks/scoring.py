"""How long the model takes for one employee, in process and without a database.

    python benchmarks/scoring.py

Every employee of the demo is scored one by one, as by-id does, and the reasons are put into words: once when nothing
has been said before, and again when the texts are kept. The estimator's own `predict_proba` on a frame of one row is
measured beside it, and must give the same probabilities.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "technova.settings")
os.environ.setdefault("SECRET_KEY", "benchmarks-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH")
os.environ.setdefault("ALLOWED_HOSTS", "localhost")


def main() -> None:
    import django
    import joblib
    from django.conf import settings

    django.setup()
    from employees.access import Readable
    from employees.demo.published import EXTRACTS, FOLDER
    from employees.tests.files import joined
    from features.engineering import engineer
    from predictions.explanation import reasons
    from predictions.ml.artifacts import store
    from predictions.registry import current_model

    frame = engineer(joined(*(FOLDER / f"extrait_{extract}.csv" for extract in EXTRACTS)))
    people = frame.to_dict("records")
    model = current_model()
    estimator = joblib.load(Path(settings.ARTIFACTS_DIR) / store.MODEL_FILE)

    def score_with_reasons(person: dict) -> float:
        score = model.score_one(person)
        reasons(
            values=person,
            base_value=score.base_value,
            contributions=score.contributions,
            link=model.link,
            readable=Readable.EVERYTHING,
        )
        return score.probability

    def by_the_estimator(row: int) -> float:
        return estimator.predict_proba(frame.iloc[row : row + 1], model.horizon_months)[0, 1]

    scores = show("score_one", lambda person: model.score_one(person).probability, people)
    show("score_one and reasons in words, first time", score_with_reasons, people)
    show("score_one and reasons in words, again", score_with_reasons, people)
    expected = show("predict_proba on a frame of one row", by_the_estimator, range(len(frame)))
    gap = max(abs(score - other) for score, other in zip(scores, expected, strict=True))
    print(f"largest difference of the two over {len(scores):,} employees: {gap:.1e}")


def show(name: str, function: Callable, arguments: Sequence) -> list[float]:
    """Call a function once for each argument, print the median and the 99th percentile, and return its results."""
    results, times = [], []
    for argument in arguments:
        started = time.perf_counter()
        results.append(function(argument))
        times.append((time.perf_counter() - started) * 1000)
    print(f"{name:<44} median {median(times):.3f} ms   p99 {sorted(times)[int(len(times) * 0.99)]:.3f} ms")
    return results


if __name__ == "__main__":
    main()
