import pytest

from employees.access import Scope
from features.tests.factories import EmployeeFeaturesFactory
from predictions import services
from predictions.registry import current_model, forget_model, promoted_model
from predictions.services import Caller
from technova.jobs import detached
from technova.tests.test_detached import wait_until
from technova.tests.test_metrics import read


@pytest.fixture
def row(db):
    return EmployeeFeaturesFactory()


PREDICT = {
    "by_id": lambda row: services.predict_for_employee(
        employee_id=row.employee.employee_id, caller=Caller(scope=Scope.EVERYONE)
    ),
    "by_features": lambda row: services.predict_for_features(values=row.values(), caller=Caller(scope=Scope.EVERYONE)),
    "batch": lambda row: services.predict_for_employees(
        employee_ids=[row.employee.employee_id], caller=Caller(scope=Scope.EVERYONE)
    ),
    "scoring": lambda row: services.score_employees(),
}


@pytest.mark.parametrize("mode", PREDICT)
def test_prediction_is_counted_by_mode_and_class(row, mode):
    model = current_model()
    leaves = model.score_one(row.values()).probability >= model.threshold
    counts = [{"mode": mode, "predicted_class": name} for name in ("leave", "stay")]
    before = [read("technova_predictions_total", **labels) for labels in counts]
    PREDICT[mode](row)
    after = [read("technova_predictions_total", **labels) for labels in counts]
    assert after == [before[0] + leaves, before[1] + (not leaves)]


def test_model_in_use_is_named():
    forget_model()
    assert read("technova_model_processes", version=current_model().version) == 1


@pytest.mark.slow
def test_work_is_not_among_the_metrics_of_the_server_that_starts_it(monkeypatch, tmp_path):
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(metrics))
    monkeypatch.setattr(detached.tempfile, "gettempdir", lambda: str(tmp_path))
    load = "from predictions.registry import promoted_model; print(promoted_model().version)"
    detached.start("work", "shell", "--verbosity=0", f"--command={load}")
    wait_until(lambda: not detached.is_at_work("work"), seconds=60)
    assert detached.last_line("work") == promoted_model().version
    assert list(metrics.iterdir()) == []
