"""Settings, addresses and helpers that know no app."""

__version__ = "1.0.0"
