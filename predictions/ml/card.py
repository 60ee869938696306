"""The model card: everything that the model page and ``docs/model_card.md`` show, as one JSON object."""

import numpy as np
import pandas as pd

from features.schema import BY_NAME
from predictions.ml import figures
from predictions.ml.evaluation import OutOfFold
from predictions.ml.pipeline import used_features


def build(
    frame: pd.DataFrame,
    target: np.ndarray,
    out_of_fold: OutOfFold,
    *,
    features: str,
    penalty: float,
    threshold: float,
) -> dict:
    rows = []
    for probability, is_flagged, fold in zip(
        out_of_fold.probability, out_of_fold.is_flagged, out_of_fold.fold, strict=True
    ):
        for number in np.unique(fold):
            part = fold == number
            rows.append(
                figures.figures(target[part], probability[part]) | figures.decisions(target[part], is_flagged[part])
            )
    return {
        "uses_protected": any(BY_NAME[name].is_protected for name in used_features(features)),
        "training": {"employees": len(target), "leavers": int(target.sum()), "feature_set": features, "C": penalty},
        "threshold": {"value": threshold},
        "performance": figures.spread(rows),
    }
