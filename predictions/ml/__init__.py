"""The model: training, evaluation, card, scoring and drift, on arrays and frames. No Django here."""
