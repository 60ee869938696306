"""How good the model is: quality, thresholds, fairness, uncertainty and drift."""
