"""Reads of the log, one module for each subject: ``from predictions.selectors import runs``."""
