"""Metrics of the predictions and the model, which ``technova.server.metrics`` shows with its own."""

from prometheus_client import Counter, Gauge

predictions = Counter("technova_predictions", "Predictions given and logged.", ["mode", "predicted_class"])
models = Gauge("technova_model_processes", "Processes that use a model.", ["version"], multiprocess_mode="livesum")


def count_predictions(mode: str, *, total: int, leave: int) -> None:
    """Count logged predictions, ``leave`` of them of the class *leave*."""
    predictions.labels(mode, "leave").inc(leave)
    predictions.labels(mode, "stay").inc(total - leave)


def note_model(*, before: str | None, now: str) -> None:
    """Record that this process uses the model ``now`` instead of ``before``."""
    if before:
        models.labels(before).set(0)
    models.labels(now).set(1)
