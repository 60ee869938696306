"""The log of predictions: the rows that are written, what keeps them as they are, and the purge of old ones."""
