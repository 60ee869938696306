"""Pages about cases: my week, one case, and its calendar file."""
