"""Pages about the model in use: its card, its effects, and the workforce against its training data."""
