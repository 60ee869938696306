"""The running server: its log, its metrics, and commands detached from a request."""
