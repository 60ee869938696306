"""The model beside other methods on the demonstration's people, as ``benchmarks/model_quality.py`` measured them.

The benchmark writes ``rivals.json``; the model's page, its card and the notes show that file.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from employees.messages import gettext_noop as _

# The names that the benchmark gives, with how they are shown.
NAMES = {
    "this model": _("This model"),
    "this model with the protected features": _("This model with the protected features"),
    "explainable boosting": _("Explainable boosting (EBM)"),
    "plain logistic regression": _("Plain logistic regression"),
    "the replaced system": _("The replaced system (XGBoost, with the parameters of its notebook)"),
}
FIGURES = {
    "roc_auc": "ROC-AUC",
    "average_precision": _("Average precision"),
    "best_f2": _("Balance at the best threshold"),
    "brier": "Brier",
    "precision_top_10": _("Precision in the top tenth"),
    "calibration_slope": _("Slope"),
}


@cache
def measured() -> dict[str, Any]:
    """``{"libraries", "folds", "out_of_time"}``; the last two have ``models``, each with its name, figures and how many
    departures it expects."""
    return json.loads(Path(__file__).with_name("rivals.json").read_text(encoding="utf-8"))
